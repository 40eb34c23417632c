"""What decides between columns: their neighbours, their cells, and the parts of a name."""

import asyncio
from contextlib import closing
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.exceptions import JobRefusedError
from worker.importing.mapping import automatic_mapping, given_mapping, judge_by_names
from worker.importing.mapping.lexicon import WORDS
from worker.importing.mapping.words import words
from worker.importing.rows import map_rows
from worker.importing.sources import FileOptions, open_file
from worker.importing.tables import TABLES

INVENTORY, CONTACTS = TABLES["inventory"], TABLES["contacts"]


def found(columns, table=INVENTORY, samples=(), *, are_all=False):
    mapping = automatic_mapping(columns, table, samples, are_all=are_all)
    return {one.field: ", ".join(one.columns) for one in mapping.assignments}


def cells(columns, *rows):
    return [dict(zip(columns, row, strict=True)) for row in rows]


async def rows_of(tmp_path, content, data_type="inventory"):
    """Read a file as an import does: (the rows' values, refusals' messages, notes)."""
    path = tmp_path / "file"
    path.write_text(content)
    table = TABLES[data_type]
    with closing(await open_file(path, FileOptions(), judge_by_names(table))) as source:
        rows = await map_rows(SimpleNamespace(mapping=None), source, table, asyncio.Event())
        await rows.survey()
        parsed = [row async for _, page in rows.pages(100) for row in page]
    values = [row for row in parsed if isinstance(row, dict)]
    return values, [row.message for row in parsed if not isinstance(row, dict)], rows.notes


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("QTY O/H", "quantity onhand"),
        ("QtyOnHand", "quantity onhand"),
        ("qtyonhand", "quantity onhand"),
        ("Stock #", "stock number"),
        ("UNIT PRICE ($)", "unit price"),
        ("U/M", "uom"),
        ("U.O.M.", "uom"),
        ("Prices", "price"),
        ("T2", "t 2"),
        ("Prix d'achat", "price purchase"),
        ("Qté en main", "quantity onhand"),
        ("N° de client", "number customer"),
        ("Kundennummer", "customer number"),
        ("Código postal", "code postal"),
        ("Price/M", "price per m"),
        ("Price per unit", "price each"),
        ("Price list", "pricelist"),
        ("List price", "list price"),
        ("SKUs", "sku"),
        ("PTD GP%", "ptd gp percent"),
        ("a sentence that goes on for more than the nine words of a name", ""),
        ("", ""),
    ],
)
def test_a_name_is_taken_apart_into_words(name, expected):
    assert " ".join(words(name)) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["Item", "Description"], {"sku": "Item", "name": "Description"}),
        (["Item", "SKU"], {"sku": "SKU", "name": "Item"}),
        (["Item", "SKU", "Description"],
         {"sku": "SKU", "name": "Item", "description": "Description"}),
        (["Product", "Description"], {"sku": "Product", "name": "Description"}),
        (["Product", "Code"], {"sku": "Code", "name": "Product"}),
        (["UPC", "SKU", "Description"], {"sku": "SKU", "name": "Description"}),
        (["UPC", "Description"], {"sku": "UPC", "name": "Description"}),
        (["Vendor SKU", "Part #", "Description"], {"sku": "Part #", "name": "Description"}),
        (["No.", "SKU", "Name"], {"sku": "SKU", "name": "Name"}),
        (["Orgill Item #", "Vendor Item #", "Name"], {"sku": "Orgill Item #", "name": "Name"}),
        (["Item #", "Orgill Item #", "Name"], {"sku": "Item #", "name": "Name"}),
        (["Cabinet Code", "Description"], {"sku": "Cabinet Code", "name": "Description"}),
        (["Color Code", "Description"], {"name": "Description"}),
        # Of items that are there, without a name for new ones.
        (["Item"], {"sku": "Item"}),
    ],
)  # fmt: skip
def test_required_fields_choose_together(columns, expected):
    assert found(columns) == expected


