"""What comes into the outbox and into inboxes: exactly one entry an event, and who sees it."""

import threading
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.telling import add_address, ask, deliveries, end_job, entries, inbox
from tests.undoing import import_rows, item, undo
from worker.exceptions import JobRefusedError
from worker.job import Begun, RowError


def events(dealer):
    return [entry["event"] for entry in entries(dealer)]


async def test_nothing_is_written_where_nobody_asked(queue, dealer, make_dealer):
    ask(make_dealer())  # of another organization
    ask(dealer, is_enabled=False)
    dealer.insert_job([{}] * 3)
    await end_job(dealer, queue)
    assert entries(dealer) == []


async def test_an_import_that_ends_is_one_entry_with_its_counts_and_reasons(queue, dealer):
    ask(dealer)
    ask(dealer, "email")
    ask(dealer, "webhook")
    job_id = dealer.insert_job([{}] * 3, file_name="stock.csv", creator_name="Olivia")
    job = await end_job(dealer, queue)
    await queue.finish(job.run_id, "completed")  # the answer was lost
    [entry] = entries(dealer)
    assert (entry["event"], entry["job_id"]) == ("import.completed", job_id)
    data = entry["data"]
    assert {key: data[key] for key in ("kind", "data_type", "file_name", "creator_name")} == {
        "kind": "import", "data_type": "inventory", "file_name": "stock.csv",
        "creator_name": "Olivia",
    }  # fmt: skip
    assert (data["rows"], data["created"], data["changed"], data["refused"]) == (3, 2, 0, 1)
    assert data["reasons"] == ["Row 3: name is missing"]
    assert data["job_id"] == str(job_id)
    assert "parts" not in data
    assert "4711" not in str(data)
    [line] = inbox(dealer, dealer.creator_id)
    assert (line["event"], line["data"], line["read_at"]) == (entry["event"], data, None)
    assert {d["kind"] for d in deliveries(dealer)} == {"email", "webhook"}
    assert {d["next_try_at"] for d in deliveries(dealer)} == {entry["created_at"]}


async def test_what_is_rolled_back_was_not_told(stack, queue, dealer):
    ask(dealer)
    dealer.insert_job([{}] * 3)
    job = await dealer.claim(queue)
    with psycopg.connect(stack.db_url) as connection:
        connection.execute("select finish_import(%s, 'failed', 'no')", [job.run_id])
        seen = connection.execute(
            "select count(*) from import_notifications where organization_id = %s",
            [dealer.organization_id],
        ).fetchone()
        assert seen == (1,)
        assert entries(dealer) == []  # as everybody else sees it
        connection.rollback()
    assert entries(dealer) == []


async def test_each_kind_of_ending(queue, dealer):
    ask(dealer)
    dealer.insert_job([{}])
    await end_job(dealer, queue, "failed", "The file has no column for the SKU.")
    dealer.insert_job([{}])
    await end_job(dealer, queue, "cancelled")
    for options in ({"preview": True}, {"dry_run": True}):
        dealer.insert_job(None, file_data={"records": [{}], "options": options})
        await end_job(dealer, queue, "failed", "no")
    assert events(dealer) == ["import.failed"]
    assert entries(dealer)[0]["data"]["reasons"] == ["The file has no column for the SKU."]

    job_id = await import_rows(queue, dealer, item("A"))
    await undo(queue, dealer, job_id)
    assert events(dealer)[1:] == ["import.completed", "import.undone"]
    assert entries(dealer)[2]["data"]["removed"] == 1

    export = dealer.insert_job(None, job_type="export", created_by=None, file_name="all.csv")
    ask(dealer, person=dealer.colleague_id, scope="organization")
    job = await dealer.claim(queue)
    path = f"{dealer.organization_id}/{export}/all.csv"
    await queue.finish_export(job.run_id, 7, path, [])
    entry = entries(dealer)[3]
    assert (entry["event"], entry["data"]["export_path"]) == ("export.ready", path)
    assert (entry["data"]["kind"], entry["data"]["rows"]) == ("export", 7)


