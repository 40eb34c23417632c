"""Whether Realtime announces jobs: a join, the server's word that changes flow, a probe event.

The probe is a cancelled job, inserted for a second in an organization that nobody looks at where
there is one, and deleted again: no worker claims it, and the CRM shows no toast.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from realtime import AsyncRealtimeClient
from realtime.types import RealtimePostgresChangesListenEvent, RealtimeSubscribeStates

from worker.listener import hear_jobs
from worker.operating.doctor.account import health
from worker.operating.doctor.check import Check, Finding, UnanswerableError
from worker.operating.doctor.patient import NotAnsweredError, Patient, answered
from worker.refusals import Refusal

_LIVE_WITHIN_SECONDS = 15.0
_EVENT_WITHIN_SECONDS = 10.0
_CREATOR = "python -m worker doctor"
_STATUS = "look at the project's Realtime in the dashboard, and at https://status.supabase.com"


@dataclass(slots=True)
class _Ear:
    """What a subscription was told."""

    is_live: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    has_heard: asyncio.Event = field(default_factory=asyncio.Event)
    refusal: Refusal | None = None

    def end(self, refusal: Refusal) -> None:
        if not self.is_over.is_set():
            self.refusal = refusal
            self.is_over.set()


async def look(patient: Patient) -> list[Finding]:
    """Subscribe as a worker does, then see an event of our own come."""
    probe_id = str(uuid4())
    async with _subscribed(patient, probe_id) as ear:
        if not await _within(_LIVE_WITHIN_SECONDS, ear.is_live, ear.is_over):
            said = "the join was answered, but changes did not begin to flow"
            ear.end(Refusal(said, None))
        if ear.refusal is not None:
            said = f"Realtime does not serve the worker: {ear.refusal.said}."
            return [Finding("error", said, ear.refusal.advice or _STATUS)]
        return await _probe(patient, probe_id, ear)


async def _probe(patient: Patient, probe_id: str, ear: _Ear) -> list[Finding]:
    organization_id = (await health(patient))["probe_organization"]
    if organization_id is None:
        said = "There is no organization yet, so no event was sent to see it come."
        return [Finding("note", said, "run the doctor again when the CRM has one")]
    jobs = patient.client.table("scheduled_jobs")
    now = datetime.now(UTC).isoformat()
    row = {
        "id": probe_id,
        "organization_id": organization_id,
        "job_type": "import",
        "data_type": "inventory",
        "scheduled_time": now,
        "completed_at": now,
        "status": "cancelled",
        "creator_name": _CREATOR,
        "file_name": "connection test",
    }
    try:
        await answered(jobs.insert(row))
        came = await _within(_EVENT_WITHIN_SECONDS, ear.has_heard, ear.is_over)
    except NotAnsweredError as error:
        raise UnanswerableError(f"the probe: {error}") from None
    finally:
        # This one, and what a doctor left who was called away.
        with contextlib.suppress(NotAnsweredError):
            await answered(jobs.delete().eq("creator_name", _CREATOR).eq("status", "cancelled"))
    if came and ear.has_heard.is_set():
        return []
    said = (
        f"Realtime is deaf: it says that changes flow, and announced none in "
        f"{_EVENT_WITHIN_SECONDS:.0f} seconds. Workers find jobs by their poll meanwhile."
    )
    return [Finding("error", said, _STATUS)]


@asynccontextmanager
async def _subscribed(patient: Patient, probe_id: str) -> AsyncIterator[_Ear]:
    ear = _Ear()
    url = f"{patient.settings.supabase_url}/realtime/v1"
    client = AsyncRealtimeClient(url, token=patient.settings.secret_key, auto_reconnect=False)

    def hear(change: object) -> None:
        # An exception in a callback would end the client's listener silently.
        if probe_id in str(change):
            ear.has_heard.set()

    def note(status: RealtimeSubscribeStates, error: Exception | None) -> None:
        if status is not RealtimeSubscribeStates.SUBSCRIBED:
            ear.end(Refusal.of(error, status))

    channel = client.channel("import-doctor")
    hear_jobs(channel, RealtimePostgresChangesListenEvent.Insert, hear)
    channel.on_system(
        lambda message: ear.is_live.set() if message.extension == "postgres_changes" else None
    )
    try:
        await channel.subscribe(note)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        ear.end(Refusal.of(error))
    try:
        yield ear
    finally:
        ear.is_over.set()
        with contextlib.suppress(Exception):
            await client.close()


async def _within(seconds: float, *events: asyncio.Event) -> bool:
    """Wait for the first of some events; whether one came."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    return bool(done)


CHECK = Check("realtime", "a Realtime subscription, and an event of our own", look)