def test_a_last_resort_is_said():
    mapping = automatic_mapping(["UPC", "Description"], INVENTORY)
    assert 'No column is named like sku; "UPC" was taken for it.' in mapping.notes


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["Sale price", "Regular price"], {"unit_price": "Regular price"}),
        (["List Price", "Net Price"], {"unit_price": "List Price", "cost": "Net Price"}),
        (["Gross Price", "Net Price"], {"unit_price": "Net Price"}),
        (["Member Price", "Suggested Retail"],
         {"cost": "Member Price", "unit_price": "Suggested Retail"}),
        (["Member Price", "Price"], {"unit_price": "Price"}),
        (["list_price", "standard_price"],
         {"unit_price": "list_price", "cost": "standard_price"}),
        (["Qty Sold", "Sales $", "Cost $"], {}),
        (["Cost $", "Price $"], {"cost": "Cost $", "unit_price": "Price $"}),
        (["MSRP", "Price"], {"unit_price": "Price"}),
        (["Allocated", "Available", "On Hand"], {"quantity": "On Hand"}),
        (["Allocated", "Available"], {"quantity": "Available"}),
        (["Retail", "Wholesale", "Contractor"],
         {"price_tier_1": "Retail", "price_tier_2": "Wholesale", "price_tier_3": "Contractor"}),
        (["Retail", "Cost"], {"unit_price": "Retail", "cost": "Cost"}),
        (["Price A", "Price C", "Price F"], {"price_tier_1": "Price A", "price_tier_3": "Price C"}),
        (["Price per C", "Price per M", "Price/LF"], {}),
        (["Current Quantity Truro", "Price"],
         {"quantity": "Current Quantity Truro", "unit_price": "Price"}),
        (["Current Quantity Truro", "Current Quantity Halifax"], {}),
        (["In stock [Truro]"], {"quantity": "In stock [Truro]"}),
        (["In stock [yes/no]"], {}),
        (["Qty Truro"], {"quantity": "Qty Truro"}),
        (["Qty Truro", "Qty Halifax"], {}),
        (["Qty Truro", "Qty Halifax", "Qty Total"], {"quantity": "Qty Total"}),
        (["Qty Damaged"], {}),
        (["Qty per Unit"], {}),
        (["Price [Main Store]", "Low stock [Main Store]"], {"unit_price": "Price [Main Store]"}),
        (["Price Truro"], {}),
        (["Castle Net Cost", "Freight Net Cost"], {"cost": "Castle Net Cost"}),
        (["Type"], {}),
        (["Handle", "Type", "Tags"], {"category": "Type"}),
    ],
)  # fmt: skip
def test_neighbours_decide(columns, expected):
    assert found(["SKU", "Name", *columns]) == {"sku": "SKU", "name": "Name"} | expected


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        (["First Name", "Last Name"], "First Name, Last Name"),
        (["Last Name", "M.I.", "First Name"], "First Name, M.I., Last Name"),
        (["FName", "LName"], "FName, LName"),
        (["First", "Last"], "First, Last"),
        (["Prénom", "Nom"], "Prénom, Nom"),
        (["Nom", "Prénom"], "Prénom, Nom"),
        (["Nombre", "Apellidos"], "Nombre, Apellidos"),
        (["Vorname", "Nachname"], "Vorname, Nachname"),
        (["Name", "Vorname"], "Vorname, Name"),
        (["Name", "First Name", "Last Name"], "Name"),
        (["Customer", "First Name", "Last Name"], "First Name, Last Name"),
        (["Customer"], "Customer"),
        (["First Name"], "First Name"),
        (["Company", "Phone"], "Company"),
    ],
)
def test_a_contact_is_named_by_one_column_or_by_the_parts_of_a_name(columns, name):
    assert found(columns, CONTACTS)["name"] == name


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["Name", "Work", "Mobile"], {"name": "Name", "phone": "Work"}),
        (["Name", "Work"], {"name": "Name"}),
        (["Company", "Email"], {"name": "Company", "email": "Email"}),
        (["Account", "Customer"], {"legacyNumber": "Account", "name": "Customer"}),
        (["Account #", "Account"], {"legacyNumber": "Account #", "name": "Account"}),
        (["First Name", "Account", "Company"], {"name": "First Name", "company": "Company"}),
        (["Account ID", "Account Name", "Owner"],
         {"name": "Account Name", "accountOwnerNumber": "Owner"}),
        (["User Email", "Vanity City"],
         {"email": "User Email", "city": "Vanity City"}),
        (["Name", "Spouse Email", "IP Address"], {"name": "Name"}),
        (["Customer", "Customer Name"], {"name": "Customer Name"}),
    ],
)  # fmt: skip
def test_neighbours_decide_about_contacts(columns, expected):
    assert found(columns, CONTACTS) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["GST", "PST"], {}),  # halves
        (["GST"], {"tax": "GST"}),
        (["GST/PST"], {"tax": "GST/PST"}),
        (["TPS", "TVQ"], {}),
        (["Montant HT", "Montant TTC"], {"subtotal": "Montant HT", "total": "Montant TTC"}),
        (["Netto", "Brutto"], {"subtotal": "Netto", "total": "Brutto"}),
    ],
)
def test_neighbours_decide_about_sums(columns, expected):
    names = {"clientName": "Client", "projectName": "Project"}
    assert found([*names.values(), *columns], TABLES["bids"]) == names | expected


