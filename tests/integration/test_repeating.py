"""Repeating jobs: when the next occurrence is, and that a finish inserts it once and only once."""

import asyncio
import time
from calendar import monthrange
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.job import RowError
from worker.queue import JobQueue

TORONTO = (
    "America/Toronto"  # 2026: on 8 March 02:00 becomes 03:00, on 1 November 02:00 becomes 01:00
)
BERLIN = "Europe/Berlin"
LORD_HOWE = "Australia/Lord_Howe"  # half an hour; 2026: on 5 April back, on 4 October forward
APIA = "Pacific/Apia"  # had no 30 December 2011
# Havana and the Azores change at midnight. All have kept their rules for long: Python's list of
# time zones and PostgreSQL's need not be of one age.
ZONES = [
    *("UTC", TORONTO, BERLIN, LORD_HOWE),
    *("America/Havana", "Atlantic/Azores", "Asia/Kathmandu"),
]

# When.


def at(wall_clock, zone="UTC", fold=0):
    return datetime.fromisoformat(wall_clock).replace(tzinfo=ZoneInfo(zone), fold=fold)


def next_occurrence(
    database,
    scheduled,
    repeat_type,
    *,
    zone="UTC",
    after=None,
    every=1,
    unit=None,
    days_of_week=None,
    days_of_month=None,
    end=None,
    meant=(None, None),
):
    """Ask the database; None, or the row (next_time, next_wall_clock, next_day)."""
    row = database.execute(
        """
        select * from import_internal.next_occurrence(
          %s::timestamptz, %s, %s::integer, %s, %s::text[], %s::integer[], %s::timestamptz, %s,
          %s::timestamptz, %s::timestamp, %s::integer)
        """,
        [
            *(scheduled, repeat_type, every, unit, days_of_week, days_of_month, end, zone),
            *(scheduled if after is None else after, *meant),
        ],
    ).fetchone()
    return None if row["next_time"] is None else row


NEW_YEAR = "2026-01-01 09:00"  # a Thursday
MIDDAYS = ["2026-03-04 12:00", "2026-03-05 12:00"]  # a Wednesday and a Thursday

