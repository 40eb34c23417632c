"""XML Spreadsheet 2003: cells as their owner sees them, sheets, what no program should write."""

from pathlib import Path

import pytest

from worker.exceptions import JobRefusedError
from worker.importing.sources import FileOptions, open_file
from worker.importing.sources.header import KnownNames

pytestmark = pytest.mark.usefixtures("without_a_child")

FIELD = Path(__file__).parents[1] / "data" / "field"
JUDGE = KnownNames(frozenset({"sku", "name", "price"}), [frozenset({"sku"}), frozenset({"name"})])
OFFICE = "urn:schemas-microsoft-com:office:spreadsheet"
STYLES = """
<Style ss:ID="Default"><Alignment ss:Vertical="Bottom"/></Style>
<Style ss:ID="percent"><NumberFormat ss:Format="Percent"/></Style>
<Style ss:ID="tenth"><NumberFormat ss:Format="0.0%"/></Style>
<Style ss:ID="digits"><NumberFormat ss:Format="00000"/></Style>
<Style ss:ID="bold" ss:Parent="digits"><Font ss:Bold="1"/></Style>
<Style ss:ID="loop" ss:Parent="loop"/>
"""
HEADER = "<Row>" + "".join(
    f'<Cell><Data ss:Type="String">{name}</Data></Cell>' for name in ("SKU", "Name", "Price")
)
HEADER += "</Row>"
FORM = "Read as XML Spreadsheet 2003."


def workbook(*sheets, before='<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>'):
    written = "".join(
        f'<Worksheet ss:Name="{name}"><Table>{rows}</Table>{after}</Worksheet>'
        for name, rows, after in sheets
    )
    return (
        f'{before}<Workbook xmlns="{OFFICE}" xmlns:ss="{OFFICE}">'
        f"<Styles>{STYLES}</Styles>{written}</Workbook>"
    )


def stock(rows):
    return workbook(("Stock", HEADER + rows, ""))


def data(value, kind="String", **attributes):
    written = "".join(f' ss:{name}="{value}"' for name, value in attributes.items())
    return f'<Cell{written}><Data ss:Type="{kind}">{value}</Data></Cell>'


async def read(path, content, **options):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    source = await open_file(path, FileOptions.from_json(options), JUDGE)
    try:
        rows = [row async for page in source.pages() for row in page]
    finally:
        source.close()
    return source, [(row.number, *row.cells.values()) for row in rows]


async def refusal(path, content, **options):
    with pytest.raises(JobRefusedError) as refused:
        await read(path, content, **options)
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    return str(refused.value)


async def test_the_field_file(tmp_path):
    source, rows = await read(tmp_path / "a", (FIELD / "02_xmlss.xls").read_bytes())
    assert rows == [(2, "00123", "Screw", 12.5)]
    assert source.notes == (FORM,)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (data("00123"), "00123"),
        (data("a&#10;b &amp; c"), "a\nb & c"),
        (data("12", "Number"), 12),
        (data("12.50", "Number"), 12.5),
        (data("1E-3", "Number"), 0.001),
        (data("00123", "Number"), "00123"),
        (data("12345678901234567", "Number"), "12345678901234567"),
        (data("1,234.50", "Number"), "1,234.50"),
        (data("0.352", "Number", StyleID="percent"), "35.2%"),
        (data("0.352", "Number", StyleID="tenth"), "35.2%"),
        (data("42", "Number", StyleID="digits"), "00042"),
        (data("42", "Number", StyleID="bold"), "00042"),
        (data("42", "Number", StyleID="loop"), 42),
        (data("42", "Number", StyleID="none"), 42),
        (data("2026-03-12T00:00:00.000", "DateTime"), "2026-03-12"),
        (data("2026-03-12T15:30:00.000", "DateTime"), "2026-03-12T15:30:00"),
        (data("1899-12-31T08:30:00.000", "DateTime"), "08:30:00"),
        (data("soon", "DateTime"), "soon"),
        (data("1", "Boolean"), True),
        (data("0", "Boolean"), False),
        (data("#N/A", "Error"), "#N/A"),
        (data("#REF!", "Error", Formula="=A1"), "#REF!"),
        (data("5", "Number", Formula="=R[-1]C"), 5),
        (data("", "String", Formula="=A1"), ""),
        (data("x") + "<!-- no -->", "x"),
        ("<Cell/>", ""),
        (
            (
                '<Cell><ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40"><B>bo</B>'
                "ld</ss:Data><Comment><ss:Data>remark</ss:Data></Comment></Cell>"
            ),
            "bold",
        ),
        ('<Cell><Comment><Data ss:Type="String">remark</Data></Comment></Cell>', ""),
    ],
)
async def test_a_cell_is_what_its_owner_sees(tmp_path, cell, expected):
    source, rows = await read(tmp_path / "a", stock(f"<Row>{cell}{data('x')}</Row>"))
    assert rows == [(2, expected, "x", "")]
    assert source.notes == (FORM,)


