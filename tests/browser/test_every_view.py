"""Each view in light and dark: axe finds nothing serious, and a phone need not scroll aside."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

pytestmark = pytest.mark.usefixtures("worker")

# Addresses of views that need nothing but a user, and what shows that they are there.
VIEWS = {
    "import": "Drop a file here",
    "history": "No such job",
    "history/item/A-1": "Nothing is known of A-1",
    "history/schedules": "Nothing is scheduled",
    "exports": "No file was made yet",
    "analytics": "Nothing of this kind ended",
    "status": "Imports are being worked on.",
    "notifications": "14 new",
    "notifications/settings": "The receiver is full.",
    "job/none": "This job is not there",
}
PHONE = {"width": 375, "height": 720}
DESK = {"width": 1280, "height": 720}
FILE = (
    "Item #,Description,List Price,A column with a rather long name that nobody shortened\n"
    "A-1,Hex bolt,call,x\n"
    + "".join(f"B-{row},{'Nail ' * 30},{row}.50,{'y' * 80}\n" for row in range(2, 40))
)


async def look_at(page, colours):
    # All but the colours is the same in the dark.
    rules = [] if colours == "light" else ["color-contrast"]
    only = {"runOnly": rules} if rules else {}
    found = await Axe().run(page, options={"resultTypes": ["violations"]} | only)
    grave = [
        (issue["id"], [node["html"] for node in issue["nodes"]])
        for issue in found.response["violations"]
        if issue["impact"] in {"serious", "critical"}
    ]
    assert grave == []
    if colours == "dark":
        return
    await page.set_viewport_size(PHONE)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await page.set_viewport_size(DESK)


@pytest.fixture
def told(database):
    """Have Olivia told of two imports, and a webhook of hers fail."""
    database.execute(
        """
        with entry as (
          insert into import_notifications (organization_id, event, key, data)
          select 'org_cedar', 'import.completed', 'look-' || n, jsonb_build_object(
            'kind', 'import', 'file_name', 'stock.csv', 'refused', n, 'created', 7 * n,
            'reasons', jsonb_build_array('Row 2: name is missing'))
          from generate_series(1, 2) n
          returning *
        )
        insert into notification_inbox (notification_id, organization_id, profile_id, event, data)
        select entry.id, entry.organization_id, p.id, event, data
        from entry, profiles p where p.email = 'olivia@cedar.test'
        """
    )
    database.execute(
        "insert into notification_channels (organization_id, kind, url, events)"
        " values ('org_cedar', 'webhook', 'https://hooks.example.com/' || repeat('x', 80), '{}')"
    )
    database.execute(
        "update notification_channels set last_failed_at = now(),"
        " last_failure = 'The receiver is full.' where organization_id = 'org_cedar'"
    )


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_every_view_is_for_everybody(visit, colours):
    visitor = await visit(color_scheme=colours)
    page = visitor.page
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await look_at(page, colours)
    await visitor.sign_in("olivia@cedar.test")
    for address, shown in VIEWS.items():
        await visitor.open(*address.split("/"))
        await expect(page.get_by_text(shown)).to_be_visible()
        await look_at(page, colours)

    await visitor.open("import")
    await visitor.choose_file("a file.csv", FILE.encode())
    await expect(page.get_by_role("button", name="Rehearse")).to_be_visible()
    await page.get_by_text("How the file is read").click()
    await page.get_by_text("Keep as a template").click()
    await look_at(page, colours)
    await page.get_by_role("button", name="Rehearse").click()
    await page.get_by_role("button", name="Import 38 rows").wait_for()
    await expect(page.get_by_role("cell", name="Nail").first).to_be_visible()
    await look_at(page, colours)
    await page.get_by_role("button", name="Import 38 rows").click()
    await page.get_by_role("button", name="See what an undo would do").click()
    await expect(page.get_by_role("button", name="Undo now")).to_be_visible()
    await look_at(page, colours)
