"""Rows of a delimited text file: CSV, TSV and their relatives."""

import csv
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from worker.exceptions import JobRefusedError
from worker.sources.delimiter import HEAD_CHARACTERS, find_delimiter, separator_line
from worker.sources.encoding import Encoding, find_encoding
from worker.sources.header import HeaderJudge
from worker.sources.options import FileOptions
from worker.sources.table import LONGEST_ROW, Chunk, chunks

# What the csv module allows of itself, said here because memory depends on it.
_LONGEST_CELL = 131_072

_SHOWN_DELIMITERS = {",": "commas", "\t": "tabs", "|": "vertical bars", " ": "spaces"}


@dataclass(frozen=True, slots=True)
class TextTable:
    """A text file whose encoding and delimiter are known."""

    path: Path
    encoding: Encoding
    delimiter: str
    # Characters to leave out at the beginning: a line "sep=;".
    skipped: int
    notes: tuple[str, ...]

    def chunks(self) -> Generator[Chunk, None, None]:
        """Yield (file row, cells) in order.

        Raises:
            JobRefusedError: a quote is never closed, or a row is too long.

        """
        with _opened(self.path, self.encoding) as file:
            file.read(self.skipped)
            yield from chunks(_records(file, self.delimiter))


def open_text(path: Path, options: FileOptions, judge: HeaderJudge) -> TextTable:
    """Find out how to read a text file.

    Raises:
        JobRefusedError: it is no text, or empty.

    """
    encoding = find_encoding(path, options.encoding)
    with _opened(path, encoding) as file:
        head = file.read(HEAD_CHARACTERS)
    if not head:
        raise JobRefusedError("The file is empty.")
    delimiter, skipped = separator_line(head) or (None, 0)
    delimiter = options.delimiter or delimiter or find_delimiter(head[skipped:], judge)
    return TextTable(path, encoding, delimiter, skipped, _notes(encoding, delimiter, head))


def _notes(encoding: Encoding, delimiter: str, head: str) -> tuple[str, ...]:
    notes = []
    text = f"{encoding.shown} text" if encoding.shown else "text"
    if delimiter != "," and delimiter in head:
        shown = _SHOWN_DELIMITERS.get(delimiter, delimiter)
        notes.append(f"Read as {text} with {shown} between the columns.")
    elif encoding.shown:
        notes.append(f"Read as {text}.")
    if encoding.is_damaged:
        notes.append(
            f"Some characters mean nothing in {encoding.shown} and were replaced by "
            "\N{REPLACEMENT CHARACTER}."
        )
    return tuple(notes)


def _opened(path: Path, encoding: Encoding) -> TextIO:
    # newline="": a line break inside quotes stays as it is, and a lone CR ends a line.
    return path.open(encoding=encoding.codec, errors="replace", newline="")


def _records(file: TextIO, delimiter: str) -> Iterator[tuple[int, int, list[object]]]:
    """Yield (number, characters, cells); blank lines count, a line break within quotes does not."""
    lines = _Lines(file)
    csv.field_size_limit(_LONGEST_CELL)
    # Python 3.13 will not have both a space between the columns and spaces that are skipped.
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != " ", strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells: list[object] = list(next(reader))
        except StopIteration:
            return
        except csv.Error as error:
            raise JobRefusedError(_unreadable(number, str(error))) from None
        except _RowTooLongError:
            raise JobRefusedError(
                f"Row {number:,} goes on for more than {LONGEST_ROW:,} characters. {_QUOTE_ADVICE}"
            ) from None
        if lines.have_apostrophes:
            cells = [_without_mark(str(cell)) for cell in cells]
        yield number, lines.taken(), cells


def _without_mark(cell: str) -> str:
    """Take off the apostrophe that says: text, no formula. Spreadsheets write and read it so."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _FORMULA_BEGINS else cell


# A tuple: "" is in every string.
_FORMULA_BEGINS = tuple("=+-@\t\r\n")


_QUOTE_ADVICE = (
    "Look in that row for a quotation mark that is opened and never closed; "
    'one inside a quoted cell is written twice: "5"" pipe".'
)


def _unreadable(number: int, error: str) -> str:
    if "field limit" in error:
        return (
            f"Row {number:,} has a cell of more than {_LONGEST_CELL:,} characters. {_QUOTE_ADVICE}"
        )
    if "unexpected end" in error:
        return (
            f"A quotation mark that is opened in row {number:,} is never closed. "
            'One inside a quoted cell is written twice: "5"" pipe".'
        )
    return f"Row {number:,} cannot be divided into columns. {_QUOTE_ADVICE}"


class _RowTooLongError(Exception):
    """A row has taken more than LONGEST_ROW characters."""


class _Lines:
    """A file's lines for the csv module, which would take a row of any length."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._taken = 0
        self.have_apostrophes = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        self._taken += len(line)
        self.have_apostrophes = self.have_apostrophes or "'" in line
        if self._taken > LONGEST_ROW:
            raise _RowTooLongError
        return line.replace("\0", "") if "\0" in line else line

    def taken(self) -> int:
        """Characters since it was asked last: those of one row."""
        taken, self._taken, self.have_apostrophes = self._taken, 0, False
        return taken
