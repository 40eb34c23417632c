"""One fault kind at work: its organizations, its jobs, what was done to them and when."""

import itertools
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

import httpx
from psycopg.types.json import Jsonb

from devstack import Stack
from devstack.faults import Faults, HttpRule
from tests.faults.database import Database
from tests.faults.files import File, make_file
from tests.faults.waiting import wait_until
from tests.faults.workers import Fleet, Worker

Size = TypeVar("Size")

_ORGANIZATIONS = itertools.count(1)
APPLY = "rpc/apply_inventory_batch"


@dataclass(frozen=True)
class Ground:
    """What all scenarios of one run of the suite share."""

    stack: Stack
    database: Database
    fleet: Fleet
    directory: Path
    short: bool
    lease_seconds: int
    poll_seconds: float


@dataclass
class Organization:
    """A dealer."""

    organization_id: str
    creator_id: UUID
    next_sku: int = 1


@dataclass
class Job:
    """A job that the suite inserted, and how it may end."""

    job_id: UUID
    organization: Organization
    file: File
    scheduled_time: datetime
    endings: frozenset[str]


@dataclass(frozen=True)
class Hit:
    """The end of one fault: from here on, recovery is measured.

    worker_id: whose runs it broke off; None: it hit everybody who had something to do.
    """

    at: datetime
    worker_id: str | None = None


