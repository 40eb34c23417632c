"""Files that only update: from import_file to the items, and what comes back."""

import csv
import io
from pathlib import Path

import pytest
from openpyxl import Workbook

from worker.service import serve

PRICE_LIST = Path(__file__).parents[1] / "data" / "field" / "62_sku_and_price_only.csv"
NO_NAMES = "The file has no names: items that are there are updated, unknown SKUs are refused."
NO_NAME = "no item has this SKU, and a new one needs a name"


@pytest.fixture
def failed_rows(service_client):
    async def rows(run):
        content = await service_client.storage.from_("imports").download(run["failed_rows_path"])
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))

    return rows


def add_items(dealer, count):
    dealer.execute(
        "insert into inventory (organization_id, sku, name, description, category, unit_price,"
        " search_keywords, keyword_version)"
        " select %s, 'A' || n, 'Bolt ' || n, 'Zinc', 'Bolts', 100, array['bolt'], 'kw_v1'"
        " from generate_series(1, %s) n",
        dealer.organization_id,
        count,
    )


async def test_a_price_list_of_many_items(dealer, import_file):
    add_items(dealer, 2_500)
    columns = "id, sku, name, description, category, search_keywords, keyword_version"
    before = dealer.inventory(columns)
    lines = "".join(f"A{n},{n}.75\n" for n in range(1, 2_501))
    job, run = await import_file(f"SKU,Price\n{lines}".encode())
    assert (job["status"], job["record_count"], job["error_message"]) == ("completed", 2_500, None)
    assert (run["created"], run["updated"], run["failed"]) == (0, 2_500, 0)
    assert run["notes"] == [NO_NAMES]
    assert run["mapping"] == {"SKU": "sku", "Price": "unit_price"}
    assert dealer.inventory(columns) == before
    wrong = (
        "select count(*) from inventory where organization_id = %s"
        " and unit_price <> substr(sku, 2)::integer * 100 + 75"
    )
    assert dealer.scalar(wrong, dealer.organization_id) == 0


async def test_unknown_skus_are_listed_and_the_mended_file_goes_in(
    dealer, import_file, failed_rows
):
    add_items(dealer, 2)
    job, run = await import_file(PRICE_LIST.read_bytes())
    assert (job["status"], job["record_count"]) == ("completed", 2)
    assert job["error_message"] == f"Row 4: {NO_NAME}"
    assert (run["created"], run["updated"], run["failed"], run["mode"]) == (0, 2, 1, "upsert")
    assert [item["unit_price"] for item in dealer.inventory()] == [1275, 310]
    [error] = dealer.errors()
    assert (error["row_number"], error["field"], error["message"]) == (4, "sku", NO_NAME)
    assert error["row"] == {"SKU": "NEW-9", "Price": "5.00"}
    back = await failed_rows(run)
    assert back == [["SKU", "Price", "Row", "Problem"], ["NEW-9", "5.00", "4", NO_NAME]]

    job, run = await import_file(b"SKU,Price,Row,Problem,Name\nNEW-9,5.00,4,none,New bolt\n")
    assert (run["created"], run["failed"]) == (1, 0)


async def test_more_unknown_skus_than_are_kept(dealer, import_file, failed_rows):
    add_items(dealer, 1)
    lines = "".join(f"X{n},1\n" for n in range(10_500))
    job, run = await import_file(f"SKU,Price\n{lines}A1,7\nA1,call\n".encode())
    assert (job["status"], job["record_count"]) == ("completed", 1)
    assert (run["created"], run["updated"], run["failed"]) == (0, 1, 10_501)
    assert len(job["error_message"].splitlines()) == 11
    back = await failed_rows(run)
    # Of the database's refusals, those that it kept: 10,000, or some batches more that were under
    # way at once. And what can't be read, wherever it stands.
    assert 10_000 <= len(back) - 2 <= 10_500
    assert len(dealer.errors()) == 10_000
    assert back[-1] == ["A1", "call", "10503", 'unit_price "call" is not a number']


