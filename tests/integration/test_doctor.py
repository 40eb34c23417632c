"""Doctor's checks: each is broken by itself, and sees that and nothing else."""

import asyncio
import re
import time
from contextlib import contextmanager

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from devstack import migrations, running, schema
from devstack.faults import Faults, HttpRule
from tests.telling import ask
from worker import __version__
from worker.operating import doctor
from worker.operating.doctor import comparison
from worker.operating.doctor.checks import clock, realtime
from worker.presence import Presence

FILES = migrations.SUPABASE / "migrations"
WELL = Presence(__version__, "dyno", "live", times_deaf=0, concurrency=2, runs=0)


@pytest.fixture(scope="module")
def stack():
    """A stack of the doctor's own: what other tests leave behind is something to say."""
    with running() as stack:
        yield stack


@pytest.fixture(scope="module")
def database(stack):
    with psycopg.connect(stack.db_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture(autouse=True)
def environment(stack, monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", stack.url)
    monkeypatch.setenv("SUPABASE_SECRET_KEY", stack.keys.secret)


@pytest.fixture
async def worker(queue, database):
    """One worker that is well, as the database knows it."""
    database.execute("delete from import_workers")
    await queue.report_worker(WELL, is_stopping=False)
    yield
    database.execute("delete from import_workers")


def findings(looked, level="error"):
    return {
        one.name: [finding.said for finding in one.findings if finding.level == level]
        for one in looked
        if any(finding.level == level for finding in one.findings)
    }


async def found(**options):
    """What is wrong, by check; everything could be looked at, and nothing else is said."""
    looked = await doctor.examine(**options)
    assert [one.unknown for one in looked if one.unknown] == []
    assert findings(looked, "note") == {}
    return findings(looked)


async def noted():
    looked = await doctor.examine()
    assert findings(looked) == {}
    assert doctor.exit_code(looked) == 0
    return findings(looked, "note")


async def until(condition):
    """Wait for PostgREST to have taken note."""
    async with asyncio.timeout(120):
        while not await condition():
            await asyncio.sleep(0.1)


@pytest.mark.usefixtures("worker")
async def test_all_is_well(figure, database):
    started = time.monotonic()
    looked = await doctor.examine()
    figure(f"doctor on a healthy stack: {time.monotonic() - started:.2f} s")
    assert [one.name for one in looked] == [
        doctor.SETTINGS, *(check.name for check in (*doctor.ENTRANCE, *doctor.SETUP, *doctor.WORK))
    ]  # fmt: skip
    assert [one for one in looked if one.findings or one.unknown] == []
    assert doctor.exit_code(looked) == 0
    probes = "select count(*) as n from scheduled_jobs where creator_name = %s"
    left = database.execute(probes, ["python -m worker doctor"]).fetchone()
    assert left["n"] == 0


async def test_before_the_first_worker_only_the_setup_is_looked_at(database):
    database.execute("delete from import_workers")
    assert await found(setup_only=True) == {}
    assert set(await found()) == {"workers"}


# The entrance: without it nothing is looked at.


async def test_a_missing_setting(monkeypatch):
    monkeypatch.delenv("SUPABASE_URL")
    looked = await doctor.examine()
    assert [one.name for one in looked] == ["settings"]
    assert findings(looked)["settings"][0].startswith("SUPABASE_URL is not set")
    assert doctor.exit_code(looked) == 2


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (lambda stack: stack.keys.anon, "The key is one of the role anon"),
        (lambda stack: stack.token(role="service_role", ttl=-7200), "expired 2 hours ago"),
        (lambda _: "x", "neither a secret key nor a legacy one"),
        (lambda _: "a.b.c", "neither a secret key nor a legacy one"),
    ],
)
async def test_a_key_that_cannot_import(stack, monkeypatch, key, said):
    monkeypatch.setenv("SUPABASE_SECRET_KEY", key(stack))
    looked = await doctor.examine()
    assert set(findings(looked)) == {"key"}
    assert said in findings(looked)["key"][0]
    assert [one.name for one in looked] == ["settings", "key"]
    assert doctor.exit_code(looked) == 2


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("key", "said"),
    [
        (lambda stack: stack.keys.service_role, "The key is a legacy one"),
        (
            lambda stack: stack.token(role="service_role", ttl=86_400 * 5 + 60),
            "The key expires in 5 days",
        ),
    ],
)
async def test_a_key_that_will_not_last(stack, monkeypatch, key, said):
    monkeypatch.setenv("SUPABASE_SECRET_KEY", key(stack))
    notes = await noted() if "legacy" in said else findings(await doctor.examine(), "note")
    assert set(notes) == {"key"}
    assert notes["key"][0].startswith(said)


