"""The worker against the local Supabase: jobs in, inventory and answers out."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from devstack.faults import Faults, HttpRule
from tests import warm
from tests.acceptance.processes import PATIENCE, logged, wait_until, worker_process
from worker.config import Settings
from worker.exceptions import DatabaseUnavailableError, RequestRefusedError
from worker.service import serve

PROJECT = Path(__file__).parents[2]
APPLY = "rpc/apply_inventory_batch"


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


def holding(stack, path=APPLY, skip=0):
    """Hold the calls of a function, but for the first ones, until the with or the faults end."""
    return stack.faults.injected(Faults(http=(HttpRule(path=path, action="hold", skip=skip),)))


def hold_after_four(stack):
    """Let four batches land, and hold those behind them until the faults change."""
    stack.faults.set(Faults(http=(HttpRule(path=APPLY, action="hold", skip=4),)))


def teach_that_items_are_new(dealer):
    """Have its worker import other new items: from then on each batch is one call, not two."""
    records = [{"sku": f"OLD-{n}", "name": f"Old item {n}"} for n in range(150)]
    job_id = dealer.insert_job(records)
    wait_until(lambda: dealer.status(job_id) == "completed")


def items(dealer):
    """How many there are, but for those that taught."""
    return dealer.scalar(
        "select count(*) from inventory where organization_id = %s and sku like 'SKU-%%'",
        dealer.organization_id,
    )


def test_sigterm_lands_what_is_in_flight_and_gives_the_rest_back(stack, dealer, tmp_path, figure):
    with worker_process(stack, tmp_path) as (process, log), stack.faults.injected(Faults()):
        teach_that_items_are_new(dealer)
        hold_after_four(stack)
        job_id = dealer.insert_job(dealer.records(2000))
        stack.faults.wait_until_held(4)
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: logged(log, "worker_stopping"))
        stack.faults.clear()
        assert process.wait(timeout=PATIENCE) == 0
        figure(f"SIGTERM → exit 0 in {time.monotonic() - started:.2f} s")
    assert [line["signal"] for line in logged(log, "worker_stopping")] == ["SIGTERM"]
    assert dealer.job(job_id)["status"] == "pending"
    landed = items(dealer)
    assert landed == 800  # four batches before, and the four that were in flight
    ledger = "select sum(created)::int from import_batches where job_id = %s"
    assert dealer.scalar(ledger, job_id) == landed

    with worker_process(stack, tmp_path):
        wait_until(lambda: dealer.status(job_id) == "completed")
    released, finished = dealer.runs(job_id)
    assert (released["outcome"], finished["outcome"]) == ("released", "completed")
    assert (finished["created"], finished["updated"], finished["attempt"]) == (2000, 0, 1)


@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_a_job_that_is_cancelled_or_deleted_stops_within_a_batch(stack, dealer, tmp_path, how):
    statement = {
        "cancel": "update scheduled_jobs set status = 'cancelled' where id = %s",
        "delete": "delete from scheduled_jobs where id = %s",
    }[how]
    with worker_process(stack, tmp_path) as (_, log), stack.faults.injected(Faults()):
        teach_that_items_are_new(dealer)
        hold_after_four(stack)
        job_id = dealer.insert_job(dealer.records(2000))
        stack.faults.wait_until_held(4)
        dealer.execute(statement, job_id)
        stack.faults.clear()
        wait_until(lambda: len(logged(log, "import_ended")) == 2)
        # What was in flight came too late, and nothing came after it.
        assert items(dealer) == 400
        _, ended = logged(log, "import_ended")
        assert ended["outcome"] == {"cancel": "cancelled", "delete": "lost"}[how]
    if how == "cancel":
        [run] = dealer.runs(job_id)
        assert run["outcome"] == "cancelled"
        assert run["created"] == items(dealer)
        assert run["created"] + run["unprocessed"] == 2000
        assert dealer.job(job_id)["status"] == "cancelled"


def is_live(log):
    return any(line["state"] == "live" for line in logged(log, "listener_state"))


async def test_jobs_start_soon_with_realtime_up(stack, settings, dealer, figure):
    """Without a poll each of them is taken because Realtime announced it, or never."""
    without_poll = settings.model_copy(update={"worker_poll_seconds": 3600})
    with capture_logs() as lines:
        events = lambda: [line.get("state") or line["event"] for line in lines]  # noqa: E731
        work = asyncio.create_task(serve(without_poll, once=False))
        await until(lambda: "live" in events())
        seconds = []
        for number in range(1, 21):
            # An idle worker: one that just finished a job looks at the queue at once.
            await asyncio.to_thread(until_idle, stack)
            job_id = dealer.insert_job(dealer.records(1))
            await until(lambda n=number: events().count("import_ended") == n)
            seconds.append(waited(dealer, job_id))
        work.cancel()
        await asyncio.wait([work])
    seconds.sort()
    p50, p95 = seconds[9], seconds[18]
    figure(f"insert → processing, Realtime up, 20 jobs: p50 {p50:.3f} s, p95 {p95:.3f} s")


def until_idle(stack):
    """Wait until no call has come for a moment."""
    calls = -1
    while calls != (calls := sum(stack.faults.get()[1].requests.values())):
        time.sleep(0.05)


def test_jobs_are_found_by_the_poll_with_realtime_refused(stack, dealer, tmp_path, figure):
    refused = stack.faults.injected(Faults(realtime="refused"))
    with refused, worker_process(stack, tmp_path, WORKER_POLL_SECONDS="1") as (_, log):
        wait_until(lambda: logged(log, "listener_failed"))
        seconds = pick_up_seconds(dealer)
    figure(f"insert → processing, Realtime refused: {seconds:.2f} s")


def pick_up_seconds(dealer):
    """Insert a job and measure by the database's clock when a worker took it."""
    job_id = dealer.insert_job(dealer.records(1))
    wait_until(lambda: dealer.status(job_id) == "completed")
    return waited(dealer, job_id)


