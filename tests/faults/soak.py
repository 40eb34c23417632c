"""A calm flood for minutes: ``python -m tests.faults.soak --minutes 10``.

Small jobs, five a second from ten organizations, on one worker with nothing broken: memory and
file descriptors must stay flat, no error may be logged, no job may be left, and the time until a
job is picked up is printed.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from devstack import running
from tests.faults.database import Database
from tests.faults.invariants import check
from tests.faults.scenario import Ground, Scenario
from tests.faults.workers import Fleet, Worker

_JOBS_A_SECOND = 5
_ORGANIZATIONS = 10
_WORKERS = 2
_SAMPLE_SECONDS = 10.0
# Flat: the last quarter of the samples may lie so far above the second one (the first warms up).
_MOST_GROWTH_MB = 15.0
_MOST_NEW_DESCRIPTORS = 8


@dataclass(frozen=True)
class Sample:
    """What a worker holds at one moment."""

    megabytes: float  # resident
    descriptors: int

    @classmethod
    def of(cls, worker: Worker) -> "Sample":
        process = Path(f"/proc/{worker.process.pid}")
        pages = int((process / "statm").read_text().split()[1])
        return cls(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, len(list((process / "fd").iterdir())))


def main() -> int:
    """Soak; 1 when a job was left, an error was logged, or a worker grew."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"seed {options.seed}", flush=True)
    with ExitStack() as held:
        stack = held.enter_context(running())
        directory = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        database = Database(stack.db_url)
        held.callback(database.close)
        database.install_audit()
        fleet = Fleet(stack, directory)
        held.callback(fleet.stop)
        ground = Ground(
            stack, database, fleet, directory, short=False, lease_seconds=60, poll_seconds=5
        )
        chance = random.Random(options.seed)  # noqa: S311 - to be repeated
        scenario = Scenario("soak", ground, chance)
        fleet.start(_WORKERS)
        fleet.wait_until_listening()
        samples = _flood(scenario, options.minutes * 60)
        scenario.settle(60)
        problems = check(scenario).problems
        fleet.retire()
        problems += fleet.troubles()
        problems += _growth(samples)
        _report(scenario, samples, fleet)
    print(*problems, sep="\n")
    return 1 if problems else 0


def _flood(scenario: Scenario, seconds: float) -> dict[Worker, list[Sample]]:
    """Insert jobs at their times, whatever the worker does; sample the workers on the way."""
    organizations = [scenario.organization() for _ in range(_ORGANIZATIONS)]
    workers = scenario.ground.fleet.alive
    samples: dict[Worker, list[Sample]] = {worker: [] for worker in workers}
    started = time.monotonic()
    number = 0
    while (now := time.monotonic() - started) < seconds:
        if now >= _SAMPLE_SECONDS * len(samples[workers[0]]):
            for worker in workers:
                samples[worker].append(Sample.of(worker))
            if len(samples[workers[0]]) % 6 == 1:
                _tell(now, number, samples)
        scenario.job(scenario.chance.choice(organizations), scenario.chance.randint(1, 40), again=5)
        number += 1
        time.sleep(max(0.0, started + number / _JOBS_A_SECOND - time.monotonic()))
    for worker in workers:
        samples[worker].append(Sample.of(worker))
    return samples


def _tell(now: float, jobs: int, samples: dict[Worker, list[Sample]]) -> None:
    latest = ", ".join(
        f"{worker.name} {taken[-1].megabytes:.1f} MB {taken[-1].descriptors} fds"
        for worker, taken in samples.items()
    )
    print(f"{now:5.0f} s  {jobs} jobs  {latest}", flush=True)


def _growth(samples: dict[Worker, list[Sample]]) -> list[str]:
    problems = []
    for worker, taken in samples.items():
        quarter = max(1, len(taken) // 4)
        early, late = taken[quarter : 2 * quarter] or taken, taken[-quarter:]
        if (grown := _mean_mb(late) - _mean_mb(early)) > _MOST_GROWTH_MB:
            problems.append(f"{worker.name} grew by {grown:.1f} MB")
        opened = max(s.descriptors for s in late) - max(s.descriptors for s in early)
        if opened > _MOST_NEW_DESCRIPTORS:
            problems.append(f"{worker.name} opened {opened} more file descriptors")
    return problems


def _mean_mb(samples: Sequence[Sample]) -> float:
    return sum(sample.megabytes for sample in samples) / len(samples)


def _report(scenario: Scenario, samples: dict[Worker, list[Sample]], fleet: Fleet) -> None:
    [row] = scenario.ground.database.rows(
        "select count(*) as jobs, sum(record_count) as rows,"
        " percentile_cont(array[0.5, 0.95, 1]) within group (order by extract(epoch from"
        " started_at - greatest(created_at, scheduled_time))) as picked_up"
        " from scheduled_jobs where organization_id = any(%s) and status = 'completed'",
        [organization.organization_id for organization in scenario.organizations],
    )
    p50, p95, worst = row["picked_up"]
    print(f"{row['jobs']} jobs, {row['rows']} rows")
    print(f"pick-up: p50 {p50:.3f} s, p95 {p95:.3f} s, worst {worst:.3f} s")
    for worker, taken in samples.items():
        megabytes = [sample.megabytes for sample in taken]
        descriptors = [sample.descriptors for sample in taken]
        print(
            f"{worker.name}: {megabytes[0]:.1f} MB at first, {megabytes[-1]:.1f} MB at last,"
            f" {max(megabytes):.1f} MB at most; {descriptors[0]} to {max(descriptors)} descriptors"
        )
    warnings = sum(
        line.get("level") == "warning" for worker in fleet.workers for line in worker.lines()
    )
    print(f"warnings logged: {warnings}")


if __name__ == "__main__":
    sys.exit(main())
