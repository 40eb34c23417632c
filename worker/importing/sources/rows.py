"""What a source is: rows with the numbers under which their owner knows them."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

# The most rows of a page. The frontend cuts files into jobs of 2,000 records: those take one read.
PAGE_ROWS = 2000


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that cannot be divided into cells for certain; it is refused, not those beside it."""

    # Why, as a row's message.
    message: str
    # The row as the file has it, or its beginning.
    shown: str
    # Whether a quotation mark is open at its end, so that the lines below may be its own.
    is_open: bool = False


class SourceRow(NamedTuple):
    """A row that is not blank."""

    # As the user sees it: the 1-based record number, or the file's own row number, which counts
    # title lines, the header and blank rows.
    number: int
    # {column: cell} from a file, where a cell is a str, an int, a finite float or a bool, and ""
    # where there is none; any JSON value from records; Unreadable.
    cells: object


class Source(Protocol):
    """A job's rows, as often as they are asked for."""

    @property
    def columns(self) -> tuple[str, ...] | None:
        """A file's columns, left to right; None for records, whose keys are seen row by row."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What was guessed or left out, in plain sentences; complete after one pass of pages()."""
        ...

    @property
    def header_row(self) -> int | None:
        """Where a file's columns are named, 1-based; 0 where they are not; None of records."""
        ...

    @property
    def missing(self) -> str:
        """What to say first where no column is found for a field; empty if there is nothing."""
        ...

    @property
    def sheets(self) -> tuple[str, ...]:
        """The names of a workbook's sheets; none of anything else."""
        ...

    @property
    def sheet(self) -> str | None:
        """Which of them is read."""
        ...

    def pages(self) -> AsyncIterator[list[SourceRow]]:
        """Yield the rows that are not blank, in order, at most PAGE_ROWS at a time."""
        ...


def is_blank(cells: Iterable[object]) -> bool:
    """Whether there is nothing in any cell but white space."""
    for cell in cells:
        if cell is not None and (not isinstance(cell, str) or cell.strip()):
            return False
    return True
