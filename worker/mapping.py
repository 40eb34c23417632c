"""Which column of a file holds which field, by the rules of the CRM: docs/FRONTEND.md."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from worker.exceptions import JobRefusedError
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


def mapped_already(table: Table) -> ColumnMapping:
    """Map records whose keys are the fields."""
    return ColumnMapping({field.name: field.name for field in table.fields})


def given_mapping(
    columns: Sequence[str], given: Mapping[str, object], table: Table
) -> ColumnMapping:
    """Follow the job's own mapping, column → field.

    Raises:
        JobRefusedError: it names what is no field, or a field twice, or misses a required one.

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

    Raises:
        JobRefusedError: there is no column for a required field; the text names those there are.

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


def knows(table: Table) -> Callable[[str], bool]:
    """Give a test for headers: whether one means a field by its name, label or synonym."""
    known = {_plain(name) for field in table.fields for name in _all_names(field)}
    return lambda header: _plain(header) in known


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
    """Refuse a mapping without a required field; note what is left out of the import."""
    for group in table.required:
        if not any(name in found for name in group):
            raise JobRefusedError(
                f"No column was found for {' or '.join(group)}. {_seen(columns)} "
                "Please name the column like the field, or choose it in the mapping."
            )
    used = set(found.values())
    ignored = [column for column in columns if column not in used]
    left_out = [f"Columns that are not imported: {_named(ignored)}."] * bool(ignored)
    in_order = {field.name: found[field.name] for field in table.fields if field.name in found}
    return ColumnMapping(in_order, (*notes, *left_out))


def _seen(columns: Sequence[str]) -> str:
    if not columns:
        return "The file has no columns."
    return f"The columns seen are: {_named(columns)}."


def _named(columns: Sequence[str]) -> str:
    names = ", ".join(shown(column) for column in columns[:_MOST_NAMED])
    more = len(columns) - _MOST_NAMED
    return f"{names} and {more:,} more" if more > 0 else names
