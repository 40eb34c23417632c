"""Files from upload to answer: through Storage, a worker, and back."""

import asyncio
import csv
import io
import json
import os
import tempfile
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from openpyxl import Workbook

from devstack.faults import Faults, HttpRule
from devstack.sample import SAMPLE
from worker.service import serve

CSV = b"""SKU,Name,Unit Price,Qty,Vendor
A-1,Hex bolt,"$1,234.50",12,Acme
A-2,,5,1,Acme

A-3,Nail,call,a few,Acme
A-1,Hex bolt M8,2.50,,Acme
"""


@pytest.fixture
def upload(dealer, service_client):
    """Upload a file and insert its job; the job's id."""

    async def upload_file(content, name="stock.csv", path=None, **columns):
        path = path or f"{dealer.organization_id}/{uuid4()}/{name}"
        await service_client.storage.from_("imports").upload(path, content)
        file_data = {"source": {"bucket": "imports", "path": path}}
        file_data |= {key: columns.pop(key) for key in ("mapping", "options") if key in columns}
        return dealer.insert_job(None, file_data=file_data, file_name=name, **columns)

    return upload_file


def spreadsheet(rows):
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Stock")
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def scratch():
    """What this process has there; other suites have theirs."""
    mine = f"prospaces-import-{os.getpid()}-*"
    return {path.name for path in Path(tempfile.gettempdir()).glob(mine)}


async def test_a_file_goes_in_and_its_refused_rows_come_back(settings, stack, dealer, upload):
    job_id = await upload(CSV)
    before = scratch()
    await serve(settings, once=True)
    assert scratch() == before

    row = dealer.job(job_id)
    assert (row["status"], row["record_count"]) == ("completed", 2)
    assert row["progress"] == {"current": 4, "total": 4, "percent": 100}
    # Numbers as a spreadsheet shows them: the header is row 1, and the blank row counts there.
    assert row["error_message"].splitlines() == [
        "Row 3: no item has this SKU, and a new one needs a name",
        'Row 5: quantity "a few" is not a number; unit_price "call" is not a number',
    ]
    [item] = dealer.inventory("sku, name, quantity, unit_price")
    assert item == {"sku": "A-1", "name": "Hex bolt M8", "quantity": 0, "unit_price": 250}
    [run] = dealer.runs(job_id)
    assert (run["created"], run["updated"], run["failed"], run["unprocessed"]) == (1, 1, 2, 0)
    assert run["mapping"] == {
        "SKU": "sku", "Name": "name", "Unit Price": "unit_price", "Qty": "quantity",
    }  # fmt: skip
    assert run["notes"] == [
        'Columns that are not imported: "Vendor".',
        "Replaced by a later row of the same item: 1 rows.",
    ]
    first, second = dealer.errors()
    assert (first["row_number"], first["field"], second["field"]) == (3, "sku", None)
    assert first["row"] == {
        "SKU": "A-2", "Name": "", "Unit Price": "5", "Qty": "1", "Vendor": "Acme",
    }  # fmt: skip

    failed = fetch(stack, dealer.colleague_token, run["failed_rows_path"])
    assert list(csv.reader(io.StringIO(failed.decode("utf-8-sig")))) == [
        ["SKU", "Name", "Unit Price", "Qty", "Vendor", "Row", "Problem"],
        ["A-2", "", "5", "1", "Acme", "3",
         "no item has this SKU, and a new one needs a name"],
        ["A-3", "Nail", "call", "a few", "Acme", "5",
         'quantity "a few" is not a number; unit_price "call" is not a number'],
    ]  # fmt: skip

    mended = failed.replace(b"A-2,,", b"A-2,Washer,").replace(b"call,a few", b"4,3")
    again = await upload(mended)
    await serve(settings, once=True)
    assert dealer.job(again)["record_count"] == 2
    assert dealer.job(again)["error_message"] is None
    assert [run["failed_rows_path"] for run in dealer.runs(again)] == [None]
    assert len(dealer.inventory()) == 3


