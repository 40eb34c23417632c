"""The figures of analytics, beside the same ones worked out by pandas from the raw rows."""

import random
from datetime import UTC, datetime, timedelta
from functools import partial
from inspect import signature
from zoneinfo import ZoneInfo

import httpx
import pandas as pd
import pytest

from worker.importing.tables import TABLES
from worker.importing.values import Style, ValueProblem
from worker.operating.figures import Figures, Period

KINDS = ("import", "export", "undo", "preview")
ENDS = ("completed", "failed", "cancelled")
SUMS = ("created", "updated", "unchanged", "refused", "rows")
TIMES = ("waiting", "running")
ZONES = ("UTC", "America/St_Johns", "Pacific/Kiritimati")


@pytest.fixture
def figures(service_client):
    return Figures(service_client)


def insert(dealer, table, **row):
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    return dealer.scalar(
        f"insert into {table} ({names}) values ({places}) returning to_jsonb({table})",  # noqa: S608
        *row.values(),
    )


def put_job(dealer, chance, days=20):
    """Put a job there with all its attempts, as chance has it; the newest may have been pruned."""
    created_at = datetime.now(UTC) - timedelta(seconds=chance.randint(0, days * 86_400))
    started_at = created_at + timedelta(seconds=chance.randint(0, 900))
    job_id = dealer.insert_job(
        None,
        data_type=chance.choice(("inventory", "contacts", "bids")),
        file_name="stock.csv",
        created_at=created_at,
        scheduled_time=created_at - timedelta(seconds=chance.randint(-600, 600)),
        started_at=started_at,
        status="cancelled",
    )
    at = started_at
    kind, dry_run = chance.choice(KINDS), chance.random() < 0.2
    attempts = ["retried"] * chance.randint(0, 2) + [chance.choice((*ENDS, *ENDS, "released"))]
    if chance.random() < 0.2:  # an operator tried it again, and it began anew
        attempts.append(chance.choice(ENDS))
    for attempt, outcome in enumerate(attempts, 1):
        ended_at = at + timedelta(seconds=chance.randint(0, 3000))
        insert(
            dealer, "import_runs", job_id=job_id, organization_id=dealer.organization_id,
            attempt=attempt, worker_id="w", lease_seconds=60, lease_expires_at=at,
            started_at=at, finished_at=ended_at, outcome=outcome, kind=kind,
            dry_run=dry_run and kind in {"import", "undo"},
            row_count=chance.choice((None, 500)), created=chance.randint(0, 90),
            updated=(updated := chance.randint(0, 90)), unchanged=chance.randint(0, updated),
            failed=chance.randint(0, 9),
        )  # fmt: skip
        if outcome in ENDS and attempt < len(attempts):
            dealer.execute(
                "update scheduled_jobs set started_at = %s where id = %s",
                ended_at + timedelta(minutes=1), job_id,
            )  # fmt: skip
        at = ended_at + timedelta(minutes=2)


def raw_runs(dealers, days, zone):
    """Every finished run of the period, from the tables, with what the figures are made of."""
    ids = [dealer.organization_id for dealer in dealers]
    rows = dealers[0].connection.execute(
        "select r.*, j.data_type, j.started_at as began_at, j.scheduled_time, j.created_at"
        " from import_runs r join scheduled_jobs j on j.id = r.job_id"
        " where r.organization_id = any(%s) and r.finished_at is not null", [ids],
    ).fetchall()  # fmt: skip
    runs = pd.DataFrame(rows)
    for column in ("finished_at", "began_at", "scheduled_time", "created_at", "started_at"):
        runs[column] = pd.to_datetime(runs[column], utc=True)
    runs["day"] = runs["finished_at"].dt.tz_convert(zone).dt.date
    runs = runs[runs["day"] > datetime.now(ZoneInfo(zone)).date() - timedelta(days=days)].copy()
    runs.loc[runs["dry_run"], "kind"] = "rehearsal"
    runs["is_end"] = runs["outcome"].isin(ENDS)
    runs["seconds"] = (runs["finished_at"] - runs["started_at"]).dt.total_seconds()
    runs["refused"] = runs["failed"]
    runs["rows"] = (runs["created"] + runs["updated"] + runs["failed"]).where(
        runs["kind"] != "export", runs["row_count"].fillna(0)
    )
    due_at = runs[["scheduled_time", "created_at"]].max(axis=1)
    is_last = runs["is_end"] & (runs["began_at"] <= runs["finished_at"])
    waiting = (runs["began_at"] - due_at).dt.total_seconds().clip(lower=0)
    runs["waiting"] = waiting.where(is_last)
    runs["running"] = (runs["finished_at"] - runs["began_at"]).dt.total_seconds().where(is_last)
    return runs


