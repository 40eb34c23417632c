"""Whose an export is, the page's or the worker's, and what the worker's functions promise of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb

from worker.exceptions import JobCancelledError, RequestRefusedError, RunLostError

NOW = datetime.now(UTC).isoformat()
COMPLETED = {"status": "completed", "completed_at": NOW, "record_count": 12}
FAILED = {"status": "failed", "completed_at": NOW, "error_message": "Network error"}
INVENTORY = ("name", "sku", "description", "quantity", "unit_price", "price_tier_1")


@pytest.fixture(scope="module")
def http(stack):
    with httpx.Client(base_url=f"{stack.url}/rest/v1/", timeout=30) as client:
        yield client


@pytest.fixture
def page(http, dealer):
    """The CRM's Scheduled Jobs page, open in the creator's tab; its updates as it makes them."""

    def update(job_id, changes, token=None):
        keys = dealer.stack.keys
        headers = {
            "apikey": keys.publishable,
            "Authorization": f"Bearer {token or dealer.creator_token}",
        }
        return http.patch(
            "scheduled_jobs", params={"id": f"eq.{job_id}"}, json=changes, headers=headers
        )

    return update


@pytest.fixture
def export(dealer):
    """Insert an export as the CRM does."""

    def insert(**columns):
        given = {"file_data": None, "job_type": "export", "file_name": "inventory.csv"} | columns
        return dealer.insert_job(None, **given)

    return insert


async def claimed(queue, dealer, **options):
    claim = await queue.claim(50, orphan_after_seconds=900, **options)
    jobs = [job for job in claim.jobs if job.organization_id == dealer.organization_id]
    return jobs[0] if jobs else None


# The page.


def test_the_page_runs_an_export(page, export, dealer):
    job_id = export()
    assert page(job_id, {"status": "processing"}).is_success
    taken = dealer.job(job_id)
    assert taken["status"] == "processing"
    assert taken["started_at"] is not None
    assert page(job_id, COMPLETED).is_success
    done = dealer.job(job_id)
    assert (done["status"], done["record_count"]) == ("completed", 12)
    assert done["completed_at"] >= taken["started_at"]
    page(job_id, COMPLETED | {"record_count": 13})
    assert dealer.job(job_id) == done


def test_the_page_says_what_went_wrong(page, export, dealer):
    job_id = export()
    page(job_id, {"status": "processing"})
    assert page(job_id, FAILED).is_success
    failed = dealer.job(job_id)
    assert (failed["status"], failed["error_message"]) == ("failed", "Network error")


@pytest.mark.parametrize(
    ("columns", "change"),
    [
        pytest.param({"scheduled_in": 60}, {"status": "processing"}, id="not due yet"),
        pytest.param({}, COMPLETED, id="not taken before"),
        pytest.param({}, FAILED, id="failed without being taken"),
        pytest.param({}, {"status": "processing", "record_count": 1}, id="counted too early"),
        pytest.param({}, {"status": "processing", "file_name": "x"}, id="renamed on the way"),
        pytest.param({}, {"record_count": 1}, id="counted while pending"),
        pytest.param({}, {"error_message": "x"}, id="an error while pending"),
        pytest.param(
            {}, {"status": "cancelled", "record_count": 1, "completed_at": NOW}, id="cancelled"
        ),
        pytest.param({}, {"status": "processing", "progress": {"total": 1}}, id="progress"),
        pytest.param({}, {"status": "processing", "job_type": "import"}, id="another type"),
        pytest.param({}, {"status": "processing", "started_at": NOW}, id="another start"),
        *[
            pytest.param({"status": "processing"}, change, id=f"processing: {change}")
            for change in (
                {"status": "pending"},
                {"status": "processing"},
                {"record_count": 1},
                COMPLETED | {"record_count": -1},
                COMPLETED | {"file_name": "x"},
                COMPLETED | {"repeat_type": "daily"},
                COMPLETED | {"progress": {"percent": 100}},
                COMPLETED | {"organization_id": "other"},
            )
        ],
        *[
            pytest.param({"job_type": "import", "status": status}, change, id=f"import: {change}")
            for status in ("pending", "processing")
            for change in ({"status": "processing"}, COMPLETED, FAILED, {"record_count": 1})
        ],
        *[
            pytest.param({"status": status}, change, id=f"{status}: {change}")
            for status in ("completed", "failed", "cancelled")
            for change in ({"status": "processing"}, COMPLETED | {"record_count": 99}, FAILED)
        ],
    ],
)
def test_the_page_can_do_nothing_else(page, export, dealer, columns, change):
    job_id = export(**columns)
    before = dealer.job(job_id)
    page(job_id, change)
    assert dealer.job(job_id) == before


@pytest.mark.parametrize("change", [{"status": "processing"}, COMPLETED, FAILED], ids=str)
@pytest.mark.parametrize("status", ["pending", "processing"])
@pytest.mark.parametrize("who", ["colleague", "stranger", "nobody"])
def test_only_the_creators_page(page, export, dealer, make_dealer, who, status, change):
    tokens = {
        "colleague": dealer.colleague_token,
        "stranger": make_dealer().creator_token,
        "nobody": dealer.stack.keys.publishable,
    }
    job_id = export(status=status)
    before = dealer.job(job_id)
    page(job_id, change, token=tokens[who])
    assert dealer.job(job_id) == before


@pytest.mark.parametrize("how", ["live", "retried"])
async def test_what_a_worker_began_is_no_page_s(queue, page, export, dealer, how):
    job_id = export(scheduled_in=-100)
    job = await claimed(queue, dealer)
    if how == "retried":
        await queue.release(job.run_id, retry_in=600)
    before = dealer.job(job_id)
    for change in ({"status": "processing"}, COMPLETED, FAILED):
        page(job_id, change)
        assert dealer.job(job_id) == before


# The worker.


@pytest.mark.parametrize(
    ("columns", "is_due"),
    [
        pytest.param({"scheduled_in": -80}, False, id="the page's minute"),
        pytest.param({"scheduled_in": -91}, True, id="nobody took it"),
        pytest.param({"created_by": None}, True, id="an operator's: no page is there"),
        pytest.param({"status": "processing", "scheduled_in": -500}, False, id="in a tab"),
        pytest.param({"status": "processing", "scheduled_in": -901}, True, id="in a dead tab"),
        pytest.param(
            {
                "status": "processing",
                "scheduled_in": -5000,
                "started_at": datetime.now(UTC) - timedelta(seconds=60),
            },
            False,
            id="late, but in a tab since a minute ago",
        ),
        pytest.param({"status": "cancelled", "scheduled_in": -100}, False, id="cancelled"),
    ],
)
async def test_what_a_claim_takes(queue, export, dealer, columns, is_due):
    export(**columns)
    job = await claimed(queue, dealer)
    assert (job is not None) == is_due
    assert job is None or job.kind == "export"


async def test_a_claim_brings_the_options(queue, export, dealer):
    options = {"entity": "quotes", "format": "custom", "templateId": "t1"}
    export(file_data={"export_options": options, "options": {"dry_run": True}}, created_by=None)
    assert (await claimed(queue, dealer)).options == options


@pytest.mark.parametrize(("seconds", "is_due"), [(6, False), (4, True)])
async def test_the_wait_for_the_page_is_a_setting(queue, export, dealer, seconds, is_due):
    export(scheduled_in=-5)
    job = await claimed(queue, dealer, export_after_seconds=seconds)
    assert (job is not None) == is_due


async def test_an_export_whose_creator_goes_waits_for_no_page(queue, export, dealer):
    job_id = export(scheduled_in=-5)
    assert await claimed(queue, dealer) is None
    dealer.execute("update scheduled_jobs set created_by = null where id = %s", job_id)
    assert (await claimed(queue, dealer)).job_id == job_id


async def test_next_due_in_knows_how_long_an_export_waits(queue, export):
    export(scheduled_in=-85)
    claim = await queue.claim(50, orphan_after_seconds=900)
    assert 0 < claim.next_due_in <= 5


async def test_an_export_waits_for_an_import_of_its_organization(queue, export, dealer):
    dealer.insert_job(dealer.records(1), scheduled_in=-200)
    export(scheduled_in=-100)
    job = await claimed(queue, dealer)
    assert job.kind == "import"
    assert await claimed(queue, dealer) is None
    await queue.finish(job.run_id, "failed", "x")
    assert (await claimed(queue, dealer)).kind == "export"


async def test_a_dead_export_is_taken_over_five_times_and_then_fails(queue, export, dealer):
    job_id = export(scheduled_in=-100)
    for attempt in range(1, 6):
        job = await claimed(queue, dealer)
        assert job.attempt == attempt
        dealer.expire_lease(job.run_id)
    assert await claimed(queue, dealer) is None
    row = dealer.job(job_id)
    assert row["status"] == "failed"
    assert row["error_message"].startswith("The export was started 5 times")


# Both at once: one row lock decides.


@pytest.fixture
def as_worker(stack):
    with psycopg.connect(stack.db_url, row_factory=psycopg.rows.dict_row) as connection:
        connection.execute("set role service_role")
        connection.commit()
        yield connection
        connection.rollback()


@pytest.fixture
def as_creator(stack, dealer):
    """A connection as the creator's requests have it."""
    with psycopg.connect(stack.db_url) as connection:
        claims = Jsonb({"sub": str(dealer.creator_id), "role": "authenticated"})
        connection.execute("select set_config('request.jwt.claims', %s::text, false)", [claims])
        connection.execute("set role authenticated")
        connection.commit()
        yield connection
        connection.rollback()


