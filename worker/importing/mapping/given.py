"""A job's own mapping, column → field."""

import re
from collections.abc import Mapping, Sequence

from worker.exceptions import JobRefusedError
from worker.importing.mapping.candidates import vocabulary
from worker.importing.mapping.mapping import Assignment, ColumnMapping, mapping_of, named
from worker.importing.sources.header import HeaderJudge, KnownNames
from worker.importing.tables import Table
from worker.importing.values import shown

# What a given mapping says of a column that is to be left out.
_LEFT_OUT = {"", "ignore", "skip", "none"}


def mapped_already(table: Table) -> ColumnMapping:
    """Map records whose keys are the fields."""
    assignments = [
        Assignment(field.name, (field.name,), 1.0, "the record's own field")
        for field in table.fields
    ]
    columns = {field.name: field.name for field in table.fields}
    return ColumnMapping(columns, assignments=tuple(assignments))


def given_mapping(
    columns: Sequence[str], given: Mapping[str, object], table: Table
) -> ColumnMapping:
    """Follow the job's own mapping, column → field.

    Several columns of a contact's name are put together, the first name first.

    Raises:
        JobRefusedError: it names what is no field, or a field twice.

    """
    fields = {_plain(field.name): field.name for field in table.fields}
    exact = set(columns)
    spelled = {_plain(column): column for column in reversed(columns)}
    found: dict[str, list[str]] = {}
    used: set[str] = set()
    composed = {field.name for field in table.fields if field.parts}
    missing: list[str] = []
    for wanted, target in given.items():
        if target is None or (isinstance(target, str) and target.strip().lower() in _LEFT_OUT):
            continue
        field = fields.get(_plain(target)) if isinstance(target, str) else None
        if field is None:
            raise JobRefusedError(
                f"The mapping sends the column {shown(wanted)} to {shown(target)}, which is no "
                f"field of {table.noun}.\nThe fields are: {', '.join(fields.values())}."
            )
        column = wanted if wanted in exact else spelled.get(_plain(wanted))
        if column is None:
            missing.append(wanted)
        elif field in found and field not in composed:
            raise JobRefusedError(
                f"The mapping sends two columns to {field}: {shown(found[field][0])} and "
                f"{shown(column)}. Please choose one."
            )
        elif column in used:
            raise JobRefusedError(
                f"The mapping sends the column {shown(column)} to two fields. Please choose one."
            )
        else:
            found.setdefault(field, []).append(column)
            used.add(column)
    notes = [f"The mapping names columns that the file lacks: {named(missing)}."] * bool(missing)
    assignments = [
        Assignment(field, _in_order(field, of_field, columns, table), 1.0, "as the mapping says")
        for field, of_field in found.items()
    ]
    return mapping_of(assignments, columns, table, notes)


def _in_order(
    field: str, chosen: Sequence[str], columns: Sequence[str], table: Table
) -> tuple[str, ...]:
    """Put parts in order: as their names say, else as the file has them.

    The mapping's own order is lost, for jsonb sorts keys.
    """
    in_file = [column for column in columns if column in set(chosen)]
    if len(in_file) > 1:
        for one in vocabulary(table).candidates(in_file):
            if one.field == field and len(one.columns) == len(in_file):
                return tuple(in_file[index] for index in one.columns)
    return tuple(in_file)


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


def _plain(header: str) -> str:
    """Take away what two spellings of one name differ in: case, spaces, _ and -."""
    return re.sub(r"[\s_-]+", "", header.casefold())
