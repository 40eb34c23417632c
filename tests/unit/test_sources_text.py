"""Delimited text: encodings, delimiters, quotes, blank rows, and the rows' numbers."""

import codecs
import csv
import io

import pytest

from worker.exceptions import JobRefusedError
from worker.importing.failed_rows import write_failed_rows
from worker.importing.sources import FileOptions, Unreadable, open_file
from worker.importing.sources.delimiter import find_delimiter
from worker.importing.sources.header import KnownNames

KNOWN = {"sku", "name", "price", "description"}
TABLE = [
    ["SKU", "Name", "Price"],
    ["00123", "Café tap", "12.5"],
    ["A-7", 'Pipe, 3" long', "1200"],
    ["B;8", "Été | hiver", "0.99"],
]
JUDGE = KnownNames(frozenset(KNOWN), [frozenset({"sku"}), frozenset({"name"})])


def written(delimiter=",", line_end="\r\n"):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=line_end).writerows(TABLE)
    return text.getvalue()


async def read(tmp_path, content, **options):
    path = tmp_path / "upload"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    source = await open_file(path, FileOptions.from_json(options), JUDGE)
    rows = [row async for page in source.pages() for row in page]
    assert [row async for page in source.pages() for row in page] == rows
    source.close()
    return source, rows


async def refusal(tmp_path, content, **options):
    with pytest.raises(JobRefusedError) as refused:
        await read(tmp_path, content, **options)
    return str(refused.value)


NOTE_16 = ("Read as UTF-16 text.",)


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        pytest.param(written().encode(), (), id="UTF-8"),
        pytest.param(written().encode("utf-8-sig"), (), id="UTF-8 with a mark"),
        pytest.param(written().encode("utf-16"), NOTE_16, id="UTF-16 with a mark"),
        pytest.param(codecs.BOM_UTF16_BE + written().encode("utf-16-be"), NOTE_16, id="UTF-16 BE"),
        pytest.param(written().encode("utf-16-le"), NOTE_16, id="UTF-16 LE without a mark"),
        pytest.param(written().encode("utf-16-be"), NOTE_16, id="UTF-16 BE without a mark"),
        pytest.param(
            written().encode("cp1252"), ("Read as Windows-1252 text: Café tap",), id="1252"
        ),
        pytest.param(
            written(";").encode("cp1252"),
            ("Read as Windows-1252 text with ; between the columns: Café tap",),
            id="1252 with semicolons",
        ),
        pytest.param(
            written("\t").encode(), ("Read as text with tabs between the columns.",), id="tabs"
        ),
        pytest.param(
            written("|").encode(), ("Read as text with vertical bars between the columns.",), id="|"
        ),
        pytest.param(written(line_end="\n").encode(), (), id="LF"),
        pytest.param(written(line_end="\r").encode(), (), id="lone CR"),
        pytest.param(written().rstrip().encode(), (), id="no last line end"),
        pytest.param(
            b"sep=;\r\n" + written(";").encode(),
            ("Read as text with ; between the columns.",),
            id="sep=;",
        ),
    ],
)
async def test_one_table_in_every_form(tmp_path, content, notes):
    source, rows = await read(tmp_path, content)
    assert source.columns == tuple(TABLE[0])
    assert [row.cells for row in rows] == [
        dict(zip(TABLE[0], row, strict=True)) for row in TABLE[1:]
    ]
    assert [row.number for row in rows] == [2, 3, 4]
    assert source.notes == notes


@pytest.mark.parametrize(
    ("content", "options", "cell", "note"),
    [
        ("SKU\n\xe9".encode("cp850"), {"encoding": "cp850"}, "é", "Read as cp850 text."),
        ("SKU\nñ".encode(), {"encoding": "latin-1"}, "Ã±", "Read as iso8859-1 text."),
        ("SKU\nñ".encode("utf-8-sig"), {"encoding": "utf8"}, "ñ", "Read as utf-8 text."),
        ("SKU\nñ".encode("utf-16"), {"encoding": "utf-16le"}, "ñ", "Read as utf-16-le text."),
        ("SKU\nñ".encode("utf-16-be"), {"encoding": "utf-16be"}, "ñ", "Read as utf-16-be text."),
    ],
)
async def test_encodings_by_option(tmp_path, content, options, cell, note):
    source, rows = await read(tmp_path, content, **options)
    assert [row.cells for row in rows] == [{"SKU": cell}]
    assert source.notes == (note,)


MUCH = "A1,Café tap\nA2,Crème rinse\nA3,Clé à molette\n"


