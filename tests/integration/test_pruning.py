"""What goes when it is too old, what stays, and that dying on the way costs nothing.

The database is every test's: each looks at its own dealer's, and clears what it made old.
"""

import asyncio
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb
from storage3.exceptions import StorageApiError

from tests.telling import ask, deliveries, entries, inbox
from worker.exceptions import RequestRefusedError
from worker.importing.ahead import ReadAhead
from worker.importing.importer import Pace, run_import
from worker.importing.thrift import Thrift
from worker.operating.pruning import KINDS, prune
from worker.storage import FileStore

SETTINGS = {
    "records_days": 1,
    "errors_days": 30,
    "changes_days": 30,
    "runs_days": 365,
    "merged_days": 30,
    "imports_files_days": 30,
    "exports_files_days": 30,
    "notifications_days": 30,
}
UNFINISHED = ("pending", "processing")
OVER = ("completed", "failed", "cancelled")


@pytest.fixture
def store(service_client):
    return FileStore(service_client, 10)


@pytest.fixture
def setting(database):
    """Set how long something is kept; as before after the test."""

    def set_days(name, days):
        database.execute(
            "update import_settings set value = %s where name = %s", [Jsonb(days), name]
        )

    yield set_days
    for name, days in SETTINGS.items():
        set_days(name, days)


@pytest.fixture
def prune_all(queue, store):
    """Go through everything; what went, by kind."""

    async def go(*, dry_run=False):
        removed = dict.fromkeys(KINDS, 0)
        async for kind, step in prune(queue, store, dry_run=dry_run):
            removed[kind] += step.removed
        return removed

    return go


@pytest.fixture
async def clean(prune_all, queue):
    """Let nothing of other tests be too old; what a step says is then of this test alone."""
    await prune_all()
    return queue


def job(dealer, age_days, status="completed", records=2, **columns):
    """Put a job there that is over for so long; of an unfinished one, that old."""
    when = datetime.now(UTC) - timedelta(days=age_days)
    over = {"completed_at": when} if status in OVER else {"scheduled_time": "2099-01-01"}
    rows = dealer.records(records)
    return dealer.insert_job(rows, **{"status": status, "created_at": when} | over | columns)


def run(dealer, job_id, age_days, **columns):
    """Put a run there that ended so long ago."""
    when = datetime.now(UTC) - timedelta(days=age_days)
    row = {
        "job_id": job_id,
        "organization_id": dealer.organization_id,
        "attempt": 1,
        "worker_id": "w",
        "lease_seconds": 60,
        "lease_expires_at": when,
        "started_at": when - timedelta(seconds=90),
        "finished_at": when,
        "outcome": "completed",
    } | columns
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    return dealer.scalar(
        f"insert into import_runs ({names}) values ({places}) returning id",  # noqa: S608
        *row.values(),
    )


def refuse(dealer, job_id, count):
    dealer.execute(
        "insert into import_errors (job_id, row_number, organization_id, message)"
        " select %s, n, %s, 'no' from generate_series(1, %s) n",
        job_id,
        dealer.organization_id,
        count,
    )


def change_set(dealer, job_id, age_days, **columns):
    row = {
        "id": -uuid4().int % 2**62 - 2**62,  # before all others
        "job_id": job_id,
        "organization_id": dealer.organization_id,
        "first_row": 1,
        "data_type": "inventory",
        "row_count": 1,
        "changed_at": datetime.now(UTC) - timedelta(days=age_days),
    } | columns
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    return dealer.scalar(
        f"insert into import_changes ({names}) values ({places}) returning id",  # noqa: S608
        *row.values(),
    )


def count(dealer, table):
    return dealer.scalar(
        f"select count(*) from {table} where organization_id = %s",  # noqa: S608
        dealer.organization_id,
    )


def has_records(dealer, job_id):
    return "records" in dealer.job(job_id)["file_data"]


# Settings.


def test_the_settings_are_there_with_words(database):
    rows = database.execute("select * from import_settings where name like '%\\_days'").fetchall()
    assert {row["name"]: row["value"] for row in rows} == SETTINGS
    assert all("-1 keeps" in row["description"] for row in rows)


