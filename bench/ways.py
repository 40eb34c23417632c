"""Four ways to the same rows. Each takes rows and an empty organization, and tells its seconds."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
from postgrest.types import ReturnMethod
from psycopg import sql
from realtime.types import RealtimePostgresChangesListenEvent

from bench.ground import Ground, in_jobs
from bench.rows import Record
from worker.connection import connect
from worker.importing.mapping import judge_by_names, mapped_already
from worker.importing.parsing import row_parser
from worker.importing.sources import FileOptions, SourceRow, open_file
from worker.importing.tables import TABLES, Row

_INVENTORY = TABLES["inventory"]
_BATCH = 100
# Realtime delivers within half a second.
_LATEST_EVENT_SECONDS = 1.0

_FILLED_AT_ONCE = 50_000

_TEMPORARY = """
create temporary table given (
  sku text, name text, description text, category text, quantity integer,
  quantity_on_order integer, unit_price integer, cost integer, price_tier_1 integer,
  price_tier_2 integer, price_tier_3 integer, department_code text, unit_of_measure text,
  search_keywords text[]
) on commit drop
"""
_COLUMNS = (
    "sku", "name", "description", "category", "quantity", "quantity_on_order", "unit_price",
    "cost", "price_tier_1", "price_tier_2", "price_tier_3", "department_code", "unit_of_measure",
    "search_keywords",
)  # fmt: skip


def parsed(records: Sequence[Record]) -> list[Row]:
    """Parse beforehand, for ways whose parsing is not what is measured."""
    parse = row_parser(_INVENTORY, mapped_already(_INVENTORY), {})
    read = [parse(number, SourceRow(number, record)) for number, record in enumerate(records, 1)]
    rows = [row for row in read if isinstance(row, dict)]
    for row in rows:
        _INVENTORY.derive(row)
        row["search_keywords"] = str(row["search_keywords"]).split(",")
    return rows


def incumbent(ground: Ground, records: Sequence[Record]) -> float:
    """Do as the browser-side processor: one SELECT and one write a record (docs/FRONTEND.md)."""
    organization, user = ground.organization()
    stack = ground.stack
    rows = [_stored(row, organization) for row in parsed(records)]
    headers = {
        "apikey": stack.keys.publishable,
        "authorization": f"Bearer {stack.token(str(user))}",
        "prefer": "return=minimal",
    }
    with httpx.Client(base_url=f"{stack.url}/rest/v1", headers=headers, timeout=30) as browser:
        started = time.perf_counter()
        for row in rows:
            params = {
                "select": "id",
                "organization_id": f"eq.{organization}",
                "sku": f"eq.{row['sku']}",
            }
            found = browser.get("/inventory", params=params).raise_for_status().json()
            if found:
                where = f"/inventory?id=eq.{found[0]['id']}"
                browser.patch(where, json=row).raise_for_status()
            else:
                browser.post("/inventory", json=row).raise_for_status()
        return time.perf_counter() - started


def client_upsert(ground: Ground, records: Sequence[Record]) -> float:
    """Do what most people would write: the client's upsert, 100 rows at a time."""
    organization, _ = ground.organization()
    rows = [_stored(row, organization) for row in parsed(records)]
    return asyncio.run(_upsert(ground, rows))


async def _upsert(ground: Ground, rows: Sequence[dict[str, object]]) -> float:
    async with connect(ground.stack.url, ground.stack.keys.secret) as client:
        started = time.perf_counter()
        for first in range(0, len(rows), _BATCH):
            await (
                client.table("inventory")
                .upsert(
                    rows[first : first + _BATCH],
                    on_conflict="organization_id,sku",
                    returning=ReturnMethod.minimal,
                )
                .execute()
            )
        return time.perf_counter() - started


def limit(ground: Ground, records: Sequence[Record]) -> float:
    """Do the least that PostgreSQL can: COPY, and one upsert, by a connection of one's own."""
    organization, _ = ground.organization()
    rows = parsed(records)
    names = ", ".join(_COLUMNS)
    values = ", ".join(_DEFAULTED.get(name, name) for name in _COLUMNS)
    updates = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "sku")
    with psycopg.connect(ground.stack.db_url) as connection:
        started = time.perf_counter()
        connection.execute(_TEMPORARY)
        with connection.cursor().copy(f"copy given ({names}) from stdin") as copy:
            for row in rows:
                copy.write_row([row.get(name) for name in _COLUMNS])
        connection.execute(
            f"insert into inventory (organization_id, {names}, keyword_version,"  # noqa: S608
            f" keywords_generated_at) select %s, {values}, 'kw_v1', now() from given"
            f" on conflict (organization_id, sku) do update set {updates}",
            [organization],
        )
        connection.commit()
        return time.perf_counter() - started


