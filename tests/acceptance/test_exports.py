"""Exports from the job to the file, by a worker: what the CRM asks for, and what it gets."""

import csv
import io
from datetime import date

import openpyxl
import pytest
from psycopg.types.json import Jsonb

from worker.service import serve


@pytest.fixture
def export(settings, dealer, service_client):
    """Have something exported; the job, its run, and the file's bytes if there is one."""

    async def run(data_type="inventory", options=None, **columns):
        file_data = None if options is None else {"export_options": options}
        given = {"job_type": "export", "data_type": data_type, "file_data": file_data}
        job_id = dealer.insert_job(None, scheduled_in=-91, **given | columns)
        await serve(settings, once=True)
        [run] = dealer.runs(job_id)
        path = run["export_path"]
        content = await service_client.storage.from_("exports").download(path) if path else None
        return dealer.job(job_id), run, content

    return run


@pytest.fixture
def insert(dealer):
    def rows(table, *given):
        for item in given:
            row = {"organization_id": dealer.organization_id} | item
            names = ", ".join(row)
            dealer.execute(
                f"insert into {table} ({names}) values ({', '.join(['%s'] * len(row))})",  # noqa: S608
                *(Jsonb(v) if isinstance(v, list | dict) else v for v in row.values()),
            )

    return rows


INVENTORY = (
    "name,sku,description,category,quantity,quantity_on_order,unit_price,cost,price_tier_1,"
    "price_tier_2,price_tier_3,price_tier_4,price_tier_5,department_code,unit_of_measure"
)


async def test_inventory_as_the_crm_asks_for_it(export, insert, dealer):
    insert("inventory", {
        "name": 'Bolt, 1/2"', "sku": "00123", "description": "", "category": "Nuts & Bolts",
        "quantity": 12, "unit_price": 1999, "cost": 5, "price_tier_1": 0, "price_tier_2": -150,
        "unit_of_measure": "ea",
    })  # fmt: skip
    job, run, content = await export(file_name="inventory_export_2026-05-14.csv")
    assert (job["status"], job["record_count"], job["error_message"]) == ("completed", 1, None)
    assert job["progress"] == {"current": 1, "total": 1, "percent": 100}
    expected_path = f"{dealer.organization_id}/{job['id']}/inventory_export_2026-05-14.csv"
    assert run["export_path"] == expected_path
    assert content.decode("utf-8-sig") == (
        f'{INVENTORY}\r\n"Bolt, 1/2""",00123,,Nuts & Bolts,12,0,19.99,0.05,0.00,-1.50,,,,,ea\r\n'
    )
    assert content.startswith(b"\xef\xbb\xbf")


CONTACTS = (
    "name,email,phone,company,trade,address,city,province,postalCode,status,priceLevel,notes,"
    "legacyNumber,accountOwnerNumber,ptdSales,ptdGpPercent,ytdSales,ytdGpPercent,lyrSales,"
    "lyrGpPercent"
)
BIDS = "clientName,projectName,description,subtotal,tax,total,status,validUntil,notes,terms"


@pytest.mark.parametrize(
    ("data_type", "header"),
    [
        ("inventory", INVENTORY),
        ("contacts", CONTACTS),
        ("bids", BIDS),
    ],
)
async def test_an_empty_table_gives_a_header_and_says_0(export, data_type, header):
    job, _, content = await export(data_type, {})
    assert (job["status"], job["record_count"]) == ("completed", 0)
    assert content.decode("utf-8-sig") == f"{header}\r\n"


async def test_no_cell_is_a_formula(export, insert):
    insert("inventory", *(
        {"sku": f"S{number}", "name": name, "description": name}
        for number, name in enumerate(
            ["=1+1", "+1", "-1", "+a", "-a", "@SUM(A1)", "\t=1", "'=1", "'quoted'", "\\N", '="x"']
        )
    ))  # fmt: skip
    _, _, content = await export()
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    written = {row["sku"]: row["name"] for row in rows}
    assert written == {
        "S0": "'=1+1", "S1": "+1", "S2": "-1", "S3": "'+a", "S4": "'-a", "S5": "'@SUM(A1)",
        "S6": "'\t=1", "S7": "''=1", "S8": "'quoted'", "S9": "'\\N", "S10": "'=\"=\"\"x\"\"\"",
    }  # fmt: skip