def workbook(rows):
    made = Workbook()
    for row in rows:
        made.active.append(row)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "file_data", "changed"),
    [
        pytest.param(b"Item #,Qty On Hand\nA1,7\nX,1\n", {}, {"quantity": 7}, id="stock"),
        pytest.param(b"Cedar Supplies\n\nPrice;SKU\n7,50;A1\n1,25;X\n", {}, {"unit_price": 750},
                     id="a title, and the SKU last"),
        pytest.param(b"SKU,Name,Price\nA1,,7\nX,,1\n", {}, {"unit_price": 700},
                     id="a column of names with none in it"),
        pytest.param(b"Artikel,Preis\nA1,7\nX,1\n",
                     {"mapping": {"Artikel": "sku", "Preis": "cost", "Name": "name"}},
                     {"cost": 700}, id="a mapping for files with names"),
        pytest.param(b"SKU,Category\nA1,Nuts\nX,Nuts\n", {}, {"category": "Nuts"},
                     id="another category"),
        pytest.param(workbook([["SKU", "Price"], ["A1", 7.5], ["X", 1]]), {}, {"unit_price": 750},
                     id="a workbook"),
    ],
)  # fmt: skip
async def test_what_is_not_in_the_file_stays(dealer, import_file, content, file_data, changed):
    add_items(dealer, 2)
    before, other = dealer.inventory()
    job, run = await import_file(content, **file_data)
    assert (run["created"], run["updated"], run["failed"]) == (0, 1, 1)
    assert job["error_message"].endswith(f": {NO_NAME}")
    after, untouched = dealer.inventory()
    assert untouched == other
    is_found_by_more = {"search_keywords"} if "category" in changed else set()
    assert {name for name in after if after[name] != before[name]} == (
        {*changed, "updated_at"} | is_found_by_more
    )
    assert changed.items() <= after.items()


async def test_raw_records_without_names_update(settings, dealer):
    add_items(dealer, 1)
    records = [{"SKU": "A1", "Price": 7.5}, {"SKU": "X", "Price": ""}]
    job_id = dealer.insert_job(None, file_data={"records": records})
    await serve(settings, once=True)
    assert [item["unit_price"] for item in dealer.inventory()] == [750]
    assert dealer.job(job_id)["error_message"] == f"Row 2: {NO_NAME}"
    assert dealer.runs(job_id)[0]["notes"] == [NO_NAMES]
    assert [error["row"] for error in dealer.errors()] == [records[1]]


@pytest.mark.parametrize(
    ("mode", "counts", "problem", "names"),
    [
        ("upsert", (1, 1, 0), None, ["New", "Nut"]),
        ("update", (0, 1, 1), "Row 3: no item has this SKU", ["New"]),
        ("create", (1, 0, 1), "Row 2: an item has this SKU already", ["Bolt 1", "Nut"]),
    ],
)
async def test_a_job_says_what_may_become_of_rows(
    dealer, import_file, mode, counts, problem, names
):
    add_items(dealer, 1)
    content = b"SKU,Name\nA1,New\nB1,Nut\n"
    options = {"mode": mode}
    _, run = await import_file(content, options=options | {"dry_run": True})
    assert (run["created"], run["updated"], run["failed"]) == counts
    assert [item["name"] for item in dealer.inventory()] == ["Bolt 1"]
    job, run = await import_file(content, options=options)
    assert (run["created"], run["updated"], run["failed"], run["mode"]) == (*counts, mode)
    assert (job["error_message"], job["record_count"]) == (problem, sum(counts[:2]))
    assert [item["name"] for item in dealer.inventory()] == names


async def test_contacts_without_a_name_are_updated_only(dealer, import_file):
    dealer.execute(
        "insert into contacts (organization_id, name, email) values (%s, 'Ann', 'a@x.com')",
        dealer.organization_id,
    )
    content = b"Email,Phone\na@x.com,1\nnew@x.com,2\n"
    job, run = await import_file(content, "contacts", options={"mode": "update"})
    assert (run["created"], run["updated"], run["failed"]) == (0, 1, 1)
    assert job["error_message"] == "Row 3: no contact matches this row"
    names = "select string_agg(name || ' ' || phone, ', ') from contacts where organization_id = %s"
    assert dealer.scalar(names, dealer.organization_id) == "Ann 1"


@pytest.mark.parametrize(
    ("data_type", "content", "mode", "message"),
    [
        ("inventory", b"SKU,Price\nA1,1\n", "create", "No column was found for name."),
        ("inventory", b"SKU,Prise\nA1,1\n", "upsert", "No column was found for name."),
        ("inventory", b"SKU,Price\nA1,1\n", "replace", 'The option "mode" must be'),
        ("bids", b"Client,Project\nAnn,Deck\n", "update", "there is nothing to update"),
    ],
)
async def test_a_job_that_can_do_nothing_fails(import_file, data_type, content, mode, message):
    job, _ = await import_file(content, data_type, options={"mode": mode})
    assert job["status"] == "failed"
    assert message in job["error_message"]


async def test_a_record_without_a_name_updates_what_is_there(settings, dealer):
    add_items(dealer, 1)
    records = [{"sku": "A1", "name": "", "unit_price": "7"}, {"sku": "B1", "unit_price": "8"}]
    job_id = dealer.insert_job(records)
    await serve(settings, once=True)
    [item] = dealer.inventory()
    assert (item["name"], item["unit_price"]) == ("Bolt 1", 700)
    assert dealer.job(job_id)["error_message"] == f"Row 2: {NO_NAME}"
    assert [error["row"] for error in dealer.errors()] == [records[1]]
