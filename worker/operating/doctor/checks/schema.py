"""Whether the database is as this version's migrations make it."""

from worker import __version__
from worker.operating.doctor.check import Check, Finding
from worker.operating.doctor.comparison import differences, expected, read_schema
from worker.operating.doctor.patient import NotAnsweredError, Patient

_PUSH = "npx supabase db push --remote=<connection string>"
_AGAIN = 'for file in supabase/migrations/*.sql; do psql "<connection string>" -f "$file"; done'


async def look(patient: Patient) -> list[Finding]:
    """Compare tables, columns, functions by their bodies, indexes, policies, triggers, grants."""
    try:
        told = (await patient.ask("import_schema")).told
    except NotAnsweredError as error:
        if error.code == "PGRST202":
            said = f"The database lacks the migrations of version {__version__}."
            return [Finding("error", said, _PUSH)]
        return [Finding("error", f"The schema could not be read: {error}.", "try again")]
    version, expects = expected()
    there = told["version"]
    is_newer = there is not None and there > version
    remedy = _PUSH if there is not None and there < version else _AGAIN
    findings = [
        Finding("error", f"The schema is not as version {__version__} expects: {said}.", remedy)
        for said in differences(expects, read_schema(told), is_newer=is_newer)
    ]
    if is_newer:
        said = f"The schema ({there}) is newer than this worker, which knows {version}."
        findings.append(Finding("note", said, "deploy the release that the schema is of"))
    return findings


CHECK = Check("schema", "tables, columns, functions, indexes, policies, triggers, grants", look)
