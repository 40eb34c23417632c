"""Realtime: refused, flapping, silent, deaf. Jobs start by the poll meanwhile, and soon after."""

import time
from collections.abc import Callable

from devstack.faults import RealtimeMode
from tests.faults.scenario import Job, Scenario
from tests.faults.waiting import wait_until

# With Realtime up a job is picked up within a second (DESIGN.md, promise 2); some noise is allowed.
_SOON_SECONDS = 1.3
_BACK_WITHIN_SECONDS = 60.0


def _mode(mode: RealtimeMode) -> Callable:
    def trouble(scenario: Scenario) -> None:
        fleet, organization = scenario.ground.fleet, scenario.organization()
        fleet.ensure(2)
        if not fleet.wait_until_listening():
            scenario.problems.append("the listeners were not live before the fault")
        for _ in range(scenario.size(1, 2)):
            sockets = _sockets_opened(scenario)
            with scenario.faults(realtime=mode):
                if mode == "flapping":
                    scenario.pause(1, scenario.size(1, 3))
                for _ in range(scenario.size(1, 3)):
                    scenario.pause(0.1, 0.5)
                    scenario.measured.append(pick_up_seconds(scenario, organization))
                if mode == "deaf" and not scenario.ground.short:
                    _expect_a_new_subscription(scenario, organization, sockets)
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


def _expect_a_new_subscription(scenario: Scenario, organization: object, sockets: int) -> None:
    """While it is deaf, jobs that no event announced must make the workers subscribe anew."""
    for _ in range(6):
        if _sockets_opened(scenario) > sockets:
            return
        scenario.pause(0.1, 0.5)
        # As the frontend does, some seconds ahead: of a job that is taken at once nobody can tell
        # whether its event is only late.
        scenario.measured.append(pick_up_seconds(scenario, organization, scheduled_in=6))
    scenario.problems.append("a deaf subscription was kept")


def _sockets_opened(scenario: Scenario) -> int:
    return scenario.ground.stack.faults.get()[1].sockets_opened
