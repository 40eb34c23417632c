"""One undo from claim to finish.

The database knows what an import changed, a change set a batch, and takes one back a call: the
newest first, one after another, for a record may stand in several. The worker keeps count, and
stores at the end what was kept as it is, and why.
"""

import asyncio
import time
from dataclasses import dataclass
from functools import partial

import structlog

from worker.ending import Finish, run_to_end
from worker.exceptions import StopRequestedError
from worker.heartbeat import Heartbeat
from worker.job import Job
from worker.queue import JobQueue
from worker.scratch import scratch_directory
from worker.storage import FileStore, path_for_result, store_result
from worker.undoing.kept_rows import write_kept_rows

log = structlog.get_logger()


async def run_undo(queue: JobQueue, store: FileStore, job: Job, stop: asyncio.Event) -> None:
    """Undo what a claimed job names and end its run, whatever happens: see run_to_end.

    When stop is set, the batch in flight lands and the rest of the job is released.
    """
    await run_to_end(queue, job, _Run(queue, store, job, stop).carry_out)


@dataclass(frozen=True, slots=True)
class _Run:
    """One attempt at one job."""

    queue: JobQueue
    store: FileStore
    job: Job
    stop: asyncio.Event

    async def carry_out(self, heartbeat: Heartbeat) -> Finish:
        """Take back every change set that is not in the ledger yet; how to finish.

        Raises:
            ImportWorkerError: or a bug.

        """
        plan = await self.queue.begin_undo(self.job.run_id)
        heartbeat.show(plan.row_count)
        for span in plan.batches:
            if any(span.start in done for done in self.job.applied):
                continue
            if self.stop.is_set():
                raise StopRequestedError
            started = time.monotonic()
            result = await self.queue.apply_undo_batch(self.job.run_id, span)
            heartbeat.advance(len(span))
            log.debug(
                "undo_batch_applied",
                first_row=span[0],
                last_row=span[-1],
                kept=result.failed,
                seconds=round(time.monotonic() - started, 4),
            )
        path = await self._store_kept()
        return partial(self.queue.finish, self.job.run_id, "completed", None, failed_rows_path=path)

    async def _store_kept(self) -> str | None:
        """Store what was kept as a file; its path, None where nothing was, or it was not stored."""
        kept = await self.queue.read_kept(self.job.job_id)
        path = path_for_result(self.job, "kept")
        if not kept or path is None:
            return None
        with scratch_directory() as directory:
            file = directory / "kept.csv"
            await asyncio.to_thread(write_kept_rows, file, kept)
            return await store_result(self.store, path, file, "kept_rows_not_stored")
