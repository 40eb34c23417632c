"""The worker against the local Supabase: jobs in, inventory and answers out."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from devstack.faults import Faults, HttpRule
from worker.config import Settings
from worker.exceptions import DatabaseUnavailableError, RequestRefusedError
from worker.service import serve

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def settings(stack):
    return Settings(supabase_url=stack.url, supabase_secret_key=stack.keys.secret)


@contextmanager
def worker_process(stack, tmp_path, **environment):
    """Run a real worker; its log is checked for secrets when it ends."""
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker", "run"],
            cwd=PROJECT,
            env=os.environ
            | {"SUPABASE_URL": stack.url, "SUPABASE_SECRET_KEY": stack.keys.secret}
            | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(lambda: "worker_started" in log.read_text())
            yield process, log
        finally:
            process.terminate()  # so that what it ran is measured
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
            process.kill()
            process.wait()
    assert stack.keys.secret not in log.read_text()
    assert stack.keys.service_role not in log.read_text()


def wait_until(condition, seconds=15.0):
    """Poll until it is true and return how long that took, in seconds."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "it did not happen in time"
        time.sleep(0.01)
    return time.monotonic() - started


def logged(log, event):
    lines = (json.loads(line) for line in log.read_text().splitlines())
    return [line for line in lines if line["event"] == event]


async def test_a_job_goes_in_row_by_row_as_the_file_says(settings, dealer):
    records = [
        {"sku": " A ", "name": "Hex bolt", "unit_price": "$1,234.995", "quantity": "2.5", "x": "?"},
        {"sku": "B", "name": "", "unit_price": "call"},
        {"sku": "C", "name": "Nail", "cost": 0.1, "description": "Zinc", "category": "Fasteners"},
        {"sku": "A", "name": "Hex bolt M8", "unit_price": "", "quantity": "7"},
        "not an object",
    ]
    job_id = dealer.insert_job(records)
    await serve(settings, once=True)

    row = dealer.job(job_id)
    assert (row["status"], row["record_count"]) == ("completed", 3)
    assert row["progress"] == {"current": 5, "total": 5, "percent": 100}
    assert row["error_message"].splitlines()[0].startswith("Row 2: unit_price ")
    assert row["error_message"].splitlines()[1].startswith("Row 5: ")
    bolt, nail = dealer.inventory()
    # The last row of a SKU wins, whole: the first one's price is not mixed into it.
    assert (bolt["name"], bolt["quantity"], bolt["unit_price"]) == ("Hex bolt M8", 7, None)
    assert (bolt["description"], bolt["category"]) == ("", "Uncategorized")
    assert (nail["cost"], nail["category"]) == (10, "Fasteners")
    assert "fasteners" in nail["search_keywords"]
    [run] = dealer.runs(job_id)
    assert (run["created"], run["updated"], run["failed"], run["unprocessed"]) == (2, 1, 2, 0)
    assert [error["row"] for error in dealer.errors()] == [records[1], records[4]]


async def test_importing_again_updates_and_leaves_empty_cells_alone(settings, dealer):
    dealer.insert_job([{"sku": "A", "name": "Bolt", "unit_price": "5", "description": "Zinc"}])
    await serve(settings, once=True)
    job_id = dealer.insert_job([{"sku": "A", "name": "Bolt", "unit_price": "", "quantity": "0"}])
    await serve(settings, once=True)
    [item] = dealer.inventory()
    assert (item["unit_price"], item["quantity"], item["description"]) == (500, 0, "Zinc")
    assert [run["updated"] for run in dealer.runs(job_id)] == [1]


async def test_the_last_row_of_a_sku_wins_across_batches_and_pages(settings, dealer):
    records = [*dealer.records(2500), {"sku": "SKU-1", "name": "The last", "unit_price": ""}]
    records[2400] = {"sku": "SKU-2", "name": ""}  # refused, so the row before it wins
    job_id = dealer.insert_job(records)
    await serve(settings, once=True)
    items = {item["sku"]: item for item in dealer.inventory()}
    assert (items["SKU-1"]["name"], items["SKU-1"]["unit_price"]) == ("The last", None)
    assert items["SKU-2"]["name"] == "Item 2"
    [run] = dealer.runs(job_id)
    assert (run["created"], run["updated"], run["failed"]) == (2499, 1, 1)


