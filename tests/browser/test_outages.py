"""The worker goes and comes back, and so does Realtime: the page says so, and goes on."""

import asyncio

import pytest
from playwright.async_api import expect

from devstack.faults import Faults, HttpRule

ROWS = 1200
FILE = "SKU,Name,Price\n" + "".join(f"A-{row},Item {row},{row}.50\n" for row in range(ROWS))


async def rehearsed(visitor):
    """Come as far as the rehearsal of the file; the button that imports it."""
    await visitor.choose_file("stock.csv", FILE.encode())
    await visitor.page.get_by_role("button", name="Rehearse").click()
    return visitor.page.get_by_role("button", name="Import 1,200 rows")


async def test_a_worker_that_goes_in_the_middle_and_one_that_comes(visit, worker, stack, database):
    visitor = await visit("olivia@cedar.test")
    page = visitor.page
    begin = await rehearsed(visitor)
    await begin.wait_for()
    # Two land, four are held, and four more at most are on their way when it hears of it.
    batches = HttpRule("rpc/apply_inventory_batch", "hold", skip=2)
    stack.faults.set(Faults(http=(batches,)))
    await begin.click()
    await expect(page.get_by_text("of 1,200 rows")).to_be_visible()
    await expect(page.get_by_role("progressbar")).to_be_visible()
    await asyncio.to_thread(stack.faults.wait_until_held)
    worker.ask_to_stop()
    stack.faults.clear()
    await asyncio.to_thread(worker.stop)

    await expect(page.get_by_text("Waiting for its turn")).to_be_visible()
    await expect(page.get_by_text("Imports are paused")).to_be_visible()
    assert 0 < count(database) < ROWS
    worker.start()
    await expect(page.get_by_text("All 1,200 rows are in.")).to_be_visible()
    await expect(page.get_by_text("Imports are paused")).to_have_count(0)
    assert count(database) == ROWS


@pytest.mark.usefixtures("worker")
async def test_what_is_under_way_is_cancelled_and_says_what_is_written(visit, stack, database):
    visitor = await visit("olivia@cedar.test")
    page = visitor.page
    begin = await rehearsed(visitor)
    await begin.wait_for()
    held = HttpRule("rpc/apply_inventory_batch", "hold", skip=4)
    with stack.faults.injected(Faults(http=(held,))):
        await begin.click()
        await asyncio.to_thread(stack.faults.wait_until_held)
        await page.get_by_role("button", name="Cancel").click()
        await expect(page.get_by_text("This was cancelled.")).to_be_visible()
    assert count(database) < ROWS
    await expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def count(database):
    [found] = database.execute(
        "select count(*) as found from inventory where organization_id = 'org_cedar'"
    ).fetchall()
    return found["found"]


@pytest.mark.usefixtures("worker")
async def test_realtime_that_goes_and_comes_back(visit, stack, database):
    visitor = await visit("olivia@cedar.test")
    page = visitor.page
    live = page.locator(".live")
    with stack.faults.injected(Faults(realtime="refused")):
        stack.faults.drop_sockets()
        await expect(live).to_have_text("Reconnecting")
        told = "Live updates are away. This page asks every few seconds until they are back."
        await expect(live).to_have_attribute("title", told)
        # It goes on by asking.
        rehearse = await rehearsed(visitor)
    await rehearse.click()
    await expect(page.get_by_text("All 1,200 rows are in.")).to_be_visible()
    await expect(live).to_have_text("Live")

    # And what comes now is told again.
    await visitor.open("status")
    await expect(page.get_by_text("Nothing waits")).to_be_visible()
    database.execute(
        "insert into scheduled_jobs"
        " (organization_id, job_type, data_type, file_name, scheduled_time) values"
        " ('org_cedar', 'import', 'inventory', 'tomorrow.csv', now() + interval '1 day')"
    )
    await expect(page.get_by_role("link", name="tomorrow.csv")).to_be_visible()


@pytest.mark.usefixtures("worker")
async def test_a_server_that_does_not_answer_is_told(visit, stack):
    visitor = await visit("olivia@cedar.test")
    page = visitor.page
    with stack.faults.injected(Faults(http=(HttpRule("/storage/v1/", "status"),))):
        await visitor.choose_file("stock.csv", FILE.encode())
        await expect(page.get_by_role("alert")).to_contain_text("could not be uploaded")
    await visitor.choose_file("stock.csv", FILE.encode())
    await expect(page.get_by_role("button", name="Rehearse")).to_be_visible()
