"""A worker that dies at each of its calls in turn: rehearsing, judging, writing, setting to 0."""

import asyncio

import pytest

from worker.connection import connect
from worker.exceptions import RunLostError
from worker.importing import importer, thrift
from worker.importing.ahead import ReadAhead
from worker.importing.importer import Pace, run_import
from worker.importing.thrift import Thrift
from worker.queue import JobQueue

PACE = Pace(batch_size=2, batches_in_flight=2)


class DyingQueue(JobQueue):
    """Makes so many calls, then none: the last one with its answer lost, or not at all."""

    def __init__(self, client, calls, *, answer_is_lost):
        super().__init__(client, "dying-worker", lease_seconds=60)
        self.calls = calls
        self.died_at = None
        self._answer_is_lost = answer_is_lost

    async def _call(self, function, kind, within, **arguments):
        if self.died_at is None and self.calls == 0:
            self.died_at = function
            if self._answer_is_lost:
                await super()._call(function, kind, within, **arguments)
        if self.died_at is not None:
            raise RunLostError
        self.calls -= 1
        return await super()._call(function, kind, within, **arguments)


class NoStore:
    """Takes the file of refused rows, and forgets it."""

    async def upload(self, path, file):
        assert path
        assert file.exists()


@pytest.fixture
def few_at_once(monkeypatch):
    monkeypatch.setattr(importer, "_ZEROED_A_CALL", 2)
    monkeypatch.setattr(importer, "_SKUS_A_CALL", 3)
    # Once one batch has come back, all go with everything, in whatever order they land.
    monkeypatch.setattr(thrift, "_FIRST_PENALTY", 64)


def prepare(dealer):
    """Items A1 to A9; a full list of A1 to A5 and N6, with guards that let it through."""
    dealer.execute(
        "insert into inventory (organization_id, sku, name, unit_price, quantity)"
        " select %s, 'A' || n, 'Bolt ' || n, 1000, 10 from generate_series(1, 9) n",
        dealer.organization_id,
    )
    dealer.execute(
        "insert into import_guards (organization_id, refused_percent, leap_percent,"
        " leaping_items_percent, emptied_percent, missing_percent) values (%s, 50, 50, 50, 50, 50)",
        dealer.organization_id,
    )
    records = [{"sku": f"A{n}", "name": "", "unit_price": "11"} for n in range(1, 6)]
    records += [{"sku": "N6", "name": "Nut", "unit_price": "call"}]
    records += [{"sku": "N6", "name": "Nut", "unit_price": "1"}]
    return dealer.insert_job(
        None,
        file_data={"records": records, "options": {"missing": "zero"}},
    )


async def take_over(queue, dealer):
    """Claim until the job comes: not while a batch of the dead worker's is still under way."""
    while True:
        claim = await queue.claim(50, orphan_after_seconds=900)
        for job in claim.jobs:
            if job.organization_id == dealer.organization_id:
                return job


async def one_life(stack, dealer, queue, calls, *, answer_is_lost):
    """Have a worker die after some calls, and another one finish; at which call it died."""
    job_id = prepare(dealer)
    job = await dealer.claim(queue)
    async with connect(stack.url, stack.keys.secret, for_calls=True) as client:
        dying = DyingQueue(client, calls, answer_is_lost=answer_is_lost)
        stop = asyncio.Event()
        await run_import(dying, NoStore(), job, PACE, Thrift(), ReadAhead(dying, stop), stop)
    if dealer.job(job_id)["status"] == "processing":
        dealer.expire_lease(job.run_id)
        job, stop = await take_over(queue, dealer), asyncio.Event()
        await run_import(queue, NoStore(), job, PACE, Thrift(), ReadAhead(queue, stop), stop)

    row = dealer.job(job_id)
    assert (row["status"], row["record_count"]) == ("completed", 6), row["error_message"]
    run = dealer.runs(job_id)[-1]
    counts = ("created", "updated", "failed", "unprocessed", "zeroed")
    assert [run[name] for name in counts] == [1, 5, 1, 0, 4]
    assert [(item["sku"], item["unit_price"], item["quantity"]) for item in dealer.inventory()] == [
        *((f"A{n}", 1100, 10) for n in range(1, 6)),
        *((f"A{n}", 1000, 0) for n in range(6, 10)),
        ("N6", 100, 0),
    ]
    assert [error["row_number"] for error in dealer.errors()] == [6]
    changed = dealer.connection.execute(
        "select sum(coalesce(cardinality(created_rows), 0)) as created,"
        " array_agg(updated_rows) as updated from ("
        "  select created_rows, unnest(coalesce(updated_rows, '{null}')) as updated_rows"
        "  from import_changes where job_id = %s) as sets", [job_id],
    ).fetchone()  # fmt: skip
    assert sorted(row for row in changed["updated"] if row) == [1, 2, 3, 4, 5, 8, 9, 10, 11]
    assert changed["created"] == 1
    return dying.died_at


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize("answer_is_lost", [False, True])
async def test_a_worker_that_dies_at_any_call(stack, make_dealer, queue, answer_is_lost):
    died_at = []
    while (function := await one_life(
        stack, make_dealer(), queue, len(died_at), answer_is_lost=answer_is_lost
    )) is not None:  # fmt: skip
        died_at.append(function)
    apply = "apply_inventory_batch"
    # Its records come with the claim; the batch with a new item goes again, with its keywords.
    assert died_at == [
        "recall_mappings", "begin_import", *["list_items"] * 3,
        "find_missing_items", *[apply] * 5, "judge_import", *[apply] * 4,
        *["zero_missing_items"] * 2, "finish_import",
    ]  # fmt: skip
