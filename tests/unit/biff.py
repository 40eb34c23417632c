"""Old workbooks of our own making, record after record: no library that we have writes them.

[MS-XLS] has the records, [MS-CFB] the container. BIFF8 is Excel 97 and later, BIFF5 Excel 95.
"""

import struct

_FREE, _END, _TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SECTOR, _SMALL_SECTOR, _SMALLEST = 512, 64, 4096
_FIRST_CUSTOM = 21  # cell styles that Excel puts before those of a workbook

ERRORS = {"#NULL!": 0, "#DIV/0!": 7, "#VALUE!": 15, "#REF!": 23, "#NAME?": 29, "#NUM!": 36}
ERRORS |= {"#N/A": 42}


def record(kind, body=b""):
    return struct.pack("<HH", kind, len(body)) + body


def text(written, version, length="B"):
    """Write a string with its length before it."""
    if version < 8:
        encoded = written.encode("cp1252")
        return struct.pack(f"<{length}", len(encoded)) + encoded
    return struct.pack(f"<{length}B", len(written), 1) + written.encode("utf-16-le")


def sheet_cells(cells, version):
    """Write {(row, column): value or (value, style)} as records; an error by its name."""
    for (row, column), cell in sorted(cells.items()):
        value, style = cell if isinstance(cell, tuple) else (cell, 0)
        head = struct.pack("<HHH", row, column, style + _FIRST_CUSTOM - 6)
        if isinstance(value, bytes):  # a whole record's body behind the place, after its kind
            yield record(int.from_bytes(value[:2], "little"), head + value[2:])
        elif isinstance(value, bool):
            yield record(0x205, head + bytes([value, 0]))
        elif isinstance(value, str) and value in ERRORS:
            yield record(0x205, head + bytes([ERRORS[value], 1]))
        elif isinstance(value, str):
            yield record(0x204, head + text(value, version, "H"))
        else:
            yield record(0x203, head + struct.pack("<d", value))


def stream(sheets, version=8, formats=None, styles=(0,), more=b"", *, is_1904=False):
    """Write a workbook's stream.

    Args:
        sheets: {name: cells}.
        version: 8, or 5.
        formats: {number: format}.
        styles: the number format of each cell style.
        more: records for the beginning.

    """
    boundary = struct.pack("<HHHH", 0x600 if version == 8 else 0x500, 5, 0x0DBB, 0x07CC)
    boundary += struct.pack("<II", 0, 6) if version == 8 else b""
    sheet_boundary = boundary[:2] + struct.pack("<H", 16) + boundary[4:]
    begin = record(0x809, boundary) + more
    begin += record(0x42, struct.pack("<H", 1200 if version == 8 else 1252))
    begin += record(0x22, struct.pack("<H", is_1904))
    font = struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + text("Arial", version)
    begin += record(0x31, font) * 4
    for number, written in (formats or {}).items():
        begin += record(
            0x41E,
            struct.pack("<H", number) + text(written, version, "H" if version == 8 else "B"),
        )
    for index, number in enumerate([*[0] * (_FIRST_CUSTOM - 6), *styles]):
        is_style = 0 < index < _FIRST_CUSTOM - 6
        rest = 14 if version == 8 else 10
        begin += record(0xE0, struct.pack("<HHH", 0, number, 0xFFF5 * is_style) + bytes(rest))
    bodies = [
        record(0x809, sheet_boundary) + b"".join(sheet_cells(cells, version)) + record(10)
        for cells in sheets.values()
    ]
    names = [text(name, version) for name in sheets]
    offset = len(begin) + sum(len(name) + 10 for name in names) + 4
    for name, body in zip(names, bodies, strict=True):
        begin += record(0x85, struct.pack("<IH", offset, 0) + name)
        offset += len(body)
    return begin + record(10) + b"".join(bodies)


def container(streams, smallest=_SMALLEST):
    """Write {name: bytes} as a compound file; those below 4,096 bytes go into the mini stream."""
    sectors, table = [], []

    def put(content):
        """Add a chain of sectors: where it begins."""
        count = -(-len(content) // _SECTOR)
        if not count:
            return _END
        first = len(sectors)
        for index in range(count):
            sectors.append(content[index * _SECTOR :][:_SECTOR].ljust(_SECTOR, b"\0"))
            table.append(first + index + 1 if index + 1 < count else _END)
        return first

    small, small_table, entries = b"", [], []
    for name, content in streams.items():
        if len(content) < smallest:
            start, count = len(small_table), -(-len(content) // _SMALL_SECTOR)
            small += content.ljust(count * _SMALL_SECTOR, b"\0")
            small_table += [*range(start + 1, start + count), _END][:count]
        else:
            start = put(content)
        entries.append((name, 2, start, len(content), _FREE))
    root = ("Root Entry", 5, put(small), len(small), 1)
    directory = b"".join(
        _entry(*entry, following=index + 1 if 0 < index < len(entries) else _FREE)
        for index, entry in enumerate([root, *entries])
    )
    first_directory = put(directory.ljust(-(-len(directory) // _SECTOR) * _SECTOR, b"\0"))
    small_bytes = struct.pack(f"<{len(small_table)}I", *small_table)
    count_small = -(-len(small_bytes) // _SECTOR)
    first_small = put(small_bytes.ljust(count_small * _SECTOR, b"\xff"))
    count = 1
    while count * _SECTOR // 4 < len(table) + count:
        count += 1
    first = len(table)
    table += [_TABLE] * count
    written = struct.pack(f"<{len(table)}I", *table).ljust(count * _SECTOR, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<II", 0, count)
    header += struct.pack("<III", first_directory, 0, smallest)
    header += struct.pack("<IIII", first_small, count_small, _END, 0)
    places = struct.pack(f"<{count}I", *range(first, first + count))
    return header + places.ljust(4 * 109, b"\xff") + b"".join(sectors) + written


def _entry(name, kind, start, size, child, following):
    written = name.encode("utf-16-le") + b"\0\0"
    return (
        written.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(written), kind, 1, _FREE, following, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


def xls(sheets, name="Workbook", **arguments):
    """Write a whole .xls file."""
    return container({name: stream(sheets, **arguments)})
