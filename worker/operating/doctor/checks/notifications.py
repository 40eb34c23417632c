"""Whether people are told what they asked to be told."""

from collections.abc import Iterator
from typing import Any

from worker.operating.doctor.check import Check, Finding, UnanswerableError
from worker.operating.doctor.patient import NotAnsweredError, Patient
from worker.operating.words import counted

_LIST = "python -m worker notifications list --status "
_SET = "set WORKER_SMTP_HOST and WORKER_MAIL_FROM where the worker runs (docs/NOTIFICATIONS.md)"


async def look(patient: Patient) -> list[Finding]:
    """Read what was not delivered, and whether it can be."""
    try:
        told = (await patient.ask("notification_health")).told
    except NotAnsweredError as error:
        raise UnanswerableError(f"notification_health: {error}") from None
    return list(_findings(told, has_mail=patient.settings.worker_smtp_host is not None))


def _findings(told: dict[str, Any], *, has_mail: bool) -> Iterator[Finding]:
    waiting, failed, asked = told["waiting"], told["failed"], told["asked"]
    if waiting:
        said = f"{counted(sum(waiting.values()), 'notification')} due for 15 minutes and not tried."
        no_mail = not has_mail and set(waiting) == {"email"}
        yield Finding("error", said, _SET if no_mail else f"{_LIST}pending")
    elif asked.get("email") and not has_mail:
        said = f"{counted(asked['email'], 'person')} asked for mail; this environment cannot send."
        yield Finding("note", said.replace("persons", "people"), _SET)
    if mails := failed.get("email"):
        said = f"{counted(mails, 'mail')} about imports could not be delivered in the last day."
        yield Finding("error", said, f"{_LIST}failed")
    if posts := failed.get("webhook"):
        said = f"{counted(posts, 'webhook message')} not accepted by receivers in the last day."
        yield Finding("note", said, f"{_LIST}failed")
    if told["off"]:
        said = f"{counted(told['off'], 'webhook')} switched off because receivers wanted no more."
        yield Finding("note", said, "python -m worker notifications channels")


CHECK = Check("notifications", "what people asked to be told", look)
