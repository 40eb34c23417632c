"""What an import may do to what is there: file_data.options.mode, and the file's own columns."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, get_args

from worker.exceptions import JobRefusedError
from worker.importing.mapping import ColumnMapping
from worker.importing.tables import TABLES, Table
from worker.job import Job

# upsert: either way. update: only what is there. create: only what is not. The database holds it,
# supabase/migrations/*_import_tables.sql: only there it is known what is there.
Mode = Literal["upsert", "update", "create"]
MODES: tuple[Mode, ...] = get_args(Mode)


def read_table_and_mode(job: Job) -> tuple[Table, Mode]:
    """Read what a job's rows are, and what may become of them.

    Raises:
        JobRefusedError: they cannot be imported, or it is not clear how.

    """
    table = TABLES.get(job.data_type)
    if table is None:
        raise JobRefusedError(f"Imports of {job.data_type} are not supported.")
    refuse_unclear(job.options)
    return table, read_mode(job.options, table)


def read_mode(options: Mapping[str, object], table: Table) -> Mode:
    """Read the mode of a job.

    Raises:
        JobRefusedError: there is no such mode, or not for this table.

    """
    given = options.get("mode")
    mode = "upsert" if given is None else next((mode for mode in MODES if mode == given), None)
    if mode is None:
        raise JobRefusedError('The option "mode" must be "upsert", "update" or "create".')
    if mode == "update" and table.is_always_new:
        raise JobRefusedError(
            f"Imports of {table.noun} always make new ones, so there is nothing to update. "
            'Please leave out the option "mode".'
        )
    return mode


def refuse_unclear(options: Mapping[str, object]) -> None:
    """Refuse what may have been meant as a rehearsal or a preview, and would be an import.

    Raises:
        JobRefusedError: neither true nor false.

    """
    for name in ("dry_run", "preview"):
        given = options.get(name)
        if given is not None and not isinstance(given, bool):
            raise JobRefusedError(f'The option "{name}" must be true or false.')


def complete_or_updating(mapping: ColumnMapping, table: Table, mode: Mode) -> ColumnMapping:
    """Give the mapping of a file that has all required columns, or enough of them to update.

    Raises:
        JobRefusedError: it has not.

    """
    if not _can_update(mapping, table, mode):
        mapping.refuse_if_incomplete()
        return mapping
    key = next(field.label for field in table.fields if field.name == table.key)
    note = (
        f"The file has no {table.needed_by_new}s: {table.noun} that are there are updated, "
        f"unknown {key}s are refused."
    )
    return replace(mapping, notes=(note, *mapping.notes))


def _can_update(mapping: ColumnMapping, table: Table, mode: Mode) -> bool:
    """Whether what new rows need is all that is missing, and there is more than keys."""
    lacks_only_names = mapping.missing == ((table.needed_by_new,),)
    return lacks_only_names and mode != "create" and bool(mapping.columns.keys() - {table.key})