async def test_a_job_without_rows_failed(settings, dealer):
    job_id = dealer.insert_job([])
    await serve(settings, once=True)
    row = dealer.job(job_id)
    assert (row["status"], row["record_count"]) == ("failed", 0)
    assert row["error_message"] == "Nothing was imported: there are no rows to import."


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        pytest.param(
            {"file_data": {"records": [{"Item": 1}]}}, "No column was found", id="raw rows"
        ),
        pytest.param({"file_data": None}, "no records", id="no data"),
        pytest.param({"file_data": {"records": "x", "mapping": {}}}, "no records", id="not a list"),
        pytest.param({"file_data": {"source": "x"}}, "no records", id="no source"),
    ],
)
async def test_what_cannot_be_imported_fails_with_a_plain_message(
    settings, dealer, columns, message
):
    job_id = dealer.insert_job(dealer.records(1), **columns)
    await serve(settings, once=True)
    row = dealer.job(job_id)
    assert row["status"] == "failed"
    assert message in row["error_message"]
    assert row["completed_at"] is not None
    assert dealer.inventory() == []


async def test_exports_are_not_ours(settings, dealer):
    job_id = dealer.insert_job(None, job_type="export")
    await serve(settings, once=True)
    assert dealer.job(job_id)["status"] == "pending"


async def test_records_cannot_name_another_organization(settings, make_dealer):
    mine, other = make_dealer(), make_dealer()
    record = {"sku": "A", "name": "Bolt", "organization_id": other.organization_id, "id": "1"}
    mine.insert_job([record])
    await serve(settings, once=True)
    assert len(mine.inventory()) == 1
    assert other.inventory() == []


async def test_a_row_that_only_the_database_refuses_is_named(settings, dealer, database):
    database.execute(
        "alter table inventory add constraint inventory_no_bombs check (name <> 'Bomb') not valid"
    )
    try:
        job_id = dealer.insert_job(
            [
                {"sku": "A", "name": "Bolt"},
                {"sku": "B", "name": "Bomb"},
                {"sku": "C", "name": "Nail"},
            ]
        )
        await serve(settings, once=True)
    finally:
        database.execute("alter table inventory drop constraint inventory_no_bombs")
    assert [item["sku"] for item in dealer.inventory()] == ["A", "C"]
    expected = 'Row 2: the value breaks the rule "inventory_no_bombs"'
    assert dealer.job(job_id)["error_message"] == expected


async def test_a_job_is_resumed_at_the_ledger_with_another_batch_size(stack, dealer):
    job_id = dealer.insert_job(dealer.records(1000))
    claim = dealer.scalar("select claim_import_jobs('dead', 60, 1)")
    [dead] = claim["jobs"]
    for first in (1, 301, 331):  # what landed before it died, with holes
        rows = [
            {"row_number": n, "sku": f"SKU-{n}", "name": f"Item {n}", "search_keywords": ""}
            for n in range(first, first + 30)
        ]
        dealer.scalar(
            "select apply_inventory_batch(%s, %s, %s, %s::jsonb, '[]')",
            dead["run_id"], first, first + 29, json.dumps(rows),
        )  # fmt: skip
    dealer.expire_lease(dead["run_id"])
    settings = Settings(
        supabase_url=stack.url, supabase_secret_key=stack.keys.secret, worker_batch_size=70
    )
    await serve(settings, once=True)
    assert dealer.job(job_id)["status"] == "completed"
    first_run, second_run = dealer.runs(job_id)
    assert (first_run["outcome"], first_run["created"]) == ("lease_expired", 90)
    counts = (second_run["created"], second_run["updated"], second_run["failed"])
    assert counts == (1000, 0, 0)
    assert len(dealer.inventory()) == 1000


async def test_keys_of_both_kinds_work(stack, dealer):
    for number, key in enumerate((stack.keys.secret, stack.keys.service_role), start=1):
        job_id = dealer.insert_job([{"sku": f"{number}", "name": "Bolt"}])
        await serve(Settings(supabase_url=stack.url, supabase_secret_key=key), once=True)
        assert dealer.job(job_id)["status"] == "completed"


