"""A job's rows: which count, what is learned of them, and which come back."""

import asyncio
from types import SimpleNamespace

import pytest

from worker.exceptions import JobRefusedError, StopRequestedError
from worker.importing.rows import map_rows
from worker.importing.sources import SourceRow, Unreadable
from worker.importing.tables import TABLES
from worker.job import RowError


class Pages:
    """A source of these pages."""

    notes = ("read somehow.",)
    header_row = None
    sheet = None
    missing = ""

    def __init__(self, *pages, columns=None):
        self.columns = columns
        self._pages = pages

    async def pages(self):
        for page in self._pages:
            yield page


def numbered(*records, first=1):
    return [SourceRow(number, record) for number, record in enumerate(records, first)]


async def rows_of(
    *pages, data_type="inventory", mapping=None, columns=None, stop=None, mode="upsert"
):
    job = SimpleNamespace(mapping=mapping)
    source = Pages(*pages, columns=columns)
    rows = await map_rows(job, source, TABLES[data_type], stop or asyncio.Event(), mode)
    await rows.survey()
    return rows


async def parsed(rows, size=2):
    return [row async for _, page in rows.pages(size) for row in page]


async def test_rows_are_numbered_as_they_count_and_as_their_owner_sees_them():
    first = numbered({"sku": "A", "name": "a"}, {"sku": "B", "name": "b"}, first=4)
    second = numbered({"sku": "C", "name": "c"}, first=9)
    rows = await rows_of(first, second, mapping={})
    assert rows.count == 3
    assert [(row["row_number"], row["file_row"]) for row in await parsed(rows)] == [
        (1, 4), (2, 5), (3, 9),
    ]  # fmt: skip
    assert [(start, len(page)) async for start, page in rows.pages(2)] == [(1, 2), (3, 1)]


async def test_the_whole_column_decides_before_a_cell_is_read():
    pages = (
        [numbered({"SKU": "A", "Name": "a", "Price": "1.234"})],
        [SourceRow(2, {"SKU": "B", "Name": "b", "Price": "0,50"})],
    )
    rows = await rows_of(pages[0][0], pages[1], columns=("SKU", "Name", "Price"))
    assert [row["unit_price"] for row in await parsed(rows)] == [123_400, 50]
    assert rows.notes == [
        "read somehow.",
        "unit_price: read with a decimal comma, as in 1.234,50.",
    ]


async def test_totals_are_skipped_and_counted_once():
    page = numbered({"name": "Ann"}, {"phone": "Total", "name": " "}, {"email": "a@b.test"}, "text")
    rows = await rows_of(page, data_type="contacts", mapping={})
    for _ in range(2):
        assert [type(row) for row in await parsed(rows)] == [dict, dict, RowError]
    assert rows.count == 3
    assert rows.notes[-1] == 'Skipped as totals: 1 row, e.g. row 2 "Total".'


async def test_raw_records_have_the_columns_of_all_of_them():
    first = numbered({"SKU": "A"}, "text", {"Name": "b", "SKU": "B"})
    rows = await rows_of(first, numbered({"Price": "1", "SKU": "C", "Name": "c"}, first=4))
    assert rows.columns == ("SKU", "Name", "Price")
    *_, last = await parsed(rows)
    assert last["unit_price"] == 100


async def test_raw_records_without_columns_are_refused():
    with pytest.raises(JobRefusedError, match="The file has no columns"):
        await rows_of(numbered("text"))


async def test_other_sheets_are_named_where_a_column_is_missing():
    pages = Pages(numbered({"SKU": "A"}), columns=["Prices of spring"])
    pages.missing = 'No sheet has all the columns: "a", "b".'
    job = SimpleNamespace(mapping=None)
    with pytest.raises(JobRefusedError, match=r'the columns: "a", "b"\. No column'):
        await map_rows(job, pages, TABLES["inventory"], asyncio.Event())


async def test_the_refused_come_back_as_they_came():
    cells = [{"sku": "", "name": "a"}, {"sku": "B", "name": "b"}, {"sku": "C", "name": "c"}, 7]
    rows = await rows_of(numbered(*cells, first=2), mapping={})
    of_database = {4: "a rule"}
    some = [row async for row in rows.refused(of_database, are_all=True)]
    assert some == [(4, cells[2], "a rule")]
    every = [row async for row in rows.refused(of_database, are_all=False)]
    assert [(number, row) for number, row, _ in every] == [
        (2, cells[0]), (4, cells[2]), (5, 7),
    ]  # fmt: skip
    assert [problem for *_, problem in every][:2] == ["sku is missing", "a rule"]


async def test_a_row_that_cannot_be_divided_is_refused_and_shown():
    row = Unreadable("the row cannot be divided", 'B,"b')
    rows = await rows_of(numbered({"sku": "A", "name": "a"}, row, {"sku": "A", "name": "c"}))
    [replaced, refused, _] = await parsed(rows)
    assert replaced == {"row_number": 1, "superseded_by": 3}
    assert refused == RowError(2, 2, None, "the row cannot be divided", 'B,"b')
    back = [row async for row in rows.refused({}, are_all=False)]
    assert back == [(2, 'B,"b', "the row cannot be divided")]


