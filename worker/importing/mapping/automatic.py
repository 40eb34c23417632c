"""Columns mapped by their names, and by what is in them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from worker.importing.mapping.assignment import assign, groups_served
from worker.importing.mapping.candidates import Candidate, vocabulary
from worker.importing.mapping.content import EMPTY, Content, Samples
from worker.importing.mapping.context import by_neighbours, in_context
from worker.importing.mapping.mapping import Assignment, ColumnMapping, mapping_of, named
from worker.importing.mapping.recalled import NOTHING, Recalled
from worker.importing.mapping.words import words
from worker.importing.sources.header import HeaderJudge, Likeness
from worker.importing.tables import Table
from worker.importing.values import shown

_MOST_SUGGESTED = 3
_ALTERNATIVES = 3
# A column that was named like another one before it: worker/importing/sources/header.py.
_RENAMED = re.compile(r"(.*) \([0-9]+\)", re.DOTALL)


def automatic_mapping(
    columns: Sequence[str],
    table: Table,
    samples: Samples = (),
    *,
    are_all: bool = False,
    known: Recalled = NOTHING,
) -> ColumnMapping:
    """Find each field's column by the words of its name; what is in it confirms or breaks a tie.

    Args:
        columns: their names, each once.
        table: whose fields they are to be.
        samples: the first rows, {column: cell}.
        are_all: whether there are no more rows than these.
        known: what comes before names.

    """
    content = Content(samples, are_all=are_all)
    recalled = _recalled(known, columns, table, content)
    candidates = _candidates(columns, table, content, known)
    taken = known.left_out.union(*(one.columns for one in recalled.values()))
    free = [
        one for one in candidates if one.field not in recalled and taken.isdisjoint(one.columns)
    ]
    chosen = recalled | assign(free, _unserved(table, recalled))
    _add_by_likeness(chosen, columns, table, content, known.left_out)
    assignments = [
        Assignment(
            name,
            tuple(columns[index] for index in one.columns),
            min(one.score, 100) / 100,
            one.reason,
            _alternatives(one, candidates, columns),
        )
        for name, one in chosen.items()
    ]
    notes = [
        *known.notes,
        *_notes_of_votes(chosen, known),
        *_notes(chosen, candidates, columns, table, known),
    ]
    return mapping_of(assignments, columns, table, notes)


def _recalled(
    known: Recalled, columns: Sequence[str], table: Table, content: Content
) -> dict[str, Candidate]:
    """Give what comes before names, by field."""
    fields = {field.name: field for field in table.fields}
    voted = [
        one
        for one in known.voted
        if content.weighed(one, fields[one.field], columns, is_required=False)
    ]
    return {one.field: one for one in (*known.fixed, *voted)}


def _unserved(table: Table, recalled: Mapping[str, Candidate]) -> Table:
    """Give the table as it is without the required groups that are served."""
    groups = tuple(group for group in table.required if recalled.keys().isdisjoint(group))
    return replace(table, required=groups)


def _notes_of_votes(chosen: Mapping[str, Candidate], known: Recalled) -> Iterator[str]:
    """Say what was mapped as in files with other columns."""
    by_reason: dict[str, list[str]] = {}
    reasons = {one.reason for one in (*known.voted, *known.likely)}
    for name, one in chosen.items():
        if one.reason in reasons:
            by_reason.setdefault(one.reason, []).append(name)
    for reason, names in by_reason.items():
        yield f"Mapped {reason}: {', '.join(names)}."


def judge_by_names(table: Table) -> HeaderJudge:
    """Give a judge of headers that knows how columns are called."""
    return _NameJudge(table)


class _NameJudge:
    def __init__(self, table: Table) -> None:
        self._table = table
        self._vocabulary = vocabulary(table)
        self.required = len(table.required)

    def __call__(self, cells: Sequence[str]) -> Likeness:
        found = [one for one in self._vocabulary.candidates(cells) if not one.is_last_resort]
        known = {index for one in found for index in one.columns}
        return Likeness(groups_served(found, self._table) if found else 0, len(known))


def _candidates(
    columns: Sequence[str], table: Table, content: Content, known: Recalled
) -> list[Candidate]:
    """Find those that neither their neighbours nor their cells speak against, the better first."""
    fields = {field.name: field for field in table.fields}
    required = {name for group in table.required for name in group}
    found = vocabulary(table).candidates(columns)
    found.extend(one for one in by_neighbours(columns) if one.field in fields)
    found = [*in_context(found, columns), *known.likely]
    copies = _renamed(columns)
    weighed = [
        content.weighed(one, fields[one.field], columns, is_required=one.field in required)
        for one in found
        if copies.isdisjoint(one.columns)
    ]
    return sorted((one for one in weighed if one), key=lambda one: (-one.score, one.columns))


def _renamed(columns: Sequence[str]) -> set[int]:
    """Find the columns that had another one's name: whose they are, nobody can tell."""
    there = set(columns)
    return {
        index
        for index, column in enumerate(columns)
        if (copy := _RENAMED.fullmatch(column)) and copy[1] in there
    }