# name: (time zone, repeat type, scheduled, next, what else the schedule says). Times are what the
# wall clock of the time zone shows.
OCCURRENCES = {
    # Days.
    "daily": ("UTC", "daily", NEW_YEAR, "2026-01-02 09:00", {}),
    "every third day": ("UTC", "daily", NEW_YEAR, "2026-01-04 09:00", {"every": 3}),
    "daily takes no weekdays": (
        *("UTC", "daily", NEW_YEAR, "2026-01-02 09:00"),
        {"days_of_week": ["monday"], "days_of_month": [9]},
    ),
    "daily over a leap day": ("UTC", "daily", "2028-02-28 09:00", "2028-02-29 09:00", {}),
    "microseconds stay": (
        *("UTC", "daily", "2026-01-01 09:00:01.000001", "2026-01-02 09:00:01.000001"),
        {},
    ),
    # Intervals.
    "no interval is one": ("UTC", "daily", NEW_YEAR, "2026-01-02 09:00", {"every": None}),
    "interval zero is one": ("UTC", "daily", NEW_YEAR, "2026-01-02 09:00", {"every": 0}),
    "a negative interval is one": (
        *("UTC", "daily", NEW_YEAR, "2026-01-02 09:00"),
        {"every": -(2**31)},
    ),
    "a huge interval is 1,000 days": (
        *("UTC", "daily", NEW_YEAR, "2028-09-27 09:00"),
        {"every": 2**31 - 1},
    ),
    "a huge interval is 1,000 weeks": (
        *("UTC", "weekly", NEW_YEAR, "2045-03-02 09:00"),
        {"every": 2**31 - 1},
    ),
    "a huge interval is 1,000 months": (
        *("UTC", "monthly", NEW_YEAR, "2109-05-01 09:00"),
        {"every": 2**31 - 1},
    ),
    # Weeks.
    "weekly": ("UTC", "weekly", NEW_YEAR, "2026-01-08 09:00", {}),
    "every second week": ("UTC", "weekly", NEW_YEAR, "2026-01-15 09:00", {"every": 2}),
    "later this week": (
        *("UTC", "weekly", NEW_YEAR, "2026-01-02 09:00"),
        {"days_of_week": ["monday", "friday"]},
    ),
    "early next week": (
        *("UTC", "weekly", "2026-01-02 09:00", "2026-01-05 09:00"),
        {"days_of_week": ["monday", "friday"]},
    ),
    "early in the week after next": (
        *("UTC", "weekly", "2026-01-02 09:00", "2026-01-12 09:00"),
        {"days_of_week": ["monday", "friday"], "every": 2},
    ),
    "a week begins on Sunday": (
        *("UTC", "weekly", "2026-01-03 09:00", "2026-01-11 09:00"),
        {"days_of_week": ["sunday", "saturday"], "every": 2},
    ),
    "the only weekday is today's": (
        *("UTC", "weekly", NEW_YEAR, "2026-01-08 09:00"),
        {"days_of_week": ["thursday"]},
    ),
    "weekday names in any case": (
        *("UTC", "weekly", NEW_YEAR, "2026-01-07 09:00"),
        {"days_of_week": [" WEDNESDAY "]},
    ),
    "weekday abbreviations": (
        *("UTC", "weekly", NEW_YEAR, "2026-01-06 09:00"),
        {"days_of_week": ["Tue"]},
    ),
    "weekday numbers as in JavaScript": (
        *("UTC", "weekly", NEW_YEAR, "2026-01-04 09:00"),
        {"days_of_week": ["0"]},
    ),
    "6 is Saturday": ("UTC", "weekly", NEW_YEAR, "2026-01-03 09:00", {"days_of_week": ["6"]}),
    "rubbish among weekdays": (
        *("UTC", "weekly", NEW_YEAR, "2026-01-05 09:00"),
        {"days_of_week": ["7", "-1", "", None, "mo", "frühling", "mon", "1.5", "mon"]},
    ),
    "only rubbish is no weekday at all": (
        *("UTC", "weekly", NEW_YEAR, "2026-01-08 09:00"),
        {"days_of_week": ["someday", None]},
    ),
    "no weekdays in the array": (
        *("UTC", "weekly", NEW_YEAR, "2026-01-08 09:00"),
        {"days_of_week": []},
    ),
    "the weekday is the time zone's": (
        # Monday 20:00 there, Tuesday in UTC.
        *(TORONTO, "weekly", "2026-01-05 20:00", "2026-01-12 20:00"),
        {"days_of_week": ["mon"]},
    ),
    # Months.
    "monthly": ("UTC", "monthly", NEW_YEAR, "2026-02-01 09:00", {}),
    "every third month": ("UTC", "monthly", NEW_YEAR, "2026-04-01 09:00", {"every": 3}),
    "over the year's end": ("UTC", "monthly", "2026-11-15 09:00", "2027-02-15 09:00", {"every": 3}),
    "later this month": (
        *("UTC", "monthly", NEW_YEAR, "2026-01-15 09:00"),
        {"days_of_month": [15, 1]},
    ),
    "in the month after next": (
        *("UTC", "monthly", "2026-01-15 09:00", "2026-03-01 09:00"),
        {"days_of_month": [15, 1], "every": 2},
    ),
    "31 in a short month": (
        *("UTC", "monthly", "2026-01-31 09:00", "2026-02-28 09:00"),
        {"days_of_month": [31]},
    ),
    "31 in a leap year's February": (
        *("UTC", "monthly", "2028-01-31 09:00", "2028-02-29 09:00"),
        {"days_of_month": [31]},
    ),
    "31 after a short month": (
        *("UTC", "monthly", "2026-02-28 09:00", "2026-03-31 09:00"),
        {"days_of_month": [31]},
    ),
    "two days on one day count once": (
        *("UTC", "monthly", "2026-02-28 09:00", "2026-03-30 09:00"),
        {"days_of_month": [30, 31]},
    ),
    "rubbish among days": (
        *("UTC", "monthly", NEW_YEAR, "2026-01-20 09:00"),
        {"days_of_month": [0, -1, 32, 2**31 - 1, None, 20, 20]},
    ),
    "only rubbish is no day at all": (
        *("UTC", "monthly", NEW_YEAR, "2026-02-01 09:00"),
        {"days_of_month": [0, None, 99]},
    ),
    "no day, on the 31st": ("UTC", "monthly", "2026-01-31 09:00", "2026-02-28 09:00", {}),
    "no day, remembering the 31st": (
        *("UTC", "monthly", "2026-02-28 09:00", "2026-03-31 09:00"),
        {"meant": ("2026-02-28 09:00", 31)},
    ),
    "the 31st is remembered when the time was edited": (
        *("UTC", "monthly", "2026-02-28 10:30", "2026-03-31 10:30"),
        {"meant": ("2026-02-28 09:00", 31)},
    ),
    "the 31st is forgotten when the date was edited": (
        *("UTC", "monthly", "2026-02-27 09:00", "2026-03-27 09:00"),
        {"meant": ("2026-02-28 09:00", 31)},
    ),
    "the day is the time zone's": (
        *(TORONTO, "monthly", "2026-01-31 20:00", "2026-02-28 20:00"),
        {"days_of_month": [31]},
    ),
    # Custom.
    "custom without a unit is days": ("UTC", "custom", NEW_YEAR, "2026-01-06 09:00", {"every": 5}),
    "custom days": (
        *("UTC", "custom", NEW_YEAR, "2026-01-06 09:00"),
        {"every": 5, "unit": "days"},
    ),
    "custom weeks": (
        *("UTC", "custom", NEW_YEAR, "2026-01-22 09:00"),
        {"every": 3, "unit": "weeks"},
    ),
    "custom months": (
        *("UTC", "custom", "2026-01-31 09:00", "2026-04-30 09:00"),
        {"every": 3, "unit": "months"},
    ),
    "the unit is custom's alone": (
        *("UTC", "weekly", NEW_YEAR, "2026-01-08 09:00"),
        {"unit": "months"},
    ),
    # The end: that day is the last.
    "on the last day": (
        *("UTC", "daily", NEW_YEAR, "2026-01-02 09:00"),
        {"end": at("2026-01-02 00:00")},
    ),
    "past the last day": ("UTC", "daily", NEW_YEAR, None, {"end": at("2026-01-01 00:00")}),
    "the last day is whole": (
        *("UTC", "daily", NEW_YEAR, "2026-01-02 09:00"),
        {"end": at("2026-01-02 08:00")},
    ),
    "midnight UTC is a date west of it": (
        *(TORONTO, "daily", "2026-01-01 20:00", "2026-01-02 20:00"),
        {"end": at("2026-01-02 00:00")},
    ),
    "and not the day after": (
        *(TORONTO, "daily", "2026-01-02 20:00", None),
        {"end": at("2026-01-02 00:00")},
    ),
    "midnight in the time zone is its date": (
        *(BERLIN, "daily", NEW_YEAR, "2026-01-02 09:00"),
        {"end": at("2026-01-02 00:00", BERLIN)},
    ),
    "the last moment in the time zone is its date": (
        *(TORONTO, "daily", "2026-01-01 23:00", "2026-01-02 23:00"),
        {"end": at("2026-01-02 23:59:59.999", TORONTO)},
    ),
    "an end that never comes": (
        *("UTC", "daily", NEW_YEAR, "2026-01-02 09:00"),
        {"end": "infinity"},
    ),
    "an end at the end of time": (
        *("Pacific/Kiritimati", "daily", NEW_YEAR, "2026-01-02 09:00"),
        {"end": "294276-12-31 23:59:59Z"},
    ),
    "an end before all time": ("UTC", "daily", NEW_YEAR, None, {"end": "-infinity"}),
    # Spring forward.
    "a wall-clock time stays over spring": (
        *(TORONTO, "daily", "2026-03-07 09:00", "2026-03-08 09:00"),
        {},
    ),
    "a skipped time runs an hour later": (
        *(TORONTO, "daily", "2026-03-07 02:30", "2026-03-08 03:30"),
        {},
    ),
    "and is back the day after": (
        *(TORONTO, "daily", "2026-03-08 03:30", "2026-03-09 02:30"),
        {"meant": ("2026-03-08 02:30", None)},
    ),
    "an edited time counts, not the skipped one": (
        *(TORONTO, "daily", "2026-03-08 05:00", "2026-03-09 05:00"),
        {"meant": ("2026-03-08 02:30", None)},
    ),
    "the day after is skipped over to": (
        *(TORONTO, "daily", "2026-03-07 02:30", "2026-03-09 02:30"),
        {"after": at("2026-03-08 12:00", TORONTO)},
    ),
    "a skipped half hour": (
        *(LORD_HOWE, "daily", "2026-10-03 02:15", "2026-10-04 02:45"),
        {},
    ),
    "a skipped day": (APIA, "daily", "2011-12-29 09:00", "2011-12-31 09:00", {}),
    "a skipped day, every second day": (
        *(APIA, "daily", "2011-12-31 09:00", "2012-01-01 09:00"),
        {"every": 2, "meant": ("2011-12-30 09:00", None)},
    ),
    "a skipped time that comes past midnight": (
        # 23:00 became midnight on 19 June 2009.
        *("Asia/Dhaka", "daily", "2009-06-18 23:30", "2009-06-20 00:30"),
        {"after": at("2009-06-20 00:10", "Asia/Dhaka")},
    ),
    "and is back on the same day": (
        *("Asia/Dhaka", "daily", "2009-06-20 00:30", "2009-06-20 23:30"),
        {"meant": ("2009-06-19 23:30", None)},
    ),
    # Fall back.
    "a wall-clock time stays over autumn": (
        *(TORONTO, "daily", "2026-10-31 09:00", "2026-11-01 09:00"),
        {},
    ),
    "the first of an hour that comes twice": (
        *(TORONTO, "daily", "2026-10-31 01:30", "2026-11-01 01:30"),
        {},
    ),
    "and once only": (
        *(TORONTO, "daily", "2026-11-01 01:30", "2026-11-02 01:30"),
        {"after": at("2026-11-01 01:10", TORONTO, fold=1)},
    ),
    "the first of a half hour that comes twice": (
        *(LORD_HOWE, "weekly", "2026-03-29 01:45", "2026-04-05 01:45"),
        {},
    ),
    # The past.
    "20 years later, daily": (
        *(TORONTO, "daily", "2006-03-05 12:00", MIDDAYS[1]),
        {"after": at(MIDDAYS[0], TORONTO)},
    ),
    "20 years later, every third month on the 31st": (
        *(TORONTO, "monthly", "2006-01-31 12:00", "2026-04-30 12:00"),
        {"after": at(MIDDAYS[0], TORONTO), "every": 3},
    ),
    "an outage does not change which weeks count": (
        *("UTC", "weekly", NEW_YEAR, "2026-03-12 09:00"),
        {"after": at("2026-02-27 00:00"), "every": 2},
    ),
    "strictly after now": (
        *("UTC", "daily", NEW_YEAR, "2026-01-06 09:00"),
        {"after": at("2026-01-05 09:00")},
    ),
    "a moment before": (
        *("UTC", "daily", NEW_YEAR, "2026-01-05 09:00"),
        {"after": at("2026-01-05 08:59:59.999999")},
    ),
    "never before the last, whatever the time": (
        *("UTC", "daily", NEW_YEAR, "2026-01-02 09:00"),
        {"after": at("2020-01-01 00:00")},
    ),
    # Nothing.
    "it does not repeat": ("UTC", "none", NEW_YEAR, None, {}),
    "it does not say": ("UTC", None, NEW_YEAR, None, {}),
    "nobody knows this one": ("UTC", "hourly", NEW_YEAR, None, {}),
    "nor this unit": ("UTC", "custom", NEW_YEAR, None, {"unit": "years"}),
}