async def test_a_key_that_may_not_import_stops_the_worker_at_once(stack):
    settings = Settings(supabase_url=stack.url, supabase_secret_key=stack.keys.anon)
    with pytest.raises(RequestRefusedError):
        await serve(settings, once=False)


async def test_draining_a_database_that_is_away_is_an_error(stack, dealer):
    dealer.insert_job(dealer.records(1))
    settings = Settings(supabase_url="http://127.0.0.1:9", supabase_secret_key=stack.keys.secret)
    with pytest.raises(DatabaseUnavailableError):
        await serve(settings, once=True)


async def test_two_thousand_rows_cost_at_most_four_updates_of_the_job_row(settings, dealer, figure):
    dealer.execute("""
        create table job_updates (job_id uuid);
        create function count_job_update() returns trigger language plpgsql as $$
        begin insert into public.job_updates values (new.id); return null; end $$;
        create trigger count_job_update after update on scheduled_jobs
          for each row execute function count_job_update();
        grant insert on job_updates to service_role;
    """)
    try:
        job_id = dealer.insert_job(dealer.records(2000))
        await serve(settings, once=True)
        updates = dealer.scalar("select count(*) from job_updates where job_id = %s", job_id)
    finally:
        dealer.execute("drop function count_job_update cascade; drop table job_updates")
    figure(f"2,000 rows: {updates} updates of the job row")
    assert dealer.job(job_id)["status"] == "completed"
    assert 2 <= updates <= 4


def slow_batches(stack, milliseconds):
    """Make every batch take its time, so that something can happen meanwhile."""
    delay = HttpRule(path="apply_inventory_batch", action="delay", delay_ms=milliseconds)
    return stack.faults.injected(Faults(http=(delay,)))


def test_sigterm_lands_what_is_in_flight_and_gives_the_rest_back(stack, dealer, tmp_path, figure):
    job_id = dealer.insert_job(dealer.records(2000))
    with slow_batches(stack, 300), worker_process(stack, tmp_path) as (process, log):
        wait_until(lambda: (dealer.job(job_id)["progress"] or {}).get("current", 0) > 0)
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=25) == 0
        figure(f"SIGTERM → exit 0 in {time.monotonic() - started:.2f} s")
    assert [line["signal"] for line in logged(log, "worker_stopping")] == ["SIGTERM"]
    assert dealer.job(job_id)["status"] == "pending"
    landed = len(dealer.inventory())
    assert 0 < landed < 2000
    ledger = "select sum(created)::int from import_batches where job_id = %s"
    assert dealer.scalar(ledger, job_id) == landed

    with worker_process(stack, tmp_path):
        wait_until(lambda: dealer.job(job_id)["status"] == "completed")
    released, finished = dealer.runs(job_id)
    assert (released["outcome"], finished["outcome"]) == ("released", "completed")
    assert (finished["created"], finished["updated"], finished["attempt"]) == (2000, 0, 1)


@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_a_job_that_is_cancelled_or_deleted_stops_within_a_batch(stack, dealer, tmp_path, how):
    statement = {
        "cancel": "update scheduled_jobs set status = 'cancelled' where id = %s",
        "delete": "delete from scheduled_jobs where id = %s",
    }[how]
    job_id = dealer.insert_job(dealer.records(2000))
    with slow_batches(stack, 200), worker_process(stack, tmp_path) as (_, log):
        wait_until(lambda: (dealer.job(job_id)["progress"] or {}).get("current", 0) > 0)
        dealer.execute(statement, job_id)
        at_that_time = len(dealer.inventory())
        wait_until(lambda: logged(log, "import_ended"))
        time.sleep(0.5)
        # Batches that the database was applying at that moment may land: four are in flight.
        assert len(dealer.inventory()) <= at_that_time + 400
        [ended] = logged(log, "import_ended")
        assert ended["outcome"] == {"cancel": "cancelled", "delete": "lost"}[how]
    if how == "cancel":
        [run] = dealer.runs(job_id)
        assert run["outcome"] == "cancelled"
        assert run["created"] == len(dealer.inventory())
        assert run["created"] + run["unprocessed"] == 2000
        assert dealer.job(job_id)["status"] == "cancelled"


