"""Rows of a delimited text file: CSV, TSV and their relatives."""

import csv
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import TextIO, cast

from worker.exceptions import JobRefusedError
from worker.guard import unguarded
from worker.importing.sources import quotes
from worker.importing.sources.delimiter import HEAD_CHARACTERS, find_delimiter, separator_line
from worker.importing.sources.encoding import Encoding, find_encoding
from worker.importing.sources.header import HeaderJudge
from worker.importing.sources.lines import Lines, RowTooLongError
from worker.importing.sources.meaningless import MEANINGLESS
from worker.importing.sources.options import FileOptions
from worker.importing.sources.rows import Unreadable, is_blank
from worker.importing.sources.table import LONGEST_ROW, Cells, Chunk, chunks

_SHOWN_DELIMITERS = {",": "commas", "\t": "tabs", "|": "vertical bars", " ": "spaces"}
# Rows that show how many cells the table's rows have.
_FIRST_ROWS = 100


@dataclass(frozen=True, slots=True)
class TextTable:
    """A text file whose encoding and delimiter are known."""

    path: Path
    encoding: Encoding
    delimiter: str
    # Characters to leave out at the beginning: a line "sep=;".
    skipped: int
    # Cells of most rows; 0 before that is known.
    width: int
    notes: tuple[str, ...]

    def chunks(self) -> Generator[Chunk, None, None]:
        """Yield (file row, cells) in order.

        Raises:
            JobRefusedError: a row is too long.

        """
        with _opened(self.path, self.encoding) as file:
            file.read(self.skipped)
            yield from chunks(_Records(file, self))


def open_text(path: Path, options: FileOptions, judge: HeaderJudge) -> TextTable:
    """Find out how to read a text file.

    Raises:
        JobRefusedError: it is no text, or empty.

    """
    encoding = find_encoding(path, options.encoding)
    with _opened(path, encoding) as file:
        head = file.read(HEAD_CHARACTERS)
    if not head:
        raise JobRefusedError("The file is empty. Export it again and upload that.")
    delimiter, skipped = separator_line(head) or (None, 0)
    delimiter = options.delimiter or delimiter or find_delimiter(head[skipped:], judge)
    table = TextTable(path, encoding, delimiter, skipped, 0, _notes(encoding, delimiter, head))
    return replace(table, width=_width(table))


def _width(table: TextTable) -> int:
    """Give the number of cells that most of the first rows have; of several the greatest."""
    with _opened(table.path, table.encoding) as file:
        file.read(table.skipped)
        rows = [cells for _, _, cells in islice(_Records(file, table), _FIRST_ROWS)]
    counts = Counter(
        len(row) for row in rows if not isinstance(row, Unreadable) and not is_blank(row)
    )
    return max(counts, key=lambda width: (counts[width], width), default=0)


def _notes(encoding: Encoding, delimiter: str, head: str) -> tuple[str, ...]:
    notes = []
    text = f"{encoding.shown} text" if encoding.shown else "text"
    example = f": {encoding.example}" if encoding.example else "."
    if delimiter != "," and delimiter in head:
        shown = _SHOWN_DELIMITERS.get(delimiter, delimiter)
        notes.append(f"Read as {text} with {shown} between the columns{example}")
    elif encoding.shown:
        notes.append(f"Read as {text}{example}")
    if encoding.has_escapes:
        notes.append(r"Read \" as a quotation mark inside a cell, and \N as an empty cell.")
    return tuple(notes)


def _opened(path: Path, encoding: Encoding) -> TextIO:
    # newline="": a line break inside quotes stays as it is, and a lone CR ends a line.
    return path.open(encoding=encoding.codec, errors="meaningless", newline="")


class _Records:
    """Yields (number, characters, cells); blank lines count, a line break within quotes does not.

    The csv module reads what keeps to its rules, which is nearly all. Where a quotation mark does
    not, the line is divided on its own, or refused on its own, and reading goes on below it.
    """

    def __init__(self, file: TextIO, table: TextTable) -> None:
        self._lines = Lines(file)
        self._table = table
        # The row whose quotation mark was left open, while the lines below may be its own.
        self._open_row = 0

    def __iter__(self) -> Iterator[tuple[int, int, Cells]]:
        lines, escapes = self._lines, self._table.encoding.has_escapes
        delimiter = self._table.delimiter
        csv.field_size_limit(quotes.LONGEST_CELL)
        reader = csv.reader(
            map(quotes.doubled_backslashes, lines) if escapes else lines,
            delimiter=delimiter,
            escapechar="\\" if escapes else None,
            # Python 3.13 has not both a space between the columns and spaces that are skipped.
            skipinitialspace=delimiter != " ",
            strict=True,
        )
        rows = cast("Iterator[list[object]]", reader)
        for number in count(1):
            cells: Cells
            try:
                cells = next(rows)
            except StopIteration:
                return
            except (csv.Error, RowTooLongError):
                cells = self._mended(number)
            else:
                if lines.may_be_special or self._open_row or len(lines.row) > 1:
                    cells = self._looked_at(number, cells)
            yield number, lines.taken(), cells

    def _mended(self, number: int) -> Cells:
        """Divide the first of some lines that are no row by the rules."""
        lines = self._lines
        if len(lines.row[0]) > LONGEST_ROW:
            raise JobRefusedError(
                f"Row {number:,} goes on for more than {LONGEST_ROW:,} characters. Look in it for "
                f"a quotation mark that is opened and never closed. {quotes.TWICE}"
            )
        lines.keep_first()
        return self._looked_at(
            number, quotes.divided(lines.row[0], self._table.delimiter, self._table.width)
        )

    def _looked_at(self, number: int, cells: Cells) -> Cells:
        """Look twice at a row that is not quite ordinary."""
        lines, table = self._lines, self._table
        if len(lines.row) > 1:
            taken_in = quotes.swallowed(lines.row, table.delimiter, table.width)
            if taken_in is not None:
                cells = taken_in
                if taken_in.is_open:
                    lines.keep_first()
        if any(MEANINGLESS in line for line in lines.row):
            shown = table.encoding.shown or "UTF-8"
            return quotes.unreadable(f"has bytes that mean nothing in {shown}.", lines.row[0])
        if isinstance(cells, Unreadable):
            if cells.is_open:
                self._open_row = number
            return cells
        if self._open_row and table.width and not is_blank(cells):
            if len(cells) != table.width:
                problem = (
                    f"may belong to row {self._open_row:,}, where a quotation mark is opened and "
                    "never closed."
                )
                return quotes.unreadable(problem, lines.row[0])
            self._open_row = 0
        return [_plain(str(cell)) for cell in cells] if lines.may_be_special else cells


def _plain(cell: str) -> str:
    r"""Take off the apostrophe that says: text, no formula. Databases write \N for no value."""
    return "" if cell == r"\N" else unguarded(cell)
