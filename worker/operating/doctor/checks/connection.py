"""Whether PostgREST answers at SUPABASE_URL, to this key, and how soon."""

import statistics
import time

import httpx

from worker.connection import TransientError
from worker.operating.doctor.check import Check, Finding
from worker.operating.doctor.patient import Patient

_TRIES = 3
_SLOW_SECONDS = 0.5

_URL = "check SUPABASE_URL: curl --head $SUPABASE_URL/rest/v1/"
_KEY = (
    "set SUPABASE_SECRET_KEY to a secret key (sb_secret_...) of this project, "
    "from Project Settings > API Keys, and restart the worker"
)


async def look(patient: Patient) -> list[Finding]:
    """Ask for next to nothing, a few times."""
    seconds = []
    for _ in range(_TRIES):
        started = time.monotonic()
        try:
            answer = await _ask(patient)
        except (httpx.RequestError, TransientError) as error:
            # A transient error's text is a status and a code, another's may quote the address.
            cause = str(error) if isinstance(error, TransientError) else type(error).__name__
            return [Finding("error", f"The project does not answer: {cause}.", _URL)]
        if not answer.is_success:
            return [_explain(answer)]
        seconds.append(time.monotonic() - started)
    typical = statistics.median(seconds)
    if typical < _SLOW_SECONDS:
        return []
    said = f"The database takes {typical:.1f} s for a call that reads next to nothing."
    advice = "run the worker in the project's region, and look at its load in the dashboard"
    return [Finding("note", said, advice)]


async def _ask(patient: Patient) -> httpx.Response:
    # Not by the client, which hides the status of a gateway that knows no such key.
    http = patient.client.options.httpx_client
    assert http is not None  # noqa: S101 - connect() set it
    key = patient.settings.secret_key
    return await http.get(
        f"{patient.settings.supabase_url}/rest/v1/organizations",
        params={"select": "id", "limit": "1"},
        headers={"apikey": key, "Authorization": f"Bearer {key}"},
    )


def _explain(answer: httpx.Response) -> Finding:
    if answer.status_code in {401, 403}:
        return Finding("error", "The project does not know the key, or lets it read nothing.", _KEY)
    if answer.status_code == httpx.codes.NOT_FOUND:
        return Finding("error", "The project at SUPABASE_URL lacks the CRM's tables.", _URL)
    return Finding("error", f"The project answers with status {answer.status_code}.", _URL)


CHECK = Check("connection", "PostgREST at SUPABASE_URL, with this key", look)
