"""Web pages as tables: what a browser shows, in the columns and rows that a spreadsheet has."""

import io
from pathlib import Path

import pandas as pd
import pytest

from worker.exceptions import JobRefusedError
from worker.importing.sources import FileOptions, open_file
from worker.importing.sources.header import KnownNames

pytestmark = pytest.mark.usefixtures("without_a_child")

FIELD = Path(__file__).parents[1] / "data" / "field"
JUDGE = KnownNames(
    frozenset({"sku", "name", "price", "cost"}), [frozenset({"sku"}), frozenset({"name"})]
)
HEAD = "<tr><th>SKU</th><th>Name</th><th>Price</th></tr>"
TABLE = (
    f"<table>{HEAD}<tr><td>00123</td><td>Caf&eacute; tap &frac12;&quot;</td>"
    "<td>$1,234.50</td></tr></table>"
)
CELLS = ["00123", 'Café tap ½"', "$1,234.50"]
READ = "Read as an HTML table."


async def read(path, content=None, **options):
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    source = await open_file(path, FileOptions.from_json(options), JUDGE)
    try:
        rows = [row async for page in source.pages() for row in page]
    finally:
        source.close()
    assert not list(path.parent.glob(f"{path.name}.*"))
    return source, rows


async def cells(path, content, **options):
    _, rows = await read(path, content, **options)
    return [list(row.cells.values()) for row in rows]


async def refusal(path, content):
    with pytest.raises(JobRefusedError) as refused:
        await read(path, content)
    return str(refused.value)


async def test_the_field_files(tmp_path):
    for name, expected in {
        "01_html.xls": [
            ["00123", 'Deck screw 3"', "$1,234.50", "12"],
            ["A-2", "Hinge & pin", "5.25", "3"],
        ],
        "m1_html_table_that_begins_with_meta.xls": [["H-100", "Hammer", "19.99"]],
    }.items():
        content = (FIELD / name).read_bytes()
        assert await cells(tmp_path / "upload", content) == expected


@pytest.mark.parametrize(
    "before",
    [
        "",
        "\ufeff",
        "\r\n\t ",
        "<!-- by a report -->",
        "<!-- --><!DOCTYPE html>",
        "<!DOCTYPE html PUBLIC '-//W3C//DTD HTML 4.01//EN'>",
        '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">',
        "<html xmlns:x='urn:schemas-microsoft-com:office:excel'><head><xml><x:a>1</xml></head>",
        "<META http-equiv=x>",
        "<style>td { color: red }</style>",
        "<script>if (1 < 2) '<table>'</script>",
        "<head><title>Stock</title></head>",
        "<BODY>",
        "<div>",
        "<center><font size=2>",
        "<form><input type=hidden>",
    ],
)
async def test_a_page_may_begin_with_anything(tmp_path, before):
    source, rows = await read(tmp_path / "upload", before + TABLE)
    assert [(row.number, list(row.cells.values())) for row in rows] == [(2, CELLS)]
    assert source.columns == ("SKU", "Name", "Price")
    assert source.notes == (READ,)