async def test_a_workbook(export, insert):
    insert("inventory", {
        "name": "=1+1", "sku": "0012", "description": "a\x01\nb_x0041_", "quantity": 3,
        "unit_price": 1250, "category": None,
    })  # fmt: skip
    job, run, content = await export(options={"format": "xlsx"}, file_name="stock.csv")
    assert run["export_path"].endswith("/stock.xlsx")
    assert job["record_count"] == 1
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert (sheet.title, sheet.freeze_panes) == ("inventory", "A2")
    header, row = sheet.iter_rows()
    assert [cell.value for cell in header] == INVENTORY.split(",")
    assert all(cell.font.bold for cell in header)
    assert not any(cell.font.bold for cell in row)
    assert [(cell.value, cell.data_type) for cell in row[:7]] == [
        ("=1+1", "s"), ("0012", "s"), ("a\nb_x005F_x0041_", "s"), (None, "n"), (3, "n"), (0, "n"),
        (12.5, "n"),
    ]  # fmt: skip
    assert sheet.column_dimensions["A"].width == 30


async def test_bids_in_a_workbook_have_dates(export, insert):
    insert("bids", {"client_name": "Ann", "project_name": "Deck", "total": "12345678901234.567",
                    "subtotal": "10.50", "valid_until": "2026-03-25T23:30:00Z"})  # fmt: skip
    _, _, content = await export("bids", {"format": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    by_name = dict(zip(*[[cell.value for cell in row] for row in sheet.iter_rows()], strict=True))
    assert by_name["validUntil"].date() == date(2026, 3, 25)
    assert (by_name["subtotal"], by_name["total"]) == (10.5, "12345678901234.567")


QUOTE = {
    "quote_number": "Q-007", "title": "Deck <big> & 'small'", "contact_name": "Ann\nLee",
    "contact_email": "ann@lee.test", "status": "sent", "price_tier": "VIP",
    "valid_until": "2026-06-30", "subtotal": "1050.10", "tax_amount": "136.51", "total": "1186.61",
    "notes": None, "terms": "Net 30",
    "line_items": [
        {"sku": " A-1 ", "description": "Bolt", "uom": "ea", "quantity": 2, "unitPrice": 0.1},
        {"item_sku": "B-2", "desc": "", "itemName": "Nail", "unit": "box", "qty": "3.50",
         "unit_price": "10", "line_total": "34.9"},
        {"inventory_sku": "A-1", "title": "Bolt", "unit_of_measure": "ea", "quantity": 1,
         "price": 0.3, "total": 0},
        {"name": "Delivery", "quantity": 1, "price": 1000},
        {"sku": "C|3", "quantity": "many", "unitPrice": None, "price": "12.00"},
    ],
}  # fmt: skip
# By hand, from the rules of docs/EXPORTING.md.
QUOTE_COLUMNS = {
    "quote_number": "Q-007", "title": "Deck <big> & 'small'", "contact_name": "Ann\nLee",
    "contact_email": "ann@lee.test", "status": "sent", "price_tier": "VIP",
    "valid_until": "2026-06-30", "subtotal": "1050.10", "tax_amount": "136.51", "total": "1186.61",
    "sku": "A-1", "skus": "A-1|B-2|C|3",
    "sku_description": "Bolt", "sku_descriptions": "Bolt|Nail|Delivery",
    "sku_unit": "ea", "sku_units": "ea|box",
    "sku_total_quantity": "7.5",
    "sku_quantities": "A-1:2|B-2:3.5|A-1:1|C|3:0",
    "sku_unit_prices": "A-1:0.1|B-2:10|A-1:0.3|C|3:12",
    "sku_line_totals": "A-1:0.2|B-2:34.9|A-1:0|C|3:0",
    "line_items_count": "5", "notes": "", "terms": "Net 30",
}  # fmt: skip


@pytest.mark.parametrize("form", ["csv", None])
async def test_quotes(export, insert, form):
    insert("quotes", QUOTE)
    options = {"entity": "quotes", "format": form}
    job, _, content = await export("bids", options, file_name="quotes_export_2026-05-14.csv")
    assert (job["status"], job["record_count"]) == ("completed", 1), job["error_message"]
    text = content.decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert row == QUOTE_COLUMNS
    assert text.splitlines()[0] == ",".join(QUOTE_COLUMNS)


@pytest.mark.parametrize(
    ("line_items", "count"),
    [('[{"sku": "A"}]', "1"), ("no JSON", "0"), ({"sku": "A"}, "0"), ([1, None], "2"), ([], "0")],
    ids=str,
)
async def test_line_items_as_they_may_be(export, insert, dealer, line_items, count):
    insert("quotes", QUOTE)
    dealer.execute(
        "update quotes set line_items = %s where organization_id = %s",
        Jsonb(line_items), dealer.organization_id,
    )  # fmt: skip
    _, _, content = await export("bids", {"entity": "quotes"})
    [row] = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert row["line_items_count"] == count
    assert row["skus"] == ("A" if count == "1" else "")


async def test_quotes_as_xml(export, insert):
    insert("quotes", QUOTE)
    job, run, content = await export("bids", {"entity": "quotes", "format": "xml"})
    assert run["export_path"].endswith(f"{job['id']}/quotes_export.xml")
    fields = "\n".join(
        f"    <{name}>{text}</{name}>"
        for name, text in (
            QUOTE_COLUMNS | {"title": "Deck &lt;big&gt; &amp; &apos;small&apos;"}
        ).items()
    )
    assert content.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<quotes>\n  <quote>\n{fields}\n  </quote>\n</quotes>\n"
    )


ADVICE = "Choose another one if a program is to tell the columns apart."
FIELDS = [
    {"source": "text", "text": "H", "start": 1, "length": 1},
    {"key": "total", "label": "Total", "start": 20, "length": 10, "align": "right",
     "pad_char": "0"},
    {"source": "field", "key": "quote_number", "start": 3, "length": 4},
    {"key": "contact_name", "start": 8, "length": 12, "pad_char": "."},
]  # fmt: skip


@pytest.mark.parametrize(
    ("template", "expected", "notes"),
    [
        pytest.param(
            {"layout_mode": "fixed", "header_lines": ["QUOTES", ""], "detail_fields": FIELDS,
             "file_extension": ".dat", "include_column_headers": True},
            "QUOTES\n\nH Q-00 Ann Lee.....0001186.61",
            ["Values that were cut to the length of their field: 1."],
            id="fixed",
        ),
        pytest.param(
            {"layoutMode": "fixed", "headerLines": [], "fileExtension": "dat",
             "detailFields": [{"key": "status", "start": "4", "length": 6, "padChar": "*"}]},
            "   sent**",
            [],
            id="fixed, in camelCase",
        ),
        pytest.param(
            {"layout_mode": "delimited", "delimiter": ";", "detail_fields": FIELDS,
             "file_extension": "dat"},
            "H;Total;quote_number;contact_name\nH;1186.61;Q-007;Ann Lee",
            [],
            id="delimited",
        ),
        pytest.param(
            {"detail_fields": [{"key": "skus"}, {"key": "status"}], "file_extension": "dat",
             "include_column_headers": False, "header_lines": ["A", "B"]},
            "A\nB\nA-1|B-2|C|3|sent",
            [f'Values with the delimiter "|" in them, as lists have it: 1. {ADVICE}'],
            id="delimited by bars",
        ),
        pytest.param(
            {"detailFields": [{"key": "status"}], "includeColumnHeaders": False,
             "fileExtension": "dat"},
            "sent",
            [],
            id="one value alone",
        ),
    ],
)  # fmt: skip
async def test_custom_exports(export, insert, template, expected, notes):
    insert("quotes", QUOTE)
    insert("organization_settings", {"export_templates": [{"id": "t1"} | template]})
    options = {"entity": "quotes", "format": "custom", "templateId": "t1"}
    job, run, content = await export("bids", options, file_name="quotes.csv")
    assert (job["status"], job["record_count"]) == ("completed", 1), job["error_message"]
    assert content.decode() == expected
    assert run["notes"] == notes
    assert run["export_path"].endswith("/quotes.dat")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({"enabled": False}, "switched off"),
        ({"layout_mode": "wide"}, 'its layout must be "fixed" or "delimited"'),
        ({"detail_fields": []}, "it has no fields"),
        ({"detail_fields": "x"}, "it has no fields"),
        ({"detail_fields": ["x"]}, "one of its fields cannot be read"),
        ({"detail_fields": [{"key": "gone"}]}, 'quotes have no field "gone"'),
        ({"detail_fields": [{"source": "sum"}]}, 'must be "field" or "text"'),
        ({"layout_mode": "fixed", "detail_fields": [{"key": "total", "start": "x"}]}, "the start"),
        ({"layout_mode": "fixed", "detail_fields": [{"key": "total", "length": 1e9}]}, "length"),
        ({"detail_fields": [{"key": "total"}], "file_extension": "../x"}, "file extension"),
    ],
)
async def test_a_template_that_cannot_be_used(export, insert, template, message):
    insert("organization_settings", {"export_templates": [{"id": "t1"} | template]})
    options = {"entity": "quotes", "format": "custom", "templateId": "t1"}
    job, run, content = await export("bids", options)
    assert job["status"] == "failed"
    assert message in job["error_message"]
    assert (content, run["export_path"]) == (None, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "pdf"}, '"format" must be one of csv, tsv, xlsx, xml, custom'),
        ({"format": ["csv"]}, '"format" must be one of'),
        ({"entity": "profiles"}, '"entity" must be "quotes"'),
        ({"entity": "contacts"}, '"entity" must be "quotes"'),
        ({"organization_id": "org_other"}, 'no export option "organization_id"'),
        ({"format": "custom"}, 'needs the export option "templateId"'),
        ({"format": "custom", "templateId": "gone"}, "template is not there any more"),
        ({"filter": ["x"]}, '"filter" must be an object'),
        ({"filter": {"colour": "red"}}, 'no filter "colour"'),
        ({"filter": {"category": 1}}, '"category" must be a text'),
        ({"filter": {"changed_since": "yesterday"}}, '"changed_since" must be a date'),
        ({"filter": {"in_stock": "yes"}}, '"in_stock" must be true or false'),
        ({"entity": "quotes", "filter": {"in_stock": True}}, "for inventory only"),
    ],
    ids=str,
)
async def test_what_cannot_be_exported_fails_with_a_plain_message(export, options, message):
    job, _, content = await export(options=options)
    assert job["status"] == "failed"
    assert message in job["error_message"]
    assert content is None


