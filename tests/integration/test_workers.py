"""Whether anybody is there: what workers say of themselves, and what users are told of it."""

from dataclasses import replace

import httpx
import pytest

from worker.connection import connect
from worker.presence import Presence
from worker.queue import JobQueue

PRESENCE = Presence("1.2.3", "dyno", "live", times_deaf=0, concurrency=2, runs=0)


@pytest.fixture
def workers(database):
    """No worker's row but those that the test writes."""
    database.execute("delete from import_workers")
    yield lambda: database.execute("select * from import_workers order by started_at").fetchall()
    database.execute("delete from import_workers")


@pytest.fixture
def status(stack, dealer):
    """The view, as a user reads it."""

    def read(token=None):
        answer = httpx.get(
            f"{stack.url}/rest/v1/import_service_status",
            headers={
                "apikey": stack.keys.publishable,
                "Authorization": f"Bearer {token or dealer.creator_token}",
            },
        )
        [row] = answer.raise_for_status().json()
        return row

    return read


async def test_a_worker_has_one_row(queue, workers):
    assert await queue.report_worker(PRESENCE, is_stopping=False) == 1
    [first] = workers()
    assert (first["id"], first["version"], first["host"]) == ("test-worker", "1.2.3", "dyno")
    assert (first["alive_until"] - first["last_seen_at"]).total_seconds() == 90
    changed = replace(PRESENCE, listener="down", runs=2, times_deaf=1)
    assert await queue.report_worker(changed, is_stopping=False) == 1
    [second] = workers()
    assert (second["listener"], second["runs"], second["times_deaf"]) == ("down", 2, 1)
    assert second["started_at"] == first["started_at"]
    assert second["last_seen_at"] > first["last_seen_at"]
    assert second["stopped_at"] is None


async def test_a_worker_that_stops_is_gone_at_once(queue, workers, status):
    await queue.report_worker(PRESENCE, is_stopping=False)
    assert await queue.report_worker(PRESENCE, is_stopping=True) == 0
    [row] = workers()
    assert row["stopped_at"] == row["alive_until"] == row["last_seen_at"]
    assert status()["is_alive"] is False


async def test_rows_of_dead_workers_go_after_a_day(stack, queue, workers, database):
    async with connect(stack.url, stack.keys.secret, for_calls=True) as client:
        await JobQueue(client, "other", 60).report_worker(PRESENCE, is_stopping=True)
    database.execute("update import_workers set alive_until = now() - interval '23 hours'")
    await queue.report_worker(PRESENCE, is_stopping=False)
    assert {row["id"] for row in workers()} == {"other", "test-worker"}
    database.execute(
        "update import_workers set alive_until = now() - interval '25 hours' where id = 'other'"
    )
    await queue.report_worker(PRESENCE, is_stopping=False)
    assert [row["id"] for row in workers()] == ["test-worker"]


async def test_users_are_told_whether_a_worker_is_alive(queue, workers, status, database):
    assert status() == {"is_alive": False, "since": None, "oldest_due_seconds": None}
    await queue.report_worker(PRESENCE, is_stopping=False)
    [row] = workers()
    assert status()["is_alive"] is True
    started = database.execute("select %s::timestamptz as t", [status()["since"]]).fetchone()["t"]
    assert started == row["started_at"]
    # It was killed: it says nothing any more, and 90 seconds pass.
    database.execute("""
        update import_workers set last_seen_at = last_seen_at - interval '91 seconds',
          alive_until = alive_until - interval '91 seconds'
    """)
    [row] = workers()
    told = status()
    assert told["is_alive"] is False
    since = database.execute("select %s::timestamptz as t", [told["since"]]).fetchone()["t"]
    assert since == row["last_seen_at"]


@pytest.mark.usefixtures("workers")
def test_each_organization_is_told_of_its_own_oldest_job(make_dealer, status):
    mine, other = make_dealer(), make_dealer()
    other.insert_job([{}], scheduled_in=-5000)
    mine.insert_job([{}], scheduled_in=3600)
    mine.insert_job([{}], scheduled_in=-5000, status="completed")
    mine.insert_job(None, scheduled_in=-60, job_type="export", created_by=mine.creator_id)
    assert status(mine.creator_token)["oldest_due_seconds"] is None
    for seconds in (-30, -100, -10):
        job = mine.insert_job([{}], scheduled_in=seconds)
        mine.execute("update scheduled_jobs set created_at = scheduled_time where id = %s", job)
    assert 100 <= status(mine.colleague_token)["oldest_due_seconds"] < 1000


@pytest.mark.usefixtures("workers")
def test_a_job_that_was_due_before_it_was_inserted_waits_since_its_insert(dealer, status):
    dealer.insert_job([{}], scheduled_in=-5000)
    assert 0 <= status()["oldest_due_seconds"] < 1000
