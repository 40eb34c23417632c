"""What a batch changed, kept in its transaction: exact, compact, and gone after its time."""

import asyncio

import psycopg
import pytest
from psycopg.types.json import Jsonb

WAITS = "select exists (select from pg_locks where not granted and locktype = 'transactionid')"
DATA_TYPES = ("inventory", "contacts", "bids")


async def begin_job(queue, dealer, rows, data_type="inventory", **options):
    given = {"records": [{"n": n} for n in range(rows)], "options": options}
    dealer.insert_job(None, data_type=data_type, file_data=given)
    return await dealer.claim(queue)


async def apply(queue, job, rows):
    span = range(rows[0]["row_number"], rows[-1]["row_number"] + 1)
    return await queue.apply_batch(f"apply_{job.data_type}_batch", job.run_id, span, rows, [])


async def import_rows(queue, dealer, *rows, data_type="inventory", **options):
    """Import rows of a job of their own in one batch; how they ended."""
    job = await begin_job(queue, dealer, len(rows), data_type, **options)
    result = await apply(queue, job, numbered(*rows))
    await queue.finish(job.run_id, "completed")
    return result


def numbered(*rows):
    return [{"row_number": number} | row for number, row in enumerate(rows, 1)]


def item(sku, **cells):
    return {"sku": sku, "name": f"Item {sku}", "search_keywords": f"item,{sku.lower()}"} | cells


def change_sets(dealer):
    return dealer.connection.execute(
        "select * from import_changes where organization_id = %s order by id",
        [dealer.organization_id],
    ).fetchall()


def ids(dealer, table="inventory"):
    found = dealer.connection.execute(
        f"select id::text, coalesce(to_jsonb(t) ->> 'sku', to_jsonb(t) ->> 'name',"  # noqa: S608
        f" to_jsonb(t) ->> 'project_name') as key from {table} t where organization_id = %s",
        [dealer.organization_id],
    )
    return {row["key"]: row["id"] for row in found}


def set_days(dealer, days):
    dealer.execute("update import_settings set value = %s where name = 'changes_days'", Jsonb(days))


@pytest.fixture
def days(dealer):
    """Set for how many days change sets are kept; 30 again after the test."""
    yield lambda days: set_days(dealer, days)
    set_days(dealer, 30)


async def test_of_new_items_their_ids_are_kept(queue, dealer):
    result = await import_rows(queue, dealer, item("A"), item("B", unit_price=100))
    assert (result.created, result.updated, result.unchanged) == (2, 0, 0)
    [kept] = change_sets(dealer)
    by_row = dict(zip(kept["created_rows"], kept["created_ids"], strict=True))
    assert by_row == {1: ids(dealer)["A"], 2: ids(dealer)["B"]}
    assert len(set(kept["created_digests"])) == 2
    assert {"name", "unit_price", "image_url"} <= set(kept["digested_columns"])
    assert not {"updated_at", "search_keywords"} & set(kept["digested_columns"])
    assert (kept["updated_rows"], kept["updated_ids"], kept["changes"]) == (None, None, None)
    assert (kept["first_row"], kept["row_count"], kept["data_type"]) == (1, 2, "inventory")


async def test_of_changed_items_the_columns_that_changed_are_kept(queue, dealer):
    await import_rows(queue, dealer, item("A", unit_price=100, cost=50), item("B"), item("C"))
    result = await import_rows(
        queue,
        dealer,
        {"sku": "A", "unit_price": 120, "cost": 50},
        {"sku": "B", "price_tier_1": 0, "unit_of_measure": "EA"},
        {"sku": "C", "name": "Item C"},
        item("D"),
    )
    assert (result.created, result.updated, result.unchanged) == (1, 3, 1)
    _, kept = change_sets(dealer)
    there = ids(dealer)
    assert (kept["updated_rows"], kept["updated_ids"]) == ([1, 2], [there["A"], there["B"]])
    assert kept["changes"] == {
        "unit_price": [[1, 100, 120]],
        "price_tier_1": [[2, None, 0]],
        "unit_of_measure": [[2, None, "EA"]],
    }
    assert (kept["created_rows"], kept["created_ids"]) == ([4], [there["D"]])
    assert kept["row_count"] == 3