async def test_a_stop_is_noticed_between_two_pages():
    stop = asyncio.Event()
    rows = await rows_of(numbered({"sku": "A", "name": "a"}), numbered(7), mapping={}, stop=stop)
    pages = rows.pages(1)
    await anext(pages)
    stop.set()
    with pytest.raises(StopRequestedError):
        await anext(pages)


async def test_a_source_without_rows():
    rows = await rows_of(mapping={})
    assert rows.count == 0
    assert await parsed(rows) == []


@pytest.mark.parametrize("size", [1, 2, 100])
async def test_the_last_readable_row_of_a_key_wins(size):
    records = [
        {"sku": "A", "name": "first"},
        {"sku": "B", "name": "alone"},
        {"sku": " A", "name": "second", "cost": "1"},
        {"sku": "A", "name": "", "cost": "?"},
        {"sku": "C", "name": "c", "cost": "?"},
        {"sku": "C", "name": "c", "cost": "!"},
    ]
    rows = await rows_of(numbered(*records[:3]), numbered(*records[3:], first=4), mapping={})
    first, alone, second, *refused = await parsed(rows, size)
    assert first == {"row_number": 1, "superseded_by": 3}
    assert (alone["name"], second["name"], second["cost"]) == ("alone", "second", 100)
    assert all(isinstance(row, RowError) for row in refused)
    assert rows.notes[1:] == ["Replaced by a later row of the same item: 1 rows."]


@pytest.mark.parametrize(
    ("names", "outcome"),
    [
        pytest.param(["", ""], [2, "row"], id="none has one"),
        pytest.param(["", "a"], [2, "row"], id="the last one"),
        pytest.param(["a", ""], ["row", "refused"], id="the first one"),
        pytest.param(["", "a", ""], [2, "row", "refused"], id="one in the middle"),
        pytest.param(["a", "", "b"], [3, 3, "row"], id="two"),
    ],
)
async def test_a_row_that_can_only_update_replaces_none_that_can_create(names, outcome):
    records = [{"sku": "A", "name": name, "cost": "1"} for name in names]
    rows = await rows_of(numbered(*records, first=8), mapping={})
    settled = await parsed(rows)
    assert [
        "refused" if isinstance(row, RowError) else row.get("superseded_by", "row")
        for row in settled
    ] == outcome
    problem = "name is missing, and an earlier row of the same sku has one"
    refused = [row for row in settled if isinstance(row, RowError)]
    assert {(row.field, row.message) for row in refused} <= {("name", problem)}
    # So in the file of what was refused, where the database has not kept all.
    again = [row async for row in rows.refused({}, are_all=False)]
    assert again == [(row.file_row, row.row, problem) for row in refused]
    replaced = sum(isinstance(what, int) for what in outcome)
    assert rows.notes[1:] == [f"Replaced by a later row of the same item: {replaced} rows."] * bool(
        replaced
    )


@pytest.mark.parametrize(
    ("data_type", "cells", "mode", "is_sent"),
    [
        ("inventory", {"sku": "A", "name": "a"}, "upsert", False),
        ("inventory", {"sku": "A", "name": ""}, "upsert", True),
        ("inventory", {"sku": "A", "name": "a"}, "update", True),
        ("inventory", {"sku": "A", "name": "a"}, "create", True),
        ("contacts", {"name": "a"}, "upsert", False),
        ("contacts", {"name": "a"}, "create", True),
        ("bids", {"clientName": "a", "projectName": "a"}, "create", False),
    ],
)
async def test_what_the_database_may_refuse_goes_there_as_it_came(data_type, cells, mode, is_sent):
    options = {"data_type": data_type, "mode": mode}
    [of_file] = await parsed(await rows_of(numbered(cells), columns=tuple(cells), **options))
    assert of_file.get("as_it_came") == (cells if is_sent else None)
    # The database has records already.
    for mapping in ({}, None):
        [of_record] = await parsed(await rows_of(numbered(cells), mapping=mapping, **options))
        assert "as_it_came" not in of_record


async def test_records_with_more_keys_than_a_table_has_columns_are_refused():
    record = {str(number): "" for number in range(16_385)}
    with pytest.raises(JobRefusedError, match="more than 16,384 different keys"):
        await rows_of(numbered(record))


async def test_keys_are_those_of_all_rows_that_have_one():
    records = [
        {"sku": "A", "name": "a"},
        {"sku": " B ", "name": "b", "unit_price": "call"},  # refused
        {"sku": "A", "name": "a"},  # replaces the first
        {"sku": "", "name": "c"},
        "no record",
        {"sku": "1.2E+05", "name": "d"},
    ]
    rows = await rows_of(numbered(*records, first=4), mapping={})
    assert (rows.without_key, rows.first_without_key) == (2, 8)
    assert [page async for page in rows.keys(2)] == [["A", "B"], ["A"]]
    rows = await rows_of(numbered(*records[:3]), mapping={})
    assert (rows.without_key, rows.first_without_key) == (0, None)
