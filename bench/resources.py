"""What processes have used, as Linux tells."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """What a part has used since it started."""

    cpu_seconds: float
    # Peak resident set of the process and its children, each at its own peak; MB.
    peak_mb: float


def usage(pid: int) -> Usage:
    """Add up a process, its living children, and the CPU time of those it has buried."""
    seconds, peak = 0.0, 0.0
    for member in _family(pid):
        try:
            stat = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            status = Path(f"/proc/{member}/status").read_text()
        except OSError:
            continue  # it has just ended
        # utime, stime, and the same of children that were waited for
        seconds += sum(map(int, stat[11:15])) / _TICK
        peak += next(
            (int(line.split()[1]) / 1024 for line in status.splitlines() if "VmHWM" in line), 0.0
        )
    return Usage(seconds, peak)


def forget_peak(pid: int) -> None:
    """Start measuring the peak anew: https://docs.kernel.org/filesystems/proc.html (clear_refs)."""
    for member in _family(pid):
        try:
            Path(f"/proc/{member}/clear_refs").write_text("5")
        except OSError:
            continue


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _family(int(child))
