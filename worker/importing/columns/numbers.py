"""How a column of numbers is written: the decimal mark, what a dash means, units behind prices."""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Literal

from worker.importing.columns.evidence import Habit, habit_of, reason
from worker.importing.columns.tally import Tally
from worker.importing.values import Style
from worker.importing.values.numbers import WrittenNumber, is_dash, taken_apart, typed
from worker.importing.values.units import price_and_unit

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

# An accounting format leaves room for a parenthesis behind each number, and for the decimals of 0.
_PADDED_NUMBER = re.compile(r"\S[ \xa0]\Z").search
_PADDED_DASH = re.compile(r"\S[ \xa0]{2,4}\Z").search

_OTHER_CURRENCIES = frozenset({"€", "£", "EUR", "GBP"})
_STYLES: dict[Habit, Literal[".", ",", "?"]] = {"usual": ".", "other": ",", "both": "?"}


class NumberEvidence:
    """What the cells of a column of numbers say.

    Args:
        may_have_units: whether a unit may stand behind a number, as in 12.50/ea.

    """

    family: Literal["number"] = "number"
    __slots__ = (
        "currencies", "dashes", "is_accounting", "is_padded", "may_have_units", "other", "unclear",
        "units", "usual",
    )  # fmt: skip

    def __init__(self, *, may_have_units: bool = False) -> None:
        self.may_have_units = may_have_units
        # Cells that can be read only with a decimal point, or only with a comma.
        self.usual = 0
        self.other = 0
        # The marks of cells that mean one thing so and another thing so.
        self.unclear: set[str] = set()
        # Signs and codes of money that is not in dollars.
        self.currencies: set[str] = set()
        # Where a dash stands for a number, and whether the others are in an accounting format.
        self.dashes = Tally()
        self.is_accounting = False
        # Whether all cells end as in an accounting format; None before the first.
        self.is_padded: bool | None = None
        self.units = Tally()

    def add_all(self, rows: Sequence[int], cells: Sequence[object]) -> None:
        """Take cells into account; most columns have nothing but plain numbers, seen at once."""
        written = "\n".join([cell for cell in cells if isinstance(cell, str)])
        if _PLAIN_NUMBERS(written):
            self.usual += written.count(".")
            if written.strip():
                self.is_padded = False
            return
        for row, cell in zip(rows, cells, strict=True):
            self.add(row, cell)

    def add(self, row: int, cell: object) -> None:
        """Take one cell into account. JSON numbers, and what can't be read at all, say nothing."""
        if not isinstance(cell, str):
            return
        if plain := _PLAIN_NUMBER(cell):
            self.is_padded = False
            if plain.lastindex == 1:
                self.usual += 1
            elif plain.lastindex == 2:  # noqa: PLR2004 - the second group
                self.other += 1
        else:
            self._add_written(row, cell)

    def _add_written(self, row: int, cell: str) -> None:
        written = typed(cell)
        if dash := is_dash(written):
            self.dashes.add(row, cell)
            self.is_accounting = self.is_accounting or dash == "with currency"
            self._add_padding(is_padded=bool(_PADDED_DASH(cell)))
            return
        of_unit = price_and_unit(written) if self.may_have_units else None
        found = taken_apart(of_unit[0] if of_unit else written)
        if found is None:
            return
        by_point, by_comma = found.value("."), found.value(",")
        if by_point is None and by_comma is None:
            return
        if of_unit:
            self.units.add(row, cell)
        self._add_signs(found, cell)
        if by_comma is None:
            self.usual += 1
        elif by_point is None:
            self.other += 1
        elif by_point != by_comma:
            self.unclear.add("." if "." in found.digits else ",")

    def _add_signs(self, found: WrittenNumber, cell: str) -> None:
        self.currencies.update(_OTHER_CURRENCIES.intersection(found.currencies))
        is_padded = bool(_PADDED_NUMBER(cell))
        self._add_padding(is_padded=is_padded)
        if (is_padded and found.currencies) or "(" in cell:
            self.is_accounting = True

    def _add_padding(self, *, is_padded: bool) -> None:
        self.is_padded = is_padded if self.is_padded is None else self.is_padded and is_padded

    def habit(self) -> Habit | None:
        """Tell the decimal mark from the column's own cells; None if none of them shows it."""
        return habit_of(self.usual, self.other)

    def style(self, habit: Habit) -> Style:
        """Say how the column is to be read."""
        return Style(
            decimal=_STYLES[habit],
            has_dashes=self._has_dashes(),
            unit="" if self.units.count else None,
        )

    def notes(self, habit: Habit, others: AbstractSet[Habit], told: str = "") -> Iterator[str]:
        """Say what a cell's reading depends on."""
        yield from self._note_of_mark(habit, others, told)
        if self.currencies:
            carried = " and ".join(sorted(self.currencies))
            yield (
                f"some amounts carry {carried};"
                " amounts are taken as they are, nothing is converted."
            )
        if self._has_dashes():
            yield f"a dash is read as 0, as accounting formats show it: {self.dashes}."
        if self.units.count:
            yield f"the unit behind a price is left out: {self.units}."

    def _has_dashes(self) -> bool:
        return bool(self.dashes.count and (self.is_accounting or self.is_padded))

    def _note_of_mark(self, habit: Habit, others: AbstractSet[Habit], told: str) -> Iterable[str]:
        if habit == "both":
            yield (
                "some numbers have a decimal comma and some a decimal point,"
                " each is read as written."
            )
            if self.unclear:
                example = self._example()
                yield f"{example} can mean 1234 or 1.234 here, such numbers are refused."
        elif self.other:
            yield "read with a decimal comma, as in 1.234,50."
        elif (
            self.unclear and not self.usual and (told or "." in self.unclear or others - {"usual"})
        ):
            example = self._example()
            is_thousands = (example == "1,234") == (habit == "usual")
            meaning = "1234, not 1.234" if is_thousands else "1.234, not 1234"
            yield f"{example} is read as {meaning}, {told or reason(habit, others)}."

    def _example(self) -> str:
        return "1.234" if "." in self.unclear else "1,234"