async def test_a_key_of_another_project(stack, monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", "https://abc.supabase.co")
    token = stack.token(role="service_role", ref="def")
    monkeypatch.setenv("SUPABASE_SECRET_KEY", token)
    looked = await doctor.examine()
    assert findings(looked) == {"key": ["The key is one of another project than SUPABASE_URL."]}


async def test_a_key_that_the_project_does_not_know(monkeypatch):
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_wrong")
    looked = await doctor.examine()
    assert findings(looked) == {
        "connection": ["The project does not know the key, or lets it read nothing."]
    }
    assert doctor.exit_code(looked) == 2


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"action": "drop"}, "does not answer: RemoteProtocolError."),
        ({"action": "status"}, "does not answer: status 503, code none."),
        ({"action": "status", "status": 404}, "lacks the CRM's tables."),
        ({"action": "status", "status": 302}, "answers with status 302."),
    ],
    ids=str,
)
async def test_a_project_that_does_not_answer(stack, rule, said):
    broken = HttpRule(path="/rest/v1/organizations", **rule)
    with stack.faults.injected(Faults(http=(broken,))):
        looked = await doctor.examine()
    assert set(findings(looked)) == {"connection"}
    assert said in findings(looked)["connection"][0]


@pytest.mark.usefixtures("worker")
async def test_a_database_that_is_slow(stack):
    slow = HttpRule(path="/rest/v1/organizations", action="delay", delay_ms=600)
    with stack.faults.injected(Faults(http=(slow,))):
        assert set(await noted()) == {"connection"}


# The schema.


def test_the_shipped_file_says_what_the_migrations_make(stack):
    assert schema.FILE.read_text() == schema.read(stack.db_url), "run `make schema`"


BREAKS = [
    pytest.param(
        "drop index public.scheduled_jobs_due_idx",
        "200_scheduled_jobs",
        "missing: the index scheduled_jobs_due_idx on public.scheduled_jobs",
        id="index",
    ),
    pytest.param(
        "alter table public.import_runs rename column notes to remarks",
        "alter table public.import_runs rename column remarks to notes",
        "missing: the column public.import_runs.notes",
        id="column",
    ),
    pytest.param(
        "create or replace function public.import_queue() returns jsonb language sql stable"
        " security invoker set search_path = '' as $$ select '{}'::jsonb $$",
        "50200_health",
        "other than expected: the function public.import_queue()",
        id="function",
    ),
    pytest.param(
        "drop policy import_runs_select_own_organization on public.import_runs",
        "400_import_tables",
        "missing: the policy import_runs_select_own_organization on public.import_runs",
        id="policy",
    ),
    pytest.param(
        "create policy everybody on public.scheduled_jobs for select to anon using (true)",
        "drop policy everybody on public.scheduled_jobs",
        "more than expected: the policy everybody on public.scheduled_jobs",
        id="a policy too many",
    ),
    pytest.param(
        "grant update on public.import_runs to authenticated",
        "revoke update on public.import_runs from authenticated",
        "more than expected: the right of authenticated on public.import_runs",
        id="a right too many",
    ),
    pytest.param(
        "revoke delete on public.import_errors from service_role",
        "400_import_tables",
        "missing: the right of service_role on public.import_errors",
        id="right",
    ),
    pytest.param(
        "grant execute on function public.finish_import(uuid, text, text, text) to anon",
        "revoke execute on function public.finish_import(uuid, text, text, text) from anon",
        "more than expected: the right of anon on public.finish_import(uuid,text,text,text)",
        id="a function open to all",
    ),
    pytest.param(
        "alter table public.import_errors disable row level security",
        "alter table public.import_errors enable row level security",
        "other than expected: the table public.import_errors",
        id="row security",
    ),
    pytest.param(
        "alter table public.scheduled_jobs disable trigger scheduled_jobs_hold_users_to_their_part",
        "alter table public.scheduled_jobs enable trigger scheduled_jobs_hold_users_to_their_part",
        "other than expected: the trigger scheduled_jobs_hold_users_to_their_part",
        id="trigger",
    ),
    pytest.param(
        "drop policy imports_select_own_organization on storage.objects",
        "200_import_files",
        "missing: the policy imports_select_own_organization on storage.objects",
        id="storage policy",
    ),
    pytest.param(
        "drop index public.inventory_org_sku_key",
        "create unique index inventory_org_sku_key on public.inventory (organization_id, sku)",
        "missing: the index inventory_org_sku_key on public.inventory",
        id="unique SKU",
    ),
]


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(("broken", "mended", "said"), BREAKS)
async def test_a_schema_that_is_not_as_expected(database, broken, mended, said):
    database.execute(broken)
    try:
        found_there = await found()
    finally:
        [file] = FILES.glob(f"*{mended}.sql") if " " not in mended else [None]
        database.execute(file.read_text() if file else mended)
    [complaint] = found_there.pop("schema")
    assert said in complaint
    assert found_there == {}
    assert await found() == {}


