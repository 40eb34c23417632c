"""Faults: what the gateway can be told to do wrong, and how tests and benchmarks tell it.

    with FaultControl(stack.url, stack.keys.secret).injected(Faults(latency_ms=50)):
        ...

Calls block for a millisecond or two; the gateway is a process of its own, so an event loop may
make them.
"""

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Action = Literal["status", "drop", "lose_answer", "delay", "hold", "hold_answer"]
RealtimeMode = Literal["normal", "refused", "flapping", "silent", "deaf"]

# How long to wait for what is certain to come, on the slowest machine.
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class HttpRule:
    """What to do to requests whose path contains `path` (and that have this `method`).

    The first rule that matches and still has some `count` left is applied.

    action: `status` answers in place of the part behind; `drop` closes the connection before the
    request gets there; `lose_answer` forwards it, waits until it is done, then closes the
    connection without an answer; `delay` waits `delay_ms` and goes on; `hold` keeps the request
    until the faults are changed, then lets it go on; `hold_answer` does so with the answer. Whoever
    sent it stands between two steps meanwhile, and something can be done to it there.
    count: how many requests it applies to (None: for ever), after letting `skip` of them pass.
    """

    path: str
    action: Action
    method: str | None = None
    count: int | None = None
    skip: int = 0
    status: int = 503
    retry_after: int | None = None  # seconds
    body: str = '{"message": "a fault injected by the devstack"}'
    delay_ms: float = 0


@dataclass(frozen=True)
class Faults:
    """Everything that the gateway does wrong at present; the default is nothing.

    latency_ms: added to each HTTP request and to each websocket's connect.
    realtime: `refused` answers 503 to the upgrade; `flapping` closes each socket `flap_seconds`
    after it was opened (or after the mode was set); `silent` accepts sockets, forwards nothing
    either way and closes nothing; `deaf` forwards everything but `postgres_changes` events. The
    mode applies to open sockets too.
    """

    latency_ms: float = 0
    http: tuple[HttpRule, ...] = ()
    realtime: RealtimeMode = "normal"
    flap_seconds: float = 1

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Faults":
        """Build it from what `asdict` made. Raises TypeError on a name that is none of ours."""
        rules = tuple(HttpRule(**rule) for rule in content.get("http", ()))
        return cls(**{**content, "http": rules})


@dataclass
class Counters:
    """What went through the gateway since it started or was last told to forget.

    requests: by method and path, as in `"POST /rest/v1/rpc/claim_import_jobs"`.
    injected: faults by action. held: requests that are held now.
    sockets_open: websockets now; sockets_opened: in all. changes: frames that told a client of a
    change. bytes_in, bytes_out: bodies and frames, from and to clients.
    """

    requests: dict[str, int] = field(default_factory=dict)
    injected: dict[str, int] = field(default_factory=dict)
    held: int = 0
    sockets_open: int = 0
    sockets_opened: int = 0
    changes: int = 0
    bytes_in: int = 0
    bytes_out: int = 0


class FaultControl:
    """Tells the gateway at `url` what to do wrong. `secret` is the secret key."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = f"{url}/_devstack"
        self._secret = secret

    def set(self, faults: Faults) -> None:
        """Replace the faults in force, and let go on what those before held."""
        self._ask("PUT", "faults", asdict(faults))

    def clear(self) -> None:
        """Go back to no faults at all."""
        self._ask("DELETE", "faults")

    def get(self) -> tuple[Faults, Counters]:
        """Return the faults in force and the counters."""
        content = self._ask("GET", "faults")
        return Faults.from_json(content["faults"]), Counters(**content["counters"])

    def reset_counters(self) -> None:
        """Start counting from zero; `sockets_open` stays what it is."""
        self._ask("DELETE", "counters")

    def drop_sockets(self) -> int:
        """Abort every open websocket, without a close frame; return how many there were."""
        return int(self._ask("DELETE", "sockets")["dropped"])

    def wait_until_held(self, count: int = 1) -> None:
        """Return once the gateway holds this many requests.

        Raises:
            TimeoutError: it does not in two minutes; nobody makes that call.

        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (held := self.get()[1].held) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the gateway holds {held} requests, not {count}")
            time.sleep(0.01)

    @contextmanager
    def injected(self, faults: Faults) -> Iterator[None]:
        """Have `faults` in force inside the `with`, and none after it."""
        self.set(faults)
        try:
            yield
        finally:
            self.clear()

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - the URL is our own
            f"{self._url}/{path}",
            method=method,
            headers={"apikey": self._secret, "content-type": "application/json"},
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - the same
            content: dict[str, Any] = json.load(response)
        return content