@pytest.mark.parametrize(
    ("zone", "repeat_type", "scheduled", "expected", "schedule"),
    OCCURRENCES.values(),
    ids=OCCURRENCES,
)
def test_the_next_occurrence(database, zone, repeat_type, scheduled, expected, schedule):
    found = next_occurrence(database, at(scheduled, zone), repeat_type, zone=zone, **schedule)
    if expected is None:
        assert found is None
        return
    assert found["next_time"] == at(expected, zone).astimezone(UTC)
    before = at(scheduled, zone) if schedule.get("after") is None else schedule["after"]
    assert found["next_time"] > before.astimezone(UTC)


@pytest.mark.parametrize(
    "scheduled",
    ["infinity", "-infinity", "294276-12-31 23:59:59Z", "4713-01-01 BC", None],
)
@pytest.mark.parametrize("repeat_type", ["daily", "weekly", "monthly"])
def test_no_calendar_of_another_millennium_overflows(database, scheduled, repeat_type):
    after = datetime.now(UTC)
    assert (
        next_occurrence(database, scheduled, repeat_type, zone="Pacific/Kiritimati", after=after)
        is None
    )


def rhythm(start, repeat_type, every, days_of_week, days_of_month):
    """Name the dates from start on, by looking at each day there is."""
    sunday = start - timedelta(days=start.isoweekday() % 7)
    weekdays = days_of_week or {start.isoweekday() % 7}
    month_days = days_of_month or {start.day}
    for number in range((date(2031, 1, 1) - start).days):
        day = start + timedelta(days=number)
        month = (day.year - start.year) * 12 + day.month - start.month
        last_day = monthrange(day.year, day.month)[1]
        if {
            "daily": number % every == 0,
            "weekly": (day - sunday).days // 7 % every == 0 and day.isoweekday() % 7 in weekdays,
            "monthly": month % every == 0 and day.day in {min(d, last_day) for d in month_days},
        }[repeat_type]:
            yield day