def worked_out(runs):
    """The figures of some runs, by pandas."""
    ends = runs[runs["is_end"]]
    told = {name: int(ends[name].sum()) for name in SUMS}
    told |= {"jobs": len(ends), "failed_jobs": int((ends["outcome"] == "failed").sum())}
    told["seconds"] = runs["seconds"].sum()
    told["rows_a_second"] = told["rows"] / told["seconds"] if told["seconds"] else None
    for name in TIMES:
        for quantile, ending in ((0.5, "p50"), (0.95, "p95")):
            value = runs[name].quantile(quantile)
            told[f"{name}_{ending}"] = None if pd.isna(value) else value
    return told


def same(line, expected):
    for name, value in expected.items():
        assert line[name] == (value if value is None else pytest.approx(value, abs=1e-4)), name


@pytest.mark.parametrize("zone", ZONES)
async def test_figures_are_those_of_the_raw_rows(figures, make_dealer, zone):
    chance = random.Random(zone)  # noqa: S311 - the same history each time
    dealers = [make_dealer(), make_dealer()]
    for _ in range(60):
        put_job(chance.choice(dealers), chance)
    for dealer in dealers:
        period = Period(12, zone, dealer.organization_id)
        runs = raw_runs([dealer], 12, zone)
        lines = await figures.sums(period)
        by = {
            "day": {(line["day"], line["kind"]): line for line in lines if line["day"]},
            "type": {(r["data_type"], r["kind"]): r for r in lines if r["organization_id"]},
            "kind": {line["kind"]: line for line in lines
                     if not line["day"] and not line["organization_id"]},
        }  # fmt: skip
        assert sum(map(len, by.values())) == len(lines)
        for name, columns in (("day", ["day", "kind"]), ("type", ["data_type", "kind"]),
                              ("kind", "kind")):  # fmt: skip
            groups = dict(iter(runs.groupby(columns)))
            assert {(str(key[0]), key[1]) if name == "day" else key for key in groups} == set(
                by[name])  # fmt: skip
            for key, group in groups.items():
                line = by[name][(str(key[0]), key[1]) if name == "day" else key]
                same(line, worked_out(group))


async def test_what_was_pruned_is_in_the_sums(figures, dealer):
    put_job(dealer, random.Random(1))  # noqa: S311 - the same each time
    dealer.execute("delete from import_runs where organization_id = %s", dealer.organization_id)
    period = Period(30, "UTC", dealer.organization_id)
    assert await figures.sums(period) == []
    daily = {"created": 7, "updated": 5, "unchanged": 2, "failed": 3, "seconds": 5}
    for days_ago, data_type in ((3, "inventory"), (3, "bids"), (30, "bids")):
        insert(
            dealer, "import_daily", organization_id=dealer.organization_id, kind="import",
            day=datetime.now(UTC).date() - timedelta(days=days_ago), data_type=data_type,
            jobs=2, failed_jobs=1, **daily,
        )  # fmt: skip
    of_day, *others = await figures.sums(period)
    expected = {"jobs": 4, "failed_jobs": 2, "created": 14, "refused": 6, "rows": 30,
                "rows_a_second": 3, "waiting_p50": None}  # fmt: skip
    same(of_day, expected)
    assert {(line["data_type"], line["jobs"]) for line in others} == {
        ("inventory", 2), ("bids", 2), (None, 4)}  # fmt: skip