def waited(dealer, job_id):
    row = dealer.job(job_id)
    return (row["started_at"] - row["created_at"]).total_seconds()


def test_a_scheduled_job_starts_at_its_time(stack, dealer, tmp_path, figure):
    with worker_process(stack, tmp_path) as (_, log):
        wait_until(lambda: is_live(log))
        job_id = dealer.insert_job(dealer.records(1), scheduled_in=3)
        wait_until(lambda: dealer.status(job_id) == "completed")
    row = dealer.job(job_id)
    late = (row["started_at"] - row["scheduled_time"]).total_seconds()
    figure(f"a job scheduled 3 s ahead started {late:.3f} s after its time; promised: 5 s")
    assert late >= 0


def test_the_listener_comes_back_by_itself(stack, dealer, tmp_path):
    with worker_process(stack, tmp_path) as (_, log):
        live = lambda: sum(line["state"] == "live" for line in logged(log, "listener_state"))  # noqa: E731
        wait_until(lambda: live() == 1)
        stack.restart_part("realtime", signal.SIGKILL)
        wait_until(lambda: live() == 2)
        pick_up_seconds(dealer)


async def test_users_see_progress_of_their_organization_and_of_no_other(
    stack, make_dealer, tmp_path
):
    mine, other = make_dealer(), make_dealer()
    async with events_of(stack, mine) as seen, events_of(stack, other) as seen_by_other:
        with holding(stack, skip=8), worker_process(stack, tmp_path):
            job_id = await asyncio.to_thread(mine.insert_job, mine.records(2000))
            await until(lambda: any((event["progress"] or {}).get("current") for event in seen))
            stack.faults.clear()
            await until(lambda: seen[-1]["status"] == "completed")
    assert {event["id"] for event in seen} == {str(job_id)}
    percents = [event["progress"]["percent"] for event in seen if event["progress"]]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert len(set(percents)) > 2
    statuses = [event["status"] for event in seen]
    assert statuses[0] == "pending"
    assert statuses[-1] == "completed"
    assert seen_by_other == []


async def until(condition):
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.02)


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
        async with asyncio.timeout(PATIENCE):
            await live.wait()
        return self.events

    async def __aexit__(self, *_exception):
        await self._client.close()


def test_logs_hold_no_row_contents(stack, dealer, tmp_path):
    records = [{"sku": "SECRET-SKU", "name": "Secret name", "unit_price": "secret price"}]
    with worker_process(stack, tmp_path, WORKER_LOG_LEVEL="debug") as (_, log):
        job_id = dealer.insert_job(records)
        wait_until(lambda: dealer.status(job_id) == "failed")
        wait_until(lambda: logged(log, "import_ended"))
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
        ("import_short_jobs", {"action": "lose_answer"}),
        ("apply_inventory_batch", {"action": "drop"}),
        ("apply_inventory_batch", {"action": "status", "status": 503, "body": '{"message": "x"}'}),
        ("apply_inventory_batch", {"action": "status", "status": 429, "retry_after": 1}),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value['action']}",
)
def test_a_call_that_fails_once_costs_a_moment_and_nothing_else(
    stack, dealer, tmp_path, function, fault
):
    rule = HttpRule(path=function, count=1, **fault)
    # A progress report comes after a second: until then batches are held.
    rules = (rule, HttpRule(path=APPLY, action="hold")) if "progress" in function else (rule,)
    stack.faults.reset_counters()
    with (
        stack.faults.injected(Faults(http=rules)),
        worker_process(stack, tmp_path, WORKER_POLL_SECONDS="1") as (_, log),
    ):
        rows = 100 if "short" in function else 600
        job_id = dealer.insert_job(dealer.records(rows))
        wait_until(lambda: stack.faults.get()[1].injected.get(fault["action"]))
        stack.faults.clear()
        wait_until(lambda: dealer.status(job_id) == "completed")
        wait_until(lambda: logged(log, "import_ended"))
    [run] = dealer.runs(job_id)
    assert (run["created"], run["updated"], run["failed"], run["attempt"]) == (rows, 0, 0, 1)
    [ended] = logged(log, "import_ended")
    assert ended["outcome"] == "completed"


