"""docs/CONSOLE.md: the CRM takes parts of the page; its code runs in a page without the shell."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.visitor import PASSWORD

pytestmark = pytest.mark.usefixtures("worker")

PROJECT = Path(__file__).parents[2]
[CODE] = re.findall(
    r"<!-- parts -->\n\n```js\n(.+?)```", (PROJECT / "docs" / "CONSOLE.md").read_text(), re.DOTALL
)
[LIBRARY] = (PROJECT / "console" / "vendor").glob("supabase-*.js")
PAGE = f"""<!doctype html>
<title>The CRM</title>
<script src="vendor/{LIBRARY.name}"></script>
<main id="imports"></main>
<script type="module">
{CODE}
import {{ connect }} from "/console/crm/client.js";
import {{ signIn }} from "/console/crm/session.js";
const supabase = connect(await (await fetch("config.json")).json());
await signIn(supabase, "olivia@cedar.test", "{PASSWORD}");
const file = new File(["SKU,Name,Price\\nA-1,Bolt,2.50\\nA-2,Nail,call\\n"], "stock.csv");
await importInto(document.getElementById("imports"), supabase, file, new AbortController().signal);
</script>"""


async def test_parts_of_the_page_work_without_it(visit):
    visitor = await visit()
    page = visitor.page
    await page.route(
        "**/crm.html", lambda route: route.fulfill(body=PAGE, content_type="text/html")
    )
    await page.goto(f"{visitor.url}crm.html")
    await expect(page.get_by_text("One row is in, 1 refused.")).to_be_visible()
    await expect(
        page.get_by_role("row", name='3 Unit price "call" is not a number')
    ).to_be_visible()
