"""The marks of an .xls sheet: error cells and number formats.

[MS-CFB] is the container, a small file system; [MS-XLS] the stream in it, record after record.
"""

import struct
from array import array
from collections.abc import Iterator

from worker.sources.marks import Mark, MarkedRows, as_error, as_percent, format_mark

# Records of [MS-XLS] 2.3.
_FORMULA, _END, _PASSWORD, _SHEET, _MULTIPLE, _STYLE = (
    0x0006,
    0x000A,
    0x002F,
    0x0085,
    0x00BD,
    0x00E0,
)
_NUMBER, _ERROR, _SHORT_NUMBER, _FORMAT, _BEGINNING = 0x0203, 0x0205, 0x027E, 0x041E, 0x0809
# The version since Excel 97. Those before are read without marks.
_BIFF8 = 0x0600

# [MS-XLS] 2.5.10 (Bes)
_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
_BUILT_IN: dict[int, Mark | None] = {9: as_percent, 10: as_percent}

_LAST_SECTOR = 0xFFFFFFFA
# Smaller ones lie elsewhere; no program writes a workbook so small.
_SMALLEST_STREAM = 4096


def is_protected(content: bytes) -> bool:
    """Whether a whole .xls file is encrypted.

    Raises:
        struct.error: the file is cut.
        IndexError: its sectors point past its end.

    """
    return any(kind == _PASSWORD for kind, _ in _records(_workbook_stream(content), 0))


def xls_marks(content: bytes, sheet: str) -> MarkedRows:
    """Look for marks in a sheet of a whole .xls file.

    Raises:
        struct.error: the file is cut.
        IndexError: its sectors point past its end.

    """
    stream = _workbook_stream(content)
    offset = None
    formats = dict(_BUILT_IN)
    styles: list[Mark | None] = []
    for kind, body in _records(stream, 0):
        if kind == _BEGINNING and _word(body, 0) != _BIFF8:
            return ()
        if kind == _SHEET and _text(body[6:], wide_length=False) == sheet:
            offset = int.from_bytes(body[:4], "little")
        elif kind == _FORMAT:
            formats[_word(body, 0)] = format_mark(_text(body[2:], wide_length=True))
        elif kind == _STYLE:
            styles.append(formats.get(_word(body, 2)))
    if offset is None:
        return ()
    marked: dict[int, dict[int, Mark]] = {}
    for kind, body in _records(stream, offset):
        for row, column, mark in _cell_marks(kind, body, styles):
            if mark is not None:
                marked.setdefault(row + 1, {})[column] = mark
    return sorted(marked.items())


def _cell_marks(
    kind: int, body: bytes, styles: list[Mark | None]
) -> Iterator[tuple[int, int, Mark | None]]:
    """Yield (0-based row, 0-based column, mark) of a record's cells."""
    if kind not in {_FORMULA, _MULTIPLE, _NUMBER, _ERROR, _SHORT_NUMBER}:
        return
    row, column, style = struct.unpack_from("<HHH", body)
    if kind == _MULTIPLE:
        for index, position in enumerate(range(4, len(body) - 2, 6)):
            yield row, column + index, _style_mark(styles, _word(body, position))
    elif kind == _ERROR:
        if body[7]:
            yield row, column, as_error(_ERRORS.get(body[6], ""))
    elif kind == _FORMULA and body[12:14] == b"\xff\xff":  # the result is no number
        if body[6] == 2:  # noqa: PLR2004 - [MS-XLS] 2.5.133 (FormulaValue): an error
            yield row, column, as_error(_ERRORS.get(body[8], ""))
    else:
        yield row, column, _style_mark(styles, style)


def _style_mark(styles: list[Mark | None], style: int) -> Mark | None:
    return styles[style] if style < len(styles) else None


def _records(stream: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield (kind, body) of the records of one substream; charts are substreams within a sheet."""
    depth = 0
    while start + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, start)
        body = stream[start + 4 : start + 4 + length]
        start += 4 + length
        depth += (kind == _BEGINNING) - (kind == _END)
        if depth == 0:
            return
        if depth == 1:
            yield kind, body


def _word(body: bytes, position: int) -> int:
    return int.from_bytes(body[position : position + 2], "little")


def _text(body: bytes, *, wide_length: bool) -> str:
    """Read a string: its length in characters, one byte of flags, the characters."""
    start = 3 if wide_length else 2
    length = _word(body, 0) if wide_length else body[0]
    if body[start - 1] & 1:
        return body[start : start + 2 * length].decode("utf-16-le", "replace")
    return body[start : start + length].decode("latin-1")


def _workbook_stream(content: bytes) -> bytes:
    """Put the stream's sectors together; empty if there is none."""
    size = 1 << min(_word(content, 30), 16)
    sectors = -(-len(content) // size) - 1  # the header takes the place of one; the last may be cut

    def sector(number: int) -> bytes:
        start = (number + 1) * size
        return content[start : start + size]

    def chain(number: int) -> bytes:
        found: list[bytes] = []
        while number < min(_LAST_SECTOR, sectors) and len(found) <= sectors:
            found.append(sector(number))
            number = table[number]
        return b"".join(found)

    table_sectors = list(struct.unpack_from("<109I", content, 76))
    more, _ = struct.unpack_from("<II", content, 68)
    while more < sectors and len(table_sectors) <= sectors + 109:
        *found, more = struct.unpack(f"<{size // 4}I", sector(more))
        table_sectors.extend(found)
    joined = b"".join(sector(number) for number in table_sectors if number < sectors)
    table = array("I", joined[: len(joined) // 4 * 4])

    directory = chain(struct.unpack_from("<I", content, 48)[0])
    for start in range(0, len(directory), 128):
        entry = directory[start : start + 128]
        if entry[: max(0, _word(entry, 64) - 2)].decode("utf-16-le", "replace") in {
            "Workbook",
            "Book",
        }:
            first, length = struct.unpack_from("<IQ", entry, 116)
            return chain(first)[:length] if length >= _SMALLEST_STREAM else b""
    return b""
