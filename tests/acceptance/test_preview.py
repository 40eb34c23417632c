"""Previews: what they say of files and records, that it is so, and that nothing is written."""

import asyncio
import csv
import dataclasses
import io
import signal
from pathlib import Path

import pytest
from openpyxl import Workbook

from devstack.sample import SAMPLE
from worker.importing import preview as preview_module
from worker.importing.rows import Rows
from worker.job import Job
from worker.service import serve

FIELD = Path(__file__).parents[1] / "data" / "field"
ASKED = {"preview": True}


@pytest.fixture
def preview(import_file):
    """Have a file looked at; its preview, its notes."""

    async def preview_content(content, *arguments, options=ASKED, **file_data):
        job, run = await import_file(content, *arguments, options=ASKED | options, **file_data)
        assert (job["status"], job["error_message"]) == ("completed", None)
        assert job["record_count"] == 0
        assert run["kind"] == "preview"
        return run["preview"], run["notes"]

    return preview_content


def headers(found):
    return {column["header"]: column for column in found["columns"]}


def written(dealer):
    """Count all rows that an import could leave."""
    return {
        table: dealer.scalar(
            f"select count(*) from {table} where organization_id = %s",  # noqa: S608
            dealer.organization_id,
        )
        for table in ("inventory", "contacts", "bids", "import_errors")
    }


NOTHING = dict.fromkeys(("inventory", "contacts", "bids", "import_errors"), 0)


async def test_what_a_preview_says(preview, dealer):
    content = (
        b"Item #,Description,Qty,List Price,MSRP,Remarks\n"
        b"A-1,Hex bolt,7,2.50,3.00,\nA-2,Nail,x,1.25,1.50,\nTOTAL,,,,,\nA-1,Bolt,,2.75,,new\n"
    )
    found, notes = await preview(content)
    assert headers(found)["List Price"] == {
        "header": "List Price",
        "fill_rate": 1,
        "samples": ["2.50", "1.25", "2.75"],
        "field": "unit_price",
        "confidence": 0.87,
        "reason": "a synonym",
        "alternatives": [],
    }
    msrp = headers(found)["MSRP"]
    assert (msrp["field"], msrp["confidence"], msrp["reason"]) == (None, None, None)
    assert (msrp["alternatives"], msrp["fill_rate"]) == (["unit_price"], 0.6667)
    assert found["mapping"] == {
        "Item #": "sku", "Description": "name", "Qty": "quantity", "List Price": "unit_price",
    }  # fmt: skip
    assert (found["rows_looked_at"], found["is_all"], found["refused"]) == (3, True, 1)
    assert (found["missing"], found["problem"]) == ([], None)
    assert found["first_rows"] == [
        {"row": 2, "replaced_by": 5},
        {"row": 3, "problem": 'quantity "x" is not a number'},
        {"row": 5, "values": {"sku": "A-1", "name": "Bolt", "unit_price": 275}},
    ]
    assert any(note.startswith("Skipped as totals") for note in notes)
    assert written(dealer) == NOTHING


async def test_a_file_that_lacks_required_columns_is_shown_and_what_is_missing(preview, dealer):
    found, _ = await preview(b"Vendor,Price\nAcme,2\n")
    assert found["missing"] == [["name"], ["sku"]]
    assert found["problem"].startswith("No column was found for name.")
    assert headers(found)["Price"]["field"] == "unit_price"
    assert found["first_rows"][0]["row"] == 2
    assert written(dealer) == NOTHING


async def test_a_file_that_only_updates_lacks_names_and_has_no_problem(preview):
    found, notes = await preview(b"SKU,Price\nA1,2\n")
    assert (found["missing"], found["problem"]) == ([["name"]], None)
    assert notes[0].startswith("The file has no names")
    assert found["first_rows"] == [{"row": 2, "values": {"sku": "A1", "unit_price": 200}}]


@pytest.mark.parametrize("data_type", ["contacts", "bids"])
async def test_other_data_types(preview, data_type):
    content = {
        "contacts": b"First Name,Last Name,E-mail\nAnn,Lee,ann@lee.test\n",
        "bids": b"Client,Project,Total\nAnn,Deck,12.5\n",
    }[data_type]
    found, _ = await preview(content, data_type)
    [row] = found["first_rows"]
    if data_type == "contacts":
        assert row["values"] == {"name": "Ann Lee", "email": "ann@lee.test"}
        assert found["mapping"] == {"First Name": "name", "Last Name": "name", "E-mail": "email"}
        assert headers(found)["First Name"]["field"] == "name"
    else:
        assert row["values"]["total"] == "12.50"