def fetch(stack, token, path):
    """Download as a user, by a signed link as the frontend would."""
    storage = f"{stack.url}/storage/v1"
    headers = {"apikey": stack.keys.publishable, "authorization": f"Bearer {token}"}
    signed = httpx.post(
        f"{storage}/object/sign/imports/{path}", headers=headers, json={"expiresIn": 60}
    )
    answer = httpx.get(storage + signed.raise_for_status().json()["signedURL"])
    return answer.raise_for_status().content


async def test_the_same_rows_in_six_forms_give_the_same_inventory(
    settings, make_dealer, service_client, figure
):
    with SAMPLE.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    rows = rows[::8]
    records = [dict(zip(header, row, strict=True)) for row in rows]
    forms = {
        "csv": delimited([header, *rows], ","),
        "tsv": delimited([header, *rows], "\t"),
        "xlsx": spreadsheet([["Stock list"], [], header, *rows]),
        "ods": open_document([header, *rows]),
    }
    jobs = {}
    for form, content in forms.items():
        dealer = make_dealer()
        path = f"{dealer.organization_id}/stock.{form}"
        await service_client.storage.from_("imports").upload(path, content)
        jobs[form] = dealer, dealer.insert_job(None, file_data={"source": {"path": path}})
    for form, file_data in {
        "raw records": {"records": records},
        "mapped records": {"records": records, "mapping": {name: name for name in header}},
    }.items():
        dealer = make_dealer()
        jobs[form] = dealer, dealer.insert_job(None, file_data=file_data)
    await serve(settings, once=True)

    columns = (
        "sku, name, description, category, quantity, quantity_on_order, unit_price, cost,"
        " price_tier_1, price_tier_2, department_code, unit_of_measure, search_keywords"
    )
    outcomes = {}
    for form, (dealer, job_id) in jobs.items():
        [run] = dealer.runs(job_id)
        counts = run["outcome"], run["created"], run["updated"], run["failed"]
        problems = sorted(error["message"] for error in dealer.errors())
        outcomes[form] = counts, problems, dealer.inventory(columns)
        figure(f"{form}: {counts}")
    expected = outcomes.pop("mapped records")
    assert expected[0][1] > 1200
    for form, outcome in outcomes.items():
        assert outcome == expected, form


def delimited(rows, delimiter):
    lines = io.StringIO()
    csv.writer(lines, delimiter=delimiter).writerows(rows)
    return lines.getvalue().encode()


def open_document(rows):
    """Write an .ods by hand: odfpy takes minutes for this many cells."""
    import zipfile  # noqa: PLC0415
    from xml.sax.saxutils import escape  # noqa: PLC0415

    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    lines = "".join(
        f"<table:table-row>{''.join(cell.format(escape(text)) for text in row)}</table:table-row>"
        for row in rows
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    document = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}>'
        "<office:body><office:spreadsheet>"
        f'<table:table table:name="Stock">{lines}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        "</manifest:manifest>"
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind, zipfile.ZIP_STORED)
        archive.writestr("content.xml", document)
        archive.writestr("META-INF/manifest.xml", manifest)
    return content.getvalue()


async def test_a_workbook_with_title_lines(settings, dealer, upload):
    rows = [
        ["Cedar Supplies"], ["Stock on 2026-11-23"], [],
        ["Item #", "Item Description", "Price", "On Hand"],
        ["00123", "Hex bolt", 2.5, 12], [4567, "Nail", "1,200.00", 3.0], [None] * 4,
        ["=1+1", "Formula without a value", 1, 1],
    ]  # fmt: skip
    job_id = await upload(spreadsheet(rows), "stock.xlsx")
    await serve(settings, once=True)
    items = dealer.inventory("sku, name, unit_price, quantity")
    assert [tuple(item.values()) for item in items] == [
        ("00123", "Hex bolt", 250, 12),
        ("4567", "Nail", 120_000, 3),
    ]
    assert dealer.job(job_id)["error_message"].startswith("Row 8: sku ")


