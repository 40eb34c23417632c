"""What a column's name means because of the names beside it."""

from collections.abc import Iterator, Sequence

from worker.importing.mapping.candidates import Candidate
from worker.importing.mapping.words import words

_TIERS_ABOVE_RETAIL = {f"price_tier_{number}" for number in (2, 3, 4, 5)}
# Of the names of a name, those that leave no doubt score more.
_SURE_NAME = 85
# So many tiers make "Retail" the first of them.
_ENOUGH_TIERS = 2
# What a name scores that its neighbours make clear.
_BY_NEIGHBOURS = 61
# Less than a name put together from its parts, more than other words for it.
_OF_AN_ACCOUNT = 55
_OF_ACCOUNTS, _KEYS = ({"account"}, {"account", "name"}), {"number", "code", "id"}
# "Work" and "Mobile" side by side are telephones.
_PLACES_OF_PHONES = ({"work"}, {"office"}, {"primary"}, {"company"}, {"home"})


def in_context(candidates: Sequence[Candidate], columns: Sequence[str]) -> list[Candidate]:
    """Leave out candidates that other columns speak against."""
    written = [frozenset(words(column)) for column in columns]
    gross = any(map(_is_gross, written))
    # What was sold has its cost beside it, not an item's.
    of_sales = any(name == {"sales"} or {"quantity", "sold"} <= name for name in written)
    provincial = any("pst" in name and "gst" not in name for name in written)
    of_people = {"forename"} in written
    of_crm = {"owner"} in written
    tiers = {one.field for one in candidates} & _TIERS_ABOVE_RETAIL

    def named_besides(column: int) -> bool:
        return any(
            one.field == "company" or (one.field == "name" and column not in one.columns)
            for one in candidates
            if one.score > _SURE_NAME or written[one.columns[0]] == {"customer"}
        )

    def is_meant(candidate: Candidate) -> bool:
        column = candidate.columns[0]
        name = written[column]
        against = (
            ("unit_price", "retail" in name and len(tiers) >= _ENOUGH_TIERS),
            # Beside a gross price it is without tax; beside a list price it is the dealer's.
            ("cost", name == {"net", "price"} and gross),
            ("cost", name == {"cost"} and of_sales),
            # A half of it.
            ("tax", "gst" in name and provincial),
            # Else it is whose account it is; in a list of people it comes first if it is a number.
            ("legacyNumber", name == {"account"} and not named_besides(column)),
            ("legacyNumber", name == {"account"} and of_people and column > 0),
            # A CRM numbers its accounts for itself.
            ("legacyNumber", name == {"account", "id"} and of_crm),
            # Beside the name it is a code.
            ("company", name == {"customer"} and {"customer", "name"} in written),
        )
        return (candidate.field, True) not in against

    return [one for one in candidates if is_meant(one)]


def _is_gross(name: frozenset[str]) -> bool:
    return "price" in name and not name.isdisjoint({"gross", "ttc"})


def by_neighbours(columns: Sequence[str]) -> Iterator[Candidate]:
    """Yield candidates that are named so nowhere else."""
    written = [frozenset(words(column)) for column in columns]
    plain = [column.strip().casefold() for column in columns]
    for index, name in enumerate(written):
        if name in _PLACES_OF_PHONES and {"mobile"} in written:
            yield Candidate("phone", (index,), _BY_NEIGHBOURS + 30, "beside a mobile phone")
        if name == {"net", "price"} and any(map(_is_gross, written)):
            yield Candidate("unit_price", (index,), _BY_NEIGHBOURS, "beside a price with taxes")
        if name in _OF_ACCOUNTS and any("account" in other and other & _KEYS for other in written):
            yield Candidate("name", (index,), _OF_AN_ACCOUNT, "beside its number")
        if name == {"member", "price"} and any("msrp" in other for other in written):
            # A buying group's members are dealers.
            yield Candidate("cost", (index,), _BY_NEIGHBOURS, "beside a suggested price")
        if plain[index] == "standard_price" and "list_price" in plain:
            yield Candidate("cost", (index,), _BY_NEIGHBOURS, "Odoo's word for it")
        if plain[index] in {"type", "product type"} and {"handle", "tags"} <= set(plain):
            yield Candidate("category", (index,), _BY_NEIGHBOURS, "a web shop's word for it")
