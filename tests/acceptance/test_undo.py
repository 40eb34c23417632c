"""An import of the wrong column, taken back by a real worker; and the command for it."""

import asyncio
import csv
import io

import pytest

from devstack.faults import Faults, HttpRule
from tests.undoing import edit, insert_undo, snapshot
from worker.service import serve
from worker.storage import FileStore
from worker.undoing.undo import run_undo

STOCK = "SKU,Name,Price,Cost\n" + "".join(
    f"A-{n:03},Bolt {n},{n}.50,{n}.00\n" for n in range(1, 251)
)
# The columns slipped: the cost stands where the price was.
SHIFTED = "SKU,Name,Cost,Price\n" + STOCK.partition("\n")[2] + "NEW-1,Nail,1,2\n"


@pytest.fixture
async def imported(import_file, dealer):
    """A list, and then the wrong one; what there was between, and the wrong one's job."""
    await import_file(STOCK.encode())
    before = snapshot(dealer)
    job, run = await import_file(SHIFTED.encode(), name="shifted.csv")
    assert (run["created"], run["updated"], run["unchanged"]) == (1, 250, 0)
    dealer.execute("update scheduled_jobs set file_name = 'shifted.csv' where id = %s", job["id"])
    return before, job["id"]


async def undo(settings, dealer, job_id):
    undo_id = insert_undo(dealer, job_id)
    await serve(settings, once=True)
    [run] = dealer.runs(undo_id)
    return dealer.job(undo_id), run


async def test_everything_is_as_it_was(settings, dealer, imported):
    before, job_id = imported
    job, run = await undo(settings, dealer, job_id)
    assert snapshot(dealer) == before
    assert (job["status"], job["record_count"]) == ("completed", 251)
    assert job["error_message"] == "Undone: 250 restored and 1 removed."
    assert job["progress"] == {"current": 251, "total": 251, "percent": 100}
    assert (run["kind"], run["failed_rows_path"]) == ("undo", None)


async def test_what_was_kept_comes_as_a_file(settings, dealer, imported, service_client):
    before, job_id = imported
    edit(dealer, "A-007", unit_price=777)
    job, run = await undo(settings, dealer, job_id)
    assert job["error_message"].startswith("Undone: 249 restored, 1 removed and 1 kept as they are")
    assert run["failed_rows_path"] == f"{dealer.organization_id}/kept/{job['id']}.csv"
    content = await service_client.storage.from_("imports").download(run["failed_rows_path"])
    _, row = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert row[:5] == ["A-007", "unit_price", "7.50", "7.00", "7.77"]
    assert row[5].endswith(" by hand")
    assert row[6:] == ["shifted.csv", "7"]
    after = snapshot(dealer)
    [changed] = [record for key, record in after.items() if record != before[key]]
    assert (changed["sku"], changed["unit_price"], changed["cost"]) == ("A-007", 777, 700)


async def test_a_file_that_cannot_be_stored_fails_nothing(settings, stack, dealer, imported):
    edit(dealer, "A-007", unit_price=777)
    rule = HttpRule(path=f"{dealer.organization_id}/kept", action="status", status=403)
    with stack.faults.injected(Faults(http=(rule,))):
        job, run = await undo(settings, dealer, imported[1])
    assert (job["status"], run["failed_rows_path"]) == ("completed", None)
    assert len(dealer.errors()) == 1


async def test_a_shutdown_gives_it_back_and_another_goes_on(
    settings, dealer, imported, queue, service_client
):
    before, job_id = imported
    undo_id = insert_undo(dealer, job_id)
    stop = asyncio.Event()
    apply = queue.apply_undo_batch

    async def apply_and_stop(run_id, span):
        stop.set()
        return await apply(run_id, span)

    queue.apply_undo_batch = apply_and_stop
    await run_undo(queue, FileStore(service_client, 10), await dealer.claim(queue), stop)
    assert dealer.job(undo_id)["status"] == "pending"
    landed = "select sum(last_row - first_row + 1) from import_batches where job_id = %s"
    assert 0 < dealer.scalar(landed, undo_id) <= 100
    await serve(settings, once=True)
    assert snapshot(dealer) == before
    assert dealer.job(undo_id)["error_message"] == "Undone: 250 restored and 1 removed."


async def test_a_cancel_on_the_way_leaves_the_rest(dealer, imported, queue, service_client):
    before, job_id = imported
    undo_id = insert_undo(dealer, job_id)
    apply = queue.apply_undo_batch

    async def apply_and_cancel(run_id, span):
        result = await apply(run_id, span)
        dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", undo_id)
        return result

    queue.apply_undo_batch = apply_and_cancel
    job = await dealer.claim(queue)
    await run_undo(queue, FileStore(service_client, 10), job, asyncio.Event())
    [run] = dealer.runs(undo_id)
    assert (run["outcome"], run["unprocessed"] > 0) == ("cancelled", True)
    now = snapshot(dealer)
    changed = [key for key in before if now[key] != before[key]]
    assert 0 < len(changed) < 250


async def test_a_refusal_is_told(settings, dealer, imported):
    await undo(settings, dealer, imported[1])
    job, _ = await undo(settings, dealer, imported[1])
    assert job["status"] == "failed"
    assert job["error_message"].startswith('"shifted.csv" was undone already on ')


# The command.


@pytest.fixture
def command(terminal, environment):
    environment = environment | {"WORKER_LOG_LEVEL": "error", "COLUMNS": "200"}

    async def run(settings, *arguments):
        """Run the command, with a worker beside it."""
        typed = asyncio.create_task(
            asyncio.to_thread(terminal.run, "undo", *arguments, environment=environment)
        )
        while not typed.done():
            await serve(settings, once=True)
            await asyncio.sleep(0.1)
        done = await typed
        return done.returncode, done.stdout + done.stderr

    return run


async def test_the_command_rehearses_and_undoes(command, settings, dealer, imported):
    before, job_id = imported
    code, told = await command(settings, job_id, "--dry-run")
    assert code == 0
    assert "It would be: 250 restored and 1 removed." in told
    assert snapshot(dealer) != before
    edit(dealer, "A-007", unit_price=777)
    code, told = await command(settings, job_id)
    assert code == 1
    assert "Undone: 249 restored, 1 removed and 1 kept as they are." in told
    assert f"{dealer.organization_id}/kept/" in told
    code, told = await command(settings, job_id)
    assert code == 2
    assert "was undone already" in told


async def test_the_command_says_what_is_wrong_with_its_jobs(
    command, settings, make_dealer, imported
):
    unknown = "00000000-0000-4000-8000-000000000000"
    code, told = await command(settings, unknown)
    assert (code, told.strip()) == (2, f"There is no job {unknown}.")
    other = make_dealer().insert_job([], scheduled_in=3600)
    code, told = await command(settings, imported[1], other)
    assert code == 2
    assert "of several organizations" in told
    code, told = await command(settings, "nonsense")
    assert code == 2
    assert "this is no job's id" in told
