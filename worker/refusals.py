"""Why Realtime does not serve us: in its words, and what to do about it in ours."""

import json
import re
from dataclasses import dataclass
from typing import Self

from realtime.types import RealtimeSubscribeStates
from websockets.exceptions import ConnectionClosed, InvalidStatus

# A log line holds the reason, not the page that a proxy sends with it.
_LONGEST_WORDS = 300

_KEY = "set SUPABASE_SECRET_KEY to a secret key of this project, from Project Settings > API Keys"
# What does not pass by itself. The first that fits; the words are the server's (tests/data/realtime
# and https://supabase.com/docs/guides/realtime/error_codes) or the hosted gateway's.
_ADVICE = (
    (
        r"check Realtime is enabled",
        "the publication supabase_realtime lacks the table scheduled_jobs: apply the migrations",
    ),
    (
        r"Unable to subscribe to changes|Error parsing `filter`|No subscription params",
        "the table scheduled_jobs is not as the migrations make it: apply them",
    ),
    (r"(?i)expired", f"the key has expired: {_KEY}"),
    (r"(?i)signature", f"the key was signed by another project, or before a rotation: {_KEY}"),
    (r"(?i)rate ?limit|too ?many|HTTP 429", "Realtime's limits of this project are reached"),
    (r"DisabledForTenant|Suspended", "Realtime is switched off for this project: ask Supabase"),
    (r"(?i)jwt|api ?key|token|unauthori|HTTP 40[13]", f"the key is none of this project: {_KEY}"),
    (r"HTTP 404|TenantNotFound", "there is no Realtime at this address: check SUPABASE_URL"),
)

_STATUS_WORDS = {
    RealtimeSubscribeStates.TIMED_OUT: "the join was not answered",
    RealtimeSubscribeStates.CLOSED: "the server closed the channel",
    RealtimeSubscribeStates.CHANNEL_ERROR: "the channel failed",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a subscription could not be made, or ended."""

    # What the server said, if it said something.
    said: str
    # What to do about it; None where it may well pass by itself.
    advice: str | None

    @classmethod
    def of(cls, error: BaseException | None, status: RealtimeSubscribeStates | None = None) -> Self:
        """Read what the client was told: an exception of it, a channel's status, or both."""
        if error is None:
            said = _STATUS_WORDS.get(status, "unknown") if status else "unknown"
        elif isinstance(error, InvalidStatus):
            body = (error.response.body or b"").decode(errors="replace")
            said = f"HTTP {error.response.status_code}: {_words(body)}".removesuffix(": ")
        elif isinstance(error, ConnectionClosed):
            said = f"the connection ended: {error}"
        elif status is RealtimeSubscribeStates.CHANNEL_ERROR:
            said = _words(str(error))
        else:
            said = type(error).__name__  # its text may quote the address, with the key in it
        said = " ".join(said.split())[:_LONGEST_WORDS]
        advice = (advice for pattern, advice in _ADVICE if re.search(pattern, said))
        return cls(said, next(advice, None))

    def __str__(self) -> str:
        """Tell both in one line."""
        return f"{self.said} ({self.advice})" if self.advice else self.said


def _words(text: str) -> str:
    """Find the sentence in an error, whichever part wrote it; the error itself if there is none."""
    try:
        error = json.loads(text)
    except ValueError:
        return text
    if not isinstance(error, dict):
        return text
    # A refused join, a system message and the hosted gateway, the server at the connect.
    for name in ("reason", "message", "error"):
        if isinstance(error.get(name), str):
            return str(error[name])
    return text
