"""What a text file's bytes show, in one pass through the whole of it and in bounded memory."""

import codecs
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from worker.importing.sources.quotes import has_escapes

_PIECE_BYTES = 1 << 18
# A piece ends with a line, unless that is longer than any row.
_LONGEST_LINE = 1 << 20
# Bytes on either side of one that is not ASCII.
_BESIDE = 24
_MOST_PLACES = 20_000
_MOST_LINE_BYTES = 65_536
_LONGEST_SHOWN_LINE = 400
_LINE_END = re.compile(rb"[\r\n]")


@dataclass(slots=True)
class Survey:
    """The bytes beyond ASCII of a file and where they stand."""

    # Whether the whole file is UTF-8.
    is_utf_8: bool = True
    # (what stands before, the byte, what stands behind), each pair of neighbours once.
    places: list[tuple[bytes, int, bytes]] = field(default_factory=list)
    # Some of the lines with bytes beyond ASCII.
    lines: list[bytes] = field(default_factory=list)
    # Whether quotation marks have a backslash before them.
    has_escapes: bool = False


def survey(path: Path) -> Survey:
    """Go through a file whose ASCII characters are single bytes."""
    found = Survey()
    look = _Look(found)
    with path.open("rb") as file:
        while piece := _piece(file):
            look.at(piece)
    look.end()
    return found


def _piece(file: BinaryIO) -> bytes:
    piece = file.read(_PIECE_BYTES)
    return piece + file.readline(_LONGEST_LINE) if piece else piece


class _Look:
    def __init__(self, found: Survey) -> None:
        self._found = found
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        # By (byte before, byte, byte behind) as one number.
        self._seen: np.ndarray | None = None
        self._line_bytes = 0

    def at(self, piece: bytes) -> None:
        """Take in the next piece."""
        found = self._found
        found.has_escapes = found.has_escapes or has_escapes(piece)
        if piece.isascii():
            return
        if found.is_utf_8:
            try:
                self._decoder.decode(piece)
            except UnicodeDecodeError:
                found.is_utf_8 = False
        self._add_places(piece)

    def end(self) -> None:
        """Say that there are no more."""
        try:
            self._decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            self._found.is_utf_8 = False

    def _add_places(self, piece: bytes) -> None:
        if self._seen is None:
            self._seen = np.zeros(1 << 23, dtype=np.bool_)
        framed = np.frombuffer(b"\n" + piece + b"\n", dtype=np.uint8)
        at = np.flatnonzero(framed & 0x80)
        # The byte itself in seven bits: its eighth is set.
        keys = (framed[at - 1].astype(np.int32) << 15) | ((framed[at] & 0x7F).astype(np.int32) << 8)
        keys |= framed[at + 1]
        is_new = ~self._seen[keys]
        if not is_new.any():
            return
        _, first = np.unique(keys[is_new], return_index=True)
        self._seen[keys[is_new]] = True
        for place in sorted(int(index) for index in at[is_new][first] - 1):
            self._add(piece, place)

    def _add(self, piece: bytes, place: int) -> None:
        if len(self._found.places) >= _MOST_PLACES:
            return
        before = _LINE_END.split(piece[max(0, place - _BESIDE) : place])[-1]
        after = _LINE_END.split(piece[place + 1 : place + 1 + _BESIDE], maxsplit=1)[0]
        self._found.places.append((before, piece[place], after))
        if self._line_bytes < _MOST_LINE_BYTES:
            line = _line_around(piece, place)
            if line not in self._found.lines[-3:]:
                self._line_bytes += len(line)
                self._found.lines.append(line)


def _line_around(piece: bytes, place: int) -> bytes:
    start = max(piece.rfind(b"\n", 0, place), piece.rfind(b"\r", 0, place)) + 1
    line = _LINE_END.split(piece[start : place + _LONGEST_SHOWN_LINE], maxsplit=1)[0]
    return line if len(line) <= _LONGEST_SHOWN_LINE else line[-_LONGEST_SHOWN_LINE:]
