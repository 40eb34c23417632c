"""The parts of an archive, and their XML a piece at a time.

Part names may differ in case, may begin with a slash, and some programs write backslashes.
"""

import posixpath
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, NamedTuple
from xml.parsers import expat
from zipfile import ZipFile

_PIECE_BYTES = 1 << 16

Element = tuple[str, dict[str, str]]


class Relation(NamedTuple):
    """What one part says of another."""

    # The last word of its type: worksheet, styles, officeDocument.
    kind: str
    part: str


class Parts:
    """An archive's parts by their names, as those who refer to them write them."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._names = {_plain(name): name for name in reversed(archive.namelist())}

    def __contains__(self, name: str) -> bool:
        """Whether there is one of that name."""
        return _plain(name) in self._names

    def open(self, name: str) -> IO[bytes]:
        """Open a part.

        Raises:
            KeyError: there is none of that name.

        """
        return self._archive.open(self._names[_plain(name)])

    def read(self, name: str) -> bytes:
        """Read a part whole; empty if there is none."""
        if name not in self:
            return b""
        with self.open(name) as part:
            return part.read()

    def elements(self, name: str) -> Iterator[Element]:
        """Yield (local name, attributes) of every element, in order of their beginnings."""
        found: list[Element] = []
        add: Callable[[Element], None] = found.append
        parser = expat.ParserCreate()
        parser.StartElementHandler = lambda tag, attributes: add((local(tag), attributes))
        for _ in parse(self.open(name), parser):
            yield from found
            found.clear()

    def relations(self, name: str) -> dict[str, Relation]:
        """Find what a part refers to, by the identifiers that it uses; "" is the package."""
        folder, file = posixpath.split(name)
        listed = posixpath.join(folder, "_rels", f"{file}.rels")
        if listed not in self:
            return {}
        return {
            attributes.get("Id", ""): Relation(
                attributes.get("Type", "").rpartition("/")[2],
                posixpath.normpath(
                    posixpath.join("/", folder, attributes.get("Target", "").replace("\\", "/"))
                )[1:],
            )
            for tag, attributes in self.elements(listed)
            if tag == "Relationship" and attributes.get("TargetMode") != "External"
        }

    def related(self, name: str, kind: str) -> str | None:
        """Find the part of a kind that a part refers to, or that lies beside it unmentioned."""
        folder, file = posixpath.split(name)
        beside = Relation(kind, posixpath.join(folder, kind + posixpath.splitext(file)[1]))
        relations = (*self.relations(name).values(), beside)
        return next((part for one, part in relations if one == kind and part in self), None)


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()


def local(name: str) -> str:
    """Leave out an XML name's prefix."""
    return name.rpartition(":")[2]


def parse(stream: IO[bytes], parser: expat.XMLParserType) -> Iterator[None]:
    """Feed a part to a parser, and come back after each piece.

    Raises:
        expat.ExpatError: it is not well-formed, or expands without end.

    """
    with _closing_pieces(stream) as pieces:
        for piece in pieces:
            parser.Parse(piece, False)  # noqa: FBT003 - expat knows no keywords
            yield
        parser.Parse(b"", True)  # noqa: FBT003
        yield


def holds(stream: IO[bytes], search: Callable[[bytes], object], longest: int) -> bool:
    """Whether a part has a sign of at most `longest` bytes: much cheaper than to parse it."""
    tail = b""
    with _closing_pieces(stream) as pieces:
        for piece in pieces:
            if search(tail + piece):
                return True
            tail = (tail + piece)[-longest:]
    return False


@contextmanager
def _closing_pieces(stream: IO[bytes]) -> Iterator[Iterator[bytes]]:
    with stream:
        yield iter(partial(stream.read, _PIECE_BYTES), b"")
