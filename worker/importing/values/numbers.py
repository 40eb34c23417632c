"""A number as people write it → the Decimal that they mean, exactly."""

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Literal

from worker.importing.values.characters import as_a_number_is_typed, unwrapped
from worker.importing.values.problems import ValueProblem, shown
from worker.importing.values.style import DecimalMark, Style
from worker.importing.values.units import price_and_unit, refuse_another_unit

# What no number of ours needs: longer cells are refused before anything looks at them.
_LONGEST_NUMBER = 64

_APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"
_SPACES = r" \xa0\u2000-\u200a\u202f\u205f\u3000"
_FRACTION_SIGNS = "¼-¾⅐-⅞"
# Arabic marks, which cannot be mistaken for each other: before decimals, and between thousands.
_ARABIC_POINT, _ARABIC_COMMA = "\u066b", "\u066c"

# Most cells by far, read at once.
_PLAIN_NUMBER = {
    ".": re.compile(r"-?[0-9]+(?:\.[0-9]+)?"),
    ",": re.compile(r"-?[0-9]+(?:,[0-9]+)?"),
    "?": re.compile(r"-?[0-9]+"),
}


def _digits(point: str, comma: str) -> re.Pattern[str]:
    """Describe digits whose decimals stand behind `point`, and whose thousands may behind `comma`.

    Groups are of three, and 0,500 is none. A spreadsheet's exponent has at most two digits.
    """
    point = rf"[{point}{_ARABIC_POINT}]"
    between = f"{comma}{_ARABIC_COMMA}{_APOSTROPHES}{_SPACES}"
    return re.compile(
        rf"""
            (?: [0-9]+ (?: {point} [0-9]* )? | {point} [0-9]+ ) (?: [eE] [-+]? [0-9]{{1,2}} )?
          | [1-9][0-9]{{0,2}} (?P<separator> [{between}] ) [0-9]{{3}}
            (?: (?P=separator) [0-9]{{3}} )* (?: {point} [0-9]* )?
        """,
        re.VERBOSE,
    )


_DIGITS = {".": _digits(r"\.", ","), ",": _digits(",", r"\.")}
_THOUSANDS = {
    mark: re.compile(rf"[{other}{_ARABIC_COMMA}{_APOSTROPHES}{_SPACES}]")
    for mark, other in ((".", ","), (",", "."))
}

# Between the first and the last of these stands the number; around it, signs and currencies.
_OF_NUMBER = rf"0-9.,{_ARABIC_POINT}{_ARABIC_COMMA}{_FRACTION_SIGNS}"
_FRAME = re.compile(
    rf"([^{_OF_NUMBER}]*) (.*[{_OF_NUMBER}]) ([^{_OF_NUMBER}]*)", re.VERBOSE | re.DOTALL
)
_AROUND = re.compile(
    r"""
    \s* (?:
        (?P<open> \( ) | (?P<close> \) ) | (?P<sign> [-+\N{MINUS SIGN}] ) | (?P<percent> % )
      | (?P<symbol> CA\$ | C\$ | US\$ | \$ \s? (?: CAN? | US ) (?! [a-z] ) | \$ | € | £ )
      | (?P<code> CAD | CDN | USD | EUR | GBP )
    ) \s*
    """,
    re.VERBOSE | re.IGNORECASE,
)
# The codes that may stand beside a sign, as in $5.00 CAD.
_CODES_OF = {
    "$": {"CAD", "CDN", "USD"},
    "C$": {"CAD", "CDN"},
    "CA$": {"CAD", "CDN"},
    "US$": {"USD"},
    "€": {"EUR"},
    "£": {"GBP"},
}

# What spreadsheets show for 0 in an accounting format; the sign stands on either side.
_DASH = re.compile(
    r"(\$|C\$|CA\$|US\$|€|£|CAD|CDN|USD|EUR|GBP)? ?\s*-\s* ?(\$|€|£|CAD|CDN|USD|EUR|GBP)?"
)
# By which a program says that a cell is text. A tuple: "" is in every string.
_MARKS = ("=", "'", '"')

_FRACTION = re.compile(
    rf"(?: [0-9]+ [\s-]+ )? [0-9]+ \s? [/\u2044\u2215] \s? [0-9]+ | [0-9]* \s? [{_FRACTION_SIGNS}]",
    re.VERBOSE,
)
_DIGITS_AND_MARKS = re.compile(rf"[.,]?[0-9][0-9.,\s{_APOSTROPHES}]*")


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A number taken apart: its digits as written, and what the signs around them say."""

    digits: str
    is_negative: bool
    # Signs and codes as written, but in capitals: "$", "CA$", "EUR".
    currencies: tuple[str, ...]
    is_percent: bool

    def value(self, decimal: DecimalMark) -> Decimal | None:
        """Give the number if that mark stands before its decimals; None if that makes no number."""
        if not _DIGITS[decimal].fullmatch(self.digits):
            return None
        digits = _THOUSANDS[decimal].sub("", self.digits)
        number = Decimal(digits.replace(",", ".").replace(_ARABIC_POINT, "."))
        return number.copy_negate() if self.is_negative else number  # exact: a minus would round


def typed(cell: str) -> str:
    """Give a cell's number as a person types it: without spaces around it and marks of text."""
    written = cell.strip()
    if len(written) > _LONGEST_NUMBER:
        return written
    if not written.isascii():
        written = as_a_number_is_typed(written)
    if written[:1] in _MARKS:
        written = unwrapped(written).strip().removeprefix("'")
        if len(written) > 2 and written[0] == written[-1] == '"':  # noqa: PLR2004 - one at each end
            written = written[1:-1].strip()
    return written


