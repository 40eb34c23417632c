"""The sheets of an .ods: OpenDocument 1.3 part 3, 9 (tables) and 19 (attributes).

A cell has its value in attributes and what it shows as text, so that an error that Excel writes as
the number 0 can be told by its text, and a code by what was made of its number.
"""

import datetime as dt
import re
from functools import partial
from xml.parsers import expat

from worker.importing.sources.marks import (
    NumberedRows,
    as_percent,
    error_text,
    uncalculated,
)
from worker.importing.sources.parts import Parts, local, parse
from worker.importing.sources.sheets import MOST_COLUMNS, MOST_ROWS, RefusedError, Sheet
from worker.importing.values.spreadsheet import ERRORS, shown_number

# The part with all tables.
CONTENT = "content.xml"
_PARAGRAPHS = {"p", "h"}
_CELLS = {"table-cell", "covered-table-cell"}
# What a cell holds beside its text: remarks, drawings, rules are no elements of text at all.
_TEXT = "text:"
_NO_TEXT = {"note", "ruby-text"}
_SPACING = {"tab": "\t", "line-break": "\n"}
_SPACES = re.compile(r"[ \t\r\n]+")
_LONGEST_CODE = 30
# Cells that one row may stand for.
_MOST_REPEATED = 5_000_000

_DURATION = re.compile(r"(-?)P(?:(\d{1,6})D)?T?(?:(\d{1,6})H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)S)?")
_ANY_DAY = dt.datetime(1900, 1, 1)  # noqa: DTZ001 - a spreadsheet knows no time zones
# LibreOffice's own errors.
_ERROR_NUMBER = re.compile(r"Err:\d{3}")
# Digits in groups, and decimals that are none: how numbers look that are no codes.
_PLAIN_LOOK = re.compile(r"\d{1,3}(?:[,.'\u2019\s]\d{3})+|\d+[.,]0*")


def sheets(parts: Parts) -> list[Sheet]:
    """List the sheets.

    Raises:
        expat.ExpatError: the workbook is not well-formed.

    """
    hidden_styles: set[str] = set()
    style = ""
    found: list[Sheet] = []
    for name, attributes in parts.elements(CONTENT):
        if name == "style":
            style = attributes.get("style:name", "")
        elif name == "table-properties" and attributes.get("table:display") == "false":
            hidden_styles.add(style)
        elif name == "table" and "table:name" in attributes:
            is_hidden = attributes.get("table:style-name") in hidden_styles
            rows = partial(_rows, parts, len(found))
            found.append(Sheet(attributes["table:name"], is_hidden, rows))
    return found


def _rows(parts: Parts, index: int) -> NumberedRows:
    scan = _SheetScan(index)
    for _ in parse(parts.open(CONTENT), scan.parser):
        for first, count, cells in scan.ready:
            for row in range(first, first + count):
                yield row, list(cells)
        scan.ready.clear()
        if scan.is_over:
            return


