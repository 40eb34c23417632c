"""``python -m worker health``: for a container's check, by the worker's own pulse."""

import sys

from worker.operating.pulse import SILENCE_SECONDS, feel_pulses

HEALTHY, UNHEALTHY = 0, 1


def health() -> int:
    """Say whether a worker of this machine lives and none of them hangs; the exit code."""
    pulses = list(feel_pulses())
    hanging = [pulse for pulse in pulses if not 0 <= pulse.age_seconds <= SILENCE_SECONDS]
    if not pulses:
        _say("There is no worker on this machine.")
    elif hanging:
        _say(f"The worker with process id {hanging[0].pid} hangs: it gives no sign of life.")
    else:
        _say("The worker is well.")
        return HEALTHY
    return UNHEALTHY


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
