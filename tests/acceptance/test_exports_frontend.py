"""Exports as the CRM asks for them, by its own client: exports.mjs asks, a worker runs them."""

import csv
import io
import json
from pathlib import Path

import pytest
from psycopg.types.json import Jsonb

from tests import supabase_js
from worker.config import Settings
from worker.service import serve

SCRIPT = Path(__file__).with_name("exports.mjs")
ORGANIZATION = "org_cedar"  # of devstack/seed.sql
TEMPLATE = {
    "id": "erp", "layout_mode": "fixed", "header_lines": ["HDR"], "file_extension": "dat",
    "detail_fields": [{"source": "field", "key": "quote_number", "start": 1, "length": 6}],
}  # fmt: skip


def ask(stack, **settings):
    return supabase_js.run(SCRIPT, stack, ORGANIZATION=ORGANIZATION, **settings)


@pytest.fixture(scope="module")
async def answers(stack, database):
    """What the CRM asked for, and what came of it."""
    tables = ("scheduled_jobs", "contacts", "inventory", "quotes", "organization_settings")
    kept = {
        table: database.execute(
            f"select count(*) as count from {table} where organization_id = %s",  # noqa: S608
            [ORGANIZATION],
        ).fetchone()["count"]
        for table in tables
    }
    assert kept["quotes"] == 0
    database.execute(
        "insert into contacts (organization_id, name, legacy_number) values (%s, 'Ann', '007')",
        [ORGANIZATION],
    )
    database.execute(
        "insert into quotes (organization_id, quote_number, line_items) values (%s, 'Q-1', %s)",
        [ORGANIZATION, Jsonb([{"sku": "A", "qty": 2}])],
    )
    database.execute(
        "insert into organization_settings (organization_id, export_templates) values (%s, %s)",
        [ORGANIZATION, Jsonb([TEMPLATE])],
    )
    try:
        asked = ask(stack)
        await serve(
            Settings(supabase_url=stack.url, supabase_secret_key=stack.keys.secret), once=True
        )
        names = {name: job["id"] for name, job in asked.items() if name != "page"}
        got = ask(stack, JOBS=json.dumps(list(names.values())))
        yield asked, {name: got[job_id] for name, job_id in names.items()}
    finally:
        for table in ("scheduled_jobs", "quotes", "organization_settings"):
            database.execute(f"delete from {table} where organization_id = %s", [ORGANIZATION])  # noqa: S608
        database.execute("delete from contacts where legacy_number = '007'")


def test_each_job_became_a_file_that_members_read(answers):
    for name, got in answers[1].items():
        assert got["job"]["status"] == "completed", got["job"]["error_message"]
        assert got["path"] == f"{ORGANIZATION}/{got['job']['id']}/{got['job']['file_name']}"
        # The whole path on Supabase Lite, the name alone on the platform.
        listed = [entry.rpartition("/")[2] for entry in got["listed"]]
        assert listed == [got["job"]["file_name"]], name


def test_record_count_is_what_is_in_the_file(answers):
    for name in ("contacts", "inventory", "quotes"):
        got = answers[1][name]
        rows = list(csv.reader(io.StringIO(got["text"].lstrip("\ufeff"), newline="")))
        assert len(rows) - 1 == got["job"]["record_count"], name
    [contact] = [row for row in answers[1]["contacts"]["text"].splitlines() if ",007," in row]
    assert contact.startswith("Ann,")


def test_quotes_as_xml_and_by_a_template(answers):
    assert "<quote_number>Q-1</quote_number>" in answers[1]["xml"]["text"]
    assert "<sku_quantities>A:2</sku_quantities>" in answers[1]["xml"]["text"]
    assert answers[1]["custom"]["text"] == "HDR\nQ-1   "


def test_another_organization_gets_nothing(answers):
    for got in answers[1].values():
        theirs = got["theirs"]
        assert (theirs["runs"], theirs["listed"], theirs["below"]) == ([], [], [])
        assert (theirs["signed"], theirs["downloaded"]) == (None, None)


def test_the_page_runs_an_export_and_its_next_occurrence_waits(answers):
    page = answers[0]["page"]
    assert page["errors"] == [None, None]
    assert (page["after"]["status"], page["after"]["record_count"]) == ("completed", 3)
    assert page["again"] == "42501"
    assert len(page["waiting"]) == 1
