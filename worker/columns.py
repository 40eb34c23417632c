"""What a whole column tells about its cells: the decimal mark, and whether the day comes first.

1,234 and 03/04/2026 can each mean two things. Their neighbours show which: where one cell of a
column is 12,50 or 25/03/2026, the others are written by the same habit.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from worker.values import Style
from worker.values.dates import slash_parts
from worker.values.numbers import taken_apart

# Most cells by far, told at once: with a decimal point (group 1), a comma (group 2), or whole.
_PLAIN_NUMBER = re.compile(
    r"""
    [-$]? (?:
        ( (?: [0-9]{1,20} | [1-9][0-9]{0,2} (?: ,[0-9]{3} ){1,5} ) \.[0-9]{1,2} )
      | ( (?: [0-9]{1,20} | [1-9][0-9]{0,2} (?: \.[0-9]{3} ){1,5} ) ,[0-9]{1,2} )
      | [0-9]{1,20}
    )
    """,
    re.VERBOSE,
).fullmatch

# Many of them, a line each: none with a comma, none that says nothing.
_PLAIN_NUMBERS = re.compile(r"(?:[0-9]{0,20}(?:\.[0-9]{1,2})?(?:\n|\Z))*").fullmatch

_OTHER_CURRENCIES = frozenset({"€", "£", "EUR", "GBP"})
_DECEMBER, _LONGEST_MONTH = 12, 31

Kind = Literal["number", "date"]
# Which of the two habits a column has: the usual one is a decimal point, or the month first.
_Habit = Literal["usual", "other", "both"]


class Evidence:
    """What the cells of one column say about how it is written; takes no memory by cell.

    Args:
        kind: what the column's field holds.

    """

    __slots__ = ("currencies", "kind", "other", "unclear", "usual")

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        # Cells that can be read only with a decimal point, or only with the month first.
        self.usual = 0
        # Cells that can be read only with a decimal comma, or only with the day first.
        self.other = 0
        # The marks of cells that mean one thing so and another thing so.
        self.unclear: set[str] = set()
        # Signs and codes of money that is not in dollars.
        self.currencies: set[str] = set()

    def add_all(self, cells: Iterable[object]) -> None:
        """Take cells into account; most columns have nothing but plain numbers, seen at once."""
        written = "\n".join([cell for cell in cells if isinstance(cell, str)])
        if self.kind == "number" and _PLAIN_NUMBERS(written):
            self.usual += written.count(".")
            return
        for cell in cells:
            self.add(cell)

    def add(self, cell: object) -> None:
        """Take one cell into account. JSON numbers, and what can't be read at all, say nothing."""
        if not isinstance(cell, str):
            return
        if self.kind == "date":
            self._add_date(cell)
        elif plain := _PLAIN_NUMBER(cell):
            if plain.lastindex == 1:
                self.usual += 1
            elif plain.lastindex == 2:  # noqa: PLR2004 - the second group
                self.other += 1
        else:
            self._add_number(cell.strip())

    def _add_number(self, written: str) -> None:
        found = taken_apart(written)
        if found is None:
            return
        by_point, by_comma = found.value("."), found.value(",")
        if by_point is None and by_comma is None:
            return
        self.currencies.update(_OTHER_CURRENCIES.intersection(found.currencies))
        if by_comma is None:
            self.usual += 1
        elif by_point is None:
            self.other += 1
        elif by_point != by_comma:
            self.unclear.add("." if "." in found.digits else ",")

    def _add_date(self, written: str) -> None:
        first, second = slash_parts(written) or (0, 0)
        if not (1 <= first <= _LONGEST_MONTH and 1 <= second <= _LONGEST_MONTH):
            return
        if first <= _DECEMBER < second:
            self.usual += 1
        elif second <= _DECEMBER < first:
            self.other += 1
        elif first != second and first <= _DECEMBER:
            self.unclear.add("/")

    def habit(self) -> _Habit | None:
        """Tell the column's habit from its own cells alone; None if none of them shows it."""
        if self.usual and self.other:
            return "both"
        if self.other:
            return "other"
        return "usual" if self.usual else None


def styles(evidence: Mapping[str, Evidence]) -> tuple[dict[str, Style], list[str]]:
    """Decide how each column is to be read.

    A column that doesn't show its habit has the habit of the file's other columns of its kind if
    they agree, else the usual one: a decimal point, the month first.

    Args:
        evidence: by field, complete: the whole column was added.

    Returns:
        the style of each field, and notes for the job's owner: a sentence for each decision that
        a cell's reading depends on.

    """
    shared = {kind: _habits(evidence.values(), kind) for kind in ("number", "date")}
    chosen: dict[str, Style] = {}
    notes: list[str] = []
    for field, column in evidence.items():
        others = shared[column.kind]
        habit = column.habit() or ("other" if others == {"other"} else "usual")
        note = _number_note if column.kind == "number" else _date_note
        chosen[field] = _STYLES[column.kind, habit]
        notes += (f"{field}: {sentence}" for sentence in note(column, habit, others))
        if column.currencies:
            carried = " and ".join(sorted(column.currencies))
            notes.append(
                f"{field}: some amounts carry {carried};"
                " amounts are taken as they are, nothing is converted."
            )
    return chosen, notes


_STYLES: Mapping[tuple[Kind, _Habit], Style] = {
    ("number", "usual"): Style(decimal="."),
    ("number", "other"): Style(decimal=","),
    ("number", "both"): Style(decimal="?"),
    ("date", "usual"): Style(dates="m/d"),
    ("date", "other"): Style(dates="d/m"),
    ("date", "both"): Style(dates="?"),
}


def _habits(columns: Iterable[Evidence], kind: Kind) -> set[_Habit]:
    return {habit for column in columns if column.kind == kind and (habit := column.habit())}


def _number_note(column: Evidence, habit: _Habit, others: set[_Habit]) -> Iterable[str]:
    if habit == "both":
        yield "some numbers have a decimal comma and some a decimal point, each is read as written."
        if column.unclear:
            yield f"{_example(column)} can mean 1234 or 1.234 here, such numbers are refused."
    elif column.other:
        yield "read with a decimal comma, as in 1.234,50."
    elif column.unclear and not column.usual and ("." in column.unclear or others - {"usual"}):
        example = _example(column)
        is_thousands = (example == "1,234") == (habit == "usual")
        meaning = "1234, not 1.234" if is_thousands else "1.234, not 1234"
        yield f"{example} is read as {meaning}, {_reason(habit, others)}."


def _date_note(column: Evidence, habit: _Habit, others: set[_Habit]) -> Iterable[str]:
    if habit == "both":
        yield "some dates have the day first and some the month first, each is read as written."
        if column.unclear:
            yield "03/04/2026 can mean March 4 or April 3 here, such dates are refused."
    elif column.other:
        yield "read with the day first, as in 25/03/2026."
    elif column.unclear and column.usual:
        yield "read with the month first, as in 03/25/2026."
    elif column.unclear:
        meaning = "March 4, not April 3" if habit == "usual" else "April 3, not March 4"
        yield f"03/04/2026 is read as {meaning}, {_reason(habit, others)}."


def _example(column: Evidence) -> str:
    return "1.234" if "." in column.unclear else "1,234"


def _reason(habit: _Habit, others: set[_Habit]) -> str:
    if others == {habit}:
        return "as in the file's other columns"
    return (
        "as the file's other columns disagree"
        if others
        else "as nothing in the file says otherwise"
    )