def test_the_page_tells_of_each_setting():
    page = (Path(__file__).parents[2] / "docs" / "PRUNING.md").read_text()
    told = re.findall(r"^\| `(\w+_days)` \| (\d+) \|", page, re.MULTILINE)
    assert {name: int(days) for name, days in told} == SETTINGS


async def test_without_a_setting_nothing_goes(dealer, database):
    old = job(dealer, 5000)
    with database.transaction(force_rollback=True):
        database.execute("delete from import_settings where name = 'records_days'")
        answer = database.execute("select prune_imports('records') as answer").fetchone()["answer"]
    assert answer == {"removed": 0, "next": None}
    assert has_records(dealer, old)


async def test_what_is_not_known_is_refused(queue):
    with pytest.raises(RequestRefusedError):
        await queue.prune("everything", None, 1, dry_run=False)


# Rows of jobs.


async def test_rows_of_jobs_that_are_over_go_and_the_rest_of_file_data_stays(dealer, prune_all):
    rest = {"mapping": {"Item": "sku"}, "options": {"mode": "update"}, "source": None}
    old = [
        job(dealer, 2, status, file_data=rest | {"records": dealer.records(3)}) for status in OVER
    ]
    before = [dealer.job(job_id) for job_id in old]
    await prune_all()
    for job_id, was in zip(old, before, strict=True):
        assert dealer.job(job_id) == was | {"file_data": rest | {"pruned_rows": 3}}


async def test_rows_of_others_stay(dealer, prune_all):
    young = job(dealer, 0.9)
    unfinished = [job(dealer, 900, status) for status in UNFINISHED]
    # Cancelled by its user, with a worker that has not seen it yet.
    held = job(dealer, 900, "cancelled")
    run(dealer, held, 900, finished_at=None, outcome=None)
    await prune_all()
    assert all(has_records(dealer, job_id) for job_id in (young, *unfinished, held))


async def test_without_a_time_of_its_end_a_job_is_as_old_as_its_row(dealer, prune_all):
    old, young = job(dealer, 2, completed_at=None), job(dealer, 0, completed_at=None)
    await prune_all()
    assert (has_records(dealer, old), has_records(dealer, young)) == (False, True)


@pytest.mark.parametrize("file_data", [None, [], "records", {"records": "x"}, {"records": None}])
async def test_odd_file_data_is_no_trouble(dealer, prune_all, file_data):
    odd = job(dealer, 2, file_data=file_data)
    await prune_all()
    after = dealer.job(odd)["file_data"]
    assert after == ({} if isinstance(file_data, dict) else file_data)


async def test_how_long_rows_are_kept_is_a_setting(dealer, prune_all, setting):
    old = job(dealer, 900)
    setting("records_days", -1)
    await prune_all()
    assert has_records(dealer, old)
    setting("records_days", 0)
    today = job(dealer, 0)
    await prune_all()
    assert not has_records(dealer, old)
    assert not has_records(dealer, today)


async def test_a_step_takes_few_and_the_next_goes_on_behind(dealer, clean):
    jobs = [job(dealer, age) for age in (9, 8, 7, 6, 5)]
    after, left = None, []
    for _ in range(3):
        step = await clean.prune("records", after, 2, dry_run=False)
        left.append([has_records(dealer, job_id) for job_id in jobs].count(True))
        after = step.next
    assert left == [3, 1, 0]
    assert after is None


async def test_a_job_that_somebody_starts_again_now_keeps_its_rows(stack, dealer, prune_all):
    old = job(dealer, 2)
    with psycopg.connect(stack.db_url) as operator:
        operator.execute("update scheduled_jobs set status = 'pending' where id = %s", [old])
        await prune_all()
        operator.execute(
            "update scheduled_jobs set scheduled_time = '2099-01-01' where id = %s", [old]
        )
    assert has_records(dealer, old)
    await prune_all()
    assert has_records(dealer, old)


