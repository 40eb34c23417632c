"""What a job, a row's error and a batch's result are. What happens to them lives elsewhere."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self
from uuid import UUID


def _known(cls: type, answer: dict[str, Any]) -> dict[str, Any]:
    """Keep what a class has a field for: a newer database may say more than we know."""
    return {known.name: answer[known.name] for known in fields(cls)}


# What a worker can be asked for: import_runs.kind.
KINDS = ("import", "preview", "undo", "export")


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job: one attempt at it, ours until its lease runs out."""

    # The run: the fencing token that every write carries.
    run_id: UUID
    # The scheduled_jobs row.
    job_id: UUID
    # Whose rows these are. From the job row, never from a record.
    organization_id: str
    # "inventory", "contacts" or "bids".
    data_type: str
    # One of KINDS: what is asked of the worker.
    kind: str
    # 1 for the first run of the job.
    attempt: int
    # Records in file_data; None where it holds none.
    row_count: int | None
    # Of the job's row before the claim: another one as soon as anything in it is. None from a
    # database of 1.0.0, which does not tell.
    version: str | None
    # All of them, of a small job: the claim brought them along. Else they are to be read.
    records: list[object] | None
    # File column → field, as file_data names it; with records, whose keys are then fields already.
    mapping: Mapping[str, object] | None
    # Where the file lies, as file_data names it; None where the records are in file_data.
    source: Mapping[str, object] | None
    # What the user chose beside, as file_data names it (an export's export_options); empty if
    # nothing.
    options: Mapping[str, object]
    # A rehearsal: the database tries everything and keeps nothing.
    dry_run: bool
    # What the rows are judged by before they are written, percent by guard (import_guards); empty:
    # by nothing.
    guards: Mapping[str, float]
    # Whether its creator may import with the guards off.
    may_switch_off_guards: bool
    # The file as its owner knows it.
    file_name: str | None
    # Row numbers that earlier runs have applied, in order: range(1, 101) is rows 1 to 100.
    applied: tuple[range, ...]
    # Silence after which another worker may take the job, in seconds.
    lease_seconds: int
    # How long ago the row was inserted, in seconds, by the database's clock; None for a row of an
    # older table that does not say.
    age_seconds: float | None
    # How long ago it was due, or inserted if that was later, in seconds.
    waited_seconds: float
    # The run before this one died: its lease ran out.
    took_over: bool

    @classmethod
    def from_json(cls, claimed: dict[str, Any]) -> Self:
        """Read one job of claim_import_jobs, whose ranges are [first_row, last_row]."""
        return cls(
            **_known(cls, {"version": None} | claimed)
            | {
                "run_id": UUID(claimed["run_id"]),
                "job_id": UUID(claimed["job_id"]),
                "applied": tuple(_joined(claimed["applied"])),
            }
        )

    def succeeded_by(self, ahead: dict[str, Any]) -> Self:
        """Give the job that read_ahead tells of, as a claim would; its run is still this one's."""
        known = {name: ahead[name] for name in _ASKED}
        return replace(self, job_id=UUID(ahead["job_id"]), **known)


# What read_ahead tells of a job.
_ASKED = (
    "version", "data_type", "kind", "row_count", "records", "mapping", "source", "options",
    "dry_run",
)  # fmt: skip


def _joined(batches: Iterable[tuple[int, int]]) -> Iterator[range]:
    """Join batches, [first_row, last_row] in order, where one begins where another ends.

    Thousands of a large file are a few ranges then, and quickly compared with each new batch.
    """
    joined: range | None = None
    for first, last in batches:
        if joined is not None and joined.stop == first:
            joined = range(joined.start, last + 1)
            continue
        if joined is not None:
            yield joined
        joined = range(first, last + 1)
    if joined is not None:
        yield joined


@dataclass(frozen=True, slots=True)
class Insert:
    """A row that was inserted into scheduled_jobs, whoever claims it and when."""

    # The scheduled_jobs row.
    job_id: UUID
    # How long ago that was when the claim was made, in seconds, by the database's clock.
    age_seconds: float

    @classmethod
    def from_json(cls, inserted: dict[str, Any]) -> Self:
        """Read one insert of claim_import_jobs."""
        return cls(UUID(inserted["job_id"]), inserted["age_seconds"])


