"""A workbook's cells as JSON can hold them."""

import datetime as dt
import math
import re

# Excel keeps 15 digits: above, a whole number is no longer exact.
_EXACT = 10**15
_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")
# The first day that is counted right: to Excel, as to Lotus 1-2-3, 1900 was a leap year.
_FIRST_RIGHT_DAY = 61
_ZEROTH_DAY = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet knows no time zones
_DAYS_TO_1904 = 1462
_LAST_DAY = 2_958_466
_DAY_SECONDS = 86_400


def json_cell(cell: object) -> object:
    """Give whole numbers as such, dates in ISO form, and text without NUL or half a character."""
    match cell:
        case None:
            return ""
        case bool() | int() | list() | dict():
            return cell
        case float():
            return _number(cell)
        case _:
            return _text(cell if isinstance(cell, str) else _written(cell))


def moment(days: float, *, is_1904: bool, is_elapsed: bool) -> object:
    """Find the date, the time or both that a spreadsheet counts in days; a number if it is none.

    Args:
        days: since the end of 1899, or of 1903.
        is_1904: as old Macintosh workbooks count.
        is_elapsed: it is a time that may be more than a day.

    """
    if not math.isfinite(days) or not 0 <= days < _LAST_DAY:
        return days
    seconds = round(days * _DAY_SECONDS)
    if is_elapsed:
        return dt.timedelta(seconds=seconds)
    if seconds < _DAY_SECONDS:
        return (_ZEROTH_DAY + dt.timedelta(seconds=seconds)).time()
    if is_1904:
        seconds += _DAYS_TO_1904 * _DAY_SECONDS
    elif days < _FIRST_RIGHT_DAY - 1:
        seconds += _DAY_SECONDS
    found = _ZEROTH_DAY + dt.timedelta(seconds=seconds)
    return found.date() if seconds % _DAY_SECONDS == 0 else found


def _number(cell: float) -> object:
    if not math.isfinite(cell):
        return str(cell)
    return int(cell) if cell.is_integer() and abs(cell) < _EXACT else cell


def _text(cell: str) -> str:
    if "\0" in cell:
        cell = cell.replace("\0", "")
    if not cell.isascii():
        return _HALF_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", cell)
    return cell


def _written(cell: object) -> str:
    """Write dates and times: 2026-03-12, with the time unless it is midnight; 30:00:00."""
    match cell:
        case dt.datetime():
            whole = _whole_seconds(cell)
            midnight = whole.time() == dt.time.min
            return whole.date().isoformat() if midnight else whole.isoformat()
        case dt.date():
            return cell.isoformat()
        case dt.time():
            return cell.isoformat(timespec="seconds")
        case dt.timedelta():
            minutes, seconds = divmod(abs(round(cell.total_seconds())), 60)
            sign = "-" if cell < dt.timedelta() else ""
            return f"{sign}{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    return str(cell)


def _whole_seconds(cell: dt.datetime) -> dt.datetime:
    """Round off the millionths by which a spreadsheet's fractions of a day miss."""
    if cell.microsecond and cell.year < dt.MAXYEAR:
        cell += dt.timedelta(microseconds=500_000)
    return cell.replace(microsecond=0)
