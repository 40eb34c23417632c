"""``python -m worker doctor``: look at everything, say what is wrong and how to mend it."""

import json
import time

from rich.console import Console

from worker.operating.doctor import as_json, examine, exit_code
from worker.operating.doctor.check import Looked


async def doctor(console: Console, *, setup_only: bool, in_json: bool) -> int:
    """Make the checks and tell; 0 nothing is wrong, 1 something is, 2 nothing could be seen."""
    started = time.monotonic()
    looked = await examine(setup_only=setup_only)
    if in_json:
        console.out(json.dumps(as_json(looked), indent=2), highlight=False)
        return exit_code(looked)
    for one in looked:
        _tell(one, console)
    seconds = time.monotonic() - started
    wrong = [one.name for one in looked if one.is_wrong]
    if wrong:
        console.out(f"\nTo be mended: {', '.join(wrong)}.", highlight=False)
    elif all(one.unknown is None for one in looked):
        console.out(f"\nAll is well. ({len(looked)} checks, {seconds:.1f} s)", highlight=False)
    return exit_code(looked)


def _tell(one: Looked, console: Console) -> None:
    if one.unknown is not None:
        mark, style = "?", "yellow"
    elif one.is_wrong:
        mark, style = "✗", "bold red"
    else:
        mark, style = "✓", "green"
    console.print(mark, style=style, end=" ")
    console.out(f"{one.name}: {one.looks_at}", highlight=False)
    if one.unknown is not None:
        console.out(f"    could not be looked at ({one.unknown})", highlight=False)
    for finding in one.findings:
        word = "" if finding.level == "error" else "note: "
        console.out(f"    {word}{finding.said}", highlight=False)
        console.out(f"    → {finding.remedy}", highlight=False)
