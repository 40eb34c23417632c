"""What a child that reads a stranger's workbook may do, set by the child itself."""

import contextlib
import ctypes
import os
import resource
import signal
import sys

_MEBIBYTE = 1 << 20
# Enough for a sheet of a million rows and ten columns.
_MOST_DATA = 1536 * _MEBIBYTE
# A second fence, for kernels that count no data: libraries take address space that they never use.
_MOST_ADDRESSES = 4096 * _MEBIBYTE
# Of the spool: a short text that a million cells share is written a million times.
_MOST_WRITTEN = 1024 * _MEBIBYTE
_MOST_CPU_SECONDS = 120

_PR_SET_PDEATHSIG = 1


def confine(parent: int, most_data: int = _MOST_DATA) -> None:
    """Limit this process, leave it deaf to the platform's signals and tie it to its parent.

    The platform sends SIGTERM to every process at once; the parent decides what follows.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent:
        os._exit(1)  # it died before we could ask
    os.umask(0o077)
    _limit(resource.RLIMIT_CORE, 0)  # it would hold the rows
    _limit(resource.RLIMIT_DATA, most_data)
    _limit(resource.RLIMIT_AS, _MOST_ADDRESSES)
    _limit(resource.RLIMIT_FSIZE, _MOST_WRITTEN)
    _limit(resource.RLIMIT_CPU, _MOST_CPU_SECONDS)


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    # Not every system has every limit; the parent's clock is there in any case.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (most, hard))
