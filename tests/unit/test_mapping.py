"""Which column becomes which field."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.exceptions import JobRefusedError
from worker.importing.mapping import (
    automatic_mapping,
    given_mapping,
    judge_by_mapping,
    judge_by_names,
    mapped_already,
)
from worker.importing.tables import TABLES

INVENTORY = TABLES["inventory"]
CONTACTS = TABLES["contacts"]
BIDS = TABLES["bids"]


def mapped(columns, table=INVENTORY):
    return dict(automatic_mapping(columns, table).columns)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        # the field's own name and label
        ("quantity", "quantity"),
        ("Quantity On Order", "quantity_on_order"),
        ("UNIT-PRICE", "unit_price"),
        (" unit_price ", "unit_price"),
        ("Price Tier 3", "price_tier_3"),
        ("price_tier_3", "price_tier_3"),
        # synonyms
        ("Qty", "quantity"),
        ("QTY ON HAND", "quantity"),
        ("on hand", "quantity"),
        ("Stock", "quantity"),
        ("Available", "quantity"),
        ("Qty Ordered", "quantity_on_order"),
        ("On Order", "quantity_on_order"),
        ("Price", "unit_price"),
        ("Selling Price", "unit_price"),
        ("Base_Price", "unit_price"),
        ("Dept", "category"),
        ("Product Category", "category"),
        ("Dept Code", "department_code"),
        ("Department Code", "department_code"),
        ("UOM", "unit_of_measure"),
        ("Units", "unit_of_measure"),
        ("Retail", "unit_price"),
        ("Retail Price", "unit_price"),
        ("Price 2", "price_tier_2"),
        ("T2", "price_tier_2"),
        ("Tier 4", "price_tier_4"),
        ("Price Level 5", "price_tier_5"),
        ("Level 1", "price_tier_1"),
        ("VIP", "price_tier_2"),
        ("Wholesale", "price_tier_2"),
        ("VIP B", "price_tier_3"),
        ("Contractor", "price_tier_3"),
        ("Premium", "price_tier_4"),
        # nearly the same, or in the plural
        ("Descripton", "description"),
        ("Costs", "cost"),
        ("Unit Prices", "unit_price"),
    ],
)
def test_a_header_of_inventory_means(header, field):
    assert mapped(["SKU", "Name", header]) == {"sku": "SKU", "name": "Name", field: header}


@pytest.mark.parametrize(
    "header",
    [
        "Price Updated", "Price 6", "Tier 9", "Price Tier 6", "id", "organization_id",
        "search_keywords", "__proto__", "Vendor", "Barcode", "", "  ", "#", "Row", "Problem",
    ],
)  # fmt: skip
def test_a_header_that_means_nothing_is_left_out_and_noted(header):
    mapping = automatic_mapping(["SKU", "Name", header], INVENTORY)
    assert dict(mapping.columns) == {"name": "Name", "sku": "SKU"}
    assert len(mapping.notes) == 1
    assert mapping.notes[0].startswith("Columns that are not imported: ")


@pytest.mark.parametrize(
    "header",
    ["SKU", "Item Number", "Item#", "ITEM CODE", "product_code", "Part Number", "Part#", "S K U"],
)
def test_a_header_means_the_sku(header):
    assert mapped([header, "Name"])["sku"] == header


@pytest.mark.parametrize(
    ("columns", "name", "description"),
    [
        (["SKU", "Item Description"], "Item Description", None),
        (["SKU", "Product Description", "Price"], "Product Description", None),
        (["SKU", "Item Description", "Description"], "Item Description", "Description"),
        (["SKU", "Item Description", "Item Name"], "Item Name", "Item Description"),
        (["SKU", "Name", "Product Description"], "Name", "Product Description"),
        (["SKU", "Item Description", "Product Description"], "Item Description",
         "Product Description"),
    ],
)  # fmt: skip
def test_an_item_description_is_the_name_when_nothing_better_is(columns, name, description):
    found = mapped(columns)
    assert (found["name"], found.get("description")) == (name, description)


def test_an_exact_match_beats_a_synonym_wherever_it_stands():
    assert mapped(["Price", "Part Number", "SKU", "Name", "Unit Price"]) == {
        "name": "Name", "sku": "SKU", "unit_price": "Unit Price",
    }  # fmt: skip


@pytest.mark.parametrize(
    "header",
    [
        # a letter makes another word, and luck makes no money, code or quantity
        "Quanttiy", "Prise", "Costt", "Depth", "Stock Nr.", "Priced", "Unit Prize",
        # a word more makes another thing
        "Stock #", "Case price", "Case Cost", "Contractor %", "Total Cost", "Stock Value",
        "Sale Days", "Reorder Point", "Sales Tax Code", "COGS Account", "Special price",
        "Variant Grams", "Price Date", "Price Break 1", "Min Price", "Freight Cost", "Cost Code",
        "Extended Cost", "Qty Sold", "Qty Committed", "Pack Qty", "Order Qty", "Safety Stock",
        "is_in_stock", "In stock?", "Unit Weight", "Vendor SKU", "Old SKU", "Sales", "Old Price",
        "Average Price", "Price List", "Trade Price", "Price incl tax", "Discount Price", "Margin",
    ],
)  # fmt: skip
def test_what_is_only_like_money_a_code_or_a_quantity_is_neither(header):
    assert mapped(["SKU", "Name", header]) == {"sku": "SKU", "name": "Name"}


def test_a_column_serves_once_and_the_first_of_two_is_taken():
    found = mapped(["SKU", "Name", "Price", "Selling Price"])
    assert found["unit_price"] == "Price"
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize(
    ("table", "columns", "message"),
    [
        (INVENTORY, ["Name", "Price"],
         'or choose it in the mapping.\nThe columns seen are: "Name", "Price".'),
        (INVENTORY, ["SKU", "Price"], "No column was found for name."),
        (INVENTORY, [], "The file has no columns."),
        (CONTACTS, ["Phone"], "No column was found for name or email or legacyNumber."),
        (BIDS, ["Client"], "No column was found for projectName."),
        (INVENTORY, [f"Column {n}" for n in range(40)], '"Column 19" and 20 more.'),
    ],
)  # fmt: skip
def test_without_a_required_field_the_columns_seen_are_named(table, columns, message):
    with pytest.raises(JobRefusedError) as refusal:
        automatic_mapping(columns, table).refuse_if_incomplete()
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("E-Mail", "email"), ("Email Address", "email"), ("Telephone", "phone"),
        ("Mobile", "phone"), ("Cell", "phone"), ("Business", "company"),
        ("Account Name", "company"), ("ZIP", "postalCode"), ("Zip Code", "postalCode"),
        ("Postal Code", "postalCode"), ("postal_code", "postalCode"), ("State", "province"),
        ("Region", "province"), ("Legacy #", "legacyNumber"), ("Customer #", "legacyNumber"),
        ("Account #", "legacyNumber"), ("Customer ID", "legacyNumber"),
        ("Sales Rep", "accountOwnerNumber"), ("Owner #", "accountOwnerNumber"),
        ("Tier", "priceLevel"), ("Price Group", "priceLevel"), ("YTD Sales", "ytdSales"),
        ("LYR GP %", "lyrGpPercent"),
    ],
)  # fmt: skip
def test_a_header_of_contacts_means(header, field):
    assert mapped(["Name", header], CONTACTS) == {"name": "Name", field: header}


@pytest.mark.parametrize(
    ("header", "field"),
    [("Tax Amount", "tax"), ("Amount", "total"), ("Expiry Date", "validUntil")],
)
def test_a_header_of_bids_means(header, field):
    columns = ["Client Name", "Project Name", header]
    assert mapped(columns, BIDS)[field] == header


def test_a_given_mapping_is_followed():
    given = {"Artikel": "sku", " preis ": "Unit Price", "Bezeichnung": "name", "Lager": ""}
    mapping = given_mapping(["Artikel", "Bezeichnung", "Preis", "Lager"], given, INVENTORY)
    assert dict(mapping.columns) == {"name": "Bezeichnung", "sku": "Artikel", "unit_price": "Preis"}
    assert mapping.notes == ('Columns that are not imported: "Lager".',)


@pytest.mark.parametrize("field", [None, "", "ignore", "Skip", "none"])
def test_a_column_can_be_left_out(field):
    given = {"A": "sku", "B": "name", "C": field}
    assert "C" not in given_mapping(["A", "B", "C"], given, INVENTORY).columns.values()


def test_a_mapped_column_that_is_not_there_is_noted():
    mapping = given_mapping(["A", "B"], {"A": "sku", "B": "name", "C": "cost"}, INVENTORY)
    assert mapping.notes == ('The mapping names columns that the file lacks: "C".',)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"A": "sku", "B": "organization_id"}, '"B" to "organization_id", which is no field'),
        (
            {"A": "sku", "B": "id"},
            '"B" to "id", which is no field of items.\nThe fields are: name,',
        ),
        ({"A": "sku", "B": "__proto__"}, "which is no field"),
        ({"A": "sku", "B": 7}, '"B" to 7, which is no field'),
        ({"A": "sku", "B": ["name"]}, '"B" to a list, which is no field'),
        ({"A": "sku", "B": "sku"}, 'two columns to sku: "A" and "B". Please choose one.'),
        ({"A": "sku", "a ": "name"}, 'the column "A" to two fields. Please choose one.'),
        ({"A": "sku"}, "No column was found for name."),
        ({"A": "sku", "X": "name"}, "No column was found for name."),
        ({"A\u0000\x1b[31m": "nothing"}, "which is no field"),
    ],
)
def test_a_wrong_mapping_is_refused_by_name(given, message):
    with pytest.raises(JobRefusedError) as refusal:
        given_mapping(["A", "B"], given, INVENTORY).refuse_if_incomplete()
    assert message in str(refusal.value)
    lines = str(refusal.value).splitlines()
    assert all(line.isprintable() for line in lines)
    assert len(lines[0]) <= 300


def test_mapped_records_have_the_fields_as_keys():
    assert mapped_already(CONTACTS).columns["postalCode"] == "postalCode"


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_field_is_found_by_its_own_name_and_label(table):
    for header in ("name", "label"):
        columns = [getattr(field, header) for field in table.fields]
        expected = dict(zip([field.name for field in table.fields], columns, strict=True))
        assert mapped(columns, table) == expected


@pytest.mark.parametrize(
    ("cells", "likeness"),
    [
        (["SKU", "item description", "Qty"], (2, 3)),
        (["SKU", "", "Price"], (1, 2)),
        (["Hammer", "Retail", "On order", "Unit"], (0, 3)),
        (["Hex bolt", ""], (0, 0)),
        ([], (0, 0)),
    ],
)
def test_a_row_is_judged_by_the_required_fields_it_serves_then_by_known_names(cells, likeness):
    judge = judge_by_names(INVENTORY)
    assert judge(cells) == likeness
    assert judge.required == 2


def test_with_a_mapping_a_row_is_judged_by_the_mapped_columns():
    judge = judge_by_mapping({" Art ": "SKU", "Bez": "name", "Farbe": "", "X": None}, INVENTORY)
    assert judge.required == 2
    assert judge(["art", "BEZ ", "Farbe"]) == (2, 3)
    assert judge(["X", "sku", "name"]) == (0, 1)


@given(st.lists(st.text(max_size=30), max_size=30, unique=True))
def test_any_columns_are_mapped_once_or_refused(columns):
    try:
        mapping = automatic_mapping(columns, CONTACTS)
    except JobRefusedError as refusal:
        assert str(refusal).isprintable()  # noqa: PT017 - either way is right
        return
    assert set(mapping.columns.values()) <= set(columns)
    assert len(set(mapping.columns.values())) == len(mapping.columns)


def test_as_many_columns_as_a_spreadsheet_has_take_a_moment(figure):
    columns = [f"Column {number} of very many" for number in range(16_382)]
    started = time.process_time()
    found = mapped([*columns, "SKU", "Name"])
    figure(f"16,384 columns mapped in {time.process_time() - started:.2f} s of the processor")
    assert found == {"sku": "SKU", "name": "Name"}
    given = {column.upper(): "" for column in columns} | {"sku": "sku", "NAME": "name"}
    mapping = given_mapping([*columns, "SKU", "Name"], given, INVENTORY)
    assert dict(mapping.columns) == {"name": "Name", "sku": "SKU"}
