"""What a preview tells of whatever a source holds: always something, and what the import does."""

import asyncio
import json
from contextlib import suppress
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.exceptions import JobRefusedError
from worker.importing.findings import bounded, landing
from worker.importing.mapping import possible_fields
from worker.importing.mapping.lexicon import WORDS
from worker.importing.preview import preview_of, rows_wanted
from worker.importing.rows import map_rows
from worker.importing.sources import Head, RecordSource, SourceRow
from worker.importing.tables import TABLES
from worker.importing.values import cell_text
from worker.importing.values.spreadsheet import ShownFloat
from worker.job import RowError

INVENTORY = TABLES["inventory"]


class Cells:
    """A file that is read already, in pages of three rows."""

    notes = ()
    missing = ""
    header_row = None
    sheets = ()
    sheet = None

    def __init__(self, columns, rows):
        self.columns = tuple(columns)
        self._rows = [
            SourceRow(number, dict(zip(columns, row, strict=True)))
            for number, row in enumerate(rows, 2)
        ]
        self.read = 0

    async def pages(self):
        for start in range(0, len(self._rows), 3):
            self.read += 1
            yield self._rows[start : start + 3]


def previewed(source, table=INVENTORY, mapping=None, mode="upsert", **options):
    job = SimpleNamespace(mapping=mapping, options=options)
    return asyncio.run(preview_of(job, source, table, mode, asyncio.Event()))


LIKELY = st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=3).map(" ".join)
REQUIRED = ["SKU", "Name", "Client name", "Project name"]
COLUMNS = st.lists(LIKELY | st.text(max_size=20), max_size=12, unique=True)
CELLS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
CELLS |= st.lists(st.integers(), max_size=2) | st.sampled_from(["a@b.test", "1", "1.50", "Total"])


@st.composite
def tables(draw):
    whole = [*REQUIRED, *(name for name in draw(COLUMNS) if name not in REQUIRED)]
    columns = draw(st.sampled_from([whole, whole[len(REQUIRED) :]]))
    row = st.lists(CELLS, min_size=len(columns), max_size=len(columns))
    return columns, draw(st.lists(row, max_size=25))


@given(st.sampled_from(list(TABLES.values())), tables(), st.sampled_from(["upsert", "create"]))
def test_any_table_has_a_preview_and_it_is_what_the_import_does(table, cells, mode):
    source = Cells(*cells)
    found, notes = previewed(source, table, mode=mode)
    assert [column["header"] for column in found["columns"]] == list(source.columns)
    held = {column["header"]: column["field"] for column in found["columns"] if column["field"]}
    assert held == found["mapping"]
    composed = {field.name for field in table.fields if field.parts}
    fields = [field for field in held.values() if field not in composed]
    assert len(fields) == len(set(fields))
    assert found["is_all"]
    assert all(0 <= column["fill_rate"] <= 1 for column in found["columns"])
    for column in found["columns"]:
        assert len(column["samples"]) == len(set(column["samples"])) <= 3
        assert all(len(text) <= 60 and text.isprintable() for text in column["samples"])
        assert bool(column["samples"]) == bool(column["fill_rate"])
        assert column["field"] not in column["alternatives"]
    assert len(json.dumps(found, allow_nan=False)) < 1_000_000

    async def imported():
        job = SimpleNamespace(mapping=None)
        rows = await map_rows(job, source, table, asyncio.Event(), mode)
        await rows.survey()
        return rows, [row async for _, page in rows.pages(7) for row in page]

    with suppress(JobRefusedError):
        rows, parsed = asyncio.run(imported())
        assert found["problem"] is None
        assert rows.mapping.fields() == found["mapping"]
        assert (rows.count, rows.notes) == (found["rows_looked_at"], list(notes))
        assert found["refused"] == sum(isinstance(row, RowError) for row in parsed)
        for shown, row in zip(found["first_rows"], parsed, strict=False):
            if isinstance(row, RowError):
                assert shown == {"row": row.file_row, "problem": row.message}
            elif "values" in shown:
                assert shown["row"] == row["file_row"]
                assert shown["values"].items() <= row.items()
        return
    assert found["problem"]


def test_a_table_without_required_columns_has_a_problem():
    found, _ = previewed(Cells(["Price"], [["1"]]))
    assert found["problem"].startswith("No column was found for name.")
    assert found["missing"] == [["name"], ["sku"]]