async def test_a_period_begins_at_midnight_of_its_zone(figures, dealer):
    zone = "Pacific/Kiritimati"
    midnight = datetime.now(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    for at in (midnight, midnight - timedelta(seconds=1)):
        job_id = dealer.insert_job(None, status="failed", started_at=at, file_name="a.csv")
        insert(
            dealer, "import_runs", job_id=job_id, organization_id=dealer.organization_id,
            attempt=1, worker_id="w", lease_seconds=60, lease_expires_at=at, started_at=at,
            finished_at=at, outcome="failed",
        )  # fmt: skip
    today = Period(1, zone, dealer.organization_id)
    assert {line["jobs"] for line in await figures.sums(today)} == {1}
    two_days = Period(2, zone, dealer.organization_id)
    assert [line["jobs"] for line in await figures.sums(two_days)] == [1, 1, 2, 2]
    assert await figures.failing_files(today) == []
    assert len(await figures.failing_files(two_days)) == 1


# Refusals.


def put_refusals(dealer, messages, data_type="inventory", **run):
    at = datetime.now(UTC)
    job_id = dealer.insert_job(None, status="completed", data_type=data_type, started_at=at)
    insert(
        dealer, "import_runs", job_id=job_id, organization_id=dealer.organization_id, attempt=1,
        worker_id="w", lease_seconds=60, lease_expires_at=at, finished_at=at,
        **{"outcome": "completed"} | run,
    )  # fmt: skip
    for number, message in enumerate(messages, 1):
        insert(
            dealer, "import_errors", job_id=job_id, organization_id=dealer.organization_id,
            row_number=number, message=message,
        )  # fmt: skip


async def test_refusals_are_counted_by_reason(figures, dealer):
    put_refusals(dealer, ['unit_price "call" is not a number', "name is missing"])
    put_refusals(dealer, [
        'unit_price "tba" is not a number; quantity 7.5 is not text; unit_price "" is not a number',
        'unit_price "tba" is not a number',
    ])  # fmt: skip
    put_refusals(dealer, ["name is missing"], "contacts")
    for apart in ({"dry_run": True}, {"kind": "undo"}, {"outcome": "released"}):
        put_refusals(dealer, ["name is missing"], **apart)
    lines = await figures.reasons(Period(30, "UTC", dealer.organization_id))
    assert [(r["data_type"], r["reason"], r["rows"], r["jobs"]) for r in lines] == [
        ("inventory", 'unit_price "…" is not a number', 3, 2),
        ("contacts", "name is missing", 1, 1),
        ("inventory", "name is missing", 1, 1),
        ("inventory", 'quantity "…" is not text', 1, 1),
    ]


PROBLEMS = {
    'unit_price "{}" is not a number': 'unit_price "…" is not a number',
    "quantity {} is less than 0, the least that fits": (
        'quantity "…" is less than 0, the least that fits'
    ),
    "sku is {} characters long, at most 255 fit": "sku is … characters long, at most 255 fit",
    "name is missing": "name is missing",
}


@pytest.mark.parametrize("seed", range(2))
async def test_reasons_are_those_of_the_raw_rows(figures, dealer, seed):
    chance = random.Random(seed)  # noqa: S311 - the same history each time
    known = []
    for job in range(12):
        data_type = chance.choice(("inventory", "contacts"))
        messages = []
        for row in range(chance.randint(0, 9)):
            problems = chance.sample(list(PROBLEMS), chance.randint(1, 3))
            messages.append("; ".join(p.format(chance.randint(1, 99)) for p in problems))
            known += [(job, data_type, row, PROBLEMS[problem]) for problem in problems]
        put_refusals(dealer, messages, data_type)
    frame = pd.DataFrame(known, columns=["job", "data_type", "row", "reason"])
    expected = frame.groupby(["data_type", "reason"]).agg(
        rows=("row", "size"), jobs=("job", "nunique")
    )
    lines = await figures.reasons(Period(1, "UTC", dealer.organization_id))
    told = {(r["data_type"], r["reason"]): (r["rows"], r["jobs"]) for r in lines}
    assert told == {key: tuple(row) for key, row in zip(
        expected.index, expected.to_numpy().tolist(), strict=True)}  # fmt: skip
    assert [r["rows"] for r in lines] == sorted((r["rows"] for r in lines), reverse=True)


@pytest.mark.parametrize(
    ("message", "reasons"),
    [
        ('name "5" pipe" is not text', {'name "…" is not text'}),
        ('name "" is not text', {'name "…" is not text'}),
        ("sku is 5,000 characters long, at most 255 fit",
         {"sku is … characters long, at most 255 fit"}),
        ("quantity -5 is less than 0, the least that fits; name is missing",
         {'quantity "…" is less than 0, the least that fits', "name is missing"}),
        ('p "12/box" is the price of "box", but the row\'s unit is "ea", write the price of one',
         {'p "…" is the price of "…", but the row\'s unit is "…", write the price of one'}),
        ('valid_until "31/13/2026" has no month 13, this column was read with the day first',
         {'valid_until "…" has no month …, this column was read with the day first'}),
        ('the value breaks the rule "is_price"', {'the value breaks the rule "is_price"'}),
        ('another item has the same value where it must be unique ("x_key")',
         {'another item has the same value where it must be unique ("x_key")'}),
        ("no item has this SKU", {"no item has this SKU"}),
        ('the record is "x", not fields with their values',
         {'the record is "…", not fields with their values'}),
        ("the record is 5, not fields with their values",
         {'the record is "…", not fields with their values'}),
        ('the row has 1 more filled cell than there are columns (12), from "x" on; if',
         {"the row has … more filled cells than there are columns (…)"}),
        ('the row has 3 more filled cells than there are columns (12), from "x" on; if',
         {"the row has … more filled cells than there are columns (…)"}),
        ("the row has a quotation mark that takes in the 3 rows below it, and so on: secret",
         {"the row has a quotation mark that takes in the row below it"}),
        ("the row has bytes that mean nothing in UTF-8. It begins: secret",
         {"the row has bytes that mean nothing in UTF-8"}),
        ("name is missing, and so is sku", {"name is missing, and so is sku"}),
        ("", {""}),
    ],
)  # fmt: skip
def test_a_reason_is_told_without_the_row(dealer, message, reasons):
    assert set(dealer.scalar("select refusal_reasons(%s)", message)) == reasons


# What people write, each with a mark that no message has by itself.
CELLS = (
    "Zq {}", '{} Zq" x', "Zq;{}", "{}/Zq", "-Zq{}", "Zq@{}", "mailto:Zq{}@x.ca",
    "a{}@b.ca, Zq@d.ca", "=Zq({})", "'Zq{}'", "#Zq{}", "Zq\ud800{}", "{},Zq,1", "1,{}", "{}/987",
    "09/08/77{}", "Zq{}" + "z" * 300_000,
)  # fmt: skip
UNCLEAR = Style(decimal="?", dates="?", unit="Zq")
NUMBERS = (10**15, -987_654_321_987, 1e300, 12.987654, float("inf"), True, [1], {"a": 1}, 10**60)


def test_no_reason_tells_what_a_field_was_given(dealer):
    """Every field's parser is given what it cannot read; few reasons come of many messages."""
    messages = set()
    for table in TABLES.values():
        for field in table.fields:
            has_style = "style" in signature(field.read).parameters
            read = partial(field.read, style=UNCLEAR) if has_style else field.read
            for cell in (*(c.format(n) for c in CELLS for n in (41, 987_654, 7_777)), *NUMBERS):
                try:
                    read(cell)
                except ValueProblem as problem:
                    messages.add(f"{field.name} {problem}")
    reasons = {
        reason
        for [told] in (
            row.values()
            for row in dealer.connection.execute(
                "select refusal_reasons(m) from unnest(%s::text[]) m", [list(messages)]
            )
        )
        for reason in told
    }
    assert len(messages) > 5 * len(reasons) > 0
    assert not [r for r in reasons if any(s in r for s in ("Zq", "987", "7777", "1e", "Inf"))]


# Files.


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("stock.csv", "stock.csv"),
        ("Stock_2026-11-27.CSV", "stock.csv"),
        ("stock 20261127_part3.csv", "stock.csv"),
        ("stock_20261127-0930_part12.csv", "stock.csv"),
        ("stock_20261127T143000Z.csv", "stock.csv"),
        ("stock-27.11.2026 14:30.csv", "stock.csv"),
        ("stock (2).csv", "stock.csv"),
        ("2026-11-27.csv", "….csv"),
        ("", "…"),
        # No dates.
        ("item 12345678901.csv", "item 12345678901.csv"),
        ("sku20261399.csv", "sku20261399.csv"),
        ("model 2026.csv", "model 2026.csv"),
    ],
)
def test_a_series_of_files(dealer, name, series):
    assert dealer.scalar("select file_series(%s)", name) == series