def is_dash(written: str) -> Literal["alone", "with currency"] | None:
    """Tell how a dash stands where a number should: by itself, or as $ -, which is 0."""
    if "-" not in written or not (found := _DASH.fullmatch(written)):
        return None
    return "with currency" if found[1] or found[2] else "alone"


def taken_apart(written: str) -> WrittenNumber | None:
    """Take a trimmed cell apart; None if what stands around its digits belongs to no number."""
    if len(written) > _LONGEST_NUMBER or not (found := _FRAME.fullmatch(written)):
        return None
    front, digits, back = found.groups()
    before, after = _signs(front), _signs(back)
    if before is None or after is None:
        return None
    kinds = [kind for kind, _ in chain(before, after)]
    if len(set(kinds)) != len(kinds) or not _is_sensible(before, after):
        return None
    around = dict(chain(before, after))
    currencies = tuple(around[kind] for kind in ("symbol", "code") if kind in around)
    if len(currencies) > 1 and currencies[1] not in _CODES_OF.get(currencies[0], ()):
        return None
    is_negative = "open" in around or around.get("sign", "+") != "+"
    return WrittenNumber(digits, is_negative, currencies, "percent" in around)


def number(
    cell: object, style: Style, *, is_money: bool = False, is_percent: bool = False
) -> Decimal | None:
    """Read a number exactly as written; a float counts as the shortest decimal that means it.

    Args:
        cell: any JSON value; those that are numbers already have no style.
        style: how the cell's column writes its numbers.
        is_money: whether currency signs and codes are taken off; nothing is converted.
        is_percent: whether a percent sign is taken off; 12.5% is 12.5.

    Raises:
        ValueProblem: not a number, or not clear which.

    """
    match cell:
        case None:
            return None
        case str():
            return _parsed(cell.strip(), style, is_money=is_money, is_percent=is_percent)
        case bool():
            pass
        case int():
            return Decimal(cell)
        case float() if math.isfinite(cell):
            return Decimal(repr(cell))
    raise ValueProblem(f"{shown(cell)} is not a number")


def _parsed(written: str, style: Style, *, is_money: bool, is_percent: bool) -> Decimal | None:
    if not written:
        return None
    if len(written) <= _LONGEST_NUMBER and _PLAIN_NUMBER[style.decimal].fullmatch(written):
        return Decimal(written.replace(",", "."))
    plain = typed(written)
    if not plain:
        return None
    if dash := is_dash(plain):
        return _zero(written, dash, style, is_money=is_money)
    if style.unit is not None and (of_unit := price_and_unit(plain)):
        plain, unit = of_unit
        refuse_another_unit(written, unit, style.unit)
    found = taken_apart(plain)
    if found is None:
        raise ValueProblem(f"{shown(written)} is not a number")
    meant = _meant(found, style)
    if meant is None:
        raise _unreadable(written, found, style)
    if (found.currencies and not is_money) or (found.is_percent and not is_percent):
        raise ValueProblem(f"{shown(written)} is not a number")
    # 5.- and 5,- are five even in half of Europe, and minus five where the minus comes last.
    if plain.endswith((".-", ",-")):
        raise _unclear(written, style)
    return meant


def _zero(
    written: str, dash: Literal["alone", "with currency"], style: Style, *, is_money: bool
) -> Decimal:
    if dash == "alone" and not style.has_dashes:
        raise ValueProblem(
            f"{shown(written)} may mean 0 or nothing, write 0 or leave the cell empty"
        )
    if dash == "with currency" and not is_money:
        raise ValueProblem(f"{shown(written)} is not a number")
    return Decimal(0)


def _meant(found: WrittenNumber, style: Style) -> Decimal | None:
    if style.decimal != "?":
        return found.value(style.decimal)
    by_point, by_comma = found.value("."), found.value(",")
    if by_point is None or by_comma is None:
        return by_comma if by_point is None else by_point
    return by_point if by_point == by_comma else None


def _unreadable(written: str, found: WrittenNumber, style: Style) -> ValueProblem:
    if _FRACTION.fullmatch(found.digits):
        half = "0,5" if style.decimal == "," else "0.5"
        return ValueProblem(f"{shown(written)} is a fraction, write it like {half}")
    has_mark = "," in found.digits or (style.decimal != "." and "." in found.digits)
    if _DIGITS_AND_MARKS.fullmatch(found.digits) and (has_mark or found.value(",") is not None):
        return _unclear(written, style)
    return ValueProblem(f"{shown(written)} is not a number")


def _unclear(written: str, style: Style) -> ValueProblem:
    example = "1234,50" if style.decimal == "," else "1234.50"
    return ValueProblem(f"{shown(written)} is not clear, write it like {example}")


def _signs(around: str) -> list[tuple[str, str]] | None:
    """Split what stands on one side of the digits into (kind, as written, but in capitals)."""
    signs: list[tuple[str, str]] = []
    end = 0
    while end < len(around.rstrip()):
        found = _AROUND.match(around, end)
        if found is None or found.lastgroup is None:
            return None
        signs.append((found.lastgroup, found[found.lastgroup].upper()))
        end = found.end()
    return signs


def _is_sensible(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> bool:
    """Whether signs stand where people put them: (5) and 5- and 5%, but not )5( nor 5+ nor %5."""
    front, back = [kind for kind, _ in before], [kind for kind, _ in after]
    if "close" in front or "percent" in front or "open" in back:
        return False
    if ("open" in front) != ("close" in back) or ("open" in front and "sign" in front + back):
        return False
    # Behind the number a minus ends the cell: in "12-CAD" it is more of a hyphen.
    return "sign" not in back or after[-1] in {("sign", "-"), ("sign", "\N{MINUS SIGN}")}
