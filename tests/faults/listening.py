"""Realtime: refused, flapping, silent, deaf. Jobs start by the poll meanwhile, and soon after."""

import time
from collections.abc import Callable
from datetime import datetime

from devstack.faults import RealtimeMode
from tests.faults.scenario import Job, Organization, Scenario
from tests.faults.waiting import wait_until

# With Realtime up a job is picked up within a second (DESIGN.md, promise 2); some noise is allowed.
_SOON_SECONDS = 1.3
_BACK_WITHIN_SECONDS = 60.0
# From the insert of the second job that a deaf server did not announce (docs/RELIABILITY.md).
_DEAF_FOR_SECONDS = 10.0


def _mode(mode: RealtimeMode) -> Callable:
    def trouble(scenario: Scenario) -> None:
        fleet, organization = scenario.ground.fleet, scenario.organization()
        fleet.ensure(2)
        if not fleet.wait_until_listening():
            scenario.problems.append("the listeners were not live before the fault")
        if mode == "deaf":
            _expect_no_alarm(scenario, organization)
        for due_in in scenario.size([(0, 10)], [(0, 0), (10, 10)]):
            with scenario.faults(realtime=mode):
                if mode == "deaf":
                    _expect_a_new_subscription(scenario, organization, due_in)
                if mode == "flapping":
                    scenario.pause(1, scenario.size(1, 3))
                for _ in range(scenario.size(1, 3)):
                    scenario.pause(0.1, 0.5)
                    scenario.measured.append(pick_up_seconds(scenario, organization))
            scenario.injected += 1
            _expect_it_back(scenario, organization)
        slowest = max(scenario.measured)
        if slowest > scenario.ground.poll_seconds + 1.5:
            scenario.problems.append(f"a job waited {slowest:.1f} s for the poll")

    return trouble


refused, flapping, silent, deaf = map(_mode, ("refused", "flapping", "silent", "deaf"))


def dropped(scenario: Scenario) -> None:
    """Cut all sockets without a close frame."""
    fleet, organization = scenario.ground.fleet, scenario.organization()
    fleet.ensure(2)
    for _ in range(scenario.size(1, 5)):
        fleet.wait_until_listening()
        if not scenario.ground.stack.faults.drop_sockets():
            scenario.problems.append("there was no socket to cut")
        scenario.injected += 1
        scenario.measured.append(pick_up_seconds(scenario, organization))
        _expect_it_back(scenario, organization)


def pick_up_seconds(scenario: Scenario, organization: object, scheduled_in: float = 0) -> float:
    """Insert a small job and tell, by the database's clock, how long after its time it started."""
    job = scenario.job(organization, 3, scheduled_in=scheduled_in)
    if not wait_until(lambda: scenario.is_over(job), 30):
        return float("inf")
    return _waited(scenario, job)


def _waited(scenario: Scenario, job: Job) -> float:
    return float(
        scenario.ground.database.scalar(
            "select extract(epoch from started_at - greatest(created_at, scheduled_time))"
            " from scheduled_jobs where id = %s",
            job.job_id,
        )
    )


def _expect_it_back(scenario: Scenario, organization: object) -> None:
    """Wait until jobs are announced again: three in a row that no poll can have found."""
    started, soon = time.monotonic(), 0
    scenario.ground.fleet.wait_until_listening(_BACK_WITHIN_SECONDS)
    wanted = scenario.size(1, 3)
    while soon < wanted and time.monotonic() - started < _BACK_WITHIN_SECONDS:
        scenario.pause(0.3, 0.6)
        soon = soon + 1 if pick_up_seconds(scenario, organization) < _SOON_SECONDS else 0
    if soon < wanted:
        scenario.problems.append(f"no events {_BACK_WITHIN_SECONDS:.0f} s after Realtime was back")


def _expect_no_alarm(scenario: Scenario, organization: Organization) -> None:
    """Insert jobs as the CRM does, some seconds ahead: all are announced, none may count as missed.

    In the short form they are over before anything is judged; tests/integration waits for that.
    """
    before = _said(scenario, "event_missed")
    jobs = []
    for _ in range(scenario.size(3, 60)):
        jobs.append(scenario.job(organization, 3, scheduled_in=scenario.size(1, 10)))
        scenario.pause(0.05, 0.3)
    if not wait_until(lambda: all(map(scenario.is_over, jobs)), 120):
        scenario.problems.append("jobs of a healthy Realtime were not over")
    if _said(scenario, "event_missed") != before:
        scenario.problems.append("a job of a healthy Realtime counted as missed")


def _expect_a_new_subscription(
    scenario: Scenario, organization: Organization, due_in: tuple[float, float]
) -> None:
    """While it is deaf, the second job tells each worker so, due at once or seconds ahead."""
    before = _said(scenario, "listener_deaf")
    for seconds in due_in:
        job = scenario.job(organization, 3, scheduled_in=seconds)
    if not wait_until(
        lambda: all(said > before[name] for name, said in _said(scenario, "listener_deaf").items()),
        30,
    ):
        scenario.problems.append("a deaf subscription was kept")
        return
    inserted_at = scenario.ground.database.scalar(
        "select created_at from scheduled_jobs where id = %s", job.job_id
    )
    for worker in scenario.ground.fleet.alive:
        noticed = worker.lines("listener_deaf")[before[worker.name]]["timestamp"]
        late = (datetime.fromisoformat(str(noticed)) - inserted_at).total_seconds()
        if late > _DEAF_FOR_SECONDS:
            scenario.problems.append(
                f"{worker.name} was deaf for {late:.1f} s after the second job"
            )


def _said(scenario: Scenario, event: str) -> dict[str, int]:
    """Count an event in each worker's log."""
    return {worker.name: len(worker.lines(event)) for worker in scenario.ground.fleet.alive}
