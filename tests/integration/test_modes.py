"""What becomes of a row by what is there: files that only update, or only create."""

import asyncio

import psycopg
import pytest
from psycopg.types.json import Jsonb

from worker.job import Begun

NO_NAME = "no item has this SKU, and a new one needs a name"
UNKNOWN = "no item has this SKU"
KNOWN = "an item has this SKU already"


async def begin_job(queue, dealer, rows, mode="upsert", **columns):
    given = {"records": [{"n": n} for n in range(1, rows + 1)], "options": {"mode": mode}}
    given["options"] |= columns.pop("options", {})
    dealer.insert_job(None, file_data=given, **columns)
    return await dealer.claim(queue)


async def apply(queue, job, rows, data_type="inventory"):
    span = range(rows[0]["row_number"], rows[-1]["row_number"] + 1)
    result = await queue.apply_batch(f"apply_{data_type}_batch", job.run_id, span, rows, [])
    return result.created, result.updated, result.failed


def numbered(*rows):
    return [{"row_number": number} | row for number, row in enumerate(rows, 1)]


def add_item(dealer, sku, **columns):
    row = {
        "organization_id": dealer.organization_id, "sku": sku, "name": f"Old {sku}",
        "description": "Zinc", "category": "Bolts", "unit_price": 100, "quantity": 5,
        "search_keywords": ["bolts", "old", "zinc"], "keyword_version": "kw_v1",
    } | columns  # fmt: skip
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    dealer.execute(f"insert into inventory ({names}) values ({places})", *row.values())  # noqa: S608


def refusals(dealer):
    return {error["row_number"]: error["message"] for error in dealer.errors()}


@pytest.mark.parametrize(
    ("mode", "counts", "refused", "prices"),
    [
        ("upsert", (1, 2, 1), {4: NO_NAME}, {"A": 1, "B": 2, "C": 3}),
        ("update", (0, 2, 2), {3: UNKNOWN, 4: UNKNOWN}, {"A": 1, "B": 2}),
        ("create", (1, 0, 3), {1: KNOWN, 2: KNOWN, 4: NO_NAME}, {"A": 100, "B": 100, "C": 3}),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
async def test_items(queue, dealer, make_dealer, mode, counts, refused, prices, dry_run):
    add_item(make_dealer(), "D")  # another organization's is nobody's business
    add_item(dealer, "A")
    add_item(dealer, "B")
    before = dealer.inventory()
    job = await begin_job(queue, dealer, 4, mode, options={"dry_run": dry_run})
    rows = numbered(
        {"sku": "A", "unit_price": 1},
        {"sku": "B", "unit_price": 2, "name": "New B", "search_keywords": "b,new"},
        {"sku": "C", "unit_price": 3, "name": "New C", "search_keywords": "c,new"},
        {"sku": "D", "unit_price": 4},
    )
    for _ in range(2):  # the first answer was lost
        assert await apply(queue, job, rows) == counts
    assert refusals(dealer) == refused
    assert {(error["field"], error["row"]["n"]) for error in dealer.errors()} == {
        ("sku", number) for number in refused
    }
    result = await queue.finish(job.run_id, "completed")
    assert (result.created, result.updated, result.failed, result.unprocessed) == (*counts, 0)
    if dry_run:
        assert dealer.inventory() == before
    else:
        assert {item["sku"]: item["unit_price"] for item in dealer.inventory()} == prices


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        (None, "upsert"), ({}, "upsert"), ([], "upsert"), ("update", "upsert"),
        ({"mode": None}, "upsert"), ({"mode": "upsert"}, "upsert"), ({"mode": "update"}, "update"),
        ({"mode": "create"}, "create"),
        # Refused by the worker.
        ({"mode": "UPDATE"}, "upsert"), ({"mode": ["update"]}, "upsert"), ({"mode": 1}, "upsert"),
    ],
)  # fmt: skip
async def test_the_run_knows_its_mode(queue, dealer, options, mode):
    job_id = dealer.insert_job(None, file_data={"records": [], "options": options})
    await dealer.claim(queue)
    assert [run["mode"] for run in dealer.runs(job_id)] == [mode]


async def test_no_run_has_another_mode(queue, dealer):
    job = await begin_job(queue, dealer, 1)
    with pytest.raises(psycopg.errors.CheckViolation, match="import_runs_known_mode"):
        dealer.execute("update import_runs set mode = 'delete' where id = %s", job.run_id)


