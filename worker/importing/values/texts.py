"""Text: what a person typed, cleaned of what no database or screen should see."""

import json
import math
import re
import unicodedata
from decimal import Decimal

from worker.importing.values.characters import unwrapped
from worker.importing.values.problems import MOST_BITS, ValueProblem, shown
from worker.importing.values.spreadsheet import ERRORS, ShownFloat, ShownInt

# Every character that ends a line or jumps in it; a Windows line end is one of them.
_BREAKS = re.compile(r"\r\n|[\t\n\v\f\r\x85\u2028\u2029]")
_LINE_ENDS = re.compile(r"\r\n|[\v\f\r\x85\u2028\u2029]")
# What is left of C0, DEL, C1, and the byte order mark that files leave in their first cell.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")

# Unicode's own bound for sane text: https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format
_LONGEST_MARK_RUN = 30
# Below this, sorting marks costs less than a millisecond whatever the text.
_HARMLESS_LENGTH = 1000

# How a cell begins that may be ="…".
_BEFORE_TEXT = frozenset({"=", " "})


def line(cell: object, longest: int) -> str | None:
    """Read text of one line: trimmed, NFC, breaks as spaces, no control characters.

    A number becomes its digits, as a spreadsheet's 12345.0 is the SKU 12345; ="…" what is in it.

    Args:
        cell: any JSON value.
        longest: the most characters that fit.

    Raises:
        ValueProblem: not text, not valid Unicode, or too long.

    """
    return _read(cell, longest, _BREAKS, " ")


def text(cell: object, longest: int) -> str | None:
    r"""Read text of many lines: as line(), but tabs stay, and line ends as "\n"."""
    return _read(cell, longest, _LINE_ENDS, "\n")


def cell_text(cell: object) -> str:
    """Give any cell as text, for people to look at: a list or an object as JSON."""
    try:
        return _written(cell)
    except ValueProblem:
        return cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)


def _read(cell: object, longest: int, breaks: re.Pattern[str], instead: str) -> str | None:
    if isinstance(cell, str) and _is_plain(cell) and len(cell) <= longest:
        return cell.strip() or None
    written = _written(cell)
    if not written.isprintable():  # breaks and controls are not
        written = breaks.sub(instead, written)
    return _cleaned(written, longest)


def _is_plain(cell: str) -> bool:
    """Whether there is nothing to clean and nothing to refuse, as in most cells by far."""
    return (
        cell.isascii() and cell.isprintable() and "#" not in cell and cell[:1] not in _BEFORE_TEXT
    )


def _written(cell: object) -> str:
    """Give the cell as its owner would have typed it into a text field."""
    match cell:
        case str():
            written = unwrapped(cell) if cell.lstrip().startswith("=") else cell
            if written.startswith("#") and written.strip() in ERRORS:
                raise ValueProblem(f"{shown(written)} is what a failed formula leaves")
            return written
        case None:
            return ""
        case bool():
            pass
        case ShownInt() | ShownFloat():
            return cell.shown
        case int() if cell.bit_length() <= MOST_BITS:
            return str(cell)
        case float() if math.isfinite(cell):
            return format(Decimal(repr(cell)), "f").removesuffix(".0")
    raise ValueProblem(f"{shown(cell)} is not text")


def _cleaned(written: str, longest: int) -> str | None:
    if not written.isascii():
        written = _normalized(written, longest)
    elif not written.isprintable():
        written = _CONTROLS.sub("", written)
    written = written.strip()
    if len(written) > longest:
        raise _too_long(len(written), longest)
    return written or None


def _normalized(written: str, longest: int) -> str:
    written = _CONTROLS.sub("", written).strip()
    try:
        written.encode()
    except UnicodeEncodeError:
        raise ValueProblem(f"{shown(written)} holds half a character") from None
    # Sorting a run of marks takes quadratic time: 20,000 of them over half a second.
    if len(written) > longest:
        raise _too_long(len(written), longest)
    if len(written) > _HARMLESS_LENGTH and _has_long_mark_run(written):
        raise ValueProblem(f"{shown(written)} holds too many accents on one letter")
    return unicodedata.normalize("NFC", written)


def _has_long_mark_run(written: str) -> bool:
    run = 0
    for character in written:
        run = run + 1 if unicodedata.combining(character) else 0
        if run > _LONGEST_MARK_RUN:
            return True
    return False


def _too_long(length: int, longest: int) -> ValueProblem:
    return ValueProblem(f"is {length:,} characters long, at most {longest:,} fit")