async def test_what_is_retried_without_its_rows_says_what_to_do(dealer, prune_all, queue, store):
    old = job(dealer, 2, "failed")
    await prune_all()
    dealer.execute("update scheduled_jobs set status = 'pending' where id = %s", old)
    claimed = await dealer.claim(queue)
    stop = asyncio.Event()
    ahead = ReadAhead(queue, stop)
    await run_import(queue, store, claimed, Pace(100, 4), Thrift(), ahead, stop)
    message = dealer.job(old)["error_message"]
    assert message == "The job holds no records. Please upload the file again."


# Rows that repeating jobs share.


async def occur(queue, dealer):
    claimed = await dealer.claim(queue)
    await queue.finish(claimed.run_id, "failed", "The file is broken.")
    dealer.execute(
        "update scheduled_jobs set scheduled_time = now() - interval '1 second'"
        " where organization_id = %s and status = 'pending'",
        dealer.organization_id,
    )
    return claimed.job_id


def grow_old(dealer, days=2):
    """Let all that is over be so old, and what they share as well."""
    dealer.execute(
        "update scheduled_jobs set completed_at = now() - make_interval(days => %s)"
        " where organization_id = %s and status in ('completed', 'failed', 'cancelled')",
        days,
        dealer.organization_id,
    )
    dealer.execute(
        "update import_internal.shared_rows set shared_at = now() - make_interval(days => %s)", days
    )


async def test_a_repeating_jobs_rows_stay_as_long_as_it_repeats(queue, dealer, prune_all):
    records = dealer.records(2)
    first = dealer.insert_job(records, repeat_type="daily")
    await occur(queue, dealer)
    for _ in range(3):
        grow_old(dealer)
        await prune_all()
        waiting = await dealer.claim(queue)
        assert await queue.read_records(waiting.run_id, 1, 10) == records
        await queue.release(waiting.run_id)
        await occur(queue, dealer)
    assert not has_records(dealer, first)


@pytest.mark.parametrize("end", ["cancelled", "deleted"])
async def test_and_go_a_day_after_it_has_ended(queue, dealer, prune_all, end):
    dealer.insert_job(dealer.records(2), repeat_type="daily")
    first = await occur(queue, dealer)
    shared = dealer.scalar("select rows_id from import_internal.repeats where follows = %s", first)
    exists = "select exists (select from import_internal.shared_rows where id = %s)"
    dealer.execute(
        "delete from scheduled_jobs where organization_id = %s and status = 'pending'"
        if end == "deleted"
        else "update scheduled_jobs set status = 'cancelled', completed_at = now()"
        " where organization_id = %s and status = 'pending'",
        dealer.organization_id,
    )
    await prune_all()
    assert dealer.scalar(exists, shared)
    grow_old(dealer)
    await prune_all()
    assert not dealer.scalar(exists, shared)


# Refused rows.


async def test_refused_rows_go_thirty_days_after_their_job(dealer, prune_all):
    old, young, unfinished = job(dealer, 31), job(dealer, 29), job(dealer, 900, "pending")
    for job_id in (old, young, unfinished):
        refuse(dealer, job_id, 3)
    await prune_all()
    assert {error["job_id"] for error in dealer.errors()} == {young, unfinished}
    assert len(dealer.errors()) == 6


async def test_a_job_with_many_takes_several_steps(dealer, clean):
    for _ in range(2):
        refuse(dealer, job(dealer, 31), 5)
    left, after = [], None
    for _ in range(6):
        after = (await clean.prune("errors", after, 3, dry_run=False)).next
        left.append(count(dealer, "import_errors"))
        if after is None:
            break
    assert left == [7, 4, 1, 0]


# Change sets.


async def test_change_sets_that_are_too_old_go_in_steps_the_oldest_first(dealer, clean):
    of = job(dealer, 31)
    ids = [change_set(dealer, of, 31, id=number) for number in (-9, -8, -7)]
    young = change_set(dealer, of, 29, id=-6)
    step = await clean.prune("changes", None, 2, dry_run=False)
    assert step.removed == 2
    sets = "select array_agg(id order by id) from import_changes where organization_id = %s"
    assert dealer.scalar(sets, dealer.organization_id) == [ids[2], young]
    step = await clean.prune("changes", step.next, 2, dry_run=False)
    assert (step.removed, step.next) == (1, None)
    assert dealer.scalar(sets, dealer.organization_id) == [young]


