"""One cell of a record → one value for the database.

A cell is whatever JSON holds. A reader returns None for an empty cell, which means "leave what is
there", and raises ValueProblem for one that it can't read: never a guess, never a silent 0.
"""

import json
import math
import re
import unicodedata
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal

# PostgreSQL integer. https://www.postgresql.org/docs/17/datatype-numeric.html
_SMALLEST_INTEGER = -(2**31)
_LARGEST_INTEGER = 2**31 - 1

_ONE = Decimal(1)
_CENT = Decimal("0.01")

# What no number of ours needs: longer cells are refused before anything looks at them.
_LONGEST_NUMBER = 64
# A longer integer is no item number either.
_MOST_BITS = 128
# Decimal digits before the point from which no value fits an integer, whatever its unit.
_TOO_MANY_DIGITS = 12

_PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
# A number as people write it: sign before or behind, or parentheses for a negative; $ on either
# side; thousands by comma or space in groups of three; a point for decimals; an exponent of at most
# two digits, as spreadsheets print it, where there are no groups. 0,500 is no group of thousands.
_WRITTEN_NUMBER = re.compile(
    r"""
    (?P<open> \( \s? )?
    (?P<before> [-+\N{MINUS SIGN}]? ) \s? (?P<left> \$? ) \s? (?P<after> [-+\N{MINUS SIGN}]? ) \s?
    (?P<digits>
        (?: [0-9]+ (?: \.[0-9]* )? | \.[0-9]+ ) (?: [eE] [-+]? [0-9]{1,2} )?
      | [1-9][0-9]{0,2} (?P<separator> [,\ \xa0\u2009\u202f] ) [0-9]{3}
        (?: (?P=separator) [0-9]{3} )* (?: \.[0-9]* )?
    )
    \s? (?P<right> \$? ) \s? (?P<behind> [-\N{MINUS SIGN}]? )
    (?P<close> \s? \) )?
    """,
    re.VERBOSE,
)
_DIGITS_AND_COMMAS = re.compile(r"[-+($\s]*[0-9][0-9.,\s]*,[0-9.,\s]*[-)$\s]*")
_SEPARATORS = re.compile(r"[,\s]")

# Every character that ends a line or jumps in it; a Windows line end is one of them.
_BREAKS = re.compile(r"\r\n|[\t\n\v\f\r\x85\u2028\u2029]")
_LINE_ENDS = re.compile(r"\r\n|[\v\f\r\x85\u2028\u2029]")
# What is left of C0, DEL, C1, and the byte order mark that files leave in their first cell.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")

# Unicode's own bound for sane text: https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format
_LONGEST_MARK_RUN = 30
# Below this, sorting marks costs less than a millisecond whatever the text.
_HARMLESS_LENGTH = 1000

_LONGEST_QUOTE = 40


class ValueProblem(ValueError):  # noqa: N818 - a fact about the cell, no failure of ours
    """The cell can't be read. The text says why, to go after the field's name."""


def line(cell: object, longest: int) -> str | None:
    """Read text of one line: trimmed, NFC, breaks as spaces, no control characters.

    A number becomes its digits, as a spreadsheet's 12345.0 is the SKU 12345.

    Args:
        cell: any JSON value.
        longest: the most characters that fit.

    Raises:
        ValueProblem: not text, not valid Unicode, or too long.

    """
    written = _written(cell)
    if not written.isprintable():  # breaks and controls are not
        written = _BREAKS.sub(" ", written)
    return _cleaned(written, longest)


def text(cell: object, longest: int) -> str | None:
    r"""Read text of many lines: as line(), but tabs stay, and line ends as "\n"."""
    written = _written(cell)
    if not written.isprintable():
        written = _LINE_ENDS.sub("\n", written)
    return _cleaned(written, longest)