def test_jobs_start_soon_with_realtime_up(stack, dealer, tmp_path, figure):
    with worker_process(stack, tmp_path) as (_, log):
        wait_until(lambda: any(line["state"] == "live" for line in logged(log, "listener_state")))
        seconds = []
        for _ in range(50):
            # An idle worker: one that just finished a job looks at the queue at once.
            time.sleep(random.uniform(0.1, 0.2))  # noqa: S311
            seconds.append(pick_up_seconds(dealer))
        seconds.sort()
    p50, p95 = seconds[24], seconds[47]
    figure(f"insert → processing, Realtime up, 50 jobs: p50 {p50:.3f} s, p95 {p95:.3f} s")
    assert seconds[-1] < 5


def test_jobs_start_within_the_poll_with_realtime_refused(stack, dealer, tmp_path, figure):
    refused = stack.faults.injected(Faults(realtime="refused"))
    with refused, worker_process(stack, tmp_path) as (_, log):
        wait_until(lambda: logged(log, "listener_failed"))
        time.sleep(1)
        seconds = pick_up_seconds(dealer)
    figure(f"insert → processing, Realtime refused: {seconds:.2f} s")
    assert seconds < 6


def pick_up_seconds(dealer):
    """Insert a job and measure by the database's clock when a worker took it."""
    job_id = dealer.insert_job(dealer.records(1))
    wait_until(lambda: dealer.job(job_id)["status"] == "completed")
    row = dealer.job(job_id)
    return (row["started_at"] - row["created_at"]).total_seconds()


def test_a_scheduled_job_starts_at_its_time(stack, dealer, tmp_path, figure):
    with worker_process(stack, tmp_path) as (_, log):
        wait_until(lambda: any(line["state"] == "live" for line in logged(log, "listener_state")))
        job_id = dealer.insert_job(dealer.records(1), scheduled_in=3)
        wait_until(lambda: dealer.job(job_id)["status"] == "completed")
    row = dealer.job(job_id)
    late = (row["started_at"] - row["scheduled_time"]).total_seconds()
    figure(f"a job scheduled 3 s ahead started {late:.3f} s after its time")
    assert 0 <= late < 5  # the promise; 0.5 s is what it should be with Realtime up


def test_the_listener_comes_back_by_itself(stack, dealer, tmp_path):
    with worker_process(stack, tmp_path) as (_, log):
        live = lambda: sum(line["state"] == "live" for line in logged(log, "listener_state"))  # noqa: E731
        wait_until(lambda: live() == 1)
        stack.restart_part("realtime", signal.SIGKILL)
        wait_until(lambda: live() == 2, seconds=30)
        assert pick_up_seconds(dealer) < 5


async def test_users_see_progress_of_their_organization_and_of_no_other(
    stack, make_dealer, tmp_path
):
    mine, other = make_dealer(), make_dealer()
    async with events_of(stack, mine) as seen, events_of(stack, other) as seen_by_other:
        with slow_batches(stack, 400), worker_process(stack, tmp_path):
            job_id = await asyncio.to_thread(mine.insert_job, mine.records(2000))
            async with asyncio.timeout(30):
                while not seen or seen[-1]["status"] != "completed":
                    await asyncio.sleep(0.02)
    assert {event["id"] for event in seen} == {str(job_id)}
    percents = [event["progress"]["percent"] for event in seen if event["progress"]]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert len(set(percents)) > 2
    statuses = [event["status"] for event in seen]
    assert statuses[0] == "pending"
    assert statuses[-1] == "completed"
    assert seen_by_other == []


class events_of:  # noqa: N801 - reads as a phrase
    """A subscription as the Background Import Manager makes it, as a user of the organization."""

    def __init__(self, stack, dealer):
        self._stack = stack
        self._dealer = dealer
        self.events = []

    async def __aenter__(self):
        from realtime import AsyncRealtimeClient  # noqa: PLC0415

        self._client = AsyncRealtimeClient(
            f"{self._stack.url}/realtime/v1", token=self._stack.keys.publishable
        )
        await self._client.set_auth(self._dealer.creator_token)
        live = asyncio.Event()
        channel = self._client.channel("imports")
        channel.on_postgres_changes(
            "*",
            lambda change: self.events.append(change["data"]["record"]),
            schema="public",
            table="scheduled_jobs",
            filter=f"organization_id=eq.{self._dealer.organization_id}",
            select=["id", "status", "progress"],
        )
        channel.on_system(lambda _payload: live.set())
        await channel.subscribe()
        async with asyncio.timeout(10):
            await live.wait()
        return self.events

    async def __aexit__(self, *_exception):
        await self._client.close()


