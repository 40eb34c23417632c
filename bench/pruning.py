"""What 30 days of jobs left behind, and a command beside that prunes it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.ground import Ground

_AT_ONCE = 10_000  # jobs, for a statement has its limit
_PRUNED = """
select count(*) from scheduled_jobs where completed_at is not null and not file_data ? 'records'
"""


def leave_old_jobs(ground: Ground, jobs: int) -> None:
    """Have finished jobs of the last 30 days, ten rows each, with a run and a refused row."""
    for first in range(1, jobs + 1, _AT_ONCE):
        ground.database.execute(
            """
            with past as (
              insert into scheduled_jobs (
                organization_id, job_type, data_type, scheduled_time, status, created_at,
                completed_at, file_data)
              select %(old)s, 'import', 'inventory', at, 'completed', at, at, jsonb_build_object(
                'records', (select jsonb_agg(jsonb_build_object('sku', m, 'name', 'Bolt ' || m))
                            from generate_series(n, n + 9) m), 'mapping', '{}'::jsonb)
              from generate_series(%(first)s::integer, %(last)s::integer) n
              cross join lateral (select now() - n * interval '30 days' / %(jobs)s as at) as dated
              returning id, organization_id, completed_at
            ), ended as (
              insert into import_runs (job_id, organization_id, attempt, worker_id, lease_seconds,
                lease_expires_at, started_at, finished_at, outcome)
              select id, organization_id, 1, 'bench', 60, completed_at, completed_at, completed_at,
                     'completed' from past
              returning job_id, organization_id
            )
            insert into import_errors (job_id, organization_id, row_number, message)
            select job_id, organization_id, 1, 'no name' from ended
            """,
            {"old": ground.organization()[0], "first": first, "jobs": jobs,
             "last": min(first + _AT_ONCE - 1, jobs)},
        )  # fmt: skip
    ground.database.execute("analyze scheduled_jobs, import_runs, import_errors")


@contextmanager
def pruned_meanwhile(ground: Ground) -> Iterator[None]:
    """Have ``python -m worker prune`` at work beside; it is killed in the end."""
    environment = ground.stack.worker_environment
    before = ground.scalar(_PRUNED)
    with subprocess.Popen([sys.executable, "-m", "worker", "prune"], env=environment) as process:
        while ground.scalar(_PRUNED) == before:
            if process.poll() is not None:
                raise RuntimeError("there is nothing to prune")
            time.sleep(0.1)
        yield
        is_at_work = process.poll() is None
        process.kill()
    if not is_at_work:
        raise RuntimeError("everything was pruned before the import ended")
