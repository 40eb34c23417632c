"""Two users of one organization and one of another, at the same time."""

import asyncio

import pytest
from playwright.async_api import expect

FILE = "SKU,Name,Price\nA-1,Hex bolt,2.50\nA-2,Nail,0.10\n"


async def take_as_far_as_rehearsed(visitor, name):
    await visitor.choose_file(name, FILE.encode())
    await visitor.page.get_by_role("button", name="Rehearse").click()
    await visitor.page.get_by_role("button", name="Import 2 rows").wait_for()


async def imported(visitor):
    await visitor.page.get_by_role("button", name="Import 2 rows").click()
    await expect(visitor.page.get_by_text("All 2 rows are in.")).to_be_visible()


@pytest.mark.usefixtures("worker")
async def test_each_sees_what_is_their_organizations(visit, database):
    olivia, liam, noah = await asyncio.gather(
        visit("olivia@cedar.test"),
        visit("liam@cedar.test", "status"),
        visit("noah@granite.test"),
    )
    await asyncio.gather(
        take_as_far_as_rehearsed(olivia, "cedar.csv"),
        take_as_far_as_rehearsed(noah, "granite.csv"),
    )
    await asyncio.gather(imported(olivia), imported(noah))
    counts = database.execute(
        "select organization_id, count(*) from inventory group by 1 order by 1"
    ).fetchall()
    assert [tuple(row.values()) for row in counts] == [("org_cedar", 2), ("org_granite", 2)]

    # A colleague sees it, but may not take it back; a stranger sees that there is nothing.
    address = olivia.page.url.split("#/")[1].split("/")
    await asyncio.gather(liam.open(*address), noah.open(*address))
    await expect(liam.page.get_by_text("All 2 rows are in.")).to_be_visible()
    await expect(liam.page.get_by_text("Whoever imported it, or an admin")).to_be_visible()
    await expect(noah.page.get_by_text("This job is not there")).to_be_visible()
    await asyncio.gather(liam.open("import"), noah.open("import"))
    await expect(liam.page.get_by_role("link", name="cedar.csv")).to_be_visible()
    await expect(noah.page.get_by_role("link", name="granite.csv")).to_be_visible()
    await expect(noah.page.get_by_role("link", name="cedar.csv")).to_have_count(0)
    heard = "".join(noah.frames)
    assert "granite.csv" in heard
    assert "cedar.csv" not in heard


async def test_a_colleague_sees_what_waits_and_its_owner_cancels_it(visit, worker_process):
    worker_process.stop()
    olivia, liam = await asyncio.gather(
        visit("olivia@cedar.test"), visit("liam@cedar.test", "status")
    )
    await expect(liam.page.get_by_text("Nothing waits")).to_be_visible()
    await olivia.choose_file("waits.csv", FILE.encode())
    await expect(olivia.page.get_by_text("Imports are paused")).to_be_visible()

    link = liam.page.get_by_role("link", name="waits.csv")
    await link.click()  # Realtime brought it
    await expect(liam.page.get_by_text("Waiting for its turn")).to_be_visible()
    await expect(liam.page.get_by_role("button", name="Cancel")).to_have_count(0)
    await olivia.open(*liam.page.url.split("#/")[1].split("/"))
    await olivia.page.get_by_role("button", name="Cancel").click()
    for visitor in (olivia, liam):
        await expect(visitor.page.get_by_text("This was cancelled.")).to_be_visible()
