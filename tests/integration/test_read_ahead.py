"""What follows a job is read while its last batches land; the claim alone decides what is done."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from worker.exceptions import RequestRefusedError
from worker.importing.ahead import ReadAhead
from worker.importing.importer import Pace, run_import
from worker.importing.thrift import Thrift
from worker.queue import JobQueue

PACE = Pace(batch_size=100, batches_in_flight=4)
# More than comes with a claim.
ROWS = 150


class CountingQueue(JobQueue):
    """Counts what is read: pages of records, and jobs ahead."""

    pages = aheads = 0

    async def read_records(self, *arguments):
        self.pages += 1
        return await super().read_records(*arguments)

    async def read_ahead(self, job):
        self.aheads += 1
        return await super().read_ahead(job)


class NoStore:
    """No job of these has a file, and none has a row that fails."""


@pytest.fixture(autouse=True)
def _nobody_else_waits(database):
    # Places of other tests' dealers, whom the next claim would find gone.
    database.execute("delete from import_internal.waiting")


@pytest.fixture
async def counting(service_client):
    return CountingQueue(service_client, f"ahead-{uuid4()}", 60)


async def carry_out(queue, ahead, job):
    await run_import(queue, NoStore(), job, PACE, Thrift(), ahead, asyncio.Event())


def skus(dealer):
    return {item["sku"] for item in dealer.inventory("sku")}


def uploaded(dealer, parts, **file_data):
    """Insert the parts of a file, as the frontend does: each job and its records."""
    jobs = []
    for part in range(parts):
        records = [{"sku": f"{part}-{row}", "name": "Saw"} for row in range(ROWS)]
        file_data = file_data or {"mapping": {}}
        jobs.append((dealer.insert_job(None, file_data=file_data | {"records": records}), records))
    return jobs


async def test_the_parts_of_a_file_are_read_once_each_and_but_the_first_ahead(counting, dealer):
    parts = uploaded(dealer, 3)
    ahead = ReadAhead(counting, asyncio.Event())
    for job_id, _ in parts:
        job = await dealer.claim(counting)
        assert job.job_id == job_id
        await carry_out(counting, ahead, job)
        assert dealer.job(job_id)["record_count"] == ROWS
    assert (counting.pages, counting.aheads) == (1, 3)
    assert skus(dealer) == {record["sku"] for _, records in parts for record in records}


async def test_a_part_that_changed_since_it_was_read_is_read_again(counting, dealer):
    (_, _), (later, _) = uploaded(dealer, 2)
    ahead = ReadAhead(counting, asyncio.Event())
    await carry_out(counting, ahead, await dealer.claim(counting))
    dealer.execute(
        "update scheduled_jobs set file_data = jsonb_set(file_data, '{records,7,sku}', '\"new\"')"
        " where id = %s",
        later,
    )
    await carry_out(counting, ahead, await dealer.claim(counting))
    assert counting.pages == 2
    assert "new" in skus(dealer)
    assert "1-7" not in skus(dealer)


async def test_a_job_that_came_before_the_one_that_was_read_is_done_first(counting, dealer):
    uploaded(dealer, 2)
    ahead = ReadAhead(counting, asyncio.Event())
    await carry_out(counting, ahead, await dealer.claim(counting))
    hurried = dealer.insert_job([{"sku": f"h-{row}", "name": "Saw"} for row in range(ROWS)])
    dealer.execute(
        "update scheduled_jobs set scheduled_time = scheduled_time - interval '1 hour'"
        " where id = %s",
        hurried,
    )
    for expected in ("h-0", "1-0"):
        await carry_out(counting, ahead, await dealer.claim(counting))
        assert expected in skus(dealer)
    # Of the three the second was not what had been read; while it ran, the third was.
    assert counting.pages == 2


async def test_a_part_that_was_cancelled_after_it_was_read_is_not_done(counting, dealer):
    (_, _), (cancelled, _), (last, _) = uploaded(dealer, 3)
    ahead = ReadAhead(counting, asyncio.Event())
    await carry_out(counting, ahead, await dealer.claim(counting))
    dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", cancelled)
    job = await dealer.claim(counting)
    assert job.job_id == last
    await carry_out(counting, ahead, job)
    assert not any(sku.startswith("1-") for sku in skus(dealer))
    assert dealer.job(cancelled)["status"] == "cancelled"


async def test_what_is_read_ahead_says_who_comes_next_and_takes_nothing(
    counting, dealer, make_dealer
):
    (_, _), (later, records), _ = uploaded(dealer, 3)
    job = await dealer.claim(counting)
    told = await counting.read_ahead(job)
    assert (told.job_id, told.records) == (later, records)
    assert (told.kind, told.data_type, told.row_count) == ("import", "inventory", ROWS)
    assert dealer.job(later)["status"] == "pending"
    assert dealer.runs(later) == []
    # Somebody who waits comes first, so it is not the next one.
    other = make_dealer()
    other.insert_job(other.records(1))
    assert await counting.read_ahead(job) is None
    other.execute("delete from scheduled_jobs where organization_id = %s", other.organization_id)
    other.execute(
        "delete from import_internal.waiting where organization_id = %s", other.organization_id
    )
    assert (await counting.read_ahead(job)).job_id == later
    # What a run that is over may read is nothing.
    await counting.finish(job.run_id, "failed", "over")
    assert await counting.read_ahead(job) is None


@pytest.mark.parametrize(
    "change",
    [
        "update scheduled_jobs set scheduled_time = now() + interval '1 hour' where id = %s",
        "update scheduled_jobs set job_type = 'export' where id = %s",
        "update scheduled_jobs set status = 'cancelled' where id = %s",
        """
        insert into import_runs (job_id, organization_id, attempt, worker_id, lease_seconds,
                                 lease_expires_at, finished_at, outcome)
        select id, organization_id, 1, 'w', 60, now(), now(), 'lease_expired'
        from scheduled_jobs where id = %s
        """,
    ],
    ids=["later", "export", "cancelled", "tried"],
)
async def test_only_what_is_due_and_was_never_tried_is_read_ahead(counting, dealer, change):
    (_, _), (later, _) = uploaded(dealer, 2)
    job = await dealer.claim(counting)
    dealer.execute(change, later)
    assert await counting.read_ahead(job) is None


async def test_raw_records_are_not_read_ahead_for_their_mapping_may_be_learned(counting, dealer):
    uploaded(dealer, 2, options={})
    ahead = ReadAhead(counting, asyncio.Event())
    for _ in range(2):
        await carry_out(counting, ahead, await dealer.claim(counting))
    assert (counting.pages, counting.aheads) == (2, 2)


async def test_a_reading_that_fails_or_hangs_costs_its_job_nothing(counting, dealer, monkeypatch):
    async def fail(_):
        raise RequestRefusedError("read_ahead: code PGRST202")

    async def hang(_):
        await asyncio.Event().wait()

    parts = uploaded(dealer, 3)
    ahead = ReadAhead(counting, asyncio.Event())
    for read_ahead, (job_id, _) in zip((fail, hang, fail), parts, strict=True):
        monkeypatch.setattr(counting, "read_ahead", read_ahead)
        await carry_out(counting, ahead, await dealer.claim(counting))
        assert dealer.job(job_id)["status"] == "completed"
    assert counting.pages == 3


async def test_what_nobody_claims_is_forgotten(counting, dealer, make_dealer):
    uploaded(dealer, 2)
    ahead = ReadAhead(counting, asyncio.Event())
    job = await dealer.claim(counting)
    ahead.begin(job)
    ahead.forget_others({dealer.organization_id})
    claimed_later = await counting.read_ahead(job)
    assert (await ahead.take(claimed_later)).count == ROWS
    ahead.begin(job)
    ahead.forget_others({make_dealer().organization_id})
    assert await ahead.take(claimed_later) is None
    ahead.begin(job)
    assert await ahead.take(replace(claimed_later, version="another")) is None