def test_16_384_columns_are_looked_at_and_some_are_told():
    columns = [f"Column {n}" for n in range(16_382)]
    source = Cells([*columns, "SKU", "Name"], [[*("x" * 70 for _ in columns), "A1", "Bolt"]])
    found, _ = previewed(source)
    assert len(found["columns"]) == 500
    assert found["columns_left_out"] == 15_884
    assert found["mapping"] == {"Name": "name", "SKU": "sku"}
    assert [column["header"] for column in found["columns"][-2:]] == ["SKU", "Name"]


@pytest.mark.parametrize(
    ("options", "columns", "rows"),
    [
        ({}, 5, 1_000),
        ({}, 0, 1_000),
        ({}, 2_000, 500),
        ({}, 16_384, 100),
        ({"preview_rows": 7}, 5, 7),
        ({"preview_rows": 50_000}, 16_384, 50_000),
        ({"preview_rows": "all"}, 5, None),
        ({"preview_rows": None}, 5, 1_000),
    ],
)
def test_how_many_rows_are_looked_at(options, columns, rows):
    assert rows_wanted(options, columns) == rows


@pytest.mark.parametrize("given_rows", [0, -1, 1.5, "10", "All", True, [], {}])
def test_a_number_of_rows_that_cannot_be_meant(given_rows):
    with pytest.raises(JobRefusedError, match='The option "preview_rows" must be'):
        rows_wanted({"preview_rows": given_rows}, 5)


@pytest.mark.parametrize(
    ("most", "rows", "is_all", "pages_read"),
    [(None, 10, True, 4), (10, 10, True, 4), (11, 10, True, 4), (9, 9, False, 4),
     (3, 3, False, 2), (4, 4, False, 2), (1, 1, False, 1)],
)  # fmt: skip
async def test_a_head_reads_no_further_than_it_must(most, rows, is_all, pages_read):
    source = Cells(["A"], [[n] for n in range(10)])
    head = Head(source, most)
    for _ in range(2):
        source.read = 0
        numbers = [row.number async for page in head.pages() for row in page]
        assert numbers == list(range(2, 2 + rows))
        assert (head.is_all, source.read) == (is_all, pages_read)
    assert (head.columns, head.notes, head.missing) == (("A",), (), "")


def test_only_the_first_pages_of_many_records_are_read_for_their_values():
    asked = []

    async def read_page(first, count):
        asked.append(first)
        return [{"sku": f"A{n}", "name": "Bolt"} for n in range(first, first + count)]

    found, _ = previewed(RecordSource(10_000, read_page), mapping={})
    assert (found["rows_looked_at"], found["is_all"]) == (1_000, False)
    assert set(asked) == {1}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["Item"], {"Item": ("name", "sku")}),
        (["Qty Truro"], {"Qty Truro": ("quantity",)}),
        (["Retail"], {"Retail": ("price_tier_1", "unit_price")}),
        (["UPC", "Colour"], {"UPC": ("sku",)}),
        (["Description"], {"Description": ("description", "name")}),
    ],
)
def test_the_fields_that_a_column_could_have(columns, expected):
    found = possible_fields(columns, INVENTORY)
    assert {column: tuple(sorted(names)) for column, names in found.items()} == expected


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("=A2", "=A2"), ("#N/A", "#N/A"), (None, ""), (True, "true"), (7, "7"), (7.0, "7"),
        (0.1, "0.1"), (ShownFloat(1.1, "1.10"), "1.10"), ([1, "é"], '[1, "é"]'), ({}, "{}"),
        (10**50, "1" + "0" * 50),
    ],
)  # fmt: skip
def test_any_cell_as_text(cell, text):
    assert cell_text(cell) == text


def test_long_texts_of_a_row_are_cut_and_what_is_made_up_is_left_out():
    row = {"row_number": 1, "sku": "A1", "description": "x" * 501, "search_keywords": "x"}
    shown = landing(row, {1: 9}, INVENTORY)
    assert shown == {"row": 9, "values": {"sku": "A1", "description": "x" * 499 + "…"}}


def test_columns_with_a_field_are_never_left_out_however_large_it_is():
    columns = [{"header": "ü" * 3_000, "field": None}] * 300 + [{"header": "SKU", "field": "sku"}]
    small = bounded({"columns": columns, "columns_left_out": 5})
    assert len(json.dumps(small, ensure_ascii=False).encode()) <= 1_000_000
    assert small["columns"][-1]["header"] == "SKU"
    assert small["columns_left_out"] == 5 + 301 - len(small["columns"])
    only = {"columns": [{"header": "ü" * 600_000, "field": "sku"}], "columns_left_out": 0}
    assert bounded(only) == only
