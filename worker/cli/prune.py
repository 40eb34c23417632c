"""``python -m worker prune``: forget at once what is older than the settings say."""

import asyncio
from collections import Counter
from contextlib import aclosing

from rich.console import Console

from worker.config import Settings
from worker.connection import connect
from worker.operating.pruning import KINDS, prune
from worker.queue import JobQueue
from worker.storage import FileStore

_CALLED = {
    "records": "jobs' rows",
    "shared_rows": "repeating jobs' rows",
    "errors": "refused rows",
    "changes": "change sets",
    "runs": "runs, summed up by day",
    "merged": "merged duplicates",
    "notifications": "notifications",
    "files": "files",
}
# After jobs that were changed: Realtime loses what is more than some hundred changes a second.
_PAUSE_SECONDS = 1.0


async def prune_now(settings: Settings, console: Console, *, dry_run: bool) -> int:
    """Prune everything once and tell how much went; the exit code.

    Raises:
        DatabaseUnavailableError, RequestRefusedError: what went until then is gone, the rest waits.

    """
    removed: Counter[str] = Counter()
    async with (
        connect(settings.supabase_url, settings.secret_key, for_calls=True) as client,
        connect(settings.supabase_url, settings.secret_key) as files,
    ):
        queue = JobQueue(client, "python -m worker prune", settings.worker_lease_seconds)
        store = FileStore(files, settings.worker_file_limit_mb)
        async with aclosing(prune(queue, store, dry_run=dry_run)) as steps:
            async for kind, step in steps:
                removed[kind] += step.removed
                if kind == "records" and step.removed and not dry_run:
                    await asyncio.sleep(_PAUSE_SECONDS)
    verb = "would be removed" if dry_run else "removed"
    for kind in KINDS:
        console.print(f"{removed[kind]:>9,} {_CALLED[kind]} {verb}", highlight=False)
    return 0
