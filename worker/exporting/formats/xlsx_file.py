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

    def write(self, cells: Sequence[Sequence[str]]) -> None:
        """Write some rows, given by column."""
        shown = in_workbook(self._columns, cells)
        columns = [
            list(map(_READERS.get(column.kind, self._text), of_column))
            for column, of_column in zip(self._columns, shown, strict=True)
        ]
        for row in zip(*columns, strict=True):
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

    def _text(self, text: str) -> Any:  # noqa: ANN401 - openpyxl has no types
        """Give a text as openpyxl writes one as it is."""
        if not text:
            return None
        if not text.isalnum():
            text = _ESCAPE.sub("_x005F_", without_unfit(text))
        if len(text) > _LONGEST_CELL:
            self._cut += 1
            text = text[:_LONGEST_CELL]
        # It would make a formula of the one and an error of the other.
        return self._cell(text) if text[0] in "=#" else text

    def _cell(self, text: str) -> Any:  # noqa: ANN401 - the same
        """Make a cell, for what openpyxl would else judge by its looks."""
        from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped] # noqa: PLC0415

        cell = WriteOnlyCell(self._sheet, text)
        cell.data_type = "s"
        return cell


def _number(text: str) -> Decimal | str | None:
    """Give a number that a cell keeps to the last digit; another stays text."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text or None
    exact = number.is_finite() and len(number.as_tuple().digits) <= _EXACT_DIGITS
    return number if exact else text


def _date(text: str) -> dt.date | str | None:
    """Give a date that workbooks know; another stays text."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return text or None


_READERS: dict[Kind, Callable[[str], Any]] = {
    "cents": _number,
    "amount": _number,
    "number": _number,
    "date": _date,
}
