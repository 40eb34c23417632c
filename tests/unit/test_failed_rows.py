import csv
import json

import pytest

from worker.importing.failed_rows import write_failed_rows


async def written(tmp_path, columns, *rows):
    async def failed():
        for row in rows:
            yield row

    file = tmp_path / "failed.csv"
    await write_failed_rows(file, columns, failed())
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.reader(lines))


async def test_the_columns_as_they_were_then_row_and_problem(tmp_path):
    row = {"Price": "call", "Item": "B-1", "more": "x"}
    assert await written(tmp_path, ["Item", "Price"], (7, row, "price is no number")) == [
        ["Item", "Price", "Row", "Problem"],
        ["B-1", "call", "7", "price is no number"],
    ]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+SUM(A1)", "'+SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("-5", "-5"),
        ("+1,234.50", "+1,234.50"),
        ("a=1", "a=1"),
        ('say "8, please"', 'say "8, please"'),
        ("", ""),
        (None, ""),
        (5, "5"),
        (-5.5, "-5.5"),
        (True, "true"),
        ({"a": 1}, '{"a": 1}'),
    ],
)
async def test_no_cell_is_a_formula(tmp_path, cell, expected):
    _, row = await written(tmp_path, ["A"], (1, {"A": cell}, "="))
    assert row == [expected, "1", "'="]


async def test_no_column_is_a_formula(tmp_path):
    [header] = await written(tmp_path, ["=1+1", "Name"])
    assert header == ["'=1+1", "Name", "Row", "Problem"]


@pytest.mark.parametrize("cells", [None, "DS-8", 5, ["a"]])
async def test_a_record_that_is_no_object(tmp_path, cells):
    _, row = await written(tmp_path, ["A", "B"], (1, cells, "is no object"))
    expected = cells if isinstance(cells, str) else json.dumps(cells) if cells is not None else ""
    assert row == [expected, "", "1", "is no object"]
