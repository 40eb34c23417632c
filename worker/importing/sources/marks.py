"""Cells whose stored value is not what their owner sees, and how to show them.

A workbook's reader gives 0.352 for a cell that shows 35.2%, 42 for one that shows 00042, and
nothing at all for one that shows #N/A.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import chain

from worker.importing.values.spreadsheet import ERRORS

# What those show whose text is another: one of a language, or of a program.
_ERROR = "#VALUE!"
# [MS-XLS] 2.5.10 (Bes), and [MS-XLSB] 2.5.97.2 (BErr) the same.
_NUMBERED_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}

# From a cell as it was read to the cell as it is shown.
Mark = Callable[[object], object]
# (1-based row, {0-based column: mark}) in order of the rows, only those that have any.
MarkedRows = Iterable[tuple[int, dict[int, Mark]]]
# (1-based row, its cells from column A on) in order of the rows.
NumberedRows = Iterator[tuple[int, list[object]]]

# A last row, for the marks below the others.
_END: tuple[tuple[float, list[object]], ...] = ((math.inf, []),)
# Digits that a spreadsheet keeps of a number.
_DIGITS = 15


class Uncalculated(str):
    """A formula whose value is not in the file, which a program wrote that can't calculate."""

    __slots__ = ()


def as_percent(cell: object) -> object:
    """Show 0.352 as 35.2%."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return cell
    hundredfold = Decimal(format(Decimal(repr(cell)) * 100, f".{_DIGITS}g"))
    if not hundredfold.is_finite():
        return cell
    written = format(hundredfold, "f")
    return (written.rstrip("0").rstrip(".") if "." in written else written) + "%"


def error_text(written: str) -> str:
    """Give what an error cell says, like #N/A."""
    written = written.strip()
    return written if written in ERRORS else _ERROR


def numbered_error(number: int) -> str:
    """Give what an error cell says that is kept as a number."""
    return _NUMBERED_ERRORS.get(number, _ERROR)


def as_error(shown: str) -> Mark:
    """Show an error."""
    return lambda _: shown


def uncalculated(_cell: object = None) -> object:
    """Show a formula without a value as the error that it would be elsewhere."""
    return Uncalculated(_ERROR)


def marked(rows: Iterable[tuple[float, list[object]]], marks: MarkedRows) -> NumberedRows:
    """Apply marks to numbered rows; a row may be there in one of the two alone.

    Raises:
        ValueError: the marks' rows are in no order.

    """
    in_order = _in_order(marks)
    marked_row, columns = next(in_order, (math.inf, {}))
    for number, cells in chain(rows, _END):
        while marked_row < number:
            yield int(marked_row), _applied([], columns)
            marked_row, columns = next(in_order, (math.inf, {}))
        if marked_row > number:
            yield int(number), cells
        elif number < math.inf:
            yield int(number), _applied(cells, columns)
            marked_row, columns = next(in_order, (math.inf, {}))


def _in_order(marks: MarkedRows) -> Iterator[tuple[float, dict[int, Mark]]]:
    last = 0
    for row, columns in marks:
        if row <= last:
            raise ValueError(f"row {row} comes behind row {last}")
        last = row
        yield row, columns


def _applied(cells: list[object], columns: dict[int, Mark]) -> list[object]:
    for column, mark in columns.items():
        if column >= len(cells):
            cells.extend([""] * (column + 1 - len(cells)))
        cells[column] = mark(cells[column])
    return cells
