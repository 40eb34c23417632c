"""One import from claim to finish.

The rows go through in passes. The first looks at every row: to count them, to learn how their
columns are written, and to find keys (SKUs) that come twice, because the last one wins and batches
land in any order. The second parses them and applies batches of consecutive rows, several at once,
leaving out what the ledger holds already. If rows failed, a last one writes them to a file.

Where an organization has guards, a pass before the second sends the same batches to be rehearsed,
and the guards judge what they find before anything is written.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial

import structlog

from worker import metrics
from worker.ending import Finish, run_to_end
from worker.exceptions import KeywordsNeededError, StopRequestedError
from worker.heartbeat import Heartbeat
from worker.importing.ahead import ReadAhead
from worker.importing.failed_rows import write_failed_rows
from worker.importing.guards import refuse_wrong_guards
from worker.importing.job_source import open_source
from worker.importing.missing import Missing, read_missing
from worker.importing.mode import Mode, read_table_and_mode
from worker.importing.parsing import ParsedRow
from worker.importing.recollection import recall
from worker.importing.rows import Rows, map_rows
from worker.importing.sources import pages_of
from worker.importing.tables import Row, Table
from worker.importing.thrift import Thrift
from worker.job import BatchResult, Begun, Job, RowError, RunResult
from worker.queue import JobQueue
from worker.scratch import scratch_directory
from worker.storage import FileStore, path_for_result, store_result

log = structlog.get_logger()

# Of a job, by the database: supabase/migrations/*_refusals.sql, keep_errors.
_MOST_ERRORS_KEPT = 10_000
# Rows that are rehearsed together where each may depend on those before it: what they do is undone
# behind the last, so up to here a rehearsal is exact; and what a database does in a second or two.
_REHEARSED_TOGETHER = 5_000
# SKUs that are noted in one call, and items whose quantity becomes 0 in one.
_SKUS_A_CALL = 5_000
_ZEROED_A_CALL = 500
# With fewer rows to send than this, it is time to read what comes after the job.
_ROWS_LEFT = 1_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How a job is applied; the settings of these names say more."""

    batch_size: int
    batches_in_flight: int


async def run_import(  # noqa: PLR0913, PLR0917 - what a worker has for all its imports
    queue: JobQueue,
    store: FileStore,
    job: Job,
    pace: Pace,
    thrift: Thrift,
    ahead: ReadAhead,
    stop: asyncio.Event,
) -> None:
    """Import a claimed job and end its run, whatever happens: see run_to_end.

    When stop is set, batches in flight land and the rest of the job is released.
    """
    await run_to_end(queue, job, _Run(queue, store, job, pace, thrift, ahead, stop).carry_out)


