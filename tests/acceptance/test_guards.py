"""Rehearsals, guards and full lists: from a file to the items, or to why there are none."""

import pytest

from worker.service import serve


def add_items(dealer, count, **columns):
    """Add A1, A2, ... at $10.00, ten of each."""
    row = {
        "unit_price": 1000, "cost": 600, "quantity": 10, "search_keywords": ["bolt"],
        "keyword_version": "kw_v1",
    } | columns  # fmt: skip
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    dealer.execute(
        f"insert into inventory (organization_id, sku, name, {names})"  # noqa: S608
        f" select %s, 'A' || n, 'Bolt ' || n, {places} from generate_series(1, %s) n",
        dealer.organization_id,
        *row.values(),
        count,
    )


def csv(header, *lines):
    return "\n".join([header, *lines, ""]).encode()


def is_clean(dealer):
    """Whether nothing is left of what a run needed while it lasted."""
    tables = ("public.import_batches", "import_internal.rehearsals",
              "import_internal.listed_items", "import_internal.missing_items")  # fmt: skip
    jobs = "select id from scheduled_jobs where organization_id = %s"
    return not any(
        dealer.scalar(f"select count(*) from {table} where job_id in ({jobs})",  # noqa: S608
                      dealer.organization_id)
        for table in tables
    )  # fmt: skip


# What a rehearsal finds.


async def test_a_rehearsal_shows_what_would_change(dealer, import_file):
    add_items(dealer, 4)
    content = csv(
        "SKU,Name,Price,Cost,Qty",
        "A1,Bolt 1,12.50,6.00,0",  # rises by 25 %, and is sold out
        "A2,Bolt 2,10.00,6.00,10",  # stays
        "A3,Bolt 3,4.00,,10",  # falls by 60 %
        "N1,New bolt,1.00,,5",
        "A4,Bolt 4,call,,1",
        "A2,Bolt 2,10.00,6.00,10",  # replaces the earlier one
    )
    before = dealer.inventory()
    job, run = await import_file(content, options={"dry_run": True})
    assert (job["status"], job["record_count"], dealer.inventory()) == ("completed", 0, before)
    found = run["rehearsal"]
    assert found["rows"] == {"new": 1, "changed": 2, "unchanged": 2, "refused": 1}
    ids = {item["sku"]: str(item["id"]) for item in before}
    bolts = {name: {"sku": name, "name": f"Bolt {name[1]}"} for name in ("A1", "A3")}
    assert found["changes"] == [
        {"row": 2, "id": ids["A1"], "record": bolts["A1"],
         "before": {"unit_price": 1000, "quantity": 10},
         "after": {"unit_price": 1250, "quantity": 0}},
        {"row": 4, "id": ids["A3"], "record": bolts["A3"],
         "before": {"unit_price": 1000}, "after": {"unit_price": 400}},
        {"row": 5, "record": {"sku": "N1", "name": "New bolt"}, "before": None,
         "after": {"sku": "N1", "name": "New bolt", "unit_price": 100, "quantity": 5}},
    ]  # fmt: skip
    quantity, price = found["moves"]
    assert (quantity["field"], quantity["items"]) == ("quantity", 3)
    assert quantity["sizes"] == [{"change": "becomes 0", "rows": 1, "percent": 33.3}]
    assert price["field"] == "unit_price"
    assert price["sizes"] == [
        {"change": "falls by more than 50 %", "rows": 1, "percent": 33.3},
        {"change": "rises by 20 to 50 %", "rows": 1, "percent": 33.3},
    ]
    assert price["largest"] == [
        {"row": 4, "record": bolts["A3"], "before": 1000, "after": 400, "percent": -60.0},
        {"row": 2, "record": bolts["A1"], "before": 1000, "after": 1250, "percent": 25.0},
    ]
    assert "missing" not in found
    assert is_clean(dealer)


async def test_it_agrees_with_the_import_to_the_row(dealer, import_file):
    add_items(dealer, 700)
    lines = [f"A{n},Bolt {n},{'call' if n % 50 == 0 else 10 + n % 7}," for n in range(1, 1001)] + [
        f"A{n},,{n},{n % 3}" for n in range(1, 300, 5)
    ]
    content = csv("SKU,Name,Price,Qty", *lines)
    _, rehearsed = await import_file(content, options={"dry_run": True})
    _, run = await import_file(content)
    counts = ("created", "updated", "unchanged", "failed")
    assert [rehearsed[name] for name in counts] == [run[name] for name in counts]
    found = rehearsed["rehearsal"]
    assert found["rows"] == {
        "new": run["created"], "changed": run["updated"] - run["unchanged"],
        "unchanged": run["unchanged"], "refused": run["failed"],
    }  # fmt: skip
    assert len(found["changes"]) == 200
    rows = [change["row"] for change in found["changes"]]
    assert rows == sorted(rows)
    # Each of the 200 became what the rehearsal said.
    items = {item["sku"]: item for item in dealer.inventory()}
    for change in found["changes"]:
        item = items[change["record"]["sku"]]
        assert {field: item[field] for field in change["after"]} == change["after"]
    price = next(move for move in found["moves"] if move["field"] == "unit_price")
    assert len(price["largest"]) == 10
    written = dealer.scalar(
        "select count(*) from import_changes c, jsonb_array_elements(c.changes -> 'unit_price')"
        " where c.organization_id = %s", dealer.organization_id)  # fmt: skip
    assert sum(size["rows"] for size in price["sizes"]) == written


