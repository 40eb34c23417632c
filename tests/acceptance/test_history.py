"""What was imported, as the people of an organization see it."""

import httpx
import pytest

from worker.service import serve


@pytest.fixture
def ask(stack):
    """Ask PostgREST as somebody: rows of a view or a function."""

    def rows(token, path, **params):
        headers = {"apikey": stack.keys.publishable, "Authorization": f"Bearer {token}"}
        answer = httpx.get(f"{stack.url}/rest/v1/{path}", headers=headers, params=params)
        assert answer.is_success, answer.text
        return answer.json()

    return rows


async def test_each_job_with_who_when_and_what(dealer, make_dealer, import_file, ask):
    other = make_dealer()
    first, _ = await import_file(
        b"SKU,Name,Price,Qty\nA,Bolt,1,5\nB,Nut,call,5\nC,Nail,2,5\n", name="stock.csv"
    )
    dealer.execute(
        "update scheduled_jobs set file_name = 'stock.csv', creator_name = 'Ann' where id = %s",
        first["id"],
    )
    second, _ = await import_file(b"SKU,Price\nA,2\nC,2\n")
    rehearsal, _ = await import_file(b"SKU,Price\nA,3\n", options={"dry_run": True})
    dealer.insert_job([], scheduled_in=3600)  # nobody has begun with it

    history = ask(dealer.colleague_token, "import_history", order="started_at")
    assert [row["job_id"] for row in history] == [
        str(job["id"]) for job in (first, second, rehearsal)
    ]
    row = history[0]
    assert row["seconds"] > 0
    assert (row["organization_id"], row["created_by"], row["creator_name"]) == (
        dealer.organization_id, str(dealer.creator_id), "Ann",
    )  # fmt: skip
    assert (row["kind"], row["data_type"], row["file_name"]) == ("import", "inventory", "stock.csv")
    assert (row["status"], row["dry_run"], row["rows"]) == ("completed", False, 3)
    names = ("created", "changed", "unchanged", "refused", "unprocessed")
    counts = [[row[f"rows_{name}"] for name in names] for row in history]
    assert counts == [[2, 0, 0, 1, 0], [0, 1, 1, 0, 0], [0, 1, 0, 0, 0]]
    assert row["mapping"] == {"SKU": "sku", "Name": "name", "Price": "unit_price",
                              "Qty": "quantity"}  # fmt: skip
    assert row["message"] == 'Row 3: unit_price "call" is not a number'
    assert row["failed_rows_path"].endswith(".csv")
    assert history[1]["notes"][0].startswith("The file has no names")
    assert [row["dry_run"] for row in history] == [False, False, True]
    assert (row["undone_by"], row["undone_at"]) == (None, None)

    assert ask(other.creator_token, "import_history") == []


@pytest.mark.parametrize("days", [30, 7, 0, -1])
async def test_until_when_it_can_be_undone(dealer, import_file, ask, days):
    dealer.execute("update import_settings set value = to_jsonb(%s)"
                   " where name = 'changes_days'", days)  # fmt: skip
    try:
        await import_file(b"SKU,Name\nA,Bolt\n")
        await import_file(b"SKU,Name\nA,Bolt\n")  # changes nothing: there is nothing to undo
        of_change, of_none = ask(dealer.creator_token, "import_history", order="started_at")
        assert of_none["undo_until"] is None
        if days in {0, -1}:
            assert of_change["undo_until"] == {0: None, -1: "infinity"}[days]
        else:
            left = dealer.scalar(
                "select %s::timestamptz - interval '1 day' * %s - changed_at from import_changes"
                " where organization_id = %s",
                of_change["undo_until"], days, dealer.organization_id,
            )  # fmt: skip
            assert left.total_seconds() == 0
    finally:
        dealer.execute("update import_settings set value = '30' where name = 'changes_days'")