@pytest.mark.usefixtures("worker")
async def test_a_database_without_this_versions_functions(database):
    rename = "alter function public.{}() rename to {}"

    async def is_missing():
        looked = await doctor.examine()
        return findings(looked).get("schema") == [
            f"The database lacks the migrations of version {__version__}."
        ] and {one.name for one in looked if one.unknown} >= {"clock", "runs"}

    for name in ("import_schema", "import_health"):
        database.execute(rename.format(name, f"{name}_old"))
    try:
        await until(is_missing)
    finally:
        for name in ("import_schema", "import_health"):
            database.execute(rename.format(f"{name}_old", name))

    async def is_well():
        return all(one.unknown is None and not one.is_wrong for one in await doctor.examine())

    await until(is_well)


@pytest.mark.usefixtures("worker")
async def test_a_newer_schema_is_a_note(database):
    history = "supabase_migrations.schema_migrations"
    database.execute(f"insert into {history} (version) values ('29990101000000')")  # noqa: S608
    try:
        [said] = (await noted())["schema"]
        assert said.startswith("The schema (29990101000000) is newer than this worker")
        # What it lacks is wrong all the same.
        database.execute("drop index public.scheduled_jobs_due_idx")
        [complaint] = findings(await doctor.examine())["schema"]
        assert "missing: the index scheduled_jobs_due_idx" in complaint
    finally:
        database.execute(f"delete from {history} where version = '29990101000000'")  # noqa: S608
        [file] = FILES.glob("*200_scheduled_jobs.sql")
        database.execute(file.read_text())


def test_of_a_newer_schema_other_bodies_are_its_own_business():
    function = comparison.Thing("function", "public.f()", "")
    cases = [({function: "b"}, False), ({function: "b"}, True), ({}, True)]
    told = [
        list(comparison.differences({function: "a"}, there, is_newer=is_newer))
        for there, is_newer in cases
    ]
    changed, missing = (
        "other than expected: the function public.f()",
        "missing: the function public.f()",
    )
    assert told == [[changed], [], [missing]]


# What a release asks.


@pytest.mark.usefixtures("worker")
async def test_jobs_that_are_not_published(database):
    database.execute("alter publication supabase_realtime drop table public.scheduled_jobs")
    try:
        wrong = await found()
    finally:
        database.execute("alter publication supabase_realtime add table public.scheduled_jobs")
    assert "lacks the table scheduled_jobs" in wrong["publication"][0]
    assert "Please check Realtime is enabled" in wrong["realtime"][0]
    assert len(wrong) == 2


