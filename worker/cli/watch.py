"""``python -m worker jobs watch``: jobs as they change, by Realtime, until Ctrl-C."""

import asyncio
import contextlib
from functools import partial
from typing import Any

from realtime import AsyncRealtimeClient
from realtime.types import RealtimePostgresChangesListenEvent
from rich.console import Console

from worker.config import Settings
from worker.operating.desk import Desk, Filters, shown

# Without an event: Realtime may be away, and a hint is all it gives.
_LOOK_SECONDS = 5.0
# Events of one moment are one change of the picture.
_GATHER_SECONDS = 0.2


async def watch(settings: Settings, desk: Desk, filters: Filters, console: Console) -> None:
    """Tell each change of a job's status or progress, a line each, beginning with what there is."""
    changed = asyncio.Event()
    key = settings.supabase_secret_key.get_secret_value()
    client = AsyncRealtimeClient(f"{settings.supabase_url}/realtime/v1", token=key)
    say = partial(console.print, markup=False, highlight=False, soft_wrap=True)
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
    channel.on_postgres_changes(
        RealtimePostgresChangesListenEvent.All,
        note,
        table="scheduled_jobs",
        schema="public",
        select=["id"],
    )
    # A Realtime that is away is no reason not to look.
    with contextlib.suppress(Exception):
        await channel.subscribe()