@pytest.mark.parametrize(
    ("content", "options", "encoding"),
    [
        (f"SKU,Name\n{MUCH}".encode() + b"A4,Caf\xe9\nA5,x\n", {}, "UTF-8"),
        (f"SKU,Name\n{MUCH}".encode("utf-8-sig") + b"A4,Caf\xe9\nA5,x\n", {}, "UTF-8"),
        (f"SKU,Name\n{MUCH}A4,".encode("cp1252") + b"\x81\nA5,x\n", {}, "Windows-1252"),
        (b"SKU,Name\nA1,a\nA2,b\nA3,c\nA4,Caf\xe9\nA5,x\n", {"encoding": "utf-8"}, "utf-8"),
        (
            f"SKU,Name\n{MUCH}A4,".encode("utf-16") + b"\x00\xd8" + "\nA5,x\n".encode("utf-16-le"),
            {},
            "UTF-16",
        ),
    ],
)
async def test_a_row_with_bytes_that_mean_nothing_is_refused_alone(
    tmp_path, content, options, encoding
):
    _, rows = await read(tmp_path, content, **options)
    [unreadable] = [row for row in rows if isinstance(row.cells, Unreadable)]
    assert unreadable.number == 5
    assert unreadable.cells.message.startswith(
        f"the row has bytes that mean nothing in {encoding}. It begins: A4,"
    )
    assert "\N{REPLACEMENT CHARACTER}" in unreadable.cells.shown
    assert rows[-1] == (6, {"SKU": "A5", "Name": "x"})
    assert len(rows) == 5


async def test_a_header_with_bytes_that_mean_nothing_refuses_the_file(tmp_path):
    text = await refusal(tmp_path, b"SKU,Name,Caf\xe9\nA1,b,c\n", encoding="utf-8")
    assert "Row 1 stands above the rows of the table" in text


async def test_one_byte_after_two_million_makes_all_of_it_windows_1252(tmp_path):
    content = b"SKU,Name\n" + (b"a," + b"b" * 100 + b"\n") * 20_000 + b"caf\xe9,x\n"
    source, rows = await read(tmp_path, content)
    assert source.notes == ("Read as Windows-1252 text: café",)
    assert rows[-1] == (20_002, {"SKU": "café", "Name": "x"})


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("SKU,Name\na,b\n", ","),
        ("SKU;Name;Price\na;b;1,5\nc;d;2,5\n", ";"),
        ("x;y;z\n1,5;2,5;3,5\n1,5;2,5;3,5\n", ";"),
        ('SKU,Name\n"a;b;c","d;e;f"\n"a;b;c","d;e;f"\n', ","),
        ('SKU\tName\n"a,b\nc"\td\n', "\t"),
        ("Prices, net, of 2026\n\nSKU|Name\na|b\nc|d\n", "|"),
        ("one two,three\nfour,five\nsix,seven\n", ","),
        ("a,b,c\nd,e\nf,g,h\ni,j,k;l\n", ","),
        ("SKU,Name\na,b,c,d\ne,f,g\n", ","),
    ],
)
def test_the_delimiter_is_found(head, expected):
    assert find_delimiter(head, JUDGE) == expected


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("Description\nLumber, 2x4; planed\nLumber, 2x6\n", ["Lumber, 2x4; planed", "Lumber, 2x6"]),
        ("SKU\na\nb", ["a", "b"]),
        ("Description\na\tb,c;d|e\n", ["a\tb,c;d|e"]),
    ],
)
async def test_a_file_of_one_column(tmp_path, content, rows):
    if "\t" in content:  # nothing is left that does not split it
        source, found = await read(tmp_path, content, delimiter="^")
    else:
        source, found = await read(tmp_path, content)
    assert len(source.columns) == 1
    assert [list(row.cells.values()) for row in found] == [[cell] for cell in rows]
    assert source.notes == ()


@pytest.mark.parametrize(
    ("content", "options", "rows"),
    [
        ("SKU,Name\n\n\na,b\n,\n c,d\n", {}, [(4, "a", "b"), (6, "c", "d")]),
        ('SKU,Name\n"a\r\nb","c\n\n"\nd,e\n', {}, [(2, "a\r\nb", "c\n\n"), (3, "d", "e")]),
        ("Stock\n\nof 2026\nSKU,Name\na,b\n", {}, [(5, "a", "b")]),
        ("SKU,Name\na,b\nSKU,Name\nc,d\n", {}, [(2, "a", "b"), (3, "SKU", "Name"), (4, "c", "d")]),
        ("sep=,\nSKU,Name\na,b\n", {}, [(2, "a", "b")]),
        ("x,y\nSKU,Name\na,b\n", {"header_row": 1}, [(2, "SKU", "Name"), (3, "a", "b")]),
        ("x,y\n\n1,2\n", {"header_row": 3}, []),
        ("SKU,Name\na\nb,c\n", {}, [(2, "a", ""), (3, "b", "c")]),
        ('SKU,Name\na, "b, c"\n', {}, [(2, "a", "b, c")]),
        ('SKU,Name\na,5" pipe\n', {}, [(2, "a", '5" pipe')]),
        ('SKU,Name\na,"5"" pipe"\n', {}, [(2, "a", '5" pipe')]),
        ("SKU;Name\na;b,c\n", {"delimiter": ";"}, [(2, "a", "b,c")]),
        ("SKU Name\na b\n", {"delimiter": "space"}, [(2, "a", "b")]),
        ("sep=;\nSKU,Name\na,b\n", {"delimiter": ","}, [(2, "a", "b")]),
    ],
)
async def test_rows_and_their_numbers(tmp_path, content, options, rows):
    _, found = await read(tmp_path, content, **options)
    assert [(row.number, *row.cells.values()) for row in found] == rows


