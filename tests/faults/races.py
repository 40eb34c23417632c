"""Users who cancel and delete while the worker works, at random moments and at the worst ones."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from devstack.faults import HttpRule
from tests.faults.scenario import Job, Scenario, slow
from tests.faults.waiting import wait_until


@dataclass(frozen=True)
class _Moment:
    """Where a job is when its user loses patience."""

    slow_calls: tuple[HttpRule, ...]
    after_batches: int = 0
    then_seconds: float = 0.3  # at most


_MOMENTS = (
    _Moment((), then_seconds=0.5),  # about to be claimed
    _Moment((slow(300, "rpc/claim_import_jobs"),), then_seconds=0.6),
    _Moment((slow(500, "rpc/read_job_records"),), then_seconds=0.8),
    _Moment((slow(200),), after_batches=2),  # mid-batch
    _Moment((slow(30),), after_batches=3),
    _Moment((slow(800, "rpc/finish_import"),), after_batches=10, then_seconds=0.8),
    _Moment((slow(400, "rpc/report_progress"), slow(150)), after_batches=4, then_seconds=0.8),
)


def cancel(scenario: Scenario) -> None:
    _race(scenario, scenario.cancel, ("completed", "cancelled"))
    _cancel_what_nobody_runs(scenario)


def delete(scenario: Scenario) -> None:
    _race(scenario, scenario.delete, ("completed", "deleted"))


def _race(scenario: Scenario, act: Callable[[Job], bool], endings: tuple[str, ...]) -> None:
    scenario.ground.fleet.ensure(2)
    chance = scenario.chance
    for moment in chance.sample(_MOMENTS * 10, scenario.size(4, 42)):
        with scenario.faults(*moment.slow_calls):
            job = scenario.job(scenario.organization(), 200, endings=endings)
            behind = scenario.job(job.organization, 10, scheduled_in=0.01)
            scenario.wait_for_batches(moment.after_batches, job)
            scenario.pause(0, moment.then_seconds)
            at = datetime.now(UTC)
            if act(job):
                scenario.injected += 1
                if not _stops(scenario, job):
                    scenario.problems.append(f"job {job.job_id} went on in spite of its user")
                scenario.measured.append(_seconds_to_stop(scenario, job, at))
        if not wait_until(lambda b=behind: scenario.is_over(b), 30):
            scenario.problems.append("the job behind a cancelled or deleted one did not run")
    if not scenario.injected:
        scenario.problems.append("every act of a user came too late")


def _cancel_what_nobody_runs(scenario: Scenario) -> None:
    """Cancel a job whose worker gave it back, and one whose worker is dead."""
    fleet = scenario.ground.fleet
    for how in ("retire", "kill"):
        fleet.ensure(1)
        with scenario.faults(slow(150)):
            job = scenario.job(scenario.organization(), 1500, endings=("cancelled",))
            scenario.wait_for_batches(2, job)
            if how == "retire":
                fleet.retire()
            else:
                for worker in fleet.alive:
                    scenario.kill(worker)
        scenario.cancel(job)
        scenario.injected += how == "retire"
        fleet.ensure(2)
        if not _stops(scenario, job):
            scenario.problems.append(f"a cancelled job of a dead worker kept its run ({how})")


def _stops(scenario: Scenario, job: Job) -> bool:
    lives = "select count(*) from import_runs where job_id = %s and finished_at is null"
    return wait_until(
        lambda: not scenario.ground.database.scalar(lives, job.job_id),
        10 + scenario.ground.lease_seconds,
    )


def _seconds_to_stop(scenario: Scenario, job: Job, at: datetime) -> float:
    """Seconds from the user's act until the last batch landed or the run was closed."""
    last = scenario.ground.database.scalar(
        "select max(at) from fault_suite.events"
        " where job_id = %s and what in ('landed', 'closed', 'gone')",
        job.job_id,
    )
    return max(0.0, (last - at).total_seconds()) if last else 0.0