CLAIM = "select claim_import_jobs(%s, 60, 50, kinds => '{export}') as claim"
TAKE = "update scheduled_jobs set status = 'processing' where id = %s"


def ours(answer, dealer):
    jobs = answer.fetchone()["claim"]["jobs"]
    return [job for job in jobs if job["organization_id"] == dealer.organization_id]


def wait_for_lock(dealer, connection, future):
    waits = "select exists (select from pg_locks where pid = %s and not granted)"
    while not dealer.scalar(waits, connection.info.backend_pid):
        assert not future.done()


def test_the_page_first(dealer, export, as_worker, as_creator):
    job_id = export(scheduled_in=-100)
    assert as_creator.execute(TAKE, [job_id]).rowcount == 1
    assert ours(as_worker.execute(CLAIM, ["w"]), dealer) == []  # it waits for nobody
    as_worker.commit()
    as_creator.commit()
    assert ours(as_worker.execute(CLAIM, ["w"]), dealer) == []
    assert dealer.runs(job_id) == []


def test_the_claim_first(dealer, export, as_worker, as_creator):
    job_id = export(scheduled_in=-100)
    assert len(ours(as_worker.execute(CLAIM, ["w"]), dealer)) == 1
    with ThreadPoolExecutor() as threads:
        taking = threads.submit(as_creator.execute, TAKE, [job_id])
        wait_for_lock(dealer, as_creator, taking)
        as_worker.commit()
        assert isinstance(taking.exception(timeout=60), psycopg.errors.InsufficientPrivilege)
    assert len(dealer.runs(job_id)) == 1