async def test_the_next_attempt_goes_on_in_the_same_mode(queue, dealer):
    add_item(dealer, "B")
    job = await begin_job(queue, dealer, 4, "create")
    first, second, third, fourth = numbered(
        *({"sku": sku, "name": sku, "search_keywords": ""} for sku in "ABCD")
    )
    assert await apply(queue, job, [first, second]) == (1, 0, 1)
    dealer.expire_lease(job.run_id)
    again = await dealer.claim(queue)
    assert again.applied == (range(1, 3),)
    assert await apply(queue, again, [first, second]) == (1, 0, 1)  # what it made is no hindrance
    assert await apply(queue, again, [third, fourth]) == (2, 0, 0)
    assert refusals(dealer) == {2: KNOWN}


KEPT = ["bolts", "old", "zinc"]


@pytest.mark.parametrize(
    ("there", "row", "expected"),
    [
        pytest.param({}, {"unit_price": 7}, KEPT, id="no part of them"),
        pytest.param({}, {"description": "Zinc", "search_keywords": "zinc"}, KEPT,
                     id="a description as it was"),
        pytest.param({}, {"description": "Brass", "search_keywords": "brass,uncategorized"},
                     ["bolts", "brass", "old", "zinc"], id="another description"),
        pytest.param({}, {"category": "Nuts", "search_keywords": "nuts"},
                     ["bolts", "nuts", "old", "zinc"], id="another category"),
        pytest.param({}, {"category": "Nuts", "description": "Brass",
                          "search_keywords": "brass,nuts"},
                     ["bolts", "brass", "nuts", "old", "zinc"], id="both"),
        pytest.param({"search_keywords": None}, {"category": "Nuts", "search_keywords": "nuts"},
                     None, id="none there, and the name's would be lacking"),
        pytest.param({"keyword_version": "kw_v0"}, {"category": "Nuts", "search_keywords": "nuts"},
                     KEPT, id="of another version"),
    ],
)  # fmt: skip
async def test_keywords_of_an_item_whose_name_the_file_lacks(queue, dealer, there, row, expected):
    add_item(dealer, "A", **there)
    [before] = dealer.inventory()
    job = await begin_job(queue, dealer, 1)
    assert await apply(queue, job, numbered({"sku": "A", **row})) == (0, 1, 0)
    [after] = dealer.inventory()
    assert after["search_keywords"] == expected
    changed = {name for name in after if after[name] != before[name]}
    is_other = {name for name in row if name != "search_keywords" and row[name] != before[name]}
    assert changed - {"updated_at", "search_keywords"} == is_other


async def test_an_item_that_a_price_list_leaves_as_it_is_is_not_written(queue, dealer):
    add_item(dealer, "A")
    add_item(dealer, "B", keyword_version=None, search_keywords=None)
    before = dealer.inventory("xmin::text, *")
    job = await begin_job(queue, dealer, 2)
    rows = numbered({"sku": "A", "unit_price": 100}, {"sku": "B", "quantity": 5})
    assert await apply(queue, job, rows) == (0, 2, 0)
    assert dealer.inventory("xmin::text, *") == before


async def test_the_mode_keeps_rows_out_beside_one_that_the_database_refuses(queue, dealer):
    add_item(dealer, "A")
    job = await begin_job(queue, dealer, 3)
    rows = numbered(
        {"sku": "A", "quantity": 3_000_000_000},
        {"sku": "B"},
        {"sku": "A2", "name": "A2", "search_keywords": "a2"},
    )
    assert await apply(queue, job, rows) == (1, 0, 2)
    assert refusals(dealer) == {1: "a number is too large", 2: NO_NAME}


async def test_of_a_file_a_row_is_kept_as_it_came(queue, dealer):
    dealer.insert_job(None, file_data={"source": {}})
    job = await dealer.claim(queue)
    await queue.begin(job.run_id, Begun(1, {"SKU": "sku", "Price": "unit_price"}, [], "v1"))
    cells = {"SKU": "NEW-9", "Price": "5.00"}
    row = {"sku": "NEW-9", "unit_price": 500, "file_row": 4, "as_it_came": cells}
    await apply(queue, job, numbered(row))
    [error] = dealer.errors()
    assert (error["row_number"], error["row"]) == (4, cells)


async def test_unknown_skus_cost_one_statement_and_not_one_each(queue, dealer, database):
    job = await begin_job(queue, dealer, 100)
    rows = numbered(*({"sku": f"NEW-{n}", "unit_price": 1} for n in range(100)))
    answer = database.execute(
        "select u.refusals, (u.changed).created_rows as created"
        " from import_runs r, import_internal.upsert_inventory(r, %s) u where r.id = %s",
        [Jsonb(rows), job.run_id],
    ).fetchone()
    assert answer["created"] == []
    assert [refusal["row"] for refusal in answer["refusals"]] == rows


