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


async def test_what_is_asked_for_stays_small(visit, database, figure):
    fill(database)
    visitor = await visit("olivia@cedar.test")
    page = visitor.page
    for address, shown in SHOWN.items():
        # Nothing that was under way before is counted.
        await page.goto("about:blank")
        visitor.requests.clear()
        await visitor.open(address)
        await expect(page.get_by_text(shown, exact=True)).to_be_visible()
        await visitor.is_live()
        asked = [request for request in visitor.requests if "/rest/v1/" in request.url]
        size = sum([len(await (await request.response()).body()) for request in asked])
        paint = await page.evaluate(FIRST_PAINT)
        figure(
            f"page: {address}, with {JOBS:,} jobs: first paint after {paint:.0f} ms,"
            f" {len(asked)} requests to the database, {size:,} bytes"
        )
        assert not [request.url for request in asked if "file_data" in request.url]
        assert len(asked) <= 8
        assert size < 20_000

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
