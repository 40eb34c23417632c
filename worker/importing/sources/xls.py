"""The sheets of an .xls file of any age, from Excel 2 on: [MS-XLS], read by xlrd."""

import io
import struct
from functools import partial

import xlrd  # type: ignore[import-untyped]

from worker.importing.sources.biff import UNCALCULATED, prepared
from worker.importing.sources.cells import moment
from worker.importing.sources.compound import CompoundFile
from worker.importing.sources.marks import (
    Mark,
    NumberedRows,
    numbered_error,
    uncalculated,
)
from worker.importing.sources.number_formats import format_mark, is_elapsed_format
from worker.importing.sources.sheets import RefusedError, Sheet

_STREAMS = ("Workbook", "Book")
# What an encrypted .xlsx is kept in.
_ENCRYPTED = "EncryptedPackage"
# Written by every spreadsheet program, and by no library that can't calculate.
_SUMMARY = "\x05SummaryInformation"


def sheets(content: bytes) -> list[Sheet]:
    """List the sheets of a whole file, a compound one or the bare stream of Excel 2 to 4.

    Raises:
        RefusedError: it is encrypted, or another Office document.
        Exception: whatever a damaged file makes xlrd raise.

    """
    stream, is_calculated = content, True
    if content.startswith(b"\xd0\xcf"):
        try:
            file = CompoundFile(content)
        except (IndexError, struct.error):
            raise RefusedError("document") from None
        name = next((name for name in _STREAMS if name in file), None)
        if _ENCRYPTED in file:
            raise RefusedError("protected")
        if name is None:
            raise RefusedError("document")
        stream, is_calculated = file.read(name), _SUMMARY in file
    workbook = prepared(stream, is_calculated=is_calculated)
    if workbook.is_protected:
        raise RefusedError("protected")
    book = xlrd.open_workbook(
        file_contents=bytes(workbook.stream),
        # It would write to standard output, which is the parent's.
        logfile=io.StringIO(),
        encoding_override=None if workbook.names_its_encoding else "cp1252",
        formatting_info=True,
        # A sheet with a cell in its far corner costs no more than its cells.
        ragged_rows=True,
        on_demand=True,
    )
    marks = _style_marks(book)
    visible = book._sheet_visibility  # noqa: SLF001 - else a sheet must be read to know
    return [
        Sheet(name, bool(visible[index]), partial(_rows, book, index, marks))
        for index, name in enumerate(book.sheet_names())
    ]


def _style_marks(book: "xlrd.Book") -> list[Mark | None]:
    """Find each cell style's mark."""
    marks: dict[str, Mark | None] = {}
    found: list[Mark | None] = []
    for style in book.xf_list:
        written = _format(book, style)
        if written not in marks:
            marks[written] = format_mark(written)
        found.append(marks[written])
    return found


def _format(book: "xlrd.Book", style: object) -> str:
    known = book.format_map.get(style.format_key)  # type: ignore[attr-defined]
    return str(known.format_str) if known is not None else ""


def _rows(book: "xlrd.Book", index: int, marks: list[Mark | None]) -> NumberedRows:
    sheet = book.sheet_by_index(index)
    for row in range(sheet.nrows):
        yield (
            row + 1,
            [
                _cell(book, cell, marks)
                for cell in (sheet.cell(row, column) for column in range(sheet.row_len(row)))
            ],
        )
    book.unload_sheet(index)


def _cell(book: "xlrd.Book", cell: "xlrd.sheet.Cell", marks: list[Mark | None]) -> object:
    match cell.ctype:
        case xlrd.XL_CELL_NUMBER:
            mark = marks[cell.xf_index] if cell.xf_index < len(marks) else None
            return mark(cell.value) if mark is not None else cell.value
        case xlrd.XL_CELL_DATE:
            written = _format(book, book.xf_list[cell.xf_index])
            is_elapsed = is_elapsed_format(written)
            return moment(cell.value, is_1904=book.datemode == 1, is_elapsed=is_elapsed)
        case xlrd.XL_CELL_BOOLEAN:
            return bool(cell.value)
        case xlrd.XL_CELL_ERROR:
            return uncalculated() if cell.value == UNCALCULATED else numbered_error(int(cell.value))
    return cell.value