async def test_those_of_an_unfinished_job_stay_however_old(dealer, prune_all, setting):
    setting("changes_days", 0)
    change_set(dealer, job(dealer, 900, "processing"), 900)
    await prune_all()
    assert count(dealer, "import_changes") == 1


async def test_one_that_an_undo_is_about_to_take_back_stays_until_then(dealer, prune_all):
    undo = dealer.insert_job(None, scheduled_in=3600)
    change_set(dealer, job(dealer, 40), 40, undo_job_id=undo)
    await prune_all()
    assert count(dealer, "import_changes") == 1
    dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", undo)
    await prune_all()
    assert count(dealer, "import_changes") == 0


# Runs.


def daily(dealer):
    return dealer.connection.execute(
        "select * from import_daily where organization_id = %s order by day, data_type, kind",
        [dealer.organization_id],
    ).fetchall()


async def test_runs_go_after_a_year_and_leave_sums(dealer, prune_all):
    first, second = job(dealer, 400), job(dealer, 400)
    counts = {"created": 5, "updated": 3, "unchanged": 1, "failed": 2}
    run(dealer, first, 400, outcome="retried", created=4)  # its rows are in the next one's
    run(dealer, first, 400, **counts)
    run(dealer, second, 400, outcome="failed", created=1)
    run(dealer, second, 400, dry_run=True, updated=9)
    kept = run(dealer, second, 364, created=100)
    await prune_all()
    day = (datetime.now(UTC) - timedelta(days=400)).date()
    common = {"organization_id": dealer.organization_id, "day": day, "data_type": "inventory"}
    assert daily(dealer) == [
        common
        | {"kind": "import", "jobs": 2, "created": 6, "updated": 3, "unchanged": 1, "failed": 2}
        | {"failed_jobs": 1, "seconds": 270},
        common
        | {"kind": "rehearsal", "jobs": 1, "created": 0, "updated": 9, "unchanged": 0, "failed": 0}
        | {"failed_jobs": 0, "seconds": 90},
    ]
    assert [row["id"] for row in dealer.runs(second)] == [kept]
    assert dealer.runs(first) == []


async def test_steps_add_up_whatever_their_size(dealer, clean):
    for number in range(1, 8):
        run(dealer, job(dealer, 400), 400, created=number)
    after = None
    while True:
        after = (await clean.prune("runs", after, 2, dry_run=False)).next
        if after is None:
            break
    [row] = daily(dealer)
    assert (row["jobs"], row["created"], row["seconds"]) == (7, 28, 7 * 90)
    assert count(dealer, "import_runs") == 0


async def test_runs_of_an_unfinished_job_stay(dealer, prune_all):
    waiting = job(dealer, 900, "pending")
    run(dealer, waiting, 900, outcome="retried")
    await prune_all()
    assert len(dealer.runs(waiting)) == 1
    assert daily(dealer) == []


async def test_sums_go_with_their_organization(make_dealer):
    dealer = make_dealer()
    dealer.execute(
        "insert into import_daily (organization_id, day, data_type, kind) values (%s, %s, %s, %s)",
        dealer.organization_id,
        date(2026, 1, 1),
        "bids",
        "import",
    )
    dealer.execute("delete from organizations where id = %s", dealer.organization_id)
    assert daily(dealer) == []


# Files.


@pytest.fixture
def put(dealer, service_client):
    """Store a file in the dealer's folder that is so old; its path."""

    async def put(name, age_days, bucket="imports"):
        path = f"{dealer.organization_id}/{name}"
        await service_client.storage.from_(bucket).upload(path, b"sku,name\nA,Saw\n")
        dealer.execute(
            "update storage.objects set created_at = now() - make_interval(days => %s),"
            " updated_at = now() - make_interval(days => %s) where name = %s",
            *(age_days, age_days, path),
        )
        return path

    return put


