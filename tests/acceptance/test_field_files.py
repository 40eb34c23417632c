"""Files as dealers have them, a fault of the world each: what lands, what is refused and said.

Each stands for a kind; the unit tests of the rooms have the kinds' other members.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

FIELD = Path(__file__).parents[1] / "data" / "field"


@dataclass(frozen=True)
class Right:
    """What must come of a file."""

    file: str
    # As the columns of `shows`, in the order of the first.
    rows: list[tuple[object, ...]] = field(default_factory=list)
    shows: str = "sku, name, unit_price"
    # Row as the spreadsheet counts → a part of the message.
    refused: dict[int, str] = field(default_factory=dict)
    # Parts of notes that must be there.
    notes: tuple[str, ...] = ()
    # A part of the job's message, where it fails.
    fails: str = ""
    data_type: str = "inventory"
    # (sku, name, cents) of items that are there before.
    before: tuple[tuple[str, str, int], ...] = ()


HAMMER, SAW = ("H-100", "Hammer", 1999), ("S-200", "Saw", 2450)
PEOPLE = "name, email, phone"

RIGHT = [
    Right("01_html.xls", [("00123", 'Deck screw 3"', 123450), ("A-2", "Hinge & pin", 525)]),
    Right("02_xmlss.xls", [("00123", "Screw", 1250)]),
    Right("06_macroman.csv", [("A1", "Café table", 1200), ("A2", "Piñata™", 1300)],
          notes=("Mac",)),
    Right("13_zip.zip", [("A1", "Screw", 1200)], notes=("stock.csv",)),
    Right("15_json.json", [("A1", "Screw", 1250)]),
    Right("16_upc.csv", [("A1", "Screw", 1000, 750, 5)],
          shows="sku, name, unit_price, cost, quantity"),
    Right("17_nonames.csv", fails="no column names"),
    Right("19_item.csv", [("A1", "Screw", 1000, 750, 5, "EA")],
          shows="sku, name, unit_price, cost, quantity, unit_of_measure"),
    Right("20_epicor.csv", [("A1", "2X4X8 SPF", 499, 310, 120, "LUM")],
          shows="sku, name, unit_price, cost, quantity, category"),
    Right("27_quote_start.csv",
          [("A1", '3" pipe', 1200), ("A2", '"4" pipe', 1300), ("A3", "Nail", 1400)]),
    Right("28_dup_header.csv", [("A1", "Screw", 1200, None)],
          shows="sku, name, unit_price, price_tier_2", notes=("Price (2)",)),
    Right("32_price_each.csv",
          [("A1", "Screw", 1250), ("A2", "Nail", 1250), ("A3", "Bolt", 500), ("A4", "Nut", 510),
           ("A5", "Pin", -1250)],
          refused={7: "", 8: "N/A", 9: "12.50*", 10: "more"}),
    Right("36_nbsp.csv", [("A1", "Screw", 1250), ("A2", "Nail", 123456750)],
          notes=("1 row",)),
    Right("46_ragged.csv", [("A2", "Nail", 1300)], refused={2: "more"}),
    Right("48_empty_sku_rows.csv", [("A1", "Screw", 1200), ("A2", "Board", 1300)],
          notes=("Skipped as headings",)),
    Right("50_long_upc_sku.csv",
          [("00123", "Nail"), ("00456", "Bolt"), ("12345678901234567890", "Screw")],
          shows="sku, name"),
    Right("60_dos_fractions.csv",
          [("B-12", 'Boulon 2½" galvanisé', 1250), ("B-14", 'Vis ¼" x 3½"', 325)],
          notes=("DOS",)),
    Right("61_accounting_dash.csv", [("A1", "Screw", 123450, 0), ("A2", "Nail", 1200, 750)],
          shows="sku, name, unit_price, cost"),
    Right("62_sku_and_price_only.csv", [("A1", "Screw", 1275), ("A2", "Nail", 310)],
          before=(("A1", "Screw", 100), ("A2", "Nail", 200)),
          refused={4: "no item has this SKU, and a new one needs a name"}),
    Right("64_contacts_first_last.csv",
          [("Ann Lee", "ann@lee.test", "555-0100"), ("Bob", "bob@roof.test", None)],
          shows=PEOPLE, data_type="contacts"),
    Right("65_shifted_row_numbers.csv", [("A2", "Nail", 300)], refused={2: "more"}),
    Right("66_mysql_dump.csv", [("A1", "Pipe 4\" x 10'", 1200), ("A2", "Nail", 1300)]),
    Right("67_inch_marks.csv",
          [("A1", '"4" ABS pipe', 1200), ("A2", '"3/4" plywood', 3150), ("A3", "Nail", 1400)]),
    Right("68_table_begins_at_c4.xlsx", [("A1", "Screw", 1250)], refused={6: "#REF!", 7: "#"}),
    Right("a1_same_without_theme.xls", [HAMMER, SAW]),
    Right("a1_xls_saved_by_excel_2007_or_later.xls", [HAMMER, SAW]),
    *(Right(f"{name}.xlsx",
            [("00042", "Hammer", 1999, 800), ("01234", "Nail", 35, 10)],
            shows="sku, name, unit_price, cost", refused={3: "#"})
      for name in ("b1_same_table_in_column_a", "b1_table_begins_in_column_b")),
    Right("b2_ods_begins_in_column_b.ods", [("H-100", "Hammer", 1999, 800)],
          shows="sku, name, unit_price, cost", refused={3: "#"}),
    Right("b3_percent_begins_in_column_b.xlsx",
          [("Jones Roofing", "C-2", "28"), ("Smith Lumber", "C-1", "32.5")],
          shows="name, legacy_number, trim_scale(ytd_gp_percent)::text", data_type="contacts"),
    Right("c1_nearly_alike_columns.csv",
          [("H-100", "Hammer", 0, "Uncategorized", None, None),
           ("S-200", "Saw", 0, "Uncategorized", None, None)],
          shows="sku, name, quantity, category, nullif(unit_price, 0), price_tier_3"),
    Right("c2_quickbooks_customers.csv",
          [("Ann Lee", None), ("Jones Roofing", None), ("Smith Lumber Ltd", None)],
          shows="name, legacy_number", data_type="contacts"),
    Right("c3_fname_lname.csv", [("John Brown",), ("John Jones",), ("John Smith",)],
          shows="name", data_type="contacts"),
    Right("c4_owner_names.csv", [("Ann Lee",), ("Bob Ray",)], shows="name",
          data_type="contacts", notes=("Olivia Park",)),
    Right("c5_two_price_columns.csv",
          [("H-100", "Hammer", 1999, None), ("S-200", "Saw", 2450, None)],
          shows="sku, name, unit_price, price_tier_2"),
    Right("d1_first_last_name.csv", [("Ann Lee",), ("Bob Ray",), ("Cy Dow",)], shows="name",
          data_type="contacts"),
    Right("e1_row_of_known_words.csv",
          [("H-100", "Hammer"), ("N-300", "Nail"), ("S-200", "Saw")], shows="sku, name"),
    Right("e3_woocommerce.csv", [HAMMER, SAW]),
    Right("f1_ods_saved_by_excel_with_error_cell.ods", [HAMMER], refused={3: "#N/A"}),
    *(Right(f"g1_excel95_money_custom_number_{number}.xls",
            [("H-100", "Hammer", 2000), ("S-200", "Saw", 1550)])
      for number in (50, 164)),
    Right("g2_excel95_error_cell.xls", [("S-200", "Saw", 1550)], refused={2: "#"}),
    Right("g3_stream_named_WORKBOOK.xls", [("H-100", "Hammer", 2000)]),
    Right("g4_xls_custom_formats_from_50.xls",
          [("00001896469", "Saw", 1550), ("00002193312", "Hammer", 2000)]),
    *(Right(f"{name}.xls", [("00042", "Hammer", 1999)], refused={3: "#N/A"})
      for name in ("h1_small_xls", "h1_same_not_small")),
    Right("i1_with_excel4_macro_sheet.xlsm", [HAMMER, SAW]),
    Right("j1_xls_with_a_cell_in_the_far_corner.xls", [HAMMER]),
    Right("k1_ods_with_line_breaks_between_cells.ods", [HAMMER]),
    Right("m1_html_table_that_begins_with_meta.xls", [HAMMER]),
    Right("m3_sylk.slk", fails="SYLK"),
    Right("n1_cover_sheet_first.xlsx", [HAMMER], notes=("Items",)),
    Right("p1_apple_numbers.numbers", fails="Apple Numbers"),
    *(Right(f"{name}.xlsx", [HAMMER])
      for name in ("q1_main_part_named_workbook2", "q2_parts_at_the_root",
                   "q3_backslashes_in_names")),
]  # fmt: skip


def test_every_file_is_tried():
    tried = {right.file for right in RIGHT} | {"l1_codes_by_number_format.xlsx"}
    assert tried == {str(path.relative_to(FIELD)) for path in FIELD.rglob("*.*")}


@pytest.mark.parametrize("right", RIGHT, ids=lambda right: right.file)
async def test_a_file_of_the_world_is_right_or_says_what_is_wrong(dealer, import_file, right):
    for sku, name, cents in right.before:
        dealer.execute(
            "insert into inventory (organization_id, sku, name, unit_price)"
            " values (%s, %s, %s, %s)",
            dealer.organization_id, sku, name, cents,
        )  # fmt: skip
    job, run = await import_file(FIELD / right.file, right.data_type, right.file)

    said = job["error_message"] or ""
    assert (job["status"], right.fails in said) == ("failed" if right.fails else "completed", True)
    landed = dealer.connection.execute(
        f"select {right.shows} from {right.data_type} where organization_id = %s",  # noqa: S608
        [dealer.organization_id],
    ).fetchall()
    assert sorted((tuple(row.values()) for row in landed), key=str) == right.rows
    refused = {error["row_number"]: error["message"] for error in dealer.errors()}
    assert refused.keys() == right.refused.keys()
    for row, part in right.refused.items():
        assert part in refused[row]
    for part in right.notes:
        assert any(part in note for note in run["notes"]), run["notes"]


async def test_a_code_is_what_its_cell_shows(dealer, import_file):
    await import_file(FIELD / "l1_codes_by_number_format.xlsx", name="codes.xlsx")
    skus = {item["sku"] for item in dealer.inventory("sku")}
    assert {"012-345", "AB-0042"} <= skus
    assert not any(sku.startswith("2026-") for sku in skus)
