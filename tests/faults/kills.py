"""kill -9, at random moments and exactly between two steps of the protocol."""

import signal
from itertools import product

from devstack.faults import HttpRule
from tests.faults.scenario import Job, Organization, Scenario, hold, slow
from tests.faults.waiting import wait_until
from tests.faults.workers import Worker

STEPS = (
    "claim_import_jobs",
    "read_job_records",
    "apply_inventory_batch",
    "report_progress",
    "finish_import",
    "import_short_jobs",
)
# A job is failed when its fifth attempt dies: that is poison's business, not that of these kinds.
MOST_DEATHS = 3
_BATCH_SIZES = (7, 10, 25, 40)


def at_random(scenario: Scenario) -> None:
    """Kill workers that have something to do, at any moment; others take over."""
    fleet, chance = scenario.ground.fleet, scenario.chance
    organizations = [scenario.organization() for _ in range(scenario.size(4, 8))]
    kills = scenario.size(4, 150)
    jobs: list[Job] = []
    while scenario.injected < kills:
        if scenario.most_tries() >= MOST_DEATHS:
            fleet.ensure(1)
            scenario.settle()
        # No run ends before somebody was killed.
        with scenario.faults(hold("rpc/finish_import"), slow(50)):
            for _ in range(4 - len(fleet.alive)):
                # Another batch size each time: a successor goes on at the ledger all the same.
                fleet.start(WORKER_BATCH_SIZE=chance.choice(_BATCH_SIZES), wait=False)
            if not wait_until(lambda: _busy_workers(scenario, organizations, jobs)):
                scenario.problems.append("nobody took the jobs")
                break
            _wait_for_some_batches(scenario, chance.randint(0, 8))
            scenario.pause(0.0, 0.05)
            is_last = scenario.injected == kills - 1
            if victims := busy_workers(scenario):
                scenario.kill(chance.choice(victims), lease=2 if is_last else -0.001)
    fleet.ensure(1)
    scenario.settle()
    fleet.retire()  # the next kinds count batches of the usual size


def _busy_workers(
    scenario: Scenario, organizations: list[Organization], jobs: list[Job]
) -> list[Worker]:
    """Give the workers that have something to do; what was held before may just have ended."""
    keep_busy(scenario, organizations, jobs, rows=scenario.size(200, 400))
    return busy_workers(scenario)


def _wait_for_some_batches(scenario: Scenario, count: int) -> None:
    """Wait until so many more have landed, or all have, so that every run is held at its end."""
    enough = scenario.landed_batches() + count
    wait_until(
        lambda: (
            scenario.landed_batches() >= enough
            or scenario.ground.stack.faults.get()[1].held >= scenario.live_runs()
        )
    )


def busy_workers(scenario: Scenario) -> list[Worker]:
    """Give those that have a run, and none that must not die once more."""
    return [w for w in scenario.ground.fleet.alive if 0 < scenario.tries_of(w) <= MOST_DEATHS]


def kill_who_is_held(scenario: Scenario) -> None:
    """Wait until a call of the one run under way is held, and kill the worker that waits for it."""
    scenario.wait_until_held()
    [worker] = [w for w in scenario.ground.fleet.alive if scenario.tries_of(w)]
    scenario.kill(worker)


def keep_busy(
    scenario: Scenario, organizations: list[Organization], jobs: list[Job], rows: int
) -> None:
    """Have an unfinished job for each organization; each updates some items of the one before."""
    unfinished = set(scenario.unfinished())
    busy = {job.organization.organization_id for job in jobs if job.job_id in unfinished}
    jobs += [
        scenario.job(organization, rows, again=20)
        for organization in organizations
        if organization.organization_id not in busy
    ]


def between_steps(scenario: Scenario) -> None:
    """Kill right before a call leaves, and right after its answer came, before anybody read it."""
    breakpoints = [*product(STEPS, ("before", "after"), (1, 2))]
    if scenario.ground.short:
        must = [("import_short_jobs", "after", 1), ("finish_import", "after", 1)]
        breakpoints = [*scenario.chance.sample(breakpoints, 1), *must]
    fleet = scenario.ground.fleet
    fleet.retire()
    for number, (function, when, nth) in enumerate(breakpoints):
        rows, more = rows_that_reach(function)
        job = scenario.job(scenario.organization(), rows)
        scenario.job(job.organization, more, scheduled_in=0.01, again=5)
        [worker] = fleet.start(
            FAULTS_BREAK=f"{function}:{when}:{nth}:SIGKILL",
            WORKER_BATCH_SIZE=10,
            WORKER_LEASE_SECONDS=5,  # without news it reports by the lease
            wait=False,
        )
        worker.may_exit.add(-signal.SIGKILL)
        with scenario.faults(*until_reached(function)):
            wait_until(lambda w=worker: not w.is_alive)
        if worker.is_alive:
            scenario.problems.append(f"{worker.name} never got to {function} {when} {nth}")
            scenario.kill(worker)
        else:
            scenario.hit(worker=worker)
            if scenario.ground.short:
                scenario.expire_leases(worker)
        if number % 4 == 3:
            finish_with_plain_workers(scenario)
    finish_with_plain_workers(scenario)


def rows_that_reach(function: str) -> tuple[int, int]:
    """Give the rows of two jobs, in batches of 10, which both call a function on their way.

    A job of one batch is one call, and one of up to 100 rows comes with its claim.
    """
    return (8, 7) if function == "import_short_jobs" else (120, 105)


def until_reached(function: str) -> list[HttpRule]:
    """Keep a run from ending before calls were made that only time brings: claims and reports."""
    by_time = function in ("claim_import_jobs", "report_progress")
    return [hold(skip=1)] if by_time else []


def finish_with_plain_workers(scenario: Scenario) -> None:
    """Let workers without breakpoints finish what is there, then make room for the next ones."""
    if scenario.unfinished():
        scenario.ground.fleet.start(scenario.size(1, 2))
        scenario.settle()
        scenario.ground.fleet.retire()
