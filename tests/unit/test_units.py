"""A unit behind a price: read where the price is for what the row says, refused elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.importing.columns import evidence_of, styles
from worker.importing.mapping import mapped_already
from worker.importing.parsing import row_parser
from worker.importing.sources import SourceRow
from worker.importing.tables import TABLES
from worker.importing.values import Style, ValueProblem, cents, dollars, whole_number

EACH = Style(unit="")


@pytest.mark.parametrize("cell", [
    "$12.50/ea", "$12.50 / EA", "12.50/each", "12.50 ea", "12.50ea.", "12.50 EACH", "$12.50/pc",
    "12.50 per each", "12.50/pcs", "12.50/unit", "12.50 par unité", "12.50 c/u", "12.50/c/u",
    "$12.50 CAD/ea", "12.50 CAD ea", "US$12.50/EA", "12.50 je Stück", "12.50 l'unité",
    "12.50 la pièce", "12.50/un", '="12.50/ea"', "\uff11\uff12.50/ea",
])  # fmt: skip
def test_a_price_of_one(cell: str) -> None:
    assert cents(cell, EACH) == 1250


@pytest.mark.parametrize("cell", [
    "$12.50/C", "$12.50/M", "12.50/MBF", "12.50/CS", "12.50/100", "12.50/1000", "12.50/1,000",
    "12.50/100 ea", "12.50 per hundred", "12.50 per 100", "12.50 / doz", "12.50/dz", "$12.50/box",
    "12.50/LF", "12.50 per sq. ft.", "12.50/pr", "$12.50/10 pcs", "12.50 le cent", "12.50/CWT",
])  # fmt: skip
def test_a_price_of_many_is_refused(cell: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        cents(cell, EACH)
    assert "is the price of " in str(refused.value)
    assert "the row names no unit" in str(refused.value)


@pytest.mark.parametrize("cell", [
    "12 ea", "12/box", "24/cs", "12/ea", "3/$10", "2 for 5.00", "12.50*", "12.50 M", "12.50M",
    "12.5K", "12.50 net", "12.50/2", "12.50¹", "12.50 (2)", "ea", "/ea", "12.50/", "12.50 x",
    "12.50+", "5 ft/box", "1.2.3.40/ea", "12.50 ea 13.50",
])  # fmt: skip
def test_what_may_be_no_price_is_refused(cell: str) -> None:
    with pytest.raises(ValueProblem):
        cents(cell, EACH)


@pytest.mark.parametrize("read", [cents, dollars, whole_number])
def test_a_column_that_shows_no_units_has_none(read) -> None:
    with pytest.raises(ValueProblem, match="is not a number"):
        read("12.50/ea")


@pytest.mark.parametrize(
    ("price", "unit", "expected"),
    [
        ("$12.50/ea", "EA", 1250),
        ("$12.50/ea", "each", 1250),
        ("$12.50/ea", "pcs", 1250),
        ("$12.50/ea", "", 1250),
        ("$12.50/ea", None, 1250),
        ("12.50", "BX", 1250),
        ("$3.25/LF", "lf", 325),
        ("$3.25/lin. ft.", "LF", 325),
        ("$3.25 per box", "BX", 325),
        ("$3.25/MBF", "MBF", 325),
        ("$3.25/rolls", "Roll", 325),
        ("$12.50/ea", "BX", '"$12.50/ea" is the price of "ea", but the row\'s unit is "BX"'),
        ("$12.50/C", "EA", '"$12.50/C" is the price of "C", but the row\'s unit is "EA"'),
        ("$12.50/M", "", '"$12.50/M" is the price of "M", but the row names no unit'),
    ],
)
def test_the_unit_must_be_that_of_the_row(price: str, unit: str | None, expected) -> None:
    table = TABLES["inventory"]
    parse = row_parser(table, mapped_already(table), {"unit_price": EACH})
    record = {"sku": "A", "name": "a", "unit_price": price, "unit_of_measure": unit}
    row = parse(1, SourceRow(2, record))
    if isinstance(expected, int):
        assert isinstance(row, dict)
        assert row["unit_price"] == expected
    else:
        assert not isinstance(row, dict)
        assert row.field == "unit_price"
        assert row.message.startswith(f"unit_price {expected}")


@pytest.mark.parametrize(
    ("cells", "style", "notes"),
    [
        (["12.50", "13"], Style(), []),
        (
            ["12.50", "$13.00/ea", "14 ea"],
            EACH,
            ['cost: the unit behind a price is left out: 1 row, e.g. row 3 "$13.00/ea".'],
        ),
        (
            ["12,50 €/Stk"],
            Style(decimal=",", unit=""),
            [
                "cost: read with a decimal comma, as in 1.234,50.",
                "cost: some amounts carry €; amounts are taken as they are, nothing is converted.",
                'cost: the unit behind a price is left out: 1 row, e.g. row 2 "12,50 €/Stk".',
            ],
        ),
    ],
)
def test_the_column_shows_its_units(cells: list[str], style: Style, notes: list[str]) -> None:
    column = evidence_of("price")
    column.add_all(range(2, 2 + len(cells)), cells)
    assert styles({"cost": column}) == ({"cost": style}, notes)


@given(st.decimals("0.01", "99999.99", places=2), st.text("acMBFeapr/ .0159", max_size=8))
def test_whatever_stands_behind_a_price_never_changes_it(price, behind: str) -> None:
    try:
        value = cents(f"${price}/{behind}", EACH)
    except ValueProblem:
        return
    assert value == int(price * 100)
