"""XML Spreadsheet 2003, which many ERP systems write under the name .xls.

https://learn.microsoft.com/en-us/previous-versions/office/developer/office-xp/aa140066(v=office.10)
"""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from xml.parsers import expat

from worker.exceptions import JobRefusedError
from worker.importing.sources.header import MOST_COLUMNS
from worker.importing.sources.marks import error_text, uncalculated
from worker.importing.sources.parts import local
from worker.importing.sources.readers.tables import TableWriter
from worker.importing.sources.readers.xml_styles import Styles
from worker.importing.sources.spooled_tables import TablePlace

_PIECE_BYTES = 1 << 16
_MOST_ROWS = 1_048_576

# As a spreadsheet program writes a number that it holds.
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?")
# A time of day is a moment of the day before the calendar begins.
_NO_DAY = {dt.date(1899, 12, 30), dt.date(1899, 12, 31), dt.date(1904, 1, 1)}


def read_xml_spreadsheet(path: Path, writer: TableWriter) -> int:
    """Write the rows of all sheets; how many formulas have no value.

    Raises:
        JobRefusedError: it is not well-formed, or its cells lie over each other.

    """
    reading = _Reading(writer)
    parser = expat.ParserCreate()
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.data
    parser.EntityDeclHandler = _refuse_entity
    parser.buffer_text = True
    try:
        with path.open("rb") as file:
            piece = file.read(_PIECE_BYTES).lstrip(b" \t\r\n")  # no white space before <?xml
            while piece:
                parser.Parse(piece, False)  # noqa: FBT003 - expat knows no keywords
                piece = file.read(_PIECE_BYTES)
            parser.Parse(b"", True)  # noqa: FBT003
    except expat.ExpatError as error:
        raise JobRefusedError(
            f"The XML spreadsheet is damaged or incomplete: line {error.lineno:,} cannot be read. "
            "Open it in a spreadsheet program, save it as .xlsx and upload that."
        ) from None
    return reading.uncalculated


def _refuse_entity(*_: object) -> None:
    raise JobRefusedError(
        "The XML spreadsheet declares entities of its own, which are not read. Open it in a "
        "spreadsheet program, save it as .xlsx and upload that."
    )


