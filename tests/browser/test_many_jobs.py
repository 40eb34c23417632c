"""5,000 jobs in the history: what is asked for stays small, and never holds a file."""

import asyncio
import json

from playwright.async_api import expect

JOBS = 5000
# By the address of a view, what shows that it is there.
SHOWN = {"import": "stock_part1.csv", "history": "stock_part1.csv", "status": "Nothing waits"}
HEAVY = 50  # each such one has a file in its row
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
# Of one job, as the CRM inserts it: 200 KB.
RECORDS = json.dumps({"records": [{"sku": "A-1", "name": "x" * 200_000}]})


def fill(database):
    database.execute(
        """
        with job as (
          insert into scheduled_jobs (
            organization_id, created_by, creator_name, job_type, data_type, file_name, status,
            scheduled_time, started_at, completed_at, record_count, file_data)
          select 'org_cedar', '0c1d0000-0000-4000-8000-000000000001', 'Olivia', 'import',
            'inventory', 'stock_part' || n || '.csv', 'completed',
            at, at, at + interval '20 seconds', 2000,
            case when n %% %s = 0 then %s::jsonb else '{"records": []}' end
          from generate_series(1, %s) as n,
            lateral (select now() - n * interval '10 minutes' as at) as began
          returning id, organization_id, started_at, completed_at)
        insert into import_runs (
          job_id, organization_id, attempt, worker_id, lease_seconds, lease_expires_at,
          started_at, finished_at, outcome, row_count, created, updated, failed)
        select id, organization_id, 1, 'w', 60, completed_at,
          started_at, completed_at, 'completed', 2000, 1500, 490, 10
        from job
        """,
        [HEAVY, RECORDS, JOBS],
    )


async def test_what_is_asked_for_stays_small(visit, worker_process, stack, database, figure):
    worker_process.stop()  # what is counted is the page's
    fill(database)
    visitor = await visit("olivia@cedar.test")
    page = visitor.page
    for address, shown in SHOWN.items():
        await visitor.open(address)
        await expect(page.get_by_text(shown, exact=True)).to_be_visible()
        stack.faults.reset_counters()
        await page.reload()
        await expect(page.get_by_text(shown, exact=True)).to_be_visible()
        await visitor.is_live()
        counters = stack.faults.get()[1]
        asked = sum(
            count for asked, count in counters.requests.items() if asked.startswith("GET /rest/v1/")
        )
        paint = await page.evaluate(FIRST_PAINT)
        figure(
            f"page: {address}, with {JOBS:,} jobs: first paint after {paint:.0f} ms,"
            f" {asked} requests to the database, {counters.bytes_out:,} bytes in all"
        )
        assert 0 < asked <= 12
        assert counters.bytes_out < 30_000
    assert not [request.url for request in visitor.requests if "file_data" in request.url]

    # A change of a job that holds a whole file comes without it.
    name = f"stock_part{HEAVY}.csv"
    database.execute(
        "update scheduled_jobs set record_count = 1999"
        " where organization_id = 'org_cedar' and file_name = %s",
        [name],
    )
    while not any(name in frame for frame in visitor.frames):
        await asyncio.sleep(0.05)
    assert "file_data" not in "".join(visitor.frames)
    assert max(map(len, visitor.frames)) < 20_000
