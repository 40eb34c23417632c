"""Runs that give no sign of life."""

from worker.operating.doctor.account import health
from worker.operating.doctor.check import Check, Finding
from worker.operating.doctor.patient import Patient
from worker.operating.words import counted, span

# The next claim of any worker closes such a run: after the poll's seconds, at the latest.
_PATIENCE_SECONDS = 30.0


async def look(patient: Patient) -> list[Finding]:
    """Look for leases that ran out and that nobody took over."""
    silent = [
        run for run in (await health(patient))["silent_runs"] if run["seconds"] > _PATIENCE_SECONDS
    ]
    if not silent:
        return []
    longest = max(silent, key=lambda run: run["seconds"])
    said = (
        f"{counted(len(silent), 'run')} of a worker that is gone, and nobody has taken over; "
        f"the longest silence is {span(longest['seconds'])}."
    )
    return [Finding("error", said, f"python -m worker jobs release {longest['job_id']}")]


CHECK = Check("runs", "runs without a sign of life", look)