def occurrences(first, zone, *schedule):
    """Every time after the first, in order."""
    here = first.astimezone(ZoneInfo(zone))
    for day in rhythm(here.date(), *schedule):
        # fold=0: the first of two, and a skipped time with the offset before the skip.
        moment = datetime.combine(day, here.time(), ZoneInfo(zone)).replace(fold=0)
        if moment.astimezone(UTC) > first:
            yield moment.astimezone(UTC)


# Half of them where clocks change.
firsts = st.datetimes(datetime(2020, 1, 1), datetime(2029, 12, 31)) | st.builds(  # noqa: DTZ001
    lambda year, day, minute: (
        datetime.combine(date(year, *day), datetime.min.time()) + timedelta(minutes=minute)
    ),
    st.integers(2020, 2029),
    st.sampled_from([(3, 7), (3, 8), (3, 25), (4, 1), (9, 30), (10, 3), (10, 25), (11, 1)]),
    st.integers(0, 10 * 24 * 60),
)
schedules = st.tuples(
    st.sampled_from(["daily", "weekly", "monthly"]),
    st.integers(1, 14),
    st.sets(st.integers(0, 6), max_size=3),
    st.sets(st.integers(1, 31), max_size=3),
)


def ask(database, first, zone, schedule, **options):
    repeat_type, every, days_of_week, days_of_month = schedule
    return next_occurrence(
        database,
        first,
        repeat_type,
        zone=zone,
        every=every,
        days_of_week=[str(day) for day in days_of_week],
        days_of_month=list(days_of_month),
        **options,
    )


