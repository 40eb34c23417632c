"""A run's sign of life: extends the lease, shows progress, learns of a cancel."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from worker.exceptions import JobCancelledError
from worker.job import Job, Progress
from worker.queue import JobQueue

# Seconds between two updates of a job row: each reloads every open browser (docs/FRONTEND.md).
_PROGRESS_SECONDS = 1.0


class Heartbeat:
    """Reports one run to the database while it lasts."""

    def __init__(self, queue: JobQueue, job: Job) -> None:
        self.current = sum(len(span) for span in job.applied)
        self._total = job.row_count or 0
        self._passes = 1
        self._queue = queue
        self._job = job
        self._moved = asyncio.Event()
        self._reporting = asyncio.Lock()
        self._is_over = False

    def show(self, total: int, *, passes: int = 1) -> None:
        """Set how many rows the job has, once they are counted, and how often each goes through."""
        self._total = total
        self._passes = passes
        self._moved.set()

    def advance(self, rows: int) -> None:
        """Count rows that have gone through."""
        self.current += rows
        self._moved.set()

    @contextlib.asynccontextmanager
    async def silent(self) -> AsyncIterator[None]:
        """Report nothing while a call is made that may end the run: a report would find it lost."""
        async with self._reporting:
            yield

    def end(self) -> None:
        """Report nothing more: the run is over."""
        self._is_over = True

    async def beat(self) -> None:
        """Report at most once a second, and often enough for the lease when nothing moves.

        Raises:
            JobCancelledError: a user cancelled the job.

        """
        while True:
            # First, because the claim has just updated the row.
            await asyncio.sleep(_PROGRESS_SECONDS)
            progress = None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._job.lease_seconds / 4):
                    await self._moved.wait()
                progress = Progress(self.current // self._passes, self._total)
            self._moved.clear()
            async with self._reporting:
                if self._is_over:
                    return
                status = await self._queue.report_progress(self._job.run_id, progress)
            if status == "cancelled":
                raise JobCancelledError
