"""CSV: RFC 4180, UTF-8 with a byte order mark, or Excel takes it for Windows-1252."""

import csv
from collections.abc import Sequence
from pathlib import Path

from worker.exporting.entities import Entity
from worker.exporting.marks import in_text_file


class CsvWriter:
    """A CSV file; no cell of it is a formula to a spreadsheet."""

    delimiter = ","

    def __init__(self, path: Path, entity: Entity) -> None:
        self.notes: list[str] = []
        self._columns = entity.columns
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file, delimiter=self.delimiter)
        self._writer.writerow([column.name for column in self._columns])

    def write(self, cells: Sequence[Sequence[str]]) -> None:
        """Write some rows, given by column."""
        self._writer.writerows(zip(*in_text_file(self._columns, cells), strict=True))

    def close(self) -> None:
        """Write what comes at the end: nothing."""
        self._file.close()

    abandon = close