async def test_decimal_commas_are_found_by_the_whole_column(settings, dealer, upload):
    text = "Artikelnr;Name;Preis\n1;Schraube 5 mm;1.234\n2;Dübel;12,5\n3;Mörtel;1.234,50\n"
    mapping = {"Artikelnr": "sku", "Name": "name", "Preis": "unit_price"}
    job_id = await upload(text.encode("cp1252"), mapping=mapping)
    await serve(settings, once=True)
    assert [item["unit_price"] for item in dealer.inventory()] == [123_400, 1250, 123_450]
    assert dealer.inventory()[1]["name"] == "Dübel"
    [run] = dealer.runs(job_id)
    assert any("Windows-1252" in note for note in run["notes"])
    assert any("unit_price" in note and "comma" in note for note in run["notes"])


async def test_a_rehearsal_counts_and_writes_nothing(settings, dealer, upload):
    dealer.insert_job([{"sku": "A-1", "name": "Old"}])
    await serve(settings, once=True)
    job_id = await upload(CSV, options={"dry_run": True})
    await serve(settings, once=True)
    row = dealer.job(job_id)
    assert (row["status"], row["record_count"]) == ("completed", 0)
    first, *others = row["error_message"].splitlines()
    assert first == (
        "Rehearsal: nothing was written. 0 rows would be created, 2 updated and 2 refused."
    )
    assert len(others) == 2
    assert [item["name"] for item in dealer.inventory()] == ["Old"]
    [run] = dealer.runs(job_id)
    assert run["dry_run"]
    assert run["failed_rows_path"]


@pytest.mark.parametrize(
    "path",
    [
        "{other}/stock.csv",
        "{own}/../{other}/stock.csv",
        "{own}/%2e%2e/{other}/stock.csv",
        "{own}//{other}/stock.csv",
        "{own}/./stock.csv",
        "{own}\\..\\{other}\\stock.csv",
        "{own}/a%2fb",
        "/{own}/stock.csv",
        "../imports/{own}/stock.csv",
        "{own}",
        "{own}/",
        "",
        None,
        7,
        ["{own}/stock.csv"],
        "{own}/st\x1bock.csv",
    ],
)
async def test_a_path_outside_the_organizations_folder_is_refused(
    settings, dealer, make_dealer, service_client, path
):
    other = make_dealer()
    stored = f"{other.organization_id}/stock.csv"
    await service_client.storage.from_("imports").upload(stored, CSV, {"upsert": "true"})
    if isinstance(path, str):
        path = path.format(own=dealer.organization_id, other=other.organization_id)
    job_id = dealer.insert_job(None, file_data={"source": {"bucket": "imports", "path": path}})
    await serve(settings, once=True)
    row = dealer.job(job_id)
    assert row["status"] == "failed"
    assert (
        "organization's folder" in row["error_message"] or "names no file" in (row["error_message"])
    )
    assert dealer.inventory() == []