@dataclass(frozen=True, slots=True)
class Claim:
    """What one claim brought."""

    # The jobs that are ours now, each of another organization.
    jobs: tuple[Job, ...]
    # The newest inserts of the last seconds, claimed or not.
    recent: tuple[Insert, ...]
    # Seconds until the next pending job is due; None when none is scheduled.
    next_due_in: float | None

    def inserts(self) -> Iterator[Insert]:
        """Give every insert that it tells of; some of them twice."""
        yield from self.recent
        for job in self.jobs:
            if job.age_seconds is not None:
                yield Insert(job.job_id, job.age_seconds)


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Some rows of a table, column by column."""

    # How many.
    row_count: int
    # The last one's id, where the next page goes on; None where there is no row.
    last_id: str | None
    # By name, those that the table has: integers, JSON, and text for everything else.
    columns: Mapping[str, list[Any]]

    @classmethod
    def from_json(cls, page: dict[str, Any]) -> Self:
        """Read the answer of read_export_page."""
        return cls(page["rows"], page["last_id"], page["columns"])


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that was refused, and why."""

    # 1-based, among the rows that count, as the ledger numbers them.
    row_number: int
    # Its number as its owner sees it: of the record, or the file's own row.
    file_row: int
    # The field at fault; None for several fields or the row as a whole.
    field: str | None
    # Every problem of the row in one text that names the fields, not the row number.
    message: str
    # The record as it came, whatever JSON it was.
    row: object

    def as_json(self) -> dict[str, object]:
        """Give the error as the apply functions take it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """How the rows of one batch ended: together they are all its rows."""

    # Rows that are new items.
    created: int
    # Rows that matched an item, and earlier rows of a key that a later row of the file replaced.
    updated: int
    # Of those updated, the ones for which nothing had to be written.
    unchanged: int
    # Rows with a RowError, from the worker or from the database.
    failed: int

    @classmethod
    def from_json(cls, counts: dict[str, Any]) -> Self:
        """Read the answer of an apply function."""
        return cls(**_known(cls, counts))


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended, counted from the ledger."""

    # "completed", "failed" or "cancelled".
    outcome: str
    # As in BatchResult, over the whole job.
    created: int
    updated: int
    unchanged: int
    failed: int
    # Rows that a cancel or a failure left untouched.
    unprocessed: int
    # Items that the file lacks, and whose quantity became 0.
    zeroed: int

    @classmethod
    def from_json(cls, result: dict[str, Any]) -> Self:
        """Read the answer of a function that finishes a run."""
        return cls(**_known(cls, result))


@dataclass(frozen=True, slots=True)
class Begun:
    """What a run is about to apply."""

    # Rows of the job, blank ones not counted.
    row_count: int
    # File column → field, as it will be used.
    mapping: Mapping[str, str]
    # What was guessed or ignored, in sentences for the dealer.
    notes: Sequence[str]
    # What tells one version of the file from another; None for records.
    source_version: str | None = None
    # The file's columns; None where keys are fields already.
    columns: Sequence[str] | None = None
    # How the file was read, as a job's options would say it.
    options: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Give it as begin_import takes it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What an undo is about to take back."""

    # Rows of imports that did something, numbered from 1, the newest first.
    row_count: int
    # Which of them are taken back together, in order.
    batches: tuple[range, ...]

    @classmethod
    def from_json(cls, plan: dict[str, Any]) -> Self:
        """Read the answer of begin_undo, whose ranges are [first_row, last_row]."""
        batches = tuple(range(first, last + 1) for first, last in plan["batches"])
        return cls(plan["rows"], batches)


@dataclass(frozen=True, slots=True)
class ZeroStep:
    """How far a run is with items that its file lacks."""

    # Items whose quantity became 0 so far, and those to come.
    zeroed: int
    left: int

    @classmethod
    def from_json(cls, answer: dict[str, Any]) -> Self:
        """Read the answer of zero_missing_items."""
        return cls(**_known(cls, answer))


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one step of pruning did."""

    # How many things went; with dry_run, how many would.
    removed: int
    # Where the next step goes on, for the database to understand; None at the end.
    next: object
    # Files that are to be removed through Storage: of which bucket, and their paths in it.
    bucket: str
    names: tuple[str, ...]

    @classmethod
    def from_json(cls, answer: dict[str, Any]) -> Self:
        """Read the answer of prune_imports."""
        bucket, names = answer.get("bucket", ""), answer.get("names", ())
        return cls(answer["removed"], answer["next"], bucket, tuple(names))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, in rows."""

    # Rows whose batch is in the ledger.
    current: int
    # All rows of the job.
    total: int

    @property
    def percent(self) -> int:
        """0 to 100, rounded down so that 100 means the last row; 100 for a job without rows."""
        if self.total <= 0:
            return 100
        return max(0, min(100, 100 * self.current // self.total))

    def as_json(self) -> dict[str, int]:
        """Give scheduled_jobs.progress as the frontend reads it."""
        return {"current": self.current, "total": self.total, "percent": self.percent}