async def test_an_import_that_the_guards_hold(queue, dealer):
    ask(dealer)
    dealer.set_guards(refused_percent=10)
    dealer.insert_job(None, file_data={"records": [{}] * 3})
    job = await dealer.claim(queue)
    await queue.begin(job.run_id, Begun(3, {}, []))
    errors = [RowError(n, n, "name", "name is missing", {}) for n in (1, 2, 3)]
    await queue.apply_batch("apply_inventory_batch", job.run_id, range(1, 4), [], errors)
    with pytest.raises(JobRefusedError) as refusal:
        await queue.judge(job.run_id)
    await queue.finish(job.run_id, "failed", str(refusal.value))
    [entry] = entries(dealer)
    assert entry["event"] == "import.held"
    assert entry["data"]["reasons"][0].startswith("Nothing was written: the guards")


# Who is told.


async def test_who_made_it_and_who_wants_all(queue, dealer, make_dealer):
    ask(dealer)
    ask(dealer, person=dealer.colleague_id)  # own jobs alone, and this is none
    dealer.insert_job([{}] * 3)
    await end_job(dealer, queue)
    assert len(inbox(dealer, dealer.creator_id)) == 1
    assert inbox(dealer, dealer.colleague_id) == []

    dealer.execute("update notification_channels set scope = 'organization'")
    dealer.insert_job([{}] * 3)
    await end_job(dealer, queue)
    assert len(inbox(dealer, dealer.colleague_id)) == 1

    # They go to work for somebody else.
    dealer.execute(
        "update profiles set organization_id = %s where id = %s",
        make_dealer().organization_id,
        dealer.colleague_id,
    )
    dealer.insert_job([{}] * 3)
    await end_job(dealer, queue)
    assert len(inbox(dealer, dealer.creator_id)) == 3
    assert len(inbox(dealer, dealer.colleague_id)) == 1


async def test_events_are_chosen_and_an_operator_says_which_are_unless_they_are(queue, dealer):
    ask(dealer, events=["import.failed"])
    ask(dealer, person=dealer.colleague_id, scope="organization")
    setting = "update import_settings set value = %s where name = 'notification_events'"
    before = dealer.scalar("select value from import_settings where name = 'notification_events'")
    dealer.execute(setting, Jsonb(["import.held"]))
    try:
        dealer.insert_job([{}] * 3)
        await end_job(dealer, queue)
        assert entries(dealer) == []
        dealer.insert_job([{}])
        await end_job(dealer, queue, "failed", "no")
    finally:
        dealer.execute(setting, Jsonb(before))
    assert len(inbox(dealer, dealer.creator_id)) == 1
    assert inbox(dealer, dealer.colleague_id) == []


# Parts of one upload.


def insert_parts(dealer, numbers, name="stock", minutes_ago=5, **columns):
    """Insert parts one after the other, as the CRM does."""
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return [
        dealer.insert_job(
            [{}] * 3,
            file_name=f"{name}_part{number}.csv",
            created_at=at + timedelta(seconds=place),
            **columns,
        )
        for place, number in enumerate(numbers)
    ]


async def test_parts_are_told_together_when_the_last_has_ended(queue, dealer):
    ask(dealer)
    insert_parts(dealer, [1, 2, 3])
    for _ in range(2):
        await end_job(dealer, queue)
        assert entries(dealer) == []
    await end_job(dealer, queue)
    [entry] = entries(dealer)
    data = entry["data"]
    assert (entry["event"], data["file_name"], data["rows"]) == (
        "import.completed", "stock.csv", 9
    )  # fmt: skip
    assert data["parts"] == {"total": 3, "completed": 3, "failed": 0, "held": 0, "cancelled": 0}
    assert data["reasons"] == [f"Part {part}: Row 3: name is missing" for part in (1, 2, 3)]
    assert (data["created"], data["unchanged"], data["refused"]) == (2, 4, 3)
    assert entry["ready_at"] == entry["created_at"]  # the newest is more than a minute old


async def test_the_same_file_twice_and_another_persons_are_uploads_of_their_own(queue, dealer):
    ask(dealer, scope="organization")
    insert_parts(dealer, [1, 2], minutes_ago=9)
    insert_parts(dealer, [1, 2], minutes_ago=6)
    insert_parts(dealer, [1, 2], minutes_ago=3, created_by=dealer.colleague_id)
    insert_parts(dealer, [1, 2], minutes_ago=1, name="prices")
    for _ in range(8):
        await end_job(dealer, queue)
    assert [entry["data"]["parts"]["total"] for entry in entries(dealer)] == [2, 2, 2, 2]