@pytest.fixture
def slow_claims(stack, database):
    """Hold every claim between its look at the jobs and its locks, until what this yields ends."""
    left_to_page = "import_internal.left_to_page(text, uuid, integer)"
    before = database.execute(
        "select pg_get_functiondef(%s::regprocedure) as definition", [left_to_page]
    ).fetchone()["definition"]
    database.execute("""
        create or replace function import_internal.left_to_page(
          job_type text, created_by uuid, export_after_seconds integer)
        returns interval language plpgsql volatile as $$
        begin perform pg_advisory_xact_lock_shared(4711); return '0'; end $$""")
    with psycopg.connect(stack.db_url) as holder:
        holder.execute("select pg_advisory_xact_lock(4711)")
        yield holder
    database.execute(before)


def test_the_page_between_a_claim_s_look_and_its_lock(dealer, export, as_worker, slow_claims, page):
    job_id = export(scheduled_in=-100)
    with ThreadPoolExecutor() as threads:
        claim = threads.submit(as_worker.execute, CLAIM, ["w"])
        wait_for_lock(dealer, as_worker, claim)
        assert page(job_id, {"status": "processing"}).is_success
        slow_claims.rollback()
        assert ours(claim.result(timeout=60), dealer) == []
    as_worker.commit()
    assert dealer.runs(job_id) == []
    assert page(job_id, COMPLETED).is_success
    assert dealer.job(job_id)["record_count"] == 12


