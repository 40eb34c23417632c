"""OpenDocument: what a cell is, by its value and by what it shows."""

import json
import re

import pytest

from tests.unit import raw_workbooks as raw
from worker.importing.sources.workbook import write_rows


def read(tmp_path, rows, wanted=None, more=""):
    raw.ods_of(tmp_path / "file", rows, more)
    report = write_rows(tmp_path / "file", tmp_path / "spool", wanted)
    assert report.cause == ""
    return [json.loads(line) for line in (tmp_path / "spool").read_text().splitlines()]


def cell(attributes, text=""):
    attributes = re.sub(r"(^| )(?=[a-z-]+=)", r"\1office:", attributes)
    return f"<table:table-cell {attributes}>{text}</table:table-cell>"


def number(value, text, kind="float"):
    return cell(f'value-type="{kind}" value="{value}"', f"<text:p>{text}</text:p>")


def string(text):
    return cell('value-type="string"', text)


REMARK = "<office:annotation><text:p>a remark</text:p></office:annotation>"
DRAWING = "<draw:frame><draw:text-box><text:p>a label</text:p></draw:text-box></draw:frame>"

LIBREOFFICE_ERROR = (
    '<table:table-cell office:value-type="string" calcext:value-type="error">'
    "<text:p>#NOM!</text:p></table:table-cell>"
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (string("<text:p>a</text:p>"), "a"),
        (string("<text:p>a</text:p><text:p>b</text:p>"), "a\nb"),
        (string("<text:p>a</text:p><text:p/><text:p>b</text:p>"), "a\n\nb"),
        (string("<text:p>a<text:line-break/>b<text:tab/>c</text:p>"), "a\nb\tc"),
        (string('<text:p>a<text:s text:c="3"/>b<text:s/>c</text:p>'), "a   b c"),
        (string("<text:p>a\n   b</text:p>"), "a b"),
        (string("\n  <text:p>a</text:p>\n  "), "a"),
        (string("<text:p>a<text:span>b<text:a>c</text:a></text:span>d</text:p>"), "abcd"),
        (string(f"{REMARK}<text:p>a</text:p>"), "a"),
        (string(f"<text:p>a</text:p>{DRAWING}"), "a"),
        (string(f"<text:p>a{DRAWING}b</text:p>"), "ab"),
        (string("<text:p>a<text:note><text:p>1</text:p></text:note>b</text:p>"), "ab"),
        (string("<text:p>A &amp; B &lt;</text:p>"), "A & B <"),
        (string("<text:p>00123</text:p>"), "00123"),
        (cell('value-type="string" string-value="a"'), "a"),
        (cell("", REMARK), ""),
        (number(12.5, "12.50"), 12.5),
        (number(12.5, "12.50 €", "currency"), 12.5),
        (number(0.352, "35 %", "percentage"), "35.2%"),
        (number(5, "5"), 5),
        (number(5, ""), 5),
        (cell('value-type="date" date-value="2026-03-12"'), "2026-03-12"),
        (cell('value-type="date" date-value="2026-03-12T14:30:00"'), "2026-03-12T14:30:00"),
        (cell('value-type="date" date-value="2026-03-12T00:00:00"'), "2026-03-12"),
        (cell('value-type="date" date-value="0001-13-12"'), "0001-13-12"),
        (cell('value-type="time" time-value="PT08H15M00S"'), "08:15:00"),
        (cell('value-type="time" time-value="PT30H05M00S"'), "30:05:00"),
        (cell('value-type="time" time-value="PT08H15M00.5S"'), "08:15:00"),
        (cell('value-type="time" time-value="-PT01H00M00S"'), "-1:00:00"),
        (cell('value-type="time" time-value="P1DT1H"'), "25:00:00"),
        (cell('value-type="time" time-value="noon"'), "noon"),
        (cell('value-type="boolean" boolean-value="true"'), True),
        (cell('value-type="boolean" boolean-value="false"'), False),
        # Errors: as Excel writes them, as LibreOffice does, as others do.
        (number(0, "#N/A"), "#N/A"),
        (number(0, "#DIV/0!", "percentage"), "#DIV/0!"),
        (number(0, "#REF!", "currency"), "#REF!"),
        (number(0, "Err:502"), "#VALUE!"),
        (string("<text:p>#NAME?</text:p>"), "#NAME?"),
        (LIBREOFFICE_ERROR, "#VALUE!"),
        # Formulas.
        ('<table:table-cell table:formula="of:=1"/>', "#VALUE!"),
        ('<table:table-cell table:formula="of:=1" office:value-type="string"/>', ""),
        (number(2, "2").replace("cell ", 'cell table:formula="of:=1" ', 1), 2),
    ],
)
def test_a_cell_is_its_value(tmp_path, written, expected):
    rows = f"<table:table-row>{string('<text:p>x</text:p>')}{written}{written}</table:table-row>"
    [[_, cells, *_]] = read(tmp_path, rows)
    assert cells == (["x", expected, expected] if expected != "" else ["x"])


