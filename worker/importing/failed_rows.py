"""The rows that did not get in, as a file to mend and upload again."""

import csv
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from worker.guard import guarded


async def write_failed_rows(
    path: Path, columns: Sequence[str], rows: AsyncIterator[tuple[int, object, str]]
) -> None:
    """Write a CSV of the columns plus Row and Problem, safe to open in a spreadsheet.

    Args:
        path: where to.
        columns: of the file that was imported.
        rows: (row number as its owner sees it, cells as they came, what is wrong).

    """
    # With a byte order mark, or Excel takes it for Windows-1252.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*map(_safe, columns), "Row", "Problem"])
        async for number, cells, problem in rows:
            if isinstance(cells, dict):
                written = [_safe(cells.get(column)) for column in columns]
            else:
                written = [_safe(cells), *[""] * (len(columns) - 1)]
            writer.writerow([*written, number, _safe(problem)])


def _safe(cell: object) -> str:
    """Write a cell so that no spreadsheet computes it: text that looks like a formula after a '."""
    if cell is None:
        return ""
    return guarded(cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False))