@settings(max_examples=500)
@given(
    first=firsts,
    zone=st.sampled_from(ZONES),
    schedule=schedules,
    outage=st.integers(0, 365 * 24 * 60) | st.integers(0, 10 * 365 * 24 * 60),
    days_left=st.none() | st.integers(0, 400),
)
def test_it_is_what_looking_at_every_day_finds(database, first, zone, schedule, outage, days_left):
    first = first.replace(tzinfo=UTC)
    after = first + timedelta(minutes=outage)
    last = None if days_left is None else after.date() + timedelta(days=days_left)
    end = None if last is None else datetime.combine(last, datetime.min.time(), UTC)
    expected = next((t for t in occurrences(first, zone, *schedule) if t > after), None)
    if expected is None:
        return  # past 2030
    if last is not None and expected.astimezone(ZoneInfo(zone)).date() > last:
        expected = None
    found = ask(database, first, zone, schedule, after=after, end=end)
    assert (found and found["next_time"]) == expected


@settings(max_examples=100)
@given(first=firsts, zone=st.sampled_from(ZONES), schedule=schedules)
def test_one_after_the_other_they_never_drift(database, first, zone, schedule):
    moment, meant = first.replace(tzinfo=UTC), (None, None)
    for expected in islice(occurrences(moment, zone, *schedule), 15):
        found = ask(database, moment, zone, schedule, meant=meant)
        assert found["next_time"] == expected
        moment, meant = expected, (found["next_wall_clock"], found["next_day"])


def test_it_is_found_however_far_or_wide_the_rule(database, figure):
    seconds = {}
    for name, repeat_type in {
        "20 years of days": "'daily', 1, null, null, null",
        "a million weekdays": "'weekly', 1, null, array_fill('someday'::text, '{1000000}'), null",
        "a million days of month": "'monthly', 1, null, null, array_fill(99, '{1000000}')",
    }.items():
        started = time.monotonic()
        [found] = database.execute(
            "select * from import_internal.next_occurrence("  # noqa: S608 - one of the three above
            f"'2006-03-05 12:00Z', {repeat_type}, null, '{TORONTO}', now())"
        )
        seconds[name] = time.monotonic() - started
        assert found["next_time"] > datetime.now(UTC)
    figure("next occurrence: " + ", ".join(f"{k} {v * 1000:.0f} ms" for k, v in seconds.items()))


# Where.


@contextmanager
def default_time_zone(database, zone):
    change = "update import_internal.settings set default_time_zone = %s"
    database.execute(change, [zone])
    try:
        yield
    finally:
        database.execute(change, ["UTC"])


@pytest.mark.parametrize(
    ("columns", "default", "expected"),
    [
        ({}, "UTC", "UTC"),
        ({}, TORONTO, TORONTO),
        ({"time_zone": BERLIN}, TORONTO, BERLIN),
        ({"timezone": BERLIN}, TORONTO, BERLIN),
        ({"time_zone": BERLIN, "timezone": LORD_HOWE}, TORONTO, BERLIN),
        ({"time_zone": " europe/berlin "}, TORONTO, BERLIN),
        ({"time_zone": None, "timezone": LORD_HOWE}, TORONTO, LORD_HOWE),
        ({"time_zone": "Middle/Earth", "timezone": LORD_HOWE}, TORONTO, LORD_HOWE),
        ({"time_zone": "Middle/Earth"}, TORONTO, TORONTO),
        ({"time_zone": ""}, TORONTO, TORONTO),
        # PostgreSQL would take it, for five hours west.
        ({"time_zone": "UTC+5"}, TORONTO, TORONTO),
        ({"time_zone": "'; drop table inventory"}, "UTC", "UTC"),
        # Valid to the check of the setting, and still no name.
        ({}, "UTC+5", "UTC"),
    ],
)
def test_the_time_zone_of_an_organization(dealer, database, columns, default, expected):
    with database.transaction(force_rollback=True), default_time_zone(database, default):
        for column, value in columns.items():
            database.execute(f"alter table organizations add column {column} text")
            database.execute(f"update organizations set {column} = %s", [value])  # noqa: S608
        asked = "select import_internal.time_zone_of(%s)"
        assert dealer.scalar(asked, dealer.organization_id) == expected
        database.execute("delete from import_internal.settings")
        without = dealer.scalar(asked, dealer.organization_id)
        assert without == (expected if expected in {BERLIN, LORD_HOWE} else "UTC")


def test_a_mistyped_setting_is_refused_at_once(database):
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="Middle/Earth"):
        database.execute("update import_internal.settings set default_time_zone = 'Middle/Earth'")
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute("insert into import_internal.settings default values")


# Once and only once, through PostgREST.


@pytest.fixture
def queue(service_client):
    return JobQueue(service_client, "test-worker", lease_seconds=60)


async def claim(queue, dealer):
    claim = await queue.claim(50, orphan_after_seconds=900)
    [job] = [job for job in claim.jobs if job.organization_id == dealer.organization_id]
    return job


