"""One preview from claim to finish: how a job's rows would be read. Nothing is written.

It goes the way of an import as far as the values, by the same parts, on the first rows.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from worker.ending import Finish, run_to_end
from worker.exceptions import JobRefusedError
from worker.heartbeat import Heartbeat
from worker.importing.findings import ColumnFindings, bounded, landing
from worker.importing.job_source import open_source
from worker.importing.mapping import ColumnMapping
from worker.importing.mode import Mode, read_table_and_mode
from worker.importing.parsing import ParsedRow
from worker.importing.recollection import recall
from worker.importing.rows import Rows
from worker.importing.source_mapping import complete, find_mapping, keys_of
from worker.importing.sources import Head, Source
from worker.importing.tables import Table
from worker.job import Job, RowError
from worker.memory import NOTHING_KNOWN, Memory
from worker.queue import JobQueue
from worker.storage import FileStore

# Rows that are looked at unless the job says otherwise, and of very wide files, cells.
_HEAD_ROWS = 1_000
_HEAD_CELLS = 1_000_000
_FEWEST_ROWS = 100
# Rows that are shown as they would land.
_SHOWN_ROWS = 20


async def run_preview(queue: JobQueue, store: FileStore, job: Job, stop: asyncio.Event) -> None:
    """Make a claimed job's preview and end its run, whatever happens: see run_to_end."""
    await run_to_end(queue, job, _Run(queue, store, job, stop).carry_out)


def rows_wanted(options: Mapping[str, object], columns: int) -> int | None:
    """Give how many rows are to be looked at; None for all of them.

    Raises:
        JobRefusedError: the option cannot be meant.

    """
    given = options.get("preview_rows")
    if given is None:
        return min(_HEAD_ROWS, max(_FEWEST_ROWS, _HEAD_CELLS // max(1, columns)))
    if given == "all":
        return None
    if isinstance(given, int) and not isinstance(given, bool) and given > 0:
        return given
    raise JobRefusedError('The option "preview_rows" must be a number of rows, or "all".')


@dataclass(frozen=True, slots=True)
class _Run:
    """One attempt at one job."""

    queue: JobQueue
    store: FileStore
    job: Job
    stop: asyncio.Event

    async def carry_out(self, _heartbeat: Heartbeat) -> Finish:
        """Look at the rows; how to finish.

        Raises:
            JobRefusedError: they cannot be read.

        """
        table, mode = read_table_and_mode(self.job)
        rows_wanted(self.job.options, 1)
        read_page = partial(self.queue.read_records, self.job.run_id)
        memory = await recall(self.queue, self.job, table)
        async with open_source(self.job, table, read_page, self.store, memory) as (source, _):
            preview, notes = await preview_of(self.job, source, table, mode, self.stop, memory)
        return partial(self.queue.finish_preview, self.job.run_id, preview, notes)


async def preview_of(  # noqa: PLR0913, PLR0917 - all that rows depend on
    job: Job,
    source: Source,
    table: Table,
    mode: Mode,
    stop: asyncio.Event,
    memory: Memory = NOTHING_KNOWN,
) -> tuple[dict[str, object], Sequence[str]]:
    """Look at the first rows of a source; (what docs/PREVIEW.md says, notes).

    Raises:
        JobRefusedError: the job's mapping is wrong, or the rows cannot be read.
        StopRequestedError: the worker is shutting down.

    """
    columns, mapping = await find_mapping(job, source, table, memory)
    head = Head(source, rows_wanted(job.options, len(columns)))
    if source.columns is None and job.mapping is not None:
        columns = await keys_of(head)
        mapping = mapping.within(columns)
    missing = mapping.missing
    mapping, problem = _as_imported(mapping, source, table, mode, memory)
    rows = Rows(head, table, columns, mapping, mode, stop, memory)
    await rows.survey()
    refused = 0
    first: list[ParsedRow] = []
    async for _, page in rows.pages(_SHOWN_ROWS):
        first = first or page
        refused += sum(isinstance(row, RowError) for row in page)
    findings = ColumnFindings(columns, mapping, table)
    wanted = _numbers(first)
    file_rows: dict[int, int] = {}
    async for row_number, row in rows.as_they_came():
        if row_number in wanted:
            file_rows[row_number] = row.number
        if isinstance(row.cells, dict):
            findings.add(row.cells)
    preview = {
        "rows_looked_at": rows.count,
        "is_all": head.is_all,
        "refused": refused,
        "sheet": source.sheet,
        "sheets": list(source.sheets),
        "missing": [list(group) for group in missing],
        "problem": problem,
        "mapping": mapping.fields(),
        **findings.as_json(),
        "first_rows": [landing(row, file_rows, table) for row in first],
    }
    return bounded(preview), rows.notes


def _as_imported(
    mapping: ColumnMapping, source: Source, table: Table, mode: Mode, memory: Memory
) -> tuple[ColumnMapping, str | None]:
    """Give the mapping as an import would use it, and why it would not go on, if so."""
    try:
        return complete(mapping, source, table, mode, memory), None
    except JobRefusedError as refusal:
        return mapping, str(refusal)


def _numbers(rows: Sequence[ParsedRow]) -> set[int]:
    """Give the row numbers that these rows are told by."""
    parsed = [row for row in rows if not isinstance(row, RowError)]
    return {row["row_number"] for row in parsed} | {
        row["superseded_by"] for row in parsed if "superseded_by" in row
    }
