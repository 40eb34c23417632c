"""Where everything is measured: one local Supabase, and one table that is empty before each run."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psycopg
from psycopg.types.json import Jsonb

from bench.resources import forget_peak, usage
from devstack import Stack
from devstack.faults import Faults

_PROJECT = Path(__file__).parents[1]
_NUMBERS = count(1)
# Of a job, as the frontend cuts a file: docs/FRONTEND.md.
JOB_ROWS = 2_000
_WAIT_SECONDS = 900.0
_MANY_JOBS = 1_000


@dataclass(frozen=True)
class Measured:
    """One run of one way."""

    rows: int
    seconds: float
    # CPU seconds by part, peak MB by part.
    cpu: dict[str, float] = field(default_factory=dict)
    peak_mb: dict[str, float] = field(default_factory=dict)
    requests: int = 0
    bytes_in: int = 0
    bytes_out: int = 0

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


def start_worker(environment: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """Start a worker as a platform does."""
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "worker", "run"], cwd=_PROJECT, env=environment, stdout=output
        )


@dataclass(frozen=True)
class Ground:
    """A running stack, seen from outside.

    start: starts a worker; where nothing is measured, it may be forked from one that is warm.
    """

    stack: Stack
    database: psycopg.Connection[tuple[object, ...]]
    start: Callable[[Mapping[str, str], Path], "subprocess.Popen[bytes]"] = start_worker

    def empty(self) -> None:
        """Bring the tables to the state that every run starts from."""
        self.database.execute("truncate inventory, contacts, bids, scheduled_jobs cascade")
        with psycopg.connect(self.stack.admin_db_url, autocommit=True) as admin:
            admin.execute("checkpoint")

    def organization(self) -> tuple[str, UUID]:
        """Make a dealer; the organization and its user."""
        name, user = f"bench-{next(_NUMBERS)}", uuid4()
        self.database.execute("insert into organizations (id, name) values (%s, 'Bench')", [name])
        self.database.execute(
            "insert into profiles (id, organization_id) values (%s, %s)", [user, name]
        )
        return name, user

    def keep_changes(self, days: int) -> None:
        """Set for how many days it is kept what imports change; 0: not at all."""
        self.database.execute(
            "update import_settings set value = %s where name = 'changes_days'", [Jsonb(days)]
        )

    def job(
        self,
        organization: str,
        file_data: object,
        data_type: str = "inventory",
        job_type: str = "import",
    ) -> UUID:
        """Insert a job that is due now."""
        [job_id] = self.database.execute(
            "insert into scheduled_jobs (organization_id, job_type, data_type, scheduled_time,"
            " status, file_data) values (%s, %s, %s, now(), 'pending', %s) returning id",
            [organization, job_type, data_type, Jsonb(file_data)],
        ).fetchone() or [None]
        assert isinstance(job_id, UUID)  # noqa: S101 - returning gives it
        return job_id

    def upload(self, organization: str, content: bytes) -> dict[str, object]:
        """Put a file into Storage; the file_data that names it."""
        path = f"{organization}/{uuid4()}.csv"
        httpx.post(
            f"{self.stack.url}/storage/v1/object/imports/{path}",
            headers={"apikey": self.stack.keys.secret},
            content=content,
            timeout=120,
        ).raise_for_status()
        return {"source": {"bucket": "imports", "path": path}}

    def seconds_of(self, jobs: Sequence[UUID]) -> float:
        """Wait until jobs are completed; from the first claim to the last end, by the database."""
        deadline = time.monotonic() + _WAIT_SECONDS
        ended = "select count(*) from import_runs where job_id = any(%s) and outcome = 'completed'"
        while self.scalar(ended, [list(jobs)]) < len(jobs):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(jobs)} jobs were not completed")
            # To ask for thousands takes milliseconds of what is measured.
            time.sleep(0.05 if len(jobs) < _MANY_JOBS else 1)
        return float(
            self.scalar(
                "select extract(epoch from max(finished_at) - min(started_at)) from import_runs"
                " where job_id = any(%s)",
                [list(jobs)],
            )
        )

    def scalar(self, statement: str, values: Sequence[object] = ()) -> float:
        """Ask for one number."""
        [value] = self.database.execute(statement, values).fetchone() or [0]
        return float(str(value))

    def measure(self, rows: int, act: Callable[[], float], **parts: int) -> Measured:
        """Run something that tells its seconds; what it used meanwhile, by part and process."""
        pids = {name: self.stack.pids[name] for name in ("postgres", "postgrest", "gateway")}
        pids |= parts
        for pid in pids.values():
            forget_peak(pid)
        before = {name: usage(pid) for name, pid in pids.items()}
        self.stack.faults.reset_counters()
        seconds = act()
        counters = self.stack.faults.get()[1]
        after = {name: usage(pid) for name, pid in pids.items()}
        return Measured(
            rows,
            seconds,
            {name: round(after[name].cpu_seconds - before[name].cpu_seconds, 2) for name in pids},
            {name: round(after[name].peak_mb, 1) for name in pids},
            sum(counters.requests.values()),
            counters.bytes_in,
            counters.bytes_out,
        )

    @contextmanager
    def latency(self, milliseconds: float) -> Iterator[None]:
        """Add a round trip to every request."""
        with self.stack.faults.injected(Faults(latency_ms=milliseconds)):
            yield

    @contextmanager
    def worker(self, concurrency: int = 2) -> Iterator[int]:
        """Run a real worker that listens; its process number."""
        environment = self.stack.worker_environment | {"WORKER_CONCURRENCY": str(concurrency)}
        with tempfile.NamedTemporaryFile("w+") as log:
            process = self.start(environment, Path(log.name))
            try:
                while '"live"' not in Path(log.name).read_text():
                    if process.poll() is not None:
                        raise RuntimeError("the worker ended at once")
                    time.sleep(0.02)
                yield process.pid
            finally:
                process.terminate()
                process.wait(timeout=25)
        if process.returncode != 0:
            raise RuntimeError(f"the worker ended with {process.returncode}")


def in_jobs(records: Sequence[dict[str, str]]) -> Iterator[dict[str, object]]:
    """Cut records into the jobs that the frontend makes of them."""
    for first in range(0, len(records), JOB_ROWS):
        yield {"records": records[first : first + JOB_ROWS], "mapping": {}}


def as_json(measured: Measured) -> dict[str, object]:
    """Give a run as the figures hold it."""
    content: dict[str, object] = json.loads(json.dumps(measured.__dict__))
    return content | {"rows_a_second": round(measured.rate)}
