"""How often something is seen, and where first."""

from dataclasses import dataclass

from worker.importing.values import shown


@dataclass(slots=True)
class Tally:
    """How many rows something is true of, with the first as an example."""

    count: int = 0
    row: int = 0
    cell: object = None

    def add(self, row: int, cell: object) -> None:
        """Count a row, numbered as its owner sees it."""
        if not self.count:
            self.row, self.cell = row, cell
        self.count += 1

    def __str__(self) -> str:
        """Say it in a note: 3 rows, e.g. row 5 "PLUMBING"."""
        rows = "row" if self.count == 1 else "rows"
        return f"{self.count:,} {rows}, e.g. row {self.row:,} {shown(self.cell)}"