@pytest.mark.usefixtures("worker")
async def test_inserts_that_are_not_published(database, monkeypatch):
    monkeypatch.setattr(realtime, "_EVENT_WITHIN_SECONDS", 1.0)
    publish = "alter publication supabase_realtime set (publish = '{}')"
    database.execute(publish.format("update, delete"))
    try:
        wrong = await found()
    finally:
        database.execute(publish.format("insert, update, delete, truncate"))
    assert "does not publish inserts and updates" in wrong["publication"][0]
    assert set(wrong) == {"publication", "realtime"}


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("refused", "Realtime does not serve the worker: HTTP 503"),
        ("silent", "Realtime does not serve the worker: "),
        ("deaf", "Realtime is deaf"),
    ],
)
async def test_realtime_that_does_not_announce(stack, database, monkeypatch, mode, said):
    monkeypatch.setattr(realtime, "_EVENT_WITHIN_SECONDS", 1.0)
    monkeypatch.setattr(realtime, "_LIVE_WITHIN_SECONDS", 1.0 if mode == "silent" else 15.0)
    with stack.faults.injected(Faults(realtime=mode)):
        wrong = await found()
    [complaint] = wrong.pop("realtime")
    assert complaint.startswith(said)
    assert wrong == {}
    probes = "select count(*) as n from scheduled_jobs where file_name = 'connection test'"
    assert database.execute(probes).fetchone()["n"] == 0


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("change", "level", "said"),
    [
        ("public = true", "error", "The bucket imports is public"),
        ("file_size_limit = 52428800", "note", "takes files up to 50 MB, the worker 200 MB"),
    ],
)
async def test_a_bucket_that_is_not_as_it_should(database, change, level, said):
    database.execute(f"update storage.buckets set {change} where id = 'imports'")  # noqa: S608
    try:
        looked = await doctor.examine()
    finally:
        database.execute(
            "update storage.buckets set public = false, file_size_limit = 209715200"
            " where id = 'imports'"
        )
    assert set(findings(looked, level)) == {"storage"}
    assert said in findings(looked, level)["storage"][0]


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            {"status": 400, "body": '{"statusCode": "404", "error": "x", "message": "Bucket"}'},
            "There is no bucket imports",
        ),
        (
            {"status": 403, "body": '{"statusCode": "403", "error": "x", "message": "no"}'},
            "Storage refuses the worker: status 403",
        ),
        ({"status": 503}, "Storage did not answer: TransientError"),
    ],
    ids=["gone", "refused", "away"],
)
async def test_storage_that_does_not_serve(stack, rule, said):
    broken = HttpRule(path="/storage/v1/bucket/imports", action="status", **rule)
    with stack.faults.injected(Faults(http=(broken,))):
        wrong = await found()
    assert set(wrong) == {"storage"}
    assert said in wrong["storage"][0]


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("off", "said"), [(600, "10 minutes ahead of"), (-600, "10 minutes behind")]
)
async def test_a_clock_that_is_off(off, said):
    wrong = await found(clock=lambda: time.time() + off)
    assert set(wrong) == {"clock"}
    assert said in wrong["clock"][0].replace("9 minutes 59 seconds", "10 minutes")
    assert clock.CHECK in doctor.SETUP


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("name", ["statement_timeout", "lock_timeout"])
async def test_a_timeout_that_is_too_short(database, name):
    async def is_as(expected):
        return set(await found()) == expected

    database.execute(f"alter role service_role set {name} = '1s'")
    database.execute("notify pgrst, 'reload config'")
    try:
        await until(lambda: is_as({"timeouts"}))
        [said] = (await found())["timeouts"]
        assert f"by {name} after 1 s" in said
    finally:
        database.execute(f"alter role service_role reset {name}")
        database.execute("notify pgrst, 'reload config'")
    await until(lambda: is_as(set()))


@pytest.mark.usefixtures("worker")
async def test_a_foreign_key_without_an_index(database):
    database.execute("""
        create table public.quote_lines (
          id integer primary key, item uuid references public.inventory (id));
        alter table public.quote_lines enable row level security;
    """)
    try:
        assert "public.quote_lines (item)" in (await found())["foreign keys"][0]
        database.execute("create index on public.quote_lines (id, item)")
        assert set(await found()) == {"foreign keys"}
        database.execute("create index on public.quote_lines (item, id)")
        assert await found() == {}
    finally:
        database.execute("drop table public.quote_lines")


@pytest.mark.usefixtures("worker")
async def test_duplicates_that_wait(dealer):
    insert = (
        "insert into inventory_duplicates (id, organization_id, sku, kept_id, item)"
        " values (gen_random_uuid(), %s, 'A', gen_random_uuid(), '{}')"
    )
    dealer.execute(insert, dealer.organization_id)
    try:
        assert "1 item set aside" in (await noted())["duplicates"][0]
    finally:
        dealer.execute("delete from inventory_duplicates")


