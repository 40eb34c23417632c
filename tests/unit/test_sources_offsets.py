"""Wherever in a sheet a table begins, it is the same table: in each format, at each cell."""

import json
from functools import partial

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.unit import raw_workbooks as raw
from tests.unit.biff import ERRORS
from worker.importing.sources.workbook import write_rows

WRITERS = {
    "xlsx": raw.xlsx,
    "xlsx, places of rows alone": partial(raw.xlsx, places="rows"),
    "xlsx, no places": partial(raw.xlsx, places="none"),
    "ods": raw.ods,
    "xls": raw.xls,
    "xls of Excel 95": partial(raw.xls, version=5),
    "xlsb": raw.xlsb,
}

VALUES = st.one_of(
    st.sampled_from(["SKU", "00123", "Café", "x"]),
    st.integers(1, 99_999),
    st.sampled_from([0.5, 12.25, 1e6]),
    st.booleans(),
    st.sampled_from(sorted(ERRORS)),
    st.sampled_from(
        [
            raw.Number(0.352, 1, "35.2%"),
            raw.Number(42, 2, "00042"),
            raw.Number(42, 3, "AB-0042"),
            raw.Number(1.1, 4, "1.10"),
            raw.Number(46093, 5, "2026-03-12"),
        ]
    ),
)
PLACES = st.tuples(st.integers(0, 5), st.integers(0, 5))


def read(path, tmp_path):
    """Give (rows as [number, cells, what is shown], blank columns, formulas without a value)."""
    spool = tmp_path / "spool"
    report = write_rows(path, spool, None)
    assert report.cause == ""
    rows = [json.loads(line) for line in spool.read_text().splitlines()]
    return [[*row, {}][:3] for row in rows], report.blank_columns, report.uncalculated


def expected(cells, row_offset):
    """Give what read() should, but for the number of blank columns: they are cut off here."""
    left = min(column for _, column in cells)
    rows = []
    for row, filled in raw.by_rows(cells).items():
        kept, shown = [""] * (max(column for column, _ in filled) + 1 - left), {}
        for column, cell in filled:
            kept[column - left], seen = as_read(cell)
            if seen != "nothing more":
                shown[column - left] = seen
        rows.append([row + 1 + row_offset, kept, shown])
    return rows


def as_read(cell):
    match cell:
        case raw.FORMULA:
            return "#VALUE!", "nothing more"
        case raw.Number(_, 1 | 2, shown):
            return shown, "nothing more"
        case raw.Number(_, 5, shown):
            return shown, None
        case raw.Number(value, _, shown):
            return value, shown
    return cell, "nothing more"


@pytest.mark.parametrize("kind", WRITERS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cells=st.dictionaries(PLACES, VALUES, min_size=1, max_size=12),
    row_offset=st.one_of(st.integers(0, 3), st.integers(0, 200)),
    column_offset=st.one_of(st.integers(0, 3), st.integers(0, 200)),
    formula=st.none() | PLACES,
)
@example(cells={(0, 0): "#N/A", (0, 1): "SKU"}, row_offset=1, column_offset=1, formula=None)
@example(cells={(0, 1): "SKU"}, row_offset=1, column_offset=1, formula=(0, 0))
@example(cells={(0, 0): "SKU"}, row_offset=0, column_offset=2, formula=(5, 5))
def test_a_table_reads_the_same_at_any_place(
    tmp_path, kind, cells, row_offset, column_offset, formula
):
    if (formula is not None and not kind.startswith("xls")) or kind.startswith("xlsx"):
        cells = cells | ({formula: raw.FORMULA} if formula is not None else {})
    moved = {
        (row + row_offset, column + column_offset): cell for (row, column), cell in cells.items()
    }
    path = tmp_path / "upload"
    WRITERS[kind](path, moved)
    rows, blank, uncalculated = read(path, tmp_path)
    cut = [
        [number, kept[blank:], {int(index) - blank: seen for index, seen in shown.items()}]
        for number, kept, shown in rows
    ]
    assert cut == expected(cells, row_offset)
    assert blank == column_offset + min(column for _, column in cells)
    assert uncalculated == sum(cell == raw.FORMULA for cell in cells.values())
