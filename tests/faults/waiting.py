"""Waiting, never for ever."""

import time
from collections.abc import Callable

# For what is certain to come: long enough for the slowest machine, so that only what never comes
# is a problem. How long things took is shown, not judged.
PATIENCE_SECONDS = 180.0


def wait_until(
    condition: Callable[[], object], seconds: float = PATIENCE_SECONDS, pause: float = 0.02
) -> bool:
    """Look until it is true; False when the time ran out."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
