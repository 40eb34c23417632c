"""The streams of a compound file, in which .xls and older Office documents lie: [MS-CFB]."""

import struct
from array import array
from collections.abc import Iterator
from typing import NamedTuple

_LAST_SECTOR = 0xFFFFFFFA
_NO_ENTRY = 0xFFFFFFFF
_SMALL_SECTOR = 64
_STREAM, _ROOT = 2, 5


class _Entry(NamedTuple):
    name: str
    kind: int
    left: int
    right: int
    child: int
    first: int
    size: int


class CompoundFile:
    """A compound file; a stream is found by its name, in whatever case it is written.

    Args:
        content: the whole file.

    Raises:
        struct.error: the file is cut.
        IndexError: its sectors point past its end.

    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._size = 1 << min(_word(content, 30), 16)
        (first_directory,) = struct.unpack_from("<I", content, 48)
        self._smallest, first_small, _ = struct.unpack_from("<III", content, 56)
        # The header takes the place of one; the last may be cut.
        self._sectors = -(-len(content) // self._size) - 1
        self._table = self._allocation_table()
        directory = self._chain(first_directory)
        self._entries = [
            _entry(directory[start : start + 128]) for start in range(0, len(directory) - 127, 128)
        ]
        self._small_table = _words(self._chain(first_small))
        roots = (entry for entry in self._entries if entry.kind == _ROOT)
        root = next(roots, None)
        self._small_streams = self._chain(root.first)[: root.size] if root else b""
        own = self._siblings(root.child) if root else iter(())
        # A stream of the file's own comes before those of what is embedded in it.
        self._streams = {
            entry.name.casefold(): entry
            for entry in reversed([*own, *self._entries])
            if entry.kind == _STREAM
        }

    def __contains__(self, name: str) -> bool:
        """Whether there is one of that name."""
        return name.casefold() in self._streams

    def read(self, name: str) -> bytes:
        """Read a stream whole.

        Raises:
            KeyError: there is none of that name.
            IndexError: its sectors point past the file's end.

        """
        entry = self._streams[name.casefold()]
        if entry.size < self._smallest:
            return self._small_chain(entry.first)[: entry.size]
        return self._chain(entry.first)[: entry.size]

    def _allocation_table(self) -> "array[int]":
        """Put together the table that says which sector follows which."""
        numbers = list(struct.unpack_from("<109I", self._content, 76))
        more, _ = struct.unpack_from("<II", self._content, 68)
        while more < self._sectors and len(numbers) <= self._sectors + 109:
            *found, more = struct.unpack(f"<{self._size // 4}I", self._sector(more))
            numbers.extend(found)
        return _words(b"".join(map(self._sector, (n for n in numbers if n < self._sectors))))

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        return self._content[start : start + self._size]

    def _chain(self, number: int) -> bytes:
        found: list[bytes] = []
        while number < min(_LAST_SECTOR, self._sectors) and len(found) <= self._sectors:
            found.append(self._sector(number))
            number = self._table[number]
        return b"".join(found)

    def _small_chain(self, number: int) -> bytes:
        found: list[bytes] = []
        while number < len(self._small_table) and len(found) <= len(self._small_table):
            start = number * _SMALL_SECTOR
            found.append(self._small_streams[start : start + _SMALL_SECTOR])
            number = self._small_table[number]
        return b"".join(found)

    def _siblings(self, index: int) -> Iterator[_Entry]:
        """Walk the tree of a storage's entries, which a broken file may close to a ring."""
        waiting, seen = [index], set[int]()
        while waiting:
            index = waiting.pop()
            if index == _NO_ENTRY or index in seen or index >= len(self._entries):
                continue
            seen.add(index)
            entry = self._entries[index]
            yield entry
            waiting += [entry.left, entry.right]


def _entry(body: bytes) -> _Entry:
    name = body[: max(0, min(_word(body, 64), 64) - 2)].decode("utf-16-le", "replace")
    left, right, child = struct.unpack_from("<III", body, 68)
    first, size = struct.unpack_from("<II", body, 116)  # no stream of ours has 4 GB
    return _Entry(name, body[66], left, right, child, first, size)


def _word(body: bytes, position: int) -> int:
    return int.from_bytes(body[position : position + 2], "little")


def _words(body: bytes) -> "array[int]":
    return array("I", body[: len(body) // 4 * 4])