class _Reading:
    """What a parser has seen so far."""

    def __init__(self, writer: TableWriter) -> None:
        self.uncalculated = 0
        self._writer = writer
        self._styles = Styles()
        self._sheet = TablePlace(-1, "", 0)
        self._column_styles: dict[int, str] = {}
        self._column = 0
        self._table_style = self._row_style = ""
        # 1-based, of the row and the cell that were begun last.
        self._row = 0
        self._cells: list[object] = []
        # Column → the last row down to which a merged cell covers it.
        self._covered: dict[int, int] = {}
        self._cell: dict[str, str] = {}
        self._type: str | None = None
        self._text: list[str] = []
        self._in_data = self._in_comment = self._in_visible = False
        self._starts: dict[str, Callable[[dict[str, str]], None]] = {
            "Cell": self._start_cell,
            "Column": self._start_column,
            "Comment": self._start_comment,
            "Data": self._start_data,
            "NumberFormat": self._styles.set_format,
            "Row": self._start_row,
            "Style": self._styles.begin,
            "Table": self._start_table,
            "Visible": self._start_visible,
            "Worksheet": self._start_sheet,
        }

    def start(self, full_name: str, attributes: dict[str, str]) -> None:
        """Take an element's beginning."""
        if self._in_data:
            return  # <B>, <Font>: text with a look
        starts = self._starts.get(local(full_name))
        if starts is not None:
            starts({local(key): value for key, value in attributes.items()})

    def data(self, text: str) -> None:
        """Take a piece of text."""
        if self._in_data or self._in_visible:
            self._text.append(text)

    def end(self, full_name: str) -> None:
        """Take an element's end."""
        name = local(full_name)
        if self._in_data and name != "Data":
            return
        match name:
            case "Data":
                self._in_data = False
            case "Cell":
                self._end_cell()
            case "Row":
                self._writer.write(self._sheet, self._row, self._cells)
                self._sheet.size += len(self._cells)
            case "Comment":
                self._in_comment = False
            case "Visible":
                self._in_visible = False
                self._sheet.is_hidden = "".join(self._text).strip() != "SheetVisible"

    def _start_sheet(self, attributes: dict[str, str]) -> None:
        self._sheet = self._writer.begin(attributes.get("Name", ""))
        self._row = 0

    def _start_table(self, attributes: dict[str, str]) -> None:
        self._table_style = attributes.get("StyleID", "")
        self._column, self._column_styles = 0, {}
        self._covered.clear()

    def _start_data(self, attributes: dict[str, str]) -> None:
        if not self._in_comment:
            self._in_data, self._type = True, attributes.get("Type", "String")

    def _start_comment(self, _: dict[str, str]) -> None:
        self._in_comment = True

    def _start_visible(self, _: dict[str, str]) -> None:
        self._in_visible = True
        self._text.clear()

    def _start_column(self, attributes: dict[str, str]) -> None:
        first = _count(attributes, "Index", self._column + 1)
        self._column = min(first + _count(attributes, "Span", 0), MOST_COLUMNS)
        if style := attributes.get("StyleID"):
            self._column_styles.update(dict.fromkeys(range(first, self._column + 1), style))

    def _start_row(self, attributes: dict[str, str]) -> None:
        row = _count(attributes, "Index", self._row + 1)
        if not self._row < row <= _MOST_ROWS:
            raise _overlap(row)
        self._row = row
        self._row_style = attributes.get("StyleID", "")
        self._cells = []

    def _start_cell(self, attributes: dict[str, str]) -> None:
        column = _count(attributes, "Index", len(self._cells) + 1)
        if (
            not len(self._cells) < column <= MOST_COLUMNS
            or self._covered.get(column, 0) >= self._row
        ):
            raise _overlap(self._row)
        self._cells.extend([""] * (column - len(self._cells) - 1))
        self._cell = attributes
        self._type = None
        self._text.clear()

    def _end_cell(self) -> None:
        column = len(self._cells) + 1
        across = min(_count(self._cell, "MergeAcross", 0), MOST_COLUMNS - column)
        if down := _count(self._cell, "MergeDown", 0):
            last = self._row + down
            self._covered.update(dict.fromkeys(range(column, column + across + 1), last))
        self._cells.extend((self._value(column), *[""] * across))

    def _value(self, column: int) -> object:
        text = "".join(self._text)
        if self._type not in {None, "String"} and not text.strip():
            self._type = None
        if self._type is None:
            if "Formula" in self._cell:
                self.uncalculated += 1
                return uncalculated()
            return ""
        if self._type == "String":
            return text
        if self._type == "Error":
            return error_text(text)
        cell = _READERS.get(self._type, str)(text.strip())
        mark = self._styles.mark(
            self._cell.get("StyleID")
            or self._row_style
            or self._column_styles.get(column)
            or self._table_style
        )
        return cell if mark is None else mark(cell)


def _overlap(row: int) -> JobRefusedError:
    return JobRefusedError(
        f"The XML spreadsheet is damaged: in row {row:,} the cells are not one behind the other. "
        "Open it in a spreadsheet program, save it as .xlsx and upload that."
    )


def _number(text: str) -> object:
    """Read a number; one that no spreadsheet program wrote, like 00123, stays as it is written."""
    if not _PLAIN_NUMBER.fullmatch(text):
        return text
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def _moment(text: str) -> object:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.time() if moment.date() in _NO_DAY else moment


def _boolean(text: str) -> object:
    return {"1": True, "0": False}.get(text, text)


_READERS: dict[str, Callable[[str], object]] = {
    "Number": _number,
    "DateTime": _moment,
    "Boolean": _boolean,
}


def _count(attributes: dict[str, str], name: str, default: int) -> int:
    written = attributes.get(name, "").strip()
    return int(written) if written.isdecimal() and len(written) < 10 else default  # noqa: PLR2004
