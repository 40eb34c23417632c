"""The marks of an .ods sheet: error cells and percent.

OpenDocument 1.3 part 3, 9.1 and 19.385 (office:value-type); errors are LibreOffice's extension.
"""

import re
from xml.parsers import expat
from zipfile import ZipFile

from worker.sources.marks import (
    Mark,
    MarkedRows,
    as_error,
    as_percent,
    holds,
    local,
    parse,
)

_CONTENT = "content.xml"
_has_sign = re.compile(rb"""value-type\s*=\s*["'](?:error|percentage)""").search
_LONGEST_SIGN = 64
_MOST_ROWS = 1_048_576


def ods_marks(archive: ZipFile, sheet: str) -> MarkedRows:
    """Look for marks in a sheet, if there are any in the workbook.

    Raises:
        expat.ExpatError: the workbook is not well-formed.

    """
    if not holds(archive.open(_CONTENT), _has_sign, _LONGEST_SIGN):
        return ()
    return _scan(archive, sheet)


def _scan(archive: ZipFile, sheet: str) -> MarkedRows:
    scan = _SheetScan(sheet)
    for _ in parse(archive.open(_CONTENT), scan.parser):
        for first, count, marks in scan.ready:
            for row in range(first, first + count):
                yield row, marks
        scan.ready.clear()


class _SheetScan:
    """A pass over the content that keeps what is marked of one sheet's rows."""

    def __init__(self, sheet: str) -> None:
        # (first row, how often it is repeated, marks)
        self.ready: list[tuple[int, int, dict[int, Mark]]] = []
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.buffer_text = True
        self._sheet = sheet
        self._in_sheet = False
        self._row, self._row_count = 1, 1
        self._column, self._column_count = 0, 1
        self._marks: dict[int, Mark] = {}
        self._is_error = False
        self._text: list[str] = []

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match local(name):
            case "table":
                self._in_sheet = attributes.get("table:name") == self._sheet
                self._row = 1
            case "table-row":
                self._row_count = _count(attributes, "table:number-rows-repeated")
                self._column, self._marks = 0, {}
            case "table-cell" | "covered-table-cell":
                self._column_count = _count(attributes, "table:number-columns-repeated")
                types = {value for key, value in attributes.items() if local(key) == "value-type"}
                self._is_error = "error" in types
                self._text.clear()
                if "percentage" in types:
                    self._mark(as_percent)
            case "p" if self._is_error:
                self.parser.CharacterDataHandler = self._text.append

    def _end(self, name: str) -> None:
        match local(name):
            case "p":
                self.parser.CharacterDataHandler = None
            case "table-cell" | "covered-table-cell":
                if self._is_error:
                    self._mark(as_error("".join(self._text)))
                    self._is_error = False
                self._column += self._column_count
            case "table-row":
                if self._in_sheet and self._marks:
                    self.ready.append((self._row, self._row_count, self._marks))
                self._row += self._row_count

    def _mark(self, mark: Mark) -> None:
        for column in range(self._column, min(self._column + self._column_count, 16_384)):
            self._marks[column] = mark


def _count(attributes: dict[str, str], key: str) -> int:
    written = attributes.get(key, "1")
    return min(int(written), _MOST_ROWS) if written.isdecimal() and len(written) < 10 else 1  # noqa: PLR2004
