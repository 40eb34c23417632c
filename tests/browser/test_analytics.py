"""Figures for admins: what is shown is what the database says, and to nobody else."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.browser.test_every_view import look_at

OLIVIA = "0c1d0000-0000-4000-8000-000000000001"


def put_import(database, at, created, failure):
    """Put an import there that began then, 9 seconds after it was due; 4 seconds of work."""
    status = "failed" if failure else "completed"
    job_id = database.execute(
        "insert into scheduled_jobs (organization_id, created_by, job_type, data_type, status,"
        " scheduled_time, created_at, started_at, completed_at, file_name, error_message)"
        " values ('org_cedar', %s, 'import', 'inventory', %s, %s, %s, %s, %s, %s, %s)"
        " returning id",
        [OLIVIA, status, at - timedelta(seconds=9), at - timedelta(seconds=9), at, at,
         "=cmd <script>.csv" if failure else "fine.csv", failure],
    ).fetchone()["id"]  # fmt: skip
    database.execute(
        "insert into import_runs (job_id, organization_id, attempt, worker_id, lease_seconds,"
        " lease_expires_at, started_at, finished_at, outcome, created, updated, unchanged, failed)"
        " values (%s, 'org_cedar', 1, 'w', 60, %s, %s, %s, %s, %s, 100, 20, 2)",
        [job_id, at, at, at + timedelta(seconds=4), status, created],
    )
    database.execute(
        "insert into import_errors (job_id, row_number, organization_id, message) values"
        " (%s, 1, 'org_cedar', 'unit_price \"<b>call</b>\" is not a number'),"
        " (%s, 2, 'org_cedar', 'name is missing')",
        [job_id, job_id],
    )


@pytest.fixture
def history(database):
    """Put four imports a day there for ten days, one of which fails, with a hostile name."""
    for days in range(10):
        at = datetime.now(UTC) - timedelta(days=days)
        for _ in range(3):
            put_import(database, at, 50 + 10 * days, None)
        put_import(database, at, 0, 'It did not work, "really"')


@pytest.mark.usefixtures("history")
async def test_an_admin_sees_how_imports_went(visit):
    visitor = await visit("olivia@cedar.test", "analytics", timezone_id="America/Toronto")
    page = visitor.page
    await expect(page.get_by_role("img", name="Rows by day").locator("canvas")).to_be_visible()
    tiles = page.locator(".tile")
    await expect(tiles.nth(0)).to_have_text("40Jobs")
    await expect(tiles.nth(1)).to_have_text("10Failed")
    # 40 × 102 rows, and 3 × (50 + … + 140) created.
    await expect(tiles.nth(2)).to_have_text("6,930Rows")
    reasons = page.get_by_role("region", name="Why rows are refused").get_by_role("row")
    await expect(reasons).to_have_count(3)
    await expect(reasons.nth(2)).to_contain_text('Unit price "…" is not a number')
    failing = page.get_by_role("region", name="Files that fail again and again").get_by_role("row")
    await expect(failing.nth(1)).to_contain_text("=cmd <script>.csv")
    await visitor.picture("analytics")
    await look_at(page, "light")

    await page.get_by_text("These figures as a table").click()
    days = page.get_by_role("region", name="By day").get_by_role("row")
    assert 11 <= await days.count() <= 12
    async with page.expect_download() as download:
        await page.locator("details").get_by_role("button", name="Save as CSV").click()
    text = (await (await download.value).path()).read_text("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert sum(int(line["jobs"]) for line in lines) == 40
    assert sum(int(line["rows"]) for line in lines) == 6930
    assert {re.fullmatch(r"\d{4}-\d\d-\d\d", line["day"]) is not None for line in lines} == {True}

    files_csv = page.get_by_role("button", name="Save as CSV").last
    async with page.expect_download() as download:
        await files_csv.click()
    text = (await (await download.value).path()).read_text("utf-8-sig")
    [line] = csv.DictReader(io.StringIO(text))
    assert line["file"] == "'=cmd <script>.csv"
    assert (line["failures"], line["last_message"]) == ("10", 'It did not work, "really"')

    # Of another kind there is nothing, and of a shorter period there is less.
    await page.get_by_label("What").select_option("undo")
    await expect(page.get_by_text("Nothing of this kind ended")).to_be_visible()
    await page.get_by_label("What").select_option("import")
    await page.get_by_label("Period").select_option("7")
    await expect(tiles.nth(0)).not_to_have_text("40Jobs")
    zones = [
        json.loads(r.post_data)["time_zone"] for r in visitor.requests if "/rpc/import_" in r.url
    ]
    assert set(zones) == {"America/Toronto"}


@pytest.mark.usefixtures("history")
async def test_anybody_else_is_told_whom_to_ask(visit):
    for email, said in (
        ("liam@cedar.test", "Admins of your organization see here"),
        ("noah@granite.test", "Nothing of this kind ended"),
    ):
        visitor = await visit(email, "analytics")
        await expect(visitor.page.get_by_text(said)).to_be_visible()
        await expect(visitor.page.locator("canvas")).to_have_count(0)


@pytest.mark.usefixtures("history")
async def test_plots_take_the_colours_of_the_scheme(visit):
    visitor = await visit("olivia@cedar.test", "analytics", color_scheme="dark")
    page = visitor.page
    await expect(page.locator("canvas")).to_have_count(4)
    await look_at(page, "dark")
    await page.emulate_media(color_scheme="light")
    await expect(page.locator("canvas")).to_have_count(4)
    await page.get_by_role("combobox", name="Language").select_option("fr")
    await expect(page.get_by_text("Pourquoi des lignes sont refusées").first).to_be_visible()
