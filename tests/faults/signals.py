"""SIGTERM and SIGINT: in waves, between two steps, twice."""

import signal
from datetime import datetime
from itertools import product

from tests.faults.kills import (
    STEPS,
    finish_with_plain_workers,
    rows_that_reach,
    until_reached,
)
from tests.faults.outages import jobs_under_way
from tests.faults.scenario import Scenario, hold
from tests.faults.waiting import wait_until
from tests.faults.workers import Worker


def waves(scenario: Scenario) -> None:
    """End all workers at once, as a deployment does, and start others, again and again."""
    fleet = scenario.ground.fleet
    for wave in range(scenario.size(2, 10)):
        number = (signal.SIGTERM, signal.SIGINT)[wave % 2]
        with jobs_under_way(scenario, scenario.size(200, 600)):
            asked = _ask_to_leave(fleet.alive, number)
        _expect_to_leave(scenario, asked)
        if not scenario.ground.short:
            fleet.start(3, wait=False)
    fleet.ensure(2)
    scenario.settle()


def between_steps(scenario: Scenario) -> None:
    """Send a signal right before a call leaves and right after its answer came."""
    breakpoints = [*product(STEPS, ("before", "after"), ("SIGTERM", "SIGINT"))]
    fleet = scenario.ground.fleet
    fleet.retire()
    for number, (function, when, name) in enumerate(
        scenario.chance.sample(breakpoints, scenario.size(2, len(breakpoints)))
    ):
        scenario.job(scenario.organization(), rows_that_reach(function)[0])
        with scenario.faults(*until_reached(function)):
            [worker] = fleet.start(FAULTS_BREAK=f"{function}:{when}:1:{name}", WORKER_BATCH_SIZE=10)
            worker.may_exit.add(0)
            if not wait_until(lambda w=worker: w.lines("worker_stopping")):
                scenario.problems.append(f"{name} {when} {function} was never sent, or ignored")
        fleet.expect_to_leave(worker)
        scenario.hit(worker=worker)
        if number % 5 == 4:
            finish_with_plain_workers(scenario)
    finish_with_plain_workers(scenario)


def while_the_claim_hangs(scenario: Scenario) -> None:
    """A database that takes the claim and does not answer must not keep a worker from leaving."""
    fleet = scenario.ground.fleet
    fleet.retire()
    scenario.job(scenario.organization(), 50)
    with scenario.faults(hold("rpc/claim_import_jobs")):
        workers = fleet.start(2, WORKER_LEASE_SECONDS=5)  # a quarter of it is what a claim may take
        scenario.wait_until_held(2)
        _expect_to_leave(scenario, _ask_to_leave(workers, signal.SIGTERM))
    finish_with_plain_workers(scenario)


def second_signal(scenario: Scenario) -> None:
    """A second signal means: now. The lease does the rest."""
    fleet = scenario.ground.fleet
    for _ in range(scenario.size(1, 6)):
        with jobs_under_way(scenario):
            first, second = scenario.chance.choices((signal.SIGTERM, signal.SIGINT), k=2)
            workers = [worker for worker in fleet.alive if scenario.tries_of(worker)]
            _ask_to_leave(workers, first)
            for worker in workers:
                scenario.hit(_insist(worker, second), worker)
                if worker.process.returncode != 128 + second:
                    scenario.problems.append("a second signal was not heard while a batch was held")
                if scenario.ground.short:
                    scenario.expire_leases(worker)
        fleet.ensure(2)
        scenario.settle()


def _ask_to_leave(workers: list[Worker], number: signal.Signals) -> list[tuple[datetime, Worker]]:
    """Send all of them a signal, and wait until each has heard it; when each got it."""
    asked = [(worker.send(number, 0), worker) for worker in workers]
    for worker in workers:
        wait_until(lambda w=worker: w.lines("worker_stopping") or not w.is_alive)
    return asked


def _insist(worker: Worker, number: signal.Signals) -> datetime:
    """Send a worker that was asked to leave another signal; when.

    Again and again: within a second it is taken for the same request, for Ctrl-C comes twice.
    """
    at = worker.send(number, 128 + number)
    wait_until(lambda: not worker.is_alive or not worker.send(number), pause=0.2)
    if worker.is_alive:
        worker.kill()
    return at


def _expect_to_leave(scenario: Scenario, asked: list[tuple[datetime, Worker]]) -> None:
    """See each of them exit, with 0 as `Fleet.troubles` checks."""
    for at, worker in asked:
        scenario.ground.fleet.expect_to_leave(worker)
        scenario.hit(at, worker)
