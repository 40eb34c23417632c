"""A price and what it is for: $12.50/ea, 3.25 per LF. A price for another unit is another price."""

import re

from worker.importing.values.problems import ValueProblem, shown

# What one of something is called: English, French, Spanish, German.
_ONE = frozenset({
    "1", "c/u", "ch", "chacun", "chacune", "cu", "ea", "each", "item", "l'unité", "l'unite", "pc",
    "pce", "pièce", "piece", "pieza", "pza", "pz", "st", "stk", "stck", "stück", "stueck", "u",
    "un", "und", "unid", "unidad", "unit", "unité", "unite",
})  # fmt: skip
# Other units that have two names, in this trade.
_NAMES = (
    {"bag", "bg"}, {"bd", "bdl", "bundle"}, {"box", "bx", "boîte", "boite"}, {"case", "cs"},
    {"foot", "feet", "ft", "lf", "lft", "linft", "pi"}, {"gal", "gallon"}, {"lb", "pound"},
    {"pack", "package", "pk", "pkg", "paquet"}, {"pair", "pr"}, {"rl", "roll"},
    {"sheet", "sht"}, {"sf", "sqft", "squarefoot", "squarefeet"},
)  # fmt: skip
_SAME = {name: min(names) for names in (_ONE, *_NAMES) for name in names}
_EACH = _SAME["ea"]

# As numbers.py has it.
_LONGEST_PRICE = 64

# These mean one also without a slash or a "per". An M behind a number may be a million.
_BARE = re.compile(
    r"""
    ( [^/]* [0-9)$€£] | [^/]* [0-9] [^/]* \b (?: CAD | CDN | USD | EUR | GBP ) )
    [ ]? ( ea | each | pce? | pcs | piece | unit | stk | stück | c/u | ch | l['\u2019]unit[ée] ) \.?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BEHIND_SLASH = re.compile(
    r"([^/]*[0-9][^/]*?) ?/ ?(?:per )?([0-9,]* ?[^\W\d_][^/]*|c/u|100|1,?000)", re.IGNORECASE
)
_BEHIND_WORD = re.compile(
    r"(.*[0-9].*?) (?:per|par|por|pro|je|la|le|el|cada|chaque) (.+)", re.IGNORECASE
)
_IS_MONEY = re.compile(
    r"[$€£]|CAD|CDN|USD|EUR|GBP|[.,\u066b](?:[0-9]{2}|[0-9]{4})(?![0-9])", re.IGNORECASE
).search


def price_and_unit(written: str) -> tuple[str, str] | None:
    """Split a price from the unit behind it; None where there is none.

    12/box and 12 ea are quantities as well: without a sign of money or cents they are no prices.
    """
    if len(written) > _LONGEST_PRICE:
        return None
    spaced = " ".join(written.split())
    for form in (_BARE, _BEHIND_SLASH, _BEHIND_WORD):
        if (found := form.fullmatch(spaced)) and _IS_MONEY(found[1]):
            return found[1], found[2]
    return None


def refuse_another_unit(written: str, unit: str, of_row: str) -> None:
    """Refuse a price that is not for the unit of its row, or for one where the row names none.

    Raises:
        ValueProblem: it would be wrong by a factor that nobody knows.

    """
    meant = of_row.strip()
    if _plain(unit) == (_plain(meant) if meant else _EACH):
        return
    known = f"the row's unit is {shown(meant)}" if meant else "the row names no unit"
    raise ValueProblem(
        f"{shown(written)} is the price of {shown(unit)}, but {known},"
        " write the price of one, or name that unit in the column of units"
    )


def _plain(unit: str) -> str:
    plain = re.sub(r"[\s.]+", "", unit.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    return _SAME.get(plain) or _SAME.get(plain.removesuffix("s")) or plain.removesuffix("s")
