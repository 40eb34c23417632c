"""The job protocol: what the database functions promise, asked through PostgREST."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from worker.exceptions import (
    JobCancelledError,
    JobRefusedError,
    RequestRefusedError,
    RunLostError,
)
from worker.job import KINDS, Begun, Progress, RowError
from worker.queue import JobQueue


def item(row_number, sku=None, **cells):
    return {
        "row_number": row_number,
        "sku": sku or f"SKU-{row_number}",
        "name": f"Item {row_number}",
        "search_keywords": "",
    } | cells


def refused(row_number):
    return RowError(row_number, row_number, "name", "name is missing", {"sku": f"SKU-{row_number}"})


async def apply(queue, run_id, first, last, rows=None, errors=()):
    rows = [item(number) for number in range(first, last + 1)] if rows is None else rows
    return await queue.apply_batch(
        "apply_inventory_batch", run_id, range(first, last + 1), rows, errors
    )


async def test_a_claim_describes_the_job_and_never_carries_its_data(queue, dealer):
    job_id = dealer.insert_job(dealer.records(3), file_name="stock.csv")
    job = await dealer.claim(queue)
    assert (job.job_id, job.organization_id, job.row_count) == (job_id, dealer.organization_id, 3)
    assert (job.data_type, job.file_name, job.attempt) == ("inventory", "stock.csv", 1)
    assert (job.mapping, job.source, job.options, job.dry_run) == ({}, None, {}, False)
    assert job.applied == ()
    row = dealer.job(job_id)
    assert row["status"] == "processing"
    assert row["started_at"] is not None
    assert row["progress"] == {"current": 0, "total": 3, "percent": 0}


async def test_pages_of_records_come_as_they_were_inserted(queue, dealer):
    records = [*dealer.records(4), "not an object", None]
    dealer.insert_job(records)
    job = await dealer.claim(queue)
    assert await queue.read_records(job.run_id, 1, 2) == records[:2]
    assert await queue.read_records(job.run_id, 3, 100) == records[2:]
    assert await queue.read_records(job.run_id, 7, 100) == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"status": "completed"}, id="finished"),
        pytest.param({"status": "cancelled"}, id="cancelled"),
        pytest.param({"job_type": "export"}, id="an export that the page may take first"),
        pytest.param({"scheduled_in": 3600}, id="not due yet"),
        pytest.param({"status": "processing"}, id="in the hands of a browser since just now"),
    ],
)
async def test_a_claim_leaves_alone(queue, dealer, changes):
    dealer.insert_job(dealer.records(1), **changes)
    claim = await queue.claim(50, orphan_after_seconds=900)
    assert dealer.organization_id not in {job.organization_id for job in claim.jobs}


async def test_a_job_that_a_browser_left_in_processing_is_adopted(queue, dealer):
    job_id = dealer.insert_job(dealer.records(1), status="processing", scheduled_in=-901)
    assert (await dealer.claim(queue)).job_id == job_id


async def test_next_due_in_tells_when_to_look_again(queue, dealer):
    dealer.insert_job(dealer.records(1), scheduled_in=2)
    claim = await queue.claim(50, orphan_after_seconds=900)
    assert 0 < claim.next_due_in <= 2


async def test_a_claim_tells_what_was_inserted_lately_whoever_claimed_it(queue, dealer):
    jobs = [
        dealer.insert_job(dealer.records(1), **changes)
        for changes in ({}, {"status": "processing"}, {"job_type": "export"}, {"scheduled_in": 99})
    ]
    for seconds in (-60, 16):
        created_at = datetime.now(UTC) - timedelta(seconds=seconds)
        dealer.insert_job(None, scheduled_in=99, created_at=created_at)
    claim = await queue.claim(50, orphan_after_seconds=900)
    told = {insert.job_id: insert.age_seconds for insert in claim.recent}
    assert told.keys() >= set(jobs)
    assert all(0 <= seconds <= 15 for seconds in told.values())
    assert [told[job] for job in jobs] == sorted((told[job] for job in jobs), reverse=True)

    newest = [dealer.insert_job(None, scheduled_in=99) for _ in range(11)][1:]
    claim = await queue.claim(50, orphan_after_seconds=900)
    assert [insert.job_id for insert in claim.recent] == newest[::-1]


async def test_an_organization_has_one_live_run_and_its_jobs_go_in_order(queue, dealer):
    first, second = (dealer.insert_job(dealer.records(1), scheduled_in=s) for s in (-20, -10))
    job = await dealer.claim(queue)
    assert job.job_id == first
    claim = await queue.claim(50, orphan_after_seconds=900)
    assert dealer.organization_id not in {job.organization_id for job in claim.jobs}
    await apply(queue, job.run_id, 1, 1)
    await queue.finish(job.run_id, "completed")
    assert (await dealer.claim(queue)).job_id == second


async def test_many_workers_claiming_at_once_never_share_a_job(service_client, make_dealer):
    dealers = [make_dealer() for _ in range(10)]
    for dealer in dealers:
        for _ in range(2):
            dealer.insert_job(dealer.records(1))
    ours = {dealer.organization_id for dealer in dealers}
    workers = [JobQueue(service_client, f"worker-{number}", 60) for number in range(12)]
    claims = await asyncio.gather(*(worker.claim(3, 900) for worker in workers))
    taken = [job for claim in claims for job in claim.jobs if job.organization_id in ours]
    assert sorted(job.organization_id for job in taken) == sorted(ours)


async def test_the_dealer_who_waited_longest_is_served_first(queue, make_dealer):
    busy, patient = make_dealer(), make_dealer()
    for _ in range(3):
        busy.insert_job(busy.records(1), scheduled_in=-100)
    job = await busy.claim(queue)
    await apply(queue, job.run_id, 1, 1)
    await queue.finish(job.run_id, "completed")
    patient.insert_job(patient.records(1), scheduled_in=-1)
    order = []
    while len(order) < 2:
        claim = await queue.claim(1, orphan_after_seconds=900)
        order += [
            job.organization_id
            for job in claim.jobs
            if job.organization_id in {busy.organization_id, patient.organization_id}
        ]
    assert order == [patient.organization_id, busy.organization_id]


async def test_a_batch_lands_once_however_often_it_is_sent(queue, dealer):
    dealer.insert_job(dealer.records(3))
    job = await dealer.claim(queue)
    rows = [item(1, "A"), {"row_number": 2, "superseded_by": 9}]
    results = [await apply(queue, job.run_id, 1, 3, rows, [refused(3)]) for _ in range(3)]
    assert {(r.created, r.updated, r.failed) for r in results} == {(1, 1, 1)}
    assert [row["sku"] for row in dealer.inventory()] == ["A"]
    assert [error["row_number"] for error in dealer.errors()] == [3]


async def test_the_same_batch_sent_twice_at_once_lands_once(queue, dealer):
    dealer.insert_job(dealer.records(100))
    job = await dealer.claim(queue)
    results = await asyncio.gather(*(apply(queue, job.run_id, 1, 100) for _ in range(4)))
    assert {(r.created, r.updated, r.failed) for r in results} == {(100, 0, 0)}
    assert len(dealer.inventory()) == 100


@pytest.mark.parametrize(
    ("span", "rows"),
    [
        pytest.param((1, 2), [item(1)], id="a row is missing"),
        pytest.param((1, 2), [item(1), item(1, "other")], id="a row stands twice"),
        pytest.param((1, 1), [item(2)], id="a row is out of range"),
        pytest.param((1, 1), [{"sku": "A", "name": "A"}], id="a row has no number"),
        pytest.param((0, 1), [item(0), item(1)], id="rows are numbered from 1"),
    ],
)
async def test_a_batch_that_does_not_add_up_is_refused_whole(queue, dealer, span, rows):
    dealer.insert_job(dealer.records(2))
    job = await dealer.claim(queue)
    with pytest.raises(RequestRefusedError):
        await apply(queue, job.run_id, *span, rows)
    assert dealer.inventory() == []
    assert dealer.scalar("select count(*) from import_batches where job_id = %s", job.job_id) == 0


@pytest.mark.parametrize("span", [(1, 3), (2, 2), (3, 3), (3, 9), (0, 9)])
async def test_a_batch_that_overlaps_another_is_refused(queue, dealer, span):
    dealer.insert_job(dealer.records(9))
    job = await dealer.claim(queue)
    await apply(queue, job.run_id, 2, 3)
    with pytest.raises(RequestRefusedError):
        await apply(queue, job.run_id, *span)
    assert len(dealer.inventory()) == 2


async def test_a_row_that_the_database_refuses_does_not_take_its_neighbours_along(queue, dealer):
    records = dealer.records(3)
    dealer.insert_job(records)
    job = await dealer.claim(queue)
    # The worker's parser would have refused it: this is the database's own last line.
    rows = [item(1), item(2, quantity=3_000_000_000), item(3)]
    result = await apply(queue, job.run_id, 1, 3, rows)
    assert (result.created, result.updated, result.failed) == (2, 0, 1)
    assert [row["sku"] for row in dealer.inventory()] == ["SKU-1", "SKU-3"]
    [error] = dealer.errors()
    assert (error["row_number"], error["message"]) == (2, "a number is too large")
    assert error["row"] == records[1]


async def test_a_finish_counts_from_the_ledger(queue, dealer):
    job_id = dealer.insert_job(dealer.records(12))
    job = await dealer.claim(queue)
    await apply(queue, job.run_id, 1, 1)
    await apply(queue, job.run_id, 2, 12, rows=[], errors=[refused(n) for n in range(2, 13)])
    result = await queue.finish(job.run_id, "completed")
    assert (result.created, result.updated, result.failed, result.unprocessed) == (1, 0, 11, 0)
    row = dealer.job(job_id)
    assert (row["status"], row["record_count"]) == ("completed", 1)
    assert row["progress"] == {"current": 12, "total": 12, "percent": 100}
    assert row["completed_at"] is not None
    assert row["error_message"].splitlines() == [
        *(f"Row {number}: name is missing" for number in range(2, 12)),
        "… and 1 more",
    ]
    assert dealer.scalar("select count(*) from import_batches where job_id = %s", job_id) == 0
    assert await queue.finish(job.run_id, "completed") == result  # its answer was lost


@pytest.mark.parametrize(
    ("row_count", "message", "lines"),
    [
        (0, None, ["Nothing was imported: there are no rows to import."]),
        (0, "Skipped.", ["Nothing was imported: there are no rows to import.", "Skipped."]),
        (1, None, ["Nothing was imported: its only row is refused.", "Row 1: name is missing"]),
        (
            1200,
            "Skipped.",
            [
                "Nothing was imported: all 1,200 rows are refused.",
                "Skipped.",
                *(f"Row {number}: name is missing" for number in range(1, 11)),
                "… and 1190 more",
            ],
        ),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
async def test_a_job_of_which_nothing_got_in_failed(
    queue, dealer, row_count, message, lines, dry_run
):
    job_id = dealer.insert_job(None, file_data={"source": {}, "options": {"dry_run": dry_run}})
    job = await dealer.claim(queue)
    await begin(queue, job.run_id, row_count)
    for first in range(1, row_count + 1, 100):
        last = min(first + 99, row_count)
        errors = [refused(number) for number in range(first, last + 1)]
        await apply(queue, job.run_id, first, last, [], errors)
    result = await queue.finish(job.run_id, "completed", message, "org/failed/1.csv")
    assert (result.outcome, result.created, result.updated) == ("failed", 0, 0)
    assert (result.failed, result.unprocessed) == (row_count, 0)
    row = dealer.job(job_id)
    assert (row["status"], row["record_count"]) == ("failed", 0)
    assert row["completed_at"] is not None
    assert row["progress"] == {"current": row_count, "total": row_count, "percent": 100}
    first, *others = row["error_message"].splitlines()
    rehearsed = lines[0].replace("Nothing was", "Rehearsal: nothing would be")
    assert [first, *others] == [rehearsed if dry_run else lines[0], *lines[1:]]
    [run] = dealer.runs(job_id)
    assert (run["outcome"], run["failed_rows_path"]) == ("failed", "org/failed/1.csv")
    assert len(dealer.errors()) == row_count
    # The answer was lost: the same comes back, and the job stays as it is.
    assert await queue.finish(job.run_id, "completed", message, "org/failed/1.csv") == result
    assert dealer.job(job_id) == row


async def test_a_job_whose_rows_were_there_already_is_completed(queue, dealer):
    for _ in range(2):
        job_id = dealer.insert_job(dealer.records(2))
        job = await dealer.claim(queue)
        await apply(queue, job.run_id, 1, 2)
        await queue.finish(job.run_id, "completed")
    row = dealer.job(job_id)
    assert (row["status"], row["record_count"], row["error_message"]) == ("completed", 2, None)


async def test_a_job_that_failed_is_not_completed_by_a_late_call(queue, dealer):
    job_id = dealer.insert_job(dealer.records(2))
    job = await dealer.claim(queue)
    await queue.finish(job.run_id, "failed", "The file is broken.")
    with pytest.raises(RunLostError):
        await queue.finish(job.run_id, "completed")
    assert dealer.job(job_id)["error_message"] == "The file is broken."


async def test_a_job_that_was_cancelled_before_anything_got_in_is_cancelled(queue, dealer):
    job_id = dealer.insert_job(dealer.records(1))
    job = await dealer.claim(queue)
    await apply(queue, job.run_id, 1, 1, [], [refused(1)])
    dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", job_id)
    result = await queue.finish(job.run_id, "completed")
    assert (result.outcome, dealer.job(job_id)["status"]) == ("cancelled", "cancelled")


async def test_a_job_is_not_completed_while_rows_are_missing(queue, dealer):
    job_id = dealer.insert_job(dealer.records(2))
    job = await dealer.claim(queue)
    await apply(queue, job.run_id, 1, 1)
    with pytest.raises(RequestRefusedError):
        await queue.finish(job.run_id, "completed")
    assert dealer.job(job_id)["status"] == "processing"


async def test_rows_that_a_failure_left_untouched_are_not_failed_rows(queue, dealer):
    job_id = dealer.insert_job(dealer.records(5))
    job = await dealer.claim(queue)
    await apply(queue, job.run_id, 1, 2)
    result = await queue.finish(job.run_id, "failed", "The file is broken.")
    assert (result.created, result.failed, result.unprocessed) == (2, 0, 3)
    row = dealer.job(job_id)
    assert (row["status"], row["error_message"]) == ("failed", "The file is broken.")


async def test_a_cancelled_job_stays_as_the_user_left_it(queue, dealer):
    job_id = dealer.insert_job(dealer.records(5))
    job = await dealer.claim(queue)
    await apply(queue, job.run_id, 1, 2)
    dealer.execute(
        "update scheduled_jobs set status = 'cancelled', completed_at = '2026-01-02' where id = %s",
        job_id,
    )
    left = dealer.job(job_id)
    with pytest.raises(JobCancelledError):
        await apply(queue, job.run_id, 3, 4)
    with pytest.raises(JobCancelledError):
        await queue.read_records(job.run_id, 1, 1)
    assert await queue.report_progress(job.run_id, Progress(2, 5)) == "cancelled"
    result = await queue.finish(job.run_id, "completed")
    assert (result.outcome, result.created, result.unprocessed) == ("cancelled", 2, 3)
    assert dealer.job(job_id) == left


async def test_a_job_cancelled_between_two_attempts_leaves_no_ledger(queue, dealer):
    job_id = dealer.insert_job(dealer.records(5))
    job = await dealer.claim(queue)
    await apply(queue, job.run_id, 1, 2)
    await queue.release(job.run_id)
    dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", job_id)
    while (await queue.claim(50, orphan_after_seconds=900)).jobs:
        pass  # what other tests left
    assert dealer.scalar("select count(*) from import_batches where job_id = %s", job_id) == 0
    assert [run["created"] for run in dealer.runs(job_id)] == [2]


async def test_a_deleted_job_takes_its_run_along(queue, dealer):
    job_id = dealer.insert_job(dealer.records(2))
    job = await dealer.claim(queue)
    await apply(queue, job.run_id, 1, 1)
    dealer.execute("delete from scheduled_jobs where id = %s", job_id)
    for call in (
        apply(queue, job.run_id, 2, 2),
        queue.read_records(job.run_id, 1, 1),
        queue.report_progress(job.run_id, None),
        queue.finish(job.run_id, "completed"),
        queue.release(job.run_id),
    ):
        with pytest.raises(RunLostError):
            await call
    for table in ("import_runs", "import_batches", "import_errors"):
        assert dealer.scalar(f"select count(*) from {table} where job_id = %s", job_id) == 0  # noqa: S608


async def test_a_run_whose_lease_ran_out_is_taken_over_and_can_write_nothing_more(queue, dealer):
    dealer.insert_job(dealer.records(4))
    old = await dealer.claim(queue)
    await apply(queue, old.run_id, 1, 2)
    dealer.expire_lease(old.run_id)
    new = await dealer.claim(queue)
    assert (new.job_id, new.attempt) == (old.job_id, 2)
    assert new.applied == (range(1, 3),)
    for call in (
        apply(queue, old.run_id, 3, 4),
        queue.read_records(old.run_id, 1, 1),
        queue.report_progress(old.run_id, Progress(4, 4)),
        queue.finish(old.run_id, "completed"),
        queue.release(old.run_id),
    ):
        with pytest.raises(RunLostError):
            await call
    await apply(queue, new.run_id, 3, 4)
    result = await queue.finish(new.run_id, "completed")
    assert (result.created, result.updated, result.failed) == (4, 0, 0)


async def test_a_report_extends_the_lease(queue, dealer):
    dealer.insert_job(dealer.records(1))
    job = await dealer.claim(queue)
    lease = "select lease_expires_at from import_runs where id = %s"
    before = dealer.scalar(lease, job.run_id)
    assert await queue.report_progress(job.run_id, None) == "processing"
    assert dealer.scalar(lease, job.run_id) > before


async def test_the_job_row_is_touched_only_when_there_is_something_new(queue, dealer):
    job_id = dealer.insert_job(dealer.records(4))
    job = await dealer.claim(queue)
    version = "select xmin::text from scheduled_jobs where id = %s"
    await queue.report_progress(job.run_id, Progress(2, 4))
    before = dealer.scalar(version, job_id)
    await queue.report_progress(job.run_id, Progress(2, 4))
    await queue.report_progress(job.run_id, None)
    assert dealer.scalar(version, job_id) == before
    assert dealer.job(job_id)["progress"] == {"current": 2, "total": 4, "percent": 50}


async def test_a_released_job_goes_on_where_it_stopped(queue, dealer):
    dealer.insert_job(dealer.records(3))
    job = await dealer.claim(queue)
    await apply(queue, job.run_id, 1, 1)
    assert await queue.release(job.run_id) == "pending"
    assert await queue.release(job.run_id) == "pending"  # its answer was lost
    again = await dealer.claim(queue)
    assert (again.attempt, again.applied) == (1, (range(1, 2),))


async def test_a_retry_waits_and_the_fifth_gives_up(queue, dealer):
    job_id = dealer.insert_job(dealer.records(1))
    for attempt in range(1, 6):
        job = await dealer.claim(queue)
        assert job.attempt == attempt
        status = await queue.release(job.run_id, retry_in=30)
        claim = await queue.claim(50, orphan_after_seconds=900)
        assert dealer.organization_id not in {job.organization_id for job in claim.jobs}
        dealer.execute("update import_runs set retry_at = now() where job_id = %s", job_id)
    assert status == "failed"
    assert str(job.run_id) in dealer.job(job_id)["error_message"]


async def test_a_job_that_kills_five_workers_fails_and_says_so(queue, dealer):
    job_id = dealer.insert_job(dealer.records(1))
    for _ in range(5):
        job = await dealer.claim(queue)
        dealer.expire_lease(job.run_id)
    await queue.claim(50, orphan_after_seconds=900)
    row = dealer.job(job_id)
    assert row["status"] == "failed"
    assert row["error_message"].startswith("The import was started 5 times")
    assert (
        dealer.scalar(
            "select count(*) from import_runs where job_id = %s and finished_at is null", job_id
        )
        == 0
    )


async def test_an_unknown_run_is_lost(queue):
    with pytest.raises(RunLostError):
        await queue.report_progress(uuid4(), None)


async def test_absent_cells_of_new_items_get_the_columns_own_defaults(queue, dealer):
    dealer.insert_job(dealer.records(1))
    job = await dealer.claim(queue)
    await apply(queue, job.run_id, 1, 1, [item(1, "A")])
    [row] = dealer.inventory()
    assert (row["description"], row["category"]) == ("", "Uncategorized")
    assert (row["quantity"], row["unit_price"], row["price_tier_1"]) == (0, None, None)
    assert (row["keyword_version"], row["keywords_generated_at"] is not None) == ("kw_v1", True)


async def test_absent_cells_leave_what_is_there_and_the_words_that_find_it(queue, dealer):
    dealer.insert_job(dealer.records(2))
    job = await dealer.claim(queue)
    full = item(1, "A", description="Galvanized", category="Fasteners", quantity=5, unit_price=100)
    full["search_keywords"] = "fasteners,galvanized,item"
    await apply(queue, job.run_id, 1, 1, [full])
    partial = item(2, "A", unit_price=0)
    partial["search_keywords"] = "item,uncategorized,uncategorizeds"
    await apply(queue, job.run_id, 2, 2, [partial])
    [row] = dealer.inventory()
    assert (row["name"], row["unit_price"], row["quantity"]) == ("Item 2", 0, 5)
    assert (row["description"], row["category"]) == ("Galvanized", "Fasteners")
    assert row["search_keywords"] == ["fasteners", "galvanized", "item"]


async def test_an_unchanged_item_is_not_written(queue, dealer):
    dealer.insert_job(dealer.records(4))
    job = await dealer.claim(queue)
    await apply(queue, job.run_id, 1, 2, [item(1, "A", quantity=1), item(2, "B", quantity=1)])
    before = {row["sku"]: row["xmin"] for row in dealer.inventory("xmin::text, *")}
    result = await apply(
        queue,
        job.run_id,
        3,
        4,
        [
            item(3, "A", quantity=1, name="Item 1"),
            item(4, "B", quantity=2, name="Item 2"),
        ],
    )
    after = {row["sku"]: row["xmin"] for row in dealer.inventory("xmin::text, *")}
    assert (result.created, result.updated, result.failed) == (0, 2, 0)
    assert after["A"] == before["A"]
    assert after["B"] != before["B"]


async def test_ids_are_uuids_inside(queue, dealer):
    dealer.insert_job(dealer.records(1))
    job = await dealer.claim(queue)
    assert isinstance(job.run_id, UUID)


@pytest.mark.parametrize(
    ("file_data", "told"),
    [
        pytest.param(
            {"records": [], "mapping": {"Item #": "sku"}},
            ({"Item #": "sku"}, None, {}, False),
            id="records",
        ),
        pytest.param(
            {"source": {"bucket": "imports", "path": "o/a.csv"}, "options": {"dry_run": True}},
            (None, {"bucket": "imports", "path": "o/a.csv"}, {"dry_run": True}, True),
            id="a file, to be rehearsed",
        ),
        pytest.param({"options": {"dry_run": "true"}}, (None, None, {"dry_run": "true"}, False),
                     id="dry_run that is no boolean"),
        pytest.param({"options": [True], "source": "x", "mapping": 7}, (None, None, {}, False),
                     id="no objects"),
        pytest.param({"mapping": {"A": "x" * 1_100_000}}, ({}, None, {}, False),
                     id="larger than any mapping"),
    ],
)  # fmt: skip
async def test_a_claim_tells_what_file_data_says_beside_the_records(queue, dealer, file_data, told):
    dealer.insert_job(None, file_data=file_data)
    job = await dealer.claim(queue)
    assert (job.mapping, job.source, job.options, job.dry_run) == told
    assert dealer.runs(job.job_id)[0]["dry_run"] == told[3]


# What a run begins with.


async def begin(queue, run_id, row_count=2, version="v1", **changes):
    given = {"mapping": {"Item #": "sku"}, "notes": ["Read as UTF-8."]} | changes
    return await queue.begin(run_id, Begun(row_count, *given.values(), version))


async def test_a_run_keeps_what_it_began_with(queue, dealer):
    job_id = dealer.insert_job(dealer.records(3))
    job = await dealer.claim(queue)
    for _ in range(2):  # the first answer was lost
        assert await begin(queue, job.run_id) == "processing"
    [run] = dealer.runs(job_id)
    assert (run["row_count"], run["mapping"]) == (2, {"Item #": "sku"})
    assert (run["notes"], run["source_version"]) == (["Read as UTF-8."], "v1")
    assert dealer.job(job_id)["progress"] == {"current": 0, "total": 2, "percent": 0}
    await apply(queue, job.run_id, 1, 2)
    result = await queue.finish(job.run_id, "completed")
    assert (result.created, result.unprocessed) == (2, 0)


async def test_a_run_begins_with_what_was_applied_before(queue, dealer):
    job_id = dealer.insert_job(None, file_data={"source": {}})
    old = await dealer.claim(queue)
    await begin(queue, old.run_id, 3)
    await apply(queue, old.run_id, 1, 2)
    await queue.release(old.run_id)
    dealer.execute("update scheduled_jobs set progress = null where id = %s", job_id)
    new = await dealer.claim(queue)
    await begin(queue, new.run_id, 3)
    assert dealer.job(job_id)["progress"] == {"current": 2, "total": 3, "percent": 66}


async def test_beginning_touches_the_job_row_only_for_another_total(queue, dealer):
    job_id = dealer.insert_job(dealer.records(2))
    job = await dealer.claim(queue)
    version = "select xmin::text from scheduled_jobs where id = %s"
    before = dealer.scalar(version, job_id)
    await begin(queue, job.run_id, 2)
    assert dealer.scalar(version, job_id) == before


@pytest.mark.parametrize(
    ("applied", "changes", "refused"),
    [
        pytest.param(1, {"version": "v2"}, True, id="another version"),
        pytest.param(1, {"row_count": 3}, True, id="other rows"),
        pytest.param(1, {"version": None}, True, id="no version any more"),
        pytest.param(1, {"notes": [], "mapping": {}}, False, id="the same file"),
        pytest.param(0, {"version": "v2", "row_count": 3}, False, id="nothing was applied yet"),
    ],
)
async def test_a_file_that_changed_between_two_attempts(queue, dealer, applied, changes, refused):
    dealer.insert_job(None, file_data={"source": {}})
    old = await dealer.claim(queue)
    await begin(queue, old.run_id)
    if applied:
        await apply(queue, old.run_id, 1, applied)
    dealer.expire_lease(old.run_id)
    # One that died before it had counted says nothing of the file.
    dealer.expire_lease((await dealer.claim(queue)).run_id)
    new = await dealer.claim(queue)
    if refused:
        for _ in range(2):
            with pytest.raises(JobRefusedError, match=r"The file changed .* upload it again\."):
                await begin(queue, new.run_id, **changes)
    else:
        await begin(queue, new.run_id, **changes)
        assert await begin(queue, new.run_id, **changes) == "processing"


async def test_only_a_live_run_begins(queue, dealer):
    job_id = dealer.insert_job(dealer.records(2))
    old = await dealer.claim(queue)
    dealer.expire_lease(old.run_id)
    new = await dealer.claim(queue)
    with pytest.raises(RunLostError):
        await begin(queue, old.run_id)
    dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", job_id)
    with pytest.raises(JobCancelledError):
        await begin(queue, new.run_id)
    with pytest.raises(RunLostError):
        await begin(queue, uuid4())
    assert {run["begun_at"] for run in dealer.runs(job_id)} == {None}


# Errors.


async def test_errors_bear_the_number_that_the_user_sees(queue, dealer):
    dealer.insert_job(None, file_data={"source": {}})
    job = await dealer.claim(queue)
    await begin(queue, job.run_id, 3)
    broken = item(2, quantity=3_000_000_000, file_row=9)
    await queue.apply_batch(
        "apply_inventory_batch", job.run_id, range(1, 4), [item(1, file_row=7), broken],
        [RowError(3, 12, "name", "name is missing", {"sku": "A"})],
    )  # fmt: skip
    assert [(e["row_number"], e["row"]) for e in dealer.errors()] == [
        (9, broken),
        (12, {"sku": "A"}),
    ]


async def test_a_refused_record_is_found_by_the_number_that_the_user_sees(queue, dealer):
    records = dealer.records(4)
    dealer.insert_job(records)
    job = await dealer.claim(queue)
    # The first two were blank and are not counted.
    await begin(queue, job.run_id, 2)
    broken = item(2, quantity=3_000_000_000, file_row=4)
    await apply(queue, job.run_id, 1, 2, [item(1, file_row=3), broken])
    [error] = dealer.errors()
    assert (error["row_number"], error["row"]) == (4, records[3])


async def test_at_most_10_000_errors_of_a_job_are_kept(queue, dealer):
    job_id = dealer.insert_job(None, file_data={"source": {}})
    job = await dealer.claim(queue)
    await begin(queue, job.run_id, 12_000)
    for first in (1, 4001, 8001):
        errors = [refused(number) for number in range(first, first + 4000)]
        await apply(queue, job.run_id, first, first + 3999, [], errors)
    assert len(dealer.errors()) == 10_000
    # Batches in flight at once have looked before they wrote.
    dealer.execute(
        "insert into import_errors (job_id, row_number, organization_id, message)"
        " select %s, n, %s, 'too many' from generate_series(20001, 20050) n",
        job_id,
        dealer.organization_id,
    )
    result = await queue.finish(job.run_id, "completed")
    assert result.failed == 12_000
    assert [error["row_number"] for error in dealer.errors()] == list(range(1, 10_001))
    assert dealer.job(job_id)["error_message"].splitlines()[-1] == "… and 11990 more"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        pytest.param("a\x1b[31m\t b", "a [31m b", id="control characters"),
        pytest.param("name \u202egnp.exe\u2066 x", "name gnp.exe x", id="turned around"),
        pytest.param("x" * 500, "x" * 299 + "…", id="too long"),
        pytest.param("first\r\nsecond\n" + "y" * 300, "first\nsecond\n" + "y" * 300, id="lines"),
    ],
)  # fmt: skip
async def test_a_message_is_fit_to_be_read(queue, dealer, message, shown):
    job_id = dealer.insert_job(dealer.records(1))
    job = await dealer.claim(queue)
    await queue.finish(job.run_id, "failed", message)
    assert dealer.job(job_id)["error_message"] == shown


async def test_an_error_takes_one_line_of_the_message(queue, dealer):
    job_id = dealer.insert_job(dealer.records(2))
    job = await dealer.claim(queue)
    errors = [RowError(n, n, "name", f"name\nis\x07 {'long ' * 90}", {}) for n in (1, 2)]
    await apply(queue, job.run_id, 1, 2, [], errors)
    await queue.finish(job.run_id, "completed")
    _, first, second = dealer.job(job_id)["error_message"].splitlines()
    assert first.startswith("Row 1: name is long long")
    assert second.startswith("Row 2: name is long long")
    assert len(first) == len(second) == 300


@pytest.mark.parametrize("outcome", ["completed", "failed"])
async def test_the_run_says_where_its_refused_rows_lie(queue, dealer, outcome):
    job_id = dealer.insert_job(dealer.records(1))
    job = await dealer.claim(queue)
    await apply(queue, job.run_id, 1, 1, [], [refused(1)])
    await queue.finish(job.run_id, outcome, None, "org/failed/1.csv")
    await queue.finish(job.run_id, outcome)  # the answer was lost, and what it said
    assert [run["failed_rows_path"] for run in dealer.runs(job_id)] == ["org/failed/1.csv"]


# Rehearsals.


async def test_a_rehearsal_counts_and_writes_nothing(queue, dealer):
    job_id = dealer.insert_job(None, file_data={"source": {}, "options": {"dry_run": True}})
    job = await dealer.claim(queue)
    dealer.execute(
        "insert into inventory (organization_id, sku, name) values (%s, 'A', 'Old')",
        dealer.organization_id,
    )
    before = dealer.inventory()
    await begin(queue, job.run_id, 1205)
    broken = item(4, quantity=3_000_000_000)
    rows = [item(1, "A"), item(2), {"row_number": 3, "superseded_by": 9}, broken]
    for _ in range(2):
        result = await apply(queue, job.run_id, 1, 5, rows, [refused(5)])
        assert (result.created, result.updated, result.failed) == (1, 2, 2)
    await apply(queue, job.run_id, 6, 1205)
    result = await queue.finish(job.run_id, "completed")
    assert (result.created, result.updated, result.failed) == (1201, 2, 2)
    assert await queue.finish(job.run_id, "completed") == result
    assert dealer.inventory() == before
    row = dealer.job(job_id)
    assert (row["status"], row["record_count"]) == ("completed", 0)
    assert row["error_message"].splitlines() == [
        "Rehearsal: nothing was written. 1,201 rows would be created, 2 updated and 2 refused.",
        "Row 4: a number is too large",
        "Row 5: name is missing",
    ]
    assert [error["row_number"] for error in dealer.errors()] == [4, 5]


@pytest.mark.parametrize(
    ("data_type", "row"),
    [
        ("inventory", {"sku": "A", "name": "A", "search_keywords": ""}),
        ("contacts", {"name": "A"}),
        ("bids", {"client_name": "A", "project_name": "A"}),
    ],
)
async def test_every_data_type_can_be_rehearsed(queue, dealer, data_type, row):
    job_id = dealer.insert_job([{}], data_type=data_type, file_data={
        "records": [{}], "options": {"dry_run": True}})  # fmt: skip
    job = await dealer.claim(queue)
    result = await queue.apply_batch(
        f"apply_{data_type}_batch", job.run_id, range(1, 2), [row | {"row_number": 1}], []
    )
    assert (result.created, result.updated, result.failed) == (1, 0, 0)
    await queue.finish(job.run_id, "completed")
    count = f"select count(*) from {data_type} where organization_id = %s"  # noqa: S608
    assert dealer.scalar(count, dealer.organization_id) == 0
    assert dealer.job(job_id)["error_message"] == (
        "Rehearsal: nothing was written. 1 rows would be created, 0 updated and 0 refused."
    )


async def test_a_rehearsal_that_fails_says_why_and_repeats_as_any_other(queue, dealer):
    job_id = dealer.insert_job(
        None,
        file_data={"source": {}, "options": {"dry_run": True}},
        repeat_type="daily",
    )
    job = await dealer.claim(queue)
    await queue.finish(job.run_id, "failed", "The file is broken.")
    row = dealer.job(job_id)
    assert (row["status"], row["error_message"]) == ("failed", "The file is broken.")
    assert row["record_count"] == 0
    again = dealer.scalar(
        "select file_data from scheduled_jobs where organization_id = %s and status = 'pending'",
        dealer.organization_id,
    )
    assert again["options"] == {"dry_run": True}


async def test_a_worker_of_an_earlier_release_is_given_imports_alone(queue, make_dealer):
    """It would take an export for an import without rows, and fail it."""
    asked = {
        "import": {"records": []},
        "preview": {"records": [], "options": {"preview": True}},
        "undo": {"undo": {"job_ids": []}},
        "export": {"export_options": {}},
    }
    assert tuple(asked) == KINDS
    jobs = {}
    for kind, file_data in asked.items():
        dealer = make_dealer()
        job_type = "export" if kind == "export" else "import"
        jobs[kind] = dealer.insert_job(
            None, file_data=file_data, job_type=job_type, scheduled_in=-1000
        )
    earlier = {"worker_id": "earlier", "lease_seconds": 60, "max_jobs": 50,
               "orphan_after_seconds": 900, "held": None}  # fmt: skip
    [answer] = dealer.connection.execute(
        "select claim_import_jobs({})".format(", ".join(f"{a} => %({a})s" for a in earlier)),
        earlier,
    ).fetchone().values()  # fmt: skip
    ours = set(map(str, jobs.values()))
    assert {job["job_id"] for job in answer["jobs"]} & ours == {str(jobs["import"])}
    claim = await queue.claim(50, 900)
    assert {job.job_id: job.kind for job in claim.jobs if str(job.job_id) in ours} == {
        jobs[kind]: kind for kind in ("preview", "undo", "export")
    }


async def test_a_new_dealer_in_a_full_table_costs_no_more_than_an_old_one(
    queue, make_dealer, database
):
    """What the planner knows of a table may be an hour old: then it has never heard of a dealer."""
    fill = (
        "insert into inventory (organization_id, name, sku)"
        " select %s, 'Item ' || n, 'OLD-' || n from generate_series(1, %s) n"
    )
    old, new = make_dealer(), make_dealer()
    old.execute(fill, old.organization_id, 20_000)
    database.execute("analyze inventory")
    new.execute(fill, new.organization_id, 2_000)
    new.insert_job(new.records(100))
    job = await new.claim(queue)
    with database.transaction():
        database.execute(
            "select apply_inventory_batch(%s, 1, 100, %s, '[]')",
            [job.run_id, Jsonb([item(number) for number in range(1, 101)])],
        )
        read = database.execute(
            "select idx_tup_fetch from pg_stat_xact_user_tables where relname = 'inventory'"
        ).fetchone()["idx_tup_fetch"]
    # Each of 100 items by its SKU; by the organization alone it would be 200,000.
    assert read < 2_000
