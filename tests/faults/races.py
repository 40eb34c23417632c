"""Users who cancel and delete while the worker works, between any two of its steps."""

import signal
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product

from tests.faults.scenario import APPLY, Job, Scenario, hold
from tests.faults.waiting import wait_until

# Where a job is when its user loses patience: a call of its worker is held there, or its answer.
# How many to let pass is chosen anew each time.
_MOMENTS = tuple(
    product(
        (
            ("rpc/claim_import_jobs", 0),
            ("rpc/read_job_records", 0),
            (APPLY, 8),
            ("rpc/report_progress", 0),
            ("rpc/finish_import", 0),
        ),
        (False, True),
    )
)


def cancel(scenario: Scenario) -> None:
    _race(scenario, scenario.cancel, ("completed", "cancelled"))
    _cancel_what_nobody_runs(scenario)


def delete(scenario: Scenario) -> None:
    _race(scenario, scenario.delete, ("completed", "deleted"))


def _race(scenario: Scenario, act: Callable[[Job], bool], endings: tuple[str, ...]) -> None:
    scenario.ground.fleet.ensure(2)
    chance = scenario.chance
    for (path, most), answered in chance.sample(_MOMENTS * 5, scenario.size(4, 42)):
        rules = [hold(path, skip=chance.randint(0, most), answered=answered)]
        if path == "rpc/report_progress":
            rules.append(hold(skip=4))  # or the run might end before it has anything to report
        with scenario.faults(*rules):
            job = scenario.job(scenario.organization(), 200, endings=endings)
            behind = scenario.job(job.organization, 10, scheduled_in=0.01)
            scenario.wait_until_held()
            at = datetime.now(UTC)
            was_taken = act(job)
            scenario.injected += was_taken
            if not was_taken and scenario.status(job) != "completed":
                scenario.problems.append(f"{endings[1]} before {path} was not taken")
        if not _stops(scenario, job):
            scenario.problems.append(f"job {job.job_id} went on in spite of its user")
        scenario.measured.append(_seconds_to_stop(scenario, job, at))
        if not wait_until(lambda b=behind: scenario.is_over(b)):
            scenario.problems.append("the job behind a cancelled or deleted one did not run")


def _cancel_what_nobody_runs(scenario: Scenario) -> None:
    """Cancel a job whose worker gave it back, and one whose worker is dead."""
    fleet = scenario.ground.fleet
    for how in ("retire", "kill"):
        fleet.ensure(1)
        with scenario.faults(hold(skip=2)):
            job = scenario.job(scenario.organization(), 1500, endings=("cancelled",))
            scenario.wait_until_held()
            workers = fleet.alive
            for worker in workers:
                if how == "kill":
                    scenario.kill(worker)
                else:
                    worker.send(signal.SIGTERM, 0)
            wait_until(
                lambda w=workers: all(x.lines("worker_stopping") or not x.is_alive for x in w)
            )
        for worker in workers:
            fleet.expect_to_leave(worker)
        scenario.cancel(job)
        scenario.injected += how == "retire"
        fleet.ensure(2)
        if not _stops(scenario, job):
            scenario.problems.append(f"a cancelled job of a dead worker kept its run ({how})")


def _stops(scenario: Scenario, job: Job) -> bool:
    lives = "select count(*) from import_runs where job_id = %s and finished_at is null"
    return wait_until(lambda: not scenario.ground.database.scalar(lives, job.job_id))


def _seconds_to_stop(scenario: Scenario, job: Job, at: datetime) -> float:
    """Seconds from the user's act until the last batch landed or the run was closed."""
    last = scenario.ground.database.scalar(
        "select max(at) from fault_suite.events"
        " where job_id = %s and what in ('landed', 'closed', 'gone')",
        job.job_id,
    )
    return max(0.0, (last - at).total_seconds()) if last else 0.0
