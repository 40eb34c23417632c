"""Times and counts, as people say them."""

from collections.abc import Sequence

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
# Of two units the second one is left out from there on.
_MANY = 10


def span(seconds: float) -> str:
    """Say how long: 3 minutes 20 seconds, 2 days."""
    left = max(0, round(seconds))
    for place, (size, unit) in enumerate(_UNITS):
        if left >= size:
            count, rest = divmod(left, size)
            said = counted(count, unit)
            if count < _MANY and size > 1:
                smaller, name = _UNITS[place + 1]
                if rest >= smaller:
                    said += f" {counted(rest // smaller, name)}"
            return said
    return "0 seconds"


def counted(count: int, noun: str) -> str:
    """Say how many: 1 job, 1,200 jobs."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def some(names: Sequence[str], most: int = 5) -> str:
    """List a few of them."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
