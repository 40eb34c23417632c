"""What operators do to jobs, and what they are told: what is behind `python -m worker jobs`."""

from uuid import uuid4

import pytest

from worker.exceptions import JobRefusedError, RequestRefusedError, RunLostError
from worker.job import Begun, RowError
from worker.operating.desk import Desk, Filters, in_words, shown
from worker.operating.words import some, span
from worker.presence import Presence


@pytest.fixture
def desk(service_client):
    return Desk(service_client)


@pytest.fixture
def log(dealer):
    yield lambda: [
        (row["operator"], row["action"], row["status_before"], row["status_after"])
        for row in dealer.connection.execute(
            "select * from import_operations where organization_id = %s order by at",
            [dealer.organization_id],
        )
    ]
    dealer.execute(
        "delete from import_operations where organization_id = %s", dealer.organization_id
    )


async def applied(queue, job, count=1):
    rows = [
        {"row_number": n, "sku": f"S{n}", "name": "x", "search_keywords": ""}
        for n in range(1, count + 1)
    ]
    await queue.apply_batch("apply_inventory_batch", job.run_id, range(1, count + 1), rows, [])


async def test_cancel(desk, dealer, queue, log):
    job_id = dealer.insert_job([{}, {}])
    job = await dealer.claim(queue)
    await applied(queue, job)
    assert await desk.operate(job_id, "cancel", "ann") == "cancelled"
    assert await queue.report_progress(job.run_id, None) == "cancelled"
    await queue.finish(job.run_id, "cancelled")
    assert dealer.job(job_id)["completed_at"] is not None
    assert len(dealer.inventory()) == 1
    with pytest.raises(JobRefusedError, match="The job is over: it is cancelled"):
        await desk.operate(job_id, "cancel", "ann")
    assert log() == [("ann", "cancel", "processing", "cancelled")]


async def test_release_takes_a_job_from_its_worker(desk, dealer, queue, log):
    job_id = dealer.insert_job([{}, {}])
    job = await dealer.claim(queue)
    await applied(queue, job)
    assert await desk.operate(job_id, "release", "ann") == "pending"
    with pytest.raises(RunLostError):
        await queue.report_progress(job.run_id, None)
    again = await dealer.claim(queue)
    # It goes on where the other one stopped, and nobody's fault is counted.
    assert (again.applied, again.attempt) == ((range(1, 2),), 1)
    assert log() == [("ann", "release", "processing", "pending")]


async def test_release_of_a_job_that_a_browser_left(desk, dealer, queue):
    job_id = dealer.insert_job([{}], status="processing")
    assert await desk.operate(job_id, "release", "ann") == "pending"
    assert (await dealer.claim(queue)).job_id == job_id


async def test_retry_of_a_failed_job_begins_anew(desk, dealer, queue, log):
    job_id = dealer.insert_job([{"sku": "A"}])
    job = await dealer.claim(queue)
    error = RowError(1, 1, None, "no name", {"sku": "A"})
    await queue.apply_batch("apply_inventory_batch", job.run_id, range(1, 2), [], [error])
    await queue.finish(job.run_id, "completed")
    assert dealer.job(job_id)["status"] == "failed"
    assert await desk.operate(job_id, "retry", "bob") == "pending"
    row = dealer.job(job_id)
    assert (row["error_message"], row["completed_at"], row["progress"]) == (None, None, None)
    assert dealer.errors() == []
    again = await dealer.claim(queue)
    assert again.job_id == job_id
    await queue.apply_batch("apply_inventory_batch", again.run_id, range(1, 2), [], [error])
    await queue.finish(again.run_id, "completed")
    assert len(dealer.errors()) == 1
    assert log() == [("bob", "retry", "failed", "pending")]


async def test_retry_of_a_job_that_waits_for_another_try(desk, dealer, queue, log):
    job_id = dealer.insert_job([{}])
    job = await dealer.claim(queue)
    await queue.release(job.run_id, retry_in=600)
    assert await desk.operate(job_id, "retry", "bob") == "pending"
    assert (await dealer.claim(queue)).job_id == job_id
    assert log() == [("bob", "retry", "pending", "pending")]


