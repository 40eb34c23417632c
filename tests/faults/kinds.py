"""The fault kinds, by the name they have on the command line and in the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tests.faults import (
    bids,
    crowd,
    incumbent,
    kills,
    listening,
    mix,
    outages,
    poison,
    races,
    signals,
    undo,
    upload,
)
from tests.faults.scenario import Scenario


@dataclass(frozen=True)
class Kind:
    """A kind of fault."""

    title: str
    inject: Callable[[Scenario], None]


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "kill-between": Kind("kill -9 between two steps of the protocol", kills.between_steps),
        "signal-between": Kind("SIGTERM and SIGINT between two steps", signals.between_steps),
        "sigterm-claiming": Kind("SIGTERM while the claim hangs", signals.while_the_claim_hangs),
        "clock": Kind("workers' clocks 10 minutes off", crowd.clock_off),
        "crowd": Kind("8 workers on one queue", crowd.eight_workers),
        "kill": Kind("kill -9 at random moments", kills.at_random),
        "bids": Kind("kill -9 in the middle of bids", bids.bids),
        "upload": Kind("one upload in many jobs, killed again and again", upload.upload),
        "undo": Kind("kill -9 in the middle of undoing an upload", undo.undo),
        "postgres-restarted": Kind("PostgreSQL restarted", outages.postgres_restarted),
        "postgres-killed": Kind("PostgreSQL killed", outages.postgres_killed),
        "postgrest-down": Kind("PostgREST killed, down for seconds", outages.postgrest_down),
        "postgrest-slow": Kind("PostgREST slow", outages.postgrest_slow),
        "503": Kind("503 to every call", outages.answers_503),
        "502": Kind("502 with a proxy's HTML page", outages.answers_502_html),
        "429": Kind("429 with Retry-After", outages.answers_429),
        "answers-lost": Kind("answers lost after the call was applied", outages.answers_lost),
        "connections-dropped": Kind("connections dropped", outages.connections_dropped),
        "realtime-refused": Kind("Realtime refused", listening.refused),
        "realtime-flapping": Kind("Realtime flapping", listening.flapping),
        "realtime-silent": Kind("Realtime silent", listening.silent),
        "realtime-deaf": Kind("Realtime deaf", listening.deaf),
        "realtime-dropped": Kind("Realtime sockets cut", listening.dropped),
        "sigterm": Kind("SIGTERM and SIGINT in waves", signals.waves),
        "second-signal": Kind("a second signal", signals.second_signal),
        "poison": Kind("a job that kills its worker", poison.poison),
        "cancel": Kind("cancelled at any moment", races.cancel),
        "delete": Kind("deleted at any moment", races.delete),
        "incumbent": Kind("the browser-side processor competes", incumbent.incumbent),
        "mix": Kind("all of them at random", mix.everything),
    }
)