class _SheetScan:
    """A pass over the content that keeps one sheet's rows."""

    def __init__(self, index: int) -> None:
        # (first row, how often it is repeated, cells)
        self.ready: list[tuple[int, int, list[object]]] = []
        self.is_over = False
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._find_sheet
        self.parser.buffer_text = True
        self._sheets_before = index
        self._row = self._row_count = 1
        self._cells: list[object] = []
        # Empty cells, which count only if something follows.
        self._gap = 0
        self._attributes: dict[str, str] = {}
        self._text: list[str] = []
        # Within a cell: how deep in it, and how deep in what is not its text.
        self._depth = self._aside = 0

    def _find_sheet(self, name: str, attributes: dict[str, str]) -> None:
        if local(name) == "table" and "table:name" in attributes:
            if self._sheets_before == 0:
                self.parser.StartElementHandler = self._start
                self.parser.EndElementHandler = self._end
            self._sheets_before -= 1

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth:
            self._depth += 1
            self._start_text(name, attributes)
        elif local(name) in _CELLS:
            self._depth = 1
            self._attributes = attributes
            self._text.clear()
        elif local(name) == "table-row":
            self._row_count = _count(attributes.get("table:number-rows-repeated"), MOST_ROWS)
            self._cells, self._gap = [], 0

    def _start_text(self, name: str, attributes: dict[str, str]) -> None:
        is_text = name.startswith(_TEXT)
        name = local(name)
        if self._aside or not is_text or name in _NO_TEXT:
            self._aside += 1
        elif name in _PARAGRAPHS:
            if self._text:
                self._text.append("\n")
            # Only here: what stands between elements is for the eye of a programmer.
            self.parser.CharacterDataHandler = self._add_text
        elif name == "s":
            self._text.append(" " * _count(attributes.get("text:c"), 1000))
        elif name in _SPACING:
            self._text.append(_SPACING[name])

    def _add_text(self, text: str) -> None:
        if not self._aside:
            self._text.append(_SPACES.sub(" ", text))

    def _end(self, name: str) -> None:
        name = local(name)
        if self._depth > 1:
            self._depth -= 1
            if self._aside:
                self._aside -= 1
            elif name in _PARAGRAPHS:
                self.parser.CharacterDataHandler = None
        elif self._depth:
            self._depth = 0
            self._end_cell()
        elif name == "table-row":
            if self._cells:
                if self._row_count * len(self._cells) > _MOST_REPEATED:
                    raise RefusedError("large")
                self.ready.append((self._row, self._row_count, self._cells))
            self._row += self._row_count
        elif name == "table":
            self.is_over = True
            self.parser.StartElementHandler = self.parser.EndElementHandler = None

    def _end_cell(self) -> None:
        count = _count(self._attributes.get("table:number-columns-repeated"), MOST_COLUMNS)
        cell = _cell(self._attributes, "".join(self._text))
        if cell == "":
            self._gap += count
            return
        if len(self._cells) + self._gap + count > MOST_COLUMNS:
            raise RefusedError("large")
        self._cells += [""] * self._gap + [cell] * count
        self._gap = 0


def _cell(attributes: dict[str, str], text: str) -> object:
    """Find what a cell is."""
    if (
        text in ERRORS
        or _ERROR_NUMBER.fullmatch(text)
        or attributes.get("calcext:value-type") == "error"
    ):
        return error_text(text)
    if "office:value-type" not in attributes and not text and "table:formula" in attributes:
        return uncalculated()
    return _value(attributes, text)


def _value(attributes: dict[str, str], text: str) -> object:
    kind = attributes.get("office:value-type", "")
    match kind:
        case "float" | "currency" | "percentage":
            return _number(kind, float(attributes["office:value"]), text)
        case "date":
            return _date(attributes["office:date-value"])
        case "time":
            return _time(attributes["office:time-value"])
        case "boolean":
            return attributes["office:boolean-value"] == "true"
    return text or attributes.get("office:string-value", "")


def _number(kind: str, number: float, text: str) -> object:
    if kind == "percentage":
        return as_percent(number)
    if kind == "currency" or not text or len(text) > _LONGEST_CODE:
        return number
    return _as_code(number, text.strip())


def _as_code(number: float, text: str) -> object:
    """Keep what a cell shows if that is its digits and more: 00042, AB-0042, 1.10."""
    if number == int(number):
        digits = "".join(filter(str.isdigit, text))
        is_code = digits.isascii() and digits != "" and int(digits) == number
        if not is_code or text == str(int(number)) or _PLAIN_LOOK.fullmatch(text):
            return number
        return text if text.isascii() and text.isdigit() else shown_number(int(number), text)
    written = text.replace(",", ".")
    is_rounded = re.fullmatch(r"\d+\.\d+", written) and written != str(number)
    return shown_number(number, written) if is_rounded else number


def _date(written: str) -> object:
    """Read 2026-03-12, or with a time."""
    try:
        found = dt.datetime.fromisoformat(written)
    except ValueError:
        return written
    return found.replace(tzinfo=None) if "T" in written else found.date()


def _time(written: str) -> object:
    """Read PT30H05M00S."""
    if not (found := _DURATION.fullmatch(written)):
        return written
    sign, days, hours, minutes, seconds = found.groups()
    length = dt.timedelta(
        days=int(days or 0),
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        seconds=float((seconds or "0").replace(",", ".")),
    )
    if sign or length >= dt.timedelta(days=1):
        return -length if sign else length
    return (_ANY_DAY + length).time()


def _count(written: str | None, most: int) -> int:
    if written is None or not written.isdecimal():
        return 1
    return min(int(written[:9]), most)


def is_encrypted(parts: Parts) -> bool:
    """Whether a password is needed."""
    return b"encryption-data" in parts.read("META-INF/manifest.xml")