async def test_bids_are_not_inserted_twice(desk, dealer, queue, log):
    job_id = dealer.insert_job([{}, {}], data_type="bids")
    job = await dealer.claim(queue)
    bid = {"row_number": 1, "client_name": "Ann", "project_name": "Deck"}
    await queue.apply_batch("apply_bids_batch", job.run_id, range(1, 2), [bid], [])
    await queue.finish(job.run_id, "failed", "for this test")
    with pytest.raises(JobRefusedError, match="would be inserted twice"):
        await desk.operate(job_id, "retry", "bob")
    assert dealer.job(job_id)["status"] == "failed"
    assert log() == []


@pytest.mark.parametrize(
    ("status", "action", "message"),
    [
        ("completed", "cancel", "The job is over"),
        ("completed", "retry", "Only failed and cancelled jobs can be tried again"),
        ("pending", "retry", "waits for no other try"),
        ("pending", "release", "not being processed: it is pending"),
        ("failed", "release", "not being processed: it is failed"),
    ],
)
async def test_what_cannot_be_done_is_refused_in_words(desk, dealer, log, status, action, message):
    job_id = dealer.insert_job([{}], status=status, scheduled_in=3600)
    with pytest.raises(JobRefusedError, match=message):
        await desk.operate(job_id, action, "ann")
    assert dealer.job(job_id)["status"] == status
    assert log() == []


async def test_a_job_whose_last_run_is_ending_is_not_tried_again(desk, dealer, queue):
    job_id = dealer.insert_job([{}])
    await dealer.claim(queue)
    await desk.operate(job_id, "cancel", "ann")
    with pytest.raises(JobRefusedError, match="still ending"):
        await desk.operate(job_id, "retry", "ann")


async def test_exports_are_listed_told_of_and_ended_as_well(desk, dealer, queue, log):
    columns = {"job_type": "export", "created_by": dealer.creator_id}
    export = dealer.insert_job(None, **columns, scheduled_in=-5)
    told = await desk.job(export)
    assert told["waits"].startswith("its creator's open page")
    listed = await desk.jobs(Filters(organization_id=dealer.organization_id))
    assert [line[2] for line in shown(listed)] == ["inventory export"]
    assert await desk.operate(export, "cancel", "ann") == "cancelled"
    assert await desk.operate(export, "retry", "ann") == "pending"
    dealer.execute(
        "update scheduled_jobs set scheduled_time = now() - interval '91 seconds' where id = %s",
        export,
    )
    assert not (await desk.job(export))["waits"].startswith("its creator's open page")
    assert (await dealer.claim(queue)).job_id == export
    assert [line[1] for line in log()] == ["cancel", "retry"]


async def test_no_job_no_name_and_no_action(desk, dealer):
    with pytest.raises(JobRefusedError, match="There is no such job"):
        await desk.operate(uuid4(), "cancel", "ann")
    with pytest.raises(JobRefusedError, match="There is no such job"):
        await desk.job(uuid4())
    job_id = dealer.insert_job([{}], scheduled_in=3600)
    with pytest.raises(RequestRefusedError, match="code 23514"):
        await desk.operate(job_id, "cancel", " ")
    with pytest.raises(RequestRefusedError, match="code 22023"):
        await desk.operate(job_id, "delete", "ann")
    assert dealer.job(job_id)["status"] == "pending"


async def test_the_record_outlives_the_job(desk, dealer, log):
    job_id = dealer.insert_job([{}], scheduled_in=3600)
    await desk.operate(job_id, "cancel", "ann")
    dealer.execute("delete from scheduled_jobs where id = %s", job_id)
    assert log() == [("ann", "cancel", "pending", "cancelled")]