# What repeats.


def test_an_export_that_the_page_ran_comes_again(page, export, dealer):
    job_id = export(repeat_type="daily", repeat_interval=1, file_data={"export_options": {}})
    page(job_id, {"status": "processing"})
    assert page(job_id, COMPLETED).is_success
    waiting = dealer.connection.execute(
        "select * from scheduled_jobs where organization_id = %s and status = 'pending'",
        [dealer.organization_id],
    ).fetchall()
    [upcoming] = waiting
    assert upcoming["scheduled_time"] - dealer.job(job_id)["scheduled_time"] == timedelta(days=1)
    assert (upcoming["job_type"], upcoming["created_by"]) == ("export", dealer.creator_id)
    assert upcoming["record_count"] is None


async def test_an_export_that_the_worker_ran_comes_again(queue, export, dealer):
    export(scheduled_in=-100, repeat_type="weekly", repeat_interval=1)
    job = await claimed(queue, dealer)
    path = f"{dealer.organization_id}/{job.job_id}/x.csv"
    for _ in range(2):  # the answer was lost
        await queue.finish_export(job.run_id, 0, path, [])
    count = "select count(*) from scheduled_jobs where organization_id = %s and status = 'pending'"
    assert dealer.scalar(count, dealer.organization_id) == 1


# The functions.


@pytest.fixture
def items(dealer):
    """Insert items; each has what is given and a name."""

    def insert(*given, organization_id=dealer.organization_id):
        for item in given:
            row = {"organization_id": organization_id, "name": "Saw"} | item
            names = ", ".join(row)
            dealer.execute(
                f"insert into inventory ({names}) values ({', '.join(['%s'] * len(row))})",  # noqa: S608
                *row.values(),
            )

    return insert


async def read_all(queue, job, entity, columns, filters, page_rows):
    pages = []
    after_id = None
    while True:
        page = await queue.read_export_page(
            job.run_id, entity, columns, filters, after_id, page_rows
        )
        pages.append(page)
        if page.row_count < page_rows:
            return pages
        after_id = page.last_id


async def test_pages_hold_every_row_once(queue, export, dealer, make_dealer, items):
    items(*({"sku": f"S-{number}"} for number in range(25)))
    items({"sku": "THEIRS"}, organization_id=make_dealer().organization_id)
    export(created_by=None)
    job = await claimed(queue, dealer)
    assert await queue.begin_export(job.run_id, "inventory", {}) == 25
    assert dealer.job(job.job_id)["progress"] == {"current": 0, "total": 25, "percent": 0}
    pages = await read_all(queue, job, "inventory", INVENTORY, {}, 10)
    assert [page.row_count for page in pages] == [10, 10, 5]
    skus = [sku for page in pages for sku in page.columns["sku"]]
    assert sorted(skus) == sorted(f"S-{number}" for number in range(25))


