"""``python -m worker jobs watch``: jobs as they change, by Realtime, until Ctrl-C."""

import asyncio
import contextlib
from typing import Any

from realtime import AsyncRealtimeClient
from realtime.types import RealtimePostgresChangesListenEvent

from worker.cli.following import Say
from worker.config import Settings
from worker.listener import hear_jobs
from worker.operating.desk import Desk, Filters, shown

# Without an event: Realtime may be away, and a hint is all it gives.
_LOOK_SECONDS = 5.0
# Events of one moment are one change of the picture.
_GATHER_SECONDS = 0.2


async def watch(settings: Settings, desk: Desk, filters: Filters, say: Say) -> None:
    """Tell each change of a job's status or progress, a line each, beginning with what there is."""
    changed = asyncio.Event()
    url = f"{settings.supabase_url}/realtime/v1"
    client = AsyncRealtimeClient(url, token=settings.secret_key)
    try:
        await _subscribe(client, changed)
        told: dict[str, tuple[str, ...]] = {}
        while True:
            changed.clear()
            for cells in reversed(shown(await desk.jobs(filters))):
                if told.get(cells[0]) != cells:
                    told[cells[0]] = cells
                    say("  ".join(cells))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await changed.wait()
                    await asyncio.sleep(_GATHER_SECONDS)
    finally:
        with contextlib.suppress(Exception):
            await client.close()


async def _subscribe(client: AsyncRealtimeClient, changed: asyncio.Event) -> None:
    def note(_change: Any) -> None:  # noqa: ANN401 - the client's payload type
        changed.set()

    channel = client.channel("import-watch")
    hear_jobs(channel, RealtimePostgresChangesListenEvent.All, note)
    # A Realtime that is away is no reason not to look.
    with contextlib.suppress(Exception):
        await channel.subscribe()