async def claim_and_apply(queue, dealer):
    job = await claim(queue, dealer)
    rows = [{"row_number": 1, "sku": "A", "name": "Item", "search_keywords": ""}]
    await queue.apply_batch("apply_inventory_batch", job.run_id, range(1, 2), rows, [])
    return job


async def run(queue, dealer, outcome="completed", message=None):
    job = await (claim_and_apply if outcome == "completed" else claim)(queue, dealer)
    await queue.finish(job.run_id, outcome, message)
    return job


def repeating(dealer, **columns):
    return dealer.insert_job(dealer.records(1), **{"repeat_type": "daily"} | columns)


def waiting(dealer):
    """List this dealer's pending jobs."""
    ids = dealer.connection.execute(
        "select id from scheduled_jobs where organization_id = %s and status = 'pending'",
        [dealer.organization_id],
    )
    return [dealer.job(row["id"]) for row in ids.fetchall()]


def make_due(dealer, job_id, scheduled_time):
    """Let an occurrence's time have come, as if nobody had touched it."""
    dealer.execute(
        "update scheduled_jobs set scheduled_time = %s where id = %s", scheduled_time, job_id
    )
    dealer.execute(
        "update import_internal.repeats set wall_clock = %s where job_id = %s",
        scheduled_time.replace(tzinfo=None),
        job_id,
    )


async def test_the_next_occurrence_is_the_same_job_without_its_results(queue, dealer):
    schedule = {
        "repeat_type": "custom",
        "repeat_interval": 2,
        "repeat_custom_unit": "weeks",
        "repeat_end_date": datetime(2099, 1, 1, tzinfo=UTC),
        "repeat_days_of_week": ["monday", "Thu", "nonsense"],
        "repeat_days_of_month": [31],
    }
    job_id = repeating(dealer, creator_name="Olivia", file_name="stock.csv", **schedule)
    await run(queue, dealer)
    before, [after] = dealer.job(job_id), waiting(dealer)
    assert before["status"] == "completed"
    assert after["scheduled_time"] > datetime.now(UTC)
    changed = {column for column in before if before[column] != after[column]}
    assert changed == {
        *("id", "scheduled_time", "status", "created_at"),
        *("started_at", "completed_at", "record_count", "progress"),
        "file_data",
    }
    assert after["file_data"] == {"mapping": {}}  # the rows are shared: test_shared_rows.py
    results = ("started_at", "completed_at", "record_count", "progress", "error_message")
    assert [after[column] for column in results] == [None] * 5


async def test_a_finish_whose_answer_was_lost_inserts_nothing_more(queue, dealer):
    repeating(dealer)
    job = await run(queue, dealer)
    for _ in range(2):
        await queue.finish(job.run_id, "completed")
    assert len(waiting(dealer)) == 1


async def test_finishes_at_once_insert_one(queue, dealer):
    repeating(dealer)
    job = await claim_and_apply(queue, dealer)
    await asyncio.gather(*(queue.finish(job.run_id, "completed") for _ in range(6)))
    assert len(waiting(dealer)) == 1


async def test_a_job_that_an_operator_starts_again_inserts_nothing_more(queue, dealer):
    job_id = repeating(dealer)
    await run(queue, dealer, "failed", "The file is broken.")
    dealer.execute("update scheduled_jobs set status = 'pending' where id = %s", job_id)
    await run(queue, dealer)
    assert len(waiting(dealer)) == 1
    assert dealer.job(job_id)["error_message"] is None


async def test_an_occurrence_of_which_nothing_got_in_has_a_next_one(queue, dealer):
    job_id = repeating(dealer)
    job = await claim(queue, dealer)
    refused = [RowError(1, 1, "name", "name is missing", {})]
    await queue.apply_batch("apply_inventory_batch", job.run_id, range(1, 2), [], refused)
    await queue.finish(job.run_id, "completed")
    assert dealer.job(job_id)["status"] == "failed"
    assert len(waiting(dealer)) == 1


async def test_a_failed_occurrence_has_a_next_one(queue, dealer):
    job_id = repeating(dealer)
    await run(queue, dealer, "failed", "The file is broken.")
    assert dealer.job(job_id)["error_message"] == "The file is broken."
    assert len(waiting(dealer)) == 1


async def test_five_dead_workers_do_not_end_the_repetition(queue, dealer):
    job_id = repeating(dealer)
    for _ in range(5):
        job = await claim(queue, dealer)
        dealer.expire_lease(job.run_id)
    await queue.claim(50, orphan_after_seconds=900)
    assert dealer.job(job_id)["status"] == "failed"
    assert len(waiting(dealer)) == 1


async def test_five_retries_do_not_end_the_repetition(queue, dealer):
    job_id = repeating(dealer)
    for attempt in range(1, 6):
        job = await claim(queue, dealer)
        # The job itself is pending until the fifth.
        assert len(waiting(dealer)) == 0
        await queue.release(job.run_id, retry_in=30)
        dealer.execute("update import_runs set retry_at = now() where job_id = %s", job_id)
        assert len(waiting(dealer)) == 1
        assert (waiting(dealer)[0]["id"] == job_id) == (attempt < 5)
    assert dealer.job(job_id)["status"] == "failed"