async def test_a_rehearsal_of_contacts_knows_what_earlier_rows_would_make(import_file):
    """Also where they stand in another batch of the import."""
    lines = [f"Ann {n % 150},a{n % 150}@x.com,{n}" for n in range(400)]
    content = csv("Name,Email,Phone", *lines)
    _, rehearsed = await import_file(content, "contacts", options={"dry_run": True})
    _, run = await import_file(content, "contacts")
    assert (run["created"], run["updated"], run["unchanged"]) == (150, 250, 0)
    counts = ("created", "updated", "unchanged", "failed")
    assert [rehearsed[name] for name in counts] == [run[name] for name in counts]
    found = rehearsed["rehearsal"]
    assert found["rows"] == {"new": 150, "changed": 250, "unchanged": 0, "refused": 0}
    assert found["changes"][150] == {
        "row": 152, "record": {"name": "Ann 0", "email": "a0@x.com"},
        "before": {"phone": "0"}, "after": {"phone": "150"},
    }  # fmt: skip
    assert "moves" not in found


async def test_a_rehearsal_of_bids(import_file):
    content = csv("Client,Project,Total", "Ann,Deck,100")
    _, run = await import_file(content, "bids", options={"dry_run": True})
    [bid] = run["rehearsal"]["changes"]
    assert bid["record"] == {"client_name": "Ann", "project_name": "Deck"}
    assert bid["before"] is None


async def test_a_rehearsal_tells_that_guards_would_hold_the_import(dealer, import_file):
    add_items(dealer, 1)
    dealer.set_guards(leap_percent=50, leaping_items_percent=10)
    job, run = await import_file(csv("SKU,Price", "A1,2"), options={"dry_run": True})
    why = (
        "Items with a price that falls or rises by more than 50 %: 1 of 1 (100 %), at most 10 % "
        "may be. For example row 2, A1: unit_price 10.00 → 2.00."
    )
    assert run["rehearsal"]["held"] == why
    assert job["status"] == "completed"
    assert job["error_message"].splitlines()[1:] == [
        "The guards of your organization would hold this import.", why,
    ]  # fmt: skip


# Guards.


async def test_a_file_with_the_price_column_shifted_is_held(dealer, import_file):
    add_items(dealer, 300)
    before = dealer.inventory()
    dealer.set_guards(leap_percent=30, leaping_items_percent=5)
    # The column of the quantity where the price was.
    content = csv("SKU,Price,Qty", *(f"A{n},{n % 4 + 1},10.00" for n in range(1, 301)))
    job, run = await import_file(content)
    assert (job["status"], run["outcome"]) == ("failed", "failed")
    assert dealer.inventory() == before
    assert (run["created"], run["updated"], run["failed"], run["unprocessed"]) == (0, 0, 0, 300)
    said = job["error_message"].splitlines()
    assert said[0] == "Nothing was written: the guards of your organization hold this import."
    assert said[1] == (
        "Items with a price that falls or rises by more than 30 %: 300 of 300 (100 %), at most "
        "5 % may be. For example row 2, A1: unit_price 10.00 → 2.00; row 3, A2: unit_price 10.00 "
        "→ 3.00; row 4, A3: unit_price 10.00 → 4.00."
    )
    assert said[2].startswith("If it is right all the same, an admin can import it")
    assert len(run["rehearsal"]["changes"]) == 200
    count = "select count(*) from import_changes where organization_id = %s"
    assert dealer.scalar(count, dealer.organization_id) == 0
    assert is_clean(dealer)


REFUSED = (
    'Refused rows: 1 of 4 (25 %), at most {} % may be. For example row 5: unit_price "call" is'
)
EMPTIED = (
    "Items whose quantity becomes 0: 1 of 3 (33.3 %), at most 33 % may be. For example row 3, A2:"
)
LEAPING = (
    "Items with a price that falls or rises by more than 20 %: 1 of 3 (33.3 %), at most 33 % may"
)


