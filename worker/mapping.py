"""Which column of a file holds which field, by the rules of the CRM: docs/FRONTEND.md."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from worker.exceptions import JobRefusedError
from worker.sources.header import HeaderJudge, KnownNames, Likeness
from worker.tables import Field, Table
from worker.values import shown

# Percent of likeness (rapidfuzz.fuzz.ratio): "quanttiy" is the quantity, "states" no status.
_ALIKE = 85
# Below this, one letter makes another word.
_SHORTEST_ALIKE = 4
# Columns that a message names; a file may have thousands.
_MOST_NAMED = 20

# What a given mapping says of a column that is to be left out.
_LEFT_OUT = {"", "ignore", "skip", "none"}


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column holds which field."""

    # Field name → column, in the table's order of fields.
    columns: Mapping[str, str]
    # What the dealer should know, in sentences.
    notes: tuple[str, ...] = ()
    # Required groups of fields that no column serves, for the caller to judge.
    missing: tuple[tuple[str, ...], ...] = ()
    # Every column, for the text of a refusal.
    seen: Sequence[str] = ()

    def refuse_if_incomplete(self) -> None:
        """Refuse to go on without a required field: the one place where that is decided.

        Raises:
            JobRefusedError: a group has no column; the text names the columns that there are.

        """
        for group in self.missing:
            raise JobRefusedError(
                f"No column was found for {' or '.join(group)}. Please name the column like the "
                f"field, or choose it in the mapping. {_seen(self.seen)}"
            )


def mapped_already(table: Table) -> ColumnMapping:
    """Map records whose keys are the fields."""
    return ColumnMapping({field.name: field.name for field in table.fields})


def given_mapping(
    columns: Sequence[str], given: Mapping[str, object], table: Table
) -> ColumnMapping:
    """Follow the job's own mapping, column → field.

    Raises:
        JobRefusedError: it names what is no field, or a field twice.

    """
    fields = {_plain(field.name): field.name for field in table.fields}
    exact = set(columns)
    spelled = {_plain(column): column for column in reversed(columns)}
    found: dict[str, str] = {}
    missing: list[str] = []
    for wanted, target in given.items():
        if target is None or (isinstance(target, str) and target.strip().lower() in _LEFT_OUT):
            continue
        field = fields.get(_plain(target)) if isinstance(target, str) else None
        if field is None:
            raise JobRefusedError(
                f"The mapping sends the column {shown(wanted)} to {shown(target)}, which is no "
                f"field of {table.noun}. The fields are: {', '.join(fields.values())}."
            )
        column = wanted if wanted in exact else spelled.get(_plain(wanted))
        if column is None:
            missing.append(wanted)
        elif field in found:
            raise JobRefusedError(
                f"The mapping sends two columns to {field}: {shown(found[field])} and "
                f"{shown(column)}. Please choose one."
            )
        elif column in found.values():
            raise JobRefusedError(
                f"The mapping sends the column {shown(column)} to two fields. Please choose one."
            )
        else:
            found[field] = column
    notes = [f"The mapping names columns that the file lacks: {_named(missing)}."] * bool(missing)
    return _checked(found, columns, table, notes)


def automatic_mapping(columns: Sequence[str], table: Table) -> ColumnMapping:
    """Find each field's column by its name: exact, then synonym, then nearly the same.

    Required fields choose first, the table's order decides among the others, a column serves once.
    """
    wanted = {name for group in table.required for name in group}
    required = [field for field in table.fields if field.name in wanted]
    optional = [field for field in table.fields if field.name not in wanted]
    free = {column: _plain(column) for column in columns}
    found: dict[str, str] = {}
    for fields, names_of in (
        (table.fields, _own_names),
        (required, lambda field: field.synonyms),
        (required, lambda field: field.weak_synonyms),
        (optional, lambda field: field.synonyms),
    ):
        for field in fields:
            names = set(map(_plain, names_of(field)))
            column = next((column for column in free if free[column] in names), None)
            if column is not None and field.name not in found:
                found[field.name] = column
                del free[column]
    for field in (*required, *optional):
        if field.name not in found and (column := _alike(field, free)) is not None:
            found[field.name] = column
            del free[column]
    return _checked(found, columns, table)


def judge_by_names(table: Table) -> HeaderJudge:
    """Give a judge of headers that knows the fields' names, labels and synonyms."""
    names = {field.name: frozenset(map(_plain, _all_names(field))) for field in table.fields}
    known = KnownNames(frozenset().union(*names.values()), _groups(names, table))
    return _PlainNames(known)


def judge_by_mapping(given: Mapping[str, object], table: Table) -> HeaderJudge:
    """Give a judge of headers that knows the columns of the job's own mapping."""
    columns = {column: column.strip().casefold() for column in given}
    of_field: dict[str, set[str]] = {}
    for column, target in given.items():
        if isinstance(target, str):
            of_field.setdefault(_plain(target), set()).add(columns[column])
    names = {field.name: frozenset(of_field.get(_plain(field.name), ())) for field in table.fields}
    return KnownNames(frozenset(columns.values()), _groups(names, table))


def _groups(names: Mapping[str, frozenset[str]], table: Table) -> list[frozenset[str]]:
    return [frozenset().union(*(names[name] for name in group)) for group in table.required]


class _PlainNames:
    """A judge that takes away first what two spellings of one name differ in."""

    def __init__(self, known: KnownNames) -> None:
        self.known = known
        self.required = known.required

    def __call__(self, cells: Sequence[str]) -> Likeness:
        return self.known(list(map(_plain, cells)))


def _alike(field: Field, free: Mapping[str, str]) -> str | None:
    """Find the column that is a name of the field with a slip; "price 6" is no "price 5"."""
    for name in map(_plain, _all_names(field)):
        digits = _digits(name)
        likely = {
            column: header
            for column, header in free.items()
            if len(header) >= _SHORTEST_ALIKE and _digits(header) == digits
        }
        if best := process.extractOne(name, likely, scorer=fuzz.ratio, score_cutoff=_ALIKE):
            return str(best[2])
    return None


def _own_names(field: Field) -> tuple[str, ...]:
    return field.name, field.label


def _all_names(field: Field) -> tuple[str, ...]:
    return *_own_names(field), *field.synonyms, *field.weak_synonyms


def _plain(header: str) -> str:
    """Take away what two spellings of one name differ in: case, spaces, _ and -."""
    return re.sub(r"[\s_-]+", "", header.casefold())


def _digits(header: str) -> str:
    return "" if header.isalpha() else re.sub(r"\D+", "", header)


def _checked(
    found: Mapping[str, str], columns: Sequence[str], table: Table, notes: Iterable[str] = ()
) -> ColumnMapping:
    """Say which required fields are missing, and note what is left out of the import."""
    missing = [group for group in table.required if found.keys().isdisjoint(group)]
    used = set(found.values())
    ignored = [column for column in columns if column not in used]
    left_out = [f"Columns that are not imported: {_named(ignored)}."] * bool(ignored)
    in_order = {field.name: found[field.name] for field in table.fields if field.name in found}
    return ColumnMapping(in_order, (*notes, *left_out), tuple(missing), columns)


def _seen(columns: Sequence[str]) -> str:
    if not columns:
        return "The file has no columns."
    return f"The columns seen are: {_named(columns)}."


def _named(columns: Sequence[str]) -> str:
    names = ", ".join(shown(column) for column in columns[:_MOST_NAMED])
    more = len(columns) - _MOST_NAMED
    return f"{names} and {more:,} more" if more > 0 else names
