"""The suite: one stack, one kind after another, a line of the table for each."""

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from devstack import running
from tests.faults.database import Database
from tests.faults.invariants import check
from tests.faults.kinds import KINDS
from tests.faults.recovery import recoveries
from tests.faults.scenario import Ground, Scenario
from tests.faults.table import Line
from tests.faults.watch import Watch
from tests.faults.workers import BATCH_SIZE, IN_FLIGHT, Fleet


@dataclass(frozen=True)
class Report:
    """What came of a run of the suite."""

    seed: int
    lease_seconds: int
    lines: Sequence[Line]
    problems: Sequence[str]
    seconds: float


def run(
    names: Sequence[str],
    *,
    seed: int,
    short: bool,
    lease_seconds: int | None = None,
    tell: Callable[[str], None] = print,
) -> Report:
    """Break everything, kind by kind; `tell` gets a line as each is done.

    lease_seconds: by default 30 in the short form, else 5.
    """
    started = time.monotonic()
    # The short form lets leases of dead workers run out itself, and no machine is so slow that a
    # living one's does.
    lease_seconds = lease_seconds or (30 if short else 5)
    lines: list[Line] = []
    problems: list[str] = []
    with ExitStack() as held:
        stack = held.enter_context(running())
        directory = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        database = Database(stack.db_url)
        held.callback(database.close)
        database.install_audit()
        poll_seconds = 0.5 if short else 5.0
        fleet = Fleet(
            stack,
            directory,
            warm=short,
            WORKER_LEASE_SECONDS=lease_seconds,
            WORKER_POLL_SECONDS=poll_seconds,
            WORKER_CONCURRENCY=4,
            WORKER_BATCH_SIZE=BATCH_SIZE,
            WORKER_BATCHES_IN_FLIGHT=IN_FLIGHT,
            WORKER_LOG_LEVEL="debug",
        )
        held.callback(fleet.stop)
        ground = Ground(stack, database, fleet, directory, short, lease_seconds, poll_seconds)
        watch = held.enter_context(Watch(stack.db_url))
        for name in names:
            # A generator of its own, so that --only makes the same choices.
            scenario = Scenario(KINDS[name].title, ground, random.Random(f"{seed} {name}"))  # noqa: S311 - to be repeated
            line, broken = _play(scenario, name)
            lines.append(line)
            problems += broken
            tell(f"{line.cells}  ({time.monotonic() - started:.0f} s)")
            for problem in broken:
                tell(f"  ! {problem}")
        fleet.retire()
        problems += [f"at the end: {trouble}" for trouble in fleet.troubles()]
        problems += watch.problems
    return Report(seed, lease_seconds, lines, problems, time.monotonic() - started)


def _play(scenario: Scenario, name: str) -> tuple[Line, list[str]]:
    fleet, stack = scenario.ground.fleet, scenario.ground.stack
    try:
        KINDS[name].inject(scenario)
    except TimeoutError as error:  # what was certain to come did not
        scenario.problems.append(str(error))
    finally:
        stack.faults.clear()
    if scenario.unfinished():
        fleet.ensure(1)
    scenario.settle()
    found = check(scenario)
    worst = max((*recoveries(scenario), *scenario.measured), default=None)
    line = Line(
        scenario.name,
        scenario.injected,
        len(scenario.jobs) + scenario.besides[0],
        sum(len(job.file) for job in scenario.jobs.values()) + scenario.besides[1],
        found.lost,
        found.doubled,
        found.stuck,
        worst,
    )
    broken = [*scenario.problems, *found.problems, *fleet.troubles()]
    return line, [f"{name}: {problem}" for problem in broken]
