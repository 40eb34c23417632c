"""What stands between a worker and its data: away, slow, refusing, forgetful."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from devstack.faults import HttpRule
from tests.faults.scenario import PATIENCE_SECONDS, Scenario, slow
from tests.faults.waiting import wait_until

_BRIEFLY = (0.2, 0.7)  # seconds that an outage lasts in the short form


@contextmanager
def jobs_under_way(scenario: Scenario, rows: int = 160, batch_ms: float = 60) -> Iterator[HttpRule]:
    """Have two workers and jobs in the middle; the rule that keeps batches slow enough."""
    scenario.ground.fleet.ensure(2)
    organizations = [scenario.organization() for _ in range(3)]
    before = scenario.landed_batches()
    crawl = slow(batch_ms)
    with scenario.faults(crawl):
        for organization in organizations:
            scenario.job(organization, rows)
            scenario.job(organization, 30, scheduled_in=0.01, again=10)
        scenario.wait_for_batches(before + 3)
        yield crawl


def _part(name: str, which: signal.Signals, away: tuple[float, float]) -> Callable:
    def outage(scenario: Scenario) -> None:
        stack = scenario.ground.stack
        for _ in range(scenario.size(1, 6)):
            with jobs_under_way(scenario, scenario.size(250, 1000)):
                stack.kill_part(name, which)
                scenario.pause(*(_BRIEFLY if scenario.ground.short else away))
                stack.start_part(name)
                scenario.hit()
            scenario.settle(60)

    return outage


# "fast" (SIGINT) is what a restart does: sessions end, then it writes what is to be written.
postgres_restarted = _part("postgres", signal.SIGINT, (0.0, 1.0))
postgres_killed = _part("postgres", signal.SIGKILL, (0.0, 1.0))
postgrest_down = _part("postgrest", signal.SIGKILL, (0.5, 4.0))


def _refusal(*rules: HttpRule, seconds: tuple[float, float]) -> Callable:
    def refusal(scenario: Scenario) -> None:
        for _ in range(scenario.size(1, 4)):
            with jobs_under_way(scenario):
                with scenario.faults(*rules):
                    scenario.pause(*(_BRIEFLY if scenario.ground.short else seconds))
                scenario.hit()
            scenario.settle(60)

    return refusal


postgrest_slow = _refusal(HttpRule("/rest/v1/rpc/", "delay", delay_ms=800), seconds=(1.5, 4))
answers_503 = _refusal(HttpRule("/rest/v1/rpc/", "status", status=503), seconds=(0.5, 3))
answers_502_html = _refusal(
    HttpRule("/rest/v1/rpc/", "status", status=502, body="<html>Bad gateway</html>"),
    seconds=(0.5, 3),
)
answers_429 = _refusal(
    HttpRule("/rest/v1/rpc/", "status", status=429, retry_after=1), seconds=(0.5, 3)
)
connections_dropped = _refusal(HttpRule("/rest/v1/", "drop"), seconds=(0.3, 2))


def answers_lost(scenario: Scenario) -> None:
    """Apply calls and lose their answers: each function of the protocol."""
    for _ in range(scenario.size(1, 4)):
        _lose_claim(scenario)
        _lose_inside_a_run(scenario)
        _lose_release(scenario)
        scenario.ground.fleet.ensure(2)
        scenario.settle(60)


def _lose_claim(scenario: Scenario) -> None:
    """Lose the answer that a job came with; empty ones get lost on the way to it."""
    scenario.ground.fleet.ensure(2)
    with scenario.faults(HttpRule("rpc/claim_import_jobs", "lose_answer")):
        job = scenario.job(scenario.organization(), 60)
        if not wait_until(lambda: scenario.status(job) == "processing", PATIENCE_SECONDS):
            scenario.problems.append("nobody claimed the job whose claim was to be lost")
    scenario.hit()
    wait_until(lambda: scenario.is_over(job), PATIENCE_SECONDS)


def _lose_inside_a_run(scenario: Scenario) -> None:
    functions = ("read_job_records", "apply_inventory_batch", "report_progress", "finish_import")
    times = scenario.chance.choice((1, 2, 3))  # a retry's answer may be lost as well
    lose = [HttpRule(f"rpc/{name}", "lose_answer", count=times) for name in functions]
    before = _lost(scenario)
    with scenario.faults(*lose, slow(400)):
        jobs = [scenario.job(scenario.organization(), 400) for _ in range(3)]
        everything = times * len(functions)
        # Reports of progress come by the second: as many jobs as it takes.
        while _lost(scenario) - before < everything:
            wait_until(
                lambda: _lost(scenario) - before >= everything or not scenario.unfinished(),
                PATIENCE_SECONDS,
            )
            if not scenario.unfinished():
                jobs.append(scenario.job(scenario.organization(), 400))
    scenario.hit()
    scenario.injected += everything - 1
    wait_until(lambda: all(map(scenario.is_over, jobs)), PATIENCE_SECONDS)


def _lose_release(scenario: Scenario) -> None:
    """SIGTERM, and the answer to the release is lost: the repeated one must find it done."""
    scenario.ground.fleet.ensure(2)
    with scenario.faults(HttpRule("rpc/release_import", "lose_answer", count=1), slow(150)):
        job = scenario.job(scenario.organization(), 1500)
        scenario.wait_for_batches(1, job)
        scenario.ground.fleet.retire()
    scenario.hit()


def _lost(scenario: Scenario) -> int:
    return scenario.ground.stack.faults.get()[1].injected.get("lose_answer", 0)
