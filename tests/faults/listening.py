"""Realtime: refused, flapping, silent, deaf. Jobs start by the poll meanwhile, and soon after."""

from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType

from devstack.faults import RealtimeMode
from tests.faults.scenario import Job, Organization, Scenario
from tests.faults.waiting import wait_until

# What the gateway counts when a mode has done somebody wrong.
_TRACES = MappingProxyType({"flapping": "flap"})


def _mode(mode: RealtimeMode) -> Callable:
    def trouble(scenario: Scenario) -> None:
        fleet, organization = scenario.ground.fleet, scenario.organization()
        fleet.ensure(2)
        if not fleet.wait_until_listening():
            scenario.problems.append("the listeners were not live before the fault")
        if mode == "deaf":
            _expect_no_alarm(scenario, organization)
        for due_in in scenario.size([(0, 10)], [(0, 0), (10, 10)]):
            trace = _TRACES.get(mode, mode)
            before = scenario.struck(trace)
            with scenario.faults(realtime=mode):
                if mode == "deaf":
                    _expect_a_new_subscription(scenario, organization, due_in)
                for _ in range(scenario.size(1, 3)):
                    scenario.pause(0.1, 0.5)
                    scenario.measured.append(pick_up_seconds(scenario, organization))
                if not wait_until(lambda t=trace, n=before: scenario.struck(t) > n):
                    scenario.problems.append("nobody met the fault")
            scenario.injected += 1
            _expect_it_back(scenario, organization)

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
    if not wait_until(lambda: scenario.is_over(job)):
        raise TimeoutError(f"job {job.job_id} was found by nobody")
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
    """Insert jobs until one is announced to every worker again."""
    fleet, faults = scenario.ground.fleet, scenario.ground.stack.faults

    def is_announced() -> bool:
        fleet.wait_until_listening()
        enough = faults.get()[1].changes + len(fleet.alive)
        pick_up_seconds(scenario, organization)
        return wait_until(lambda: faults.get()[1].changes >= enough, 2)

    if not wait_until(is_announced):
        scenario.problems.append("jobs were not announced after Realtime was back")


def _expect_no_alarm(scenario: Scenario, organization: Organization) -> None:
    """Insert jobs as the CRM does, some seconds ahead: all are announced, none may count as missed.

    In the short form they are over before anything is judged; tests/integration waits for that.
    """
    before = _said(scenario, "event_missed")
    jobs = []
    for _ in range(scenario.size(3, 60)):
        jobs.append(scenario.job(organization, 3, scheduled_in=scenario.size(1, 10)))
        scenario.pause(0.05, 0.3)
    if not wait_until(lambda: all(map(scenario.is_over, jobs))):
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
        lambda: all(said > before[name] for name, said in _said(scenario, "listener_deaf").items())
    ):
        scenario.problems.append("a deaf subscription was kept")
        return
    inserted_at = scenario.ground.database.scalar(
        "select created_at from scheduled_jobs where id = %s", job.job_id
    )
    for worker in scenario.ground.fleet.alive:
        noticed = worker.lines("listener_deaf")[before[worker.name]]["timestamp"]
        late = (datetime.fromisoformat(str(noticed)) - inserted_at).total_seconds()
        scenario.measured.append(late)  # ten at the most (docs/RELIABILITY.md)


def _said(scenario: Scenario, event: str) -> dict[str, int]:
    """Count an event in each worker's log."""
    return {worker.name: len(worker.lines(event)) for worker in scenario.ground.fleet.alive}
