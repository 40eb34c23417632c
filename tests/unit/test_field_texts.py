"""Texts as dealers sent them, from the file to the rows for the database."""

import asyncio
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from worker.exceptions import JobRefusedError
from worker.importing.mapping import judge_by_mapping, judge_by_names
from worker.importing.rows import map_rows
from worker.importing.sources import FileOptions, open_file
from worker.importing.tables import TABLES
from worker.job import RowError

FIELD = Path(__file__).parents[1] / "data" / "field"
INVENTORY = TABLES["inventory"]
SHIFTED = "more filled cell"


async def outcomes(name, mapping=None, **options):
    """Give (sku, name, price in cents) of each row, or its message; and the notes."""
    judge = judge_by_mapping(mapping, INVENTORY) if mapping else judge_by_names(INVENTORY)
    path = FIELD / f"{name}.csv"
    with closing(await open_file(path, FileOptions.from_json(options), judge)) as source:
        job = SimpleNamespace(mapping=mapping, options=options)
        rows = await map_rows(job, source, INVENTORY, asyncio.Event())
        await rows.survey()
        found = [row async for _, page in rows.pages(100) for row in page]
    return [
        row.message
        if isinstance(row, RowError)
        else (row["sku"], row["name"], row.get("unit_price"))
        for row in found
    ], rows.notes


@pytest.mark.parametrize(
    ("name", "rows", "note"),
    [
        (
            "06_macroman",
            [("A1", "Café table", 1200), ("A2", "Piñata™", 1300)],
            "Read as Mac Roman text: Café table",
        ),
        (
            "60_dos_fractions",
            [("B-12", 'Boulon 2½" galvanisé', 1250), ("B-14", 'Vis ¼" x 3½"', 325)],
            'Read as DOS (code page 850) text: Boulon 2½" galvanisé',
        ),
        (
            "27_quote_start",
            [("A1", '3" pipe', 1200), ("A2", '"4" pipe', 1300), ("A3", "Nail", 1400)],
            None,
        ),
        (
            "67_inch_marks",
            [("A1", '"4" ABS pipe', 1200), ("A2", '"3/4" plywood', 3150), ("A3", "Nail", 1400)],
            None,
        ),
        (
            "66_mysql_dump",
            [("A1", "Pipe 4\" x 10'", 1200), ("A2", "Nail", 1300)],
            r"Read \" as a quotation mark inside a cell, and \N as an empty cell.",
        ),
        (
            "28_dup_header",
            [("A1", "Screw", 1200)],
            '2 columns are named "Price"; the other is called "Price (2)".',
        ),
        ("46_ragged", [SHIFTED, ("A2", "Nail", 1300)], None),
        ("65_shifted_row_numbers", [SHIFTED, ("A2", "Nail", 300)], None),
    ],
)
async def test_a_text_as_it_was_sent(name, rows, note):
    found, notes = await outcomes(name)
    assert [SHIFTED if SHIFTED in row else row for row in found] == rows
    assert note is None or note in notes


async def test_a_file_without_column_names_says_so_and_how_to_name_them():
    with pytest.raises(JobRefusedError, match="The file has no column names: row 1 holds values"):
        await outcomes("17_nonames")


async def test_columns_without_names_are_mapped_by_their_letters():
    mapping = {"Column A": "sku", "Column B": "name", "Column C": "unit_price"}
    found, notes = await outcomes("17_nonames", mapping, header_row=0)
    assert found == [("A1", "Screw", 1250), ("A2", "Nail", 1350), ("A3", "Bolt", 1450)]
    assert "The columns were called Column A to Column D." in notes
