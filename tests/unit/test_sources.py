"""Records in pages, the options of a file, its header, and the columns' names."""

import pytest

from worker.exceptions import JobRefusedError
from worker.importing.sources import FileOptions, RecordSource, SourceRow
from worker.importing.sources.header import KnownNames, find_header, nameless, read_header
from worker.importing.sources.rows import PAGE_ROWS

KNOWN = {"sku", "name", "price", "qty", "cost"}
JUDGE = KnownNames(frozenset(KNOWN), [frozenset({"sku"}), frozenset({"name"})])


def records(*values):
    async def read_page(first, count):
        return list(values[first - 1 : first - 1 + count])

    return RecordSource(len(values), read_page)


@pytest.mark.parametrize(
    ("record", "is_row"),
    [
        ({"sku": "a"}, True),
        ({"sku": 0}, True),
        ({"sku": False}, True),
        ({"sku": []}, True),
        ({}, False),
        ({"sku": "", "name": None}, False),
        ({"sku": " \t\n\u00a0"}, False),
        ([], True),
        ("", True),
        (None, True),
        (7, True),
    ],
)
async def test_a_record_without_values_is_blank_and_what_is_no_object_is_not(record, is_row):
    pages = [page async for page in records({"sku": "x"}, record, {"sku": "y"}).pages()]
    between = [SourceRow(2, record)] if is_row else []
    assert pages == [[SourceRow(1, {"sku": "x"}), *between, SourceRow(3, {"sku": "y"})]]


async def test_records_come_in_pages_and_a_blank_page_is_none():
    blanks = [{}] * PAGE_ROWS
    source = records(*blanks, *[{"sku": n} for n in range(PAGE_ROWS + 1)])
    for _ in range(2):
        pages = [page async for page in source.pages()]
        assert [len(page) for page in pages] == [PAGE_ROWS, 1]
        assert pages[1] == [SourceRow(2 * PAGE_ROWS + 1, {"sku": PAGE_ROWS})]
    assert source.columns is None
    assert source.notes == ()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, FileOptions()),
        ({"dry_run": True, "anything": 1, "sheet": None}, FileOptions()),
        ({"delimiter": ";"}, FileOptions(delimiter=";")),
        ({"delimiter": "Semicolon"}, FileOptions(delimiter=";")),
        ({"delimiter": "\t"}, FileOptions(delimiter="\t")),
        ({"delimiter": "\\t"}, FileOptions(delimiter="\t")),
        ({"delimiter": "^"}, FileOptions(delimiter="^")),
        ({"encoding": "UTF-8"}, FileOptions(encoding="utf-8")),
        ({"encoding": "windows-1252"}, FileOptions(encoding="cp1252")),
        ({"encoding": "latin1"}, FileOptions(encoding="iso8859-1")),
        ({"sheet": "Stock 2026"}, FileOptions(sheet="Stock 2026")),
        ({"header_row": 3}, FileOptions(header_row=3)),
        ({"header_row": 0}, FileOptions(header_row=0)),
    ],
)
def test_options(options, expected):
    assert FileOptions.from_json(options) == expected


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("delimiter", ["", ";;", "a", "1", '"', "\n", "\r", "\0", "\ud800", 5, [";"], True]),
        (
            "encoding",
            [
                *("", "zip", "rot13", "base64", "hex", "idna", "punycode", "unicode_escape"),
                *("utf-7", "undefined", "no-such", "../utf-8", "utf-8\0", "x" * 99, 8, {}),
            ],
        ),
        ("sheet", ["", "a\nb", "\0", "\udc00", "x" * 256, 1, ["Stock"], False]),
        ("header_row", [-1, 1.0, "3", True, [1], float("nan")]),
    ],
)
def test_an_option_that_cannot_be_meant_is_named(option, values):
    for value in values:
        with pytest.raises(JobRefusedError, match=f'^The option "{option}" must '):
            FileOptions.from_json({option: value})


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([], None, id="no rows"),
        pytest.param([["SKU", "Name"], ["a", "b"]], 0, id="at the top"),
        pytest.param([["List of prices"], ["2026"], ["SKU", "Name"], ["a", "b"]], 2, id="titles"),
        pytest.param([["Price"], ["SKU", "Name"], ["a", "b"]], 1, id="a title is a known name"),
        pytest.param([["SKU", "Name"], ["SKU", "Name"]], 0, id="the first of two"),
        pytest.param([[" sku ", "x"], ["a", "b", "c"]], 0, id="trimmed"),
        pytest.param([["x"], ["Art", "Text"], ["a", "b"]], 1, id="unknown: most text, first"),
        pytest.param([["Art", "Text"], ["a", "1,5", "2"]], 0, id="numbers are no names"),
        pytest.param([[1, 2.5, True], ["Art", "Text"]], 1, id="cells that are no text"),
        pytest.param([["SKU", "Name", "x"], ["a", "Price", "Qty", "Cost"]], 0, id="required first"),
        pytest.param([["x" * 300, "SKU"], ["y", "z"]], 0, id="a long cell beside a known one"),
    ],
)
def test_the_header_is_the_row_that_serves_most_required_fields_then_has_most_known_names(
    rows, expected
):
    assert find_header(list(enumerate(rows, 1)), JUDGE) == expected