async def test_a_part_that_fails_makes_it_failed_and_one_tried_again_is_told_as_it_is_then(
    queue, dealer
):
    ask(dealer)
    jobs = insert_parts(dealer, [1, 2])
    await end_job(dealer, queue, "failed", "The database was unwell.")
    await end_job(dealer, queue)
    [failed] = entries(dealer)
    assert (failed["event"], failed["data"]["parts"]["failed"]) == ("import.failed", 1)
    assert failed["data"]["job_id"] == str(jobs[0])
    assert failed["data"]["reasons"][0] == "Part 1: The database was unwell."

    dealer.scalar("select operate_import(%s, 'retry', 'me')", jobs[0])
    await end_job(dealer, queue)
    [_, completed] = entries(dealer)
    assert completed["event"] == "import.completed"
    assert completed["data"]["parts"]["completed"] == 2
    assert len(inbox(dealer, dealer.creator_id)) == 2


@pytest.mark.parametrize("how", ["cancel", "delete"])
async def test_a_user_takes_the_last_part_away(stack, queue, dealer, how):
    ask(dealer)
    jobs = insert_parts(dealer, [1, 2])
    await end_job(dealer, queue)
    headers = {
        "apikey": stack.keys.publishable,
        "Authorization": f"Bearer {dealer.creator_token}",
    }
    async with httpx.AsyncClient(base_url=f"{stack.url}/rest/v1", headers=headers) as user:
        at = f"scheduled_jobs?id=eq.{jobs[1]}"
        if how == "cancel":
            answer = await user.patch(at, json={"status": "cancelled"})
        else:
            answer = await user.delete(at)
    assert answer.is_success
    [entry] = entries(dealer)
    assert entry["data"]["parts"]["total"] == (2 if how == "cancel" else 1)


@pytest.mark.parametrize("how", ["cancel", "delete"])
async def test_several_last_parts_that_one_statement_ends_are_told_once(queue, dealer, how):
    ask(dealer)
    insert_parts(dealer, [1, 2, 3, 4])
    insert_parts(dealer, [1, 2], minutes_ago=2)
    for _ in range(2):
        await end_job(dealer, queue)
    dealer.execute(
        "update scheduled_jobs set status = 'cancelled'"
        " where organization_id = %s and status = 'pending'"
        if how == "cancel"
        else "delete from scheduled_jobs where organization_id = %s and status = 'pending'",
        dealer.organization_id,
    )
    # Of the second upload nothing was done.
    [entry] = entries(dealer)
    assert entry["data"]["parts"]["completed"] == 2


async def test_parts_that_still_come_are_waited_for(queue, dealer):
    ask(dealer)
    ask(dealer, "webhook")
    insert_parts(dealer, [1, 2], minutes_ago=0.2)
    for _ in range(2):
        await end_job(dealer, queue)
    [early] = entries(dealer)
    assert (early["ready_at"] - early["created_at"]).total_seconds() > 30
    insert_parts(dealer, [3], minutes_ago=0)
    await end_job(dealer, queue)
    [entry] = entries(dealer)
    assert entry["id"] != early["id"]
    assert entry["data"]["parts"]["total"] == 3
    assert len(inbox(dealer, dealer.creator_id)) == len(deliveries(dealer)) == 1

    # One that comes after it was told is told as well.
    dealer.execute(
        "update import_notifications set ready_at = now() where organization_id = %s",
        dealer.organization_id,
    )
    insert_parts(dealer, [4], minutes_ago=0)
    await end_job(dealer, queue)
    assert [entry["data"]["parts"]["total"] for entry in entries(dealer)] == [3, 4]


def test_two_last_parts_that_end_at_once_are_told_once(stack, dealer):
    """Each must not take the other for unfinished."""
    ask(dealer)
    jobs = insert_parts(dealer, [1, 2])
    dealer.execute(
        "insert into import_runs (job_id, organization_id, attempt, worker_id, lease_seconds,"
        " lease_expires_at, finished_at, outcome) select id, organization_id, 1, 'w', 60, now(),"
        " now(), 'completed' from scheduled_jobs where organization_id = %s",
        dealer.organization_id,
    )
    dealer.execute(
        "update scheduled_jobs set status = 'processing' where organization_id = %s",
        dealer.organization_id,
    )
    end = "update scheduled_jobs set status = 'completed' where id = %s"
    with psycopg.connect(stack.db_url) as first, psycopg.connect(stack.db_url) as second:
        first.execute(end, [jobs[0]])
        other = threading.Thread(target=lambda: (second.execute(end, [jobs[1]]), second.commit()))
        other.start()
        waits = "select exists (select from pg_locks where pid = %s and not granted)"
        while not dealer.scalar(waits, second.info.backend_pid):
            assert other.is_alive()
        first.commit()
        other.join()
    assert len(entries(dealer)) == 1


