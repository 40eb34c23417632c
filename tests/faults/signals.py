"""SIGTERM and SIGINT: in waves, between two steps, twice."""

import signal
import time
from itertools import product

from tests.faults.kills import STEPS, finish_with_plain_workers
from tests.faults.outages import jobs_under_way
from tests.faults.scenario import PATIENCE_SECONDS, Scenario, hold, slow
from tests.faults.waiting import wait_until
from tests.faults.workers import LEAVES_WITHIN_SECONDS, Worker

# Less than a worker gives its batches in flight, and much more than leaving takes.
_AT_ONCE_SECONDS = 12.0


def waves(scenario: Scenario) -> None:
    """End all workers at once, as a deployment does, and start others, again and again."""
    fleet = scenario.ground.fleet
    for wave in range(scenario.size(2, 10)):
        number = (signal.SIGTERM, signal.SIGINT)[wave % 2]
        with jobs_under_way(scenario, scenario.size(200, 600), batch_ms=100):
            _expect_to_leave(scenario, fleet.alive, number)
        if not scenario.ground.short:
            fleet.start(3, wait=False)
    fleet.ensure(2)
    scenario.settle(90)


def between_steps(scenario: Scenario) -> None:
    """Send a signal right before a call leaves and right after its answer came."""
    breakpoints = [*product(STEPS, ("before", "after"), ("SIGTERM", "SIGINT"))]
    fleet = scenario.ground.fleet
    fleet.retire()
    for number, (function, when, name) in enumerate(
        scenario.chance.sample(breakpoints, scenario.size(2, len(breakpoints)))
    ):
        scenario.job(scenario.organization(), 120)
        # A progress report comes after a second: until then the job waits in a batch.
        wait = hold("apply_inventory_batch", skip=2) if function == "report_progress" else slow(60)
        with scenario.faults(wait):
            [worker] = fleet.start(FAULTS_BREAK=f"{function}:{when}:1:{name}", WORKER_BATCH_SIZE=10)
            worker.may_exit.add(0)
            wait_until(lambda w=worker: w.lines("worker_stopping"), PATIENCE_SECONDS)
            scenario.ground.stack.faults.clear()
            if not wait_until(lambda w=worker: not w.is_alive, LEAVES_WITHIN_SECONDS):
                got_it = "was ignored" if worker.lines("worker_stopping") else "was never sent"
                scenario.problems.append(f"{name} {when} {function} {got_it}")
                worker.kill()
        scenario.hit(worker=worker)
        if number % 5 == 4:
            finish_with_plain_workers(scenario)
    finish_with_plain_workers(scenario)


def while_the_claim_hangs(scenario: Scenario) -> None:
    """A database that takes the claim and does not answer must not keep a worker from leaving."""
    fleet = scenario.ground.fleet
    fleet.retire()
    scenario.job(scenario.organization(), 50)
    with scenario.faults(hold("claim_import_jobs")):
        workers = fleet.start(2)
        scenario.wait_until_held(2)
        _expect_to_leave(scenario, workers, signal.SIGTERM)
    finish_with_plain_workers(scenario)


def second_signal(scenario: Scenario) -> None:
    """A second signal means: now. The lease does the rest."""
    fleet = scenario.ground.fleet
    for _ in range(scenario.size(1, 6)):
        with jobs_under_way(scenario), scenario.held("apply_inventory_batch"):
            first, second = scenario.chance.choices((signal.SIGTERM, signal.SIGINT), k=2)
            workers = [worker for worker in fleet.alive if scenario.tries_of(worker)]
            for worker in workers:
                worker.send(first, 0)
            # Sooner it would be taken for the same request: Ctrl-C in a terminal comes twice.
            time.sleep(1.3)
            # One whose batches had all landed has left in peace.
            for worker in [worker for worker in workers if worker.is_alive]:
                at = worker.send(second, 128 + second)
                # With its batch held, only the second signal can end it before its time is up.
                if not wait_until(lambda w=worker: not w.is_alive, _AT_ONCE_SECONDS):
                    scenario.problems.append("still there long after the second signal")
                    worker.kill()
                elif worker.process.returncode == 0:
                    scenario.problems.append("exit code 0 after a second signal in a slow batch")
                scenario.hit(at, worker)
                if scenario.ground.short:
                    scenario.expire_leases(worker)
        fleet.ensure(2)
        scenario.settle(60)


def _expect_to_leave(scenario: Scenario, workers: list[Worker], number: signal.Signals) -> None:
    """Send all of them a signal; each must exit 0 in time."""
    started = time.monotonic()
    moments = [(worker.send(number, 0), worker) for worker in workers]
    for at, worker in moments:
        left = LEAVES_WITHIN_SECONDS - (time.monotonic() - started)
        if not wait_until(lambda w=worker: not w.is_alive, max(left, 0.1)):
            scenario.problems.append(f"{worker.name} was there 25 s after {number.name}")
            worker.kill()
        scenario.hit(at, worker)
