"""Figures for admins: what is shown is what the database says, and nobody else is shown anything."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

OLIVIA = "0c1d0000-0000-4000-8000-000000000001"


@pytest.fixture
def history(database):
    """Put three imports a day there for ten days, and one that fails, with a hostile name."""
    for days in range(10):
        for number in range(4):
            at = datetime.now(UTC) - timedelta(days=days, minutes=number)
            failed = number == 3
            job_id = database.execute(
                "insert into scheduled_jobs (organization_id, created_by, job_type, data_type, status,"
                " scheduled_time, created_at, started_at, completed_at, file_name, error_message)"
                " values ('org_cedar', %s, 'import', 'inventory', %s, %s, %s, %s, %s, %s, %s)"
                " returning id",
                [OLIVIA, "failed" if failed else "completed", at - timedelta(seconds=9), at,
                 at + timedelta(seconds=2), at, "=cmd <script>.csv" if failed else f"{days}.csv",
                 "It did not work, \"really\"" if failed else None],
            ).fetchone()["id"]  # fmt: skip
            database.execute(
                "insert into import_runs (job_id, organization_id, attempt, worker_id, lease_seconds,"
                " lease_expires_at, started_at, finished_at, outcome, created, updated, unchanged,"
                " failed) values (%s, 'org_cedar', 1, 'w', 60, %s, %s, %s, %s, %s, 100, 20, 2)",
                [job_id, at, at, at + timedelta(seconds=4), "failed" if failed else "completed",
                 0 if failed else 50 + 10 * days],
            )  # fmt: skip
            database.execute(
                "insert into import_errors (job_id, row_number, organization_id, message) values"
                " (%s, 1, 'org_cedar', 'unit_price \"<b>call</b>\" is not a number'),"
                " (%s, 2, 'org_cedar', 'name is missing')", [job_id, job_id],
            )  # fmt: skip


async def test_an_admin_sees_how_imports_went(visit, history):
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
    await expect(reasons.nth(2)).to_contain_text('unit_price "…" is not a number')
    failing = page.get_by_role("region", name="Files that fail again and again").get_by_role("row")
    await expect(failing.nth(1)).to_contain_text("=cmd <script>.csv")
    await visitor.picture("analytics")

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


async def test_anybody_else_is_told_whom_to_ask(visit, history):
    for email, said in (
        ("liam@cedar.test", "Admins of your organization see here"),
        ("noah@granite.test", "Nothing of this kind ended"),
    ):
        visitor = await visit(email, "analytics")
        await expect(visitor.page.get_by_text(said)).to_be_visible()
        await expect(visitor.page.locator("canvas")).to_have_count(0)


async def test_plots_take_the_colours_of_the_scheme(visit, history):
    visitor = await visit("olivia@cedar.test", "analytics", color_scheme="dark")
    page = visitor.page
    await expect(page.locator("canvas")).to_have_count(4)
    await visitor.picture("analytics-dark")
    await page.emulate_media(color_scheme="light")
    await expect(page.locator("canvas")).to_have_count(4)
    await page.get_by_role("combobox", name="Language").select_option("fr")
    await expect(page.get_by_text("Pourquoi des lignes sont refusées").first).to_be_visible()
    await visitor.picture("analytics-fr")
