"""The Realtime subscription: a hint that a job may be due, never data.

The official client gives up for ever after a few failures and can look joined while it is deaf
(docs/PLATFORM.md), so every trouble ends in a new client.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NoReturn

import structlog
from realtime import AsyncRealtimeChannel, AsyncRealtimeClient
from realtime.types import RealtimePostgresChangesListenEvent, RealtimeSubscribeStates

log = structlog.get_logger()

# A join that was answered delivers nothing until the server's `system` message says so. After a
# restart of the server that takes 1 to 3 seconds; after this many, something is wrong.
_LIVE_WITHIN_SECONDS = 30.0
_FIRST_BACKOFF_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 30.0


class ListenerState(StrEnum):
    """Where the subscription stands."""

    CONNECTING = "connecting"  # opening the socket, joining
    JOINED = "joined"  # the join was answered; changes do not flow yet
    LIVE = "live"  # the server said that changes flow
    DOWN = "down"  # waiting to try again; the poll goes on


class Listener:
    """Subscribes to new and re-opened jobs, for ever, and calls wake for each."""

    def __init__(self, supabase_url: str, key: str, wake: Callable[[], None]) -> None:
        self.state = ListenerState.DOWN
        self._url = f"{supabase_url}/realtime/v1"
        self._key = key
        self._wake = wake

    async def listen(self) -> NoReturn:
        """Keep a subscription alive, rebuilding client and channel after every trouble."""
        failures = 0
        while True:
            was_live = await self._subscribe_until_broken()
            failures = 0 if was_live else failures + 1
            self._enter(ListenerState.DOWN)
            backoff = min(_FIRST_BACKOFF_SECONDS * 2**failures, _LONGEST_BACKOFF_SECONDS)
            await asyncio.sleep(backoff * random.uniform(0.5, 1.0))  # noqa: S311 - jitter

    async def _subscribe_until_broken(self) -> bool:
        """Subscribe, stay until the subscription breaks; whether it ever was live."""
        self._enter(ListenerState.CONNECTING)
        broken = asyncio.Event()
        live = asyncio.Event()
        client = AsyncRealtimeClient(self._url, token=self._key, auto_reconnect=False)
        try:
            channel = self._channel(client, live)
            await channel.subscribe(lambda status, error: self._on_status(status, error, broken))
            async with asyncio.timeout(_LIVE_WITHIN_SECONDS):
                await _first_of(live, broken)
            if live.is_set():
                self._enter(ListenerState.LIVE)
                # Whatever was inserted before this moment was announced to nobody.
                self._wake()
                await broken.wait()
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is to start anew
            log.warning("listener_failed", error=type(error).__name__)
        finally:
            with contextlib.suppress(Exception):
                await client.close()
        return live.is_set()

    def _channel(self, client: AsyncRealtimeClient, live: asyncio.Event) -> AsyncRealtimeChannel:
        # An exception in a callback ends the client's listener silently: they set events, no more.
        def wake(_change: Any) -> None:  # noqa: ANN401 - the client's payload type
            self._wake()

        channel = client.channel("import-worker")
        # Only the key: whole rows with file_data can be larger than a frame may be.
        channel.on_postgres_changes(
            RealtimePostgresChangesListenEvent.Insert,
            wake,
            table="scheduled_jobs",
            schema="public",
            select=["id"],
        )
        # A schedule that was edited, or a job that another worker gave back.
        channel.on_postgres_changes(
            RealtimePostgresChangesListenEvent.Update,
            wake,
            table="scheduled_jobs",
            schema="public",
            filter="status=eq.pending",
            select=["id"],
        )
        channel.on_system(lambda _payload: live.set())
        return channel

    def _on_status(
        self, status: RealtimeSubscribeStates, error: Exception | None, broken: asyncio.Event
    ) -> None:
        if status is RealtimeSubscribeStates.SUBSCRIBED:
            self._enter(ListenerState.JOINED)
        else:
            cause = type(error).__name__ if error else None
            log.warning("listener_broken", status=status.value, error=cause)
            broken.set()

    def _enter(self, state: ListenerState) -> None:
        if state is not self.state:
            self.state = state
            log.info("listener_state", state=state.value)


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
