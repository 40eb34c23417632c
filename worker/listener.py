"""The Realtime subscription: a hint that a job may be due, never data.

The official client gives up for ever after a few failures, and the server can go deaf while it
answers every heartbeat (docs/PLATFORM.md). So every trouble ends in a new client, and jobs that no
event announced are a trouble (worker/announcements.py).
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

from worker.announcements import Announcements
from worker.job import Claim
from worker.refusals import Refusal

log = structlog.get_logger()

# A join that was answered delivers nothing until the server's `system` message says so. After a
# restart of the server that takes 1 to 3 seconds; after this many, something is wrong.
_LIVE_WITHIN_SECONDS = 30.0
# A subscription that was live this long counts as good.
_LASTING_SECONDS = 10.0
_FIRST_BACKOFF_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 30.0
_MOST_DOUBLINGS = 10  # after a night of failures 2**n is no float any more
# The longest while the database answers: then Realtime may be back at any moment, too.
_LONGEST_WHILE_ANSWERED_SECONDS = 4.0


class ListenerState(StrEnum):
    """Where the subscription stands."""

    CONNECTING = "connecting"  # opening the socket, joining
    JOINED = "joined"  # the join was answered; changes do not flow yet
    LIVE = "live"  # the server said that changes flow
    DOWN = "down"  # waiting to try again; the poll goes on


def hear_jobs(
    channel: AsyncRealtimeChannel,
    event: RealtimePostgresChangesListenEvent,
    hear: Callable[[Any], None],
    condition: str | None = None,
) -> None:
    """Have a channel tell of changes of jobs, whose condition is as PostgREST writes filters.

    Of each comes the key alone: whole rows with file_data can be larger than a frame may be. What
    hear raises ends the client's listener silently.
    """
    channel.on_postgres_changes(
        event, hear, table="scheduled_jobs", schema="public", filter=condition, select=["id"]
    )


class Listener:
    """Subscribes to new and re-opened jobs, for ever, and calls wake for each."""

    def __init__(self, supabase_url: str, key: str, wake: Callable[[], None]) -> None:
        self.state = ListenerState.DOWN
        # How often a subscription was thrown away because it was deaf.
        self.times_deaf = 0
        # Why there is no subscription; None while there is one.
        self.trouble: Refusal | None = None
        self._is_repeating = False  # the trouble: it was met more than once
        self._url = f"{supabase_url}/realtime/v1"
        self._key = key
        self._wake = wake
        self._live_since = math.inf
        self._announcements = Announcements()
        self._judgement: asyncio.TimerHandle | None = None
        self._deaf = asyncio.Event()
        self._answered = asyncio.Event()  # the last claim

    def suspect_outage(self) -> None:
        """Take note that the database did not answer."""
        self._answered.clear()
        self._announcements.suspect_outage()

    def check(self, claim: Claim, asked_at: float) -> None:
        """Take note of an answer of the database, which was asked at asked_at (monotonic time).

        It costs nothing beside: what Realtime must have announced is judged when the time comes.
        """
        self._answered.set()
        self._announcements.expect(claim.inserts(), asked_at)
        self._judge_in_time()

    async def listen(self) -> NoReturn:
        """Keep a subscription alive, rebuilding client and channel after every trouble."""
        failures = 0
        while True:
            lasted = await self._subscribe_until_broken()
            # A subscription that breaks again and again is made less and less often.
            failures = 0 if lasted else failures + 1
            self._enter(ListenerState.DOWN)
            await self._back_off(failures)

    async def _back_off(self, failures: int) -> None:
        doublings = min(failures, _MOST_DOUBLINGS)
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        seconds = min(_FIRST_BACKOFF_SECONDS * 2**doublings, _LONGEST_BACKOFF_SECONDS) * jitter
        if self.trouble is not None and self.trouble.advice is not None:
            await asyncio.sleep(seconds)  # it is refused for good, however well the database is
            return
        soon = min(seconds, _LONGEST_WHILE_ANSWERED_SECONDS * jitter)
        await asyncio.sleep(soon)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds - soon):
                await self._answered.wait()
                # Workers that saw an outage end together shall not come together.
                await asyncio.sleep(_FIRST_BACKOFF_SECONDS * random.random())  # noqa: S311

    async def _subscribe_until_broken(self) -> bool:
        """Subscribe, stay until the subscription breaks; whether it lasted."""
        self._enter(ListenerState.CONNECTING)
        self._deaf.clear()
        broken = asyncio.Event()
        live = asyncio.Event()
        self._live_since = math.inf
        client = AsyncRealtimeClient(self._url, token=self._key, auto_reconnect=False)
        try:
            channel = self._channel(client, live)
            await channel.subscribe(lambda status, error: self._on_status(status, error, broken))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LIVE_WITHIN_SECONDS):
                    await _first_of(live, broken)
            if live.is_set() and not broken.is_set():
                self._begin()
                await _first_of(broken, self._deaf)
            elif not broken.is_set():
                silence = "the join was answered, but changes did not begin to flow"
                self._note("listener_failed", Refusal(silence, None))
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is to start anew
            self._note("listener_failed", Refusal.of(error))
        finally:
            broken.set()
            self._announcements.end()
            self._judge_in_time()
            with contextlib.suppress(Exception):
                await client.close()  # 10 s at most, when the other end is dead
        return time.monotonic() - self._live_since > _LASTING_SECONDS

    def _begin(self) -> None:
        self._live_since = time.monotonic()
        self._announcements.begin()
        self.trouble = None
        self._is_repeating = False
        self._enter(ListenerState.LIVE)
        # Whatever was inserted before this moment was announced to nobody.
        self._wake()

    def _channel(self, client: AsyncRealtimeClient, live: asyncio.Event) -> AsyncRealtimeChannel:
        # An exception in a callback ends the client's listener silently: these can't raise.
        def announce(change: Any) -> None:  # noqa: ANN401 - the client's payload type
            with contextlib.suppress(Exception):
                self._announcements.hear(change["data"]["record"]["id"])
            self._wake()

        def wake(_change: Any) -> None:  # noqa: ANN401 - the client's payload type
            self._announcements.hear()
            self._wake()

        channel = client.channel("import-worker")
        hear_jobs(channel, RealtimePostgresChangesListenEvent.Insert, announce)
        # A schedule that was edited, or a job that another worker gave back.
        hear_jobs(channel, RealtimePostgresChangesListenEvent.Update, wake, "status=eq.pending")
        channel.on_system(
            lambda message: live.set() if message.extension == "postgres_changes" else None
        )
        return channel

    def _on_status(
        self, status: RealtimeSubscribeStates, error: Exception | None, broken: asyncio.Event
    ) -> None:
        if broken.is_set():
            return  # a timer of a client that we closed already, or the end of what failed before
        if status is RealtimeSubscribeStates.SUBSCRIBED:
            self._enter(ListenerState.JOINED)
        else:
            self._note("listener_broken", Refusal.of(error, status))
            broken.set()

    def _judge_in_time(self) -> None:
        """Judge what is expected when the first of it is due."""
        if self._judgement is not None:
            self._judgement.cancel()
            self._judgement = None
        if (due := self._announcements.next_judgement) is not None:
            seconds = due - time.monotonic()
            self._judgement = asyncio.get_running_loop().call_later(seconds, self._judge)

    def _judge(self) -> None:
        if self._announcements.judge() and not self._deaf.is_set():
            self.times_deaf += 1
            log.warning("listener_deaf", times_deaf=self.times_deaf)
            self._deaf.set()
        self._judge_in_time()

    def _note(self, event: str, refusal: Refusal) -> None:
        """Log a trouble once, not each time that it is met again; worker_gauges repeats it."""
        refusal = Refusal(refusal.said.replace(self._key, "[key]"), refusal.advice)
        self._is_repeating = refusal == self.trouble
        self.trouble = refusal
        if not self._is_repeating:
            log.warning(event, said=refusal.said, advice=refusal.advice)

    def _enter(self, state: ListenerState) -> None:
        if state is not self.state:
            self.state = state
            # In a trouble that was told they come round every few seconds.
            (log.debug if self._is_repeating else log.info)("listener_state", state=state.value)


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
