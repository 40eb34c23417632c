"""What becomes of a child when its parent is killed."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: a child that has just been forked should load nothing.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def tie_to_parent(parent: int, death_signal: signal.Signals) -> None:
    """Between fork and exec: ask for `death_signal` when the process `parent` dies.

    Only Linux has this; elsewhere orphans are found by what state.json has recorded. The kernel
    forgets it when a process changes its user, so do that first.
    """
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() != parent:
        os._exit(1)  # it died before we could ask
