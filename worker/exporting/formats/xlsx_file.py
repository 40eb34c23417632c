"""XLSX, written row by row: numbers as numbers, dates as dates, codes as text with their zeros."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from worker.exporting.entities import Entity, Kind
from worker.exporting.formats.characters import without_unfit
from worker.exporting.marks import in_workbook

# https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3
MOST_ROWS = 1_048_575  # below the header
_LONGEST_CELL = 32_767

# What a reader takes for a character's number: [MS-XLSX] 22.9.2.19, ST_Xstring.
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
# A number that a cell keeps to the last digit.
_EXACT_DIGITS = 15

_NUMBER_FORMATS: dict[Kind, str] = {
    "text": "General", "code": "@", "cents": "0.00", "amount": "General", "number": "General",
    "date": "yyyy-mm-dd",
}  # fmt: skip
_WIDTHS: dict[Kind, int] = {
    "text": 30, "code": 16, "cents": 12, "amount": 14, "number": 12, "date": 12,
}  # fmt: skip


class XlsxWriter:
    """A workbook of one sheet, whose header is bold and stays where it is."""

    def __init__(self, path: Path, entity: Entity) -> None:
        # Takes half a second and memory, and is not always needed.
        import openpyxl  # type: ignore[import-untyped] # noqa: PLC0415

        self.notes: list[str] = []
        self._path = path
        self._columns = entity.columns
        self._cut = 0
        self._book = openpyxl.Workbook(write_only=True)
        self._sheet = self._book.create_sheet(entity.name)
        self._sheet.freeze_panes = "A2"
        for number, column in enumerate(self._columns, start=1):
            width = max(_WIDTHS[column.kind], len(column.name) + 2)
            letter = openpyxl.utils.get_column_letter(number)
            self._sheet.column_dimensions[letter].width = width
        self._is_saved = False
        header = [self._cell(column.name) for column in self._columns]
        for cell in header:
            cell.font = openpyxl.styles.Font(bold=True)
        self._sheet.append(header)
        # One cell a column, for all of its rows: a row is written before the next is made.
        self._cells = [self._cell(None, _NUMBER_FORMATS[column.kind]) for column in self._columns]

    def write(self, cells: Sequence[Sequence[str]]) -> None:
        """Write some rows, given by column."""
        setters = [_SETTERS.get(column.kind, _set_text) for column in self._columns]
        shown = in_workbook(self._columns, cells)
        for texts in zip(*shown, strict=True):
            row: list[Any] = []
            for cell, text, set_value in zip(self._cells, texts, setters, strict=True):
                if not text:
                    row.append(None)
                    continue
                if len(text) > _LONGEST_CELL:
                    self._cut += 1
                set_value(cell, text)
                row.append(cell)
            self._sheet.append(row)

    def close(self) -> None:
        """Put the workbook together."""
        self._book.save(self._path)
        self._is_saved = True
        if self._cut:
            self.notes.append(
                f"Texts that were cut after {_LONGEST_CELL:,} characters, which is all that a cell "
                f"of a workbook can hold: {self._cut:,}. In a CSV file they are whole."
            )

    def abandon(self) -> None:
        """Remove the sheet's own file, which openpyxl keeps until the process ends."""
        if not self._is_saved:
            self._sheet.close()
            with suppress(FileNotFoundError):
                self._sheet._writer.cleanup()  # noqa: SLF001 - there is no other way

    def _cell(self, value: str | None, number_format: str = "General") -> Any:  # noqa: ANN401 - openpyxl has no types
        from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped] # noqa: PLC0415

        cell = WriteOnlyCell(self._sheet, value)
        cell.number_format = number_format
        return cell


def _set_text(cell: Any, text: str) -> None:  # noqa: ANN401 - the same
    """Set a text, which stays one whatever it looks like."""
    fit = text if text.isalnum() else _ESCAPE.sub("_x005F_", without_unfit(text))
    cell.value = fit[:_LONGEST_CELL]
    cell.data_type = "s"


def _set_number(cell: Any, text: str) -> None:  # noqa: ANN401 - the same
    """Set a number that a cell can keep exactly; another stays text."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if number.is_finite() and len(number.as_tuple().digits) <= _EXACT_DIGITS:
        cell.value = number
    else:
        _set_text(cell, text)


def _set_date(cell: Any, text: str) -> None:  # noqa: ANN401 - the same
    """Set a date that workbooks know; another stays text."""
    try:
        cell.value = dt.date.fromisoformat(text)
    except ValueError:
        _set_text(cell, text)
        return
    cell.number_format = _NUMBER_FORMATS["date"]


_SETTERS: dict[Kind, Callable[[Any, str], None]] = {
    "cents": _set_number,
    "amount": _set_number,
    "number": _set_number,
    "date": _set_date,
}
