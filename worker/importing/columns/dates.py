"""How a column of dates is written: whether the day or the month comes first."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Literal

from worker.importing.columns.evidence import Habit, habit_of, reason
from worker.importing.values import Style
from worker.importing.values.dates import slash_parts

_DECEMBER, _LONGEST_MONTH = 12, 31
_STYLES: dict[Habit, Literal["m/d", "d/m", "?"]] = {"usual": "m/d", "other": "d/m", "both": "?"}


class DateEvidence:
    """What the cells of a column of dates say."""

    family: Literal["date"] = "date"
    __slots__ = ("other", "unclear", "usual")

    def __init__(self) -> None:
        # Cells that can be read only with the month first, or only with the day first.
        self.usual = 0
        self.other = 0
        # Whether some cells mean one thing so and another thing so.
        self.unclear = False

    def add_all(self, rows: Sequence[int], cells: Sequence[object]) -> None:
        """Take cells into account."""
        for row, cell in zip(rows, cells, strict=True):
            self.add(row, cell)

    def add(self, _: int, cell: object) -> None:
        """Take one cell into account; what can't be read at all says nothing."""
        first, second = (isinstance(cell, str) and slash_parts(cell)) or (0, 0)
        if not (1 <= first <= _LONGEST_MONTH and 1 <= second <= _LONGEST_MONTH):
            return
        if first <= _DECEMBER < second:
            self.usual += 1
        elif second <= _DECEMBER < first:
            self.other += 1
        elif first != second and first <= _DECEMBER:
            self.unclear = True

    def habit(self) -> Habit | None:
        """Tell the order from the column's own cells; None if none of them shows it."""
        return habit_of(self.usual, self.other)

    def style(self, habit: Habit) -> Style:
        """Say how the column is to be read."""
        return Style(dates=_STYLES[habit])

    def notes(self, habit: Habit, others: AbstractSet[Habit], told: str = "") -> Iterator[str]:
        """Say what a cell's reading depends on."""
        if habit == "both":
            yield (
                "some dates have the day first and some the month first, each is read as written."
            )
            if self.unclear:
                yield "03/04/2026 can mean March 4 or April 3 here, such dates are refused."
        elif self.other:
            yield "read with the day first, as in 25/03/2026."
        elif self.unclear and self.usual:
            yield "read with the month first, as in 03/25/2026."
        elif self.unclear:
            meaning = "March 4, not April 3" if habit == "usual" else "April 3, not March 4"
            yield f"03/04/2026 is read as {meaning}, {told or reason(habit, others)}."
