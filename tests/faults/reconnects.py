"""The listener's memory, file descriptors and tasks over many reconnects.

python -m tests.faults.reconnects [--times 1000]
"""

import argparse
import asyncio
import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path

from devstack import Stack, running
from worker import listener
from worker.listener import Listener, ListenerState
from worker.logs import configure_logs


@dataclass(frozen=True)
class Footprint:
    """What this process holds."""

    kilobytes: int
    descriptors: int
    tasks: int

    def __str__(self) -> str:
        megabytes = self.kilobytes / 1024
        return f"{megabytes:.1f} MB, {self.descriptors} descriptors, {self.tasks} tasks"

    @classmethod
    def now(cls) -> "Footprint":
        status = Path("/proc/self/status").read_text()
        [resident] = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
        descriptors = sum(1 for _ in Path("/proc/self/fd").iterdir())
        return cls(int(resident), descriptors, len(asyncio.all_tasks()))


async def reconnect(stack: Stack, times: int) -> tuple[Footprint, Footprint]:
    """Cut the socket so often; the footprint after the first tenth, and at the end.

    The first tenth is for what a process allocates once: buffers, caches, compiled patterns.
    """
    listener._FIRST_BACKOFF_SECONDS = listener._LONGEST_BACKOFF_SECONDS = 0.01  # noqa: SLF001
    ears = Listener(stack.url, stack.keys.secret, lambda: None)
    listening = asyncio.create_task(ears.listen())
    early = None
    try:
        for time in range(times):
            await _wait_for(ears, live=True)
            if time == times // 10:
                early = Footprint.now()
            await asyncio.to_thread(stack.faults.drop_sockets)
            await _wait_for(ears, live=False)
        await _wait_for(ears, live=True)
        assert early is not None
        return early, Footprint.now()
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening


async def _wait_for(ears: Listener, *, live: bool) -> None:
    async with asyncio.timeout(30):
        while (ears.state is ListenerState.LIVE) is not live:
            await asyncio.sleep(0.005)


def is_flat(early: Footprint, late: Footprint) -> bool:
    """Whether nothing was left behind, give or take what a busy moment holds."""
    return (
        late.descriptors <= early.descriptors + 3
        and late.tasks <= early.tasks + 3
        and late.kilobytes <= early.kilobytes * 1.15
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1000)
    options = parser.parse_args()
    configure_logs("error")
    with running() as stack:
        early, late = asyncio.run(reconnect(stack, options.times))
    print(f"after {options.times // 10:>5,} reconnects: {early}")
    print(f"after {options.times:>5,} reconnects: {late}")
    if not is_flat(early, late):
        print("it grows")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
