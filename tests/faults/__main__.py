"""The command line: ``python -m tests.faults``."""

import argparse
import random
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.faults import suite, table
from tests.faults.kinds import KINDS


def main() -> int:
    """Run the suite; 1 when anything was lost, doubled, stuck or otherwise broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--short", action="store_true", help="every kind once, in about a minute")
    parser.add_argument("--seed", type=int, help="repeat the choices of an earlier run")
    parser.add_argument("--only", action="append", choices=KINDS, metavar="KIND", help=_kinds())
    parser.add_argument("--lease", type=int, help="lease in seconds (at least 5)")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into this page")
    options = parser.parse_args()
    # So that everything that was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)

    report = suite.run(
        options.only or list(KINDS),
        seed=seed,
        short=options.short,
        lease_seconds=options.lease,
        tell=lambda text: print(text, flush=True),
    )
    print(*table.in_columns(report.lines), sep="\n")
    print(f"{report.seconds:.0f} s, seed {seed}; broken: {len(report.problems)}")
    print(*report.problems, sep="\n")
    if options.write:
        form = "short" if options.short else "full"
        lease = f"lease {report.lease_seconds} s"
        caption = f"{datetime.now(UTC):%Y-%m-%d}, {form} form, seed {seed}, {lease}"
        table.write(options.write, f"{table.in_markdown(report.lines)}\n\n{caption}")
    return 1 if report.problems or any(_is_broken(line) for line in report.lines) else 0


def _is_broken(line: table.Line) -> bool:
    return bool(line.lost or line.doubled or line.stuck)


def _kinds() -> str:
    return "one of these, may be repeated: " + ", ".join(KINDS)


if __name__ == "__main__":
    sys.exit(main())
