"""docs/IMPORTING.md says what the worker does: its tables of examples, run."""

import re
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from worker.importing.mapping import automatic_mapping, judge_by_names
from worker.importing.sources import FileOptions, open_file
from worker.importing.tables import TABLES
from worker.importing.values import (
    Style,
    ValueProblem,
    cents,
    code,
    date,
    email,
    percent,
    whole_number,
)

PAGE = (Path(__file__).parents[2] / "docs" / "IMPORTING.md").read_text()


def dollars(cell, style=Style()):  # noqa: B008 - a frozen value
    amount = cents(cell, style)
    return f"{amount // 100 if amount >= 0 else -(-amount // 100)}.{abs(amount) % 100:02}"


READERS = {
    "cents": dollars,
    "cents with a decimal comma": partial(dollars, style=Style(decimal=",")),
    "cents with units": partial(dollars, style=Style(unit="")),
    "whole_number": lambda cell: str(whole_number(cell)),
    "percent": percent,
    "date": date,
    "code": partial(code, longest=255),
    "email": email,
}


def marked(mark):
    """Yield (what the mark names, cells of a line) of the tables under marks of this kind."""
    tables = re.findall(rf"<!-- {mark}: (.+?) -->\n\n((?:\|.*\n)+)", PAGE)
    for name, table in tables:
        for line in table.splitlines()[2:]:
            yield name, *(cell.strip() for cell in line.strip("|").split(" | "))


EXAMPLES = list(marked("examples"))


def test_every_reader_has_examples():
    assert {kind for kind, *_ in EXAMPLES} == set(READERS)
    assert len(EXAMPLES) > 40


@pytest.mark.parametrize(("kind", "written", "expected"), EXAMPLES)
def test_example(kind, written, expected):
    cell = written.strip("`")
    if kind == "date" and cell.isdigit():
        cell = int(cell)  # as a spreadsheet has it
    if expected.startswith("refused: "):
        with pytest.raises(ValueProblem) as problem:
            READERS[kind](cell)
        assert expected.removeprefix("refused: ") in str(problem.value)
    else:
        assert READERS[kind](cell) == expected


COLUMNS = [
    (data_type, field, header)
    for data_type, fields, headers in marked("columns")
    for field in re.findall(r"`(\w+)`", fields)
    for header in re.split(r", |; | or ", headers.replace(" when nothing better is there", ""))
    if header and "beside" not in header and len(re.findall("`", fields)) == 2
]


@pytest.mark.parametrize(("data_type", "field", "header"), COLUMNS)
def test_column(data_type, field, header):
    table = TABLES[data_type]
    others = [name for group in table.required for name in group if name != field]
    mapping = automatic_mapping([*others, header], table)
    assert mapping.columns[field] == header


def test_every_field_is_on_the_page():
    listed = {
        (data_type, field)
        for data_type, fields, *_ in marked("columns")
        for field in re.findall(r"`(\w+)`", fields)
    }
    assert listed == {(name, field.name) for name in TABLES for field in TABLES[name].fields}


LINES = list(marked("lines"))


@pytest.mark.parametrize(("header", "written", "expected"), LINES)
async def test_line(tmp_path, header, written, expected):
    path = tmp_path / "upload"
    path.write_text(f"{header}\nA0,Nail,1\n{written.strip('`')}\n")
    with closing(await open_file(path, FileOptions(), judge_by_names(TABLES["inventory"]))) as file:
        [[_, row]] = [page async for page in file.pages()]
    if expected.startswith("refused: "):
        assert expected.removeprefix("refused: ") in row.cells.message
    else:
        assert row.cells == {"SKU": "A1", "Name": expected, "Price": "12"}