async def test_keywords_that_follow_a_name_are_kept_as_they_were(queue, dealer):
    await import_rows(queue, dealer, item("A"))
    await import_rows(queue, dealer, item("A", name="Saw", search_keywords="a,saw"))
    _, kept = change_sets(dealer)
    assert kept["changes"]["name"] == [[1, "Item A", "Saw"]]
    [[row, before, after]] = kept["changes"]["search_keywords"]
    assert (row, before, type(after)) == (1, ["item", "a"], int)


async def test_an_item_that_a_user_saves_on_the_way_is_kept_as_the_user_left_it(queue, dealer):
    """The batch has read the item, and waits for the user's transaction to write it."""
    await import_rows(queue, dealer, item("A", unit_price=100), item("B", unit_price=100))
    job = await begin_job(queue, dealer, 2)
    rows = numbered({"sku": "A", "unit_price": 150}, {"sku": "B", "unit_price": 150})
    with psycopg.connect(dealer.stack.db_url) as user:
        user.execute(
            "update inventory set unit_price = 111, cost = 7"
            " where organization_id = %s and sku = 'A'",
            [dealer.organization_id],
        )
        batch = asyncio.create_task(apply(queue, job, rows))
        while not dealer.scalar(WAITS):
            await asyncio.sleep(0.01)
        user.commit()
    result = await batch
    assert (result.updated, result.unchanged) == (2, 0)
    _, kept = change_sets(dealer)
    assert sorted(kept["changes"]["unit_price"]) == [[1, 111, 150], [2, 100, 150]]
    assert dealer.inventory("unit_price, cost") == [
        {"unit_price": 150, "cost": 7},
        {"unit_price": 150, "cost": None},
    ]


async def test_contacts_wave_by_wave(queue, dealer):
    await import_rows(queue, dealer, {"name": "Ann", "email": "ann@x.com"}, data_type="contacts")
    result = await import_rows(
        queue,
        dealer,
        {"name": "Ann", "email": "ann@x.com", "phone": "1"},
        {"name": "Bob", "email": "bob@x.com"},
        {"name": "Ann", "email": "ann@x.com", "phone": "2", "city": "Bern"},
        {"name": "Bob", "email": "bob@x.com"},
        data_type="contacts",
    )
    assert (result.created, result.updated, result.unchanged) == (1, 3, 1)
    first, kept = change_sets(dealer)
    there = ids(dealer, "contacts")
    assert first["created_ids"] == [there["Ann"]]
    assert (kept["created_rows"], kept["created_ids"]) == ([2], [there["Bob"]])
    assert (kept["updated_rows"], kept["updated_ids"]) == ([1, 3], [there["Ann"]] * 2)
    assert kept["changes"] == {
        "phone": [[1, None, "1"], [3, "1", "2"]],
        "city": [[3, None, "Bern"]],
    }


async def test_a_contact_that_a_user_saves_on_the_way(queue, dealer):
    await import_rows(queue, dealer, {"name": "Ann", "legacy_number": "7"}, data_type="contacts")
    job = await begin_job(queue, dealer, 1, "contacts")
    with psycopg.connect(dealer.stack.db_url) as user:
        user.execute(
            "update contacts set phone = 'by hand' where organization_id = %s",
            [dealer.organization_id],
        )
        rows = numbered({"name": "Ann", "legacy_number": "7", "phone": "1"})
        batch = asyncio.create_task(apply(queue, job, rows))
        while not dealer.scalar(WAITS):
            await asyncio.sleep(0.01)
        user.commit()
    assert (await batch).updated == 1
    assert change_sets(dealer)[1]["changes"] == {"phone": [[1, "by hand", "1"]]}


async def test_bids_are_kept_by_their_ids_in_the_order_of_the_rows(queue, dealer):
    bids = [{"client_name": "Ann", "project_name": f"Deck {n}"} for n in range(1, 4)]
    await import_rows(queue, dealer, *bids, data_type="bids")
    [kept] = change_sets(dealer)
    there = ids(dealer, "bids")
    assert kept["created_rows"] == [1, 2, 3]
    assert kept["created_ids"] == [there[f"Deck {n}"] for n in range(1, 4)]