def test_a_last_resort_whose_values_repeat_is_no_sku():
    columns = ["Cabinet Code", "Description"]
    rows = cells(columns, *[("OAK", f"door {number}") for number in range(5)])
    assert found(columns, samples=rows) == {"name": "Description"}


def test_the_last_name_alone_of_first_and_last_is_none():
    assert "name" not in found(["Last", "Email"], CONTACTS)


NAMED = ["SKU", "Name", "Description"]


@pytest.mark.parametrize(
    ("columns", "rows", "field", "column"),
    [
        (NAMED, [("a", 1, "x"), ("b", 2, "y"), ("c", "3.5", "z")], "name", "Description"),
        (NAMED, [("a", "", "x"), ("b", None, "y")], "name", "Description"),
        (NAMED, [("a", "7 Up", "x"), ("b", "8", "y"), ("c", "9", "z")], "name", "Name"),
        (["SKU", "Name", "Stock"], [("a", "n", "Yes"), ("b", "n", "No"), ("c", "n", "Yes")],
         "quantity", None),
        (["SKU", "Name", "Price"], [("a", "n", "call"), ("b", "n", "1"), ("c", "n", "call")],
         "unit_price", "Price"),
        (["No.", "Model", "Name"], [("1", "x", "n"), ("2", "y", "n"), ("3", "z", "n")],
         "sku", "Model"),
        (["Item Number", "Part Number", "Name"],
         [("a", "x", "n"), ("a", "y", "n"), ("a", "z", "n")], "sku", "Part Number"),
    ],
)  # fmt: skip
def test_cells_confirm_or_break_a_tie(columns, rows, field, column):
    assert found(columns, samples=cells(columns, *rows)).get(field) == column


def test_a_column_without_anything_in_the_whole_file_serves_nobody():
    columns = ["SKU", "Name", "Price", "List Price"]
    blank = cells(columns, ("a", "n", "", " "), ("b", "m", None, ""))
    assert found(columns, samples=blank, are_all=True) == {"sku": "SKU", "name": "Name"}
    # Further down there may be something.
    assert found(columns, samples=blank)["unit_price"] == "Price"


def test_a_required_column_without_anything_is_kept_and_said():
    mapping = automatic_mapping(
        ["SKU", "Name"], INVENTORY, [{"SKU": "a", "Name": ""}], are_all=True
    )
    assert mapping.columns["name"] == "Name"
    assert 'There is nothing in the column "Name".' in mapping.notes


def test_cells_alone_can_be_an_e_mail_address_and_nothing_else():
    columns = ["Name", "Kontaktweg", "X", "Y"]
    rows = cells(columns, *[("n", f"a{n}@lee.test", f"{n}.99", f"A-{n}") for n in range(5)])
    mapping = automatic_mapping(columns, CONTACTS, rows)
    assert dict(mapping.columns) == {"name": "Name", "email": "Kontaktweg"}
    assert mapping.assignments[-1].reason == "by what is in it"
    assert found(["SKU", "Name", *columns[1:]], INVENTORY, rows) == {"sku": "SKU", "name": "Name"}


@pytest.mark.parametrize(
    ("columns", "notes"),
    [
        (["Price", "Price (2)"],
         [('The column "Price" comes more than once: the first one was taken for unit_price, '
           '"Price (2)" was not.')]),
        (["Price", "PRICE ($)"],
         ['Two columns can be unit_price: "Price" was taken, "PRICE ($)" was not.']),
        (["Qty Truro", "Qty Halifax"],
         ['The column "Qty Truro" may be quantity; choose it in the mapping if so.',
          'The column "Qty Halifax" may be quantity; choose it in the mapping if so.']),
    ],
)  # fmt: skip
def test_what_may_be_seen_otherwise_is_said(columns, notes):
    mapping = automatic_mapping(["SKU", "Name", *columns], INVENTORY)
    assert [note for note in mapping.notes if not note.startswith("Columns that")] == notes
    assert not any(
        name.startswith("price_tier") for name in mapping.columns if columns != ["Price (2)"]
    )


