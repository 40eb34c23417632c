"""The marks of an .xlsx or .xlsm sheet: error cells, formulas without a value, number formats.

ECMA-376 part 1, 18.3 (worksheets) and 18.8 (styles).
"""

import datetime as dt
import re
from functools import partial
from xml.parsers import expat

from worker.importing.sources.marks import (
    Mark,
    MarkedRows,
    as_error,
    as_percent,
    error_text,
    uncalculated,
)
from worker.importing.sources.number_formats import format_mark
from worker.importing.sources.parts import Parts, holds, local, parse

# Built-in formats of percent, 0% and 0.00%, and of decimals, 0.00.
BUILT_IN = {9: as_percent, 10: as_percent, 2: format_mark("0.00")}

# An error, or a date that is kept as text.
_has_typed_cell = re.compile(rb"""\bt\s*=\s*["'][ed]["']""").search
# A formula that no filled <v> follows. Begins with a letter, which Python finds ten times as fast
# as the bracket before it.
_EMPTY_FORMULA = re.compile(
    rb"f (?: (?<=[/:]f) | (?<=[<:]f)\b[^<>]*/ ) > \s* (?!<(?:\w+:)?v\b[^<>/]*>[^<])", re.VERBOSE
).search
_LONGEST_SIGN = 512

# Elements that most programs write without a prefix.
_NAMES = {"c", "v", "f", "row"}
_WATCHED_TYPES = {"e", "d"}
_TEXT_TYPES = {"str", "inlineStr"}
_LETTERS = re.compile(r"[A-Za-z]{1,3}")


def xlsx_marks(parts: Parts, sheet: str, styles: list[Mark | None]) -> MarkedRows:
    """Look for marks in a sheet's part; a quick search comes first, since few sheets have any.

    Raises:
        expat.ExpatError: the sheet is not well-formed.

    """
    used = [str(style).encode() for style, mark in enumerate(styles) if mark is not None]
    has_style = re.compile(rb"""\bs\s*=\s*["'](?:%b)["']""" % b"|".join(used)).search

    def has_sign(xml: bytes) -> bool:
        """Look for what is marked; finds too much rather than too little."""
        return (
            _has_typed_cell(xml) is not None
            or _EMPTY_FORMULA(xml) is not None
            or (bool(used) and has_style(xml) is not None)
        )

    if holds(parts.open(sheet), has_sign, _LONGEST_SIGN):
        scan = _SheetScan(styles)
        for _ in parse(parts.open(sheet), scan.parser):
            yield from scan.ready
            scan.ready.clear()
        yield from scan.last_row()


class _SheetScan:
    """A pass over a sheet's XML that keeps what is marked of each row.

    Most elements are cells and their values, so that there must be little to do for each: only a
    cell that may be an error, a formula or a date in text has its value read and its end noticed.
    """

    def __init__(self, styles: list[Mark | None]) -> None:
        self.ready: list[tuple[int, dict[int, Mark]]] = []
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.buffer_text = True
        self._styles = {str(style): mark for style, mark in enumerate(styles) if mark is not None}
        self._columns: dict[str, int] = {}
        self._row, self._column = 0, -1
        self._marks: dict[int, Mark] = {}
        self._type = ""
        self._has_formula = False
        self._value: list[str] = []

    def last_row(self) -> list[tuple[int, dict[int, Mark]]]:
        """Give the row that no other followed, if it has any marks."""
        return [(self._row, self._marks)] if self._marks else []

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name if name in _NAMES else local(name):
            case "c":
                self._start_cell(attributes)
            case "v" if self.parser.EndElementHandler is not None:
                self.parser.CharacterDataHandler = self._value.append
            case "f":
                self._has_formula = True
                self._watch()
            case "row":
                self.ready += self.last_row()
                row = attributes.get("r", "")
                self._row = int(row) if row.isdecimal() else self._row + 1
                self._column = -1
                self._marks = {}

    def _start_cell(self, attributes: dict[str, str]) -> None:
        letters = attributes.get("r", "").rstrip("0123456789")
        if not letters:
            self._column += 1
        elif letters in self._columns:
            self._column = self._columns[letters]
        else:
            self._column = self._columns[letters] = _column(letters)
        self._type = attributes.get("t", "n")
        if self._type == "n":
            mark = self._styles.get(attributes.get("s", ""))
            if mark is not None:
                self._marks[self._column] = mark
        elif self._type in _WATCHED_TYPES:
            self._watch()

    def _watch(self) -> None:
        self._value.clear()
        self.parser.EndElementHandler = self._end

    def _end(self, name: str) -> None:
        match local(name):
            case "v":
                self.parser.CharacterDataHandler = None
            case "c":
                self._end_cell("".join(self._value).strip())
                self._has_formula = False
                self.parser.EndElementHandler = None

    def _end_cell(self, value: str) -> None:
        if self._type == "e":
            self._marks[self._column] = as_error(error_text(value))
        elif self._type == "d":
            self._marks[self._column] = partial(_as_moment, value)
        elif self._has_formula and not value and self._type not in _TEXT_TYPES:
            self._marks[self._column] = uncalculated


def _as_moment(written: str, cell: object) -> object:
    """Read a date or time that is kept in ISO form; of a time zone there is no use."""
    try:
        if "T" not in written and ":" in written:
            return dt.time.fromisoformat(written).replace(tzinfo=None)
        found = dt.datetime.fromisoformat(written).replace(tzinfo=None)
    except ValueError:
        return cell
    return found if "T" in written else found.date()


def _column(letters: str) -> int:
    """Count columns from 0, as A.

    Raises:
        ValueError: it is no column.

    """
    if not _LETTERS.fullmatch(letters):
        raise ValueError(letters)
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1


def style_marks(parts: Parts, styles: str | None) -> list[Mark | None]:
    """Find each cell style's mark."""
    if styles is None:
        return []
    formats: dict[int, Mark | None] = dict(BUILT_IN)
    marks: list[Mark | None] = []
    in_cell_styles = False
    for name, attributes in parts.elements(styles):
        if name == "numFmt":
            formats[_number(attributes)] = format_mark(attributes.get("formatCode", ""))
        elif name in {"cellXfs", "cellStyleXfs", "cellStyles", "dxfs"}:
            in_cell_styles = name == "cellXfs"
        elif name == "xf" and in_cell_styles:
            marks.append(formats.get(_number(attributes)))
    return marks


def _number(attributes: dict[str, str]) -> int:
    written = attributes.get("numFmtId", "")
    return int(written) if written.isdecimal() and len(written) < 10 else -1  # noqa: PLR2004
