"""The listener beside a real queue: healthy jobs raise no alarm, a deaf server does."""

import asyncio
import contextlib
import math
import time

import pytest

from devstack.faults import Faults, HttpRule
from worker import announcements, listener
from worker.exceptions import DatabaseUnavailableError
from worker.listener import Listener, ListenerState

# The official client asks for it when a socket breaks.
pytestmark = pytest.mark.filterwarnings("ignore:ConnectionClosed:DeprecationWarning")

CLAIM = "rpc/claim_import_jobs"


@pytest.fixture
def missed(monkeypatch):
    """The jobs that were logged as missed."""
    jobs = []
    monkeypatch.setattr(
        announcements.log, "warning", lambda _event, **fields: jobs.append(fields["job_id"])
    )
    return jobs


@pytest.fixture
def soon_back(monkeypatch):
    monkeypatch.setattr(listener, "_LONGEST_BACKOFF_SECONDS", 0.1)


@pytest.fixture
def deaf(stack, monkeypatch):
    """A deaf server, judged soon. What comes from any other may be as late as ever."""

    @contextlib.contextmanager
    def while_it_is(*rules):
        with stack.faults.injected(Faults(http=rules, realtime="deaf")), monkeypatch.context() as m:
            m.setattr(announcements, "_EVENT_WITHIN_SECONDS", 0.3)
            m.setattr(announcements, "_SEEN_WITHIN_SECONDS", 0.2)
            yield

    return while_it_is


@pytest.fixture
async def ears(stack, queue):
    """A live listener of a worker that polls and whose imports take no time."""
    wake = asyncio.Event()
    ears = Listener(stack.url, stack.keys.secret, wake.set)

    async def work():
        while True:
            wake.clear()
            asked_at = time.monotonic()
            try:
                claim = await queue.claim(50, orphan_after_seconds=900)
            except DatabaseUnavailableError:
                ears.suspect_outage()
            else:
                ears.check(claim, asked_at)
                for job in claim.jobs:
                    await queue.finish(job.run_id, "failed", "This test imports nothing.")
                    wake.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await wake.wait()

    tasks = [asyncio.create_task(part) for part in (ears.listen(), work())]
    try:
        await until(lambda: ears.state is ListenerState.LIVE)
        yield ears
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def until(condition):
    async with asyncio.timeout(180):
        while not condition():
            await asyncio.sleep(0.01)


async def test_sixty_jobs_as_the_crm_inserts_them_raise_no_alarm(ears, make_dealer, missed):
    dealers = [make_dealer() for _ in range(4)]
    jobs = []
    for number in range(60):
        dealer = dealers[number % 4]
        due_in = (-1, 1, 2)[number % 3]
        jobs.append(str(dealer.insert_job(dealer.records(1), scheduled_in=due_in)))
        await asyncio.sleep(0.02)
    unfinished = "select count(*) from scheduled_jobs where completed_at is null"
    heard = ears._announcements  # noqa: SLF001
    await until(lambda: dealers[0].scalar(unfinished) == 0 and heard.next_judgement is None)
    assert heard._settled.keys() >= set(jobs)  # noqa: SLF001
    assert (missed, ears.times_deaf) == ([], 0)


@pytest.mark.usefixtures("soon_back")
@pytest.mark.parametrize("due_in", [-1, 600], ids=["immediate", "scheduled"])
async def test_a_deaf_server_is_noticed_at_the_second_job(ears, deaf, dealer, missed, due_in):
    with deaf():
        first = dealer.insert_job(dealer.records(1), scheduled_in=due_in)
        await until(lambda: missed)
        assert ears.times_deaf == 0
        second = dealer.insert_job(dealer.records(1), scheduled_in=due_in)
        await until(lambda: ears.times_deaf)
        noticed_at = time.monotonic()
    assert missed == [str(first), str(second)]
    # What is due in ten minutes gave it away before anybody claimed it.
    expected = "failed" if due_in < 0 else "pending"
    assert [dealer.job(job)["status"] for job in (first, second)] == [expected] * 2
    await until(lambda: noticed_at < ears._live_since < math.inf)  # noqa: SLF001
    heard = str(dealer.insert_job(dealer.records(1), scheduled_in=600))
    await until(lambda: heard in ears._announcements._settled)  # noqa: SLF001
    assert heard not in missed


@pytest.mark.usefixtures("soon_back")
async def test_after_an_outage_the_first_job_is_enough(ears, stack, deaf, dealer, missed):
    before = str(dealer.insert_job(dealer.records(1), scheduled_in=600))
    await until(lambda: before in ears._announcements._settled)  # noqa: SLF001
    away = HttpRule(CLAIM, "status", count=2)
    with deaf(away):
        await until(lambda: stack.faults.get()[1].injected.get("status", 0) >= 2)
        # It is claimed after the outage, and was announced before it: that proves nothing.
        dealer.execute("update scheduled_jobs set scheduled_time = now() where id = %s", before)
        await until(lambda: dealer.job(before)["status"] == "failed")
        job = dealer.insert_job(dealer.records(1))
        await until(lambda: ears.times_deaf)
    assert missed == [str(job)]


@pytest.mark.usefixtures("soon_back")
async def test_a_table_that_is_not_published_is_told(ears, stack, database):
    table = "public.scheduled_jobs"
    database.execute(f"alter publication supabase_realtime drop table {table}")
    try:
        assert stack.faults.drop_sockets() == 1
        await until(
            lambda: ears.trouble and "Please check Realtime is enabled" in ears.trouble.said
        )
        assert ears.trouble.advice == (
            "the publication supabase_realtime lacks the table scheduled_jobs: apply the migrations"
        )
    finally:
        database.execute(f"alter publication supabase_realtime add table {table}")
    await until(lambda: ears.state is ListenerState.LIVE)
    assert ears.trouble is None
