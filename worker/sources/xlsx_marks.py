"""The marks of an .xlsx or .xlsm sheet: error cells, formulas without a value, number formats.

ECMA-376 part 1, 18.3 (worksheets) and 18.8 (styles).
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from xml.parsers import expat
from zipfile import ZipFile

from worker.sources.marks import (
    Mark,
    MarkedRows,
    as_error,
    as_percent,
    format_mark,
    holds,
    local,
    parse,
    uncalculated,
)

_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_STYLES = "xl/styles.xml"

# Built-in formats of percent: 0% and 0.00%.
_BUILT_IN = {"9": as_percent, "10": as_percent}

# A formula that no filled <v> follows. Begins with a letter, which Python finds ten times as fast
# as the bracket before it.
_EMPTY_FORMULA = re.compile(
    rb"f (?: (?<=[/:]f) | (?<=[<:]f)\b[^<>]*/ ) > \s* (?!<(?:\w+:)?v\b[^<>/]*>[^<])", re.VERBOSE
).search
_LONGEST_SIGN = 512

_LETTERS = re.compile(r"([A-Za-z]{1,3})[0-9]*")


def xlsx_marks(archive: ZipFile, sheet: str) -> MarkedRows:
    """Look for marks in a sheet; a quick search comes first, since few sheets have any.

    Raises:
        expat.ExpatError: the workbook is not well-formed.
        KeyError: a part is missing.

    """
    part = _sheet_part(archive, sheet)
    styles = _style_marks(archive)
    if part is None or not (any(styles) or holds(archive.open(part), _has_sign, _LONGEST_SIGN)):
        return ()
    return _scan(archive, part, styles)


def _has_sign(xml: bytes) -> bool:
    """Look for an error cell or an empty formula; finds too much rather than too little."""
    return b'"e"' in xml or b"'e'" in xml or _EMPTY_FORMULA(xml) is not None


def _scan(archive: ZipFile, part: str, styles: list[Mark | None]) -> MarkedRows:
    scan = _SheetScan(styles)
    for _ in parse(archive.open(part), scan.parser):
        yield from scan.ready
        scan.ready.clear()


class _SheetScan:
    """A pass over a sheet's XML that keeps what is marked of each row."""

    def __init__(self, styles: list[Mark | None]) -> None:
        self.ready: list[tuple[int, dict[int, Mark]]] = []
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.buffer_text = True
        self._styles = styles
        self._row = self._column = 0
        self._marks: dict[int, Mark] = {}
        self._type = ""
        self._has_formula = self._has_value = False
        self._value: list[str] = []

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match local(name):
            case "c":
                self._start_cell(attributes)
            case "f":
                self._has_formula = True
            case "v":
                self.parser.CharacterDataHandler = self._value.append
            case "row":
                row = attributes.get("r", "")
                self._row = int(row) if row.isdecimal() else self._row + 1
                self._column = -1
                self._marks = {}

    def _start_cell(self, attributes: dict[str, str]) -> None:
        letters = _LETTERS.match(attributes.get("r", ""))
        self._column = _column(letters[1]) if letters else self._column + 1
        self._type = attributes.get("t", "n")
        self._has_formula = False
        self._value.clear()
        style = attributes.get("s", "")
        if style.isdecimal() and int(style) < len(self._styles) and self._type == "n":
            mark = self._styles[int(style)]
            if mark is not None:
                self._marks[self._column] = mark

    def _end(self, name: str) -> None:
        match local(name):
            case "v":
                self.parser.CharacterDataHandler = None
            case "c":
                value = "".join(self._value).strip()
                if self._type == "e":
                    self._marks[self._column] = as_error(value)
                elif self._has_formula and not value and self._type != "str":
                    self._marks[self._column] = uncalculated
            case "row":
                if self._marks:
                    self.ready.append((self._row, self._marks))


def _column(letters: str) -> int:
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1


def _sheet_part(archive: ZipFile, sheet: str) -> str | None:
    """Find a sheet's part by way of the workbook's relations."""
    relation = next(
        (
            identifier
            for name, attributes in _elements(archive, _WORKBOOK)
            if name == "sheet" and attributes.get("name") == sheet
            for key, identifier in attributes.items()
            if local(key) == "id" and key != "id"
        ),
        None,
    )
    for name, attributes in _elements(archive, _RELATIONS):
        if name == "Relationship" and attributes.get("Id") == relation:
            return posixpath.normpath(posixpath.join("/xl", attributes.get("Target", "")))[1:]
    return None


def _style_marks(archive: ZipFile) -> list[Mark | None]:
    """Find each cell style's mark."""
    if _STYLES not in archive.NameToInfo:
        return []
    formats: dict[str, Mark | None] = dict(_BUILT_IN)
    marks: list[Mark | None] = []
    in_cell_styles = False
    for name, attributes in _elements(archive, _STYLES):
        if name == "numFmt":
            formats[attributes.get("numFmtId", "")] = format_mark(attributes.get("formatCode", ""))
        elif name in {"cellXfs", "cellStyleXfs", "cellStyles", "dxfs"}:
            in_cell_styles = name == "cellXfs"
        elif name == "xf" and in_cell_styles:
            marks.append(formats.get(attributes.get("numFmtId", "")))
    return marks


def _elements(archive: ZipFile, part: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (local name, attributes) of every element, in order of their beginnings."""
    found: list[tuple[str, dict[str, str]]] = []
    add: Callable[[tuple[str, dict[str, str]]], None] = found.append
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: add((local(name), attributes))
    for _ in parse(archive.open(part), parser):
        yield from found
        found.clear()
