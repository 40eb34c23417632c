"""Which row of a file is its header, and what the columns are called."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from worker.importing.values import shown

# Rows that are not blank among which the header is looked for, below title lines.
SEARCHED_ROWS = 30
# As many as a workbook's sheet can have.
MOST_COLUMNS = 16_384
_LONGEST_NAME = 255
# Cells of a row that are judged, so that a wide row costs little.
_JUDGED_CELLS = 500

# Cells and columns that a message names.
_SHOWN_VALUES = 3

_ALPHABET = 26
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NUMBER = re.compile(r"[-+($\s]*[0-9][0-9.,\s]*[-)%$\s]*")


class Likeness(NamedTuple):
    """How much a row looks like a header; the greater, the more."""

    # Required groups of fields that its cells can serve; one more than there are is a header that
    # is known from an earlier file.
    required: int
    # Cells that name a field.
    known: int


class HeaderJudge(Protocol):
    """Tells how much a row's cells, as text, look like the columns' names."""

    @property
    def required(self) -> int:
        """How many required groups there are: with a likeness of so many, nothing is missing."""

    def __call__(self, cells: Sequence[str]) -> Likeness:
        """Judge the cells of one row, "" for one that is no name."""


@dataclass(frozen=True, slots=True)
class KnownNames:
    """A judge that goes by names, in small letters, and by which of them are required.

    Args:
        names: all there are.
        groups: of each group one is required.

    """

    names: frozenset[str]
    groups: Sequence[frozenset[str]]

    @property
    def required(self) -> int:
        """How many groups there are."""
        return len(self.groups)

    def __call__(self, cells: Sequence[str]) -> Likeness:
        """Count what is there of both."""
        known = self.names.intersection(cell.strip().casefold() for cell in cells)
        return Likeness(sum(not known.isdisjoint(group) for group in self.groups), len(known))


class Header(NamedTuple):
    """The columns, left to right, and what had to be done to their names."""

    # Its row in the file.
    number: int
    columns: tuple[str, ...]
    notes: tuple[str, ...]


def find_header(rows: Sequence[tuple[int, list[object]]], judge: HeaderJudge) -> int | None:
    """Find the header's place among a file's first rows that are not blank; None without rows.

    The row that serves most required fields, then the one with most cells that name a field, the
    first of several; where none does, the first of those with most cells of text.
    """
    if not rows:
        return None
    likeness = [judge(names(cells)) for _, cells in rows]
    if any(map(any, likeness)):
        return likeness.index(max(likeness))
    texts = [sum(_is_text(cell) for cell in cells) for _, cells in rows]
    return texts.index(max(texts))


def names(cells: Sequence[object]) -> list[str]:
    """Give a row's cells as a judge wants them: "" for what can be no column's name."""
    written = (cell.strip() if isinstance(cell, str) else "" for cell in cells[:_JUDGED_CELLS])
    return [cell if len(cell) <= _LONGEST_NAME else "" for cell in written]


def read_header(number: int, cells: Sequence[object], below: Sequence[Sequence[object]]) -> Header:
    """Name the columns; `below` are some rows under the header.

    An empty name becomes "Column F" as the spreadsheet counts, a second "Price" "Price (2)". Empty
    columns at the end count only if there is something in them.
    """
    notes = []
    filled = _filled(cells)
    if filled > MOST_COLUMNS:
        notes.append(f"The columns after the first {MOST_COLUMNS:,} were ignored.")
    width = max(filled, min(len(cells), max(map(_filled, below), default=0)))
    written = [name(cell) for cell in cells[: min(width, MOST_COLUMNS)]]
    if any(len(column) > _LONGEST_NAME for column in written):
        notes.append(f"Column names were cut after {_LONGEST_NAME} characters.")
    columns = _told_apart(written)
    notes.extend(_renamed(written, columns))
    return Header(number, columns, tuple(notes))


def shape(cell: str) -> str:
    """Write a for letters and 9 for digits, however many there are: A-17 is a-9."""
    return re.sub(r"[0-9]+", "9", re.sub(r"[^\W\d_]+", "a", cell[:_LONGEST_NAME]))


def without_names(rows: Sequence[Sequence[object]]) -> Header:
    """Call the columns Column A, Column B and so on; the first row is one of values."""
    width = min(max(map(_filled, rows), default=0), MOST_COLUMNS)
    columns = _told_apart([""] * width)
    note = f"The columns were called {columns[0]} to {columns[-1]}." if columns else ""
    return Header(0, columns, (note,) if note else ())


def nameless(cells: Sequence[object], below: Sequence[Sequence[object]]) -> list[str]:
    """Give some values of what should be a header and is a row like those below it, quoted.

    A number or an e-mail address is nobody's name for a column. A code is a value where the cells
    below are written alike: A1 above A2 and A3.

    Returns:
        none for what may well be a header.

    """
    for index, cell in enumerate(cells[:_JUDGED_CELLS]):
        others = [name(row[index]) for row in below if index < len(row) and name(row[index])]
        if _is_value(name(cell), others):
            return [shown(other) for other in cells[:_JUDGED_CELLS] if name(other)][:_SHOWN_VALUES]
    return []


def _is_value(written: str, below: Sequence[str]) -> bool:
    if _EMAIL.fullmatch(written):
        return True
    if not any(map(str.isdigit, written)):
        return False
    if _NUMBER.fullmatch(written[:_LONGEST_NAME]):
        return not below or _is_most(below, lambda other: _NUMBER.fullmatch(other) is not None)
    return _is_most(below, lambda other: shape(other) == shape(written))


def _is_most(cells: Sequence[str], is_so: Callable[[str], bool]) -> bool:
    return sum(map(is_so, cells)) * 2 > len(cells)


def _renamed(written: Sequence[str], columns: Sequence[str]) -> Iterator[str]:
    """Say of columns with one name what they are called now."""
    alike: dict[str, list[str]] = {}
    for full, column in zip(written, columns, strict=True):
        if full:
            alike.setdefault(full[:_LONGEST_NAME].rstrip(), []).append(column)
    several = [(base, called) for base, called in alike.items() if len(called) > 1]
    for base, called in several[:_SHOWN_VALUES]:
        others = ", ".join(map(shown, called[1 : 1 + _SHOWN_VALUES]))
        the_others_are = "the other is" if len(called) == 2 else "the others are"  # noqa: PLR2004
        yield f"{len(called):,} columns are named {shown(base)}; {the_others_are} called {others}."


def name(cell: object) -> str:
    """Give a header's cell as text."""
    return "" if cell is None else str(cell).strip()


