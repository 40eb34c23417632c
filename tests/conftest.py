"""Figures shown at the end of a run; a local Supabase, and dealers of one test each on it."""

import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from httpx._transports import default as httpx_transports
from hypothesis import HealthCheck, settings
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from devstack import Stack, running
from worker.connection import connect
from worker.importing.sources import spool
from worker.job import Job
from worker.queue import JobQueue

# How long an example takes is the machine's business. `make test` gives the seed.
for _name, _examples in (("short", 50), ("thorough", 500)):
    settings.register_profile(
        _name, max_examples=_examples, deadline=None, print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
settings.load_profile(os.environ.get("PROPERTIES", "short"))

# Whom to trust is read anew for each client that a test makes, which takes 30 ms of CPU; and the
# local Supabase speaks no TLS.
httpx_transports.create_ssl_context = functools.cache(httpx.create_ssl_context)

_FIGURES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_FIGURES] = []


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Show a line after the run."""
    return request.config.stash[_FIGURES].append


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if figures := config.stash[_FIGURES]:
        terminalreporter.section("figures of this run")
        for line in figures:
            terminalreporter.line(line)


@pytest.fixture(scope="session", autouse=True)
def measured_children() -> None:
    """Let the child that reads workbooks, which inherits next to nothing, be measured too."""
    spool._INHERITED += ("COVERAGE_PROCESS_CONFIG",)  # noqa: SLF001


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A stack of this session's own, on free ports."""
    with running() as stack:
        yield stack


@pytest.fixture(scope="session")
def database(stack: Stack) -> Iterator[psycopg.Connection]:
    """The role postgres, past PostgREST and its policies: for arranging and for looking."""
    with psycopg.connect(stack.db_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture
async def service_client(stack):
    """The official client with the secret key, as the worker has it for files."""
    async with connect(stack.url, stack.keys.secret) as client:
        yield client


@pytest.fixture
async def queue(stack):
    async with connect(stack.url, stack.keys.secret, for_calls=True) as client:
        yield JobQueue(client, "test-worker", lease_seconds=60)


@dataclass(frozen=True)
class Dealer:
    """An organization with two users, made for one test and gone after it."""

    stack: Stack
    connection: psycopg.Connection
    organization_id: str
    creator_id: UUID
    colleague_id: UUID

    @property
    def creator_token(self) -> str:
        return self.stack.token(str(self.creator_id))

    @property
    def colleague_token(self) -> str:
        return self.stack.token(str(self.colleague_id))

    def execute(self, statement: str, *values: object) -> None:
        self.connection.execute(statement, values)

    def scalar(self, statement: str, *values: object) -> object:
        [value] = self.connection.execute(statement, values).fetchone().values()
        return value

    def set_guards(self, **guards: float) -> None:
        names, places = ", ".join(guards), ", ".join(["%s"] * len(guards))
        self.execute(
            f"insert into import_guards (organization_id, {names}) values (%s, {places})",  # noqa: S608
            self.organization_id,
            *guards.values(),
        )

    def records(self, count: int) -> list[dict[str, str]]:
        return [
            {"sku": f"SKU-{number}", "name": f"Item {number}", "unit_price": f"{number}.99"}
            for number in range(1, count + 1)
        ]

    def insert_job(
        self, records: list[object] | None, *, scheduled_in: float = -1, **columns: object
    ) -> UUID:
        """Insert a job as the frontend does; scheduled_in is in seconds from now."""
        row = {
            "organization_id": self.organization_id,
            "created_by": self.creator_id,
            "job_type": "import",
            "data_type": "inventory",
            "scheduled_time": datetime.now(UTC) + timedelta(seconds=scheduled_in),
            "status": "pending",
            "file_data": {"records": records, "mapping": {}},
        } | columns
        row["file_data"] = Jsonb(row["file_data"]) if row["file_data"] is not None else None
        names = ", ".join(row)
        places = ", ".join(["%s"] * len(row))
        statement = f"insert into scheduled_jobs ({names}) values ({places}) returning id"  # noqa: S608
        return self.scalar(statement, *row.values())

    async def claim(self, queue: JobQueue) -> Job:
        """Claim until this dealer's job comes: other tests' dealers share the database."""
        claim = await queue.claim(50, orphan_after_seconds=900)
        [job] = [job for job in claim.jobs if job.organization_id == self.organization_id]
        return job

    def job(self, job_id: UUID) -> dict[str, object]:
        return self.connection.execute(
            "select * from scheduled_jobs where id = %s", [job_id]
        ).fetchone()

    def status(self, job_id: UUID) -> str | None:
        """The job's status, without the records that it holds: for who asks again and again."""
        return self.scalar("select max(status) from scheduled_jobs where id = %s", job_id)

    def runs(self, job_id: UUID) -> list[dict[str, object]]:
        return self.connection.execute(
            "select * from import_runs where job_id = %s order by started_at", [job_id]
        ).fetchall()

    def inventory(self, columns: str = "*") -> list[dict[str, object]]:
        return self.connection.execute(
            f"select {columns} from inventory where organization_id = %s order by sku",  # noqa: S608
            [self.organization_id],
        ).fetchall()

    def errors(self) -> list[dict[str, object]]:
        return self.connection.execute(
            "select * from import_errors where organization_id = %s order by job_id, row_number",
            [self.organization_id],
        ).fetchall()

    def expire_lease(self, run_id: UUID) -> None:
        self.execute("update import_runs set lease_expires_at = now() where id = %s", run_id)


@pytest.fixture
def make_dealer(stack, database) -> Iterator[Callable[[], Dealer]]:
    dealers = []

    def make() -> Dealer:
        dealer = Dealer(stack, database, f"org_{uuid4().hex[:12]}", uuid4(), uuid4())
        dealer.execute(
            "insert into organizations (id, name) values (%s, 'Test')", dealer.organization_id
        )
        for user_id in (dealer.creator_id, dealer.colleague_id):
            dealer.execute(
                "insert into profiles (id, organization_id) values (%s, %s)",
                user_id,
                dealer.organization_id,
            )
        dealers.append(dealer)
        return dealer

    yield make
    for dealer in dealers:
        _remove(dealer)


def _remove(dealer: Dealer) -> None:
    """Delete all that a dealer has, also while a call of a worker that is gone is under way."""
    while True:
        try:
            dealer.execute("delete from organizations where id = %s", dealer.organization_id)
        except psycopg.errors.DeadlockDetected:
            continue
        return


@pytest.fixture
def dealer(make_dealer) -> Dealer:
    return make_dealer()
