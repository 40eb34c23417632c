"""A text file's lines, handed to the csv module, and taken back where it read too far."""

from collections.abc import Iterator
from io import StringIO
from typing import TextIO

from worker.exceptions import JobRefusedError
from worker.importing.sources.meaningless import MEANINGLESS
from worker.importing.sources.table import LONGEST_ROW

_BLOCK_CHARACTERS = 1 << 17
# What needs a look: an apostrophe before a formula, a backslash, bytes that mean nothing.
_SPECIAL = ("'", "\\", MEANINGLESS)
# Characters that may be read twice for each that is read once, and before the first.
_MOST_AGAIN = 4
_FREE_AGAIN = 32_000_000


class RowTooLongError(Exception):
    """A row has taken more than LONGEST_ROW characters."""


class Lines:
    """An iterator over lines, which remembers those of one row."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._block: Iterator[str] = iter(())
        # Lines to read once more, the last first.
        self._again: list[str] = []
        self._read = self._read_again = 0
        self._characters = 0
        # The lines since taken() was called last: those of one row.
        self.row: list[str] = []
        # Whether the row may hold something that needs a look of its own.
        self.may_be_special = False

    def __iter__(self) -> Iterator[str]:
        """Give the lines from where it stands."""
        return self

    def __next__(self) -> str:
        """Give the next line.

        Raises:
            RowTooLongError: the row has gone on for too long.

        """
        line = self._again.pop() if self._again else next(self._block, "") or self._first_of_block()
        self.row.append(line)
        self._characters += len(line)
        if self._characters > LONGEST_ROW:
            raise RowTooLongError
        return line

    def _first_of_block(self) -> str:
        """Read on, some thousand lines at once: what is special is looked for in all of them."""
        block = self._file.read(_BLOCK_CHARACTERS)
        if not block:
            raise StopIteration
        block += self._file.readline(LONGEST_ROW + 1)
        self._read += len(block)
        is_special = any(mark in block for mark in _SPECIAL)
        self.may_be_special = is_special or (self.may_be_special and bool(self.row))
        # newline="": as the file has them.
        self._block = StringIO(block.replace("\0", ""), newline="")
        return next(self._block, "") or self._first_of_block()

    def taken(self) -> int:
        """Begin another row; how many characters this one had."""
        taken, self._characters = self._characters, 0
        self.row.clear()
        return taken

    def keep_first(self) -> None:
        """Let the row be its first line, and read the others again.

        Raises:
            JobRefusedError: this happens so often that there would be no end.

        """
        rest = self.row[1:]
        if not rest:
            return
        del self.row[1:]
        self._again.extend(reversed(rest))
        # Some may be of an earlier block.
        self.may_be_special = True
        self._characters = len(self.row[0])
        self._read_again += sum(map(len, rest))
        if self._read_again > _FREE_AGAIN + _MOST_AGAIN * self._read:
            raise JobRefusedError(
                "The file has too many quotation marks that are opened and never closed. "
                'One inside a quoted cell is written twice: "5"" pipe".'
            )
