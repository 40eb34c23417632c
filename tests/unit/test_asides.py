"""Rows that are no data: which are skipped, and which never."""

import pytest

from worker.importing.asides import Asides, notes
from worker.importing.mapping import automatic_mapping, mapped_already
from worker.importing.sources import SourceRow
from worker.importing.tables import TABLES

COLUMNS = ("SKU", "Name", "Category", "Qty", "Price")


def kind_of(*cells, data_type="inventory", columns=COLUMNS):
    """Tell what a row is skipped as; None for one that stays."""
    table = TABLES[data_type]
    asides = Asides(table, automatic_mapping(columns, table), columns)
    record = dict(zip(columns, (*cells, *[""] * (len(columns) - len(cells))), strict=True))
    skipped = {}
    kept = asides.without([SourceRow(7, record)], skipped)
    assert len(kept) + len(skipped) == 1
    return next(iter(skipped), None)


@pytest.mark.parametrize("row", [
    ("", "PLUMBING"),
    ("PLUMBING",),
    ("PLUMBING & HEATING",),
    ("", "", "Lumber 2x4"),
    ("", "PLUMBING", "PLUMBING"),
    ("", "PLUMBING", "Dept 12"),
    ("10 - FASTENERS",),
    ("\xa0", " HARDWARE DEPT "),
])  # fmt: skip
def test_headings(row):
    assert kind_of(*row) == "headings"


@pytest.mark.parametrize("row", [
    ("Total", "", "", "45", "$1,234.00"),
    ("", "Total", "", "45", "1234"),
    ("", "", "Grand Total:", 45, 1234.5),
    ("", "TOTALS", "", "45"),
    ("", "Sub-total", "", "45"),
    ("Subtotal", "", "", "45"),
    ("", "Total: 45"),
    ("", "", "HARDWARE Total", "45"),
    ("", "Total for HARDWARE", "", "45"),
    ("Total items: 45",),
    ("(45 rows affected)",),
    ("*** Report total ***", "", "", "45"),
    ("", "Total général", "", "45"),
    ("", "Sous-total", "", "45"),
    ("", "Total parcial", "", "45"),
    ("", "Summe", "", "45"),
    ("", "Zwischensumme:", "", "45"),
    ("", "Gesamtbetrag", "", "45"),
])  # fmt: skip
def test_totals(row):
    assert kind_of(*row) == "totals"


@pytest.mark.parametrize("row", [
    ("Page 1",),
    ("Page 1 of 3",),
    ("", "", "Page: 2/3", 2),
    ("", "Page", "", 1),
    ("", "Página 1 de 3"),
    ("", "Seite 1 von 3"),
    ("Report printed 11/26/2026 10:30 by joe",),
    ("Printed on 2026-11-26", "", "Page 3"),
    ("Run date: 11/26/2026",),
    ("As of November 26, 2026",),
    ("*** End of report ***",),
    ("(continued)",),
    ("Imprimé le 26 novembre 2026",),
    ("Impreso el 26/11/2026",),
    ("Gedruckt am 26.11.2026",),
    ("", "Date: 11/26/2026", "", "10:30"),
])  # fmt: skip
def test_pages(row):
    assert kind_of(*row) == "page headers or footers"


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        (COLUMNS, COLUMNS),
        (("sku", " NAME", "category", "QTY ", "price"), COLUMNS),
        (("SKU", "Name"), COLUMNS),
        (("SKU", "Name", "Price", "Price"), ("SKU", "Name", "Price", "Price (2)")),
    ],
)
def test_the_column_names_once_more(row, columns):
    assert kind_of(*row, columns=columns) == "repeated column names"


@pytest.mark.parametrize("row", [("-----",) * 5, ("---", "", "===="), ("- - -",)])
def test_lines_across_the_page(row):
    assert kind_of(*row) == "lines across the page"