@pytest.mark.parametrize(
    ("guards", "line"),
    [
        ({"refused_percent": 24}, f"{REFUSED.format(24)} not a number."),
        ({"refused_percent": 25}, None),
        ({"refused_percent": 0}, f"{REFUSED.format(0)} not a number."),
        ({"emptied_percent": 33}, f"{EMPTIED} quantity 10 → 0."),
        ({"emptied_percent": 33.4}, None),
        ({"leap_percent": 20, "leaping_items_percent": 33},
         f"{LEAPING} be. For example row 2, A1: unit_price 10.00 → 12.50."),
        ({"leap_percent": 25, "leaping_items_percent": 0}, None),
        ({"missing_percent": 0}, None),  # nothing is said of items that the file lacks
    ],
)  # fmt: skip
async def test_each_guard_holds_by_more_than_it_allows(dealer, import_file, guards, line):
    add_items(dealer, 3)
    dealer.set_guards(**guards)
    content = csv("SKU,Name,Price,Qty", "A1,,12.50,", "A2,,10,0", "A3,,10,10", "A4,Bolt,call,1")
    job, run = await import_file(content)
    if line is None:
        assert (job["status"], run["updated"], run["failed"]) == ("completed", 3, 1)
        assert [item["unit_price"] for item in dealer.inventory()] == [1250, 1000, 1000]
        assert len(dealer.errors()) == 1
    else:
        assert job["status"] == "failed"
        assert job["error_message"].splitlines()[1] == line
        assert run["rehearsal"]["held"] == line
        assert [item["unit_price"] for item in dealer.inventory()] == [1000] * 3
    assert is_clean(dealer)


async def test_what_guards_let_through_is_written_once(dealer, import_file):
    add_items(dealer, 250)
    dealer.set_guards(refused_percent=50, leap_percent=50, leaping_items_percent=50)
    content = csv("SKU,Name,Price", *(f"A{n},Bolt {n},11" for n in range(1, 501)), "A501,Bolt,call")
    job, run = await import_file(content)
    assert (run["created"], run["updated"], run["failed"], run["unprocessed"]) == (250, 250, 1, 0)
    assert job["progress"] == {"current": 501, "total": 501, "percent": 100}
    assert run["guards"] == {
        "refused_percent": 50, "leap_percent": 50, "leaping_items_percent": 50
    }  # fmt: skip
    assert run["judged_at"] is not None
    assert len(dealer.inventory()) == 500
    assert [error["row_number"] for error in dealer.errors()] == [502]
    assert is_clean(dealer)


async def test_another_organization_has_its_own_guards(dealer, make_dealer, import_file):
    make_dealer().set_guards(leap_percent=0, leaping_items_percent=0)
    add_items(dealer, 1)
    job, run = await import_file(csv("SKU,Price", "A1,2"))
    assert (job["status"], run["guards"], run["judged_at"]) == ("completed", None, None)


@pytest.mark.parametrize(
    ("who", "status"),
    [("standard_user", "failed"), ("manager", "failed"), ("admin", "completed"),
     ("super_admin", "completed"), (None, "completed")],
)  # fmt: skip
async def test_who_switches_the_guards_off(settings, dealer, who, status):
    dealer.set_guards(leap_percent=0, leaping_items_percent=0)
    add_items(dealer, 1)
    if who is not None:
        dealer.execute("update profiles set role = %s where id = %s", who, dealer.creator_id)
    job_id = dealer.insert_job(
        None, created_by=None if who is None else dealer.creator_id,
        file_data={"records": [{"sku": "A1", "unit_price": "2"}], "mapping": {},
                   "options": {"guards": "off"}},
    )  # fmt: skip
    await serve(settings, once=True)
    job = dealer.job(job_id)
    assert job["status"] == status, job["error_message"]
    assert [item["unit_price"] for item in dealer.inventory()] == [
        200 if status == "completed" else 1000
    ]
    if status == "failed":
        assert job["error_message"].startswith("Only an admin of your organization can import")


# Full lists.


async def test_what_a_full_list_lacks_becomes_0(dealer, make_dealer, import_file):
    other = make_dealer()
    add_items(other, 5)
    add_items(dealer, 6_000)  # more than are listed in one call
    dealer.execute(
        "update inventory set quantity = 0 where organization_id = %s and sku = 'A5999'",
        dealer.organization_id,
    )
    # A1 to A100 are missing. One that is refused is not, nor is one that is replaced.
    lines = [f"A{n},{'call' if n == 101 else 11}" for n in range(101, 6_001)]
    job, run = await import_file(csv("SKU,Price", *lines, "A102,12"), options={"missing": "zero"})
    assert job["error_message"].startswith(
        "100 items that the file lacks have the quantity 0 now.\nRow 2: unit_price"
    )
    assert (job["status"], job["record_count"]) == ("completed", 5_900)
    counts = ("created", "updated", "failed", "unprocessed", "zeroed")
    assert [run[name] for name in counts] == [0, 5_900, 1, 0, 100]
    zeroed = [item["sku"] for item in dealer.inventory() if item["quantity"] == 0]
    assert sorted(zeroed) == sorted([*(f"A{n}" for n in range(1, 101)), "A5999"])
    assert {item["quantity"] for item in other.inventory()} == {10}
    # It is in the change set, behind the file's last row.
    changes = dealer.connection.execute(
        "select value from import_changes c, jsonb_array_elements(c.changes -> 'quantity')"
        " where c.organization_id = %s order by 1", [dealer.organization_id],
    ).fetchall()  # fmt: skip
    assert [change["value"] for change in changes] == [
        [number, 10, 0] for number in range(5_902, 6_002)
    ]
    assert is_clean(dealer)


