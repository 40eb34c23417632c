"""Codes: what other systems know a thing by. One thing has one code, however it was typed.

What cannot be seen, and what a program put around a code to keep it as it is, makes no other code.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Iterator

from worker.importing.values.characters import unwrapped, with_plain_letters, without_invisible
from worker.importing.values.problems import ValueProblem, shown
from worker.importing.values.spreadsheet import Moment
from worker.importing.values.style import PLAIN, Style
from worker.importing.values.texts import line

# Most cells by far, which have nothing to clean and nothing to refuse.
_PLAIN_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_/-]*").fullmatch

# Excel's way to show what its cell has no room for, with the decimal mark of its country.
_SCIENTIFIC = re.compile(r"-?[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{2}")
_FIRST_LOSSY_NUMBER = 10**15

# A whole number as a program writes that keeps it as a float; none has zeros before it.
WHOLE_FLOAT = re.compile(r"(0|[1-9][0-9]*)\.(0+)")

# Before a code that is to be taken as it stands, to the letter: no file has it by chance, exports
# write it before what would else be cleaned.
_EXACTLY = "''"

# Longer cells are no codes: refused without a look at what might be taken off.
_LONGEST_LOOKED_AT = 1000


def code(cell: object, longest: int, style: Style = PLAIN) -> str | None:
    """Read a SKU or another system's number, cleaned; never one that a spreadsheet damaged.

    A number that its cell shows as AB-0042 is that; a date is what became of a code like 10-3.
    Behind two apostrophes stands a code that is taken as it is.
    Excel shows a long number in a narrow cell as 1.2E+05, and keeps 15 digits of any number:
    https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3

    Args:
        cell: any JSON value.
        longest: the most characters that fit.
        style: whether the column's program wrote 123 as 123.0.

    Raises:
        ValueProblem: not text, damaged, a formula, not valid Unicode, or too long.

    """
    if isinstance(cell, Moment):
        raise ValueProblem(
            f"{shown(cell)} is a date or a time, make the cell text and type the code again"
        )
    if isinstance(cell, str):
        if len(cell) <= longest and _PLAIN_CODE(cell):
            return cell
        if _is_exact(cell):
            return _exact(cell.removeprefix(_EXACTLY), longest)
        if len(cell) <= _LONGEST_LOOKED_AT:
            cell = _clean(cell)
    elif isinstance(cell, (int, float)) and _FIRST_LOSSY_NUMBER <= abs(cell) < math.inf:
        raise ValueProblem(
            f"{shown(cell)} has more digits than a spreadsheet keeps,"
            " make the cell text and type the code again"
        )
    written = line(cell, longest)
    if written is None:
        return None
    if _SCIENTIFIC.fullmatch(written):
        raise ValueProblem(
            f"{shown(written)} is how a spreadsheet shortens a long number,"
            " make the cell text and type the code again"
        )
    _refuse_unclear(written)
    if style.floats and (found := WHOLE_FLOAT.fullmatch(written)):
        return found[1]
    return written


def cleaned_of(cell: str) -> Iterator[str]:
    """Name what code() takes out of a cell, or replaces; spaces at the ends are not worth it."""
    if _PLAIN_CODE(cell) or len(cell) > _LONGEST_LOOKED_AT or _is_exact(cell):
        return
    written = cell.strip(" \t\r\n")
    for what, clean in _CLEANINGS:
        after = clean(written)
        if after != written:
            yield what
        written = after


def _is_exact(cell: str) -> bool:
    return cell.startswith(_EXACTLY) and len(cell) > len(_EXACTLY)


def _exact(written: str, longest: int) -> str:
    if len(written) > longest:
        raise ValueProblem(f"is {len(written):,} characters long, at most {longest:,} fit")
    if "\0" in written or any("\ud800" <= character <= "\udfff" for character in written):
        raise ValueProblem(f"{shown(written)} holds what is no character")
    return written


def _clean(cell: str) -> str:
    for _, clean in _CLEANINGS[:-1]:  # the last is line()'s
        cell = clean(cell)
    return cell


def _without_marks(written: str) -> str:
    """Take off ="…", quotation marks around the code, and the apostrophe that says: text."""
    before = None
    while written != before:
        before = written
        written = unwrapped(written).strip()
        if written[:1] == "'" and written[1:] and not written.endswith("'"):
            written = written[1:]
        elif len(written) > 2 and written[0] == written[-1] == '"' and written.count('"') == 2:  # noqa: PLR2004 - one at each end
            written = written[1:-1]
    return written


def _with_single_spaces(written: str) -> str:
    return " ".join(written.split())


def _composed(written: str) -> str:
    return unicodedata.normalize("NFC", written)


# In this order, for a mark may stand behind an invisible character.
_CLEANINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("invisible characters", without_invisible),
    ("full-width characters", with_plain_letters),
    ("doubled or non-breaking spaces", _with_single_spaces),
    ('marks that keep a cell text, as in ="00123"', _without_marks),
    ("accents that are characters of their own", _composed),
)


def _refuse_unclear(written: str) -> None:
    if written[0] == "=" and len(written) > 1:
        raise ValueProblem(f"{shown(written)} is a formula, write the code itself")
    if written[0] == written[-1] == "'" and written.strip("'"):
        raise ValueProblem(f"{shown(written)} stands between apostrophes, write the code alone")