async def test_a_release_inserts_nothing(queue, dealer):
    job_id = repeating(dealer)
    job = await claim(queue, dealer)
    await queue.release(job.run_id)
    assert [row["id"] for row in waiting(dealer)] == [job_id]


async def test_a_cancelled_occurrence_has_no_next_one(queue, dealer):
    job_id = repeating(dealer)
    job = await claim(queue, dealer)
    dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", job_id)
    await queue.finish(job.run_id, "completed")
    assert waiting(dealer) == []


async def test_nor_has_one_that_was_cancelled_when_the_worker_gave_it_back(queue, dealer):
    job_id = repeating(dealer)
    job = await claim(queue, dealer)
    dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", job_id)
    assert await queue.release(job.run_id) == "cancelled"
    assert waiting(dealer) == []


@pytest.mark.parametrize(
    "schedule",
    [
        pytest.param({"repeat_type": "none"}, id="it does not repeat"),
        pytest.param({"repeat_type": None}, id="it does not say"),
        pytest.param({"repeat_end_date": "2020-01-01"}, id="it ended"),
    ],
)
async def test_a_job_has_no_next_occurrence_when(queue, dealer, schedule):
    repeating(dealer, **schedule)
    await run(queue, dealer)
    assert waiting(dealer) == []


@pytest.mark.parametrize("repeat_type", ["daily", "weekly", "monthly"])
async def test_after_an_outage_comes_one_occurrence_and_it_is_ahead(queue, dealer, repeat_type):
    repeating(dealer, repeat_type=repeat_type, scheduled_in=-100 * 86_400)
    await run(queue, dealer)
    [job] = waiting(dealer)
    assert timedelta(0) < job["scheduled_time"] - datetime.now(UTC) < timedelta(days=31)
    claim = await queue.claim(50, orphan_after_seconds=900)
    assert dealer.organization_id not in {job.organization_id for job in claim.jobs}


async def test_one_whose_creator_left_goes_on(queue, dealer):
    repeating(dealer)
    dealer.execute("delete from profiles where id = %s", dealer.creator_id)
    await run(queue, dealer)
    [job] = waiting(dealer)
    assert job["created_by"] is None


async def test_it_keeps_the_wall_clock_of_the_time_zone(queue, dealer, database):
    nine = (datetime.now(ZoneInfo(TORONTO)) - timedelta(days=200)).replace(hour=9, minute=0)
    repeating(dealer, scheduled_time=nine)
    with default_time_zone(database, TORONTO):
        await run(queue, dealer)
    [job] = waiting(dealer)
    here = job["scheduled_time"].astimezone(ZoneInfo(TORONTO))
    assert (here.hour, here.minute) == (9, 0)


async def test_the_31st_comes_back_after_a_short_month(queue, dealer):
    repeating(dealer, repeat_type="monthly", scheduled_time=at("2026-01-31 09:00"))
    await run(queue, dealer)
    for _ in range(2):
        [job] = waiting(dealer)
        make_due(dealer, job["id"], at("2026-02-28 09:00"))
        await run(queue, dealer)
    [job] = waiting(dealer)
    assert (job["scheduled_time"] + timedelta(days=1)).day == 1
    assert job["repeat_days_of_month"] is None  # it is the user's


async def test_what_a_user_edits_counts_from_then_on(queue, dealer):
    repeating(dealer, repeat_type="monthly", scheduled_time=at("2026-01-31 09:00"))
    await run(queue, dealer)
    [job] = waiting(dealer)
    make_due(dealer, job["id"], at("2026-02-28 09:00"))
    dealer.execute(
        "update scheduled_jobs set scheduled_time = '2026-02-15 17:45Z' where id = %s", job["id"]
    )
    await run(queue, dealer)
    [job] = waiting(dealer)
    scheduled = job["scheduled_time"].astimezone(UTC)
    assert (scheduled.day, scheduled.hour, scheduled.minute) == (15, 17, 45)


async def test_its_memory_goes_with_it(queue, dealer):
    repeating(dealer)
    await run(queue, dealer)
    [job] = waiting(dealer)
    remembered = "select count(*) from import_internal.repeats where job_id = %s"
    assert dealer.scalar(remembered, job["id"]) == 1
    dealer.execute("delete from scheduled_jobs where id = %s", job["id"])
    assert dealer.scalar(remembered, job["id"]) == 0


# Trouble.