async def test_a_workbooks_sheets_are_told(preview):
    workbook = Workbook()
    workbook.active.title = "Read me"
    sheet = workbook.create_sheet("Items")
    for row in (["SKU", "Name", "Price"], ["A1", "Bolt", 2.5], ["A2", "Nail", 1]):
        sheet.append(row)
    content = io.BytesIO()
    workbook.save(content)
    found, _ = await preview(content.getvalue(), name="stock.xlsx")
    assert (found["sheet"], found["sheets"]) == ("Items", ["Read me", "Items"])
    assert headers(found)["Price"]["samples"] == ["2.5", "1"]


async def test_every_row_is_looked_at_only_where_that_is_asked_for(preview):
    lines = "".join(f"A{n},Bolt,{n}\n" for n in range(1, 2_101))
    content = f"SKU,Name,Qty\n{lines}A9999,Nail,x\n".encode()
    for options, rows, is_all, refused in (
        ({}, 1_000, False, 0),
        ({"preview_rows": 5}, 5, False, 0),
        ({"preview_rows": 2_101}, 2_101, True, 1),
        ({"preview_rows": "all"}, 2_101, True, 1),
    ):
        found, _ = await preview(content, options=options)
        assert (found["rows_looked_at"], found["is_all"], found["refused"]) == (
            rows, is_all, refused,
        )  # fmt: skip
        assert len(found["first_rows"]) == min(20, rows)


@pytest.mark.parametrize(
    ("file_data", "message"),
    [
        ({"options": ASKED | {"preview_rows": 0}}, 'The option "preview_rows" must be'),
        ({"options": ASKED | {"preview_rows": "few"}}, 'The option "preview_rows" must be'),
        ({"options": ASKED | {"preview_rows": True}}, 'The option "preview_rows" must be'),
        ({"options": ASKED | {"mode": "replace"}}, 'The option "mode" must be'),
        ({"options": ASKED | {"sheet": ""}}, 'The option "sheet" must be'),
        ({"options": {"preview": "yes"}}, 'The option "preview" must be true or false.'),
        ({"options": {"dry_run": 1}}, 'The option "dry_run" must be true or false.'),
        ({"options": ASKED, "mapping": {"SKU": "size"}}, "which is no field of items"),
    ],
)  # fmt: skip
async def test_what_cannot_be_meant_is_refused(import_file, dealer, file_data, message):
    job, run = await import_file(b"SKU,Name\nA1,Bolt\n", **file_data)
    assert (job["status"], job["record_count"], run["preview"]) == ("failed", 0, None)
    assert message in job["error_message"]
    assert written(dealer) == NOTHING


async def test_a_file_that_cannot_be_read_fails_with_the_reason(import_file):
    job, run = await import_file(b"%PDF-1.7 \x00\x01", options=ASKED)
    assert (job["status"], run["preview"]) == ("failed", None)
    assert "It is a PDF" in job["error_message"]


async def test_raw_records(settings, dealer):
    records = [{"Item Code": "A1", "Item Name": "Bolt", "Price": 2.5}, {"Item Code": "A2"}, "x"]
    job_id = dealer.insert_job(None, file_data={"records": records, "options": ASKED})
    await serve(settings, once=True)
    [run] = dealer.runs(job_id)
    found = run["preview"]
    assert found["mapping"] == {"Item Code": "sku", "Item Name": "name", "Price": "unit_price"}
    assert headers(found)["Item Name"]["fill_rate"] == 0.5
    assert found["first_rows"][0]["values"]["unit_price"] == 250
    assert found["first_rows"][2] == {
        "row": 3, "problem": 'the record is "x", not fields with their values',
    }  # fmt: skip
    assert written(dealer) == NOTHING


async def test_records_that_are_mapped_already(settings, dealer):
    records = [{"sku": "A1", "name": "Bolt", "size": "M8"}]
    file_data = {"records": records, "mapping": {}, "options": ASKED}
    job_id = dealer.insert_job(None, file_data=file_data)
    await serve(settings, once=True)
    [run] = dealer.runs(job_id)
    assert run["preview"]["mapping"] == {"name": "name", "sku": "sku"}
    assert [column["header"] for column in run["preview"]["columns"]] == ["sku", "name", "size"]
    assert run["preview"]["first_rows"] == [{"row": 1, "values": {"name": "Bolt", "sku": "A1"}}]


