"""One import from claim to finish.

The rows go through in two passes. The first parses every row and notes the last one of each key
(a SKU), because the last row of a SKU wins and batches land in any order. The second applies
batches of consecutive rows, several at once, leaving out what the ledger holds already.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from functools import partial

import structlog

from worker.exceptions import (
    DatabaseUnavailableError,
    JobCancelledError,
    JobRefusedError,
    RequestRefusedError,
    RunLostError,
)
from worker.heartbeat import Heartbeat
from worker.job import Job, RowError
from worker.logs import where
from worker.queue import JobQueue
from worker.sources import Source, open_source
from worker.tables import TABLES, ParsedRow, Table

log = structlog.get_logger()

# Rows parsed before the event loop gets its turn: some milliseconds.
_ROWS_A_TURN = 100


async def run_import(
    queue: JobQueue, job: Job, *, batch_size: int, batches_in_flight: int, stop: asyncio.Event
) -> None:
    """Import a claimed job and end its run, whatever happens.

    When stop is set, batches in flight land and the rest of the job is released.
    Never raises but for a cancel: what goes wrong becomes the job's end, or its lease runs out.
    """
    run = _Run(queue, job, batch_size, batches_in_flight, stop)
    with structlog.contextvars.bound_contextvars(
        job_id=str(job.job_id), run_id=str(job.run_id), organization_id=job.organization_id
    ):
        log.info("import_started", attempt=job.attempt, rows=job.row_count)
        started = time.monotonic()
        try:
            ending = await run.carry_out()
        except* Exception as errors:  # noqa: BLE001 - sorted out by end_early
            ending = await run.end_early(_gravest(errors))
        log.info("import_ended", **ending, seconds=round(time.monotonic() - started, 3))


@dataclass(slots=True)
class _Run:
    """One attempt at one job."""

    queue: JobQueue
    job: Job
    batch_size: int
    batches_in_flight: int
    stop: asyncio.Event

    async def carry_out(self) -> dict[str, object]:
        """Apply every row and finish, or release the job because of a stop; what to log of it.

        Raises:
            ExceptionGroup: of ImportWorkerError, or of bugs.

        """
        async with asyncio.TaskGroup() as group:
            heartbeat = Heartbeat(self.queue, self.job)
            beating = group.create_task(heartbeat.beat())
            everything_landed = await self._apply_rows(heartbeat)
            beating.cancel()
        if everything_landed:
            return asdict(await self.queue.finish(self.job.run_id, "completed"))
        await self.queue.release(self.job.run_id)
        return {"outcome": "released"}

    async def end_early(self, error: Exception) -> dict[str, object]:
        """Turn what went wrong into the end of the run; what to log of it."""
        try:
            return await self._end(error)
        except Exception as failure:  # noqa: BLE001 - nothing is lost: its lease runs out
            return {"outcome": "left to its lease", "cause": type(failure).__name__}

    async def _end(self, error: Exception) -> dict[str, object]:
        run_id = self.job.run_id
        match error:
            case RunLostError():
                return {"outcome": "lost", "cause": str(error)}
            case JobCancelledError():
                return asdict(await self.queue.finish(run_id, "cancelled"))
            case JobRefusedError():
                return asdict(await self.queue.finish(run_id, "failed", str(error)))
            case RequestRefusedError():
                log.error("request_refused", cause=str(error))
                return asdict(await self.queue.finish(run_id, "failed", _our_fault(run_id)))
            case DatabaseUnavailableError():
                log.warning("import_interrupted", cause=str(error))
            case _:
                # No text: a ValueError likes to quote the value it tripped over.
                log.error("import_crashed", error=type(error).__name__, where=where(error))
        await self.queue.release(run_id, _retry_in(self.job.attempt))
        return {"outcome": "retried"}

    async def _apply_rows(self, heartbeat: Heartbeat) -> bool:
        """Apply what the ledger does not hold yet; False when a stop left some of it."""
        table = TABLES.get(self.job.data_type)
        if table is None:
            raise JobRefusedError(
                f"Imports of {self.job.data_type} are not supported yet. Nothing was imported."
            )
        source = open_source(self.job, partial(self.queue.read_records, self.job.run_id))
        rows = _ParsedRows(source, table)
        last_rows = await self._last_rows(rows, table)

        gate = asyncio.Semaphore(self.batches_in_flight)
        async with asyncio.TaskGroup() as batches:
            async for first_row, page in rows.pages():
                page_rows = range(first_row, first_row + len(page))
                for span in unapplied(page_rows, self.job.applied, self.batch_size):
                    await gate.acquire()
                    if self.stop.is_set():
                        return False
                    part = page[span.start - first_row : span.stop - first_row]
                    batches.create_task(
                        self._apply_batch(
                            table, span, _settle(part, table, last_rows), gate, heartbeat
                        )
                    )
        return not self.stop.is_set() or heartbeat.current == source.row_count

    async def _last_rows(self, rows: "_ParsedRows", table: Table) -> dict[str, int]:
        """Find the number of each key's last readable row."""
        last_rows: dict[str, int] = {}
        async for _, page in rows.pages():
            if self.stop.is_set():
                break  # _apply_rows will not use it
            for row in page:
                if not isinstance(row, RowError):
                    last_rows[table.key(row)] = row["row_number"]
        return last_rows

    async def _apply_batch(
        self,
        table: Table,
        span: range,
        rows: tuple[list[dict[str, object]], list[RowError]],
        gate: asyncio.Semaphore,
        heartbeat: Heartbeat,
    ) -> None:
        try:
            started = time.monotonic()
            result = await self.queue.apply_batch(
                table.apply_function, self.job.run_id, span, *rows
            )
            heartbeat.advance(len(span))
            log.debug(
                "batch_applied",
                first_row=span[0],
                last_row=span[-1],
                created=result.created,
                updated=result.updated,
                failed=result.failed,
                seconds=round(time.monotonic() - started, 4),
            )
        finally:
            gate.release()


