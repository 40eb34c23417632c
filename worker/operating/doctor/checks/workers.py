"""Whether a worker is there, and how those that are do."""

from collections.abc import Iterator
from typing import Any

from worker import __version__
from worker.operating.doctor.account import health
from worker.operating.doctor.check import Check, Finding
from worker.operating.doctor.patient import Patient
from worker.operating.words import some, span

START = "python -m worker run (Heroku: heroku ps:scale worker=1; Fly: fly scale count 1)"
# A subscription is made anew within seconds; a worker that just started needs a few.
_DOWN_SECONDS = 120


async def look(patient: Patient) -> list[Finding]:
    """Read what the workers said of themselves."""
    workers = (await health(patient))["workers"]
    alive = [worker for worker in workers if worker["is_alive"]]
    if not alive:
        return [Finding("error", _nobody(workers), START)]
    return list(_complaints(alive))


def _nobody(workers: list[dict[str, Any]]) -> str:
    if not workers:
        return "No worker is alive, and none was in the last day."
    last = workers[0]
    how = "stopped" if last["stopped_at"] else "fell silent (it was killed, or lost its network)"
    return f"No worker is alive: {last['id']} {how} {span(last['silent_seconds'])} ago."


def _complaints(alive: list[dict[str, Any]]) -> Iterator[Finding]:
    down = [
        worker["id"]
        for worker in alive
        if worker["listener"] in {"down", "connecting"} and worker["age_seconds"] > _DOWN_SECONDS
    ]
    if down:
        said = f"Realtime does not reach {some(down)}, so jobs wait for its poll."
        yield Finding("error", said, "look for listener_trouble in its log")
    versions = {worker["version"] for worker in alive} - {__version__}
    if versions:
        said = f"Workers of other versions than {__version__} run: {some(sorted(versions))}."
        yield Finding("note", said, "deploy one version everywhere")


CHECK = Check("workers", "the workers that are alive", look)
