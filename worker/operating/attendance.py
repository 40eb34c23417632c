"""Tells the database once a minute that this worker is there, and at the end that it went."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import NoReturn

import structlog

from worker.exceptions import DatabaseUnavailableError, RequestRefusedError
from worker.presence import Presence
from worker.queue import JobQueue

log = structlog.get_logger()

# The database takes a worker for dead 90 s after its last word (supabase/migrations/*_workers.sql).
_REPORT_SECONDS = 60.0
_AFTER_FAILURE_SECONDS = 10.0
# What is left for this of the time until hosts kill.
_LEAVE_SECONDS = 3.0


async def attend(queue: JobQueue, look: Callable[[], Presence]) -> NoReturn:
    """Report what look finds, now and once a minute. Imports never stop for it."""
    while True:
        try:
            await queue.report_worker(look(), is_stopping=False)
        except (DatabaseUnavailableError, RequestRefusedError) as error:
            log.warning("worker_not_reported", cause=str(error))
            await asyncio.sleep(_AFTER_FAILURE_SECONDS)
        else:
            await asyncio.sleep(_REPORT_SECONDS)


async def leave(queue: JobQueue, presence: Presence) -> None:
    """Report the end of this worker, if the database answers soon."""
    with contextlib.suppress(DatabaseUnavailableError, RequestRefusedError, TimeoutError):
        async with asyncio.timeout(_LEAVE_SECONDS):
            await queue.report_worker(presence, is_stopping=True)