def _add_by_likeness(
    chosen: dict[str, Candidate],
    columns: Sequence[str],
    table: Table,
    content: Content,
    left_out: AbstractSet[int],
) -> None:
    """Serve what has no column yet by nearly the same spelling, and e-mail by what is in it."""
    taken = _renamed(columns).union(left_out, *(one.columns for one in chosen.values()))
    for one in vocabulary(table).misspelled(columns, taken, set(chosen)):
        chosen[one.field] = one
        taken.update(one.columns)
    if "email" in chosen or all(field.name != "email" for field in table.fields):
        return
    of_emails = [
        index
        for index, column in enumerate(columns)
        if index not in taken and content.is_of_emails(column)
    ]
    if len(of_emails) == 1:
        chosen["email"] = Candidate("email", tuple(of_emails), 50, "by what is in it")


def _alternatives(
    chosen: Candidate, candidates: Sequence[Candidate], columns: Sequence[str]
) -> tuple[str, ...]:
    others = (
        columns[one.columns[0]]
        for one in candidates
        if one.field == chosen.field and not set(one.columns) & set(chosen.columns)
    )
    return tuple(dict.fromkeys(others))[:_ALTERNATIVES]


def _notes(
    chosen: dict[str, Candidate],
    candidates: Sequence[Candidate],
    columns: Sequence[str],
    table: Table,
    known: Recalled,
) -> Iterator[str]:
    """Say what was decided that its owner may see otherwise."""
    others = {None, "code", "owner"}
    exact = {field.name for field in table.fields if field.evidence not in others} | {table.key}
    copies = {columns[index] for index in _renamed(columns)}
    recalled = {*known.fixed, *known.voted}
    for name, one in chosen.items():
        if one in recalled:
            continue
        column = columns[one.columns[0]]
        again = [copy for copy in copies if copy.startswith(f"{column} (")]
        if again:
            yield (
                f"The column {shown(column)} comes more than once: the first one was taken for "
                f"{name}, {named(sorted(again))} was not."
            )
        if one.reason == EMPTY:
            yield f"There is nothing in the column {shown(column)}."
        elif one.is_last_resort:
            yield f"No column is named like {name}; {shown(column)} was taken for it."
        twin = _twin(one, candidates, columns)
        if twin is not None and name in exact:
            yield f"Two columns can be {name}: {shown(column)} was taken, {shown(twin)} was not."
    missing = [name for name in exact if name and name not in chosen and "tier" not in name]
    missing += [name for group in table.required if chosen.keys().isdisjoint(group)
                for name in group]  # fmt: skip
    taken = {index for one in chosen.values() for index in one.columns} | known.left_out
    suggested = vocabulary(table).suggestions(columns, taken, missing)
    for _, (name, index) in zip(range(_MOST_SUGGESTED), suggested, strict=False):
        yield f"The column {shown(columns[index])} may be {name}; choose it in the mapping if so."


def _twin(chosen: Candidate, candidates: Sequence[Candidate], columns: Sequence[str]) -> str | None:
    """Find another column that means the same, word for word."""
    mine = frozenset(words(columns[chosen.columns[0]]))
    for one in candidates:
        if one.field == chosen.field and one.columns != chosen.columns:
            column = columns[one.columns[0]]
            if frozenset(words(column)) == mine:
                return column
    return None
