"""A job's own mapping, column → field."""

from collections.abc import Mapping, Sequence

from worker.exceptions import JobRefusedError
from worker.importing.mapping.candidates import vocabulary
from worker.importing.mapping.mapping import Assignment, ColumnMapping, mapping_of, named
from worker.importing.mapping.spelling import plain
from worker.importing.sources.header import HeaderJudge, KnownNames
from worker.importing.tables import Table
from worker.importing.values import shown
from worker.memory import Template

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

    Raises:
        JobRefusedError: it names what is no field, or a field twice.

    """
    assignments, notes = given_assignments(columns, given, table)
    return mapping_of(assignments, columns, table, notes)


def with_template(own: Mapping[str, object], template: Template | None) -> Mapping[str, object]:
    """Add to the job's own mapping what a template says of other columns and other fields."""
    if template is None:
        return own
    columns = set(map(plain, own))
    fields = {plain(target) for target in own.values() if isinstance(target, str)}
    others = {
        column: target
        for column, target in template.mapping.items()
        if plain(column) not in columns
        and not (isinstance(target, str) and plain(target) in fields - {""})
    }
    return {**own, **others}


def given_assignments(
    columns: Sequence[str],
    given: Mapping[str, object],
    table: Table,
    *,
    by: str = "The mapping",
    reason: str = "as the mapping says",
) -> tuple[list[Assignment], list[str]]:
    """Follow a mapping, column → field: the job's own, or a template's.

    Several columns of a contact's name are put together, the first name first.

    Args:
        columns: the file's.
        given: the mapping.
        table: whose fields there are.
        by: who says so, at the beginning of a sentence.
        reason: of each assignment.

    Returns:
        the assignments, and a note where the file lacks columns.

    Raises:
        JobRefusedError: it names what is no field, or a field twice.

    """
    fields = {plain(field.name): field.name for field in table.fields}
    exact = set(columns)
    spelled = {plain(column): column for column in reversed(columns)}
    found: dict[str, list[str]] = {}
    used: set[str] = set()
    composed = {field.name for field in table.fields if field.parts}
    missing: list[str] = []
    for wanted, target in given.items():
        if target is None or (isinstance(target, str) and target.strip().lower() in _LEFT_OUT):
            continue
        field = fields.get(plain(target)) if isinstance(target, str) else None
        if field is None:
            raise JobRefusedError(
                f"{by} sends the column {shown(wanted)} to {shown(target)}, which is no "
                f"field of {table.noun}.\nThe fields are: {', '.join(fields.values())}."
            )
        column = wanted if wanted in exact else spelled.get(plain(wanted))
        if column is None:
            missing.append(wanted)
        elif field in found and field not in composed:
            raise JobRefusedError(
                f"{by} sends two columns to {field}: {shown(found[field][0])} and "
                f"{shown(column)}. Please choose one."
            )
        elif column in used:
            raise JobRefusedError(
                f"{by} sends the column {shown(column)} to two fields. Please choose one."
            )
        else:
            found.setdefault(field, []).append(column)
            used.add(column)
    notes = [f"{by} names columns that the file lacks: {named(missing)}."] * bool(missing)
    assignments = [
        Assignment(field, in_order(field, of_field, columns, table), 1.0, reason)
        for field, of_field in found.items()
    ]
    return assignments, notes


def in_order(
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
            of_field.setdefault(plain(target), set()).add(columns[column])
    names = {field.name: frozenset(of_field.get(plain(field.name), ())) for field in table.fields}
    return KnownNames(frozenset(columns.values()), _groups(names, table))


def _groups(names: Mapping[str, frozenset[str]], table: Table) -> list[frozenset[str]]:
    return [frozenset().union(*(names[name] for name in group)) for group in table.required]