class _ParsedRows:
    """A source's rows, parsed, in pages. A job of one page is read and parsed once."""

    def __init__(self, source: Source, table: Table) -> None:
        self._source = source
        self._table = table
        self._only_page: tuple[int, list[ParsedRow]] | None = None

    async def pages(self) -> AsyncIterator[tuple[int, list[ParsedRow]]]:
        """Yield (1-based number of the first row, parsed rows), in order."""
        if self._only_page is not None:
            yield self._only_page
            return
        async for first_row, records in self._source.pages():
            page = first_row, await self._parse(first_row, records)
            if len(records) == self._source.row_count:
                self._only_page = page
            yield page

    async def _parse(self, first_row: int, records: list[object]) -> list[ParsedRow]:
        parsed = []
        for number, record in enumerate(records, start=first_row):
            if number % _ROWS_A_TURN == 0:
                await asyncio.sleep(0)
            parsed.append(self._table.parse(number, record))
        return parsed


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


def _settle(
    page: list[ParsedRow], table: Table, last_rows: dict[str, int]
) -> tuple[list[dict[str, object]], list[RowError]]:
    """Sort a batch's rows into those to apply and those refused; the last of a key wins."""
    rows: list[dict[str, object]] = []
    errors: list[RowError] = []
    for row in page:
        if isinstance(row, RowError):
            errors.append(row)
        elif (last := last_rows[table.key(row)]) == row["row_number"]:
            rows.append(dict(row))
        else:
            rows.append({"row_number": row["row_number"], "superseded_by": last})
    return rows, errors


# When several things go wrong at once, the first of these decides how the run ends.
_GRAVITY = (
    RunLostError,
    JobCancelledError,
    JobRefusedError,
    RequestRefusedError,
    Exception,  # a bug
    DatabaseUnavailableError,
)


def _gravest(errors: BaseExceptionGroup[Exception]) -> Exception:
    return min(_leaves(errors), key=lambda error: _rank(type(error)))


def _rank(kind: type[Exception]) -> int:
    return _GRAVITY.index(kind) if kind in _GRAVITY else _GRAVITY.index(Exception)


def _leaves(error: BaseException) -> Iterator[Exception]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    elif isinstance(error, Exception):
        yield error


def _our_fault(run_id: object) -> str:
    return (
        "The import stopped because of a fault on our side; rows that were imported before stay. "
        f"Please contact support and name run {run_id}."
    )


def _retry_in(attempt: int) -> float:
    """Seconds until a job is tried again: 10, 40, 160, 640."""
    return math.ldexp(10.0, 2 * (attempt - 1))
