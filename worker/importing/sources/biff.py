"""A workbook's stream made fit to read: only the records that make its cells, [MS-XLS] 2.3.

Much can be wrong in comments, names and drawings of which no cell depends; without them a reader
does not stumble. Formulas that nobody calculated become errors of a number of their own.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

_NAMES_OF_BEGINNING = {0x0009, 0x0209, 0x0409, 0x0809}
_END, _CONTINUED, _PASSWORD, _CODE_PAGE = 0x000A, 0x003C, 0x002F, 0x0042
_FORMULAS = {0x0006, 0x0206, 0x0406}
# What makes a cell, or says how one is to be read; the oldest version's number first.
_KEPT = (
    _NAMES_OF_BEGINNING
    | _FORMULAS
    | {_END, _CODE_PAGE}
    | {0x0022}  # which days are counted from
    | {0x0085, 0x008E, 0x008F}  # the sheets
    | {0x001E, 0x041E, 0x001F, 0x0056}  # number formats
    | {0x0043, 0x0243, 0x0443, 0x00E0, 0x0044}  # cell styles
    | {0x00FC}  # texts that cells share
    | {0x0000, 0x0200}  # dimensions
    | {0x0002, 0x0003, 0x0203, 0x027E, 0x00BD}  # numbers
    | {0x0004, 0x0204, 0x00D6, 0x00FD}  # texts
    | {0x0005, 0x0205}  # booleans and errors
    | {0x0007, 0x0207}  # texts of formulas
    | {0x0021, 0x0221, 0x04BC, 0x00BC, 0x0036, 0x0236, 0x0037}  # what stands between the two
)
# A number that no record has.
_BLANK = struct.pack("<H", 0xFFFF)

# An error that Excel does not have.
UNCALCULATED = 0xEE
_UNCALCULATED_RESULT = bytes([2, 0, UNCALCULATED, 0, 0, 0, 0xFF, 0xFF])
# [MS-XLS] 2.5.133 (FormulaValue): a text without characters.
_EMPTY_RESULT = b"\x03"
_NO_NUMBER = b"\xff\xff"
_SUM_LATER = 2
_SHORTEST_FORMULA = 16
_SHARED_TEXTS, _SHARED_TEXT = 0x00FC, 0x00FD
_RICH_TEXT, _TEXT = 0x00D6, struct.pack("<H", 0x0204)


class Prepared(NamedTuple):
    """A stream that xlrd can read."""

    stream: bytearray
    is_protected: bool
    # Else texts of one byte a character are in the code page of Windows, most likely.
    names_its_encoding: bool


def prepared(content: bytes, *, is_calculated: bool) -> Prepared:
    """Blank the records of a stream that make no cells.

    Args:
        content: the stream.
        is_calculated: by a spreadsheet program; else a formula's result may be missing.

    """
    stream = bytearray(content)
    kinds: set[int] = set()
    texts = _SharedTexts()
    formulas = _Formulas()
    kept = False
    for position, kind, length, depth in _records(content):
        kinds.add(kind)
        kept = (kind in _KEPT or (kind == _CONTINUED and kept)) and depth <= 1
        if not kept:
            stream[position : position + 2] = _BLANK
        elif kind == _RICH_TEXT:  # the same with fonts behind the text, at which xlrd stumbles
            stream[position : position + 2] = _TEXT
        elif kind in {_SHARED_TEXTS, _SHARED_TEXT}:
            texts.look_at(content, position, kind)
        elif kind in _FORMULAS and length >= _SHORTEST_FORMULA:
            formulas.look_at(content, position)
    texts.mend(stream)
    if not is_calculated:
        formulas.mend(stream)
    return Prepared(stream, _PASSWORD in kinds, _CODE_PAGE in kinds)


class _SharedTexts:
    """How many texts the cells share; some programs say so wrongly, and xlrd believes them."""

    def __init__(self) -> None:
        self._position: int | None = None
        self._used = 0

    def look_at(self, stream: bytes, position: int, kind: int) -> None:
        """Note the place of the texts, or which one a cell uses."""
        if kind == _SHARED_TEXTS:
            self._position = position + 8
        else:
            number = int.from_bytes(stream[position + 10 : position + 14], "little")
            self._used = max(self._used, number + 1)

    def mend(self, stream: bytearray) -> None:
        """Have no more read than are used."""
        if self._position is not None:
            said = int.from_bytes(stream[self._position : self._position + 4], "little")
            count = struct.pack("<I", min(said, self._used))
            stream[self._position : self._position + 4] = count


class _Formulas:
    """The results of formulas, none of which is there if nobody has calculated."""

    def __init__(self) -> None:
        self._empty: list[int] = []
        self._are_calculated = False

    def look_at(self, stream: bytes, position: int) -> None:
        """Note whether a result is there."""
        result = stream[position + 10 : position + 18]
        if _is_missing(result, stream[position + 18]):
            self._empty.append(position + 10)
        else:
            self._are_calculated = True

    def mend(self, stream: bytearray) -> None:
        """Make errors of them, unless one was calculated."""
        if not self._are_calculated:
            for position in self._empty:
                stream[position : position + 8] = _UNCALCULATED_RESULT


def _is_missing(result: bytes, options: int) -> bool:
    """Whether a result may be none: a text without characters, or 0 that is to be summed later."""
    if result[6:] == _NO_NUMBER:
        return result[:1] == _EMPTY_RESULT
    return result == bytes(8) and bool(options & _SUM_LATER)


def _records(stream: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield (position, kind, length, depth): a chart within a sheet is a stream of depth 2."""
    position = depth = 0
    while position + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, position)
        if kind in _NAMES_OF_BEGINNING:
            depth += 1
        yield position, kind, length, depth
        if kind == _END:
            depth = max(0, depth - 1)
        position += 4 + length
