"""Cells that a spreadsheet shows otherwise than it keeps them, which text and codes must know."""

from typing import Self

# What stands in a cell whose formula failed.
ERRORS = frozenset(
    {
        "#BLOCKED!", "#BUSY!", "#CALC!", "#CONNECT!", "#DIV/0!", "#EXTERNAL!", "#FIELD!",
        "#GETTING_DATA", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#PYTHON!", "#REF!", "#SPILL!",
        "#UNKNOWN!", "#VALUE!",
    }
)  # fmt: skip


class Moment(str):
    """A date or time, in ISO form: what a spreadsheet likes to make of a code like 10-3."""

    __slots__ = ()


class ShownInt(int):
    """A whole number that its cell shows with other characters: 42 as AB-0042."""

    shown: str

    def __new__(cls, number: int, shown: str) -> Self:
        """Keep both."""
        kept = super().__new__(cls, number)
        kept.shown = shown
        return kept


class ShownFloat(float):
    """A number that its cell shows with a fixed count of decimals: 1.1 as 1.10."""

    shown: str

    def __new__(cls, number: float, shown: str) -> Self:
        """Keep both."""
        kept = super().__new__(cls, number)
        kept.shown = shown
        return kept


def shown_number(number: float, shown: str) -> ShownInt | ShownFloat:
    """Keep a number beside what its cell shows."""
    return ShownInt(number, shown) if isinstance(number, int) else ShownFloat(number, shown)
