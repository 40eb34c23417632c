"""Ports on loopback."""

import os
import socket
from collections.abc import Iterator

from devstack.state import DevstackError

HOST = "127.0.0.1"
# Below what kernels give to outgoing connections, so that none takes a port between our look and
# the part's bind.
_RANGE = range(20000, 32000)
_APART = 16  # more than a stack needs


def _candidates() -> Iterator[int]:
    """Go through the range from a place of this process's own.

    Stacks that start at the same moment do so in processes of different pids.
    """
    first = os.getpid() * _APART
    for step in range(len(_RANGE)):
        yield _RANGE[(first + step) % len(_RANGE)]


_untried = _candidates()  # one for the process: it never hands out a port twice


def is_free(port: int, *, lingering: bool = False) -> bool:
    """Tell whether somebody could listen on `port` now.

    lingering: connections of an earlier listener that wait for their end don't count.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, lingering)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose(wanted: int, option: str) -> int:
    """Return `wanted`, or a free port for 0. Raises DevstackError if `wanted` is taken."""
    if wanted:
        if not is_free(wanted, lingering=True):
            raise DevstackError(
                f"Port {wanted} is in use. Free it, or pick another with {option} "
                f"({option} 0 finds a free one)."
            )
        return wanted
    for port in _untried:
        if is_free(port):
            return port
    raise DevstackError(f"No free port found between {_RANGE.start} and {_RANGE.stop}.")
