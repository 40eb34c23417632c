"""The clock of this machine beside the database's."""

from worker.operating.doctor.account import health
from worker.operating.doctor.check import Check, Finding
from worker.operating.doctor.patient import Patient
from worker.operating.words import span

# Tokens and logs are worth little beyond that; jobs go by the database's clock alone.
_MOST_SECONDS = 30.0


async def look(patient: Patient) -> list[Finding]:
    """Compare the database's time with when it was asked and when it answered."""
    now = (await health(patient))["now"]
    answer = await patient.ask("import_health")
    ahead = max(answer.asked_at - now, now - answer.answered_at)
    if ahead <= _MOST_SECONDS:
        return []
    which = "ahead of" if answer.asked_at > now else "behind"
    said = f"This machine's clock is {span(ahead)} {which} the database's."
    return [Finding("error", said, "timedatectl set-ntp true")]


CHECK = Check("clock", "this machine's clock beside the database's", look)
