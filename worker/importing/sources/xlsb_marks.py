"""The marks of an .xlsb sheet: error cells and number formats, record after record.

[MS-XLSB] 2.1.4 has the records' frame, 2.3 their numbers.
"""

import struct
from collections.abc import Collection, Iterator

from worker.importing.sources.marks import Mark, MarkedRows, as_error, numbered_error
from worker.importing.sources.number_formats import format_mark
from worker.importing.sources.parts import Parts
from worker.importing.sources.xlsx_marks import BUILT_IN

_ROW, _SHEET = 0, 156
# Cells: a short number, an error, a number; a formula's number and error.
_NUMBERS, _ERRORS = {2, 5, 9}, {3, 11}
# A number that no record has, written as long as that of a sheet.
_NOTHING = b"\xff\x7f"
_FORMAT, _STYLE, _STYLES_BEGIN, _STYLES_END = 44, 47, 617, 618


def xlsb_marks(parts: Parts, sheet: str, styles: list[Mark | None]) -> MarkedRows:
    """Look for marks in a sheet's part.

    Raises:
        struct.error: the sheet is cut.

    """
    row, marks = 0, dict[int, Mark]()
    for _, kind, body in _records(parts.read(sheet)):
        if kind == _ROW:
            if marks:
                yield row, marks
            row, marks = int.from_bytes(body[:4], "little") + 1, {}
        elif kind in _ERRORS:
            marks[_column(body)] = as_error(numbered_error(body[8]))
        elif kind in _NUMBERS:
            style = int.from_bytes(body[4:7], "little")
            mark = styles[style] if style < len(styles) else None
            if mark is not None:
                marks[_column(body)] = mark
    if marks:
        yield row, marks


def binary_style_marks(part: bytes) -> list[Mark | None]:
    """Find each cell style's mark."""
    formats: dict[int, Mark | None] = dict(BUILT_IN)
    marks: list[Mark | None] = []
    in_cell_styles = False
    for _, kind, body in _records(part):
        if kind == _FORMAT:
            formats[int.from_bytes(body[:2], "little")] = format_mark(_text(body, 2)[0])
        elif kind in {_STYLES_BEGIN, _STYLES_END}:
            in_cell_styles = kind == _STYLES_BEGIN
        elif kind == _STYLE and in_cell_styles:
            marks.append(formats.get(int.from_bytes(body[2:4], "little")))
    return marks


def sheet_identifiers(main: bytes) -> dict[str, str]:
    """Find each sheet's identifier among the relations of the main part."""
    found = {}
    for _, kind, body in _records(main):
        if kind == _SHEET:
            identifier, position = _text(body, 8)
            found[_text(body, position)[0]] = identifier
    return found


def with_sheets(main: bytes, identifiers: Collection[str]) -> bytes:
    """Leave these sheets in the main part, and no others."""
    left = bytearray(main)
    for position, kind, body in _records(main):
        if kind == _SHEET and _text(body, 8)[0] not in identifiers:
            left[position : position + len(_NOTHING)] = _NOTHING
    return bytes(left)


def _column(body: bytes) -> int:
    return int.from_bytes(body[:4], "little")


def _text(body: bytes, position: int) -> tuple[str, int]:
    """Read a string behind its length in characters; where it ends."""
    (length,) = struct.unpack_from("<I", body, position)
    end = position + 4 + 2 * length
    return body[position + 4 : end].decode("utf-16-le", "replace"), end


def _records(part: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield (position, kind, body).

    Kind and length take as many bytes as they need, 7 bits in each.
    """
    position = 0
    while position + 1 < len(part):
        begin, kind = position, part[position]
        position += 1
        if kind > 0x7F:  # noqa: PLR2004 - there is a second byte
            kind = kind & 0x7F | (part[position] & 0x7F) << 7
            position += 1
        length = shift = 0
        while True:
            byte = part[position]
            position += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte <= 0x7F or shift == 28:  # noqa: PLR2004 - four bytes at most
                break
        yield begin, kind, part[position : position + length]
        position += length
