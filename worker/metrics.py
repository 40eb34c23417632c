"""What is counted of this process. Base units; no organization and no job in a label."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

from worker.job import BatchResult, Job

disable_created_metrics()  # type: ignore[no-untyped-call]  # theirs
REGISTRY = CollectorRegistry()

_WAITING = Histogram(
    "import_job_waiting_seconds",
    "From when a job was due until its first claim; exports are not counted.",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200),
    registry=REGISTRY,
)
_RUN = Histogram(
    "import_run_duration_seconds",
    "From the claim of a job to the end of the run.",
    ("kind", "data_type", "outcome"),
    buckets=(0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200),
    registry=REGISTRY,
)
_BATCH = Histogram(
    "import_batch_duration_seconds",
    "A batch's call of the database, retries included.",
    ("data_type",),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 20),
    registry=REGISTRY,
)
_ROWS = Counter(
    "import_rows", "Rows by what became of them.", ("data_type", "result"), registry=REGISTRY
)
_RETRIES = Counter(
    "import_call_retries",
    "Calls that were tried again, by what was in the way.",
    ("function", "reason"),
    registry=REGISTRY,
)
_TAKEOVERS = Counter("import_takeovers", "Jobs taken over from a run that died.", registry=REGISTRY)
_NOTIFICATIONS = Counter(
    "import_notifications",
    "Tries to tell people, by channel and how they went.",
    ("channel", "outcome"),
    registry=REGISTRY,
)
_LAST_SUCCESS = Gauge(
    "import_last_success_timestamp_seconds",
    "When this process last completed a job; 0: not yet.",
    registry=REGISTRY,
)


def count_claim(job: Job) -> None:
    """Count a claimed job: how long it waited, whether its last run died."""
    if job.took_over:
        _TAKEOVERS.inc()
    # Exports are left to a page first: how long they wait says nothing of workers.
    if job.attempt == 1 and not job.applied and job.kind != "export":
        _WAITING.observe(job.waited_seconds)


def count_batch(data_type: str, result: BatchResult, seconds: float) -> None:
    """Count a batch that was applied."""
    _BATCH.labels(data_type).observe(seconds)
    for name in ("created", "updated", "failed"):
        _ROWS.labels(data_type, name).inc(getattr(result, name))


def count_run(kind: str, data_type: str, outcome: str, seconds: float) -> None:
    """Count the end of a run: of an import, an export, an undo, a preview."""
    _RUN.labels(kind, data_type, outcome).observe(seconds)
    if outcome == "completed":
        _LAST_SUCCESS.set_to_current_time()


def count_retry(function: str, cause: str) -> None:
    """Count a call that is tried again; the cause is that of a TransientError."""
    # "status 503, code none" and the client's exceptions by name: few, however many calls fail.
    _RETRIES.labels(function, cause.partition(",")[0]).inc()


def count_notification(channel: str, outcome: str) -> None:
    """Count a try: of which kind of channel, and how it went (delivery.Verdict)."""
    _NOTIFICATIONS.labels(channel, outcome).inc()