@pytest.mark.parametrize(
    ("cells", "below", "columns"),
    [
        ([" SKU ", "Name"], [], ("SKU", "Name")),
        (["SKU", "", "Name"], [], ("SKU", "Column B", "Name")),
        (["SKU", "", " "], [["a", "", ""]], ("SKU",)),
        (["SKU", "", ""], [["a"], ["a", "x"]], ("SKU", "Column B")),
        (["SKU"], [["a", "x"]], ("SKU",)),
        (["a", "a", "a"], [], ("a", "a (2)", "a (3)")),
        (["a", "a", "a (2)"], [], ("a", "a (3)", "a (2)")),
        (["a (2)", "a", "a"], [], ("a (2)", "a", "a (3)")),
        (["", "Column A"], [], ("Column A", "Column A (2)")),
        (["a", "A"], [], ("a", "A")),
        ([2024, 1.5, True, None, "x"], [], ("2024", "1.5", "True", "Column D", "x")),
        (["__proto__", "constructor"], [], ("__proto__", "constructor")),
        ([], [["a"]], ()),
    ],
)
def test_columns_are_named_apart(cells, below, columns):
    header = read_header(3, cells, below)
    assert header.columns == columns


@pytest.mark.parametrize(
    ("cells", "notes"),
    [
        (["SKU", "Price", "price"], []),
        (["", "Column A"], []),
        (
            ["Price", "SKU", "Price"],
            ['2 columns are named "Price"; the other is called "Price (2)".'],
        ),
        (
            ["a", "a", "b", "a", "b"],
            [
                '3 columns are named "a"; the others are called "a (2)", "a (3)".',
                '2 columns are named "b"; the other is called "b (2)".',
            ],
        ),
        (["a"] * 9, ['9 columns are named "a"; the others are called "a (2)", "a (3)", "a (4)".']),
    ],
)
def test_columns_of_one_name_are_told(cells, notes):
    assert list(read_header(1, cells, []).notes) == notes


@pytest.mark.parametrize(
    ("cells", "below", "values"),
    [
        (["A1", "Screw", "12.50"], [["A2", "Nail", "13.50"]], ['"A1"', '"Screw"', '"12.50"']),
        (["Screw", "A-17"], [["Nail", "B-9"], ["", "C-1"]], ['"Screw"', '"A-17"']),
        (["Screw", 12.5], [["Nail", 3]], ['"Screw"', "12.5"]),
        (["Ann Lee", "ann@lee.test"], [["Bob", ""]], ['"Ann Lee"', '"ann@lee.test"']),
        (["Screw", "$1,234.50"], [], ['"Screw"', '"$1,234.50"']),
        (["Artikel", "Menge"], [["A1", "5"]], []),
        (["Artikel", "Preis 2"], [["A1", "5"], ["A2", "6"]], []),
        (["Artikel", "2026"], [["A1", "a lot"], ["A2", "some"]], []),
        ([], [["a"]], []),
    ],
)
def test_a_row_of_values_is_no_header(cells, below, values):
    assert nameless(cells, below) == values


@pytest.mark.parametrize(
    ("place", "name"),
    [(25, "Column Z"), (26, "Column AA"), (701, "Column ZZ"), (702, "Column AAA")],
)
def test_a_nameless_column_has_the_spreadsheets_letters(place, name):
    assert read_header(1, [""] * place + ["", "x"], []).columns[place] == name


def test_names_are_cut_and_columns_too_with_a_note_each():
    header = read_header(1, ["x" * 300, "x" * 299, *("c" * 17_000)], [])
    assert len(header.columns) == len(set(header.columns)) == 16_384
    assert header.columns[:2] == ("x" * 255, "x" * 255 + " (2)")
    assert header.notes == (
        "The columns after the first 16,384 were ignored.",
        "Column names were cut after 255 characters.",
        f'2 columns are named "{"x" * 39}…"; the other is called "{"x" * 39}…".',
        '16,382 columns are named "c"; the others are called "c (2)", "c (3)", "c (4)".',
    )
