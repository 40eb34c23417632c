"""Which sheet of a workbook is read, and its rows into the spool.

The child that reads the workbook knows nothing of fields. Where there is a choice, it writes the
beginning of one sheet after another, asks, and goes on with the one that is wanted.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from worker.importing.sources.marks import NumberedRows, Uncalculated
from worker.importing.sources.rows import is_blank
from worker.importing.sources.sheets import MOST_COLUMNS, RefusedError, Sheet, find_name
from worker.importing.sources.spooled_rows import spool_line
from worker.importing.sources.table import LONGEST_ROW

# Rows that are not blank by which a sheet is judged, and sheets that are.
_JUDGED_ROWS = 40
_JUDGED_SHEETS = 20
_EMPTY = (None, "")


# Asked about a sheet whose beginning is in the spool, whether it is wanted; asked about None when
# none was, which is the best of them.
Ask = Callable[[str | None], object]


class Chosen(NamedTuple):
    """The sheet whose rows were written."""

    name: str
    # Formulas whose values are not in the file.
    uncalculated: int
    # Columns at the left in which there is nothing.
    blank_columns: int


def write_sheet(sheets: Sequence[Sheet], wanted: str | None, ask: Ask, spool: Path) -> Chosen:
    """Write the rows of the sheet of that name, else of the one that is wanted, a line each.

    Those that are hidden come last, blank ones not at all.

    Raises:
        RefusedError: there is none of that name, or a row is too long.

    """
    if not sheets:
        raise RefusedError("damaged")
    if wanted is not None:
        named = _named(wanted, sheets)
        return _write(named, _filled_rows(named), spool)
    judged = 0
    for sheet in sorted(sheets, key=lambda sheet: sheet.is_hidden):
        rows = _filled_rows(sheet)
        head = list(islice(rows, _JUDGED_ROWS))
        if not head:
            continue
        judged += 1
        if len(sheets) > 1:
            _write(sheet, head, spool)
        if len(sheets) == 1 or ask(sheet.name):
            return _write(sheet, chain(head, rows), spool)
        if judged == _JUDGED_SHEETS:
            break
    chosen = _named(str(ask(None)), sheets) if judged else sheets[0]
    return _write(chosen, _filled_rows(chosen), spool)


def _filled_rows(sheet: Sheet) -> NumberedRows:
    return ((number, cells) for number, cells in sheet.rows() if not is_blank(cells))


def _named(wanted: str, sheets: Sequence[Sheet]) -> Sheet:
    name = find_name(wanted, [sheet.name for sheet in sheets])
    if name is None:
        raise RefusedError("no sheet")
    return next(sheet for sheet in sheets if sheet.name == name)


def _write(sheet: Sheet, rows: Iterable[tuple[int, list[object]]], spool: Path) -> Chosen:
    count, blank = 0, MOST_COLUMNS
    with spool.open("w", encoding="utf-8") as file:
        for number, cells in rows:
            blank = min(blank, next(i for i, cell in enumerate(cells) if cell not in _EMPTY))
            count += sum(type(cell) is Uncalculated for cell in cells)
            line = spool_line(number, cells)
            if not line:  # characters that no text keeps
                continue
            if len(line) > LONGEST_ROW:
                raise RefusedError("large")
            file.write(line + "\n")
    return Chosen(sheet.name, count, blank % MOST_COLUMNS)
