"""Users who cancel and delete while the worker works, at random moments and at the worst ones."""

import signal
from collections.abc import Callable
from datetime import UTC, datetime

from tests.faults.scenario import PATIENCE_SECONDS, Job, Scenario
from tests.faults.waiting import wait_until

# Of the acts of users: those that come as what was held goes on, and may come too late.
_RACES = 0.3
# Where a job is when its user loses patience: at which call of which function.
_MOMENTS = (
    ("claim_import_jobs", 0),
    ("read_job_records", 0),
    ("apply_inventory_batch", 0),
    ("apply_inventory_batch", 2),
    ("apply_inventory_batch", 7),
    ("finish_import", 0),
)


def cancel(scenario: Scenario) -> None:
    _race(scenario, scenario.cancel, ("completed", "cancelled"))
    _cancel_what_nobody_runs(scenario)


def delete(scenario: Scenario) -> None:
    _race(scenario, scenario.delete, ("completed", "deleted"))


def _race(scenario: Scenario, act: Callable[[Job], bool], endings: tuple[str, ...]) -> None:
    scenario.ground.fleet.ensure(2)
    chance = scenario.chance
    for function, skip in chance.sample(_MOMENTS * 10, scenario.size(4, 42)):
        job = scenario.job(scenario.organization(), 200, endings=endings, scheduled_in=0.3)
        behind = scenario.job(job.organization, 10, scheduled_in=0.31)
        # Exactly there, or in a race with what was held there.
        is_race = chance.random() < _RACES
        acted = False
        with scenario.held(function, skip=skip):
            at = datetime.now(UTC)
            if not is_race and not (acted := act(job)):
                scenario.problems.append(f"a user could not end a job at {function}")
        acted = acted or act(job)
        if acted:
            scenario.injected += 1
            if not _stops(scenario, job):
                scenario.problems.append(f"job {job.job_id} went on in spite of its user")
            scenario.measured.append(_seconds_to_stop(scenario, job, at))
        if not wait_until(lambda b=behind: scenario.is_over(b), PATIENCE_SECONDS):
            scenario.problems.append("the job behind a cancelled or deleted one did not run")


def _cancel_what_nobody_runs(scenario: Scenario) -> None:
    """Cancel a job whose worker gave it back, and one whose worker is dead."""
    fleet = scenario.ground.fleet
    for how in ("retire", "kill"):
        fleet.ensure(1)
        job = scenario.job(scenario.organization(), 200, endings=("cancelled",))
        with scenario.held("apply_inventory_batch", skip=2):
            if how == "retire":
                for worker in fleet.alive:
                    worker.send(signal.SIGTERM, 0)
                    wait_until(lambda w=worker: w.lines("worker_stopping"), PATIENCE_SECONDS)
            else:
                for worker in fleet.alive:
                    scenario.kill(worker)
        wait_until(lambda: not fleet.alive, PATIENCE_SECONDS)
        scenario.cancel(job)
        scenario.injected += how == "retire"
        fleet.ensure(2)
        if not _stops(scenario, job):
            scenario.problems.append(f"a cancelled job of a dead worker kept its run ({how})")


def _stops(scenario: Scenario, job: Job) -> bool:
    lives = "select count(*) from import_runs where job_id = %s and finished_at is null"
    return wait_until(
        lambda: not scenario.ground.database.scalar(lives, job.job_id),
        PATIENCE_SECONDS,
    )


def _seconds_to_stop(scenario: Scenario, job: Job, at: datetime) -> float:
    """Seconds from the user's act until the last batch landed or the run was closed."""
    last = scenario.ground.database.scalar(
        "select max(at) from fault_suite.events"
        " where job_id = %s and what in ('landed', 'closed', 'gone')",
        job.job_id,
    )
    return max(0.0, (last - at).total_seconds()) if last else 0.0
