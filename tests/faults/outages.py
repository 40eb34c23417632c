"""What stands between a worker and its data: away, slow, refusing, forgetful."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from devstack.faults import HttpRule
from tests.faults.scenario import APPLY, Scenario, hold
from tests.faults.waiting import wait_until
from tests.faults.workers import BATCH_SIZE

_BRIEFLY = (0.2, 0.7)  # seconds that an outage lasts in the short form


@contextmanager
def jobs_under_way(scenario: Scenario, rows: int = 160) -> Iterator[None]:
    """Have two workers and jobs in the middle: batches are held until the faults change."""
    scenario.ground.fleet.ensure(2)
    organizations = [scenario.organization() for _ in range(3)]
    with scenario.faults(hold(skip=3)):
        for organization in organizations:
            scenario.job(organization, rows)
            scenario.job(organization, 30, scheduled_in=0.01, again=10)
        scenario.wait_until_held(4)
        yield


@contextmanager
def statements_under_way(scenario: Scenario) -> Iterator[None]:
    """Let the batches that are held go on as far as into the database, and wait there for a lock.

    Whatever dies then dies under a statement.
    """
    waiting = "select count(*) from pg_locks where not granted and relation = 'inventory'::regclass"
    blocker = psycopg.connect(scenario.ground.stack.db_url)
    try:
        blocker.execute("lock table inventory in share mode")
        scenario.change_faults()
        if not wait_until(lambda: scenario.ground.database.scalar(waiting)):
            scenario.problems.append("no batch came to the database")
        yield
    finally:
        blocker.close()


def _part(name: str, which: signal.Signals, away: tuple[float, float]) -> Callable:
    def outage(scenario: Scenario) -> None:
        stack = scenario.ground.stack
        for _ in range(scenario.size(1, 6)):
            with jobs_under_way(scenario, scenario.size(250, 1000)):
                with statements_under_way(scenario):
                    stack.kill_part(name, which)
                scenario.pause(*(_BRIEFLY if scenario.ground.short else away))
                stack.start_part(name)
                scenario.hit()
            scenario.settle()

    return outage


# "fast" (SIGINT) is what a restart does: sessions end, then it writes what is to be written.
postgres_restarted = _part("postgres", signal.SIGINT, (0.0, 1.0))
postgres_killed = _part("postgres", signal.SIGKILL, (0.0, 1.0))
postgrest_down = _part("postgrest", signal.SIGKILL, (0.5, 4.0))


def _refusal(rule: HttpRule) -> Callable:
    """Do it to one call after another, so many that runs meet it again when they try again."""

    def refusal(scenario: Scenario) -> None:
        for _ in range(scenario.size(1, 4)):
            enough = scenario.struck(rule.action) + scenario.chance.randint(
                *scenario.size((4, 8), (8, 30))
            )
            with jobs_under_way(scenario):
                scenario.change_faults(rule)
                if not wait_until(lambda n=enough: scenario.struck(rule.action) >= n):
                    scenario.problems.append("the fault did not meet enough calls")
                scenario.hit()
            scenario.settle()

    return refusal


postgrest_slow = _refusal(HttpRule("/rest/v1/rpc/", "delay", delay_ms=800))
answers_503 = _refusal(HttpRule("/rest/v1/rpc/", "status", status=503))
answers_502_html = _refusal(
    HttpRule("/rest/v1/rpc/", "status", status=502, body="<html>Bad gateway</html>")
)
answers_429 = _refusal(HttpRule("/rest/v1/rpc/", "status", status=429, retry_after=1))
connections_dropped = _refusal(HttpRule("/rest/v1/", "drop"))


def answers_lost(scenario: Scenario) -> None:
    """Apply calls and lose their answers: each function of the protocol."""
    for _ in range(scenario.size(1, 4)):
        _lose_claim(scenario)
        _lose_inside_a_run(scenario)
        _lose_short_jobs(scenario)
        _lose_release(scenario)
        scenario.ground.fleet.ensure(2)
        scenario.settle()


def _lose_claim(scenario: Scenario) -> None:
    """Lose the answer that a job came with; empty ones get lost on the way to it."""
    scenario.ground.fleet.ensure(2)
    with scenario.faults(HttpRule("rpc/claim_import_jobs", "lose_answer")):
        job = scenario.job(scenario.organization(), 60)
        if not wait_until(lambda: scenario.status(job) == "processing"):
            scenario.problems.append("nobody claimed the job whose claim was to be lost")
    scenario.hit()
    wait_until(lambda: scenario.is_over(job))


def _lose_inside_a_run(scenario: Scenario) -> None:
    times = scenario.chance.choice((1, 2, 3))  # a retry's answer may be lost as well
    in_the_middle = ("rpc/read_job_records", APPLY, "rpc/report_progress")
    # The other batches are held until there was a progress report, which comes with time.
    with scenario.faults(*(_lose(path, times) for path in in_the_middle), hold()):
        enough = scenario.struck("lose_answer") + times * len(in_the_middle)
        jobs = [scenario.job(scenario.organization(), 400) for _ in range(3)]
        _expect_lost(scenario, enough)
        scenario.change_faults(_lose("rpc/finish_import", times))
        _expect_lost(scenario, enough + times)
    scenario.hit()
    scenario.injected += times * (len(in_the_middle) + 1) - 1
    wait_until(lambda: all(map(scenario.is_over, jobs)))


def _lose_short_jobs(scenario: Scenario) -> None:
    """Lose the answer that several short jobs share."""
    scenario.ground.fleet.ensure(2)
    enough = scenario.struck("lose_answer") + 2
    with scenario.faults(_lose("rpc/import_short_jobs", 2)):
        jobs = [scenario.job(scenario.organization(), BATCH_SIZE) for _ in range(4)]
        _expect_lost(scenario, enough)
    scenario.hit()
    wait_until(lambda: all(map(scenario.is_over, jobs)))


def _lose_release(scenario: Scenario) -> None:
    """SIGTERM, and the answer to the release is lost: the repeated one must find it done."""
    fleet = scenario.ground.fleet
    fleet.ensure(2)
    enough = scenario.struck("lose_answer") + 1
    with scenario.faults(hold(skip=1)):
        scenario.job(scenario.organization(), 1500)
        scenario.wait_until_held()
        workers = fleet.alive
        for worker in workers:
            worker.send(signal.SIGTERM, 0)
        wait_until(lambda: all(worker.lines("worker_stopping") for worker in workers))
        scenario.change_faults(_lose("rpc/release_import", 1))
        for worker in workers:
            fleet.expect_to_leave(worker)
        _expect_lost(scenario, enough)
    scenario.hit()


def _lose(path: str, times: int) -> HttpRule:
    return HttpRule(path, "lose_answer", count=times)


def _expect_lost(scenario: Scenario, enough: int) -> None:
    if not wait_until(lambda: scenario.struck("lose_answer") >= enough):
        missing = enough - scenario.struck("lose_answer")
        scenario.problems.append(f"{missing} answers that were to be lost were not asked for")
