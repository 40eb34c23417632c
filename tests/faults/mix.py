"""All of it at random."""

import signal

from devstack.faults import Faults, HttpRule
from tests.faults.kills import keep_busy
from tests.faults.scenario import Job, Scenario, slow


def everything(scenario: Scenario) -> None:
    """Do one thing after another to whoever is there, for a while; then let them finish."""
    fleet, chance = scenario.ground.fleet, scenario.chance
    organizations = [scenario.organization() for _ in range(scenario.size(4, 8))]
    jobs: list[Job] = []
    troubles = (
        _kill, _kill, _kill, _terminate, _refuse, _refuse, _lose_answers, _deafen, _cut_sockets,
        _end_postgres, _end_postgrest, _cancel_or_delete,
    )  # fmt: skip
    for _ in range(scenario.size(4, 120)):
        for _ in range(3 - len(fleet.alive)):
            fleet.start(WORKER_BATCH_SIZE=chance.choice((10, 20, 40)), wait=False)
        _calm(scenario)
        keep_busy(scenario, organizations, jobs, scenario.size(100, 200))
        scenario.pause(0.2, 1.5)
        # Five attempts are all that a job gets: when one has had three, give it a rest.
        if scenario.most_tries() < 3:
            chance.choice(troubles)(scenario)
    scenario.ground.stack.faults.clear()
    fleet.ensure(3)
    scenario.hit()
    scenario.injected -= 1


def _calm(scenario: Scenario) -> None:
    scenario.ground.stack.faults.set(Faults(http=(slow(50),)))


def _kill(scenario: Scenario) -> None:
    if alive := scenario.ground.fleet.alive:
        scenario.kill(scenario.chance.choice(alive))


def _terminate(scenario: Scenario) -> None:
    if alive := scenario.ground.fleet.alive:
        worker = scenario.chance.choice(alive)
        scenario.hit(worker.send(signal.SIGTERM, 0), worker)


def _during(scenario: Scenario, longest: float, **faults: object) -> None:
    scenario.ground.stack.faults.set(Faults(**faults))
    scenario.pause(0.2, longest)
    _calm(scenario)
    scenario.hit()


def _refuse(scenario: Scenario) -> None:
    rule = scenario.chance.choice(
        (
            HttpRule("/rest/v1/", "status", status=503),
            HttpRule("/rest/v1/", "status", status=429, retry_after=1),
            HttpRule("/rest/v1/", "drop"),
            HttpRule("/rest/v1/rpc/", "delay", delay_ms=500),
        )
    )
    _during(scenario, 2, http=(rule,))


def _lose_answers(scenario: Scenario) -> None:
    _during(scenario, 1, http=(HttpRule("/rest/v1/rpc/", "lose_answer", count=3), slow(50)))


def _deafen(scenario: Scenario) -> None:
    mode = scenario.chance.choice(("refused", "flapping", "silent", "deaf"))
    _during(scenario, 3, http=(slow(50),), realtime=mode)


def _cut_sockets(scenario: Scenario) -> None:
    scenario.ground.stack.faults.drop_sockets()
    scenario.hit()


def _end_postgres(scenario: Scenario) -> None:
    _end_part(scenario, "postgres", scenario.chance.choice((signal.SIGINT, signal.SIGKILL)))


def _end_postgrest(scenario: Scenario) -> None:
    _end_part(scenario, "postgrest", signal.SIGKILL)


def _end_part(scenario: Scenario, name: str, which: signal.Signals) -> None:
    stack = scenario.ground.stack
    stack.kill_part(name, which)
    scenario.pause(0, 1)
    stack.start_part(name)
    scenario.hit()


def _cancel_or_delete(scenario: Scenario) -> None:
    waiting = set(scenario.unfinished())
    candidates = [job for job in scenario.jobs.values() if job.job_id in waiting]
    if not candidates:
        return
    job = scenario.chance.choice(candidates)
    act, ending = scenario.chance.choice(
        ((scenario.cancel, "cancelled"), (scenario.delete, "deleted"))
    )
    job.endings = job.endings | {ending}
    if act(job):
        scenario.injected += 1
