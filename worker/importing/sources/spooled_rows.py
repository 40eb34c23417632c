"""A row as a line of the spool, between the child that writes it and the parent that reads it.

[number, cells] as JSON; where a code must know more of a cell than its value, behind them
{index: what the cell shows}, null for a date or a time, which is no code.
"""

import datetime as dt
import json
from collections.abc import Iterable, Sequence

from worker.guard import unguarded
from worker.importing.sources.cells import json_cell
from worker.importing.values.spreadsheet import Moment, ShownFloat, ShownInt, shown_number

# Most cells by far, of which JSON keeps everything.
_PLAIN = {str, int, float, bool, type(None)}
_MOMENTS = dt.date | dt.time | dt.timedelta


def spool_line(number: int, cells: Sequence[object]) -> str:
    """Write a row without its line's end; empty if there is nothing in it."""
    written = [json_cell(cell) for cell in cells]
    while written and written[-1] == "":
        written.pop()
    if not written:
        return ""
    row: list[object] = [number, written]
    special = [cell for cell in enumerate(cells) if type(cell[1]) not in _PLAIN]
    if special and (shown := _shown(special)):
        row.append(shown)
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _shown(special: Iterable[tuple[int, object]]) -> dict[int, str | None]:
    return {
        index: cell.shown if isinstance(cell, ShownInt | ShownFloat) else None
        for index, cell in special
        if isinstance(cell, ShownInt | ShownFloat | _MOMENTS)
    }


def spooled_row(line: str | bytes) -> tuple[int, list[object]]:
    """Read (file row, cells)."""
    number, cells, *shown = json.loads(line)
    if any(isinstance(cell, str) and cell[:1] == "'" for cell in cells):
        # A text file that was opened in a spreadsheet and saved as a workbook.
        cells = [unguarded(cell) if isinstance(cell, str) else cell for cell in cells]
    for index, text in shown[0].items() if shown else ():
        cell = cells[int(index)]
        cells[int(index)] = Moment(cell) if text is None else shown_number(cell, text)
    return number, cells
