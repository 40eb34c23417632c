"""The outbox in the database: supabase/migrations/*_deliveries.sql says what calls promise."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from supabase import AsyncClient

from worker.connection import TransientError
from worker.exceptions import DatabaseUnavailableError
from worker.operating.answers import answer, ask
from worker.operating.notifying.delivery import Delivery, Verdict
from worker.operating.notifying.schedule import retry_in

# Longer than a try takes, so that nobody sends what is being sent.
_LEASE_SECONDS = 60

_SHOWN = (
    "id,kind,status,attempts,next_try_at,ended_at,last_error,channel_id,notification_id,"
    "import_notifications(event,organization_id,created_at,job_id,data)"
)
_CHANNEL = (
    "id,organization_id,profile_id,kind,events,scope,is_enabled,disabled_reason,last_delivered_at,"
    "last_failed_at,last_failure"
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim gave."""

    deliveries: tuple[Delivery, ...]
    # Seconds until the next one is due; None: none is in sight.
    next_in: float | None


class Outbox:
    """One project's outbox. Every method raises DatabaseUnavailableError, RequestRefusedError."""

    def __init__(self, client: AsyncClient, worker_id: str) -> None:
        self._client = client
        self._worker_id = worker_id

    async def claim(self, kinds: Collection[str], most: int, only: UUID | None = None) -> Claimed:
        """Take what is due; with only, that delivery. Once: what a lost answer took comes again."""
        arguments = {
            "worker_id": self._worker_id,
            "lease_seconds": _LEASE_SECONDS,
            "most": most,
            "kinds": sorted(kinds),
            "one": None if only is None else str(only),
        }
        try:
            claim = self._client.rpc("claim_notifications", arguments)
            told = (await answer("claim_notifications", claim)).data
        except TransientError as error:
            raise DatabaseUnavailableError(str(error)) from None
        deliveries = tuple(Delivery.from_json(one) for one in told["deliveries"])
        return Claimed(deliveries, told["next_in"])

    async def settle(self, delivery: Delivery, verdict: Verdict) -> str | None:
        """Say how a try went; the delivery's status now, None if it is not there any more."""
        again = verdict.outcome == "retry"
        told = await self._call(
            "settle_notification",
            {
                "delivery_id": str(delivery.id),
                "attempt": delivery.attempt,
                "outcome": verdict.outcome,
                "error": verdict.error,
                "retry_in": retry_in(delivery.attempt, verdict.retry_after) if again else None,
            },
        )
        status: str | None = told["status"]
        return status

    async def release(self, delivery: Delivery) -> None:
        """Give a delivery back that was not tried to its end."""
        await self._call(
            "settle_notification",
            {
                "delivery_id": str(delivery.id),
                "attempt": delivery.attempt,
                "outcome": "released",
            },
        )

    async def replay(self, of_id: UUID | None) -> int:
        """Send an entry or a delivery again; None: all that failed. How many."""
        # Once more by chance does no harm: receivers know it by its id.
        return int(
            await self._call(
                "replay_notifications", {"of_id": None if of_id is None else str(of_id)}
            )
        )

    async def test(self, channel_id: UUID) -> UUID | None:
        """Make a delivery that only tests a channel; None: there is no such channel."""
        made = await self._call("test_notification", {"of_channel": str(channel_id)})
        return None if made is None else UUID(made)

    async def unsubscribe(self, token: UUID) -> bool:
        """Switch off the channel with this token; whether there is one."""
        return bool(await self._call("unsubscribe_notifications", {"token": str(token)}))

    async def deliveries(
        self, status: str | None, of_id: UUID | None, most: int
    ) -> list[dict[str, Any]]:
        """List deliveries, the newest first, each with its entry (import_notifications)."""
        query = self._client.table("notification_deliveries").select(_SHOWN)
        if status is not None:
            query = query.eq("status", status)
        if of_id is not None:
            query = query.or_(f"id.eq.{of_id},notification_id.eq.{of_id},channel_id.eq.{of_id}")
        ordered = query.order("next_try_at", desc=True).order("id").limit(most)
        return list(await ask("deliveries", ordered))

    async def channels(self, most: int) -> list[dict[str, Any]]:
        """List channels, those that failed last first; without secrets."""
        query = self._client.table("notification_channels").select(_CHANNEL)
        ordered = query.order("last_failed_at", desc=True, nullsfirst=False).order("id").limit(most)
        return list(await ask("channels", ordered))

    async def _call(self, function: str, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401 - what a function returns
        return await ask(function, self._client.rpc(function, dict(arguments)))
