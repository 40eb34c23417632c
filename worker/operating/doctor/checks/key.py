"""The key by itself: what it is for, whose it is, how long it lasts."""

from urllib.parse import urlsplit

from worker.config import claims_of
from worker.operating.doctor.check import Check, Finding
from worker.operating.doctor.patient import Patient
from worker.operating.words import span

_NEW_KEY = (
    "set SUPABASE_SECRET_KEY to a secret key (sb_secret_...), "
    "from Project Settings > API Keys, and restart the worker"
)
_SOON_SECONDS = 30 * 86_400


async def look(patient: Patient) -> list[Finding]:
    """Read what the key says of itself; opaque keys say nothing, and the connection judges them."""
    secret = patient.settings.secret_key
    if secret.startswith("sb_secret_"):
        return []
    claims = claims_of(secret)
    if claims is None:
        return [Finding("error", "The key is neither a secret key nor a legacy one.", _NEW_KEY)]
    role, project = claims.get("role"), claims.get("ref")
    left = claims["exp"] - patient.clock() if isinstance(claims.get("exp"), int | float) else None
    host = urlsplit(patient.settings.supabase_url).hostname or ""
    if role != "service_role":
        said = f"The key is one of the role {role}, which cannot import; service_role can."
    elif project and host.endswith(".supabase.co") and host.split(".")[0] != project:
        said = "The key is one of another project than SUPABASE_URL."
    elif left is not None and left <= 0:
        said = f"The key expired {span(-left)} ago."
    else:
        return _notes(left)
    return [Finding("error", said, _NEW_KEY)]


def _notes(left: float | None) -> list[Finding]:
    if left is not None and left < _SOON_SECONDS:
        return [Finding("note", f"The key expires in {span(left)}.", _NEW_KEY)]
    legacy = "The key is a legacy one; Supabase retires them at the end of 2026."
    return [Finding("note", legacy, _NEW_KEY)]


CHECK = Check("key", "the key: its kind, role, project and end", look)