async def test_values_come_exactly(queue, export, dealer, items):
    items({"sku": "0012", "name": 'a\n"b"\t,ß😀', "unit_price": 1999, "price_tier_1": 0})
    export(created_by=None)
    job = await claimed(queue, dealer)
    page = await queue.read_export_page(
        job.run_id, "inventory", [*INVENTORY, "absent"], {}, None, 9
    )
    assert page.columns == {
        "name": ['a\n"b"\t,ß😀'], "sku": ["0012"], "description": [""], "quantity": [0],
        "unit_price": [1999], "price_tier_1": [0],
    }  # fmt: skip
    empty = await queue.read_export_page(job.run_id, "inventory", INVENTORY, {}, page.last_id, 9)
    assert (empty.row_count, empty.last_id) == (0, None)
    assert set(empty.columns) == set(INVENTORY)


@pytest.mark.parametrize(
    ("filters", "skus"),
    [
        ({}, {"A", "B", "C", "D"}),
        ({"category": ["Paint"]}, {"A", "B"}),
        ({"category": ["Paint", "Wood"]}, {"A", "B", "C"}),
        ({"category": []}, set()),
        ({"in_stock": True}, {"A", "C", "D"}),
        ({"in_stock": False}, {"A", "B", "C", "D"}),
        ({"changed_since": "2020-01-01T00:00:00+00:00"}, {"A", "B", "C"}),
        ({"changed_since": "2020-01-01", "in_stock": True, "category": ["Wood"]}, {"C"}),
    ],
    ids=str,
)
async def test_filters(queue, export, dealer, items, filters, skus):
    items(
        {"sku": "A", "category": "Paint", "quantity": 1},
        {"sku": "B", "category": "Paint", "quantity": 0},
        {"sku": "C", "category": "Wood", "quantity": 2},
        {"sku": "D", "category": None, "quantity": 2, "updated_at": "2019-12-31"},
    )
    export(created_by=None)
    job = await claimed(queue, dealer)
    assert await queue.begin_export(job.run_id, "inventory", filters) == len(skus)
    [page] = await read_all(queue, job, "inventory", ["sku"], filters, 10)
    assert set(page.columns["sku"]) == skus


@pytest.mark.parametrize(
    ("entity", "filters"),
    [("profiles", {}), ("absent", {}), ("scheduled_jobs", {}), ("contacts", {"in_stock": True})],
)
async def test_there_is_nothing_else_to_export(queue, export, dealer, entity, filters):
    export(created_by=None)
    job = await claimed(queue, dealer)
    assert await queue.begin_export(job.run_id, entity, filters) is None
    with pytest.raises(RequestRefusedError):
        await queue.read_export_page(job.run_id, entity, ["id"], filters, None, 9)


async def test_a_cancelled_export_reads_no_further(queue, export, dealer):
    job_id = export(created_by=None)
    job = await claimed(queue, dealer)
    dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", job_id)
    with pytest.raises(JobCancelledError):
        await queue.read_export_page(job.run_id, "inventory", ["sku"], {}, None, 9)
    with pytest.raises(JobCancelledError):
        await queue.read_export_template(job.run_id, "t")
    path = f"{dealer.organization_id}/{job_id}/x.csv"
    result = await queue.finish_export(job.run_id, 3, path, [])
    assert result.outcome == "cancelled"
    assert dealer.job(job_id)["record_count"] is None


async def test_a_run_that_is_over_reads_and_ends_nothing(queue, export, dealer):
    job_id = export(created_by=None)
    job = await claimed(queue, dealer)
    dealer.expire_lease(job.run_id)
    await claimed(queue, dealer)
    with pytest.raises(RunLostError):
        await queue.read_export_page(job.run_id, "inventory", ["sku"], {}, None, 9)
    with pytest.raises(RunLostError):
        await queue.begin_export(job.run_id, "inventory", {})
    with pytest.raises(RunLostError):
        await queue.finish_export(job.run_id, 3, f"{dealer.organization_id}/{job_id}/x.csv", [])
    with pytest.raises(RunLostError):
        await queue.begin_export(uuid4(), "inventory", {})


