"""Cells whose stored value is not what their owner sees, and how to show them.

A workbook's reader gives 0.352 for a cell that shows 35.2%, 42 for one that shows 00042, and
nothing at all for one that shows #N/A.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from typing import IO
from xml.parsers import expat

# What an error cell shows that says nothing else.
_ERROR = "#VALUE!"
_LONGEST_ERROR = 16

# From a cell as it was read to the cell as it is shown.
Mark = Callable[[object], object]
# (1-based row, {0-based column: mark}) in order of the rows, only those that have any.
MarkedRows = Iterable[tuple[int, dict[int, Mark]]]

_PIECE_BYTES = 1 << 16
# Digits that a spreadsheet keeps of a number.
_DIGITS = 15
# What a number format quotes, escapes or keeps in brackets is decoration.
_DECORATION = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_ZEROS = re.compile(r"0{2,30}")


def format_mark(number_format: str) -> Mark | None:
    """Find the mark that a number format makes: percent, or a fixed count of digits."""
    positive = _DECORATION.sub("", number_format[:255]).split(";")[0].strip()
    if "%" in positive:
        return as_percent
    return partial(_with_zeros, len(positive)) if _ZEROS.fullmatch(positive) else None


def as_percent(cell: object) -> object:
    """Show 0.352 as 35.2%."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return cell
    hundredfold = Decimal(format(Decimal(repr(cell)) * 100, f".{_DIGITS}g"))
    if not hundredfold.is_finite():
        return cell
    written = format(hundredfold, "f")
    return (written.rstrip("0").rstrip(".") if "." in written else written) + "%"


def as_error(text: str) -> Mark:
    """Show what an error cell says, like #N/A."""
    shown = text.strip()[:_LONGEST_ERROR] or _ERROR
    return lambda _: shown


def uncalculated(_cell: object) -> object:
    """Show a formula whose value is not in the file, which a program wrote that can't calculate."""
    return _ERROR


def _with_zeros(digits: int, cell: object) -> object:
    if isinstance(cell, bool) or not isinstance(cell, int | float) or cell != int(cell):
        return cell
    return f"{int(cell):0{digits}d}" if cell >= 0 else cell


def local(name: str) -> str:
    """Leave out an XML name's prefix."""
    return name.rpartition(":")[2]


@contextmanager
def closing_pieces(stream: IO[bytes]) -> Iterator[Iterator[bytes]]:
    """Read an archive's part in pieces."""
    with stream:
        yield iter(partial(stream.read, _PIECE_BYTES), b"")


def parse(stream: IO[bytes], parser: expat.XMLParserType) -> Iterator[None]:
    """Feed a part to a parser, and come back after each piece.

    Raises:
        expat.ExpatError: it is not well-formed, or expands without end.

    """
    with closing_pieces(stream) as pieces:
        for piece in pieces:
            parser.Parse(piece, False)  # noqa: FBT003 - expat knows no keywords
            yield
        parser.Parse(b"", True)  # noqa: FBT003
        yield


def holds(stream: IO[bytes], search: Callable[[bytes], object], longest: int) -> bool:
    """Whether a part has a sign of at most `longest` bytes: much cheaper than to parse it."""
    tail = b""
    with closing_pieces(stream) as pieces:
        for piece in pieces:
            if search(tail + piece):
                return True
            tail = (tail + piece)[-longest:]
    return False