async def test_rows_that_the_database_refuses_leave_their_neighbours_in_the_change_set(
    queue, dealer
):
    dealer.execute("alter table inventory add constraint cheap check (unit_price < 1000) not valid")
    try:
        await import_rows(queue, dealer, item("B", unit_price=1))
        result = await import_rows(
            queue, dealer, item("A"), item("B", unit_price=5000), item("C", unit_price=5000),
            item("B2", unit_price=2), {"sku": "B", "unit_price": 3},
        )  # fmt: skip
    finally:
        dealer.execute("alter table inventory drop constraint cheap")
    assert (result.created, result.updated, result.failed) == (2, 1, 2)
    _, kept = change_sets(dealer)
    assert sorted(kept["created_rows"]) == [1, 4]
    assert (kept["updated_rows"], kept["changes"]["unit_price"]) == ([5], [[5, 1, 3]])


async def test_a_batch_that_is_called_twice_is_kept_once(queue, dealer):
    job = await begin_job(queue, dealer, 1)
    first = await apply(queue, job, numbered(item("A")))
    assert await apply(queue, job, numbered(item("A"))) == first
    assert len(change_sets(dealer)) == 1


@pytest.mark.parametrize("data_type", DATA_TYPES)
async def test_a_rehearsal_keeps_nothing_and_counts_the_same(queue, dealer, data_type):
    await import_rows(queue, dealer, item("A"))
    rows = {
        "inventory": [item("A"), item("B"), {"sku": "A", "cost": 1}],
        "contacts": [{"name": "Ann", "company": "X"}, {"name": "Bob"}, {"name": "Ann"}],
        "bids": [{"client_name": "Ann", "project_name": "Deck"}] * 3,
    }[data_type]
    before = len(change_sets(dealer))
    rehearsed = await import_rows(queue, dealer, *rows, data_type=data_type, dry_run=True)
    assert len(change_sets(dealer)) == before
    assert await import_rows(queue, dealer, *rows, data_type=data_type) == rehearsed
    assert len(change_sets(dealer)) == before + 1


async def test_what_changed_nothing_is_unchanged_and_not_kept(queue, dealer):
    await import_rows(queue, dealer, item("A"), item("B"))
    job = await begin_job(queue, dealer, 3)
    rows = [item("A"), item("B"), {"superseded_by": 1}]
    result = await apply(queue, job, numbered(*rows))
    assert (result.created, result.updated, result.unchanged) == (0, 3, 3)
    assert len(change_sets(dealer)) == 1
    ended = await queue.finish(job.run_id, "completed")
    assert (ended.updated, ended.unchanged) == (3, 3)
    [run] = dealer.runs(job.job_id)
    assert (run["updated"], run["unchanged"]) == (3, 3)


async def test_a_setting_of_no_days_keeps_nothing(queue, dealer, days):
    days(0)
    result = await import_rows(queue, dealer, item("A"))
    assert (result.created, change_sets(dealer)) == (1, [])


@pytest.mark.parametrize("days", [-2, 1.5, "30", None, True, [30], 40_000])
def test_days_that_are_none_are_refused(dealer, days):
    with pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.NotNullViolation)):
        set_days(dealer, days)


async def test_a_change_set_is_small(queue, dealer, figure):
    """Beside an item with its indexes: of 78,000 new rows it must not double what is stored."""
    rows = [
        item(f"SKU-{n:04}", description=f"Of steel {n}", category=f"C {n % 9}", unit_price=n)
        for n in range(1000)
    ]
    await import_rows(queue, dealer, *rows)
    prices = [{"sku": row["sku"], "unit_price": n + 500} for n, row in enumerate(rows)]
    await import_rows(queue, dealer, *prices)
    sizes = "select pg_column_size(c) as size from import_changes c"
    sizes += " where organization_id = %s order by id"
    new, price = (
        row["size"] / 1000 for row in dealer.connection.execute(sizes, [dealer.organization_id])
    )
    figure(f"change sets: {new:.0f} bytes a new item, {price:.0f} a changed price")
    assert new < 80
    assert price < 100
