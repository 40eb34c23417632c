"""A worker's pulse: whether its event loop still turns, told to this machine alone.

It needs no port, no network and no database, so a container is not restarted because Supabase is
away. It beats until the process ends, also while that waits for its last batches.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

from worker.scratch import living_directories, scratch_directory

_FILE = "pulse"
_BEAT_SECONDS = 5.0
# A beat that is this late: the loop hangs, or the machine does.
SILENCE_SECONDS = 30.0


class Pulse(NamedTuple):
    """A worker process of this machine that lives, and how long ago it last beat, in seconds."""

    pid: int
    age_seconds: float


async def beat() -> NoReturn:
    """Beat until cancelled."""
    with scratch_directory() as directory:
        while True:
            _write(directory / _FILE)
            await asyncio.sleep(_BEAT_SECONDS)


def _write(file: Path) -> None:
    draft = file.with_suffix(".new")
    # The monotonic clock is the machine's, and nobody sets it.
    draft.write_text(str(time.monotonic()))
    draft.replace(file)


def feel_pulses() -> Iterator[Pulse]:
    """Find the workers of this machine whose process lives."""
    for pid, directory in living_directories():
        with suppress(OSError):  # no worker's directory, or one that ends
            yield Pulse(pid, time.monotonic() - float((directory / _FILE).read_text()))