async def test_what_goes_wrong_in_telling_fails_no_import(queue, dealer):
    ask(dealer)
    dealer.insert_job([{}] * 3)
    dealer.execute("""
        create function public.refuse() returns trigger language plpgsql as
          $$ begin raise 'no'; end $$;
        create trigger refuse before insert on import_notifications
          for each row execute function public.refuse()
    """)
    try:
        job = await end_job(dealer, queue)
    finally:
        dealer.execute("drop function public.refuse() cascade")
    assert dealer.job(job.job_id)["status"] == "completed"
    assert entries(dealer) == []


async def test_an_organization_goes_with_all_it_was_told(queue, dealer, make_dealer):
    other = make_dealer()
    ask(other)
    ask(other, "webhook")
    insert_parts(other, [1, 2, 3])
    await end_job(other, queue)
    other.execute("delete from organizations where id = %s", other.organization_id)
    for table in ("import_notifications", "notification_channels", "scheduled_jobs"):
        query = f"select count(*) from {table} where organization_id = %s"  # noqa: S608
        assert dealer.scalar(query, other.organization_id) == 0


# Nobody was there.


@pytest.fixture
def gone(database):
    """The last worker fell silent some minutes ago."""

    def set_silence(minutes):
        database.execute("delete from import_workers")
        database.execute(
            "insert into import_workers (id, version, host, alive_until, listener, times_deaf,"
            " concurrency, runs) values ('w', '1', 'h', now() - make_interval(mins => %s), 'live',"
            " 0, 2, 0)",
            [minutes],
        )

    yield set_silence
    database.execute("delete from import_workers")


def wait_for_long(dealer, minutes):
    job = dealer.insert_job([{}], scheduled_in=-60 * minutes)
    dealer.execute("update scheduled_jobs set created_at = scheduled_time where id = %s", job)


REPORT = "select report_worker('back', '1', 'h', 'live', 0, 2, 0, false)"


def test_a_worker_that_comes_back_lets_it_be_told_once(dealer, make_dealer, gone):
    idle = make_dealer()  # nothing of theirs waited
    for one in (dealer, idle):
        ask(one, person=one.colleague_id)
    wait_for_long(dealer, 20)
    gone(10)
    for _ in range(2):
        dealer.execute(REPORT)
    [entry] = entries(dealer)
    assert (entry["event"], entry["data"]["jobs"]) == ("worker.absent", 1)
    assert entry["data"]["since"] < entry["data"]["until"]
    assert len(inbox(dealer, dealer.colleague_id)) == 1
    assert entries(idle) == []


def test_a_schedule_can_tell_while_it_is_so_and_then_it_is_told(dealer, gone):
    ask(dealer)
    wait_for_long(dealer, 20)
    gone(10)
    for _ in range(2):
        dealer.execute("select import_internal.tell_of_absence(is_back => false)")
    dealer.execute(REPORT)
    [entry] = entries(dealer)
    assert "until" not in entry["data"]


def test_a_short_absence_and_a_job_that_just_came_are_not_told(dealer, gone):
    ask(dealer)
    wait_for_long(dealer, 20)
    gone(4)
    dealer.execute(REPORT)
    assert entries(dealer) == []
    dealer.execute(
        "update scheduled_jobs set scheduled_time = now() where organization_id = %s",
        dealer.organization_id,
    )
    gone(10)
    dealer.execute(REPORT)
    assert entries(dealer) == []


# Where mail goes.


def test_mail_goes_to_the_confirmed_address_of_the_sign_in(dealer):
    email_of = "select import_internal.email_of(%s)"
    dealer.execute("update profiles set email = 'typed@x.test' where id = %s", dealer.creator_id)
    assert dealer.scalar(email_of, dealer.creator_id) == "typed@x.test"  # Auth knows nobody
    address = add_address(dealer, dealer.creator_id)
    assert dealer.scalar(email_of, dealer.creator_id) == address
    dealer.execute("update profiles set email = 'typed@x.test' where id = %s", dealer.colleague_id)
    add_address(dealer, dealer.colleague_id, is_confirmed=False)
    assert dealer.scalar(email_of, dealer.colleague_id) is None
