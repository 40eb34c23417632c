"""Whether Realtime may announce jobs: the publication."""

from worker.operating.doctor.account import health
from worker.operating.doctor.check import Check, Finding
from worker.operating.doctor.patient import Patient

_RUN = 'psql "<connection string>" -c "{}"'
_TABLE = _RUN.format("alter publication supabase_realtime add table public.scheduled_jobs")
_CREATE = _RUN.format("create publication supabase_realtime for table public.scheduled_jobs")
_PUBLISH = _RUN.format(
    "alter publication supabase_realtime set (publish = 'insert, update, delete')"
)


async def look(patient: Patient) -> list[Finding]:
    """Read the catalog."""
    publication = (await health(patient))["publication"]
    if publication is None:
        said, remedy = "There is no publication supabase_realtime.", _CREATE
    elif not publication["table"]:
        said = "The publication supabase_realtime lacks the table scheduled_jobs."
        remedy = _TABLE
    elif not (publication["insert"] and publication["update"]):
        said = "The publication supabase_realtime does not publish inserts and updates."
        remedy = _PUBLISH
    else:
        return []
    jobs_wait = "Jobs wait for the poll, and the CRM's progress bar stands still."
    return [Finding("error", f"{said} {jobs_wait}", remedy)]


CHECK = Check("publication", "the publication supabase_realtime", look)
