"""The web frontend's requests, by its own client: frontend.mjs asks, this file judges."""

from collections import Counter
from pathlib import Path

import pytest

from tests import supabase_js

SCRIPT = Path(__file__).with_name("frontend.mjs")
REFUSED = "42501"


@pytest.fixture(scope="module")
def replay(stack, database):
    """What the frontend got, request by request. Its users are those of devstack/seed.sql."""
    try:
        yield supabase_js.run(
            SCRIPT,
            stack,
            SECRET_KEY=stack.keys.secret,
            ORGANIZATION="org_cedar",
            CREATOR="olivia@cedar.test",
            COLLEAGUE="liam@cedar.test",
            STRANGER="noah@granite.test",
        )
    finally:
        database.execute("delete from scheduled_jobs where organization_id = 'org_cedar'")


def test_run_in_background(replay):
    parts = replay["background"]
    assert [part["status"] for part in parts] == [201, 201]
    for number, part in enumerate(parts, start=1):
        row = part["data"]
        assert row["file_name"] == f"stock_part{number}.csv"
        assert row["status"] == "pending"
        assert row["created_at"] is not None
        assert row["repeat_type"] == "none"
        assert set(row["file_data"]) == {"records", "mapping"}


def test_schedule_for_later(replay):
    scheduled = replay["scheduled_import"]
    assert scheduled["error"] is None
    assert scheduled["data"]["repeat_type"] == "weekly"
    assert scheduled["data"]["repeat_days_of_week"] == ["monday", "thursday"]
    export = replay["scheduled_export"]
    assert export["error"] is None
    assert (export["data"]["job_type"], export["data"]["repeat_days_of_month"]) == (
        "export",
        [1, 15],
    )
    assert replay["scheduled_without_data"]["error"] is None
    assert replay["scheduled_without_data"]["data"]["file_data"] is None


@pytest.mark.parametrize("who", ["creator", "colleague"])
def test_the_list(replay, who):
    rows = replay["list"][who]["data"]
    names = [row["file_name"] for row in rows]
    assert names == [
        "later.csv",
        "bids.csv",
        "contacts.xlsx",
        "stock_part2.csv",
        "stock_part1.csv",
    ]
    for column in (
        "progress",
        "status",
        "file_name",
        "creator_name",
        "created_at",
        "completed_at",
        "scheduled_time",
        "record_count",
        "error_message",
        "file_data",
    ):
        assert all(column in row for row in rows)


def test_another_organization_sees_no_rows(replay):
    assert replay["list"]["stranger"] == {"data": [], "error": None, "status": 200}


def test_editing_a_pending_schedule(replay):
    [row] = replay["edit"]["data"]
    assert row["file_name"] == "contacts-2.xlsx"
    assert (row["repeat_type"], row["repeat_interval"]) == ("custom", 2)
    assert row["repeat_custom_unit"] == "weeks"
    assert row["repeat_days_of_week"] is None
    assert replay["edit_by_colleague"]["data"] == []


def test_cancelling(replay):
    [row] = replay["cancel"]["data"]
    assert row["status"] == "cancelled"
    assert row["completed_at"] is not None
    assert replay["cancel_by_stranger"]["data"] == []
    assert replay["cancel_by_colleague"]["data"] == []


def test_deleting_a_finished_job(replay):
    assert len(replay["delete"]["data"]) == 1
    assert replay["delete_by_stranger"]["data"] == []
    assert replay["delete_by_colleague"]["data"] == []


def test_the_incumbent_still_looks_and_takes_nothing(replay):
    due = [row["file_name"] for row in replay["incumbent_poll"]["data"]]
    assert due == ["stock_part1.csv", "stock_part2.csv", "later.csv"]
    assert replay["incumbent_take"]["error"] == REFUSED
    assert replay["incumbent_progress"]["error"] == REFUSED
    assert replay["incumbent_complete"]["error"] == REFUSED


@pytest.mark.parametrize("who", ["creator", "colleague"])
def test_the_subscription(replay, who):
    events = replay["events"][who]
    # A filter on anything but the key never matches a DELETE, which carries the key alone: the
    # list's own reload every 10 seconds shows it.
    assert {kind: events[kind] for kind in ("INSERT", "UPDATE", "DELETE")} == {
        "INSERT": 5,
        "UPDATE": 4,
        "DELETE": 0,
    }
    statuses = Counter(row["status"] for row in events["rows"])
    assert statuses == {"pending": 6, "cancelled": 1, "processing": 1, "completed": 1}
    [completed] = [row for row in events["rows"] if row["status"] == "completed"]
    assert completed["record_count"] == 1
    assert completed["progress"] == {"current": 1, "total": 1, "percent": 100}


def test_another_organization_sees_no_events(replay):
    assert replay["events"]["stranger"] == {"INSERT": 0, "UPDATE": 0, "DELETE": 0, "rows": []}