def test_sigterm_does_not_wait_for_a_claim_that_hangs(stack, tmp_path, figure):
    # A claim may take a quarter of the lease.
    settings = {"WORKER_POLL_SECONDS": "0.5", "WORKER_LEASE_SECONDS": "5"}
    with (
        holding(stack, "rpc/claim_import_jobs"),
        worker_process(stack, tmp_path, **settings) as (process, _),
    ):
        stack.faults.wait_until_held()
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE) == 0
    figure(f"SIGTERM while a claim hangs → exit 0 in {time.monotonic() - started:.1f} s")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_a_worker_that_has_only_just_started(stack, number):
    with subprocess.Popen(
        [sys.executable, "-m", "worker", "run"],
        cwd=PROJECT, env=stack.worker_environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        wait_until(lambda: catches_sigterm(process.pid))
        process.send_signal(number)
        output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    assert "worker_started" not in output


def catches_sigterm(pid):
    """Whether a process has its own way with SIGTERM, as the kernel knows it."""
    status = Path(f"/proc/{pid}/status").read_text()
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(mask, 16) >> (signal.SIGTERM - 1) & 1)


def test_a_second_signal_leaves_at_once(stack, dealer, tmp_path):
    dealer.insert_job(dealer.records(2000))
    with holding(stack), worker_process(stack, tmp_path) as (process, log):
        stack.faults.wait_until_held(4)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)  # the same request, passed on by a parent
        wait_until(lambda: logged(log, "worker_stopping"))
        assert process.poll() is None
        # Within a second it is taken for the same request: until it is not. Batches are held all
        # the while, so that nothing else can end the worker.
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.2)
        assert process.returncode == 128 + signal.SIGINT
    assert not logged(log, "import_abandoned")


def test_a_worker_that_is_refused_gives_its_jobs_back_first(stack, dealer, tmp_path):
    job_id = dealer.insert_job(dealer.records(2000))
    refused = HttpRule(path="claim_import_jobs", action="status", status=401)
    with (
        stack.faults.injected(Faults(http=(HttpRule(path=APPLY, action="hold"),))),
        worker_process(stack, tmp_path, WORKER_POLL_SECONDS="1") as (process, log),
    ):
        stack.faults.wait_until_held(4)
        stack.faults.reset_counters()
        stack.faults.set(Faults(http=(HttpRule(path=APPLY, action="hold"), refused)))
        wait_until(lambda: stack.faults.get()[1].injected.get("status"))
        stack.faults.clear()
        assert process.wait(timeout=PATIENCE) == 1
    assert [line["cause"] for line in logged(log, "worker_refused")]
    assert dealer.job(job_id)["status"] == "pending"


def test_a_crash_prints_its_place_and_no_row(stack, dealer, tmp_path):
    """A bug, provoked by taking a function's answer apart on its way."""
    wrong = HttpRule(path="read_job_records", action="status", status=200, body='[{"row": 1}, 7]')
    job_id = dealer.insert_job([{"sku": "SECRET-SKU", "name": "Secret name"}] * 101)
    with stack.faults.injected(Faults(http=(wrong,))), worker_process(stack, tmp_path) as (_, log):
        wait_until(lambda: logged(log, "import_ended"))
        assert dealer.job(job_id)["status"] in {"pending", "failed"}
    assert "secret" not in log.read_text().lower()


@pytest.mark.parametrize("part", ["Listener.listen", "_Service._log_gauges", "_Service._claim"])
def test_a_part_that_dies_of_a_bug_takes_the_worker_along(stack, part, tmp_path):
    die = f"""
from worker import service

async def die(*_arguments):
    raise ZeroDivisionError("SECRET")

service.{part} = die
"""
    log = tmp_path / "worker.log"
    process = warm.start(
        "worker", "run", environment=stack.worker_environment, output=log, before=die
    )
    assert process.wait(timeout=PATIENCE) == 1
    [crash] = logged(log, "worker_crashed")
    assert crash["error"] == "ZeroDivisionError"
    assert "SECRET" not in log.read_text()


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
        pick_up_seconds(dealer)


def test_two_organizations_are_imported_at_once(stack, make_dealer, tmp_path):
    dealers = [make_dealer(), make_dealer()]
    with holding(stack), worker_process(stack, tmp_path):
        jobs = [(dealer, dealer.insert_job(dealer.records(1000))) for dealer in dealers]
        stack.faults.wait_until_held(8)
        stack.faults.clear()
        wait_until(lambda: all(dealer.status(job) == "completed" for dealer, job in jobs))
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
