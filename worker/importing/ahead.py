"""The next job of an organization, read and looked through while the last batches of this one land.

It is reading and nothing else: the claim decides whose turn it is, and what was read is used if the
claim brings that very job, unchanged.
"""

import asyncio
from collections.abc import Container
from dataclasses import dataclass

import structlog

from worker.importing.mode import read_table_and_mode
from worker.importing.recollection import recall
from worker.importing.rows import Rows, map_rows
from worker.importing.sources import RecordSource, pages_of
from worker.job import Job
from worker.logs import where
from worker.queue import JobQueue

log = structlog.get_logger()

# For reading that has not ended when its job is claimed: from here on the job reads for itself.
_PATIENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read."""

    job: Job
    rows: Rows


class ReadAhead:
    """What is read ahead, at most one job an organization."""

    def __init__(self, queue: JobQueue, stop: asyncio.Event) -> None:
        self._queue = queue
        self._stop = stop
        # By organization.
        self._reading: dict[str, asyncio.Task[_Read | None]] = {}

    def begin(self, job: Job) -> None:
        """Begin to read what follows a job whose run is about to end, beside it."""
        if job.organization_id not in self._reading:
            self._reading[job.organization_id] = asyncio.create_task(self._read(job))

    async def take(self, job: Job) -> Rows | None:
        """Give the rows of a claimed job, surveyed, if they were read ahead."""
        reading = self._reading.pop(job.organization_id, None)
        if reading is None:
            return None
        done, _ = await asyncio.wait({reading}, timeout=_PATIENCE_SECONDS)
        read = reading.result() if done else None
        reading.cancel()
        if read is None or (read.job.job_id, read.job.version) != (job.job_id, job.version):
            return None
        log.debug("read_ahead", rows=read.rows.count)
        return read.rows

    def forget_others(self, organizations: Container[str]) -> None:
        """Forget what was read for organizations other than these: their turn is later."""
        for organization in [name for name in self._reading if name not in organizations]:
            self._reading.pop(organization).cancel()

    async def _read(self, before: Job) -> _Read | None:
        """Read; None: there is nothing, or nothing that can be read without a run of its own."""
        try:
            job = await self._queue.read_ahead(before)
            if job is None or job.kind != "import" or job.records is None or job.mapping is None:
                return None
            return _Read(job, await self._survey(job, job.records))
        except Exception as error:  # noqa: BLE001 - its own run will find out, and end by it
            log.info("not_read_ahead", error=type(error).__name__, where=where(error))
        return None

    async def _survey(self, job: Job, records: list[object]) -> Rows:
        table, mode = read_table_and_mode(job)
        memory = await recall(self._queue, job, table)
        source = RecordSource(len(records), pages_of(records))
        rows = await map_rows(job, source, table, self._stop, mode, memory)
        await rows.survey()
        return rows