ABSURD = {
    "a huge interval": ({"repeat_interval": 2**31 - 1}, 1),
    "a hugely negative interval": ({"repeat_interval": -(2**31)}, 1),
    "an end long ago": ({"repeat_end_date": "4713-01-01 BC"}, 0),
    "an end at the end of time": ({"repeat_end_date": "294276-12-31 23:59:59Z"}, 1),
    "no end for ever": ({"repeat_end_date": "infinity"}, 1),
    "an end before all time": ({"repeat_end_date": "-infinity"}, 0),
    "a million weekdays": (
        {"repeat_type": "weekly", "repeat_days_of_week": ["someday"] * 1_000_000},
        1,
    ),
    "a million days": (
        {"repeat_type": "monthly", "repeat_days_of_month": [99] * 1_000_000},
        1,
    ),
    "weekdays in two dimensions": (
        {"repeat_type": "weekly", "repeat_days_of_week": [["mon", "tue"], ["wed", "thu"]]},
        1,
    ),
    "a first time in the stone age": ({"scheduled_time": "4713-01-01 BC"}, 0),
    "a first time in the middle ages": ({"scheduled_time": "1066-10-14 09:00Z"}, 1),
}


@pytest.mark.parametrize(("schedule", "count"), ABSURD.values(), ids=ABSURD)
async def test_no_schedule_keeps_its_job_from_ending(queue, dealer, schedule, count):
    # Looked at by count and status: Python has no such times.
    job_id = repeating(dealer, **schedule)
    await run(queue, dealer)
    ended = "select status from scheduled_jobs where id = %s and error_message is null"
    assert dealer.scalar(ended, job_id) == "completed"
    pending = (
        "select count(*) from scheduled_jobs"
        " where organization_id = %s and status = 'pending' and scheduled_time > now()"
    )
    assert dealer.scalar(pending, dealer.organization_id) == count


@pytest.fixture
def refuse_next(dealer):
    """Let a trigger of the CRM refuse what a finish inserts: as often and with what it is told."""

    def refuse(sqlstate, times):
        dealer.execute("create sequence refusals")
        dealer.execute(f"""
            create function refuse_next() returns trigger
            language plpgsql security definer set search_path = public as $$
            begin
              if new.organization_id = '{dealer.organization_id}' and nextval('refusals') <= {times}
              then raise exception 'a secret' using errcode = '{sqlstate}';
              end if;
              return new;
            end $$
        """)
        dealer.execute(
            "create trigger refuse_next before insert on scheduled_jobs"
            " for each row execute function refuse_next()"
        )

    yield refuse
    dealer.execute("drop function if exists refuse_next() cascade")
    dealer.execute("drop sequence if exists refusals")


@pytest.mark.parametrize("sqlstate", ["23514", "42501", "P0001", "XX000"])
async def test_a_refused_occurrence_lets_its_job_end_and_says_so(
    queue, dealer, refuse_next, sqlstate
):
    job_id = repeating(dealer)
    refuse_next(sqlstate, times=1000)
    job = await run(queue, dealer, "failed", "The file is broken.")
    assert waiting(dealer) == []
    row = dealer.job(job_id)
    assert row["status"] == "failed"
    assert row["error_message"].splitlines() == [
        "The file is broken.",
        "The next repetition could not be scheduled. Please schedule it again.",
    ]
    await queue.finish(job.run_id, "failed")
    assert dealer.job(job_id) == row


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "53100", "55P03", "57014", "08006"])
async def test_a_trouble_that_passes_ends_no_repetition(queue, dealer, refuse_next, sqlstate):
    job_id = repeating(dealer)
    refuse_next(sqlstate, times=1)
    await run(queue, dealer)
    assert dealer.job(job_id)["error_message"] is None
    assert len(waiting(dealer)) == 1


async def test_a_trouble_that_does_not_pass_ends_with_the_fifth_attempt(
    queue, dealer, make_dealer, refuse_next
):
    """Else every claim, which fails such a job, would stumble over it for ever."""
    job_id = repeating(dealer)
    for _ in range(5):
        job = await claim(queue, dealer)
        dealer.expire_lease(job.run_id)
    refuse_next("57014", times=1000)
    other = make_dealer()
    other.insert_job([])
    await run(queue, other)
    row = dealer.job(job_id)
    assert row["status"] == "failed"
    assert "could not be scheduled" in row["error_message"]


# The parts.


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_none_of_it_is_a_users(database, role):
    found = database.execute(
        """
        select p.oid::regprocedure::text as name, has_function_privilege(%(role)s, p.oid, 'execute')
        from pg_proc p where p.pronamespace = 'import_internal'::regnamespace
        union all
        select c.oid::regclass::text, has_table_privilege(
          %(role)s, c.oid, 'select, insert, update, delete, truncate, references, trigger')
        from pg_class c
        where c.relnamespace = 'import_internal'::regnamespace and c.relkind = 'r'
        union all
        select 'the schema', has_schema_privilege(%(role)s, 'import_internal', 'usage, create')
        """,
        {"role": role},
    ).fetchall()
    assert {"import_internal.repeats", "import_internal.settings"} < {row["name"] for row in found}
    assert [row["name"] for row in found if row["has_function_privilege"]] == []
