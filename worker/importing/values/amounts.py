"""Numbers with a unit: money, quantities, percentages. Nothing is rounded twice."""

import re
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal

from worker.importing.values.numbers import number
from worker.importing.values.problems import ValueProblem, shown
from worker.importing.values.style import PLAIN, Style

# PostgreSQL integer. https://www.postgresql.org/docs/17/datatype-numeric.html
_SMALLEST_INTEGER = -(2**31)
_LARGEST_INTEGER = 2**31 - 1

# Where a column is numeric: all that its readers in JavaScript can hold to the cent.
_MOST_DOLLARS = Decimal("999999999999.99")
_HIGHEST_PERCENT = Decimal(1_000_000_000)

_ONE = Decimal(1)
_CENT = Decimal("0.01")
_SMALLEST_PERCENT = Decimal("0.0001")

# Most cells by far, read without a Decimal: digits, and two more behind a point.
_PLAIN_DOLLARS = re.compile(r"[0-9]{1,7}(?:\.[0-9]{2})?").fullmatch
_LONGEST_PLAIN = 9

# Decimal digits before the point from which no value fits a column, whatever its unit.
_TOO_MANY_DIGITS = 12


def cents(cell: object, style: Style = PLAIN) -> int | None:
    """Read dollars as integer cents, exact and half up (away from zero), within an integer column.

    Signs and codes of dollars, euros and pounds are taken off; nothing is converted.

    Raises:
        ValueProblem: not an amount, not clear, or past what the column holds.

    """
    if isinstance(cell, str) and style.decimal != "," and _PLAIN_DOLLARS(cell):
        return int(cell.replace(".", "")) if "." in cell else 100 * int(cell)
    amount = number(cell, style, is_money=True)
    if amount is None:
        return None
    if _is_huge(amount):
        raise _past_limit(cell, amount, "$21,474,836.47", "-$21,474,836.48")
    rounded = int(amount.quantize(_CENT, ROUND_HALF_UP).scaleb(2))
    if not _SMALLEST_INTEGER <= rounded <= _LARGEST_INTEGER:
        raise _past_limit(cell, amount, "$21,474,836.47", "-$21,474,836.48")
    return rounded


def dollars(cell: object, style: Style = PLAIN) -> str | None:
    """Read dollars for a numeric column: text with two decimals, exact and half up.

    Raises:
        ValueProblem: not an amount, not clear, or $1,000,000,000,000 and more.

    """
    amount = number(cell, style, is_money=True)
    if amount is None:
        return None
    if _is_huge(amount) or abs(rounded := amount.quantize(_CENT, ROUND_HALF_UP)) > _MOST_DOLLARS:
        raise _past_limit(cell, amount, f"${_MOST_DOLLARS:,}", f"-${_MOST_DOLLARS:,}")
    return f"{rounded + 0:f}"  # a plus takes the sign off -0.00


def whole_number(cell: object, style: Style = PLAIN) -> int | None:
    """Read a quantity, rounded as the frontend's Math.round does: 2.5 → 3, -2.5 → -2.

    Raises:
        ValueProblem: not a number, not clear, or past what an integer column holds.

    """
    if isinstance(cell, str) and len(cell) <= _LONGEST_PLAIN and cell.isascii() and cell.isdigit():
        return int(cell)
    quantity = number(cell, style)
    if quantity is None:
        return None
    if _is_huge(quantity):
        raise _past_limit(cell, quantity, "2,147,483,647", "-2,147,483,648")
    half_up = ROUND_HALF_DOWN if quantity < 0 else ROUND_HALF_UP
    rounded = int(quantity.quantize(_ONE, half_up))
    if not _SMALLEST_INTEGER <= rounded <= _LARGEST_INTEGER:
        raise _past_limit(cell, quantity, "2,147,483,647", "-2,147,483,648")
    return rounded


def percent(cell: object, style: Style = PLAIN) -> str | None:
    """Read a percentage for a numeric column: 12.5%, "12.5" and 12.5 are all "12.5".

    Rounded half up to four decimals, written without zeros at their end.

    Raises:
        ValueProblem: not a number, not clear, or past a thousand million percent.

    """
    share = number(cell, style, is_percent=True)
    if share is None:
        return None
    if _is_huge(share) or abs(share) > _HIGHEST_PERCENT:
        raise _past_limit(cell, share, f"{_HIGHEST_PERCENT:,}%", f"-{_HIGHEST_PERCENT:,}%")
    written = f"{share.quantize(_SMALLEST_PERCENT, ROUND_HALF_UP) + 0:f}"
    return written.rstrip("0").rstrip(".")


def _is_huge(amount: Decimal) -> bool:
    """Whether the number can't fit, seen before anything writes out its digits."""
    return not amount.is_zero() and amount.adjusted() > _TOO_MANY_DIGITS


def _past_limit(cell: object, amount: Decimal, most: str, least: str) -> ValueProblem:
    if amount < 0:
        return ValueProblem(f"{shown(cell)} is less than {least}, the least that fits")
    return ValueProblem(f"{shown(cell)} is more than {most}, the most that fits")
