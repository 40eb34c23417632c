"""Forgetting what is kept for some days only, by a worker that has nothing to do, or by command."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import NoReturn

import structlog

from worker.exceptions import DatabaseUnavailableError, RequestRefusedError
from worker.job import Pruned
from worker.queue import JobQueue
from worker.storage import FileStore

log = structlog.get_logger()

# What is pruned, and how much in a step: some ten milliseconds of the database's time. The database
# says when each is too old: supabase/migrations/*_pruning.sql.
KINDS = {
    "records": 20,  # jobs: each is an event that Realtime tells every open browser of
    "shared_rows": 20,
    "errors": 2000,
    "changes": 500,
    "runs": 500,
    "merged": 200,
    "notifications": 50,  # each may be an event for each person who was told
    "files": 100,
}

# Between two steps of an idle worker: a job never waits for one, and Realtime, which carries some
# hundred changes a second and loses what is more, hardly notices.
_STEP_SECONDS = 5.0
# Between two rounds.
_REST_SECONDS = 600.0


async def prune(
    queue: JobQueue, store: FileStore, *, dry_run: bool = False
) -> AsyncGenerator[tuple[str, Pruned]]:
    """Go through everything once, a step at a time; which kind, and what the step did.

    Every step is whole by itself. Whoever stops between two, or dies, leaves nothing half done, and
    a file that was to go and did not is named again in the next round.

    Raises:
        DatabaseUnavailableError, RequestRefusedError.

    """
    for kind, most in KINDS.items():
        after: object = None
        while True:
            step = await queue.prune(kind, after, most, dry_run=dry_run)
            if step.names:
                await store.remove(step.bucket, step.names)
            yield kind, step
            after = step.next
            if after is None:
                break


async def prune_while_idle(queue: JobQueue, store: FileStore, idle: asyncio.Event) -> NoReturn:
    """Prune round after round, in the moments in which there is nothing to do.

    What goes wrong is logged and tried again in the next round: no worker stops for it.
    """
    while True:
        await _pause(idle)
        try:
            async with aclosing(prune(queue, store)) as steps:
                async for kind, step in steps:
                    if step.removed:
                        log.info("pruned", kind=kind, removed=step.removed)
                    await _pause(idle)
        except (DatabaseUnavailableError, RequestRefusedError) as error:
            log.warning("pruning_interrupted", cause=str(error))
        await asyncio.sleep(_REST_SECONDS)


async def _pause(idle: asyncio.Event) -> None:
    await asyncio.sleep(_STEP_SECONDS)
    await idle.wait()
