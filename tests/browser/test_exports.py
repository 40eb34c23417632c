"""Asking for a file, and downloading it."""

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.usefixtures("worker")


async def test_an_export_is_asked_for_watched_and_downloaded(visit, database):
    for sku, category, quantity in (("A", "Paint", 3), ("B", "Lumber", 3), ("C", "Paint", 0)):
        database.execute(
            "insert into inventory (organization_id, sku, name, category, quantity)"
            " values ('org_cedar', %s, 'Thing', %s, %s)",
            [sku, category, quantity],
        )
    visitor = await visit("olivia@cedar.test", "exports")
    page = visitor.page
    await page.get_by_label("Category").fill("Paint; Tools")
    await page.get_by_label("Only items in stock").check()
    await page.get_by_role("button", name="Make the file").click()
    await expect(page.get_by_text("The file is ready.")).to_be_visible()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download the file").click()
    path = await (await download.value).path()
    lines = path.read_text("utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in lines] == [["name", "sku"], ["Thing", "A"]]
    await page.get_by_role("link", name="Exports").click()
    made = page.get_by_role("region", name="Files that were made").get_by_role("row")
    await expect(made).to_have_count(2)
    # Filters of items are none of contacts.
    await page.get_by_label("What").select_option("contacts")
    await expect(page.get_by_label("Category")).to_be_hidden()
    await page.get_by_role("button", name="Make the file").click()
    await expect(page.get_by_text("The file is ready.")).to_be_visible()
    [asked] = database.execute(
        "select file_data -> 'export_options' as options from scheduled_jobs"
        " where organization_id = 'org_cedar' and data_type = 'contacts'"
    ).fetchall()
    assert asked["options"] == {"entity": "contacts", "format": "csv", "filter": {}}