def files(dealer, bucket="imports"):
    found = dealer.connection.execute(
        "select name from storage.objects where bucket_id = %s and name like %s",
        [bucket, f"{dealer.organization_id}/%"],
    ).fetchall()
    return {row["name"] for row in found}


def of_file(dealer, path, age_days, status="completed", **columns):
    file_data = {"source": {"bucket": "imports", "path": path}}
    return job(dealer, age_days, status, file_data=file_data, **columns)


async def test_files_go_after_thirty_days_with_their_bytes(dealer, prune_all, put, service_client):
    old, young = await put("a/old.csv", 31), await put("a/young.csv", 29)
    of_file(dealer, old, 31)
    removed = await prune_all()
    assert files(dealer) == {young}
    assert removed["files"] >= 1
    bucket = service_client.storage.from_("imports")
    assert await bucket.download(young)
    with pytest.raises(StorageApiError):
        await bucket.download(old)


async def test_a_file_that_a_job_needs_stays(dealer, prune_all, put):
    needed = {
        await put("pending.csv", 900): ("pending", 900),
        await put("processing.csv", 900): ("processing", 900),
        await put("read lately.csv", 900): ("failed", 29),
    }
    for path, (status, age) in needed.items():
        of_file(dealer, path, age, status)
    await put("nobody's.csv", 900)
    await prune_all()
    assert files(dealer) == set(needed)


async def test_a_file_of_a_job_that_still_repeats_stays(queue, dealer, prune_all, put):
    path = await put("daily.csv", 900)
    file_data = {"source": {"bucket": "imports", "path": path}}
    dealer.insert_job(None, repeat_type="daily", file_data=file_data)
    await occur(queue, dealer)
    grow_old(dealer, 900)
    await prune_all()
    assert files(dealer) == {path}
    dealer.execute(
        "update scheduled_jobs set status = 'cancelled' where organization_id = %s and"
        " status = 'pending'",
        dealer.organization_id,
    )
    grow_old(dealer, 900)
    await prune_all()
    assert files(dealer) == set()


async def test_refused_rows_go_as_files_too_and_nothing_leads_to_them(dealer, prune_all, put):
    over, unfinished = job(dealer, 31), job(dealer, 900, "processing")
    gone, stays = [await put(f"failed/{job_id}.csv", 31) for job_id in (over, unfinished)]
    runs = [
        run(dealer, job_id, 31, failed_rows_path=path, failed=1)
        for job_id, path in ((over, gone), (unfinished, stays))
    ]
    await prune_all()
    assert files(dealer) == {stays}
    paths = [
        dealer.scalar("select failed_rows_path from import_runs where id = %s", run_id)
        for run_id in runs
    ]
    assert paths == [None, stays]


async def test_what_exports_wrote_goes_too_and_nothing_leads_to_it(dealer, prune_all, put):
    old, young = [job(dealer, days, job_type="export", records=0) for days in (31, 29)]
    gone, stays = [await put(f"{job_id}/items.csv", 31, "exports") for job_id in (old, young)]
    runs = [
        run(dealer, job_id, 31, export_path=path, kind="export")
        for job_id, path in ((old, gone), (young, stays))
    ]
    await prune_all()
    assert files(dealer, "exports") == {stays}
    paths = [
        dealer.scalar("select export_path from import_runs where id = %s", run_id)
        for run_id in runs
    ]
    assert paths == [None, stays]


async def test_no_file_goes_because_of_anothers_job(make_dealer, dealer, prune_all, put):
    """And none stays for it: a job reads its own organization's folder only."""
    path = await put("a.csv", 31)
    of_file(make_dealer(), path, 0, "pending")
    await prune_all()
    assert files(dealer) == set()


async def test_files_are_kept_for_ever_with_minus_one(dealer, prune_all, put, setting):
    setting("imports_files_days", -1)
    path = await put("a.csv", 3000)
    await prune_all()
    assert files(dealer) == {path}


