"""docs/NOTIFICATIONS.md: its supabase-js runs beside a worker, and its tables are so."""

import re
from pathlib import Path

import pytest

from tests import supabase_js

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "NOTIFICATIONS.md").read_text()
SCRIPT = Path(__file__).with_name("notifications_page.mjs")


@pytest.fixture(scope="module")
def said(stack, database, worker):  # noqa: ARG001 - it runs beside
    code = "\n".join(re.findall(r"```js\n(.+?)```", PAGE, re.DOTALL))
    try:
        yield supabase_js.run(SCRIPT, stack, PAGE_CODE=code)
    finally:
        for table in (
            *("notification_channels", "import_notifications", "scheduled_jobs", "inventory"),
        ):
            database.execute(
                f"delete from {table} where organization_id in ('org_cedar', 'org_granite')"  # noqa: S608
            )


def test_the_person_is_shown_their_own_line(said):
    line = said["line"]
    assert (line["event"], line["data"]["file_name"]) == ("import.completed", "told.csv")
    assert said["unread"] == [line]
    assert said["left"] == []


def test_nobody_else_is(said):
    assert said["colleague"] == said["stranger"] == []
    assert "row-level security" in said["inAnothersName"]


def first_cells(heading):
    table = PAGE.split(heading)[1].split("\n\n")[0]
    return {
        key
        for line in table.splitlines()
        for key in re.findall(r"`([\w.]+)`", line.split(" | ")[0])
    }


def test_the_page_explains_every_column(said, database):
    columns = "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
    known = {
        row["attname"] for row in database.execute(columns, ["notification_channels"]).fetchall()
    }
    assert first_cells("| column of `notification_inbox` | what it is |\n") == set(said["line"])
    explained = first_cells("| column | what it is |\n")
    assert explained == known - {"id", "created_at", "unsubscribe_token"}


def test_the_page_explains_every_event_and_every_key(said, database):
    [row] = database.execute("select import_internal.notification_events() as known").fetchall()
    assert first_cells("| event | when |\n") == set(row["known"])
    assert set(said["line"]["data"]) <= first_cells("| key | what it is |\n")