async def test_an_import_s_run_exports_nothing(queue, dealer):
    dealer.insert_job(dealer.records(1))
    job = await dealer.claim(queue)
    path = f"{dealer.organization_id}/{job.job_id}/x.csv"
    for call in (
        queue.begin_export(job.run_id, "inventory", {}),
        queue.read_export_page(job.run_id, "inventory", ["sku"], {}, None, 9),
        queue.read_export_template(job.run_id, "t"),
        queue.finish_export(job.run_id, 1, path, []),
    ):
        with pytest.raises(RequestRefusedError):
            await call
    assert dealer.job(job.job_id)["status"] == "processing"


async def test_the_end_of_an_export(queue, export, dealer):
    job_id = export(created_by=None)
    job = await claimed(queue, dealer)
    for elsewhere in ("other/x.csv", f"{dealer.organization_id}/x.csv", f"x/{job_id}/x.csv"):
        with pytest.raises(RequestRefusedError):
            await queue.finish_export(job.run_id, 3, elsewhere, [])
    path = f"{dealer.organization_id}/{job_id}/stock.csv"
    await queue.finish_export(job.run_id, 3, path, ["A note."])
    row = dealer.job(job_id)
    assert (row["status"], row["record_count"], row["error_message"]) == ("completed", 3, None)
    assert row["progress"] == {"current": 3, "total": 3, "percent": 100}
    [run] = dealer.runs(job_id)
    assert (run["outcome"], run["export_path"], run["notes"]) == ("completed", path, ["A note."])
    assert (run["kind"], run["row_count"], run["unprocessed"]) == ("export", 3, 0)


async def test_a_template_is_the_organization_s_own(queue, export, dealer, make_dealer):
    other = make_dealer()
    for organization, name in ((dealer, "mine"), (other, "theirs")):
        dealer.execute(
            "insert into organization_settings (organization_id, export_templates) values (%s, %s)",
            organization.organization_id,
            Jsonb([{"id": "other"}, {"id": name, "name": name}, "no object"]),
        )
    export(created_by=None)
    job = await claimed(queue, dealer)
    assert await queue.read_export_template(job.run_id, "mine") == {"id": "mine", "name": "mine"}
    assert await queue.read_export_template(job.run_id, "theirs") is None
    templates = "update organization_settings set export_templates = %s where organization_id = %s"
    dealer.execute(templates, Jsonb({"id": "mine"}), dealer.organization_id)
    assert (await queue.read_export_template(job.run_id, "mine"))["id"] == "mine"
    dealer.execute(templates, Jsonb("text"), dealer.organization_id)
    assert await queue.read_export_template(job.run_id, "mine") is None


async def test_a_page_is_found_by_its_index(stack, queue, export, dealer, items):
    """A table without statistics must not be read whole for each page."""
    items(*({"sku": f"S-{number}"} for number in range(300)))
    export(created_by=None)
    job = await claimed(queue, dealer)
    page = await queue.read_export_page(job.run_id, "inventory", ["sku"], {}, None, 100)
    with psycopg.connect(stack.admin_db_url) as connection:
        connection.execute("load 'auto_explain'")
        connection.execute("set auto_explain.log_min_duration = 0")
        connection.execute("set auto_explain.log_nested_statements = on")
        connection.execute("set client_min_messages = log")
        plans = []
        connection.add_notice_handler(lambda notice: plans.append(notice.message_primary))
        connection.execute(
            "select read_export_page(%s, 'inventory', '{sku}', '{}', %s, 100)",
            [job.run_id, page.last_id],
        )
    plan = next(plan for plan in plans if "json_build_object" in plan and "inventory" in plan)
    assert "inventory_export_idx" in plan
    assert "Sort" not in plan
    assert UUID(page.last_id)
