"""Jobs of one batch: claimed with their records, imported several in one call."""

import asyncio

import pytest

from worker import together
from worker.exceptions import JobCancelledError, RunLostError
from worker.job import BatchResult, Begun, RowError, RunResult


def row(number, **cells):
    return {
        "row_number": number,
        "sku": f"S-{number}",
        "name": "Saw",
        "search_keywords": "saw",
    } | cells


def ask(queue, job, rows, errors=(), begun=None, message=None):
    count = len(rows) + len(errors)
    return queue.import_short(job.run_id, begun, count, rows, errors, message)


async def claimed(queue, dealer, rows=2):
    dealer.insert_job(dealer.records(rows))
    return await dealer.claim(queue)


async def test_a_short_job_begins_and_ends_in_one_call(queue, dealer):
    job = await claimed(queue, dealer)
    begun = Begun(2, {"Item": "sku"}, ["Read as UTF-8."], None, ["Item"], {"header_row": 1})
    batch, result = await ask(queue, job, [row(1), row(2)], begun=begun)
    assert batch == BatchResult(created=2, updated=0, unchanged=0, failed=0)
    assert result == RunResult("completed", 2, 0, 0, 0, 0, 0)
    [run] = dealer.runs(job.job_id)
    assert (run["outcome"], run["created"], run["row_count"]) == ("completed", 2, 2)
    assert (run["mapping"], run["notes"]) == ({"Item": "sku"}, ["Read as UTF-8."])
    told = dealer.job(job.job_id)
    assert (told["status"], told["record_count"]) == ("completed", 2)
    assert told["progress"] == {"current": 2, "total": 2, "percent": 100}
    assert dealer.scalar("select count(*) from import_batches where job_id = %s", job.job_id) == 0


async def test_an_answer_that_was_lost_comes_again(queue, dealer):
    job = await claimed(queue, dealer)
    _, result = await ask(queue, job, [row(1), row(2)])
    assert await ask(queue, job, [row(1), row(2)]) == (None, result)
    assert dealer.runs(job.job_id)[0]["created"] == 2


async def test_refused_rows_leave_the_run_to_be_finished(queue, dealer):
    job = await claimed(queue, dealer, rows=3)
    refused = RowError(2, 2, "name", "name is missing", {})
    for _ in range(2):  # the first answer was lost
        batch, result = await ask(queue, job, [row(1), row(3, quantity="x")], [refused])
        assert (batch.created, batch.failed, result) == (1, 2, None)
    assert dealer.job(job.job_id)["status"] == "processing"
    result = await queue.finish(job.run_id, "completed")
    assert (result.created, result.failed, result.unprocessed) == (1, 2, 0)
    assert len(dealer.errors()) == 2


async def test_what_is_there_already_is_unchanged(queue, dealer):
    job = await claimed(queue, dealer)
    await ask(queue, job, [row(1), row(2)])
    again = await claimed(queue, dealer)
    batch, result = await ask(queue, again, [row(1), row(2)], message="Skipped as totals: 1 row.")
    assert (batch.updated, batch.unchanged, result.outcome) == (2, 2, "completed")


async def test_jobs_that_share_a_call_end_each_by_itself(queue, make_dealer, stack, monkeypatch):
    monkeypatch.setattr(together, "_MOST", 5)
    dealers = [make_dealer() for _ in range(5)]
    jobs = [await claimed(queue, dealer) for dealer in dealers]
    good, cancelled, deleted, over, strange = dealers
    cancelled.execute(
        "update scheduled_jobs set status = 'cancelled' where id = %s", jobs[1].job_id
    )
    deleted.execute("delete from scheduled_jobs where id = %s", jobs[2].job_id)
    over.execute("update import_runs set finished_at = now(), outcome = 'lease_expired'"
                 " where id = %s", jobs[3].run_id)  # fmt: skip
    strange.execute("update scheduled_jobs set data_type = 'bids' where id = %s", jobs[4].job_id)
    stack.faults.reset_counters()
    asked = (ask(queue, job, [row(1), row(2)]) for job in jobs)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    requests = stack.faults.get()[1].requests
    assert {call.rpartition("/")[2]: n for call, n in requests.items()} == {"import_short_jobs": 1}
    assert answers[0][1].outcome == "completed"
    assert [type(answer) for answer in answers[1:4]] == [
        JobCancelledError,
        RunLostError,
        RunLostError,
    ]
    # Rows that are no bids are refused, each by itself.
    assert (answers[4][0].failed, answers[4][1]) == (2, None)
    assert good.job(jobs[0].job_id)["status"] == "completed"
    assert cancelled.inventory() == deleted.inventory() == over.inventory() == []


@pytest.mark.parametrize(
    ("records", "comes"),
    [
        ([{"sku": "A", "name": "B"}], True),
        ([{"sku": "A", "name": "B"}] * 100, True),
        ([{"sku": "A", "name": "B"}] * 101, False),
        ([{"sku": "A", "name": "B" * 70_000}], False),
        ([None, 1, "text", {}], True),
        ([], True),
    ],
    ids=["one", "a batch", "more than a batch", "large", "no records", "none"],
)
async def test_a_claim_brings_the_records_of_a_small_job(queue, dealer, records, comes):
    dealer.insert_job(records)
    job = await dealer.claim(queue)
    assert job.row_count == len(records)
    assert job.records == (records if comes else None)