_DEFAULTED = {
    "description": "coalesce(description, '')",
    "category": "coalesce(category, 'Uncategorized')",
    "quantity": "coalesce(quantity, 0)",
    "quantity_on_order": "coalesce(quantity_on_order, 0)",
}


def worker_jobs(ground: Ground, organization: str, records: Sequence[Record]) -> float:
    """Have a running worker import the jobs that the frontend cuts a file into."""
    with ground.database.transaction():
        jobs = [ground.job(organization, file_data) for file_data in in_jobs(records)]
    return ground.seconds_of(jobs)


def worker_file(ground: Ground, organization: str, content: bytes) -> float:
    """Have a running worker import a file from Storage."""
    return ground.seconds_of([ground.job(organization, ground.upload(organization, content))])


def little_jobs(ground: Ground, dealers: Sequence[str], jobs: int) -> float:
    """Have a running worker import jobs of one row, in turns one of each dealer."""
    with ground.database.transaction():
        made = [
            ground.job(
                dealers[number % len(dealers)],
                {
                    "records": [{"sku": f"A-{number}", "name": "Screw", "unit_price": "2.50"}],
                    "mapping": {"Item": "sku", "Name": "name", "Price": "unit_price"},
                },
            )
            for number in range(jobs)
        ]
    return ground.seconds_of(made)


def preview(ground: Ground, organization: str, content: bytes) -> float:
    """Have a running worker look at a file; from the insert of the job to its end."""
    file_data = ground.upload(organization, content)
    job = ground.job(organization, file_data | {"options": {"preview": True}})
    ground.seconds_of([job])
    return ground.scalar(
        "select extract(epoch from completed_at - created_at) from scheduled_jobs where id = %s",
        [job],
    )


def reading(content: bytes) -> float:
    """Read a file's rows as the worker does: found out how, then gone through twice."""
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(content)
        started = time.perf_counter()
        asyncio.run(_read_twice(Path(file.name)))
        return time.perf_counter() - started


async def _read_twice(path: Path) -> None:
    with closing(await open_file(path, FileOptions(), judge_by_names(_INVENTORY))) as source:
        for _ in range(2):
            async for _ in source.pages():
                pass


def job_row_changes(
    ground: Ground, organization: str, records: Sequence[Record]
) -> tuple[int, int]:
    """Import one job; how often its row was updated, and how often a browser heard of it."""
    slot = "bench"
    with psycopg.connect(ground.stack.admin_db_url, autocommit=True) as admin:
        admin.execute(
            "select pg_create_logical_replication_slot(%s, 'test_decoding', true)", [slot]
        )
        events = asyncio.run(_events_of(ground, organization, records))
        [updates] = admin.execute(
            "select count(*) from pg_logical_slot_get_changes(%s, null, null)"
            " where starts_with(data, 'table public.scheduled_jobs: UPDATE')",
            [slot],
        ).fetchone() or [0]
    return int(str(updates)), events


async def _events_of(ground: Ground, organization: str, records: Sequence[Record]) -> int:
    events = 0

    def count(_: object) -> None:
        nonlocal events
        events += 1

    kind = RealtimePostgresChangesListenEvent.Update
    async with _subscribed(ground, kind, count):
        await asyncio.to_thread(worker_jobs, ground, organization, records)
        await asyncio.sleep(_LATEST_EVENT_SECONDS)
    return events


@asynccontextmanager
async def _subscribed(
    ground: Ground, kind: RealtimePostgresChangesListenEvent, on_event: Callable[[object], None]
) -> AsyncIterator[None]:
    """Listen to the jobs as a browser does."""
    live = asyncio.Event()
    async with connect(ground.stack.url, ground.stack.keys.secret) as client:
        channel = client.channel("bench")
        channel.on_postgres_changes(kind, on_event, table="scheduled_jobs", schema="public")
        channel.on_system(lambda _: live.set())
        await channel.subscribe()
        await asyncio.wait_for(live.wait(), 30)
        yield
        await client.remove_all_channels()