def _is_text(cell: object) -> bool:
    if not isinstance(cell, str) or not (written := cell.strip()):
        return False
    return not _NUMBER.fullmatch(written[:_LONGEST_NAME])


def _filled(cells: Sequence[object]) -> int:
    """Count the cells up to the last that holds something."""
    return next((i for i in range(len(cells), 0, -1) if name(cells[i - 1])), 0)


def _told_apart(written: Sequence[str]) -> tuple[str, ...]:
    """Give names that come twice a number; one that is written with its number keeps it."""
    columns: list[str] = []
    seen: set[str] = set()
    reserved = {column[:_LONGEST_NAME] for column in written}
    counts: dict[str, int] = {}
    for index, full in enumerate(written):
        column = base = full[:_LONGEST_NAME].rstrip() or f"Column {_letters(index)}"
        while column in seen or (column != base and column in reserved):
            counts[base] = counts.get(base, 1) + 1
            column = f"{base} ({counts[base]})"
        seen.add(column)
        columns.append(column)
    return tuple(columns)


def _letters(index: int) -> str:
    """Count columns as a spreadsheet does: 0 is A, 26 is AA."""
    letters = ""
    while index >= 0:
        index, letter = divmod(index, _ALPHABET)
        letters = chr(ord("A") + letter) + letters
        index -= 1
    return letters
