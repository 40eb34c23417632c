"""What a number format makes of a number: ECMA-376 part 1, 18.8.31 (numFmts).

Of all that formats can do, three things matter here: percent, since 0.352 means 35.2; the digits
and the letters of codes, since 42 shown as AB-0042 is that; and whether a number is a date.
"""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import NamedTuple

from worker.importing.sources.marks import Mark, as_percent
from worker.importing.values.spreadsheet import shown_number

_LONGEST = 255
_TOKEN = re.compile(
    r"""
      "(?P<quoted>[^"]*)" | \\(?P<escaped>.) | \[\$(?P<currency>[^\]-]*)[^\]]*\]
    | \[(?P<condition>[<>=]{1,2}-?[0-9.]+)\] | \[(?P<elapsed>[hms]+)\] | \[[^\]]*\]
    | _(?P<space>.) | \*. | (?P<general>general) | (?P<exponent>e[+-])
    | (?P<date>[ymdhsbgea]|am/pm|a/p) | (?P<digit>[0#?]) | (?P<other>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# What makes more of a number than its digits: decimals and groups apart, these are.
_ARITHMETIC = {",", "%", "@", "/"}
_LONGEST_CODE = 30


class _Section(NamedTuple):
    """One of a format's parts, for numbers of one kind."""

    # Literal characters as ("", text), digits and points as they are written there and "".
    tokens: tuple[tuple[str, str], ...] = ()
    condition: str = ""
    is_date: bool = False
    is_elapsed: bool = False
    is_percent: bool = False
    # Nothing but digits, a point and literal characters.
    is_plain: bool = True


def is_elapsed_format(number_format: str) -> bool:
    """Whether a number of this format is a time that may be more than a day, like [h]:mm."""
    return _sections(number_format)[0].is_elapsed


def format_mark(number_format: str) -> Mark | None:
    """Find the mark that a number format makes: percent, or the look of a code."""
    sections = _sections(number_format)
    if sections[0].is_date:
        return None
    if sections[0].is_percent:
        return as_percent
    return partial(_as_code, sections) if any(map(_makes_codes, sections)) else None


def _makes_codes(section: _Section) -> bool:
    """Whether a number looks otherwise than a plain one."""
    kinds = [kind for kind, _ in section.tokens]
    return section.is_plain and (
        (kinds.count("0") > 1 and "." not in kinds)
        or ("." in kinds and kinds[-1] != ".")
        or any(literal.strip() for _, literal in section.tokens)
    )


def _as_code(sections: Sequence[_Section], cell: object) -> object:
    """Show 42 as AB-0042; numbers that a format would round or sign stay as they are."""
    if isinstance(cell, bool) or not isinstance(cell, int | float) or not 0 <= cell < 10**15:
        return cell
    section = next((one for one in sections if _holds(one.condition, cell)), sections[0])
    if not section.condition and cell == 0 and len(sections) > 2:  # noqa: PLR2004 - the third: zero
        section = sections[2]
    if not _makes_codes(section):
        return cell
    decimals = _decimals(section)
    if cell == int(cell):
        if decimals:
            return cell
        number: float = int(cell)
        digits = str(number)
    else:
        if not decimals:
            return cell
        number = cell
        step = Decimal(1).scaleb(-decimals)
        digits = str(Decimal(repr(cell)).quantize(step, ROUND_HALF_UP)).replace(".", "")
    shown = _filled(section, digits).strip()
    if not shown or len(shown) > _LONGEST_CODE or shown == str(number):
        return cell
    # Digits alone are a number to whoever wants one.
    return shown if shown.isdigit() else shown_number(number, shown)


def _decimals(section: _Section) -> int:
    kinds = [kind for kind, _ in section.tokens]
    if "." not in kinds:
        return 0
    return sum(kind in {"0", "#", "?"} for kind in kinds[kinds.index(".") :])


def _filled(section: _Section, digits: str) -> str:
    """Put digits into their places from the right; what is too much stands at the first place."""
    places = sum(bool(kind) and kind != "." for kind, _ in section.tokens)
    surplus, rest = digits[: max(0, len(digits) - places)], digits[max(0, len(digits) - places) :]
    missing = places - len(rest)
    shown: list[str] = []
    place = 0
    for kind, literal in section.tokens:
        if not kind or kind == ".":
            shown.append(literal or kind)
            continue
        if place == 0:
            shown.append(surplus)
        if place >= missing:
            shown.append(rest[place - missing])
        else:
            shown.append({"0": "0", "?": " "}.get(kind, ""))
        place += 1
    return "".join(shown)


def _holds(condition: str, number: float) -> bool:
    """Whether a section is for this number; one without a condition is for any."""
    if not condition:
        return True
    sign = condition.rstrip("0123456789.-")
    try:
        bound = float(condition[len(sign) :])
    except ValueError:
        return False
    return {
        "<": number < bound,
        "<=": number <= bound,
        ">": number > bound,
        ">=": number >= bound,
        "=": number == bound,
        "<>": number != bound,
    }.get(sign, False)


def _sections(number_format: str) -> tuple[_Section, ...]:
    """Take a format apart; there is one section at least."""
    sections: list[list[re.Match[str]]] = [[]]
    for token in _TOKEN.finditer(number_format[:_LONGEST]):
        if token["other"] == ";":
            sections.append([])
        else:
            sections[-1].append(token)
    return tuple(map(_section, sections))


def _section(tokens: Sequence[re.Match[str]]) -> _Section:
    kinds = {token.lastgroup for token in tokens}
    operators = {token[0] for token in tokens if token["other"]} & _ARITHMETIC
    return _Section(
        tuple(shown for token in tokens if (shown := _shown(token)) is not None),
        next((token["condition"] for token in tokens if token["condition"]), ""),
        is_date=not kinds.isdisjoint({"date", "elapsed"}),
        is_elapsed="elapsed" in kinds,
        is_percent="%" in operators,
        is_plain="exponent" not in kinds and not operators,
    )


def _shown(token: re.Match[str]) -> tuple[str, str] | None:
    """Tell what a token shows; None if that is nothing."""
    match token.lastgroup:
        case "quoted" | "escaped" | "currency":
            return "", token[token.lastgroup]
        case "space":
            return "", " "
        case "digit":
            return token["digit"], ""
        case "general":
            return "#", ""
        case "other":
            return (".", "") if token["other"] == "." else ("", token["other"])
    return None
