"""Several tables of one file in one spool: the parent chooses among them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import IO

from worker.exceptions import JobRefusedError
from worker.importing.sources.spooled_rows import spool_line
from worker.importing.sources.spooled_tables import TablePlace
from worker.importing.sources.table import LONGEST_ROW

# What the parent is told of, of a page that has no end of tables.
_MOST_TABLES = 50
_MOST_NAMES = 1000
_LONGEST_NAME = 100


class TableWriter:
    """Writes rows as they come; tables may be nested, so that their rows take turns."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._position = 0
        self._forgotten: set[int] = set()
        self.tables: list[TablePlace] = []
        self.names: list[str] = []

    def begin(self, name: str = "") -> TablePlace:
        """Begin a table, of which nothing is known unless something is written to it."""
        if len(self.names) < _MOST_NAMES:
            self.names.append(name[:_LONGEST_NAME])
        return TablePlace(-1, name[:_LONGEST_NAME], 0)

    def write(self, table: TablePlace, number: int, cells: Sequence[object]) -> None:
        """Write a row under its number, unless it is blank.

        Raises:
            JobRefusedError: it is longer than any row of ours.

        """
        line = spool_line(number, cells)
        if not line:
            return
        if len(line) > LONGEST_ROW:
            raise JobRefusedError(
                f"Row {number:,} is longer than {LONGEST_ROW:,} characters. "
                "Shorten it and upload the file again."
            )
        if table.number < 0:
            table.number, table.begin = len(self.tables), self._position
            self.tables.append(table)
        self._position += self._file.write(f"{table.number}\t{line}\n".encode("utf-8", "replace"))
        table.end = self._position
        table.rows += 1

    def forget(self, table: TablePlace) -> None:
        """Take back a table, whose lines are then nobody's."""
        if table.number >= 0:
            self._forgotten.add(table.number)

    @property
    def has_rows(self) -> bool:
        """Whether there is a table that was not forgotten."""
        return len(self.tables) > len(self._forgotten)

    def report(self) -> dict[str, object]:
        """Say what was written, for the parent: the largest tables in their order."""
        tables = [table for table in self.tables if table.number not in self._forgotten]
        largest = sorted(tables, key=lambda table: -table.size)[:_MOST_TABLES]
        told = sorted(largest, key=lambda table: table.number)
        return {"tables": list(map(asdict, told)), "count": len(tables)}
