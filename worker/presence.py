"""What a worker says of itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Presence:
    """A worker process as the table import_workers has it."""

    # Of the program.
    version: str
    # The machine, dyno or container.
    host: str
    # Where its subscription stands: "connecting", "joined", "live" or "down".
    listener: str
    # How often its subscription was made anew because it had gone deaf.
    times_deaf: int
    # Jobs that it takes at a time.
    concurrency: int
    # Jobs that it has.
    runs: int