def pick_ups(ground: Ground, organization: str, jobs: int) -> list[float]:
    """Insert one small job after the other; seconds from each insert to its start."""
    seconds = []
    record = {"sku": "A", "name": "Bolt"}
    for number in range(jobs):
        # Not at once: a worker that has just ended a job looks at the queue by itself.
        time.sleep(0.1 + 0.1 * (number % 5) / 5)
        job = ground.job(organization, {"records": [record], "mapping": {}})
        ground.seconds_of([job])
        seconds.append(
            ground.scalar(
                "select extract(epoch from started_at - created_at) from scheduled_jobs"
                " where id = %s",
                [job],
            )
        )
    return seconds


def deliveries(ground: Ground, organization: str, inserts: int) -> list[float]:
    """Realtime's own share: seconds from an insert's commit to a subscriber's callback."""
    return asyncio.run(_deliveries(ground, organization, inserts))


async def _deliveries(ground: Ground, organization: str, inserts: int) -> list[float]:
    arrived = asyncio.Event()
    seconds = []
    kind = RealtimePostgresChangesListenEvent.Insert
    async with _subscribed(ground, kind, lambda _: arrived.set()):
        for _ in range(inserts):
            await asyncio.sleep(0.15)
            arrived.clear()
            _insert_later(ground, organization)
            committed = time.perf_counter()
            await asyncio.wait_for(arrived.wait(), 10)
            seconds.append(time.perf_counter() - committed)
    return seconds


def _insert_later(ground: Ground, organization: str) -> UUID:
    """Insert a job that nobody will take while this lasts."""
    [job_id] = ground.database.execute(
        "insert into scheduled_jobs (organization_id, job_type, data_type, scheduled_time, status)"
        " values (%s, 'import', 'inventory', now() + interval '1 day', 'pending') returning id",
        [organization],
    ).fetchone() or [None]
    assert isinstance(job_id, UUID)  # noqa: S101 - returning gives it
    return job_id


def _stored(row: Row, organization: str) -> dict[str, object]:
    """Give a row as a client would write it: every column, for an upsert blanks missing ones."""
    ours = {name: row.get(name) for name in _COLUMNS}
    return ours | {
        "organization_id": organization,
        "description": row.get("description", ""),
        "category": row.get("category", "Uncategorized"),
        "quantity": row.get("quantity", 0),
        "quantity_on_order": row.get("quantity_on_order", 0),
        "keyword_version": "kw_v1",
        "keywords_generated_at": datetime.now(UTC).isoformat(),
    }


def fill_inventory(ground: Ground, organization: str, rows: int) -> None:
    """Have items to export, past every import; in steps, for a statement has its limit."""
    for first in range(1, rows + 1, _FILLED_AT_ONCE):
        last = min(first + _FILLED_AT_ONCE - 1, rows)
        ground.database.execute(
            """
            insert into inventory (
              organization_id, sku, name, description, category, quantity, unit_price, cost,
              price_tier_1, price_tier_2, department_code, unit_of_measure)
            select %s, lpad(n::text, 9, '0'), 'Deck screw No. ' || n, 'Coated, 3" × ' || n,
                   'Fasteners ' || n %% 40, n %% 500, 199 + n %% 10000, 100 + n %% 9000,
                   180 + n %% 10000, 170 + n %% 10000, 'D' || n %% 20, 'ea'
            from generate_series(%s::integer, %s::integer) n
            """,
            [organization, first, last],
        )
    ground.database.execute("analyze inventory")


def copy_out(ground: Ground, organization: str) -> float:
    """Let PostgreSQL write the same columns as CSV."""
    started = time.monotonic()
    statement = sql.SQL(
        "copy (select name, sku, description, category, quantity, quantity_on_order, unit_price,"
        " cost, price_tier_1, price_tier_2, price_tier_3, price_tier_4, price_tier_5,"
        " department_code, unit_of_measure from inventory where organization_id = {})"
        " to stdout (format csv, header)"
    ).format(sql.Literal(organization))
    with (
        tempfile.TemporaryFile() as file,
        ground.database.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for piece in copy:
            file.write(piece)
    return time.monotonic() - started


def worker_export(ground: Ground, organization: str, form: str) -> float:
    """Have a worker export all items, into Storage."""
    options = {"export_options": {"format": form}}
    return ground.seconds_of([ground.job(organization, options, job_type="export")])
