"""Quotation marks as people and programs write them: at most the row is refused."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.exceptions import JobRefusedError
from worker.importing.sources import FileOptions, Unreadable, open_file
from worker.importing.sources.header import KnownNames
from worker.importing.sources.quotes import divided

JUDGE = KnownNames(frozenset({"sku", "name", "price"}), [frozenset({"sku"}), frozenset({"name"})])
HEAD = "SKU,Name,Price\nA0,Nail,1\nA00,Peg,1\n"


async def read(tmp_path, content, **options):
    path = tmp_path / "upload"
    path.write_bytes(content.encode())
    source = await open_file(path, FileOptions.from_json(options), JUDGE)
    rows = [row async for page in source.pages() for row in page]
    assert [row async for page in source.pages() for row in page] == rows
    return source, rows


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('A1,"4" ABS pipe,12', '"4" ABS pipe'),
        ('A1,"3/4" plywood,12', '"3/4" plywood'),
        ('A1,2" x 4",12', '2" x 4"'),
        ('A1,"2" x 4",12', '2" x 4'),
        ('A1,"Pipe 4"",12', 'Pipe 4"'),
        ('A1,"Pipe 4""",12', 'Pipe 4"'),
        ('A1,"4" pipe, 2" long",12', '4" pipe, 2" long'),
        ('A1,"4" pipe","12"', '4" pipe'),
        ('A1,"4" ABS pipe,"12"', '"4" ABS pipe'),
        ('"A1","4" pipe","12"', '4" pipe'),
        ('A1,"5"" pipe, black",12', '5" pipe, black'),
        ('A1,"a" ,12', "a"),
        ('A1,Pipe 4\\",12', 'Pipe 4\\"'),
        ('A1,"C:\\tools\\",12', "C:\\tools\\"),
    ],
)
async def test_a_mark_inside_a_cell_is_a_character(tmp_path, line, name):
    source, rows = await read(tmp_path, f"{HEAD}{line}\nA2,b,2\n")
    assert rows[2].cells == {"SKU": "A1", "Name": name, "Price": "12"}
    assert [row.number for row in rows] == [2, 3, 4, 5]
    assert source.notes == ()


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('A1,"Pipe 4\\" x 10\'",12', "Pipe 4\" x 10'"),
        ('A1,"Pipe 4\\"",12', 'Pipe 4"'),
        ('A1,"4\\" x 6\\", black",12', '4" x 6", black'),
        ('A1,"a\\\\b",12', "a\\b"),
        ('A1,"a\\b",12', "a\\b"),
        ("A1,\\N,12", ""),
        ('A1,"two\nlines \\"x\\"",12', 'two\nlines "x"'),
    ],
)
async def test_a_backslash_is_an_escape_where_the_file_shows_it(tmp_path, line, name):
    shows = 'A01,"3\\" nail",1\n'
    source, rows = await read(tmp_path, f"{HEAD}{shows}{line}\nA2,b,2\n")
    assert rows[2].cells["Name"] == '3" nail'
    assert rows[3].cells == {"SKU": "A1", "Name": name, "Price": "12"}
    assert rows[4].cells["SKU"] == "A2"
    assert source.notes == (r"Read \" as a quotation mark inside a cell, and \N as an empty cell.",)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('A1,"4 inch pipe,12', "has a quotation mark that is opened and never closed"),
        ('A1,"x" y",z,12', "cannot be divided into columns for its quotation marks"),
        ("A1," + "x" * 131_073 + ",12", "has a cell of more than 131,072 characters"),
        ('A1,"' + "x" * 131_073 + '",12', "has a cell of more than 131,072 characters"),
    ],
)
async def test_what_cannot_be_divided_for_certain_is_refused_alone(tmp_path, line, problem):
    _, rows = await read(tmp_path, f"{HEAD}{line}\nA2,b,2\nA3,c,3\n")
    assert [row.number for row in rows] == [2, 3, 4, 5, 6]
    [refused] = [row.cells for row in rows if isinstance(row.cells, Unreadable)]
    assert refused.message.startswith(f"the row {problem}")
    assert f"It begins: {line[:30]}" in refused.message
    assert refused.shown == line[:10_000]
    assert rows[-1].cells == {"SKU": "A3", "Name": "c", "Price": "3"}


