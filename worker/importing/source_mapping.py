"""Which column of a source holds which field, by all that is known of it."""

from collections.abc import AsyncGenerator, Sequence

from worker.exceptions import JobRefusedError
from worker.importing.mapping import (
    ColumnMapping,
    automatic_mapping,
    given_mapping,
    mapped_already,
    recalled,
    whole_mapping,
    with_template,
)
from worker.importing.mode import Mode, complete_or_updating
from worker.importing.sources import Source, SourceRow
from worker.importing.sources.header import MOST_COLUMNS
from worker.importing.tables import Table
from worker.job import Job
from worker.memory import Memory

# Rows whose cells tell what a column is.
_SAMPLED_ROWS = 100
_SAMPLED_CELLS = 100_000


async def find_mapping(
    job: Job, source: Source, table: Table, memory: Memory
) -> tuple[Sequence[str], ColumnMapping]:
    """Give all columns, and which of them holds which field, whatever is missing.

    Raises:
        JobRefusedError: the mapping is wrong, or its template.

    """
    if source.columns is None and job.mapping is not None:
        mapping = mapped_already(table)
        return list(mapping.columns), mapping
    columns = source.columns if source.columns is not None else await keys_of(source)
    if job.mapping:
        return columns, given_mapping(columns, with_template(job.mapping, memory.template), table)
    known = recalled(columns, table, memory)
    if known.is_whole:
        return columns, whole_mapping(known, columns, table)
    samples, are_all = await _samples(source, columns)
    return columns, automatic_mapping(columns, table, samples, are_all=are_all, known=known)


async def _samples(source: Source, columns: Sequence[str]) -> tuple[list[dict[str, object]], bool]:
    """Give the cells of the first rows, and whether there are no more rows."""
    most = max(1, min(_SAMPLED_ROWS, _SAMPLED_CELLS // max(1, len(columns))))
    rows: list[SourceRow] = []
    pages = source.pages()
    async for page in pages:
        rows.extend(page)
        if len(rows) > most:
            break
    if isinstance(pages, AsyncGenerator):
        await pages.aclose()
    return [row.cells for row in rows[:most] if isinstance(row.cells, dict)], len(rows) <= most


async def keys_of(source: Source) -> list[str]:
    """Give the columns of raw records: every key, in order of appearance.

    All records are looked at: an empty cell may be a missing key.
    """
    keys: dict[str, None] = {}
    async for page in source.pages():
        for row in page:
            if isinstance(row.cells, dict):
                keys.update(dict.fromkeys(row.cells))
        if len(keys) > MOST_COLUMNS:
            raise JobRefusedError(
                f"The records have more than {MOST_COLUMNS:,} different keys, which is no table. "
                "Please upload the file again."
            )
    return list(keys)


def complete(
    mapping: ColumnMapping, source: Source, table: Table, mode: Mode, memory: Memory
) -> ColumnMapping:
    """Give the mapping as an import uses it.

    Raises:
        JobRefusedError: there is no column for a required field.

    """
    try:
        return complete_or_updating(mapping, table, mode)
    except JobRefusedError as error:
        misfit = memory.template.misfit if memory.template else ""
        said = filter(None, (source.missing, misfit, str(error)))
        raise JobRefusedError(" ".join(said)) from None
