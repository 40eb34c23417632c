"""Frames of Phoenix channels: JSON objects (1.0.0, realtime-py) or arrays (2.0.0, supabase-js)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

Version = Literal[1, 2]

PARTS = 5  # of a 2.0.0 frame: join_ref, ref, topic, event, payload


@dataclass(frozen=True, slots=True)
class Message:
    """A frame from a client."""

    topic: str
    event: str
    payload: dict[str, Any]
    ref: str | None
    join_ref: str | None


def decode(version: Version, frame: str) -> Message | None:
    """Return the message in a frame; None if it has none: those are ignored (x_malformed_…)."""
    try:
        parsed = json.loads(frame)
    except ValueError:
        return None
    if version == 1 and isinstance(parsed, dict):
        names = ("topic", "event", "payload", "ref", "join_ref")
        topic, event, payload, ref, join_ref = (parsed.get(name) for name in names)
    elif version == 2 and isinstance(parsed, list) and len(parsed) == PARTS:  # noqa: PLR2004
        join_ref, ref, topic, event, payload = parsed
    else:
        return None
    if not isinstance(topic, str) or not isinstance(event, str):
        return None
    return Message(topic, event, payload if isinstance(payload, dict) else {}, ref, join_ref)


def encode(  # noqa: PLR0913 - the parts of a frame
    version: Version,
    topic: str,
    event: str,
    payload: str,
    *,
    ref: str | None = None,
    join_ref: str | None = None,
) -> str:
    """Return the frame of a message; `payload` is JSON already. Only 2.0.0 has a join_ref."""
    if version == 1:
        head = json.dumps({"ref": ref, "event": event, "topic": topic})
        return f'{head[:-1]}, "payload": {payload}}}'
    head = json.dumps([join_ref, ref, topic, event])
    return f"{head[:-1]}, {payload}]"