def test_logs_hold_no_row_contents(stack, dealer, tmp_path):
    records = [{"sku": "SECRET-SKU", "name": "Secret name", "unit_price": "secret price"}]
    with worker_process(stack, tmp_path, WORKER_LOG_LEVEL="debug") as (_, log):
        job_id = dealer.insert_job(records)
        wait_until(lambda: dealer.job(job_id)["status"] == "failed")
        time.sleep(0.2)
    assert logged(log, "batch_applied")
    assert "secret" not in log.read_text().lower().replace(stack.keys.secret, "")


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        ("claim_import_jobs", {"action": "lose_answer"}),
        ("read_job_records", {"action": "lose_answer"}),
        ("apply_inventory_batch", {"action": "lose_answer"}),
        ("report_progress", {"action": "lose_answer"}),
        ("finish_import", {"action": "lose_answer"}),
        ("apply_inventory_batch", {"action": "drop"}),
        ("apply_inventory_batch", {"action": "status", "status": 503, "body": '{"message": "x"}'}),
        ("apply_inventory_batch", {"action": "status", "status": 429, "retry_after": 1}),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value['action']}",
)
def test_a_call_that_fails_once_costs_a_moment_and_nothing_else(
    stack, dealer, tmp_path, function, fault
):
    # Enough batches, and slow enough ones, for a progress report.
    slow = HttpRule(path="apply_inventory_batch", action="delay", delay_ms=300, skip=1)
    rule = HttpRule(path=function, count=1, **fault)
    with (
        stack.faults.injected(Faults(http=(rule, slow))),
        worker_process(stack, tmp_path, WORKER_POLL_SECONDS="1") as (_, log),
    ):
        job_id = dealer.insert_job(dealer.records(2000))
        wait_until(lambda: dealer.job(job_id)["status"] == "completed")
        wait_until(lambda: logged(log, "import_ended"))
        assert stack.faults.get()[1].injected[fault["action"]] >= 1
    [run] = dealer.runs(job_id)
    assert (run["created"], run["updated"], run["failed"], run["attempt"]) == (2000, 0, 0, 1)
    [ended] = logged(log, "import_ended")
    assert ended["outcome"] == "completed"


def test_sigterm_does_not_wait_for_a_claim_that_hangs(stack, tmp_path, figure):
    hang = HttpRule(path="claim_import_jobs", action="delay", delay_ms=60_000)
    # Set after the start, whose own claim must not hang.
    with (
        worker_process(stack, tmp_path, WORKER_POLL_SECONDS="0.5") as (process, _),
        stack.faults.injected(Faults(http=(hang,))),
    ):
        time.sleep(1)  # the poll has claimed again
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=25) == 0
    figure(f"SIGTERM while a claim hangs → exit 0 in {time.monotonic() - started:.1f} s")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_a_worker_that_has_only_just_started(stack, number):
    environment = os.environ | {"SUPABASE_URL": stack.url, "SUPABASE_SECRET_KEY": stack.keys.secret}
    with subprocess.Popen(
        [sys.executable, "-m", "worker", "run"],
        cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        wait_until(lambda: catches_sigterm(process.pid))
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    assert "worker_started" not in output


def catches_sigterm(pid):
    """Whether a process has its own way with SIGTERM, as the kernel knows it."""
    status = Path(f"/proc/{pid}/status").read_text()
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(mask, 16) >> (signal.SIGTERM - 1) & 1)


def test_a_second_signal_leaves_at_once(stack, dealer, tmp_path):
    job_id = dealer.insert_job(dealer.records(2000))
    with slow_batches(stack, 10_000), worker_process(stack, tmp_path) as (process, log):
        wait_until(lambda: dealer.job(job_id)["status"] == "processing")
        time.sleep(1)  # batches are in flight now, and will be for 10 s
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)  # the same request, passed on by a parent
        wait_until(lambda: logged(log, "worker_stopping"))
        time.sleep(1.2)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=2) == 128 + signal.SIGINT