@pytest.mark.parametrize(
    ("mode", "counts"), [("upsert", (2, 1, 0)), ("create", (2, 0, 1)), ("update", (0, 0, 3))]
)
async def test_an_item_that_somebody_saves_meanwhile(queue, dealer, mode, counts):
    """A user's insert is under way, unseen by the batch, which meets it at the unique index."""
    job = await begin_job(queue, dealer, 3, mode)
    rows = numbered(*({"sku": sku, "name": f"New {sku}", "search_keywords": ""} for sku in "ABC"))
    with psycopg.connect(dealer.stack.db_url) as user:
        user.execute(
            "insert into inventory (organization_id, sku, name) values (%s, 'B', 'Theirs')",
            [dealer.organization_id],
        )
        batch = asyncio.create_task(apply(queue, job, rows))
        if mode != "update":
            await _blocked(dealer, user.info.backend_pid)
        else:
            await batch  # it inserts nothing, so nothing is in its way
        user.commit()
    assert await batch == counts
    names = {item["sku"]: item["name"] for item in dealer.inventory()}
    assert names["B"] == ("New B" if mode == "upsert" else "Theirs")
    assert len(names) == (1 if mode == "update" else 3)


async def _blocked(dealer, by):
    """Wait until somebody waits for this backend."""
    waiting = "select count(*) from pg_stat_activity where %s = any(pg_blocking_pids(pid))"
    while not dealer.scalar(waiting, by):
        await asyncio.sleep(0)


# Contacts: the ladder says who is there.


def add_contact(dealer, **columns):
    row = {"organization_id": dealer.organization_id, "name": "Ann"} | columns
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    dealer.execute(f"insert into contacts ({names}) values ({places})", *row.values())  # noqa: S608


def phones(dealer):
    found = dealer.connection.execute(
        "select name, phone from contacts where organization_id = %s", [dealer.organization_id]
    ).fetchall()
    return {contact["name"]: contact["phone"] for contact in found}


NOBODY = "no contact matches this row"
SOMEBODY = "a contact matches this row already"


@pytest.mark.parametrize(
    ("mode", "counts", "refused", "found"),
    [
        ("upsert", (2, 3, 0), {},
         {"Ann": "1", "Bob": "2", "New": "4", "new@x.com": "5"}),
        ("update", (0, 2, 3), {3: NOBODY, 4: NOBODY, 5: NOBODY}, {"Ann": "1", "Bob": "2"}),
        ("create", (2, 0, 3), {1: SOMEBODY, 2: SOMEBODY, 4: SOMEBODY},
         {"Ann": None, "Bob": None, "New": "3", "new@x.com": "5"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 5])
async def test_contacts(queue, dealer, make_dealer, mode, counts, refused, found, size):
    add_contact(make_dealer(), email="new@x.com")
    add_contact(dealer, email="a@x.com")
    add_contact(dealer, name="Bob", legacy_number="7")
    job = await begin_job(queue, dealer, 5, mode, data_type="contacts")
    rows = numbered(
        {"name": "a@x.com", "name_made_up": True, "email": "a@x.com", "phone": "1"},
        {"name": "Bob", "legacy_number": "7", "phone": "2"},
        {"name": "New", "company": "Acme", "phone": "3"},
        # Somebody that the file itself makes is there too.
        {"name": "New", "company": "Acme", "phone": "4"},
        {"name": "new@x.com", "name_made_up": True, "email": "new@x.com", "phone": "5"},
    )
    batches = [rows[start : start + size] for start in range(0, 5, size)]
    results = [await apply(queue, job, batch, "contacts") for batch in batches]
    assert tuple(map(sum, zip(*results, strict=True))) == counts
    assert refusals(dealer) == refused
    assert all(error["row"] == {"n": error["row_number"]} for error in dealer.errors())
    assert phones(dealer) == found


async def test_a_contact_is_found_by_what_an_earlier_row_gave_it(queue, dealer):
    add_contact(dealer, legacy_number="7")
    job = await begin_job(queue, dealer, 2, "update", data_type="contacts")
    rows = numbered(
        {"name": "Ann", "legacy_number": "7", "email": "a@x.com"},
        {"name": "Ann", "email": "a@x.com", "phone": "2"},
    )
    assert await apply(queue, job, rows, "contacts") == (0, 2, 0)
    assert phones(dealer) == {"Ann": "2"}


async def test_bids_are_created_in_the_mode_that_only_creates(queue, dealer):
    job = await begin_job(queue, dealer, 1, "create", data_type="bids")
    bid = {"client_name": "Ann", "project_name": "Deck"}
    assert await apply(queue, job, numbered(bid), "bids") == (1, 0, 0)