async def test_jobs_are_listed_by_what_is_asked_for(desk, dealer):
    for data_type, status in (
        ("inventory", "completed"),
        ("bids", "failed"),
        ("inventory", "failed"),
    ):
        dealer.insert_job([{}], data_type=data_type, status=status, file_name=f"{status}.csv")
    dealer.insert_job(None, job_type="export")
    mine = dealer.organization_id
    assert len(await desk.jobs(Filters(mine))) == 4
    failed = await desk.jobs(Filters(mine, status="failed"))
    assert [job["data_type"] for job in failed] == ["inventory", "bids"]  # the newest first
    assert len(await desk.jobs(Filters(mine, most=1))) == 1
    [bids] = await desk.jobs(Filters(mine, data_type="bids"))
    assert "file_data" not in bids
    assert shown([bids])[0][1:5] == (mine, "bids", "failed", "")


async def test_a_job_is_told_whole(desk, dealer, queue):
    job_id = dealer.insert_job([{"SKU": "A"}, {}], file_name="stock.csv")
    job = await dealer.claim(queue)
    told = await desk.job(job_id)
    assert told["waits"].startswith(f"nothing: test-worker has it (run {job.run_id})")
    await queue.begin(job.run_id, Begun(2, {"SKU": "sku"}, ["guessed"]))
    error = RowError(2, 2, "name", "name is missing", {})
    row = {"row_number": 1, "sku": "A", "name": "x", "search_keywords": ""}
    await queue.apply_batch("apply_inventory_batch", job.run_id, range(1, 3), [row], [error])
    await queue.finish(job.run_id, "completed")
    told = await desk.job(job_id)
    assert (told["waits"], told["status"]) == (None, "completed")
    [run] = told["runs"]
    assert (run["mapping"], run["notes"], run["created"]) == ({"SKU": "sku"}, ["guessed"], 1)
    assert told["errors"] == [{"row_number": 2, "message": "name is missing"}]


async def test_what_jobs_wait_for(desk, dealer, queue, database):
    database.execute("delete from import_workers")
    presence = Presence("1", "h", "live", times_deaf=0, concurrency=1, runs=0)

    async def waits(job_id):
        return (await desk.job(job_id))["waits"]

    later = dealer.insert_job([{}], scheduled_in=3600)
    assert (await waits(later)).startswith("its time, 20")
    first = dealer.insert_job([{}])
    assert (await waits(first)).startswith("a worker: none is alive (due for")
    await queue.report_worker(presence, is_stopping=False)
    try:
        assert (await waits(first)).startswith("nothing: the next look")
        database.execute("update import_workers set runs = 1")
        assert (await waits(first)).startswith("a worker with room")
        second = dealer.insert_job([{}])
        job = await dealer.claim(queue)
        assert (await waits(second)).startswith(f"job {first} of its organization")
        database.execute("update import_workers set alive_until = now()")
        assert (await waits(second)).startswith(f"the lease of run {job.run_id}")
        assert (await waits(first)).startswith(f"the lease of run {job.run_id}")
        await queue.release(job.run_id, retry_in=600)
        assert (await waits(first)).startswith("another try at 20")
        database.execute("update import_workers set alive_until = now() + interval '1 hour'")
        dealer.execute("delete from import_runs where job_id = %s", first)
        dealer.execute("update scheduled_jobs set status = 'processing' where id = %s", first)
        assert (await waits(first)).startswith("a worker to adopt it")
    finally:
        database.execute("delete from import_workers")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (59.6, "1 minute"),
        (200, "3 minutes 20 seconds"),
        (720, "12 minutes"),
        (3720, "1 hour 2 minutes"),
        (86_400 * 30, "30 days"),
    ],
)
def test_times_are_said_as_people_say_them(seconds, said):
    assert span(seconds) == said


def test_a_few_of_many():
    assert some(["a", "b"]) == "a, b"
    assert some(list("abcdefg")) == "a, b, c, d, e and 2 more"


def test_every_reason_has_words():
    told = {"until": "2026-11-26T10:00:00+00:00", "seconds": 0.0, "run_id": "r", "worker_id": "w"}
    told |= {"other_job_id": "j"}
    reasons = ("schedule", "retry", "organization", "lease", "worker", "capacity", "adoption")
    words = {in_words(told | {"reason": reason}) for reason in (*reasons, "claim", "run")}
    assert len(words) == 9
