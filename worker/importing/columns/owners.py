"""Which owners a column names by something else than an e-mail address."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from worker.importing.columns.evidence import Habit
from worker.importing.columns.tally import Tally
from worker.importing.values import PLAIN, Style, ValueProblem, owner


class OwnerEvidence:
    """What the cells of a column of owners say."""

    family: None = None
    __slots__ = ("nobody",)

    def __init__(self) -> None:
        self.nobody = Tally()

    def add_all(self, rows: Sequence[int], cells: Sequence[object]) -> None:
        """Take cells into account."""
        for row, cell in zip(rows, cells, strict=True):
            self.add(row, cell)

    def add(self, row: int, cell: object) -> None:
        """Take one cell into account; one that is refused says nothing."""
        if cell is None or (isinstance(cell, str) and ("@" in cell or not cell.strip())):
            return
        try:
            if owner(cell) is None:
                self.nobody.add(row, cell)
        except ValueProblem:
            return

    def habit(self) -> None:
        """Tell no habit: owners have none."""

    def style(self, _: Habit) -> Style:
        """Say how the column is to be read: each cell by itself."""
        return PLAIN

    def notes(self, *_: Habit | AbstractSet[Habit] | str) -> Iterator[str]:
        """Say whose the contacts are."""
        if self.nobody.count:
            yield (
                f"no e-mail address: {self.nobody}. A new contact there belongs to whoever "
                "uploaded the file, one that was there keeps its owner."
            )