async def test_a_list_that_lacks_most_is_held_without_any_guards_set(dealer, import_file):
    add_items(dealer, 400)
    before = dealer.inventory()
    content = csv("SKU,Price", *(f"A{n},11" for n in range(301, 401)))
    job, run = await import_file(content, options={"missing": "zero"})
    assert (job["status"], run["unprocessed"], run["zeroed"]) == ("failed", 100, 0)
    assert job["error_message"].splitlines()[1] == (
        "Items with a quantity that the file lacks: 300 of 400 (75 %), at most 20 % may be. "
        "For example A1, A10, A100."
    )
    assert dealer.inventory() == before
    assert run["rehearsal"]["missing"]["items"] == 300
    assert is_clean(dealer)

    job, run = await import_file(content, options={"missing": "zero", "guards": "off"})
    assert job["status"] == "failed"  # its creator is no admin
    dealer.set_guards(missing_percent=75)
    job, run = await import_file(content, options={"missing": "zero"})
    assert (job["status"], run["updated"], run["zeroed"]) == ("completed", 100, 300)


async def test_a_rehearsal_tells_what_would_become_0(dealer, import_file):
    add_items(dealer, 10)
    content = csv("SKU,Price", *(f"A{n},11" for n in range(2, 11)))
    job, run = await import_file(content, options={"missing": "zero", "dry_run": True})
    assert "1 item that the file lacks would get the quantity 0." in job["error_message"]
    assert run["rehearsal"]["missing"] == {
        "items": 1, "of": 10, "first": [{"sku": "A1", "name": "Bolt 1", "quantity": 10}]
    }  # fmt: skip
    assert {item["quantity"] for item in dealer.inventory()} == {10}
    assert is_clean(dealer)


async def test_nothing_becomes_0_where_a_sku_cannot_be_read(dealer, import_file):
    add_items(dealer, 20)
    content = csv("SKU,Price", "1.2E+05,11", *(f"A{n},11" for n in range(3, 21)), ",3")
    job, run = await import_file(content, options={"missing": "zero"})
    assert (job["status"], run["updated"], run["failed"], run["zeroed"]) == ("completed", 18, 2, 0)
    assert run["notes"][-1] == (
        "No quantity becomes 0 for items that the file lacks: the sku of row 2 cannot be read, and "
        "may be that of any."
    )
    assert {item["quantity"] for item in dealer.inventory()} == {10}


async def test_full_list_and_guards_together(dealer, import_file):
    add_items(dealer, 200)
    dealer.set_guards(leap_percent=50, leaping_items_percent=1, missing_percent=1)
    content = csv("SKU,Price", *(f"A{n},{11 if n > 9 else 99}" for n in range(4, 201)))
    job, run = await import_file(content, options={"missing": "zero"})
    assert job["status"] == "failed"
    said = job["error_message"]
    assert "more than 50 %: 6 of 197 (3 %), at most 1 % may be." in said
    assert "the file lacks: 3 of 200 (1.5 %), at most 1 % may be. For example A1, A2, A3." in said
    dealer.execute(
        "update import_guards set leaping_items_percent = 4, missing_percent = 2"
        " where organization_id = %s", dealer.organization_id,
    )  # fmt: skip
    job, run = await import_file(content, options={"missing": "zero"})
    assert (job["status"], run["updated"], run["zeroed"]) == ("completed", 197, 3)
    assert [item["sku"] for item in dealer.inventory() if item["quantity"] == 0] == [
        "A1",
        "A2",
        "A3",
    ]
    assert is_clean(dealer)


async def test_a_part_of_an_upload_is_no_full_list(dealer, import_file):
    add_items(dealer, 2)
    job, _ = await import_file(
        csv("SKU,Price", "A1,11"), name="stock_part2.csv", options={"missing": "zero"}
    )
    assert job["status"] == "failed"
    assert "this is a part of one" in job["error_message"]
    assert {item["quantity"] for item in dealer.inventory()} == {10}
