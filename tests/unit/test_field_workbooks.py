"""Workbooks as dealers have them: each stands for a kind that was once read wrongly, or not."""

import shutil
from pathlib import Path

import pytest

from worker.importing.sources import FileOptions, open_file
from worker.importing.sources.header import KnownNames
from worker.importing.values import ValueProblem, cents, code

# tests/acceptance/test_field_files.py has a worker read the same files, with its child.
pytestmark = pytest.mark.usefixtures("without_a_child")

FIELD = Path(__file__).parents[1] / "data" / "field"
JUDGE = KnownNames(
    frozenset({"sku", "name", "price", "customer #", "customer name"}),
    [frozenset({"sku", "customer #"}), frozenset({"name", "customer name"})],
)
HAMMER = {"SKU": "H-100", "Name": "Hammer", "Price": 19.99}
SAW = {"SKU": "S-200", "Name": "Saw", "Price": 24.5}
TWENTY = HAMMER | {"Price": 20}
PADDED = [
    {"SKU": "00042", "Name": "Hammer", "Price": 19.99, "Cost": 8, "Qty": 5},
    {"SKU": "00007", "Name": "Saw", "Price": 24.5, "Cost": "#N/A", "Qty": 3},
    {"SKU": "01234", "Name": "Nail", "Price": 0.35, "Cost": 0.1, "Qty": 900},
]
SMALL = [
    {"SKU": "00042", "Name": "Hammer", "Price": 19.99, "Cost": 8},
    {"SKU": "00007", "Name": "Saw", "Price": "#N/A", "Cost": 3},
]
QUANTITIES = [HAMMER | {"Qty": 5}, SAW | {"Qty": 3}]

ROWS = {
    "68_table_begins_at_c4.xlsx": [
        {"SKU": "A1", "Name": "Screw", "Price": 12.5, "Qty": 5},
        {"SKU": "A2", "Name": "Nail", "Price": "#REF!", "Qty": 6},
        {"SKU": "A3", "Name": "Bolt", "Price": 14, "Qty": "#DIV/0!"},
    ],
    "a1_same_without_theme.xls": QUANTITIES,
    "a1_xls_saved_by_excel_2007_or_later.xls": QUANTITIES,
    "b1_same_table_in_column_a.xlsx": PADDED,
    "b1_table_begins_in_column_b.xlsx": PADDED,
    "b2_ods_begins_in_column_b.ods": [
        HAMMER | {"Cost": 8, "Qty": 5},
        SAW | {"Cost": "#N/A", "Qty": 3},
    ],
    "b3_percent_begins_in_column_b.xlsx": [
        {
            "Customer #": "C-1",
            "Customer name": "Smith Lumber",
            "YTD sales": 12_000,
            "YTD GP %": "32.5%",
        },
        {
            "Customer #": "C-2",
            "Customer name": "Jones Roofing",
            "YTD sales": 800,
            "YTD GP %": "28%",
        },
    ],
    "f1_ods_saved_by_excel_with_error_cell.ods": [HAMMER, SAW | {"Price": "#N/A"}],
    "g1_excel95_money_custom_number_164.xls": [TWENTY, SAW | {"Price": 15.5}],
    "g1_excel95_money_custom_number_50.xls": [TWENTY, SAW | {"Price": 15.5}],
    "g2_excel95_error_cell.xls": [HAMMER | {"Price": "#N/A"}, SAW | {"Price": 15.5}],
    "g3_stream_named_WORKBOOK.xls": [TWENTY],
    "g4_xls_custom_formats_from_50.xls": [
        TWENTY | {"SKU": "00002193312"},
        SAW | {"SKU": "00001896469", "Price": 15.5},
    ],
    "h1_same_not_small.xls": SMALL,
    "h1_small_xls.xls": SMALL,
    "i1_with_excel4_macro_sheet.xlsm": [HAMMER, SAW],
    "j1_xls_with_a_cell_in_the_far_corner.xls": [HAMMER],
    "k1_ods_with_line_breaks_between_cells.ods": [HAMMER],
    "n1_cover_sheet_first.xlsx": [HAMMER],
    "q1_main_part_named_workbook2.xlsx": [HAMMER],
    "q2_parts_at_the_root.xlsx": [HAMMER],
    "q3_backslashes_in_names.xlsx": [HAMMER],
}


async def read(tmp_path, name):
    path = tmp_path / "file"  # as it comes from Storage: the name says nothing
    shutil.copy(FIELD / name, path)
    source = await open_file(path, FileOptions(), JUDGE)
    rows = [row.cells async for page in source.pages() for row in page]
    source.close()
    return rows, source.notes


@pytest.mark.parametrize("name", ROWS)
async def test_a_workbook_from_the_field(tmp_path, name):
    rows, _ = await read(tmp_path, name)
    assert rows == ROWS[name]


async def test_a_cover_sheet_is_passed_over_with_a_note(tmp_path):
    _, notes = await read(tmp_path, "n1_cover_sheet_first.xlsx")
    assert notes == ('Read the sheet "Items" of "Read me", "Items".',)


async def test_a_code_is_what_its_cell_shows(tmp_path):
    rows, _ = await read(tmp_path, "l1_codes_by_number_format.xlsx")
    read_codes = {row["what the cell shows"]: outcome(row["SKU"]) for row in rows}
    assert read_codes == {
        "012-345": "012-345",
        "AB-0042": "AB-0042",
        "10-Mar": '"2026-03-10" is a date or a time, make the cell text and type the code again',
        "TRUE": "true is not text",
        "1234567890123450000": "1.234567890123457e+18 has more digits than a spreadsheet keeps,"
        " make the cell text and type the code again",
        "0000066719911": "0000066719911",
        "1.10": "1.10",
        "10,000": "10000",
        "005": "005",
        "0007": "0007",
        "0008": "0008",
        "0009": "0009",
        "1.23E+11": "123456789012",
    }
    assert {cents(row["Price"]) for row in rows} == {500}


def outcome(cell):
    try:
        return code(cell, 100)
    except ValueProblem as problem:
        return str(problem)


async def test_money_is_the_number_whatever_its_cell_shows(tmp_path):
    rows, _ = await read(tmp_path, "g1_excel95_money_custom_number_50.xls")
    assert [cents(row["Price"]) for row in rows] == [2000, 1550]