@pytest.mark.parametrize(
    ("file_data", "message"),
    [
        ({"source": {"bucket": "avatars", "path": "x/y"}}, "from the bucket imports only"),
        ({"source": {}}, "names no file"),
        ({"source": {"path": "{own}/gone.csv"}}, "is not in Storage any more"),
        ({"source": {"path": "{own}/gone.csv"}, "options": {"delimiter": "ab"}}, "delimiter"),
        ({"source": {"path": "{own}/gone.csv"}, "options": {"encoding": "rot13"}}, "encoding"),
        ({"source": {"path": "{own}/gone.csv"}, "options": {"header_row": -1}}, "header_row"),
    ],
)
async def test_a_source_that_cannot_be_opened_is_refused(settings, dealer, file_data, message):
    text = json.dumps(file_data).replace("{own}", dealer.organization_id)
    job_id = dealer.insert_job(None, file_data=json.loads(text))
    await serve(settings, once=True)
    row = dealer.job(job_id)
    assert row["status"] == "failed"
    assert message in row["error_message"]


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        pytest.param(b"", {}, "empty", id="empty"),
        pytest.param(b"Price,Vendor\n1,2\n", {}, "No column was found for name", id="no name"),
        pytest.param(CSV, {"mapping": {"SKU": "id"}}, "which is no field", id="no field"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, {}, "table", id="a picture"),
        pytest.param(b'SKU,Name\n1,"never closed\n', {}, "quote", id="an open quote"),
        pytest.param(b"x" * 1_200_000, {}, "larger than 1 MB", id="too large"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused(
    settings, dealer, upload, content, columns, message
):
    job_id = await upload(content, **columns)
    before = scratch()
    await serve(settings.model_copy(update={"worker_file_limit_mb": 1}), once=True)
    row = dealer.job(job_id)
    assert row["status"] == "failed"
    assert message in row["error_message"]
    assert scratch() == before
    assert [run["outcome"] for run in dealer.runs(job_id)] == ["failed"]


async def test_a_file_with_nothing_below_its_header_failed(settings, dealer, upload):
    job_id = await upload(b"SKU,Name\n\n,\n")
    await serve(settings, once=True)
    row = dealer.job(job_id)
    assert (row["status"], row["record_count"]) == ("failed", 0)
    assert row["error_message"] == "Nothing was imported: there are no rows to import."
    assert row["progress"] == {"current": 0, "total": 0, "percent": 100}


async def test_a_file_that_changed_under_a_half_finished_import_is_refused(
    settings, dealer, upload, service_client
):
    lines = [f"SKU-{n},Item {n}" for n in range(1, 401)]
    path = f"{dealer.organization_id}/stock.csv"
    job_id = await upload("\n".join(["SKU,Name", *lines]).encode(), path=path)
    await stop_in_the_middle(settings, dealer, job_id)
    landed = len(dealer.inventory())
    assert 0 < landed < 400

    changed = "\n".join(["SKU,Name", "NEW,New", *lines]).encode()
    await service_client.storage.from_("imports").upload(path, changed, {"upsert": "true"})
    await serve(settings, once=True)
    row = dealer.job(job_id)
    assert row["status"] == "failed"
    assert "changed while it was being imported" in row["error_message"]
    assert len(dealer.inventory()) == landed


async def test_another_attempt_goes_on_with_the_file_where_the_ledger_ends(
    settings, dealer, upload
):
    lines = [f"SKU-{n},{'' if n % 100 == 7 else f'Item {n}'}" for n in range(1, 401)]
    job_id = await upload("\n".join(["SKU,Name", *lines]).encode())
    await stop_in_the_middle(settings, dealer, job_id)
    await serve(settings, once=True)
    assert dealer.job(job_id)["status"] == "completed"
    first, second = dealer.runs(job_id)
    assert first["outcome"] == "lease_expired"
    assert (second["created"], second["failed"]) == (396, 4)
    # Also the rows that the first attempt refused are in the second one's file.
    assert second["failed_rows_path"]
    assert [error["row_number"] for error in dealer.errors()] == [8, 108, 208, 308]


async def stop_in_the_middle(settings, dealer, job_id):
    """Cancel a worker, as if it were killed, when some batches have landed, not all."""
    slow = settings.model_copy(update={"worker_batch_size": 5, "worker_batches_in_flight": 1})
    faults = dealer.stack.faults
    faults.reset_counters()
    # The first batch of new items goes twice: without their keywords it comes back.
    third = HttpRule(path="rpc/apply_inventory_batch", action="drop", skip=3)
    with faults.injected(Faults(http=(third,))):
        work = asyncio.create_task(serve(slow, once=True))
        while not faults.get()[1].injected:
            await asyncio.sleep(0.01)
        work.cancel()
        await asyncio.wait([work])
    [run] = dealer.runs(job_id)
    if run["outcome"] is None:
        dealer.expire_lease(run["id"])


@pytest.mark.parametrize("action", ["drop", "status"])
async def test_storage_that_fails_once_costs_a_moment(settings, stack, dealer, upload, action):
    job_id = await upload(CSV)
    rule = HttpRule(path="/storage/v1/object/sign", action=action, count=1)
    with stack.faults.injected(Faults(http=(rule,))):
        await serve(settings, once=True)
    assert dealer.job(job_id)["status"] == "completed"
    assert len(dealer.runs(job_id)) == 1


async def test_failed_rows_that_cannot_be_stored_are_in_the_table_all_the_same(
    settings, stack, dealer, upload
):
    job_id = await upload(CSV)
    rule = HttpRule(path=f"{dealer.organization_id}/failed", action="status", status=403)
    with stack.faults.injected(Faults(http=(rule,))):
        await serve(settings, once=True)
    assert dealer.job(job_id)["status"] == "completed"
    assert [run["failed_rows_path"] for run in dealer.runs(job_id)] == [None]
    assert len(dealer.errors()) == 2


async def test_a_storage_that_refuses_the_worker_is_our_fault(settings, stack, dealer, upload):
    job_id = await upload(CSV)
    rule = HttpRule(path="/storage/v1/object/sign", action="status", status=403)
    with stack.faults.injected(Faults(http=(rule,))):
        await serve(settings, once=True)
    row = dealer.job(job_id)
    assert row["status"] == "failed"
    assert "a fault on our side" in row["error_message"]


async def test_raw_records_are_mapped_by_their_keys(settings, dealer):
    records = [
        {"Item Number": "A", "Item Description": "Bolt", "Price": "1,50", "Bin": "7"},
        {"Item Number": "", "Item Description": " ", "Price": "", "Bin": None},
        {"Item Number": "B", "Item Description": "Nail", "Price": "2,25", "Bin": ""},
    ]
    job_id = dealer.insert_job(None, file_data={"records": records})
    await serve(settings, once=True)
    assert [item["unit_price"] for item in dealer.inventory()] == [150, 225]
    [run] = dealer.runs(job_id)
    assert (run["row_count"], run["created"]) == (2, 2)
    assert run["mapping"] == {
        "Item Number": "sku",
        "Item Description": "name",
        "Price": "unit_price",
    }
    assert dealer.job(job_id)["progress"]["total"] == 2


async def test_contacts_match_and_bids_are_inserted(settings, dealer):
    people = [
        {"name": "Ann", "email": "ann@lee.test", "priceLevel": "VIP", "ytdSales": "1,234.5"},
        {"name": "", "email": "", "phone": "Total: 2"},
        {"name": "Ann Lee", "email": "ann@lee.test", "priceLevel": ""},
        {"legacyNumber": "77"},
        {"name": "Bob", "ytdSales": "lots"},
    ]
    contacts = dealer.insert_job(people, data_type="contacts")
    await serve(settings, once=True)
    [run] = dealer.runs(contacts)
    assert (run["created"], run["updated"], run["failed"]) == (2, 1, 1)
    assert any(note.startswith("Skipped as totals") for note in run["notes"])
    rows = dealer.connection.execute(
        "select name, email, price_level, ytd_sales::text, status, owner_id from contacts"
        " where organization_id = %s order by name", [dealer.organization_id],
    ).fetchall()  # fmt: skip
    ann, legacy = rows
    assert (ann["name"], ann["price_level"], ann["ytd_sales"]) == ("Ann Lee", "VIP", "1234.50")
    assert (ann["status"], ann["owner_id"]) == ("Prospect", dealer.creator_id)
    assert legacy["name"] == "Legacy #77"
    assert legacy["email"]

    bids = [{"clientName": "Lee", "projectName": "Deck", "total": "105"}] * 3
    job_id = dealer.insert_job(bids, data_type="bids")
    await serve(settings, once=True)
    assert dealer.job(job_id)["record_count"] == 3
    assert dealer.scalar(
        "select count(*) from bids where organization_id = %s", dealer.organization_id
    ) == 3  # fmt: skip
