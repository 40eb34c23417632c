"""How long the database lets a statement of the worker run."""

from worker.operating.doctor.account import health
from worker.operating.doctor.check import Check, Finding
from worker.operating.doctor.patient import Patient

# A batch of 100 takes milliseconds; one that waits for a user's lock, or for a busy disk, seconds.
_LEAST_MS = {"statement_timeout": 5_000, "lock_timeout": 2_000}


async def look(patient: Patient) -> list[Finding]:
    """Read the settings as a call of the worker has them."""
    timeouts = (await health(patient))["timeouts"]
    return [
        Finding(
            "error",
            f"The database ends the worker's calls by {name} after {timeouts[name] / 1000:g} s.",
            f'psql "<connection string>" -c "alter role service_role set {name} = \'60s\'; '
            "notify pgrst, 'reload config'\"",
        )
        for name, least in _LEAST_MS.items()
        if 0 < timeouts[name] < least
    ]


CHECK = Check("timeouts", "statement_timeout and lock_timeout of the worker's calls", look)
