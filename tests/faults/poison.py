"""A job that kills whoever reads it, five times; and the jobs of others run meanwhile."""

import signal

from tests.faults.files import MARK, make_file
from tests.faults.scenario import Job, Scenario
from tests.faults.waiting import wait_until

_POISON = f"{MARK}poison"
_TRIES = 5


def poison(scenario: Scenario) -> None:
    for _ in range(scenario.size(1, 2)):
        _poison(scenario)


def _poison(scenario: Scenario) -> None:
    fleet = scenario.ground.fleet
    fleet.retire()
    victim, bystander = scenario.organization(), scenario.organization()
    file = make_file(scenario.chance, "deadly.csv", range(1, 131))
    file.records[17]["description"] = _POISON
    deadly = scenario.job(victim, 130, file=file, endings=("failed",))
    behind = scenario.job(victim, 40, scheduled_in=0.01)
    others: list[Job] = []
    for death in range(_TRIES):
        [worker] = fleet.start(FAULTS_POISON=_POISON)
        worker.may_exit.add(-signal.SIGSEGV)
        others.append(scenario.job(bystander, 25, again=5))
        if not wait_until(lambda w=worker: not w.is_alive):
            scenario.problems.append(f"the deadly job was not tried a {death + 1}. time")
            worker.kill()
        scenario.injected += 1
        if scenario.ground.short:
            scenario.expire_leases(worker)
    fleet.start(2)
    ended = wait_until(lambda: scenario.is_over(deadly))
    if not ended or not wait_until(lambda: scenario.is_over(behind)):
        scenario.problems.append("the deadly job, or the one behind it, did not end")
    [row] = scenario.ground.database.rows(
        "select status, error_message from scheduled_jobs where id = %s", deadly.job_id
    )
    text = row["error_message"] or ""
    if "could not be finished" not in text or "name run " not in text:
        scenario.problems.append(f"the deadly job ended {row['status']}, saying: {text}")
    runs = scenario.ground.database.scalar(
        "select count(*) from import_runs where job_id = %s", deadly.job_id
    )
    if runs != _TRIES:
        scenario.problems.append(f"the deadly job was run {runs} times")
    if not all(wait_until(lambda j=job: scenario.is_over(j)) for job in others):
        scenario.problems.append("a job of another organization did not run meanwhile")