@pytest.mark.parametrize("row", [
    # a SKU and a name
    ("A1", "Total"),
    ("A1", "Page 1"),
    ("Total", "Total station", "", "1", "99"),
    ("SKU", "Socket key unit", "", "1", "2"),
    ('="00123"', "Screw"),
    ("'00456", "Bolt"),
    (12345, "Screw", "", 5, 9.5),
    ("-5", "Screw"),
    # refused for what they lack, not skipped
    ("A1",),
    ("A1", "", "", "5", "12.50"),
    ("A1", "", "", "12"),
    ("12345", "", "Total", "5", "12.50"),
    ("NAILS", "", "", "5", "12.50"),
    ("2X4-8",),
    ("PAGE12", "", "", "5", "12.50"),
    ("Page 12", "", "", "5", "12.50"),
    ("TOTAL-BOLT", "", "", "5", "12.50"),
    ("", "Screw", "", "", "12.50"),
    ("", "Total station tripod", "Tools", "1", "99"),
    ("", "Screw", "Hardware", "5"),
    ("", "", "", "5", "12.50"),
    ("", "Printed circuit board", "", "1"),
    ("", "Page protector", "", "1"),
    ("", "Screw", "", 0, 0),
])  # fmt: skip
def test_what_is_never_skipped(row):
    assert kind_of(*row) is None


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (("Total", "1234.50"), "totals"),
        (("Grand total:", "1234.50"), "totals"),
        (("Page 1 of 3", ""), "page headers or footers"),
        (("Report printed on 11/26/2026", ""), "page headers or footers"),
        (("SKU", "Price"), "repeated column names"),
        (("-----", "-----"), "lines across the page"),
        (("", "1234.50"), None),
        (("TOTAL-BOLT", "12.50"), None),
        (("TOTAL12", "12.50"), None),
        (("PAGE12", ""), None),
        (("A1", ""), None),
    ],
)
def test_a_file_that_only_updates(row, kind):
    assert kind_of(*row, columns=("SKU", "Price")) == kind


def test_without_numbers_nobody_can_tell_a_heading():
    assert kind_of("", "PLUMBING", columns=("SKU", "Name")) is None
    assert kind_of("", "Total", columns=("SKU", "Name")) == "totals"
    table = TABLES["inventory"]
    asides = Asides(table, mapped_already(table), ["sku", "name", "cost"])
    skipped = {}
    record = {"sku": "", "name": "PLUMBING"}
    kept = asides.without([SourceRow(1, record), SourceRow(2, record | {"cost": ""})], skipped)
    assert [row.number for row in kept] == [1]


CONTACTS = ("Name", "Company", "Email", "YTD sales")


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (("", "Total", "", "1234.50"), "totals"),
        (("Total", "", "", "1234.50"), "totals"),
        (("Grand total:", "", "", ""), "totals"),
        (("", "", "", "1234.50"), "totals"),
        (("Page 1 of 3",), "page headers or footers"),
        (CONTACTS, "repeated column names"),
        # a mapping that found no name is no reason
        (("", "Smith Lumber", "", "1234.50"), None),
        (("", "Total Construction", "", "1234.50"), None),
        (("", "Smith Lumber"), None),
        (("Total", "Total SA", "total@total.test"), None),
        (("Total Home", "", "", "5"), None),
        (("Page Turner", "", "", "5"), None),
        (("Enders", "", "", "5"), None),
    ],
)
def test_contacts(row, kind):
    assert kind_of(*row, data_type="contacts", columns=CONTACTS) == kind


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (("Total", "", "500"), "totals"),
        (("", "Total", "500"), "totals"),
        (("", "", "500"), "totals"),
        (("Lee", "", "500"), None),
        (("Lee", "Total", "500"), None),
        (("PENDING",), None),
    ],
)
def test_bids(row, kind):
    assert kind_of(*row, data_type="bids", columns=("Client", "Project", "Total")) == kind


def test_mapped_records_repeat_the_names_that_their_fields_have():
    table = TABLES["inventory"]
    asides = Asides(table, mapped_already(table), ["sku", "name"])
    records = [{"sku": "Item number", "name": "Product name"}, {"sku": "A", "name": "Name"}, 7]
    skipped = {}
    kept = asides.without([SourceRow(n, record) for n, record in enumerate(records)], skipped)
    assert [row.cells for row in kept] == records[1:]
    assert list(skipped) == ["repeated column names"]


def test_what_was_skipped_is_counted_with_an_example():
    table = TABLES["inventory"]
    asides = Asides(table, automatic_mapping(COLUMNS, table), COLUMNS)
    rows = [
        SourceRow(number, dict(zip(COLUMNS, cells, strict=True)))
        for number, cells in enumerate(
            [
                ("", "PLUMBING", "", "", ""),
                ("A1", "Tap", "", 1, 2),
                ("", "HARDWARE", "", "", ""),
                ("", "Total", "", 1, 2),
            ],
            2,
        )
    ]
    skipped = {}
    assert asides.without(rows, skipped) == [rows[1]]
    assert notes(skipped) == [
        'Skipped as headings: 2 rows, e.g. row 2 "PLUMBING".',
        'Skipped as totals: 1 row, e.g. row 5 "Total".',
    ]


def test_a_long_cell_takes_no_time():
    for piece in ("total ", "page ", "-", "1,", "a : ", " sub total"):
        kind_of("", piece * 1_000_000)
