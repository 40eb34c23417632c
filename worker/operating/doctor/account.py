"""The database's account of itself, for the checks that judge a part of it."""

from typing import Any

from worker.operating.doctor.check import UnanswerableError
from worker.operating.doctor.patient import NotAnsweredError, Patient


async def health(patient: Patient) -> dict[str, Any]:
    """Read what import_health tells (supabase/migrations/*_health.sql).

    Raises:
        UnanswerableError: it tells nothing, and the check of the schema says why.

    """
    try:
        return (await patient.ask("import_health")).told
    except NotAnsweredError as error:
        raise UnanswerableError(f"import_health: {error}") from None