def put_upload(dealer, name, outcomes, minute, message="It said:\nRow 1: no"):
    """Put a file there that was cut into parts, or one that was not, if there is one outcome."""
    at = datetime.now(UTC) - timedelta(minutes=minute)
    for part, outcome in enumerate(outcomes, 1):
        stem, ending = name.rsplit(".", 1)
        file = name if len(outcomes) == 1 else f"{stem}_part{part}.{ending}"
        job_id = dealer.insert_job(
            None, file_name=file, status=outcome, created_at=at, started_at=at,
            error_message=message if outcome == "failed" else None,
        )  # fmt: skip
        insert(
            dealer, "import_runs", job_id=job_id, organization_id=dealer.organization_id, attempt=1,
            worker_id="w", lease_seconds=60, lease_expires_at=at, finished_at=at, outcome=outcome,
        )  # fmt: skip


async def test_files_that_fail_again_and_again(figures, dealer):
    bad, good = "failed", "completed"
    # One upload that failed in three parts did so once.
    put_upload(dealer, "once.csv", [bad, bad, bad], 50)
    put_upload(dealer, "prices.csv", [good], 45)
    for minute, day in ((40, 1), (30, 2), (20, 3)):
        put_upload(dealer, f"prices_2026-11-0{day}.csv", [bad], minute, f"{minute} ago\nmore")
    put_upload(dealer, "Parts.csv", [bad, good], 19)
    put_upload(dealer, "Parts.csv", [good, bad], 18)
    put_upload(dealer, "Parts.csv", [good, good], 17)
    put_upload(dealer, "fine.csv", [good], 16)
    lines = await figures.failing_files(Period(3, "UTC", dealer.organization_id))
    assert [
        (r["file"], r["uploads"], r["failures"], r["last_message"], r["data_type"]) for r in lines
    ] == [("prices.csv", 4, 3, "20 ago", "inventory"), ("parts.csv", 3, 2, "It said:", "inventory")]
    assert lines[0]["first_failed_at"] < lines[0]["last_failed_at"]