def test_an_assignment_says_how_sure_it_is_and_why():
    mapping = automatic_mapping(["SKU", "Description", "List Price", "MSRP"], INVENTORY)
    name, sku, price = mapping.assignments
    assert (sku.confidence, sku.reason) == (1.0, "named like it")
    assert (name.field, name.reason) == ("name", "the best there is")
    assert (price.reason, price.alternatives) == ("a synonym", ("MSRP",))
    assert sku.confidence > price.confidence > name.confidence > 0.3


def test_a_given_mapping_may_put_a_contacts_name_together():
    columns = ["Nachname", "Vorname", "Mail"]
    given_columns = {"Nachname": "name", "Vorname": "name", "Mail": "email"}
    mapping = given_mapping(columns, given_columns, CONTACTS)
    assert mapping.composed == {"name": ("Vorname", "Nachname")}
    assert mapping.fields() == given_columns
    unknown = given_mapping(["B", "A"], {"A": "name", "B": "name"}, CONTACTS)
    assert unknown.composed == {"name": ("B", "A")}
    with pytest.raises(JobRefusedError, match="two columns to email"):
        given_mapping(["A", "B"], {"A": "email", "B": "email"}, CONTACTS)


async def test_the_parts_of_a_name_land_as_one(tmp_path):
    content = "First Name,Last Name,Phone,Email\nAnn,Lee,1,\n Bob ,,2,b@ray.test\n,,3,\n"
    rows, refused, _ = await rows_of(tmp_path, content, "contacts")
    assert [row["name"] for row in rows] == ["Ann Lee", "Bob"]
    assert refused == []  # the third names nobody: a total


async def test_no_row_is_a_total_where_the_mapping_found_no_name(tmp_path):
    content = "Who,Email\nAnn,ann@lee.test\nBob,\n"
    rows, refused, notes = await rows_of(tmp_path, content, "contacts")
    assert len(rows) == 1
    assert refused == ["name is missing, and so are email and legacyNumber"]
    assert not any("Skipped" in note for note in notes)


async def test_a_row_of_known_words_is_no_header(tmp_path):
    content = (
        "SKU,Name,Price list,Availability,Sold by\n"
        "H-100,Hammer,Retail,Available,Unit\nS-200,Saw,Contractor,On order,Unit\n"
    )
    rows, _, _ = await rows_of(tmp_path, content)
    assert [row["sku"] for row in rows] == ["H-100", "S-200"]
    assert not any("unit_price" in row for row in rows)


async def test_two_columns_of_one_name_never_fill_a_tier(tmp_path):
    content = "SKU,Name,Price,Qty,Price\nH-100,Hammer,19.99,5,0.00\n"
    [row], _, _ = await rows_of(tmp_path, content)
    assert row["unit_price"] == 1999
    assert not any(name.startswith("price_tier") for name in row)


LIKELY = st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=3).map(" ".join)
COLUMNS = st.lists(LIKELY | st.text(max_size=20), max_size=30, unique=True)
CELLS = st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["a@b.test", "1", "1.50"])


@given(st.sampled_from(list(TABLES.values())), COLUMNS, st.data())
def test_no_header_crashes_the_matcher_or_maps_a_column_twice(table, columns, data):
    samples = [{column: data.draw(CELLS) for column in columns[:5]} for _ in range(3)]
    mapping = automatic_mapping(columns, table, samples, are_all=data.draw(st.booleans()))
    used = [column for one in mapping.assignments for column in one.columns]
    assert len(used) == len(set(used))
    assert set(used) <= set(columns)
    assert set(mapping.columns) | set(mapping.composed) == {o.field for o in mapping.assignments}
    assert not set(mapping.columns) & set(mapping.composed)
    assert all(0 < one.confidence <= 1 for one in mapping.assignments)
    assert all(note.isprintable() for note in mapping.notes)
    likeness = judge_by_names(table)(columns)
    assert likeness.required <= len(table.required)
    assert likeness.known <= len(columns)
