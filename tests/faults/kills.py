"""kill -9, at random moments and exactly between two steps of the protocol."""

import signal
from itertools import product

from tests.faults.scenario import PATIENCE_SECONDS, Job, Organization, Scenario, hold, slow
from tests.faults.waiting import wait_until
from tests.faults.workers import Worker

STEPS = (
    "claim_import_jobs",
    "read_job_records",
    "apply_inventory_batch",
    "report_progress",
    "finish_import",
)
# (function, calls of it that pass)
_INSIDE_A_RUN = (*(("apply_inventory_batch", skip) for skip in range(4)), ("finish_import", 0))
# A job is failed when its fifth attempt dies: that is poison's business, not that of these kinds.
MOST_DEATHS = 3
_BATCH_SIZES = (7, 10, 25, 40)


def at_random(scenario: Scenario) -> None:
    """Kill workers that have something to do, at any moment; others take over."""
    fleet, chance = scenario.ground.fleet, scenario.chance
    organizations = [scenario.organization() for _ in range(scenario.size(4, 8))]
    kills = scenario.size(4, 150)
    jobs: list[Job] = []
    while scenario.injected < kills and not scenario.problems:
        keep_busy(scenario, organizations, jobs, rows=scenario.size(200, 400))
        for _ in range(4 - len(fleet.alive)):
            # Another batch size each time: a successor goes on at the ledger all the same.
            fleet.start(WORKER_BATCH_SIZE=chance.choice(_BATCH_SIZES), wait=False)
        # One that has at least five batches to go, and then its end.
        jobs.append(scenario.job(chance.choice(organizations), 5 * max(_BATCH_SIZES), again=20))
        function, skip = chance.choice(_INSIDE_A_RUN)
        # Whoever is held at one call has others under way, and so have the other workers.
        with scenario.held(function, slow(100), skip=skip):
            if victims := busy_workers(scenario):
                is_last = scenario.injected == kills - 1
                scenario.kill(chance.choice(victims), wait_for_lease=is_last)


def busy_workers(scenario: Scenario) -> list[Worker]:
    """Give those that have a run, and none that must not die once more."""
    return [w for w in scenario.ground.fleet.alive if 0 < scenario.tries_of(w) <= MOST_DEATHS]


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
        must = [("apply_inventory_batch", "after", 1), ("finish_import", "after", 1)]
        breakpoints = [*scenario.chance.sample(breakpoints, 1), *must]
    fleet = scenario.ground.fleet
    fleet.retire()
    for number, (function, when, nth) in enumerate(breakpoints):
        # A progress report comes each second: until then the job waits in a batch.
        wait = hold("apply_inventory_batch", skip=2) if function == "report_progress" else slow(100)
        job = scenario.job(scenario.organization(), 60)
        scenario.job(job.organization, 25, scheduled_in=0.01, again=5)
        [worker] = fleet.start(
            FAULTS_BREAK=f"{function}:{when}:{nth}:SIGKILL", WORKER_BATCH_SIZE=10, wait=False
        )
        worker.may_exit.add(-signal.SIGKILL)
        with scenario.faults(wait):
            wait_until(lambda w=worker: not w.is_alive, PATIENCE_SECONDS)
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


def finish_with_plain_workers(scenario: Scenario) -> None:
    """Let workers without breakpoints finish what is there, then make room for the next ones."""
    if scenario.unfinished():
        scenario.ground.fleet.start(scenario.size(1, 2))
        scenario.settle(90)
        scenario.ground.fleet.retire()