@pytest.mark.parametrize(
    ("said", "codec", "note"),
    [
        ("", "utf-8", None),
        ("", "utf-8-sig", None),
        ("", "utf-16", "UTF-16"),
        ("", "utf-16-le", "UTF-16"),
        ("<meta charset=iso-8859-1>", "cp1252", None),
        ("<meta charset=iso-8859-1>", "utf-8", None),
        (
            "<meta content='text/html; charset=macintosh' http-equiv=Content-Type>",
            "mac_roman",
            None,
        ),
        ("<meta charset=windows-1252>", "utf-16", "UTF-16"),
    ],
)
async def test_the_encoding_is_what_fits(tmp_path, said, codec, note):
    page = f"{said}<table>{HEAD}<tr><td>1</td><td>Café 12″ ™</td><td>5</td></tr></table>"
    page = page.replace("″", '"')
    source, rows = await read(tmp_path / "upload", page.encode(codec))
    assert list(rows[0].cells.values()) == ["1", 'Café 12" ™', "5"]
    assert source.notes == ((READ, f"Read as {note} text.") if note else (READ,))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("00123", "00123"),
        ("<b>0</b>0123", "00123"),
        (" a \n b ", "a b"),
        ("a&nbsp;b", "a\xa0b"),
        ("&nbsp;", ""),
        ("a<br>b<br/> c", "a\nb\nc"),
        ("<p>a</p><p>b</p>", "a\nb"),
        ("<div>a</div>", "a"),
        ("&lt;b&gt; &amp;amp; &#8482; &#x2122;", "<b> &amp; ™ ™"),
        ("3 < 4 & 5", "3 < 4 & 5"),
        ("a<!-- no -->b", "ab"),
        ("a<script>document.write('<td>x</td>')</script>b<style>x</style>", "ab"),
        ("<span style='DISPLAY : none'>00012.50</span>$12.50", "$12.50"),
        ("<span hidden>1</span>2", "2"),
        ("<select><option>1<option selected>2</select>", "2"),
        ('2<sup>1/2</sup>"', '2 1/2"'),
        ("m<sup>2</sup>", "m2"),
        ("<s>15</s>12", "15 12"),
        ("<a href='x'>A-1</a>", "A-1"),
        ("<o:p>x</o:p>", "x"),
    ],
)
async def test_a_cell_is_what_a_browser_shows(tmp_path, cell, text):
    page = f"<table>{HEAD}<tr><td>{cell}</td><td>x</td><td></td></tr></table>"
    assert await cells(tmp_path / "upload", page) == [[text, "x", ""]]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<td x:num="123456789012">1.23457E+11</td>', "123456789012"),
        ('<td x:num="5.25">######</td>', "5.25"),
        ('<td sdval="5.25" sdnum="1033;">###</td>', "5.25"),
        ('<td x:num="12.345">$12.35</td>', "$12.35"),
        ("<td x:num>5</td>", "5"),
        ("<td style='mso-number-format:\"\\@\"'>00123</td>", "00123"),
        ("<td class=xl24>1.10</td>", "1.10"),
    ],
)
async def test_a_number_that_its_column_had_no_room_for_is_the_one_that_is_stored(
    tmp_path, cell, text
):
    page = f"<table>{HEAD}<tr>{cell}<td>x</td></tr></table>"
    assert await cells(tmp_path / "upload", page) == [[text, "x", ""]]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            "<tr><td>1<td>a<td>5<tr><td>2<td>b", [[1, "a", 5], [2, "b", ""]], id="no ends"
        ),
        pytest.param("<td>1<td>a<tr><td>2", [[1, "a", ""], [2, "", ""]], id="no first row"),
        pytest.param("<tbody><tr><td>1</tbody><tfoot><tr><td>2", [[1, "", ""], [2, "", ""]]),
        pytest.param("<tr><th>1</th><td>a</td>", [[1, "a", ""]], id="a heading of a row"),
        pytest.param(
            "<tr><td>1<td rowspan=2>a<td>5<tr><td>2<td>6<tr><td>3",
            [[1, "a", 5], [2, "a", 6], [3, "", ""]],
            id="down",
        ),
        pytest.param(
            "<tr><td>1<td colspan=2>a<tr><td>2<td>b<td>6", [[1, "a", ""], [2, "b", 6]], id="across"
        ),
        pytest.param(
            "<tr><td>1<td rowspan=2 colspan=2>a<tr><td>2<tr><td>3<td>c<td>7",
            [[1, "a", ""], [2, "a", ""], [3, "c", 7]],
            id="both",
        ),
        pytest.param(
            "<tr><td>1<td>a<td rowspan=9>5<tr><td>2<tr><td>3<td>c",
            [[1, "a", 5], [2, "", 5], [3, "c", 5]],
            id="at the end",
        ),
        pytest.param(
            "<tbody><tr><td rowspan=0>1<td>a<tr><td>b</tbody><tbody><tr><td>2<td>c",
            [[1, "a", ""], [1, "b", ""], [2, "c", ""]],
            id="all rows of a section",
        ),
        pytest.param("<tr><td colspan=x>1<td rowspan=-1>a", [[1, "a", ""]], id="nonsense"),
        pytest.param("<tr><td>&nbsp;<td> <td><tr><td>1", [[1, "", ""]], id="a blank row"),
    ],
)
async def test_cells_stand_in_their_columns(tmp_path, rows, expected):
    expected = [[str(cell) for cell in row] for row in expected]
    assert await cells(tmp_path / "upload", f"<table>{HEAD}{rows}</table>") == expected


async def test_a_cell_over_several_rows_is_a_note_unless_it_is_a_heading(tmp_path):
    head = (
        "<tr><th rowspan=2>SKU<th rowspan=2>Name<th colspan=2>Prices<tr><th>Price<th>Cost"
        "<tr><td>1<td>a<td>5<td>4"
    )
    source, rows = await read(tmp_path / "upload", f"<table>{head}</table>")
    assert [list(row.cells.items()) for row in rows] == [
        [("SKU", "1"), ("Name", "a"), ("Price", "5"), ("Cost", "4")]
    ]
    assert source.notes == (READ,)
    source, _ = await read(
        tmp_path / "upload", f"<table>{head}<tr><td rowspan=2>2<td>b<tr><td>c</table>"
    )
    assert source.notes[1:] == (
        'A cell that spans several rows counts in each of them, like "2" from row 4 on.',
    )


MENU = "<table><tr><td>Home</td></tr><tr><td>Logout</td></tr></table>"
NUMBERS = "<table>" + "<tr><td>1<td>2<td>3" * 9 + "</table>"
OTHERS = "with 2 rows; the others were left out."