def cents(cell: object) -> int | None:
    """Read dollars as integer cents, exact and half up (away from zero), within an integer column.

    Raises:
        ValueProblem: not an amount, not clear, or past what the column holds.

    """
    dollars = _number(cell, currency="$")
    if dollars is None:
        return None
    if _is_huge(dollars):
        raise _past_limit(cell, dollars, "$21,474,836.47", "-$21,474,836.48")
    amount = int(dollars.quantize(_CENT, ROUND_HALF_UP).scaleb(2))
    if not _SMALLEST_INTEGER <= amount <= _LARGEST_INTEGER:
        raise _past_limit(cell, dollars, "$21,474,836.47", "-$21,474,836.48")
    return amount


def whole_number(cell: object) -> int | None:
    """Read a quantity, rounded as the frontend's Math.round does: 2.5 → 3, -2.5 → -2.

    Raises:
        ValueProblem: not a number, not clear, or past what an integer column holds.

    """
    number = _number(cell)
    if number is None:
        return None
    if _is_huge(number):
        raise _past_limit(cell, number, "2,147,483,647", "-2,147,483,648")
    half_up = ROUND_HALF_DOWN if number < 0 else ROUND_HALF_UP
    rounded = int(number.quantize(_ONE, half_up))
    if not _SMALLEST_INTEGER <= rounded <= _LARGEST_INTEGER:
        raise _past_limit(cell, number, "2,147,483,647", "-2,147,483,648")
    return rounded


def shown(cell: object) -> str:
    """Quote a cell for a message: short, on one line, and valid Unicode whatever it holds."""
    if isinstance(cell, str):
        return f'"{_shortened(cell)}"'
    if isinstance(cell, list | dict):
        return "a list" if isinstance(cell, list) else "an object"
    if isinstance(cell, int) and cell.bit_length() > _MOST_BITS:
        return "the number"  # Python refuses to write out thousands of digits
    return json.dumps(cell)


def _shortened(written: str) -> str:
    start = written.strip()[: _LONGEST_QUOTE + 1]
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in start)
    return clean if len(clean) <= _LONGEST_QUOTE else clean[: _LONGEST_QUOTE - 1] + "…"


def _written(cell: object) -> str:
    """Give the cell as its owner would have typed it into a text field."""
    match cell:
        case str():
            return cell
        case None:
            return ""
        case bool():
            pass
        case int() if cell.bit_length() <= _MOST_BITS:
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


def _number(cell: object, currency: str = "") -> Decimal | None:
    """Read a number exactly as written; a float counts as the shortest decimal that means it."""
    match cell:
        case None:
            return None
        case str():
            return _parsed(cell.strip(), currency)
        case bool():
            pass
        case int():
            return Decimal(cell)
        case float() if math.isfinite(cell):
            return Decimal(repr(cell))
    raise ValueProblem(f"{shown(cell)} is not a number")


def _parsed(written: str, currency: str) -> Decimal | None:
    if not written:
        return None
    if len(written) > _LONGEST_NUMBER:
        raise ValueProblem(f"{shown(written)} is not a number")
    if _PLAIN_NUMBER.fullmatch(written):
        return Decimal(written)
    found = _WRITTEN_NUMBER.fullmatch(written)
    if found is None:
        if _DIGITS_AND_COMMAS.fullmatch(written):
            raise ValueProblem(f"{shown(written)} is not clear, write it like 1234.50")
        raise ValueProblem(f"{shown(written)} is not a number")
    signs = found["before"] + found["after"] + found["behind"] + (found["open"] or "").strip()
    marks = found["left"] + found["right"]
    if (
        len(signs) > 1
        or marks not in {"", currency}
        or (found["open"] is None) != (found["close"] is None)
    ):
        raise ValueProblem(f"{shown(written)} is not a number")
    number = Decimal(_SEPARATORS.sub("", found["digits"]))
    return number if signs in {"", "+"} else number.copy_negate()  # exact: a minus would round


def _is_huge(number: Decimal) -> bool:
    """Whether the number can't fit, seen before anything writes out its digits."""
    return not number.is_zero() and number.adjusted() > _TOO_MANY_DIGITS


def _past_limit(cell: object, number: Decimal, most: str, least: str) -> ValueProblem:
    if number < 0:
        return ValueProblem(f"{shown(cell)} is less than {least}, the least that fits")
    return ValueProblem(f"{shown(cell)} is more than {most}, the most that fits")
