"""From the file to the undo."""

import re

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.usefixtures("worker")

ITEMS = [
    ("HB-0412", "Hex bolt 1/2 x 4", "2.49", "Fasteners", "140"),
    ("HB-0616", "Hex bolt 5/8 x 6", "4.10", "Fasteners", "96"),
    ("PW-1234", "Plywood 3/4 4x8", "64.99", "Lumber", "38"),
]
FILE = """Item #,Description,List Price,Dept,QOH,Bin
HB-0412,Hex bolt 1/2 x 4,2.69,Fasteners,120,A3
HB-0616,Hex bolt 5/8 x 6,4.10,Fasteners,96,A4
PW-1234,Plywood 3/4 4x8,69.99,Lumber,31,Yard
DR-2200,Cordless drill 18 V,189.00,Tools,12,C1
PT-0090,Exterior paint 4 L,call,Paint,24,D2
SC-0300,Deck screw 3 in,12.99,Fasteners,200,A7
"""


def stock(database):
    for sku, name, price, category, quantity in ITEMS:
        database.execute(
            "insert into inventory"
            " (organization_id, sku, name, description, category, unit_price, quantity)"
            " values ('org_cedar', %s, %s, '', %s, %s::numeric * 100, %s)",
            [sku, name, category, price, quantity],
        )


def prices(database):
    rows = database.execute(
        "select sku, unit_price from inventory where organization_id = 'org_cedar' order by sku"
    )
    return {row["sku"]: row["unit_price"] for row in rows}


async def test_from_the_file_to_the_undo(visit, database):
    stock(database)
    before = prices(database)
    visitor = await visit("olivia@cedar.test")
    page = visitor.page
    await visitor.choose_file("spring prices.csv", FILE.encode())

    # What the columns would become; one is corrected.
    await expect(page.get_by_role("heading", name="Columns of spring prices.csv")).to_be_visible()
    price = page.get_by_label("List Price", exact=True)
    await expect(price).to_have_value("unit_price")
    await expect(page.get_by_label("Bin", exact=True)).to_have_value("")
    await expect(page.get_by_text("One of these rows would be refused")).to_be_visible()
    await page.get_by_label("Dept", exact=True).select_option("unit_price")
    await expect(page.get_by_text("Unit price is already chosen for")).to_have_count(2)
    await expect(page.get_by_role("button", name="Rehearse")).to_be_disabled()
    await page.get_by_label("Dept", exact=True).select_option("category")
    await visitor.picture("columns")
    await page.get_by_text("Keep as a template").click()
    await page.get_by_label("Name", exact=True).last.fill("Spring")
    await page.get_by_role("button", name="Keep").click()
    await expect(page.get_by_text("Kept as “Spring”")).to_be_visible()

    # What it would do. A reload forgets nothing.
    await page.get_by_role("button", name="Rehearse").click()
    await expect(page.get_by_text("One row would be refused")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("row", name="Unit price 2.49 2.69")).to_be_visible()
    await expect(
        page.get_by_role("row", name=re.compile('6 Unit price "call" is not'))
    ).to_be_visible()
    await visitor.picture("rehearsal")
    assert prices(database) == before

    # It is done.
    await page.get_by_role("button", name="Import 5 rows").click()
    await expect(page.get_by_text("5 rows are in, 1 refused.")).to_be_visible()
    assert prices(database) == before | {
        "HB-0412": 269, "PW-1234": 6999, "DR-2200": 18900, "SC-0300": 1299,
    }  # fmt: skip
    await visitor.picture("result")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download the refused rows").click()
    file = await download.value
    assert file.suggested_filename == "spring prices - refused rows.csv"
    assert "PT-0090" in (await file.path()).read_text()

    # And taken back.
    await page.get_by_role("button", name="See what an undo would do").click()
    await expect(page.get_by_text("would be removed")).to_be_visible()
    assert len(prices(database)) == len(before) + 2
    await page.get_by_role("button", name="Undo now").click()
    await expect(page.get_by_text("This was taken back.")).to_be_visible()
    assert prices(database) == before

    # It is in the list; the template waits for the next file.
    await page.get_by_role("link", name="Import another file").click()
    await expect(
        page.get_by_role("row", name=re.compile("Undo of spring prices.csv"))
    ).to_be_visible()
    await page.get_by_label("Template").select_option("Spring")
    await visitor.choose_file("summer prices.csv", FILE.encode())
    await expect(page.get_by_text('as in the template "Spring"').first).to_be_visible()
    assert not [one for one in visitor.requests if "file_data" in one.url]