# How the work goes.


async def test_nobody_is_there(queue, database):
    database.execute("delete from import_workers")
    assert "none was in the last day" in (await found())["workers"][0]
    await queue.report_worker(WELL, is_stopping=True)
    [said] = (await found())["workers"]
    assert re.search(r"test-worker stopped \d+ seconds? ago", said), said
    await queue.report_worker(WELL, is_stopping=False)
    silence = "interval '91 seconds'"
    database.execute(
        f"update import_workers set last_seen_at = now() - {silence},"  # noqa: S608
        f" alive_until = alive_until - {silence}"
    )
    assert "test-worker fell silent" in (await found())["workers"][0]


@pytest.mark.usefixtures("worker")
async def test_a_worker_that_realtime_does_not_reach(database):
    database.execute("update import_workers set listener = 'down'")
    assert await found() == {}  # it has just started
    database.execute("update import_workers set started_at = now() - interval '1 hour'")
    assert "does not reach test-worker" in (await found())["workers"][0]


@pytest.mark.usefixtures("worker")
async def test_workers_of_another_version(database):
    database.execute("update import_workers set version = '0.0.9'")
    assert "0.0.9" in (await noted())["workers"][0]


@pytest.fixture
def late(dealer):
    """Insert a job that is due for an hour and a bit."""

    def insert(**columns):
        job_id = dealer.insert_job([{}], **columns)
        dealer.execute(
            "update scheduled_jobs set scheduled_time = now() - interval '62 minutes',"
            " created_at = now() - interval '70 minutes' where id = %s",
            job_id,
        )
        return job_id

    return insert


@pytest.mark.usefixtures("worker")
async def test_a_due_job_that_nobody_takes(late):
    late()
    said = (
        "1 due job waits though workers are alive and have room; the oldest for 1 hour 2 minutes."
    )
    assert await found() == {"due jobs": [said]}


async def test_a_due_job_without_a_worker(late, database):
    database.execute("delete from import_workers")
    late()
    wrong = await found()
    assert "because no worker is alive; the oldest for 1 hour" in wrong["due jobs"][0]
    assert set(wrong) == {"due jobs", "workers"}


@pytest.mark.usefixtures("worker")
async def test_a_due_job_when_all_hands_are_full(late, database):
    late()
    database.execute("update import_workers set runs = concurrency")
    assert "as many jobs as it takes" in (await noted())["due jobs"][0]


@pytest.mark.usefixtures("worker")
async def test_a_job_that_a_browser_left(late):
    late(status="processing")
    wrong = await found()
    assert set(wrong) == {"due jobs"}
    assert "because a browser set it to processing and left" in wrong["due jobs"][0]


@pytest.mark.usefixtures("worker")
async def test_a_due_job_that_waits_for_another_try(late, dealer, queue):
    late()
    job = await dealer.claim(queue)
    await queue.release(job.run_id, retry_in=600)
    wrong = await found()
    assert set(wrong) == {"due jobs"}
    assert "waits for another try" in wrong["due jobs"][0]


@pytest.mark.usefixtures("worker")
async def test_a_due_job_behind_another_one(late, dealer, queue):
    late()
    await dealer.claim(queue)
    late()
    assert "behind another job of its organization" in (await noted())["due jobs"][0]


@pytest.mark.usefixtures("worker")
async def test_a_due_job_behind_a_worker_that_died(late, dealer, queue, database):
    late()
    job = await dealer.claim(queue)
    late()
    database.execute("""
        insert into import_workers
          (id, version, host, alive_until, listener, times_deaf, concurrency, runs)
        select 'dead', version, host, now() - interval '1 second', 'live', 0, 2, 1
        from import_workers
    """)
    dealer.execute("update import_runs set worker_id = 'dead' where id = %s", job.run_id)
    [said] = (await noted())["due jobs"]
    assert said.startswith("1 due job waits because the worker that has it, or its organization")


@pytest.mark.usefixtures("worker")
async def test_a_run_without_a_sign_of_life(dealer, queue):
    dealer.insert_job([{}])
    job = await dealer.claim(queue)
    assert await found() == {}
    dealer.execute(
        "update import_runs set lease_expires_at = now() - interval '5 minutes' where id = %s",
        job.run_id,
    )
    wrong = await found()
    assert set(wrong) == {"runs"}
    assert "1 run of a worker that is gone" in wrong["runs"][0]


