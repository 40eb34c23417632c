"""``python -m worker stats``: how imports went today and in the last seven days."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from worker.config import Settings
from worker.connection import connect
from worker.operating.figures import Figures, Period

_PERIODS = (("today", 1), ("seven days", 7))
_HEADINGS = (
    "organization", "type", "jobs", "failed", "created", "updated", "refused",
    "waiting p50", "p95", "running p50", "p95",
)  # fmt: skip


async def stats(settings: Settings, console: Console, *, in_json: bool) -> int:
    """Show both periods, by organization and type; times in seconds."""
    async with connect(settings.supabase_url, settings.secret_key) as client:
        figures = Figures(client)
        zone = await figures.time_zone()
        told = {
            name: [
                line
                for line in await figures.sums(Period(days, zone))
                if line["organization_id"] and line["kind"] == "import"
            ]
            for name, days in _PERIODS
        }
    if in_json:
        console.out(json.dumps(told, indent=2), highlight=False)
        return 0
    for name, lines in told.items():
        console.out(f"{name}:" if lines else f"{name}: no import ended", highlight=False)
        if lines and console.is_terminal:
            console.print(_table(lines), markup=False)
        else:
            for line in lines:
                console.file.write("\t".join(_cells(line)) + "\n")
    return 0


def _table(lines: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(*_HEADINGS, box=None)
    for line in lines:
        table.add_row(*_cells(line))
    return table


def _cells(line: Mapping[str, Any]) -> Iterator[str]:
    yield line["organization_id"]
    yield line["data_type"]
    for name in ("jobs", "failed_jobs", "created", "updated", "refused"):
        yield f"{line[name]:,}"
    for name in ("waiting_p50", "waiting_p95", "running_p50", "running_p95"):
        yield f"{line[name]:.1f}" if line[name] is not None else ""
