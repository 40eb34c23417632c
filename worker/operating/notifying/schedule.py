"""When a delivery is tried again: ten tries in three days."""

import random

# Seconds after the first try, the second and so on, much as Standard Webhooks suggests. The
# database knows that the tenth try is the last.
_GAPS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 72_000)
_JITTER = 0.2
# A receiver may ask for that much patience.
_MOST_PATIENCE = 86_400.0


def retry_in(attempt: int, retry_after: float = 0) -> float:
    """Give the seconds from a try that failed to the next.

    Args:
        attempt: the try that failed; 1 is the first.
        retry_after: seconds that the receiver asked for; 0: it did not.

    """
    gap = _GAPS[min(attempt, len(_GAPS)) - 1]
    # So that what a receiver's outage held up does not come all at once.
    jittered = gap * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret
    return max(jittered, min(retry_after, _MOST_PATIENCE))