async def test_a_filter(export, insert):
    insert("inventory",
           {"sku": "A", "name": "A", "category": "Paint", "quantity": 1},
           {"sku": "B", "name": "B", "category": "Paint"},
           {"sku": "C", "name": "C", "category": "Wood", "quantity": 1})  # fmt: skip
    options = {"filter": {"category": "Paint", "in_stock": True, "changed_since": "2020-01-01"}}
    job, _, content = await export(options=options)
    [row] = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert (row["sku"], job["record_count"]) == ("A", 1)


async def test_a_project_without_quotes_says_so(export, database):
    database.execute("alter table quotes rename to quotes_of_another_time")
    try:
        job, _, _ = await export("bids", {"entity": "quotes"})
    finally:
        database.execute("alter table quotes_of_another_time rename to quotes")
    assert job["error_message"] == "There are no quotes here that could be exported."


async def test_other_dealers_rows_stay_away(export, insert, make_dealer):
    other = make_dealer()
    insert("inventory", {"sku": "OURS", "name": "A"},
           {"sku": "THEIRS", "name": "B", "organization_id": other.organization_id})  # fmt: skip
    job, _, content = await export()
    assert job["record_count"] == 1
    assert b"THEIRS" not in content


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("../../other/x.csv", "other_x.csv"),
        ("Lager Höhe 2026.CSV", "Lager_H_he_2026.csv"),
        ("a/b\\c.xlsx", "a_b_c.csv"),
        ("", "inventory_export.csv"),
        (None, "inventory_export.csv"),
        (".csv", "inventory_export.csv"),
        ("...", "inventory_export.csv"),
        ("stock.v2.csv", "stock.v2.csv"),
        ("x" * 300, f"{'x' * 100}.csv"),
        ("%2e%2e%2f", "2e_2e_2f.csv"),
    ],
)
async def test_the_file_s_name_leads_nowhere(export, dealer, name, stored):
    job, run, content = await export(file_name=name)
    assert run["export_path"] == f"{dealer.organization_id}/{job['id']}/{stored}"
    assert content is not None


async def test_many_pages_are_one_file(export, dealer):
    dealer.execute(
        "insert into inventory (organization_id, name, sku, unit_price)"
        " select %s, 'Item ' || n, 'S-' || n, n from generate_series(1, 7000) n",
        dealer.organization_id,
    )
    job, _, content = await export()
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert job["record_count"] == len(rows) == 7000
    assert {(row["sku"], row["unit_price"]) for row in rows} == {
        (f"S-{n}", f"{n // 100}.{n % 100:02}") for n in range(1, 7001)
    }


async def test_a_run_that_starts_over_leaves_one_file(export, dealer, settings):
    job, run, _ = await export()
    dealer.execute(
        "update scheduled_jobs set status = 'pending', completed_at = null where id = %s", job["id"]
    )
    await serve(settings, once=True)
    first, second = dealer.runs(job["id"])
    assert first["export_path"] == second["export_path"] == run["export_path"]
    count = "select count(*) from storage.objects where bucket_id = 'exports' and name = %s"
    assert dealer.scalar(count, run["export_path"]) == 1
