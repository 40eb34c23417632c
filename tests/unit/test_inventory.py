import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.importing.keywords import search_keywords
from worker.importing.mapping import mapped_already
from worker.importing.parsing import key_reader, row_parser
from worker.importing.sources import SourceRow
from worker.importing.tables import TABLES
from worker.job import RowError

INVENTORY = TABLES["inventory"]
FIELDS = [field.name for field in INVENTORY.fields]

MONEY = [
    "unit_price", "cost",
    "price_tier_1", "price_tier_2", "price_tier_3", "price_tier_4", "price_tier_5",
]  # fmt: skip
QUANTITIES = ["quantity", "quantity_on_order"]
TEXTS = ["description", "category", "department_code", "unit_of_measure"]


def parse(number: int, record: object) -> dict[str, object] | RowError:
    """Read a record as the one with this number, with all that is made of it."""
    parse_row = row_parser(INVENTORY, mapped_already(INVENTORY), {})
    row = parse_row(number, SourceRow(number, record))
    if not isinstance(row, RowError):
        INVENTORY.derive(row)
    return row


def item(**fields: object) -> dict[str, object]:
    return {"name": "Deck screw", "sku": "DS-8", **fields}


def test_a_full_record() -> None:
    record = {
        "name": " Deck screw ",
        "sku": "DS-8",
        "description": "Box of 100",
        "category": "Fasteners",
        "quantity": "12",
        "quantity_on_order": 2.5,
        "unit_price": "$9.99",
        "cost": 4,
        "price_tier_1": "9.99",
        "price_tier_2": "9.49",
        "price_tier_3": "0",
        "price_tier_4": 8.995,
        "price_tier_5": "8",
        "department_code": 20.0,
        "unit_of_measure": "BX",
    }
    assert parse(7, record) == {
        "row_number": 7,
        "file_row": 7,
        "name": "Deck screw",
        "sku": "DS-8",
        "description": "Box of 100",
        "category": "Fasteners",
        "quantity": 12,
        "quantity_on_order": 3,
        "unit_price": 999,
        "cost": 400,
        "price_tier_1": 999,
        "price_tier_2": 949,
        "price_tier_3": 0,
        "price_tier_4": 900,
        "price_tier_5": 800,
        "department_code": "20",
        "unit_of_measure": "BX",
        "search_keywords": ",".join(
            search_keywords("Deck screw", "Box of 100", "Fasteners", "DS-8")
        ),
    }


def test_keywords_of_the_item_as_it_would_be_inserted() -> None:
    assert parse(1, item()) == {
        "row_number": 1,
        "file_row": 1,
        "name": "Deck screw",
        "sku": "DS-8",
        "search_keywords": ",".join(search_keywords("Deck screw", "", "Uncategorized", "DS-8")),
    }


@pytest.mark.parametrize("name", [{}, {"name": ""}, {"name": None}, {"name": " "}])
@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({}, None),
        ({"unit_price": "5", "quantity": "1"}, None),
        ({"description": "Zinc"}, ("Zinc", "Uncategorized")),
        ({"category": "Bolts"}, ("", "Bolts")),
    ],
)
def test_a_row_without_a_name_has_the_keywords_of_what_it_has(
    name: dict[str, object], cells: dict[str, object], words: tuple[str, str] | None
) -> None:
    row = parse(1, {"sku": "DS-8", **name, **cells})
    assert isinstance(row, dict)
    assert "name" not in row
    assert row.keys() - {"row_number", "file_row", "search_keywords"} == {"sku", *cells}
    expected = ",".join(search_keywords("", *words, "DS-8")) if words else None
    assert row.get("search_keywords") == expected


@pytest.mark.parametrize("field", [*TEXTS, *QUANTITIES, *MONEY])
@pytest.mark.parametrize("empty", ["", "  ", None])
def test_an_empty_cell_is_left_out(field: str, empty: object) -> None:
    assert parse(1, item(**{field: empty})) == parse(1, item())


@pytest.mark.parametrize("field", [*QUANTITIES, *MONEY])
def test_zero_is_a_value(field: str) -> None:
    assert parse(1, item(**{field: "0"}))[field] == 0


@pytest.mark.parametrize("field", [*QUANTITIES, *MONEY])
def test_negative_is_a_value(field: str) -> None:
    assert parse(1, item(**{field: "-3"}))[field] in {-3, -300}


@pytest.mark.parametrize(
    "unknown", ["id", "organization_id", "search_keywords", "row_number", "__proto__", "", "Name"]
)
def test_other_keys_are_ignored(unknown: str) -> None:
    assert parse(1, item(**{unknown: "x"})) == parse(1, item())


@pytest.mark.parametrize(
    ("record", "field", "message"),
    [
        (item(sku=" "), "sku", "sku is missing"),
        (item(sku="x" * 256), "sku", "sku is 256 characters long, at most 255 fit"),
        (item(name="x" * 601), "name", "name is 601 characters long, at most 600 fit"),
        (item(sku=True), "sku", "sku true is not text"),
        (item(unit_price="abc"), "unit_price", 'unit_price "abc" is not a number'),
        (item(quantity=[1]), "quantity", "quantity a list is not a number"),
        ({}, "sku", "sku is missing"),
        (item(cost="call", sku="", quantity="a few"), None,
         'sku is missing; quantity "a few" is not a number; cost "call" is not a number'),
        (None, None, "the record is null, not fields with their values"),
        ([], None, "the record is a list, not fields with their values"),
        ("DS-8", None, 'the record is "DS-8", not fields with their values'),
        (5, None, "the record is 5, not fields with their values"),
    ],
)  # fmt: skip
def test_a_refused_record_has_one_error_with_all_that_is_wrong(
    record: object, field: str | None, message: str
) -> None:
    assert parse(17, record) == RowError(17, 17, field, message, record)


def test_an_error_as_people_and_as_the_database_see_it() -> None:
    record = item(unit_price="abc")
    error = parse(17, record)
    assert (error.row_number, error.message) == (17, 'unit_price "abc" is not a number')
    assert error.as_json() == {
        "row_number": 17,
        "file_row": 17,
        "field": "unit_price",
        "message": 'unit_price "abc" is not a number',
        "row": record,
    }


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (item(), "DS-8"),
        (item(sku=" DS-8 "), "DS-8"),
        (item(sku="ds-8"), "ds-8"),
        (item(sku="0123"), "0123"),
        (item(sku=123.0), "123"),
        # whatever the rest of the row
        ({"sku": "A", "unit_price": "call"}, "A"),
        (item(sku=""), None),
        ({}, None),
        # There may be one, and nobody can tell which.
        (item(sku="x" * 256), ""),
        (item(sku="1.2E+05"), ""),
        ("DS-8", ""),
    ],
)
def test_the_key_is_the_sku_as_written(cells: object, expected: str | None) -> None:
    assert key_reader(INVENTORY, mapped_already(INVENTORY))(cells) == expected


def test_contacts_have_no_key() -> None:
    contacts = TABLES["contacts"]
    assert key_reader(contacts, mapped_already(contacts))({"name": "Ann"}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(JSON | st.dictionaries(st.sampled_from([*FIELDS, "other"]), JSON))
def test_any_record_is_a_row_or_an_error(record: object) -> None:
    parsed = parse(3, record)
    if isinstance(parsed, RowError):
        assert parsed.row is record
        assert parsed.message
        assert parsed.message.isprintable()
        return
    assert parsed["row_number"] == 3
    assert set(parsed) <= {*FIELDS, "row_number", "file_row", "search_keywords"}
    assert json.loads(json.dumps(parsed, allow_nan=False)) == parsed
