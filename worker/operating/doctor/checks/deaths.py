"""Jobs that kill their workers again and again."""

from worker.operating.doctor.account import health
from worker.operating.doctor.check import Check, Finding
from worker.operating.doctor.patient import Patient
from worker.operating.words import counted, some


async def look(patient: Patient) -> list[Finding]:
    """Look for jobs with two dead runs or more, of the last day."""
    jobs = (await health(patient))["dying_jobs"]
    if not jobs:
        return []
    worst = jobs[0]
    unfinished = [job for job in jobs if job["status"] in {"pending", "processing"}]
    said = (
        f"{counted(len(jobs), 'job')} killed two workers or more: "
        f"{some([job['job_id'] for job in jobs], 3)}. "
        "Too little memory is the usual reason, a worker's restarts at a bad time another."
    )
    remedy = f"python -m worker jobs show {worst['job_id']}"
    if unfinished:
        remedy += f" (python -m worker jobs cancel {unfinished[0]['job_id']} keeps it from more)"
    return [Finding("error", said, remedy)]


CHECK = Check("deaths", "jobs whose workers died again and again", look)