def test_a_worker_that_is_refused_gives_its_jobs_back_first(stack, dealer, tmp_path):
    job_id = dealer.insert_job(dealer.records(2000))
    slow = HttpRule(path="apply_inventory_batch", action="delay", delay_ms=500)
    refused = HttpRule(path="claim_import_jobs", action="status", status=401)
    with (
        stack.faults.injected(Faults(http=(slow,))),
        worker_process(stack, tmp_path, WORKER_POLL_SECONDS="1") as (process, log),
    ):
        wait_until(lambda: dealer.job(job_id)["status"] == "processing")
        stack.faults.set(Faults(http=(slow, refused)))
        assert process.wait(timeout=25) == 1
    assert [line["cause"] for line in logged(log, "worker_refused")]
    assert dealer.job(job_id)["status"] == "pending"


def test_a_crash_prints_its_place_and_no_row(stack, dealer, tmp_path):
    """A bug, provoked by taking a function's answer apart on its way."""
    wrong = HttpRule(path="read_job_records", action="status", status=200, body='[{"row": 1}, 7]')
    job_id = dealer.insert_job([{"sku": "SECRET-SKU", "name": "Secret name"}] * 5)
    with stack.faults.injected(Faults(http=(wrong,))), worker_process(stack, tmp_path) as (_, log):
        wait_until(lambda: logged(log, "import_ended"))
        assert dealer.job(job_id)["status"] in {"pending", "failed"}
    assert "secret" not in log.read_text().lower()


@pytest.mark.parametrize("part", ["Listener.listen", "_Service._log_gauges", "_Service._claim"])
def test_a_part_that_dies_of_a_bug_takes_the_worker_along(stack, part):
    launch = f"""
import sys
from worker import cli, service

async def die(*_arguments):
    raise ZeroDivisionError("SECRET")

service.{part} = die
sys.exit(cli.main(["run"]))
"""
    result = subprocess.run(
        [sys.executable, "-c", launch],
        cwd=PROJECT,
        env=os.environ | {"SUPABASE_URL": stack.url, "SUPABASE_SECRET_KEY": stack.keys.secret},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert result.returncode == 1
    [crash] = [line for line in map(json.loads, result.stdout.splitlines()) if "error" in line]
    assert (crash["event"], crash["error"]) == ("worker_crashed", "ZeroDivisionError")
    assert "SECRET" not in result.stdout + result.stderr


def test_a_deaf_subscription_is_noticed_and_rebuilt(stack, dealer, tmp_path):
    with worker_process(stack, tmp_path) as (_, log):
        states = lambda: [line["state"] for line in logged(log, "listener_state")]  # noqa: E731
        wait_until(lambda: "live" in states())
        with stack.faults.injected(Faults(realtime="deaf")):
            # Announced to nobody; found by the poll, one due at once and one as the CRM has it.
            for seconds in (-1, 10):
                dealer.insert_job(dealer.records(1), scheduled_in=seconds)
            wait_until(lambda: logged(log, "listener_deaf"))
        wait_until(lambda: states().count("live") == 2)
        assert [line["missed"] for line in logged(log, "event_missed")] == [1, 2]
        assert [line["times_deaf"] for line in logged(log, "listener_deaf")] == [1]
        assert pick_up_seconds(dealer) < 5


def test_two_organizations_are_imported_at_once(stack, make_dealer, tmp_path):
    dealers = [make_dealer(), make_dealer()]
    with slow_batches(stack, 100), worker_process(stack, tmp_path):
        jobs = [(dealer, dealer.insert_job(dealer.records(1000))) for dealer in dealers]
        wait_until(lambda: all(dealer.job(job)["status"] == "completed" for dealer, job in jobs))
    [first], [second] = (dealer.runs(job) for dealer, job in jobs)
    assert max(first["started_at"], second["started_at"]) < min(
        first["finished_at"], second["finished_at"]
    )


def test_a_wrong_setting_says_what_to_set():
    environment = {"PATH": os.environ["PATH"], "SUPABASE_URL": "example.test"}
    result = subprocess.run(
        [sys.executable, "-m", "worker", "run"],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert "SUPABASE_URL is not a URL: set it to the project's URL" in result.stderr
    assert "SUPABASE_SECRET_KEY is not set: set it to a secret key" in result.stderr