@pytest.mark.parametrize(
    ("page", "row", "note"),
    [
        (f"{MENU}{TABLE}", 4, READ),
        (f"<h1>Stock</h1><p>of today</p>{TABLE}", 4, READ),
        (f"Stock<br>{TABLE}", 3, READ),
        (f"<table><tr><td>{MENU}</td><td>{TABLE}</td></tr></table>", 2, READ),
        (f"<table><tr><td>Stock</td></tr><tr><td>{TABLE}</td></tr></table>", 3, READ),
        (
            f"{TABLE}{TABLE.replace('00123', '7')}",
            2,
            f"Read as an HTML table, the largest of 2, {OTHERS}",
        ),
        (
            f"{NUMBERS}{TABLE}",
            11,
            f"Read as an HTML table, the one with the required columns of 2, {OTHERS}",
        ),
    ],
)
async def test_of_several_tables_the_one_with_the_columns_then_the_largest(
    tmp_path, page, row, note
):
    source, rows = await read(tmp_path / "upload", page)
    assert [(found.number, list(found.cells.values())) for found in rows] == [(row, CELLS)]
    assert source.notes == (note,)


async def test_a_table_within_a_cell_is_the_cells_text(tmp_path):
    row = "".join(f"<td><table><tr><td><div>{cell}</div></td></tr></table></td>" for cell in CELLS)
    source, rows = await read(tmp_path / "upload", f"<table>{HEAD}<tr>{row}</tr></table>")
    assert [list(found.cells.values()) for found in rows] == [CELLS]
    assert source.notes == (READ,)


@pytest.mark.parametrize(
    "page",
    [
        TABLE,
        f"<table>{HEAD}<tr><td>1<td>a<td>5<tr><td>2<td>b<td>6</table>",
        f"<table>{HEAD}<tr><td>1<td rowspan=3>a<td>5<tr><td>2<td>6<tr><td>3<td>7</table>",
        f"<table><thead>{HEAD}</thead><tbody><tr><td>x<td>y z<td>&pound;5</tbody></table>",
    ],
)
async def test_as_pandas_reads_it(tmp_path, page):
    frame = pd.read_html(io.StringIO(page), converters=dict.fromkeys(range(3), str))[0]
    assert await cells(tmp_path / "upload", page) == frame.to_numpy().tolist()


ARCHIVE = """MIME-Version: 1.0
X-Document-Type: Workbook
Content-Type: multipart/related; boundary="----=_NextPart"

This document is a Single File Web Page.

------=_NextPart
Content-Location: file:///C:/1/stock.htm
Content-Transfer-Encoding: quoted-printable
Content-Type: text/html; charset="us-ascii"

<html xmlns:x=3D"urn:x"><frameset></frameset></html>

------=_NextPart
Content-Location: file:///C:/1/sheet001.htm
Content-Transfer-Encoding: {encoding}
Content-Type: text/html; charset="us-ascii"

{page}
------=_NextPart
Content-Transfer-Encoding: base64
Content-Type: image/png

iVBORw0KGgo=
------=_NextPart--
"""
QUOTED = f"<table>{HEAD}<tr><td class=3Dx>00=\n123</td><td>Caf&eacute;</td></tr></table>"
BASE64 = (
    "PHRhYmxlPjx0cj48dGQ+U0tVPHRkPk5hbWU8dGQ+UHJpY2U8dHI+PHRkPjAwMTIzPHRkPkNhZiZl\n"
    "YWN1dGU7PC90YWJsZT4="
)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("encoding", "page"),
    [
        ("quoted-printable", QUOTED),
        ("base64", BASE64),
        ("7bit", f"<table>{HEAD}<tr><td>00123<td>Caf&eacute;</table>"),
    ],
)
async def test_a_single_file_web_page(tmp_path, encoding, page, line_end):
    content = ARCHIVE.format(encoding=encoding, page=page).replace("\n", line_end)
    assert await cells(tmp_path / "upload", content) == [["00123", "Café", ""]]


async def test_a_single_file_web_page_of_one_part(tmp_path):
    content = f"MIME-Version: 1.0\nContent-Type: text/html\n\n{TABLE}"
    assert await cells(tmp_path / "upload", content) == [CELLS]


async def test_a_page_without_a_table_is_refused(tmp_path):
    for page in ("<html><body>Please sign in</body></html>", "<!DOCTYPE html>", "<!-- -->"):
        assert (await refusal(tmp_path / "upload", page)).startswith(
            "The file is a web page without a table."
        )


async def test_html_within_a_csv_file_is_text(tmp_path):
    content = 'SKU,Name,Price\nA,"<table><tr><td>x</td></tr></table>",5\n'
    assert await cells(tmp_path / "a.xls", content) == [
        ["A", "<table><tr><td>x</td></tr></table>", "5"]
    ]
    content = "<b>SKU</b>,Name\nA,x\n"
    assert await cells(tmp_path / "a.html", content) == [["A", "x"]]