@pytest.mark.parametrize(
    ("content", "data_type"),
    [
        pytest.param(b"".join(SAMPLE.read_bytes().splitlines(keepends=True)[:200]), "inventory",
                     id="the shipped sample"),
        *(pytest.param((FIELD / name).read_bytes(), data_type, id=name)
          for name, data_type in (("19_item.csv", "inventory"), ("32_price_each.csv", "inventory"),
                                  ("68_table_begins_at_c4.xlsx", "inventory"),
                                  ("n1_cover_sheet_first.xlsx", "inventory"),
                                  ("b1_table_begins_in_column_b.xlsx", "inventory"),
                                  ("c2_quickbooks_customers.csv", "contacts"),
                                  ("64_contacts_first_last.csv", "contacts"))),
    ],
)  # fmt: skip
async def test_a_preview_and_the_import_that_follows_agree(
    preview, import_file, dealer, content, data_type
):
    found, notes = await preview(content, data_type)
    assert found["problem"] is None
    assert written(dealer) == NOTHING
    _, run = await import_file(content, data_type)
    assert run["mapping"] == found["mapping"]
    assert run["notes"] == notes
    landed = dealer.connection.execute(
        f"select * from {data_type} where organization_id = %s",  # noqa: S608
        [dealer.organization_id],
    ).fetchall()
    key = "sku" if data_type == "inventory" else "name"
    by_key = {row[key]: row for row in landed}
    refused = {error["row_number"]: error["message"] for error in dealer.errors()}
    values = 0
    for row in found["first_rows"]:
        if "problem" in row:
            assert refused[row["row"]] == row["problem"]
        elif "values" in row:
            stored = by_key[row["values"][key]]
            for name, value in row["values"].items():
                if name == "account_owner_number":
                    continue  # lands as the owner
                assert str(stored[name]) == str(value) or float(stored[name]) == float(value)
                values += 1
    assert values

    # And the mapping that it suggests, given back, is the same mapping.
    again, _ = await preview(content, data_type, mapping=found["mapping"])
    assert again["mapping"] == found["mapping"]
    assert again["first_rows"] == found["first_rows"]
    assert {column["reason"] for column in again["columns"]} <= {None, "as the mapping says"}


async def test_many_columns_make_no_large_preview(preview):
    names = [f"Spalte {n} {'ü' * 200}" for n in range(2_000)]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*names, "SKU", "Name"])
    for n in range(5):
        writer.writerow([*("ß" * 100 + f"{n}" for _ in names), f"A{n}", "Bolt"])
    found, _ = await preview(text.getvalue().encode())
    assert len(found["columns"]) + found["columns_left_out"] == 2_002
    assert {"SKU", "Name"} <= headers(found).keys()
    assert len(found["columns"]) <= 500
    sample = headers(found)[names[0]]["samples"][0]
    assert sample == "ß" * 59 + "…"


async def test_the_file_stays_and_nothing_else_is_stored(import_file, dealer):
    await import_file(b"SKU,Name\nA1,\n", options=ASKED)
    names = "select string_agg(name, ', ') from storage.objects where name like %s"
    stored = dealer.scalar(names, f"{dealer.organization_id}/%")
    assert stored.endswith("/stock.csv")
    assert ", " not in stored


async def test_a_preview_is_given_back_on_shutdown_and_made_by_the_next_worker(
    settings, dealer, monkeypatch
):
    file_data = {"records": [{"SKU": "A1", "Name": "Bolt"}], "options": ASKED}
    job_id = dealer.insert_job(None, file_data=file_data)

    class Stopping(Rows):
        async def survey(self):
            signal.raise_signal(signal.SIGTERM)
            while not self._stop.is_set():
                await asyncio.sleep(0)
            await super().survey()

    with monkeypatch.context() as patch:
        patch.setattr(preview_module, "Rows", Stopping)
        await serve(settings, once=False)
    # Twice where a claim was under way when the signal came: it brings the job again.
    assert {run["outcome"] for run in dealer.runs(job_id)} == {"released"}
    assert dealer.job(job_id)["status"] == "pending"
    await serve(settings, once=True)
    last = dealer.runs(job_id)[-1]
    assert (last["outcome"], last["attempt"]) == ("completed", 1)
    assert last["preview"]["mapping"] == {"SKU": "sku", "Name": "name"}


async def test_a_preview_that_is_cancelled_while_it_reads(settings, dealer, monkeypatch):
    file_data = {"records": [{"SKU": "A1", "Name": "Bolt"}], "options": ASKED}
    job_id = dealer.insert_job(None, file_data=file_data)

    class Waiting(Rows):
        async def survey(self):
            dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", job_id)
            await asyncio.Event().wait()  # until its heartbeat hears of it

    monkeypatch.setattr(preview_module, "Rows", Waiting)
    await serve(settings.model_copy(update={"worker_lease_seconds": 10}), once=True)
    [run] = dealer.runs(job_id)
    assert (run["outcome"], run["preview"]) == ("cancelled", None)


async def test_a_kind_of_work_that_nobody_knows_fails_and_says_so(settings, dealer, monkeypatch):
    """Faked, for this database has no such kind: a newer one may."""
    read = Job.from_json
    monkeypatch.setattr(
        Job, "from_json", lambda claimed: dataclasses.replace(read(claimed), kind="a newer one")
    )
    job_id = dealer.insert_job([{"sku": "A1", "name": "Bolt"}])
    await serve(settings, once=True)
    row = dealer.job(job_id)
    assert row["status"] == "failed"
    assert row["error_message"].startswith("This job asks for something that cannot be done yet.")
