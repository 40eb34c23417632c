"""``python -m worker doctor``: what is wrong, why, and the command that mends it.

A check is a file in checks/, with a name, what it looks at, and its look. A new one is added
below, gets a heading in docs/OPERATING.md and a test that breaks exactly that.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from worker.config import load_settings
from worker.connection import connect
from worker.exceptions import ConfigError
from worker.operating.doctor.check import Check, Finding, Looked, UnanswerableError
from worker.operating.doctor.checks import (
    browsers,
    clock,
    connection,
    deaths,
    due_jobs,
    duplicates,
    foreign_keys,
    key,
    notifications,
    publication,
    realtime,
    runs,
    schema,
    storage,
    timeouts,
    workers,
)
from worker.operating.doctor.patient import Patient

SETTINGS = "settings"
# Without these nothing else can be looked at; one after the other.
ENTRANCE: Sequence[Check] = (key.CHECK, connection.CHECK)
# Whether a worker could work here: what a release asks, before there is one.
SETUP: Sequence[Check] = (
    schema.CHECK,
    publication.CHECK,
    realtime.CHECK,
    storage.CHECK,
    clock.CHECK,
    timeouts.CHECK,
    foreign_keys.CHECK,
    duplicates.CHECK,
)
# How the work goes.
WORK: Sequence[Check] = (
    workers.CHECK,
    due_jobs.CHECK,
    runs.CHECK,
    deaths.CHECK,
    browsers.CHECK,
    notifications.CHECK,
)


async def examine(
    *, setup_only: bool = False, clock: Callable[[], float] = time.time
) -> list[Looked]:
    """Make the checks, the later ones all at once; what each found, in order.

    Args:
        setup_only: leave out how the work goes.
        clock: this machine's, in seconds since 1970.

    """
    try:
        settings = load_settings()
    except ConfigError as error:
        advice = "set the variables where the worker runs (.env.example lists them)"
        findings = [Finding("error", line, advice) for line in str(error).splitlines()]
        return [Looked(SETTINGS, "the variables of the environment", findings)]
    looked = [Looked(SETTINGS, "the variables of the environment", [])]
    async with connect(settings.supabase_url, settings.secret_key) as client:
        patient = Patient(settings, client, clock)
        inside = SETUP if setup_only else (*SETUP, *WORK)
        for checks in (*((check,) for check in ENTRANCE), inside):
            looked += await asyncio.gather(*(_look(check, patient) for check in checks))
            if any(one.is_wrong for one in looked):
                break
    return looked


async def _look(check: Check, patient: Patient) -> Looked:
    try:
        return Looked(check.name, check.looks_at, await check.look(patient))
    except UnanswerableError as error:
        return Looked(check.name, check.looks_at, [], unknown=str(error))


def exit_code(looked: Iterable[Looked]) -> int:
    """Give 0 when nothing is wrong, 1 when something is, 2 when nothing could be looked at."""
    wrong = {one.name for one in looked if one.is_wrong}
    if wrong & {SETTINGS, *(check.name for check in ENTRANCE)}:
        return 2
    return 1 if wrong else 0


def as_json(looked: Iterable[Looked]) -> dict[str, Any]:
    """Give what was found to programs."""
    looked = list(looked)
    return {
        "exit_code": exit_code(looked),
        "checks": [one.as_json() for one in looked],
    }
