"""A date as people write it → ISO 8601. Strict patterns: nothing here guesses."""

import datetime as dt
import re
from typing import Literal

from worker.importing.values.characters import unwrapped, with_plain_letters, without_invisible
from worker.importing.values.problems import ValueProblem, shown
from worker.importing.values.style import PLAIN, Style

# No date of ours needs more, with a time and its zone: longer cells are refused unread.
_LONGEST_DATE = 64

# What a dealer's file can mean; outside it is a typing error or another program's "never".
_YEARS = range(1900, 2200)
# Two digits are 1969 to 2068, as POSIX has it:
# https://pubs.opengroup.org/onlinepubs/9699919799/functions/strptime.html
_FIRST_OLD_YEAR = 69

_MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_MONTHS = {
    "sept": 9,
    **{name[:3]: month for month, name in enumerate(_MONTH_NAMES, 1)},
    **{name: month for month, name in enumerate(_MONTH_NAMES, 1)},
}

# A time of day behind a date, which is dropped: the date stays as written, whatever its zone.
_TIME = re.compile(
    r"""
    (?: (?<=[0-9]) T | ,? [ ] ) (?: [01]?[0-9] | 2[0-3] ) : [0-5][0-9]
    (?: : [0-5][0-9] (?: [.,][0-9]{1,9} )? )? (?: [ ]? [AaPp]\.?[Mm]\.? )?
    (?: [ ]? (?: [Zz] | UTC | [-+][0-9]{2} (?: :? [0-9]{2} )? ) )? $
    """,
    re.VERBOSE | re.ASCII,
)
_DECEMBER = 12

_YEAR_FIRST = re.compile(r"([0-9]{4}) ?([-/.]) ?([0-9]{1,2}) ?\2 ?([0-9]{1,2})", re.ASCII)
_YEAR_LAST = re.compile(r"([0-9]{1,2}) ?([-/.]) ?([0-9]{1,2}) ?\2 ?([0-9]{4}|[0-9]{2})", re.ASCII)
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_MONTH = r"(?P<month>[a-z]{3,9})"
_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})"
_WITH_MONTH_NAME = (
    # 12 March 2026, 12-Mar-26, 12th Mar. 2026
    re.compile(rf"{_DAY}[-/., ]{{0,2}}{_MONTH}[-/., ]{{0,2}}{_YEAR}", re.ASCII | re.IGNORECASE),
    # March 12, 2026, Mar-12-2026
    re.compile(rf"{_MONTH}[-/. ]{{0,2}}{_DAY}[-/., ]{{1,2}}{_YEAR}", re.ASCII | re.IGNORECASE),
    # 2026-Mar-12
    re.compile(
        rf"(?P<year>[0-9]{{4}})[-/., ]{{1,2}}{_MONTH}[-/. ]{{1,2}}{_DAY}",
        re.ASCII | re.IGNORECASE,
    ),
)

_ADVICE = "write it like 2026-03-25"

_BARE_NUMBER = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]*)?", re.ASCII)


def date(cell: object, style: Style = PLAIN) -> str | None:
    """Read a date as "YYYY-MM-DD"; a time behind it is dropped, and its zone with it.

    Args:
        cell: any JSON value, but only text can be a date.
        style: whether the cell's column has the month or the day first in 03/04/2026. The day is
            always first in 4.3.2026.

    Raises:
        ValueProblem: no date, no day that exists, not clear, or outside 1900 to 2199.

    """
    if cell is None:
        return None
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        raise _is_number(cell)
    if not isinstance(cell, str):
        raise _no_date(cell)
    if len(cell) > _LONGEST_DATE and not cell.isspace():
        raise _no_date(cell)
    written = _without_marks(cell)
    if not written:
        return None
    if _BARE_NUMBER.fullmatch(written):
        raise _is_number(cell)
    year, month, day = _parts(_without_time(written), style, cell)
    if len(year) == len("26"):
        year = f"19{year}" if int(year) >= _FIRST_OLD_YEAR else f"20{year}"
    if int(year) not in _YEARS:
        raise ValueProblem(
            f"{shown(cell)} is not a date from {_YEARS[0]} to {_YEARS[-1]}, {_ADVICE}"
        )
    try:
        return dt.date(int(year), month, day).isoformat()
    except ValueError:
        raise ValueProblem(f"{shown(cell)} is a day that does not exist") from None


def slash_parts(cell: str) -> tuple[int, int] | None:
    """Give the first two parts of 03/04/2026 or 03-04-2026, whose order their column decides."""
    if len(cell) > _LONGEST_DATE:
        return None
    found = _YEAR_LAST.fullmatch(_without_time(_without_marks(cell)))
    return None if found is None or found[2] == "." else (int(found[1]), int(found[3]))


def _without_marks(cell: str) -> str:
    """Take off ="…" and what cannot be seen: some programs put direction marks between numbers."""
    written = cell.strip()
    if not written.isascii():
        written = without_invisible(with_plain_letters(written))
    return unwrapped(written).strip()


def _without_time(cell: str) -> str:
    return _TIME.sub("", " ".join(cell.split()))


def _parts(written: str, style: Style, cell: str) -> tuple[str, int, int]:
    """Split a date into its year as written, month and day."""
    if found := _YEAR_FIRST.fullmatch(written):
        return found[1], int(found[3]), int(found[4])
    if found := _YEAR_LAST.fullmatch(written):
        first, second = int(found[1]), int(found[3])
        if found[2] == ".":
            month, day = _in_order(first, second, "d/m", "dates with points are", cell)
        else:
            month, day = _in_order(first, second, style.dates, "this column was", cell)
        return found[4], month, day
    for pattern in _WITH_MONTH_NAME:
        if (found := pattern.fullmatch(written)) and (name := found["month"].lower()) in _MONTHS:
            return found["year"], _MONTHS[name], int(found["day"])
    raise _no_date(cell)


def _in_order(
    first: int, second: int, order: Literal["m/d", "d/m", "?"], what: str, cell: str
) -> tuple[int, int]:
    """Tell (month, day) from two numbers in the order of their column."""
    if order == "?":
        if first <= _DECEMBER and second <= _DECEMBER and first != second:
            raise ValueProblem(
                f"{shown(cell)} is not clear, this column has dates with the day first and dates"
                f" with the month first, {_ADVICE}"
            )
        order = "m/d" if first <= _DECEMBER else "d/m"
    month, day = (first, second) if order == "m/d" else (second, first)
    if month > _DECEMBER >= day:
        habit = "month" if order == "m/d" else "day"
        raise ValueProblem(
            f"{shown(cell)} has no month {month}, {what} read with the {habit} first, {_ADVICE}"
        )
    return month, day


def _is_number(cell: object) -> ValueProblem:
    return ValueProblem(f"{shown(cell)} is a number, not a date, {_ADVICE}")


def _no_date(cell: object) -> ValueProblem:
    return ValueProblem(f"{shown(cell)} is not a date, {_ADVICE}")