@dataclass
class Scenario:
    """One fault kind at work."""

    name: str
    ground: Ground
    chance: random.Random
    organizations: list[Organization] = field(default_factory=list)
    jobs: dict[UUID, Job] = field(default_factory=dict)
    hits: list[Hit] = field(default_factory=list)
    injected: int = 0
    # Seconds measured in another way than from a hit to the next batch.
    measured: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    # Jobs and their rows that a kind inserted and judged by itself.
    besides: tuple[int, int] = (0, 0)
    # Somebody else writes the same items: how often, and who created them, is not ours to say.
    has_competitor: bool = False

    def size(self, short: Size, full: Size) -> Size:
        return short if self.ground.short else full

    # Arranging.

    def organization(self) -> Organization:
        organization = Organization(f"fault-{next(_ORGANIZATIONS):04}", uuid4())
        database = self.ground.database
        database.rows(
            "insert into organizations (id, name) values (%s, 'Dealer') on conflict do nothing",
            organization.organization_id,
        )
        database.rows(
            "insert into profiles (id, organization_id) values (%s, %s) on conflict do nothing",
            organization.creator_id,
            organization.organization_id,
        )
        self.organizations.append(organization)
        return organization

    def job(
        self,
        organization: Organization,
        rows: int,
        *,
        scheduled_in: float = 0,
        again: int = 0,
        endings: tuple[str, ...] = ("completed",),
        file: File | None = None,
        **chances: float,
    ) -> Job:
        """Insert a job of new items; again: how many items of earlier jobs it has besides."""
        job_id = uuid4()
        first = max(1, organization.next_sku - again)
        if file is None:
            file = make_file(
                self.chance, f"part{len(self.jobs)}.csv", range(first, first + rows), **chances
            )
        organization.next_sku = max(organization.next_sku, first + rows)
        job = Job(
            job_id,
            organization,
            file,
            datetime.now(UTC) + timedelta(seconds=scheduled_in),
            frozenset(endings),
        )
        # Known before it is inserted: an insert whose answer is lost may have been committed.
        self.jobs[job_id] = job
        self.ground.database.rows(
            "insert into scheduled_jobs (id, organization_id, created_by, job_type, data_type,"
            " scheduled_time, status, file_name, file_data)"
            " values (%s, %s, %s, 'import', 'inventory', %s, 'pending', %s, %s)"
            " on conflict do nothing",
            job_id,
            organization.organization_id,
            organization.creator_id,
            job.scheduled_time,
            file.name,
            Jsonb({"records": file.records, "mapping": {}}),
        )
        return job

    # Looking.

    def unfinished(self) -> list[UUID]:
        rows = self.ground.database.rows(
            "select id from scheduled_jobs"
            " where organization_id = any(%s) and status in ('pending', 'processing')",
            [organization.organization_id for organization in self.organizations],
        )
        return [row["id"] for row in rows]

    def is_over(self, job: Job) -> bool:
        return self.status(job) not in ("pending", "processing")

    def status(self, job: Job) -> str:
        rows = self.ground.database.rows(
            "select status from scheduled_jobs where id = %s", job.job_id
        )
        return rows[0]["status"] if rows else "deleted"

    def landed_batches(self, job: Job | None = None) -> int:
        """Count batches that have landed so far, of a job or of all."""
        return self.ground.database.scalar(
            "select count(*) from fault_suite.events where what = 'landed'"
            " and organization_id = any(%s) and (%s::uuid is null or job_id = %s)",
            [organization.organization_id for organization in self.organizations],
            job and job.job_id,
            job and job.job_id,
        )

    def settle(self) -> bool:
        """Wait until nothing is left to do."""
        return wait_until(lambda: not self.unfinished(), pause=0.05)

    def most_tries(self) -> int:
        """Tell the highest attempt that an unfinished job is at."""
        return self.ground.database.scalar(
            "select coalesce(max(r.attempt), 0) from import_runs r"
            " join scheduled_jobs j on j.id = r.job_id"
            " where j.status in ('pending', 'processing') and j.organization_id = any(%s)",
            [organization.organization_id for organization in self.organizations],
        )

    def live_runs(self) -> int:
        """Count runs that nobody has ended, of workers alive or dead."""
        return self.ground.database.scalar(
            "select count(*) from import_runs"
            " where organization_id = any(%s) and finished_at is null",
            [organization.organization_id for organization in self.organizations],
        )

    def struck(self, fault: str) -> int:
        """Count how often the gateway has done this wrong so far."""
        return self.ground.stack.faults.get()[1].injected.get(fault, 0)

    def tries_of(self, worker: Worker) -> int:
        """Tell the highest attempt that this worker works on now; 0 when it has no run."""
        return self.ground.database.scalar(
            "select coalesce(max(attempt), 0) from import_runs"
            " where worker_id = %s and finished_at is null",
            worker.worker_id,
        )

    # Breaking.

    def hit(self, at: datetime | None = None, worker: Worker | None = None) -> None:
        """Note that a fault ended."""
        self.injected += 1
        who = None if worker is None else worker.worker_id or "it never said"
        self.hits.append(Hit(at or datetime.now(UTC), who))

    def kill(self, worker: Worker, *, lease: float = -0.001) -> None:
        """Kill -9. The short form does not wait for the whole lease, but for so many seconds."""
        self.hit(worker.kill(), worker)
        if self.ground.short:
            self.expire_leases(worker, lease)

    def expire_leases(self, worker: Worker, seconds: float = -0.001) -> None:
        """Let the leases of a worker that is dead run out, by default now."""
        self.ground.database.rows(
            "update import_runs set lease_expires_at = clock_timestamp() + %s * interval '1 second'"
            " where worker_id = %s and finished_at is null",
            seconds,
            worker.worker_id,
        )

    @contextmanager
    def faults(self, *rules: HttpRule, **faults: object) -> Iterator[None]:
        """Have the gateway do wrong inside the with."""
        with self.ground.stack.faults.injected(Faults(http=rules, **faults)):
            yield

    def change_faults(self, *rules: HttpRule) -> None:
        """Have other rules in force; what those before held goes on."""
        self.ground.stack.faults.set(Faults(http=rules))

    def wait_until_held(self, count: int = 1) -> None:
        """Wait until so many calls stand still at the gateway, and their workers with them."""
        self.ground.stack.faults.wait_until_held(count)

    def pause(self, shortest: float, longest: float) -> None:
        time.sleep(self.chance.uniform(shortest, longest))

    # Users.

    def user(self, organization: Organization) -> httpx.Client:
        """Give a client as the browser has it, signed in."""
        stack = self.ground.stack
        return httpx.Client(
            base_url=f"{stack.url}/rest/v1",
            headers={
                "apikey": stack.keys.publishable,
                "authorization": f"Bearer {stack.token(str(organization.creator_id))}",
                "prefer": "return=representation",
            },
            timeout=20,
        )

    def cancel(self, job: Job) -> bool:
        """Cancel as the frontend does; whether the database took it."""
        with self.user(job.organization) as user:
            answer = user.patch(
                f"/scheduled_jobs?id=eq.{job.job_id}&select=id",
                json={"status": "cancelled", "completed_at": datetime.now(UTC).isoformat()},
            )
        return answer.is_success and bool(answer.json())

    def delete(self, job: Job) -> bool:
        with self.user(job.organization) as user:
            answer = user.delete(f"/scheduled_jobs?id=eq.{job.job_id}&select=id")
        return answer.is_success and bool(answer.json())


def hold(path: str = APPLY, *, skip: int = 0, answered: bool = False) -> HttpRule:
    """Hold requests, or their answers, until the faults change: the moment to break something."""
    return HttpRule(path, "hold_answer" if answered else "hold", skip=skip)


def slow(milliseconds: float, path: str = APPLY) -> HttpRule:
    """Let requests take longer on their way."""
    return HttpRule(path, "delay", delay_ms=milliseconds)
