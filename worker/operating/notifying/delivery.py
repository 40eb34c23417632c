"""What is to be sent to whom, and how it went."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Delivery:
    """One entry of the outbox on its way through one channel, ours until its lease runs out."""

    id: UUID
    # 1 for the first try.
    attempt: int
    # "email" or "webhook".
    kind: str
    # The entry: the same for each try and each channel, so that receivers know a repetition.
    notification_id: UUID
    # As docs/NOTIFICATIONS.md has them: "import.completed" and so on.
    event: str
    organization_id: str
    # When it happened.
    created_at: datetime
    channel_id: UUID
    # What there is to tell: docs/NOTIFICATIONS.md has the keys.
    data: Mapping[str, Any]
    # The organization's name.
    organization: str = ""
    # Of mail.
    address: str = ""
    language: str = "en"
    unsubscribe_token: str = ""
    # Of a webhook. The newest secret first; a second one while it is being changed.
    url: str = ""
    secrets: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, claimed: Mapping[str, Any]) -> Self:
        """Read one of claim_notifications; what a newer database says beyond is ignored."""
        known = {field.name for field in fields(cls)}
        return cls(
            **{name: value for name, value in claimed.items() if name in known}
            | {name: UUID(claimed[name]) for name in ("id", "notification_id", "channel_id")}
            | {
                "created_at": datetime.fromisoformat(claimed["created_at"]),
                "secrets": tuple(claimed.get("secrets", ())),
            }
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a try went, as settle_notification takes it."""

    outcome: Literal["delivered", "retry", "failed", "gone"]
    # Why not, in words, for whoever set up the channel: nothing that was sent or answered.
    error: str | None = None
    # Seconds that the receiver asks for before the next try.
    retry_after: float = 0


DELIVERED = Verdict("delivered")

# Tries once, and never raises but for a cancel.
Send = Callable[[Delivery], Awaitable[Verdict]]
