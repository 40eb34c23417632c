"""Forgetting, by a worker that has nothing to do, what is kept for some days only."""

import time

import structlog

from worker.queue import JobQueue

log = structlog.get_logger()

# Between two looks when there was nothing left to remove.
_PAUSE_SECONDS = 60.0
# Change sets of a hundred rows: some 10 ms of the database's time.
_MOST_SETS = 500


class Pruning:
    """One worker's share: small steps, so that a job never waits for one."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self._due_at = 0.0

    async def go_on(self) -> None:
        """Take the next step if it is time for one.

        Raises:
            DatabaseUnavailableError, RequestRefusedError.

        """
        if time.monotonic() < self._due_at:
            return
        removed = await self._queue.prune_changes(_MOST_SETS)
        if removed < _MOST_SETS:
            self._due_at = time.monotonic() + _PAUSE_SECONDS
        if removed:
            log.info("changes_pruned", sets=removed)