@pytest.mark.parametrize("below", [1, 3, 500, 9_000])
async def test_a_mark_that_is_never_closed_costs_its_row_alone(tmp_path, below):
    lines = "".join(f"B{i},nail,2\n" for i in range(below))
    _, rows = await read(tmp_path, f'{HEAD}A1,"4 inch pipe,12\n{lines}')
    assert isinstance(rows[2].cells, Unreadable)
    assert len(rows) == 3 + below
    assert rows[-1].cells["SKU"] == f"B{below - 1}"


async def test_a_mark_that_takes_in_500_rows_is_named(tmp_path):
    lines = "".join(f"B{i},nail,2\n" for i in range(499)) + 'B499,5",2\nB500,x,3\n'
    _, rows = await read(tmp_path, f'{HEAD}A1,"4 inch pipe,12\n{lines}')
    assert "would take in the 500 rows below it" in rows[2].cells.message
    assert 'It begins: A1,"4 inch pipe,12' in rows[2].cells.message
    assert [row.cells["SKU"] for row in rows[3:]] == [f"B{i}" for i in range(501)]
    assert rows[-2].cells["Name"] == '5"'


async def test_two_rows_that_may_be_one_are_refused_together(tmp_path):
    _, rows = await read(tmp_path, f'{HEAD}A1,"4 inch,12\nB1,5",13\nA2,b,2\n')
    assert "takes in the row below it" in rows[2].cells.message
    assert rows[2].cells.shown == 'A1,"4 inch,12\nB1,5",13'
    assert rows[3].cells["SKU"] == "A2"


async def test_the_rest_of_a_cell_is_no_row_of_its_own(tmp_path):
    content = f'{HEAD}A1,"4 inch\npipe 3" long\nB1,x,"1\nA2,b,2\nshort,row\n'
    _, rows = await read(tmp_path, content)
    unreadable = [row.number for row in rows if isinstance(row.cells, Unreadable)]
    assert unreadable == [4, 5, 6]
    assert "may belong to row 4" in rows[3].cells.message
    assert [row.cells["SKU"] for row in rows if row.number > 6] == ["A2", "short"]


@pytest.mark.parametrize(
    "cell",
    [
        "two\nlines",
        "Red, 3in\nBlue, 4in",
        "a, b\nc, d\ne, f, g\nh",
        "a\r\n\r\nb",
        'Size 5"\nlong',
    ],
)
async def test_a_cell_of_several_lines_is_one(tmp_path, cell):
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["A1", cell, "12"], ["A2", "b", "2"]])
    _, rows = await read(tmp_path, HEAD + text.getvalue())
    assert rows[2].cells == {"SKU": "A1", "Name": cell, "Price": "12"}
    assert [row.number for row in rows] == [2, 3, 4, 5]


async def test_a_header_that_cannot_be_divided_refuses_the_file(tmp_path):
    with pytest.raises(JobRefusedError, match="Row 1 stands above the rows of the table"):
        await read(tmp_path, 'SKU,"Name,Price\nA1,Nail,2\nA2,"x"y",2\n')


@pytest.mark.thorough
@pytest.mark.parametrize(
    "content",
    [
        'SKU,Name\n"' + ('\n","' + "x" * 400) * 10_500,
        "SKU,Name\n" + ("x" * 40 + '","\n') * 100_000,
    ],
)
async def test_marks_without_end_take_bounded_time(tmp_path, content):
    try:
        _, rows = await read(tmp_path, content)
    except JobRefusedError as refusal:
        assert "too many quotation marks" in str(refusal)  # noqa: PT017 - either way is right
    else:
        assert rows


async def test_a_line_longer_than_any_row_refuses_the_file(tmp_path):
    with pytest.raises(JobRefusedError, match="Row 2 goes on for more than 4,000,000 characters"):
        await read(tmp_path, "SKU\n" + "x," * 2_100_000)


CELLS = st.text('ab", \\', max_size=6).map(lambda text: f"x{text}x")


@given(st.lists(CELLS, min_size=2, max_size=4))
def test_what_keeps_to_the_rules_is_divided_by_them_or_refused(cells):
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    found = divided(text.getvalue(), ",", len(cells))
    if '\\"' not in text.getvalue():
        assert isinstance(found, Unreadable) or found == cells


@given(st.text('ab"\\, \n', max_size=200))
def test_any_line_of_marks_has_the_width_or_is_refused(line):
    found = divided(line, ",", 3)
    assert isinstance(found, Unreadable) or len(found) == 3
