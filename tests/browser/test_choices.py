"""What somebody chooses besides the columns: contacts, a dropped file, a sheet, the names' row."""

import io

import pytest
from openpyxl import Workbook
from playwright.async_api import expect

pytestmark = pytest.mark.usefixtures("worker")

DROPPED = """text => {
  const dropped = new DataTransfer();
  dropped.items.add(new File([text], "customers.csv"));
  return dropped;
}"""
CUSTOMERS = "Customer,E-mail,Phone\nAnn Lee,ann@lee.test,555 0100\nBob Roy,bob at roy,555 0101\n"


async def test_contacts_that_are_dropped(visit, database):
    visitor = await visit("olivia@cedar.test")
    page = visitor.page
    await page.get_by_label("Contacts").check()
    dropped = await page.evaluate_handle(DROPPED, CUSTOMERS)
    # Beside its place a file opens nothing.
    await page.dispatch_event("h1", "drop", {"dataTransfer": dropped})
    await expect(page.get_by_role("heading", name="Import", exact=True)).to_be_visible()
    await page.dispatch_event(".drop", "drop", {"dataTransfer": dropped})
    await expect(page.get_by_label("E-mail", exact=True)).to_have_value("email")
    await page.get_by_role("button", name="Rehearse").click()
    await page.get_by_role("button", name="Import 1 row").click()
    await expect(page.get_by_text("One row is in, 1 refused.")).to_be_visible()
    named = database.execute("select name from contacts where organization_id = 'org_cedar'")
    assert named.fetchall() == [{"name": "Ann Lee"}]


def workbook():
    book = Workbook()
    for name, first, price in (("Stock", 1, 2.5), ("Old stock", 3, 1.5)):
        sheet = book.create_sheet(name)
        for line in range(1, first):
            sheet.append([f"Line {line}"])
        sheet.append(["SKU", "Name", "Price"])
        sheet.append(["A-1", "Bolt", price])
    del book["Sheet"]
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


async def test_another_sheet_and_a_mode(visit):
    visitor = await visit("olivia@cedar.test")
    page = visitor.page
    await visitor.choose_file("stock.xlsx", workbook())
    await expect(page.get_by_role("cell", name="2.50", exact=True)).to_be_visible()
    await page.get_by_text("How the file is read").click()
    await page.get_by_label("Sheet").select_option("Old stock")
    await page.get_by_label("Row with the column names").fill("3")
    await page.get_by_label("Rows may").select_option("update")
    await page.get_by_role("button", name="Look again").last.click()
    await expect(page.get_by_role("cell", name="1.50", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Rehearse").click()
    await expect(page.get_by_text("Nothing would be imported.")).to_be_visible()
    await expect(page.get_by_role("cell", name="no item has this SKU")).to_be_visible()
    await expect(page.get_by_role("button", name="Import")).to_have_count(0)

    # What is changed after a rehearsal was not rehearsed.
    await page.get_by_role("button", name="Back to the columns").click()
    await page.get_by_text("How the file is read").click()
    await page.get_by_label("Rows may").select_option("")
    await page.go_back()
    await page.wait_for_url("**/#/import/columns")
    await page.get_by_role("button", name="Rehearse").click()
    await expect(page.get_by_text("Every row gets in.")).to_be_visible()


async def test_many_refused_rows_are_turned_over_page_by_page(visit):
    rows = "".join(f"A-{row},Item {row},call\n" for row in range(2, 47))
    visitor = await visit("olivia@cedar.test")
    page = visitor.page
    await visitor.choose_file("wrong.csv", f"SKU,Name,Price\n{rows}Z-1,Good,1\n".encode())
    await page.get_by_role("button", name="Rehearse").click()
    following = page.get_by_role("button", name="Next").first
    for shown in ("Rows 1 to 20", "Rows 21 to 40", "Rows 41 to 45"):
        await expect(page.get_by_text(shown)).to_be_visible()
        if await following.is_enabled():
            await following.press("Enter")
    await expect(page.get_by_role("cell", name="46", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Previous").first).to_be_focused()