@pytest.mark.parametrize(
    ("content", "columns"),
    [("SKU,Name\n", ("SKU", "Name")), ("\n\r\n \n", ()), (",,\n , \n", ()), ("SKU,,\n", ("SKU",))],
)
async def test_a_file_without_rows_has_none(tmp_path, content, columns):
    source, rows = await read(tmp_path, content)
    assert (source.columns, rows) == (columns, [])


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        ("a,b\nc,d,\n", ()),
        ("a,b, ,\n", ()),
        ("a,b\n,,remark\n", ("Row 3 has more cells than there are columns",)),
        ("a,b\n" + ",,x\n" * 2, ("Row 3 and 1 other have more cells than there are columns",)),
    ],
)
async def test_remarks_beside_the_table_are_ignored_with_one_note(tmp_path, rows, note):
    source, found = await read(tmp_path, "SKU,Name\n" + rows)
    assert source.notes == tuple(f"{text}; the extra cells were ignored." for text in note)
    assert all(set(row.cells) == {"SKU", "Name"} and row.cells["SKU"] for row in found)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("A1,Bolt, zinc", 'has 1 more filled cell than there are columns (2), from "zinc" on'),
        ("A1,Bolt,, zinc", 'has 1 more filled cell than there are columns (2), from "zinc" on'),
        ("A1,a,b,c", 'has 2 more filled cells than there are columns (2), from "b" on'),
        (",a,b", 'has 1 more filled cell than there are columns (2), from "b" on'),
    ],
)
async def test_a_shifted_row_is_refused(tmp_path, row, problem):
    source, found = await read(tmp_path, f"SKU,Name\nx,y\n{row}\nz,\n")
    assert [row.number for row in found] == [2, 3, 4]
    assert problem in found[1].cells.message
    assert found[1].cells.shown.replace(" ", "") == row.replace(" ", "")
    assert source.notes == ()


@pytest.mark.parametrize("header_row", [3, 9])
async def test_a_header_row_that_is_not_there(tmp_path, header_row):
    text = await refusal(tmp_path, "SKU,Name\na,b\n\nc,d\n", header_row=header_row)
    assert f"in row {header_row}, but that row is empty" in text


async def test_a_header_far_below_is_found_by_its_option(tmp_path):
    _, rows = await read(tmp_path, "x,y\n" * 9_000 + "SKU,Name\na,b\n", header_row=9_001)
    assert rows == [(9_002, {"SKU": "a", "Name": "b"})]


async def test_a_zero_byte_far_inside_is_left_out(tmp_path):
    _, rows = await read(tmp_path, b"SKU,Name\n" + b"a,b\n" * 20_000 + b"c\x00d,\x00\n\x00,\x00\n")
    assert len(rows) == 20_001
    assert rows[-1].cells == {"SKU": "cd", "Name": ""}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("'=1+1", "=1+1"),
        ("'-inch", "-inch"),
        ("'+1 604", "+1 604"),
        ("'@home", "@home"),
        ("'quoted'", "'quoted'"),
        ("'", "'"),
        ("''=1", "'=1"),
        ("'''=1", "''=1"),
        (r"'\N", r"\N"),
        ("it's=1", "it's=1"),
    ],
)
async def test_the_mark_before_a_formula_is_taken_off(tmp_path, cell, expected):
    _, [plain, marked] = await read(tmp_path, f"SKU,Name\nA,B\n{cell},B\n")
    assert plain.cells["SKU"] == "A"
    assert marked.cells["SKU"] == expected


async def test_what_failed_rows_are_written_as_reads_back_as_it_was(tmp_path):
    cells = {"SKU": "=cmd|' /C calc'!A0", "Name": "-5", "Price": "\t@x"}

    async def failed():
        yield 2, cells, "no"

    path = tmp_path / "failed.csv"
    await write_failed_rows(path, list(cells), failed())
    source = await open_file(path, FileOptions(), JUDGE)
    [[row]] = [page async for page in source.pages()]
    assert row.cells == cells | {"Row": "2", "Problem": "no"}
