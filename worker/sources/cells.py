"""A workbook's cells as JSON can hold them."""

import datetime as dt
import math
import re

# Excel keeps 15 digits: above, a whole number is no longer exact.
_EXACT = 10**15
_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")
# A duration as OpenDocument has it.
_DURATION = re.compile(r"PT(\d{1,6})H(\d{2})M(\d{2})(?:[.,]\d+)?S")


def json_cell(cell: object) -> object:
    """Give whole numbers as such, dates in ISO form, and text without NUL or half a character."""
    match cell:
        case None:
            return ""
        case bool() | int():
            return cell
        case float():
            return _number(cell)
        case _:
            return _text(cell if isinstance(cell, str) else _written(cell))


def _number(cell: float) -> object:
    if not math.isfinite(cell):
        return str(cell)
    return int(cell) if cell.is_integer() and abs(cell) < _EXACT else cell


def _text(cell: str) -> str:
    if "\0" in cell:
        cell = cell.replace("\0", "")
    if not cell.isascii():
        return _HALF_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", cell)
    if cell.startswith("PT") and (found := _DURATION.fullmatch(cell)):
        return f"{int(found[1])}:{found[2]}:{found[3]}"
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
