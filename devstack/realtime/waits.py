"""How long the real server takes over some things."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds, as the transcripts named show them. A conformance test wants them shorter."""

    heartbeat: float = 66.0  # without any frame from the client, until it closes (x_no_heartbeat)
    connect_refusal: float = 2.0  # until it refuses an API key (e_connect_*)
    join_refusal: float = 5.0  # until it refuses a join (e_join_*)

    def scaled(self, factor: float) -> Waits:
        """All of them, multiplied."""
        return Waits(
            self.heartbeat * factor,
            self.connect_refusal * factor,
            self.join_refusal * factor,
        )