@pytest.mark.usefixtures("worker")
async def test_a_job_that_kills_its_workers(dealer, queue):
    job_id = dealer.insert_job([{}])
    for _ in range(2):
        job = await dealer.claim(queue)
        dealer.expire_lease(job.run_id)
    await dealer.claim(queue)
    wrong = await found()
    assert set(wrong) == {"deaths"}
    assert str(job_id) in wrong["deaths"][0]
    looked = {one.name: one for one in await doctor.examine()}
    assert f"jobs cancel {job_id}" in looked["deaths"].findings[0].remedy


@contextmanager
def browser(stack, dealer):
    headers = {
        "apikey": stack.keys.publishable,
        "Authorization": f"Bearer {dealer.creator_token}",
    }
    with httpx.Client(base_url=f"{stack.url}/rest/v1", headers=headers) as client:
        yield client


@pytest.mark.usefixtures("worker")
async def test_a_browser_that_still_imports(stack, dealer, queue):
    def save(number):
        item = {"organization_id": dealer.organization_id, "name": "x", "sku": str(number)}
        assert tab.post("/inventory", json=item).is_success

    with browser(stack, dealer) as tab:
        # Nothing of ours runs: a person may save what they like.
        for number in range(25):
            save(number)
        dealer.insert_job([{}])
        await dealer.claim(queue)
        for number in range(100, 119):
            save(number)
        # Another table is not what the run imports into.
        contact = {"organization_id": dealer.organization_id, "name": "Ann"}
        assert tab.post("/contacts", json=contact).is_success
        assert await found() == {}
        save(200)
    try:
        wrong = await found()
        assert set(wrong) == {"browsers"}
        assert (
            f"20 statements by {dealer.creator_id} of {dealer.organization_id}"
            in (wrong["browsers"][0])
        )
    finally:
        dealer.execute("delete from import_internal.browser_writes")


@pytest.mark.usefixtures("worker")
async def test_what_a_worker_writes_is_no_browsers(dealer, queue):
    dealer.insert_job([{}])
    job = await dealer.claim(queue)
    for number in range(1, 31):
        row = {"row_number": number, "sku": f"S{number}", "name": "x", "search_keywords": ""}
        await queue.apply_batch(
            "apply_inventory_batch", job.run_id, range(number, number + 1), [row], []
        )
    assert dealer.scalar("select count(*) from import_internal.browser_writes") == 0


# What people asked to be told.


@pytest.mark.usefixtures("worker")
async def test_mail_that_nobody_can_send(dealer, monkeypatch):
    ask(dealer, "email")
    assert await noted() == {
        "notifications": ["1 person asked for mail; this environment cannot send."]
    }
    tell = "select import_internal.tell(%s, 'import.failed', %s, null, null, %s, '{}', now())"
    dealer.execute(tell, dealer.organization_id, dealer.organization_id, dealer.creator_id)
    dealer.execute("update notification_deliveries set next_try_at = now() - interval '1 hour'")
    said = "1 notification due for 15 minutes and not tried."
    assert await found() == {"notifications": [said]}
    monkeypatch.setenv("WORKER_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("WORKER_MAIL_FROM", "imports@example.com")
    assert await found() == {"notifications": [said]}
    dealer.execute("update notification_deliveries set status = 'failed', ended_at = now()")
    said = "1 mail about imports could not be delivered in the last day."
    assert await found() == {"notifications": [said]}
    dealer.execute("update notification_deliveries set kind = 'webhook'")
    dealer.execute("update notification_channels set disabled_reason = 'It answered 410.'")
    assert await noted() == {
        "notifications": [
            "1 webhook message not accepted by receivers in the last day.",
            "1 webhook switched off because receivers wanted no more.",
        ]
    }


def test_every_check_is_in_the_runbook():
    runbook = (migrations.SUPABASE.parent / "docs" / "OPERATING.md").read_text()
    checks = (*doctor.ENTRANCE, *doctor.SETUP, *doctor.WORK)
    for name in (doctor.SETTINGS, *(check.name for check in checks)):
        assert f"### {name}\n" in runbook
