"""Single columns, by what other files of the organization were mapped to."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from worker.importing.mapping.candidates import Candidate
from worker.importing.mapping.spelling import Spellings
from worker.importing.tables import Field, Table
from worker.memory import Remembered

VOTED = 90
# Below every good name, above what serves for want of a better one.
_LEARNED = 61
# How many files that nobody corrected a correction outweighs.
_CORRECTED = 3
# What a column without a name is called, or the second one of a name: whose it is, nobody can tell.
_MADE_UP = re.compile(r"Column [A-Z]{1,3}|.+ \([0-9]+\)", re.DOTALL)


@dataclass(slots=True)
class _Vote:
    """A field for a column, or for several that it is put together from."""

    field: str
    columns: tuple[int, ...]
    # Of the newest file that says so, a corrected one before others.
    reason: str
    weight: int = 0
    is_corrected: bool = False


def votes(
    columns: Sequence[str], table: Table, remembered: Sequence[Remembered]
) -> tuple[list[Candidate], list[Candidate]]:
    """Count what files with other columns say of this one's.

    Money, quantities and codes take what no file says otherwise. What names alone told once, they
    tell again, and in the light of their neighbours: so only what a user corrected comes before
    names.

    Returns:
        what a correction stands behind, and what was only learned.

    """
    cast, against = _cast(columns, remembered)
    fields = {field.name: field for field in table.fields}
    won = [
        vote
        for vote in cast
        if vote.field in fields and _wins(vote, cast, against, fields[vote.field], table)
    ]
    return (
        [_candidate(vote, VOTED) for vote in won if vote.is_corrected],
        [_candidate(vote, _LEARNED) for vote in won if not vote.is_corrected],
    )


def _candidate(vote: _Vote, score: int) -> Candidate:
    return Candidate(vote.field, vote.columns, score, vote.reason)


def _cast(
    columns: Sequence[str], remembered: Sequence[Remembered]
) -> tuple[list[_Vote], dict[int, int]]:
    """Collect the votes, and the weight of corrections that left a column out."""
    spellings = Spellings(columns)
    found: dict[tuple[str, frozenset[int]], _Vote] = {}
    against: dict[int, int] = defaultdict(int)
    for one in remembered:
        for field, group in _groups(one):
            places = [None if _MADE_UP.fullmatch(name) else spellings.find(name) for name in group]
            there = tuple(place for place in places if place is not None)
            if len(there) < len(group) or len(set(there)) < len(there):
                continue
            vote = found.setdefault(
                (field, frozenset(there)), _Vote(field, tuple(sorted(there)), one.reason)
            )
            vote.weight += _CORRECTED if one.is_corrected else 1
            if one.is_corrected and not vote.is_corrected:
                vote.reason, vote.is_corrected = one.reason, True
        if one.is_corrected:
            for name in one.columns:
                if name not in one.mapping and (place := spellings.find(name)) is not None:
                    against[place] += _CORRECTED
    return list(found.values()), against


def _groups(one: Remembered) -> Iterator[tuple[str, list[str]]]:
    """Yield (field, its columns in the file's order)."""
    groups: dict[str, list[str]] = defaultdict(list)
    for column in one.columns:
        if column in one.mapping:
            groups[one.mapping[column]].append(column)
    yield from groups.items()


def _wins(
    vote: _Vote, cast: Sequence[_Vote], against: dict[int, int], field: Field, table: Table
) -> bool:
    rivals = [
        other.weight
        for other in cast
        if other is not vote
        and (other.field == vote.field or not set(other.columns).isdisjoint(vote.columns))
    ]
    opposed = max((*rivals, *(against.get(place, 0) for place in vote.columns)), default=0)
    is_exact = field.name == table.key or field.evidence in {"number", "price", "code"}
    return opposed == 0 if is_exact else vote.weight > opposed