@pytest.mark.parametrize("seed", range(2))
async def test_failing_files_are_those_of_the_uploads(figures, dealer, seed):
    chance = random.Random(seed)  # noqa: S311 - the same history each time
    uploads = []
    for minute in range(40, 0, -1):
        series = chance.choice(("a.csv", "b.csv", "c c.xlsx", "d.csv"))
        stem, ending = series.split(".")
        day = chance.choice(("", "_2026-11-01", " 20261102"))
        outcomes = chance.choices(("completed", "cancelled", "failed"), (8, 1, 2),
                                  k=chance.choice((1, 1, 2, 3)))  # fmt: skip
        put_upload(dealer, f"{stem.upper()}{day}.{ending}", outcomes, minute)
        uploads.append((series, "failed" in outcomes))
    frame = pd.DataFrame(uploads, columns=["series", "failed"])
    expected = frame.groupby("series").agg(uploads=("failed", "size"), failures=("failed", "sum"))
    lines = await figures.failing_files(Period(2, "UTC", dealer.organization_id))
    assert {r["file"]: (r["uploads"], r["failures"]) for r in lines} == {
        series: (int(row.uploads), int(row.failures))
        for series, row in expected[expected["failures"] >= 2].iterrows()
    }


async def test_a_job_that_was_tried_again_counts_as_it_ended_last(figures, dealer):
    for minute in (3, 2):
        put_upload(dealer, "a.csv", ["failed"], minute)
    assert len(await figures.failing_files(Period(2, "UTC", dealer.organization_id))) == 1
    dealer.execute(
        "insert into import_runs (job_id, organization_id, attempt, worker_id, lease_seconds,"
        " lease_expires_at, finished_at, outcome)"
        " select id, organization_id, 1, 'w', 60, now(), now(), 'completed' from scheduled_jobs"
        " where organization_id = %s limit 1",
        dealer.organization_id,
    )
    assert await figures.failing_files(Period(2, "UTC", dealer.organization_id)) == []


