"""The whole import without a mouse."""

import asyncio

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.usefixtures("worker")

FILE = {
    "name": "stock.csv", "mimeType": "text/csv",
    "buffer": b"SKU,Name,Price,Shelf\nA-1,Hex bolt,2.50,B2\nA-2,Nail,0.10,B3\n",
}  # fmt: skip


async def tab_to(page, element):
    """Press Tab until an element has the focus, as somebody does who looks for it."""
    await element.wait_for(state="attached")
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await element.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab never comes to {element}")


async def test_from_sign_in_to_undo_by_keys(visit):
    visitor = await visit()
    page = visitor.page
    opened = asyncio.get_running_loop().create_future()
    page.on("filechooser", lambda dialog: opened.done() or opened.set_result(dialog))
    await expect(page.get_by_label("E-mail")).to_be_focused()
    await page.keyboard.type("olivia@cedar.test")
    await page.keyboard.press("Tab")
    await page.keyboard.type("devstack-password")
    await page.keyboard.press("Enter")
    await visitor.is_live()

    await tab_to(page, page.locator("#file"))
    await page.keyboard.press("Enter")
    await (await opened).set_files(FILE)

    shelf = page.get_by_label("Shelf", exact=True)
    await tab_to(page, shelf)
    await page.keyboard.type("Dep")  # as in a list: Department code
    await expect(shelf).to_have_value("department_code")
    await tab_to(page, page.get_by_role("button", name="Rehearse"))
    await page.keyboard.press("Enter")
    await tab_to(page, page.get_by_role("button", name="Import 2 rows"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("All 2 rows are in.")).to_be_visible()
    await tab_to(page, page.get_by_role("button", name="See what an undo would do"))
    await page.keyboard.press("Enter")
    # The question comes to the one who asked for it.
    await expect(page.get_by_role("button", name="Undo now")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("This was taken back.")).to_be_visible()