async def test_when_a_price_changed_and_by_which_file(
    settings, dealer, make_dealer, import_file, ask
):
    other = make_dealer()
    for organization in (dealer, other):
        records = [{"sku": "A", "name": "Bolt", "unit_price": 1, "quantity": 5}]
        organization.insert_job(records, file_name="first.csv", creator_name="Ann")
    await serve(settings, once=True)
    await import_file(b"SKU,Name,Qty\n" + b"".join(b"X%d,x,1\n" % n for n in range(250)))
    price_file, _ = await import_file(b"SKU,Price\nX1,1\nA,2.50\nX2,7\n")
    await import_file(b"SKU,Price,Qty\nA,2.50,5\n")  # changes nothing
    dealer.execute(
        "update inventory set unit_price = 9 where organization_id = %s", dealer.organization_id
    )  # by hand: no import's doing
    await import_file(b"SKU,Price\n" + b"".join(b"X%d,0.09\n" % n for n in range(250)),
                      options={"missing": "zero", "mode": "update"})  # fmt: skip

    history = ask(dealer.colleague_token, "rpc/item_history", sku="A")
    told = ("kind", "file_name", "row_number", "happened", "field", "before", "after")
    assert [tuple(event[name] for name in told) for event in history] == [
        ("import", None, 251, "changed", "quantity", 5, 0),
        ("import", None, 2, "changed", "unit_price", 100, 250),
        ("import", "first.csv", 1, "created", None, None, None),
    ]
    assert history[1]["job_id"] == str(price_file["id"])
    assert history[2]["creator_name"] == "Ann"
    times = [event["changed_at"] for event in history]
    assert times == sorted(times, reverse=True)

    item = next(item for item in dealer.inventory() if item["sku"] == "A")
    assert ask(dealer.colleague_token, "rpc/item_history", item_id=item["id"]) == history
    # Of one that is gone, by its id; and nothing of another organization's.
    dealer.execute("delete from inventory where id = %s", item["id"])
    assert ask(dealer.colleague_token, "rpc/item_history", item_id=item["id"]) == history
    assert ask(dealer.colleague_token, "rpc/item_history", sku="A") == []
    assert ask(other.creator_token, "rpc/item_history", item_id=item["id"]) == []
    assert len(ask(other.creator_token, "rpc/item_history", sku="A")) == 1
    assert ask(dealer.colleague_token, "rpc/item_history") == []


async def test_what_took_an_import_back(settings, dealer, import_file, ask):
    await import_file(b"SKU,Name,Price,Qty\nA,Bolt,1,5\nB,Nut,1,5\n")
    full_list = b"SKU,Name,Price\nB,Nut,2\nC,Nail,3\n"
    dealer.execute("update profiles set role = 'admin' where id = %s", dealer.creator_id)
    options = {"missing": "zero", "guards": "off"}
    job, run = await import_file(full_list, options=options)
    assert (run["created"], run["updated"], run["zeroed"]) == (1, 1, 1)
    undo = dealer.insert_job(None, file_data={"undo": {"job_ids": [str(job["id"])]}})
    await serve(settings, once=True)
    assert dealer.job(undo)["status"] == "completed", dealer.job(undo)["error_message"]
    assert [(item["sku"], item["unit_price"], item["quantity"]) for item in dealer.inventory()] == [
        ("A", 100, 5), ("B", 100, 5),
    ]  # fmt: skip

    _, of_list, of_undo = ask(dealer.creator_token, "import_history", order="started_at")
    assert (of_list["undone_by"], of_list["undo_until"]) == (str(undo), None)
    assert of_list["undone_at"] >= of_list["completed_at"]
    assert (of_undo["kind"], of_undo["undone_by"]) == ("undo", None)
    assert of_undo["undo_until"] is not None

    told = ("kind", "happened", "field", "before", "after")
    history = ask(dealer.creator_token, "rpc/item_history", sku="A")
    assert [tuple(event[name] for name in told) for event in history] == [
        ("undo", "changed", "quantity", 0, 5),
        ("import", "changed", "quantity", 5, 0),
        ("import", "created", None, None, None),
    ]
    removed = dealer.scalar(
        "select removed #>> '{0,1}' from import_changes where job_id = %s"
        " and removed is not null", undo,
    )  # fmt: skip
    history = ask(dealer.creator_token, "rpc/item_history", item_id=removed)
    assert [event["happened"] for event in history] == ["removed", "created"]
