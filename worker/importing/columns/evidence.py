"""What every kind of evidence has in common."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Literal, NamedTuple, Protocol

from worker.importing.values import Style

# Which of the two habits a column has: the usual one is a decimal point, or the month first.
Habit = Literal["usual", "other", "both"]


class Told(NamedTuple):
    """What somebody else says of a column that does not show its habit."""

    habit: Habit
    # Who: "as the option says".
    reason: str


class Evidence(Protocol):
    """What the cells of one column say about how it is written; takes no memory by cell."""

    @property
    def family(self) -> Literal["number", "date"] | None:
        """Columns of one share a habit where their own cells don't show it; None has no habits."""
        ...

    def add_all(self, rows: Sequence[int], cells: Sequence[object]) -> None:
        """Take cells into account, and the numbers of their rows as their owner sees them."""
        ...

    def habit(self) -> Habit | None:
        """Tell the column's habit from its own cells alone; None if none of them shows it."""
        ...

    def style(self, habit: Habit) -> Style:
        """Say how the column is to be read, if that is its habit."""
        ...

    def notes(self, habit: Habit, others: AbstractSet[Habit], told: str = "") -> Iterable[str]:
        """Say what a cell's reading depends on, in sentences.

        Args:
            habit: the column's.
            others: the habits of its family.
            told: who says that it is this one, where the column does not show it.

        """
        ...


def habit_of(usual: int, other: int) -> Habit | None:
    """Tell a habit from how many cells show the one and the other; None where none shows any."""
    if usual and other:
        return "both"
    if other:
        return "other"
    return "usual" if usual else None


def reason(habit: Habit, others: AbstractSet[Habit]) -> str:
    """Say why a column that does not show its habit is read by this one."""
    if others == {habit}:
        return "as in the file's other columns"
    return (
        "as the file's other columns disagree"
        if others
        else "as nothing in the file says otherwise"
    )