async def test_what_storage_did_not_remove_is_named_again(dealer, queue, put, prune_all):
    paths = {await put(f"{number}.csv", 31) for number in range(3)}
    named, after = set(), None
    while True:  # without removing anything: as if killed before each removal
        step = await queue.prune("files", after, 2, dry_run=False)
        named |= set(step.names)
        after = step.next
        if after is None:
            break
    assert paths <= named
    assert files(dealer) == paths
    await prune_all()
    assert files(dealer) == set()


async def test_removing_what_is_not_there_is_no_trouble(store, dealer):
    await store.remove("imports", [f"{dealer.organization_id}/nowhere.csv"])


# All of it.


def arrange_all(dealer):
    old = job(dealer, 400)
    refuse(dealer, old, 3)
    change_set(dealer, old, 400)
    run(dealer, old, 400, created=5)


def state(dealer):
    tables = ("scheduled_jobs", "import_runs", "import_errors", "import_changes", "import_daily")
    return {
        table: dealer.scalar(
            f"select jsonb_agg(to_jsonb(t) order by t::text) from {table} t"  # noqa: S608
            " where organization_id = %s",
            dealer.organization_id,
        )
        for table in tables
    }


@pytest.mark.usefixtures("clean")
async def test_a_dry_run_counts_what_would_go_and_removes_nothing(dealer, prune_all, put):
    arrange_all(dealer)
    await put("a.csv", 31)
    before = state(dealer), files(dealer)
    expected = await prune_all(dry_run=True)
    assert (state(dealer), files(dealer)) == before
    assert await prune_all() == expected
    assert expected == dict.fromkeys(KINDS, 0) | {
        "records": 1,
        "errors": 3,
        "changes": 1,
        "runs": 1,
        "files": 1,
    }


async def test_killed_after_any_step_it_goes_on(make_dealer, queue, store, prune_all):
    """Whatever was through stays so, and a new start does the rest: as if never interrupted."""
    through = make_dealer()
    arrange_all(through)
    await prune_all()
    expected = {table: len(rows or []) for table, rows in state(through).items()}
    for steps in range(1, len(KINDS) + 1):
        dealer = make_dealer()
        arrange_all(dealer)
        taken = 0
        async for _ in prune(queue, store):
            taken += 1
            if taken == steps:
                break
        await prune_all()
        assert {table: len(rows or []) for table, rows in state(dealer).items()} == expected
        [sums] = daily(dealer)
        assert (sums["jobs"], sums["created"]) == (1, 5)


async def test_a_step_that_fails_leaves_everything_as_it_was(dealer, database):
    run(dealer, job(dealer, 400), 400, created=5)
    with database.transaction():
        database.execute("alter table import_daily add constraint no check (created < 5) not valid")
    before = state(dealer)
    try:
        with pytest.raises(psycopg.errors.CheckViolation):
            database.execute("select prune_imports('runs')")
        assert state(dealer) == before
    finally:
        database.execute("alter table import_daily drop constraint no")


async def test_several_at_once_do_no_harm(dealer, prune_all):
    for number in range(1, 30):
        run(dealer, job(dealer, 400), 400, created=number)
    await asyncio.gather(*(prune_all() for _ in range(4)))
    [row] = daily(dealer)
    assert (row["jobs"], row["created"]) == (29, 29 * 30 // 2)


# What people were told.


async def test_what_was_told_goes_with_all_that_belongs_to_it(dealer, prune_all):
    ask(dealer)
    ask(dealer, "webhook")
    for age in (31, 29):
        dealer.execute(
            "select import_internal.tell(%s, 'import.failed', %s, null, null, %s, '{}', now())",
            dealer.organization_id,
            f"{dealer.organization_id}-{age}",
            dealer.creator_id,
        )
        dealer.execute(
            "update import_notifications set created_at = created_at - make_interval(days => %s)"
            " where key = %s",
            age,
            f"{dealer.organization_id}-{age}",
        )
    assert (await prune_all(dry_run=True))["notifications"] >= 1
    assert len(entries(dealer)) == 2
    assert (await prune_all())["notifications"] >= 1
    assert [entry["key"][-2:] for entry in entries(dealer)] == ["29"]
    assert len(deliveries(dealer)) == len(inbox(dealer, dealer.creator_id)) == 1
