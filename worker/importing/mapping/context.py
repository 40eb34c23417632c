"""What a column's name means because of the names beside it."""

from collections.abc import Iterator, Sequence

from worker.importing.mapping.candidates import Candidate
from worker.importing.mapping.words import words

_TIERS_ABOVE_RETAIL = {f"price_tier_{number}" for number in (2, 3, 4, 5)}
# Of the names of a name, those that leave no doubt score more.
_SURE_NAME = 85
# So many tiers make "Retail" the first of them.
_ENOUGH_TIERS = 2


def in_context(candidates: Sequence[Candidate], columns: Sequence[str]) -> list[Candidate]:
    """Leave out candidates that other columns speak against, and add what they speak for."""
    written = [frozenset(words(column)) for column in columns]
    gross = any({"price", "gross"} <= name or {"price", "with", "tax"} <= name for name in written)
    named = any(
        one.field == "company" or (one.field == "name" and one.score > _SURE_NAME)
        for one in candidates
    )
    tiers = {one.field for one in candidates} & _TIERS_ABOVE_RETAIL

    def is_meant(candidate: Candidate) -> bool:
        name = written[candidate.columns[0]]
        if candidate.field == "unit_price" and "retail" in name:
            return len(tiers) < _ENOUGH_TIERS
        if candidate.field == "legacyNumber" and name == {"account"}:
            return named  # else it is whose account it is
        # A net price beside a gross one is without tax; beside a list price it is the dealer's.
        return not (candidate.field == "cost" and {"net", "price"} == name and gross)

    return [one for one in candidates if is_meant(one)]


def shop_types(columns: Sequence[str]) -> Iterator[Candidate]:
    """Yield the "Type" of a web shop's export, which is the category; elsewhere it is a kind."""
    plain = [column.strip().casefold() for column in columns]
    if {"handle", "tags"} <= set(plain):
        for index, name in enumerate(plain):
            if name in {"type", "product type"}:
                yield Candidate("category", (index,), 61, "a web shop's word for it")
