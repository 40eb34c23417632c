"""What must be true afterwards, whatever was broken: seen from outside, with SQL."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from tests.faults.evidence import Evidence
from tests.faults.files import Item, Row
from tests.faults.scenario import Job, Scenario

_OVER = ("completed", "failed", "cancelled")
# Nothing of these in a text that a user reads (DESIGN.md, promise 7).
_NOT_FOR_USERS = ("127.0.0.1", "http", "postgres", "sb_", "eyJ", "Traceback", "select ", "rpc")


@dataclass
class Findings:
    """What was broken, counted in rows (stuck: in jobs)."""

    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    problems: list[str] = field(default_factory=list)


def check(scenario: Scenario) -> Findings:
    """Hold what the database says against what the files said."""
    evidence = Evidence.about(scenario)
    found = Findings()
    replay = _Replay(evidence.events, scenario.jobs)
    for job in scenario.jobs.values():
        _check_ending(job, evidence, found)
        _check_coverage(job, replay, evidence, found)
        _check_counts(job, replay, evidence, found, has_competitor=scenario.has_competitor)
    _check_items(replay, evidence, found, has_competitor=scenario.has_competitor)
    found.problems += _broken_orders(evidence.events)
    return found


class _Replay:
    """What should stand in the database after the batches that landed, in their order."""

    def __init__(self, events: Iterable[dict[str, object]], jobs: dict[UUID, Job]) -> None:
        self.times: dict[UUID, Counter] = {}  # by job: how often each row landed
        self.created: Counter = Counter()
        self.updated: Counter = Counter()
        self.failed: Counter = Counter()
        self.items: dict[tuple[str, str], Item] = {}
        self.writes: Counter = Counter()
        for event in events:
            if event["what"] == "landed":
                self._land(jobs[event["job_id"]], event["first_row"], event["last_row"])

    def _land(self, job: Job, first: int, last: int) -> None:
        times = self.times.setdefault(job.job_id, Counter())
        for row in job.file.rows[first - 1 : last]:
            times[row.number] += 1
            if times[row.number] == 1:
                self._count(job, row)

    def _count(self, job: Job, row: Row) -> None:
        key = (job.organization.organization_id, row.sku)
        if row.fate == "refused":
            self.failed[job.job_id] += 1
        elif row.fate == "superseded" or key in self.items:
            self.updated[job.job_id] += 1
        else:
            self.created[job.job_id] += 1
        if row.fate == "lands":
            self.items[key] = row.item
            self.writes[key] += 1


def _check_ending(job: Job, evidence: Evidence, found: Findings) -> None:
    """A job ended, in a way that it may end, and left nothing behind."""
    row = evidence.jobs.get(job.job_id)
    status = row["status"] if row else "deleted"
    name = f"job {job.job_id} ({job.file.name})"
    runs = [run for run in evidence.runs.values() if run["job_id"] == job.job_id]
    if status in ("pending", "processing") and row["is_due"]:
        found.stuck += 1
        last = max((run["started_at"] for run in runs), default=None)
        found.problems.append(f"{name} is stuck in {status} after {len(runs)} runs, last {last}")
        return
    if status not in job.endings:
        message = (row or {}).get("error_message")
        found.problems.append(f"{name} ended {status}: {message}")
    if row is None:
        if runs or evidence.ledger[job.job_id] or job.job_id in evidence.errors:
            found.problems.append(f"{name} was deleted and left something behind")
        return
    if any(run["finished_at"] is None for run in runs):
        found.problems.append(f"{name} is {status} and has a live run")
    if evidence.ledger[job.job_id]:
        found.problems.append(f"{name} is {status} and its ledger was not pruned")
    if row["completed_at"] is None:
        found.problems.append(f"{name} is {status} without completed_at")
    if row["started_at"] and row["started_at"] < row["scheduled_time"]:
        found.problems.append(f"{name} was started before its time")
    text = (row["error_message"] or "").lower()
    if words := [word for word in _NOT_FOR_USERS if word.lower() in text]:
        found.problems.append(f"{name} tells its owner about {words}")


def _check_coverage(job: Job, replay: _Replay, evidence: Evidence, found: Findings) -> None:
    """Each row of a completed job landed once, and none of any job twice."""
    times = replay.times.get(job.job_id, Counter())
    twice = sum(count - 1 for count in times.values() if count > 1)
    found.doubled += twice
    if twice:
        found.problems.append(f"job {job.job_id}: {twice} rows landed more than once")
    status = evidence.jobs.get(job.job_id, {}).get("status")
    missing = len(job.file) - len(times) if status == "completed" else 0
    # A job that should have come through and did not has lost what did not land.
    if job.endings == {"completed"} and status == "failed":
        missing = len(job.file) - len(times)
    found.lost += missing
    if missing:
        found.problems.append(f"job {job.job_id}: {missing} rows never landed")


def _check_counts(
    job: Job, replay: _Replay, evidence: Evidence, found: Findings, *, has_competitor: bool
) -> None:
    """The last run's counts are all the job's rows, and what happened to them."""
    opened = [
        event["run_id"]
        for event in evidence.events
        if event["what"] == "opened" and event["job_id"] == job.job_id
    ]
    row = evidence.jobs.get(job.job_id)
    if not row or row["status"] not in _OVER or not opened:
        return
    run = evidence.runs[opened[-1]]
    given = tuple(run[count] for count in ("created", "updated", "failed", "unprocessed"))
    true = (
        replay.created[job.job_id],
        replay.updated[job.job_id],
        replay.failed[job.job_id],
        len(job.file) - len(replay.times.get(job.job_id, ())),
    )
    if has_competitor:
        given = (given[0] + given[1], *given[2:])
        true = (true[0] + true[1], *true[2:])
    if given != true:
        found.problems.append(
            f"job {job.job_id}: counts {given} of {len(job.file)}, should be {true}"
            f" ({row['status']}, run {run['outcome']})"
        )
    if row["status"] == "completed" and row["record_count"] != run["created"] + run["updated"]:
        found.problems.append(f"job {job.job_id}: record_count {row['record_count']}")
    size = len(job.file)
    if row["status"] == "completed" and row["progress"] != {
        "current": size,
        "total": size,
        "percent": 100,
    }:
        found.problems.append(f"job {job.job_id}: completed with progress {row['progress']}")
    refused = {
        one.number
        for one in job.file.rows
        if one.fate == "refused" and one.number in replay.times.get(job.job_id, ())
    }
    if evidence.errors.get(job.job_id, set()) != refused:
        found.problems.append(f"job {job.job_id}: import_errors are not the refused rows")


def _check_items(
    replay: _Replay, evidence: Evidence, found: Findings, *, has_competitor: bool
) -> None:
    """The inventory is what the files said: each item once, with the values of one row."""
    seen: Counter = Counter()
    for row in evidence.inventory:
        key = (row["organization_id"], row["sku"])
        seen[key] += 1
        item = tuple(row[c] for c in ("name", "description", "category", "quantity", "unit_price"))
        if key in replay.items and item != replay.items[key]:
            found.lost += 1
            found.problems.append(f"{key} has not the values of its row: {item}")
        if not row["search_keywords"] and not has_competitor:
            found.problems.append(f"{key} has no keywords")
    for key in replay.items.keys() - seen.keys():
        found.lost += 1
        found.problems.append(f"{key} is in the ledger and not in the inventory")
    surplus = {key: count for key, count in seen.items() if count > (key in replay.items)}
    if surplus:
        found.doubled += len(surplus)
        found.problems.append(f"{len(surplus)} items that no row explains, such as {min(surplus)}")
    rewritten = {
        key: count for key, count in evidence.writes.items() if count != replay.writes[key]
    }
    if rewritten and not has_competitor:
        found.doubled += len(rewritten)
        found.problems.append(f"{len(rewritten)} items not written as often as rows landed")


def _broken_orders(events: list[dict[str, object]]) -> Iterator[str]:
    """One live run an organization at every instant; progress only forwards, never ahead."""
    live: dict[str, UUID] = {}
    shown: dict[UUID, int] = {}
    for event in events:
        organization, run = event["organization_id"], event["run_id"]
        match event["what"]:
            case "opened":
                if organization in live:
                    yield f"{organization}: run {run} was opened beside {live[organization]}"
                live[organization] = run
            case "closed" | "gone":
                if live.pop(organization, None) != run:
                    yield f"{organization}: run {run} ended and was not the live one"
            case "shown":
                job, current = event["job_id"], event["shown"]
                if current is None:
                    continue
                if current < shown.get(job, 0):
                    yield f"job {job}: progress went back from {shown[job]} to {current}"
                if current > event["landed"]:
                    yield f"job {job}: progress {current} while {event['landed']} rows had landed"
                shown[job] = current
