"""The browser-side processor, still at work in somebody's tab."""

from worker.operating.doctor.account import health
from worker.operating.doctor.check import Check, Finding
from worker.operating.doctor.patient import Patient
from worker.operating.words import counted


async def look(patient: Patient) -> list[Finding]:
    """Look for users who wrote row by row while a worker imported into the same table."""
    writers = (await health(patient))["browser_writes"]
    if not writers:
        return []
    most = writers[0]
    said = (
        f"{counted(len(writers), 'user')} wrote row by row into what a worker was importing, "
        f"{counted(most['statements'], 'statement')} by {most['user_id']} of "
        f"{most['organization_id']}: an old version of the CRM still imports in a browser's tab."
    )
    remedy = "deploy the CRM without its import processor, and have these users reload the page"
    return [Finding("error", said, remedy)]


CHECK = Check("browsers", "rows that users wrote while a worker imported them", look)
