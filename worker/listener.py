"""The Realtime subscription: a hint that a job may be due, never data.

The official client gives up for ever after a few failures, and the server can go deaf while it
answers every heartbeat (docs/PLATFORM.md). So every trouble ends in a new client, and a job that
the poll found and no event announced is a trouble.
"""

import asyncio
import contextlib
import math
import random
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NoReturn

import structlog
from realtime import AsyncRealtimeChannel, AsyncRealtimeClient
from realtime.types import RealtimePostgresChangesListenEvent, RealtimeSubscribeStates

from worker.job import Job

log = structlog.get_logger()

# A join that was answered delivers nothing until the server's `system` message says so. After a
# restart of the server that takes 1 to 3 seconds; after this many, something is wrong.
_LIVE_WITHIN_SECONDS = 30.0
# An event may be this late and still be on its way.
_EVENT_WITHIN_SECONDS = 5.0
# Jobs that no event announced until the subscription counts as deaf. A single event can get lost;
# after a database outage deafness is what usually happens.
_MISSED_UNTIL_DEAF = 2
# Announcements remembered. Jobs are claimed seconds after their insert, or scheduled for later.
_REMEMBERED = 10_000
# A subscription that was live this long counts as good.
_LASTING_SECONDS = 10.0
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
        # How often a subscription was thrown away because it was deaf.
        self.times_deaf = 0
        self._url = f"{supabase_url}/realtime/v1"
        self._key = key
        self._wake = wake
        self._live_since = math.inf
        self._announced: dict[str, None] = {}  # in order of arrival
        self._missed = 0
        self._missed_until_deaf = _MISSED_UNTIL_DEAF
        self._deaf = asyncio.Event()

    def suspect_outage(self) -> None:
        """Take note that the database was away: one missed job is now enough."""
        self._missed_until_deaf = 1

    def check(self, job: Job) -> None:
        """Take note of a claimed job, which an event should have announced if we were live."""
        if self.state is not ListenerState.LIVE or job.attempt > 1:
            return
        if str(job.job_id) in self._announced:
            self._missed = 0
            self._missed_until_deaf = _MISSED_UNTIL_DEAF
        elif _EVENT_WITHIN_SECONDS <= job.age_seconds < time.monotonic() - self._live_since:
            self._missed += 1
            log.warning("event_missed", job_id=str(job.job_id), missed=self._missed)
            if self._missed >= self._missed_until_deaf:
                self.times_deaf += 1
                log.warning("listener_deaf", times_deaf=self.times_deaf)
                self._deaf.set()

    async def listen(self) -> NoReturn:
        """Keep a subscription alive, rebuilding client and channel after every trouble."""
        failures = 0
        while True:
            lasted = await self._subscribe_until_broken()
            # A subscription that breaks, or goes deaf, again and again is made less and less often.
            failures = 0 if lasted and not self._deaf.is_set() else failures + 1
            self._enter(ListenerState.DOWN)
            backoff = min(_FIRST_BACKOFF_SECONDS * 2**failures, _LONGEST_BACKOFF_SECONDS)
            await asyncio.sleep(backoff * random.uniform(0.5, 1.0))  # noqa: S311 - jitter

    async def _subscribe_until_broken(self) -> bool:
        """Subscribe, stay until the subscription breaks; whether it lasted."""
        self._enter(ListenerState.CONNECTING)
        self._deaf.clear()
        self._missed = 0
        broken = asyncio.Event()
        live = asyncio.Event()
        self._live_since = math.inf
        client = AsyncRealtimeClient(self._url, token=self._key, auto_reconnect=False)
        try:
            channel = self._channel(client, live)
            await channel.subscribe(lambda status, error: self._on_status(status, error, broken))
            async with asyncio.timeout(_LIVE_WITHIN_SECONDS):
                await _first_of(live, broken)
            if live.is_set():
                self._live_since = time.monotonic()
                self._enter(ListenerState.LIVE)
                # Whatever was inserted before this moment was announced to nobody.
                self._wake()
                await _first_of(broken, self._deaf)
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is to start anew
            log.warning("listener_failed", error=type(error).__name__)
        finally:
            broken.set()
            with contextlib.suppress(Exception):
                await client.close()  # 10 s at most, when the other end is dead
        return time.monotonic() - self._live_since > _LASTING_SECONDS

    def _channel(self, client: AsyncRealtimeClient, live: asyncio.Event) -> AsyncRealtimeChannel:
        # An exception in a callback ends the client's listener silently: these can't raise.
        def announce(change: Any) -> None:  # noqa: ANN401 - the client's payload type
            with contextlib.suppress(Exception):
                self._announced[change["data"]["record"]["id"]] = None
                if len(self._announced) > _REMEMBERED:
                    del self._announced[next(iter(self._announced))]
            self._wake()

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
        channel.on_system(
            lambda message: live.set() if message.extension == "postgres_changes" else None
        )
        return channel

    def _on_status(
        self, status: RealtimeSubscribeStates, error: Exception | None, broken: asyncio.Event
    ) -> None:
        if broken.is_set():
            return  # a timer of a client that we closed already
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