@pytest.mark.parametrize(
    ("value", "text", "shown"),
    [
        (42, "AB-0042", "AB-0042"),
        (12345, "012-345", "012-345"),
        (1.1, "1.10", "1.10"),
        (1.1, "1,10", "1.10"),
        (10_000, "10,000", None),
        (10_000, "10 000", None),
        (42, "42.00", None),
        (42, "42,", None),
        (1.1, "1.1", None),
        (120_000, "1.20E+05", None),
        (42, "###", None),
        (-42, "-42", None),
    ],
)
def test_a_code_is_what_its_cell_shows(tmp_path, value, text, shown):
    row = f"<table:table-row>{number(value, text)}</table:table-row>"
    assert read(tmp_path, row) == [[1, [value], *([{"0": shown}] if shown else [])]]


def test_leading_zeros_are_text(tmp_path):
    row = f"<table:table-row>{number(42, '00042')}</table:table-row>"
    assert read(tmp_path, row) == [[1, ["00042"]]]


X, Y = string("<text:p>x</text:p>"), string("<text:p>y</text:p>")


def test_repeated_cells_and_rows(tmp_path):
    rows = (
        '<table:table-row table:number-rows-repeated="2"><table:table-cell '
        'table:number-columns-repeated="1024"/></table:table-row>'
        f'<table:table-row table:number-rows-repeated="2">{X}<table:table-cell '
        'table:number-columns-repeated="2"/><table:table-cell table:number-columns-repeated="2" '
        'office:value-type="float" office:value="7"/></table:table-row>'
        f"<table:table-header-rows><table:table-row>{Y}</table:table-row></table:table-header-rows>"
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell '
        'table:number-columns-repeated="1024"/></table:table-row>'
        f"<table:table-row>{X}</table:table-row>"
    )
    seven = ["x", "", "", 7, 7]
    assert read(tmp_path, rows) == [[3, seven], [4, seven], [5, ["y"]], [1_048_006, ["x"]]]


def test_merged_cells_keep_their_place(tmp_path):
    row = f"<table:table-row>{X}<table:covered-table-cell/>{Y}</table:table-row>"
    assert read(tmp_path, row) == [[1, ["x", "", "y"]]]


def test_line_breaks_may_stand_between_all_elements(tmp_path):
    rows = f"\n<table:table-row>\n  {X}\n  {Y}\n</table:table-row>\n"
    assert read(tmp_path, rows) == [[1, ["x", "y"]]]


HIDDEN = (
    '<style:style style:name="ta2"><style:table-properties table:display="false"/></style:style>'
)


@pytest.mark.parametrize("wanted", [None, "B"])
def test_a_hidden_sheet_comes_last(tmp_path, wanted):
    others = "".join(
        f'{HIDDEN}<table:table table:name="{name}"{style}><table:table-row>{row}'
        "</table:table-row></table:table>"
        for name, style, row in (("A", ' table:style-name="ta2"', X), ("B", "", Y))
    )
    assert read(tmp_path, "", wanted, others) == [[1, ["y"]]]
