"""What was done, what became of one item, and what is to come."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

OLIVIA = "0c1d0000-0000-4000-8000-000000000001"
LIAM = "0c1d0000-0000-4000-8000-000000000002"
JOBS = 200


@pytest.fixture
def jobs(database):
    """Put jobs there, one ten minutes before the other; every ninth an export."""
    database.execute(
        """
        with job as (
          insert into scheduled_jobs (
            organization_id, created_by, creator_name, job_type, data_type, scheduled_time, status,
            file_name, file_data, created_at, started_at, completed_at)
          select 'org_cedar', %s, 'Olivia Marsh',
                 case when n %% 9 = 0 then 'export' else 'import' end, 'inventory',
                 at, case when n %% 50 = 0 then 'failed' else 'completed' end,
                 'stock_' || n || '.csv', jsonb_build_object('records', repeat('secret', 500)),
                 at, at, at + interval '5 s'
          from generate_series(1, %s) n
          cross join lateral (select now() - n * interval '10 minutes' as at) t
          returning *
        )
        insert into import_runs (
          job_id, organization_id, attempt, worker_id, lease_seconds, lease_expires_at, started_at,
          finished_at, outcome, kind, row_count, created, updated, unchanged, failed)
        select id, organization_id, 1, 'w', 60, started_at, started_at, completed_at, status,
               job_type, 1234, 1000, 200, 50, 34
        from job
        """,
        [OLIVIA, JOBS],
    )


def files(page):
    return page.get_by_role("region", name="Jobs").get_by_role("link")


@pytest.mark.usefixtures("jobs")
async def test_jobs_are_paged_and_filtered(visit):
    visitor = await visit("olivia@cedar.test", "history")
    page = visitor.page
    await expect(files(page).first).to_have_text("stock_1.csv")
    await expect(files(page)).to_have_count(25)
    await visitor.picture("history")

    await page.get_by_role("button", name="Next").click()
    await expect(files(page).first).to_have_text("stock_26.csv")
    await expect(page.get_by_text("Rows 26 to 50")).to_be_visible()
    await page.get_by_role("button", name="Previous").click()
    await expect(files(page).first).to_have_text("stock_1.csv")

    await page.get_by_label("What").select_option("export")
    await expect(files(page).first).to_have_text("stock_9.csv")
    await page.get_by_label("What").select_option("undo")
    await expect(page.get_by_text("No such job")).to_be_visible()
    await page.get_by_role("button", name="Show all").click()
    await page.get_by_label("State").select_option("failed")
    await expect(files(page).first).to_have_text("stock_50.csv")
    await page.get_by_label("File", exact=True).fill("k_1%")
    await expect(page.get_by_text("No such job")).to_be_visible()
    await page.get_by_label("File", exact=True).fill("K_150.")
    await expect(files(page)).to_have_text(["stock_150.csv"])
    await page.get_by_role("button", name="Show all").click()
    await page.get_by_label("By").fill("liam")
    await expect(page.get_by_text("No such job")).to_be_visible()
    await page.get_by_label("By").fill("olivia")
    yesterday = await page.evaluate(
        "(() => { const d = new Date(); d.setDate(d.getDate() - 1);"
        " return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, 0)}-"
        "${String(d.getDate()).padStart(2, 0)}`; })()"
    )
    await page.get_by_label("To", exact=True).fill(yesterday)
    await expect(files(page).first).not_to_have_text("stock_1.csv")
    await expect(page.get_by_text(re.compile("1,000 created, 150 changed, 50 unchanged")).first
                 ).to_be_visible()  # fmt: skip

    # Whatever was asked, no answer and no event carried a file's rows.
    assert not [request.url for request in visitor.requests if "file_data" in request.url]
    assert not [frame for frame in visitor.frames if "secretsecret" in frame]


@pytest.mark.usefixtures("jobs")
async def test_nobody_else_sees_them(visit):
    colleague = await visit("liam@cedar.test", "history")
    await expect(files(colleague.page)).to_have_count(25)
    stranger = await visit("noah@granite.test", "history")
    await expect(stranger.page.get_by_text("No such job")).to_be_visible()


async def test_a_job_shows_its_columns_attempts_and_whats_new(visit, database):
    visitor = await visit("olivia@cedar.test", "history")
    page = visitor.page
    await expect(page.get_by_text("No such job")).to_be_visible()
    job_id = database.execute(
        "insert into scheduled_jobs (organization_id, created_by, job_type, data_type, status,"
        " scheduled_time, started_at, completed_at, file_name) values ('org_cedar', %s, 'import',"
        " 'inventory', 'completed', now(), now(), now(), '<img src=x onerror=alert(1)>.csv')"
        " returning id", [OLIVIA],
    ).fetchone()["id"]  # fmt: skip
    for attempt, outcome in enumerate(("lease_expired", "completed"), 1):
        database.execute(
            "insert into import_runs (job_id, organization_id, attempt, worker_id, lease_seconds,"
            " lease_expires_at, finished_at, outcome, mapping, created, row_count)"
            " values (%s, 'org_cedar', %s, 'w', 60, now(), clock_timestamp(), %s, %s, 3, 3)",
            [job_id, attempt, outcome, json.dumps({"<b>Artikel</b>": "sku"})],
        )
    await page.get_by_role("button", name="Something has changed").click()
    await files(page).first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "<img src=x onerror=alert(1)>.csv"
    )
    await page.get_by_text("How it was read and begun").click()
    await expect(page.get_by_role("cell", name="<b>Artikel</b>")).to_be_visible()
    await expect(page.get_by_role("cell", name="the worker fell silent")).to_be_visible()


@pytest.mark.usefixtures("worker")
async def test_one_item_through_time(visit, database):
    visitor = await visit("olivia@cedar.test", "import")
    for number, price in enumerate(("1.50", "2.75"), 1):
        await visitor.page.goto("about:blank")
        await visitor.open("history", "item")
        database.execute(
            "insert into scheduled_jobs (organization_id, created_by, creator_name, job_type,"
            " data_type, scheduled_time, file_name, file_data) values ('org_cedar', %s, 'Olivia',"
            " 'import', 'inventory', now(), %s, %s)",
            [OLIVIA, f"prices {number}.csv", json.dumps(
                {"records": [{"sku": "A/1 %", "name": "Bolt", "unit_price": price}]})],
        )  # fmt: skip
        await visitor.is_live()
        await _ended(database, f"prices {number}.csv")
    page = visitor.page
    await page.get_by_label("SKU").fill("A/1 %")
    await page.keyboard.press("Enter")
    rows = page.get_by_role("region", name="What imports did to A/1 %").get_by_role("row")
    await expect(rows).to_have_count(3)
    await expect(rows.nth(1)).to_contain_text("prices 2.csv")
    await expect(rows.nth(1)).to_contain_text("Unit price1.502.75")
    await expect(rows.nth(2)).to_contain_text("created")
    await page.get_by_label("SKU").fill("nothing")
    await page.get_by_role("button", name="Show what became of it").click()
    await expect(page.get_by_text("Nothing is known of nothing")).to_be_visible()


async def _ended(database, name):
    query = "select status from scheduled_jobs where file_name = %s"
    while database.execute(query, [name]).fetchone()["status"] in {"pending", "processing"}:
        await asyncio.sleep(0.05)


def put_schedule(database, created_by, name, **columns):
    row = {
        "organization_id": "org_cedar", "created_by": created_by, "creator_name": "Somebody",
        "job_type": "import", "data_type": "inventory", "file_name": name,
        "scheduled_time": datetime.now(UTC) + timedelta(days=3, seconds=17.5),
    } | columns  # fmt: skip
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    return database.execute(
        f"insert into scheduled_jobs ({names}) values ({places}) returning id",  # noqa: S608
        list(row.values()),
    ).fetchone()["id"]


def the_job(database, job_id):
    return database.execute("select * from scheduled_jobs where id = %s", [job_id]).fetchone()


async def test_schedules_are_edited_and_cancelled_by_who_made_them(visit, database):
    mine = put_schedule(
        database, OLIVIA, "weekly.csv", repeat_type="weekly", repeat_interval=2,
        repeat_days_of_week=["Mon", "5"], repeat_end_date="2030-06-30T00:00:00Z",
    )  # fmt: skip
    theirs = put_schedule(database, LIAM, "theirs.csv")
    visitor = await visit("olivia@cedar.test", "history", "schedules")
    page = visitor.page
    weekly = page.get_by_role("row", name="weekly.csv")
    await expect(weekly).to_contain_text("every 2 weeks on Monday, Friday until June 30, 2030")
    await expect(page.get_by_role("row", name="theirs.csv")).to_contain_text("Only whoever made it")

    before = the_job(database, mine)
    await weekly.get_by_role("button", name="Edit").click()
    await expect(page.get_by_label("Monday")).to_be_checked()
    await page.get_by_label("Tuesday").check()
    await page.get_by_label("Every how many").fill("3")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("The schedule is changed.")).to_be_visible()
    after = the_job(database, mine)
    # The time that was left alone is the same to the last digit.
    assert after == before | {
        "repeat_interval": 3, "repeat_days_of_week": ["monday", "tuesday", "friday"],
    }  # fmt: skip

    await weekly.get_by_role("button", name="Edit").click()
    await page.get_by_label("Repeats").select_option("custom")
    await page.get_by_label("Unit").select_option("months")
    await page.get_by_label("On these days of the month").fill("1, 31, 99")
    await page.get_by_label("Next time").fill("2031-01-31T08:30")
    await page.get_by_label("Last day").fill("")
    await page.get_by_role("button", name="Save").click()
    await expect(weekly).to_contain_text("every 3 months on 1, 31")
    after = the_job(database, mine)
    assert after["repeat_days_of_week"] is None
    assert (after["repeat_custom_unit"], after["repeat_days_of_month"]) == ("months", [1, 31])
    assert after["scheduled_time"].second == 0

    # One that has begun meanwhile is left alone.
    await weekly.get_by_role("button", name="Edit").click()
    database.execute("update scheduled_jobs set status = 'processing' where id = %s", [mine])
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("the job has begun, or it was cancelled")).to_be_visible()

    other = put_schedule(database, OLIVIA, "once.csv")
    await page.reload()
    once = page.get_by_role("row", name="once.csv")
    await once.get_by_role("button", name="Cancel").click()
    await once.get_by_role("button", name="Keep it").click()
    await once.get_by_role("button", name="Cancel").click()
    await once.get_by_role("button", name="Cancel for good").click()
    await expect(page.get_by_text("once.csv is cancelled")).to_be_visible()
    assert the_job(database, other)["status"] == "cancelled"
    assert the_job(database, theirs)["status"] == "pending"