@pytest.mark.parametrize("formula", ['<Cell ss:Formula="=A1"/>', data("", "Number", Formula="=A1")])
async def test_a_formula_without_a_value_is_an_error(tmp_path, formula):
    source, rows = await read(tmp_path / "a", stock(f"<Row>{data('1')}{formula}</Row>"))
    assert rows == [(2, "1", "#VALUE!", "")]
    assert source.notes[1].startswith("1 formula has no stored value and counted as #VALUE!")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            f'<Row ss:Index="5">{data(1)}{data(2)}</Row><Row>{data(3)}</Row>',
            [(5, "1", "2", ""), (6, "3", "", "")],
        ),
        (f"<Row>{data(1)}{data(2, Index=3)}</Row>", [(2, "1", "", "2")]),
        (f"<Row>{data(1, MergeAcross=1)}{data(2)}</Row>", [(2, "1", "", "2")]),
        (
            f"<Row>{data(1, MergeDown=1)}{data(2)}</Row><Row>{data(3, Index=2)}</Row><Row/>",
            [(2, "1", "2", ""), (3, "", "3", "")],
        ),
        (
            f'<Row ss:StyleID="bold">{data(7, "Number")}{data(8, "Number", StyleID="x")}</Row>',
            [(2, "00007", 8, "")],
        ),
        (f"<Row/><Row/><Row>{data(1)}</Row>", [(4, "1", "", "")]),
    ],
)
async def test_cells_stand_where_the_file_says(tmp_path, rows, expected):
    assert (await read(tmp_path / "a", stock(rows)))[1] == expected


async def test_a_columns_style_counts_where_a_cell_has_none(tmp_path):
    columns = '<Column/><Column ss:StyleID="percent" ss:Span="1"/>'
    rows = f"<Row>{data(1, 'Number')}{data(0.5, 'Number')}{data(0.25, 'Number')}</Row>"
    content = workbook(("Stock", columns + HEADER + rows, ""))
    assert (await read(tmp_path / "a", content))[1] == [(2, 1, "50%", "25%")]


COVER = ("Cover", f"<Row>{data('Price list')}</Row>", "")
STOCK = ("Stock", f"{HEADER}<Row>{data('1')}{data('a')}</Row>", "")
OLD = ("Old", f"{HEADER}<Row>{data('0')}{data('old')}</Row>", "")
HIDDEN = (*OLD[:2], "<WorksheetOptions><Visible>SheetHidden</Visible></WorksheetOptions>")
NEW = [(2, "1", "a", "")]


@pytest.mark.parametrize(
    ("sheets", "wanted", "rows", "note"),
    [
        ([COVER, STOCK, OLD], None, NEW, 'Read the sheet "Stock" of "Cover", "Stock", "Old".'),
        ([HIDDEN, STOCK], None, NEW, 'Read the sheet "Stock" of "Old", "Stock".'),
        ([("Empty", "", ""), STOCK], None, NEW, 'Read the sheet "Stock" of "Empty", "Stock".'),
        ([OLD, STOCK], "Stock", NEW, 'Read the sheet "Stock" of "Old", "Stock".'),
        ([OLD, STOCK], " stock ", NEW, 'Read the sheet "Stock" of "Old", "Stock".'),
        ([COVER], None, [], FORM),
        ([STOCK, ("Empty", "", "")], "Empty", [], FORM),
    ],
)
async def test_the_sheet_is_the_named_one_or_the_first_that_fits(
    tmp_path, sheets, wanted, rows, note
):
    source, found = await read(tmp_path / "a", workbook(*sheets), sheet=wanted)
    assert found == rows
    assert source.notes == (note,)


async def test_a_sheet_that_is_not_there_is_refused(tmp_path):
    assert await refusal(tmp_path / "a", workbook(COVER, STOCK), sheet="Prices") == (
        'The workbook has no sheet of that name. It has: "Cover", "Stock".'
    )


@pytest.mark.parametrize(
    "before",
    ["", " \r\n<?xml version='1.0'?>", "<!-- a --><?b?>", "\ufeff<?xml version='1.0'?>"],
)
async def test_it_may_begin_with_anything(tmp_path, before):
    content = workbook(STOCK, before=before)
    assert (await read(tmp_path / "a", content))[1] == NEW


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "cp1252", "iso-8859-1"])
async def test_in_the_encoding_that_it_names(tmp_path, codec):
    row = f"<Row>{data('1')}{data('Café')}</Row>"
    content = workbook(
        ("Stock", HEADER + row, ""),
        before=f'<?xml version="1.0" encoding="{codec.replace("cp", "windows-")}"?>',
    )
    assert (await read(tmp_path / "a", content.encode(codec)))[1] == [(2, "1", "Café", "")]


async def test_a_prefix_before_every_name(tmp_path):
    content = workbook(STOCK).replace("<", "<ss:").replace("<ss:/", "</ss:")
    content = content.replace("<ss:?", "<?").replace(f'xmlns="{OFFICE}" ', "")
    assert (await read(tmp_path / "a", content))[1] == NEW


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (workbook(STOCK)[:-20], "The XML spreadsheet is damaged or incomplete: line "),
        (workbook(STOCK).replace("SKU", "S & U"), "The XML spreadsheet is damaged or incomplete"),
        (stock('<Row ss:Index="1"><Cell/></Row>'), "The XML spreadsheet is damaged: in row 1 "),
        (
            stock(f"<Row>{data(1, Index=3)}{data(2, Index=2)}</Row>"),
            "The XML spreadsheet is damaged: in row 2 the cells are not one behind the other.",
        ),
        (
            stock(f"<Row>{data(1, MergeDown=1)}</Row><Row>{data(2)}</Row>"),
            "The XML spreadsheet is damaged: in row 3 the cells are not one behind the other.",
        ),
        (
            workbook(STOCK, before='<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]>'),
            "The XML spreadsheet declares entities of its own",
        ),
    ],
)
async def test_what_is_not_clear_is_refused(tmp_path, content, text):
    assert (await refusal(tmp_path / "a", content)).startswith(text)
