"""Which candidate each field gets: required fields first, every column once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from worker.importing.mapping.candidates import Candidate
from worker.importing.tables import Table

# Candidates of a required field that are tried against each other.
_TRIED = 5


def assign(candidates: Sequence[Candidate], table: Table) -> dict[str, Candidate]:
    """Choose by field; candidates come the better first.

    Required fields get the columns that serve most of their groups, then those that are likeliest
    together. What is a last resort counts only where a group would be without a column, or without
    its first field: a contact is better called by its company than by its e-mail address.
    """
    sure = [one for one in candidates if not one.is_last_resort]
    chosen = _required(sure, table)
    if _served(chosen, table) < len(table.required):
        chosen = max((chosen, _required(candidates, table)), key=lambda them: _served(them, table))
    found = {one.field: one for one in chosen}
    taken = {index for one in chosen for index in one.columns}
    firsts = {group[0] for group in table.required}
    for one in candidates:
        if one.field in firsts - found.keys() and taken.isdisjoint(one.columns):
            found[one.field] = one
            taken.update(one.columns)
    required = {name for group in table.required for name in group}
    for one in sure:
        if one.field in found or one.field in required or one.is_weak:
            continue
        if taken.isdisjoint(one.columns):
            found[one.field] = one
            taken.update(one.columns)
    return found


def groups_served(candidates: Sequence[Candidate], table: Table) -> int:
    """Count the required groups of fields that candidates can serve, every column once."""
    return _served(_required([one for one in candidates if not one.is_last_resort], table), table)


def _required(candidates: Iterable[Candidate], table: Table) -> tuple[Candidate, ...]:
    names = {name for group in table.required for name in group}
    by_field: dict[str, list[Candidate]] = defaultdict(list)
    for one in candidates:
        if one.field in names and len(by_field[one.field]) < _TRIED:
            by_field[one.field].append(one)
    return max(_choices(by_field.values()), key=lambda them: _merit(them, table))


def _choices(by_field: Iterable[list[Candidate]]) -> Iterator[tuple[Candidate, ...]]:
    for choice in product(*([*ones, None] for ones in by_field)):
        chosen = tuple(one for one in choice if one is not None)
        used = [index for one in chosen for index in one.columns]
        if len(used) == len(set(used)):
            yield chosen


def _merit(chosen: Sequence[Candidate], table: Table) -> tuple[int, bool, int]:
    # Rows without a key are refused, whatever else they have.
    has_key = any(one.field == table.key for one in chosen)
    return _served(chosen, table), has_key, sum(one.score for one in chosen)


def _served(chosen: Sequence[Candidate], table: Table) -> int:
    fields = {one.field for one in chosen}
    return sum(not fields.isdisjoint(group) for group in table.required)
