"""The command line: ``python -m bench``."""

import argparse
import json
import os
import platform
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench import report
from bench.ground import Ground, start_worker
from bench.parts import PARTS, SMOKE, Run, Sizes
from devstack import running

_PROJECT = Path(__file__).parents[1]
_PAGE = _PROJECT / "docs" / "PERFORMANCE.md"
_FOLDER = _PROJECT / "docs" / "bench"


def main() -> None:
    """Measure, print, and with --write bring docs/PERFORMANCE.md and docs/bench up to date."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="may be repeated")
    parser.add_argument("--runs", type=int, default=Sizes.runs)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: does every path work?")
    parser.add_argument("--write", action="store_true", help="into docs/")
    parser.add_argument("--cores", type=int, default=2, help="for everything together")
    options = parser.parse_args()
    # Everything that is started inherits it: figures of two machines can be compared.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    sizes = SMOKE if options.smoke else Sizes(runs=options.runs)
    figures = measure(options.only or list(PARTS), sizes)
    print(report.as_markdown(figures))
    if options.write:
        write(figures)


def measure(
    parts: list[str], sizes: Sizes, start: Callable[..., Any] = start_worker
) -> dict[str, list[Run]]:
    """Run parts one after another on a stack of their own; the raw runs of each."""
    figures: dict[str, list[Run]] = {}
    with ExitStack() as held:
        stack = held.enter_context(running())
        database = held.enter_context(psycopg.connect(stack.db_url, autocommit=True))
        ground = Ground(stack, database, start)
        for part in parts:
            started = time.monotonic()
            figures[part] = []
            for run in PARTS[part](ground, sizes):
                figures[part].append(run)
                print(f"{time.monotonic() - started:6.1f} s  {part}: {run}", flush=True)
    return figures


def write(figures: dict[str, list[Run]]) -> None:
    """Keep the figures of the parts that were run, and what follows from all that are kept."""
    from bench.plots import draw  # noqa: PLC0415 - a second of imports that only this needs

    _FOLDER.mkdir(parents=True, exist_ok=True)
    file = _FOLDER / "figures.json"
    kept = json.loads(file.read_text())["figures"] if file.exists() else {}
    kept |= figures
    kept = {part: kept[part] for part in PARTS if part in kept}
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=_PROJECT, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    about = {
        "when": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": commit,
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    file.write_text(json.dumps({"about": about, "figures": kept}, indent=1) + "\n")
    caption = f"Measured {about['when']}, commit {commit}, {about['cores']} cores."
    report.write(_PAGE, f"\n{report.as_markdown(kept)}\n\n{caption}\n")
    draw(kept, _FOLDER)


if __name__ == "__main__":
    main()
