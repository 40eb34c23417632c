"""What a claim costs by what waits, without a worker and without PostgREST."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from statistics import median, quantiles

import psycopg

from bench.ground import Ground

Connection = psycopg.Connection[tuple[object, ...]]

_JOBS_A_CLAIM = 8
_WORKERS = 8
_WARM = 5  # claims that are not counted


@dataclass(frozen=True)
class Backlog:
    """What there is before the claims.

    Due are `pending` jobs, in turns one of each organization; the first `retrying` wait for a
    retry. `finished` runs lie behind each of the first ten organizations.
    """

    way: str
    pending: int
    organizations: int
    finished: int = 0
    retrying: int = 0


def backlogs(unit: int) -> Sequence[Backlog]:
    """Give what is measured; unit is the smallest number of jobs."""
    dealers = 5 * unit
    return (
        Backlog("few jobs", unit, unit),
        Backlog("more jobs", 10 * unit, dealers),
        Backlog("many jobs", 100 * unit, dealers),
        Backlog("one organization's", 10 * unit, 1),
        Backlog("runs of before", 10 * unit, dealers, finished=10 * unit),
        Backlog("retries", 10 * unit, dealers, retrying=unit),
    )


def claim_times(ground: Ground, backlog: Backlog, claims: int) -> Iterator[dict[str, object]]:
    """Claim one job a time, then eight, then eight workers at once; milliseconds a claim."""
    for name, workers, jobs in (
        ("one job", 1, 1),
        ("eight jobs", 1, _JOBS_A_CLAIM),
        ("eight workers, eight jobs", _WORKERS, _JOBS_A_CLAIM),
    ):
        _arrange(ground, backlog)
        act = partial(_claims, ground.stack.db_url, jobs, max(2, claims // workers))
        with ThreadPoolExecutor(workers) as pool:
            laps = chain.from_iterable(pool.map(act, range(workers)))
        taken, seconds = zip(*laps, strict=True)
        yield {
            "way": f"{backlog.way}, {name}",
            "pending": backlog.pending,
            "organizations": backlog.organizations,
            "claims": len(seconds),
            "jobs": sum(taken),
            "p50_ms": round(1000 * median(seconds), 2),
            "p95_ms": round(1000 * quantiles(seconds, n=20, method="inclusive")[18], 2),
        }


def _arrange(ground: Ground, backlog: Backlog) -> None:
    ground.empty()
    ground.database.execute("delete from import_internal.waiting")
    ground.database.execute("delete from organizations where name = 'Backlog'")
    arguments = backlog.__dict__
    ground.database.execute(
        "insert into organizations (id, name)"
        " select 'backlog-' || n, 'Backlog' from generate_series(1, %(organizations)s) n",
        arguments,
    )
    ground.database.execute(
        "insert into scheduled_jobs (organization_id, job_type, data_type, scheduled_time, status,"
        " file_data) select 'backlog-' || 1 + n %% %(organizations)s, 'import', 'inventory',"
        " now() - interval '1 day' + n * interval '1 microsecond', 'pending',"
        ' \'{"records": [{"sku": "A", "name": "Bolt"}]}\''
        " from generate_series(0, %(pending)s - 1) n",
        arguments,
    )
    ground.database.execute(
        "with past as (insert into scheduled_jobs (organization_id, job_type, data_type,"
        " scheduled_time, status) select 'backlog-' || o, 'import', 'inventory', now(), 'completed'"
        " from generate_series(1, least(10, %(organizations)s)) o,"
        " generate_series(1, %(finished)s) returning id, organization_id)"
        " insert into import_runs (job_id, organization_id, attempt, worker_id, lease_seconds,"
        " lease_expires_at, started_at, finished_at, outcome) select id, organization_id, 1,"
        " 'bench', 60, now(), now() - interval '1 hour', now(), 'completed' from past",
        arguments,
    )
    ground.database.execute(
        "insert into import_runs (job_id, organization_id, attempt, worker_id, lease_seconds,"
        " lease_expires_at, started_at, finished_at, outcome, retry_at) select id,"
        " organization_id, 1, 'bench', 60, now(), now() - interval '1 hour', now(), 'retried',"
        " now() + interval '1 hour' from scheduled_jobs where status = 'pending'"
        " order by scheduled_time limit %(retrying)s",
        arguments,
    )


def _claims(url: str, jobs: int, claims: int, worker: int) -> list[tuple[int, float]]:
    """Claim and end what was claimed, again and again: how many came, in how many seconds."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set role service_role")
        laps = [_claim(connection, f"bench-{worker}", jobs) for _ in range(claims + _WARM)]
    return laps[_WARM:]


def _claim(connection: Connection, worker: str, jobs: int) -> tuple[int, float]:
    started = time.perf_counter()
    [answer] = connection.execute(
        "select claim_import_jobs(%s, 60, %s)", [worker, jobs]
    ).fetchone() or [None]
    seconds = time.perf_counter() - started
    assert isinstance(answer, dict)  # noqa: S101 - the function gives an object
    for job in answer["jobs"]:
        connection.execute("select finish_import(%s, 'failed', 'bench')", [job["run_id"]])
    return len(answer["jobs"]), seconds
