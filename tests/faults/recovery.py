"""How long it took until what was broken went on."""

from datetime import datetime

from tests.faults.evidence import Evidence
from tests.faults.scenario import Scenario

_OVER = ("completed", "failed", "cancelled")


def recoveries(scenario: Scenario) -> list[float]:
    """Seconds from each hit until what it broke off went on.

    For each organization that it touched (a kill: those whose run the dead worker had; an outage:
    those with unfinished jobs): until its next batch landed, not one that a dead worker had sent,
    or its job ended.
    """
    events = Evidence.about(scenario).events
    hits = [(hit, _touched(events, hit.at, hit.worker_id)) for hit in scenario.hits]
    seconds = []
    for index, (hit, touched) in enumerate(hits):
        broken_off = set(_runs_of(events, hit.worker_id))
        for organization in touched:
            went_on = next(
                (
                    event["at"]
                    for event in events
                    if event["organization_id"] == organization
                    and event["at"] > hit.at
                    and event["run_id"] not in broken_off
                    and (event["what"] == "landed" or event["detail"] in _OVER)
                ),
                None,
            )
            # Hit once more before it could go on: what counts is the last one.
            again = any(
                organization in others and went_on and hit.at < other.at <= went_on
                for other, others in hits[index + 1 :]
            )
            if went_on and not again:
                seconds.append((went_on - hit.at).total_seconds())
    return seconds


def _touched(events: list[dict[str, object]], moment: datetime, worker_id: str | None) -> set[str]:
    """Find the organizations that a hit at this moment touched."""
    if worker_id is None:
        open_jobs = {}
        for event in events:
            if event["at"] <= moment and event["what"] == "status":
                open_jobs[event["job_id"]] = event["organization_id"]
                if event["detail"] not in ("pending", "processing"):
                    del open_jobs[event["job_id"]]
        return set(open_jobs.values())
    runs = _runs_of(events, worker_id)
    for event in events:
        if event["what"] in ("closed", "gone") and event["at"] <= moment:
            runs.pop(event["run_id"], None)
    return set(runs.values())


def _runs_of(events: list[dict[str, object]], worker_id: str | None) -> dict[object, str]:
    """Give the runs that a worker had, and their organizations."""
    return {
        event["run_id"]: event["organization_id"]
        for event in events
        if event["what"] == "opened" and event["detail"] == worker_id
    }