# Who may.


@pytest.fixture(scope="module")
def http(stack):
    with httpx.Client(base_url=f"{stack.url}/rest/v1/", timeout=60) as client:
        yield client


SHOWN = ("rpc/import_figures", "rpc/import_reasons", "rpc/import_failing_files")


@pytest.mark.parametrize("role", ["admin", "super_admin", "manager", "standard_user", ""])
def test_admins_see_their_own_organizations_figures_and_nobody_else(http, make_dealer, role):
    dealer, other = make_dealer(), make_dealer()
    for each in (dealer, other):
        put_refusals(each, ["name is missing"])
        for minute in (1, 2):
            put_upload(each, f"{each.organization_id}.csv", ["failed"], minute)
        insert(each, "import_daily", organization_id=each.organization_id, kind="import",
               day=datetime.now(UTC).date(), data_type="bids", jobs=1)  # fmt: skip
    dealer.execute("update profiles set role = %s where id = %s", role, dealer.creator_id)
    may = role in {"admin", "super_admin"}
    headers = {
        "apikey": dealer.stack.keys.publishable,
        "Authorization": f"Bearer {dealer.creator_token}",
    }
    for arguments in ({}, {"of_organization": dealer.organization_id}):
        for name in SHOWN:
            answer = http.post(name, json=arguments, headers=headers)
            assert (answer.json() != []) == may, answer.text
            assert other.organization_id not in answer.text
            assert {line.get("jobs", 1) for line in answer.json()} <= {1, 2, 3, 4}
    for name in SHOWN:
        told = http.post(name, json={"of_organization": other.organization_id}, headers=headers)
        assert told.json() == []
    seen = http.get("import_finished_runs", headers=headers).json()
    assert {line["organization_id"] for line in seen} == (
        {dealer.organization_id} if may else set()
    )
    # Whoever has no account is refused.
    for name in SHOWN:
        anybody = {"apikey": dealer.stack.keys.publishable}
        assert http.post(name, json={}, headers=anybody).status_code == 401


async def test_operators_see_all_organizations(figures, make_dealer):
    dealers = [make_dealer(), make_dealer()]
    for dealer in dealers:
        put_refusals(dealer, ["name is missing"])
    lines = await figures.sums(Period(1, "UTC", None))
    assert {d.organization_id for d in dealers} <= {line["organization_id"] for line in lines}


async def test_days_begin_where_the_setting_says(figures, database):
    assert await figures.time_zone() == "UTC"
    assert database.execute("select import_time_zone() as zone").fetchone()["zone"] == "UTC"
