"""A file of markup: all of it is shown as it was written, and none of it is run."""

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.usefixtures("worker")

SCRIPT = "<script>window.hit=1</script>"
IMAGE = "<img src=x onerror=window.hit=1>"
NAME = f"{IMAGE}{SCRIPT}.csv"
# Two columns that are found, one that is not, and one whose cells are refused.
HEADER = f"SKU,Name,{SCRIPT},Price,{IMAGE}"
ROWS = [
    f"{SCRIPT}{row},{IMAGE}{row},{SCRIPT},{price},{IMAGE}"
    for row, price in ((1, "2.50"), (2, SCRIPT))
]
FILE = "\n".join([HEADER, *ROWS, ""])


async def nothing_ran(page):
    assert await page.evaluate("window.hit === undefined")
    # The page's own scripts are in its head; what was shown made none.
    assert (
        await page.locator("#app script, #app img:not([src='icon.svg']), #app [onerror]").count()
        == 0
    )


async def test_what_a_file_says_is_text(visit):
    visitor = await visit("olivia@cedar.test")
    page = visitor.page
    await visitor.choose_file(NAME, FILE.encode())
    await expect(page.get_by_role("heading", name=f"Columns of {NAME}")).to_be_visible()
    await expect(page.get_by_text(SCRIPT, exact=True).first).to_be_visible()
    await expect(page.get_by_label(IMAGE, exact=True)).to_be_visible()
    await nothing_ran(page)

    await page.get_by_text("Keep as a template").click()
    await page.get_by_label("Name", exact=True).last.fill(SCRIPT)
    await page.get_by_role("button", name="Keep").click()
    await expect(page.get_by_text(f"Kept as “{SCRIPT}”")).to_be_visible()
    await nothing_ran(page)

    await page.get_by_role("button", name="Rehearse").click()
    await page.get_by_role("button", name="Import 1 row").wait_for()
    await expect(page.get_by_text(f'"{SCRIPT}" is not a number')).to_be_visible()
    await expect(page.get_by_text(f"{SCRIPT}1 · {IMAGE}1")).to_be_visible()
    await nothing_ran(page)

    await page.get_by_role("button", name="Import 1 row").click()
    await expect(page.get_by_text("One row is in, 1 refused.")).to_be_visible()
    await expect(page.get_by_role("heading", name=NAME)).to_be_visible()
    await nothing_ran(page)

    await visitor.open("import")
    await expect(page.get_by_role("link", name=NAME)).to_be_visible()
    await expect(page.get_by_label("Template")).to_contain_text(SCRIPT)
    await nothing_ran(page)


async def test_the_page_could_not_run_a_text_if_it_wanted_to(visit):
    """The policy alone, for a page that some day forgets: markup is refused, and so is code."""
    visitor = await visit()
    await expect(visitor.page.get_by_role("button", name="Sign in")).to_be_visible()
    refused = await visitor.page.evaluate(
        """() => {
          const tries = [
            () => { document.body.innerHTML = "<b></b>"; },
            () => { new Function("window.hit = 1")(); },
            () => { document.createElement("script").src = "main.js"; },
          ];
          const outcome = (attempt) => {
            try { attempt(); return "done"; } catch (error) { return error.name; }
          };
          // Later: what a debugger evaluates may evaluate, too.
          return new Promise((told) => setTimeout(() => told(tries.map(outcome))));
        }"""
    )
    assert refused == ["TypeError", "EvalError", "TypeError"]
    assert len(visitor.problems) > 0
    visitor.problems.clear()  # they were asked for