@dataclass(slots=True)
class _Run:
    """One attempt at one job."""

    queue: JobQueue
    store: FileStore
    job: Job
    pace: Pace
    # Of the job's organization.
    thrift: Thrift
    ahead: ReadAhead
    stop: asyncio.Event
    # Rows that this attempt knows to have failed.
    failed: int = 0

    async def carry_out(self, heartbeat: Heartbeat) -> Finish:
        """Apply every row; how to finish.

        Raises:
            ImportWorkerError: or a bug, or an ExceptionGroup of them.

        """
        table, mode = read_table_and_mode(self.job)
        missing = read_missing(self.job, table, mode)
        refuse_wrong_guards(self.job)
        async with self._surveyed(table, mode) as (rows, version):
            skipped = "\n".join(rows.skipped) or None
            if self._is_short(rows, missing):
                async with heartbeat.silent():
                    result = await self._import_at_once(rows, table, version, skipped)
                    if result is not None:
                        heartbeat.end()
                        return partial(_known, result)
            else:
                await self._import(rows, table, version, heartbeat, missing)
            path = await self._give_back(rows)
        finish = self.queue.finish
        return partial(finish, self.job.run_id, "completed", skipped, failed_rows_path=path)

    @contextlib.asynccontextmanager
    async def _surveyed(self, table: Table, mode: Mode) -> AsyncIterator[tuple[Rows, str | None]]:
        """Open the job's rows and go through them once; with what tells this version of a file."""
        if (rows := await self.ahead.take(self.job)) is not None:
            yield rows, None
            return
        memory = await recall(self.queue, self.job, table)
        read_page = (
            partial(self.queue.read_records, self.job.run_id)
            if self.job.records is None
            else pages_of(self.job.records)
        )
        async with open_source(self.job, table, read_page, self.store, memory) as opened:
            source, version = opened
            rows = await map_rows(self.job, source, table, self.stop, mode, memory)
            await rows.survey()
            yield rows, version

    def _is_short(self, rows: Rows, missing: Missing) -> bool:
        """Whether all of a job is one batch, which nothing precedes and nothing follows."""
        is_plain = not (self.job.guards or self.job.applied or self.job.dry_run)
        return is_plain and missing == "keep" and 0 < rows.count <= self.pace.batch_size

    async def _import_at_once(
        self, rows: Rows, table: Table, version: str | None, skipped: str | None
    ) -> RunResult | None:
        """Begin, apply and finish in one call; None: rows are refused, and it is not finished."""
        [(_, page)] = [page async for page in rows.pages(rows.count)]
        started = time.monotonic()
        good, errors = _parted(page)
        for row in good:
            table.derive(row)
        batch, result = await self.queue.import_short(
            self.job.run_id, self._begun(rows, version), rows.count, good, errors, skipped
        )
        if batch is not None:
            self._count(range(1, rows.count + 1), batch, time.monotonic() - started)
        return result

    async def _import(
        self,
        rows: Rows,
        table: Table,
        version: str | None,
        heartbeat: Heartbeat,
        missing: Missing,
    ) -> None:
        """Take every row through, batch by batch."""
        is_rehearsed_first = bool(self.job.guards.keys() - {"missing_percent"})
        heartbeat.show(rows.count, passes=2 if is_rehearsed_first else 1)
        if missing == "zero" and rows.without_key:
            rows.notes.append(_nothing_zeroed(rows, table))
        if begun := self._begun(rows, version):
            await self.queue.begin(self.job.run_id, begun)
        if missing == "zero" and rows.count and not (rows.without_key or self.job.applied):
            await self._list(rows)
        if is_rehearsed_first:
            await self._apply(rows, table, heartbeat, is_rehearsal=True)
            self.failed = 0
        if self.job.guards:
            await self.queue.judge(self.job.run_id)
        await self._apply(rows, table, heartbeat, is_rehearsal=self.job.dry_run)
        if missing == "zero" and not self.job.dry_run:
            await self._zero(rows)

    def _begun(self, rows: Rows, version: str | None) -> Begun | None:
        """Say what was found: how many rows, by which mapping; None if the database knows."""
        is_as_claimed = rows.count == self.job.row_count and self.job.mapping is not None
        if version is None and not rows.notes and is_as_claimed:
            return None
        layout = rows.layout
        mapping = rows.mapping.fields()
        return Begun(rows.count, mapping, rows.notes, version, layout.columns, layout.options)

    async def _list(self, rows: Rows) -> None:
        """Have the database find what the file lacks, of whose rows all keys can be read."""
        async for keys in rows.keys(_SKUS_A_CALL):
            await self.queue.list_items(self.job.run_id, keys)
        missing = await self.queue.find_missing_items(self.job.run_id)
        log.info("missing_items_found", items=missing)

    async def _zero(self, rows: Rows) -> None:
        """Set the quantity of what the file lacks to 0, step by step."""
        left = 1
        while left:
            rows.raise_if_stopped()
            step = await self.queue.zero_missing_items(self.job.run_id, _ZEROED_A_CALL)
            left = step.left
            log.debug("missing_items_zeroed", items=step.zeroed, left=left)

    async def _apply(
        self, rows: Rows, table: Table, heartbeat: Heartbeat, *, is_rehearsal: bool
    ) -> None:
        """Apply what the ledger does not hold yet.

        Raises:
            StopRequestedError: when what was in flight has landed.
            ExceptionGroup: of what else went wrong.

        """
        gate = asyncio.Semaphore(1 if table.in_order else self.pace.batches_in_flight)
        size = _REHEARSED_TOGETHER if is_rehearsal and table.in_order else self.pace.batch_size
        is_through = False
        async with asyncio.TaskGroup() as batches:
            with contextlib.suppress(StopRequestedError):
                async for first_row, page in rows.pages(size):
                    page_rows = range(first_row, first_row + len(page))
                    for span in unapplied(page_rows, self.job.applied, size):
                        await gate.acquire()
                        rows.raise_if_stopped()
                        part = page[span.start - first_row : span.stop - first_row]
                        batches.create_task(self._apply_batch(table, span, part, gate, heartbeat))
                    if page_rows.stop > rows.count - _ROWS_LEFT and not is_rehearsal:
                        self.ahead.begin(self.job)
                is_through = True
        if not is_through:
            raise StopRequestedError

    async def _apply_batch(
        self,
        table: Table,
        span: range,
        part: list[ParsedRow],
        gate: asyncio.Semaphore,
        heartbeat: Heartbeat,
    ) -> None:
        try:
            started = time.monotonic()
            rows, errors = _parted(part)
            result = await self._send(table, span, rows, errors)
            self._count(span, result, time.monotonic() - started)
            heartbeat.advance(len(span))
        finally:
            gate.release()

    async def _send(
        self, table: Table, span: range, rows: list[Row], errors: list[RowError]
    ) -> BatchResult:
        apply = partial(
            self.queue.apply_batch, table.apply_function, self.job.run_id, span, rows, errors
        )
        goes_without = self.thrift.leaves_out
        if goes_without:
            try:
                result = await apply()
            except KeywordsNeededError:
                self.thrift.came_back()
                goes_without = False
        if not goes_without:
            for row in rows:
                table.derive(row)
            result = await apply()
        self.thrift.landed(result, went_without=goes_without)
        return result

    def _count(self, span: range, result: BatchResult, seconds: float) -> None:
        metrics.count_batch(self.job.data_type, result, seconds)
        self.failed += result.failed
        log.debug(
            "batch_applied",
            first_row=span[0],
            last_row=span[-1],
            created=result.created,
            updated=result.updated,
            unchanged=result.unchanged,
            failed=result.failed,
            seconds=round(seconds, 4),
        )

    async def _give_back(self, rows: Rows) -> str | None:
        """Store the rows that failed as a file, to be mended and uploaded again; its path."""
        if not self.failed and not self.job.applied:
            return None
        problems = await self.queue.read_errors(self.job.job_id)
        path = path_for_result(self.job, "failed")
        if not problems or path is None:
            return None
        with scratch_directory() as directory:
            file = directory / "failed.csv"
            refused = rows.refused(problems, are_all=len(problems) < _MOST_ERRORS_KEPT)
            await write_failed_rows(file, rows.columns, refused)
            return await store_result(self.store, path, file, "failed_rows_not_stored")


async def _known(result: RunResult) -> RunResult:
    """Finish a run that is over already."""
    return result


def _parted(rows: list[ParsedRow]) -> tuple[list[Row], list[RowError]]:
    """Tell rows from refusals."""
    return (
        [row for row in rows if not isinstance(row, RowError)],
        [row for row in rows if isinstance(row, RowError)],
    )


def unapplied(rows: range, applied: tuple[range, ...], batch_size: int) -> Iterator[range]:
    """Cut rows into batches, leaving out what was applied before.

    applied is sorted and may reach over rows at both ends; its batches may have had another size.
    """
    start = rows.start
    for done in (*applied, range(rows.stop, rows.stop)):
        gap_end = min(done.start, rows.stop)
        for first in range(start, gap_end, batch_size):
            yield range(first, min(first + batch_size, gap_end))
        start = max(start, done.stop)


def _nothing_zeroed(rows: Rows, table: Table) -> str:
    others = f" and of {rows.without_key - 1:,} more" if rows.without_key > 1 else ""
    return (
        f"No quantity becomes 0 for {table.noun} that the file lacks: the {table.key} of row "
        f"{rows.first_without_key}{others} cannot be read, and may be that of any."
    )
