"""Workbooks written cell by cell, with no library between: {(row, column): cell}, from 0 on.

A cell is text, a number, a bool, an error as "#N/A", one of the kinds below, or FORMULA: a formula
whose value is not in the file. They say no more of a place than `places` has them say.
"""

import struct
import zipfile
from typing import NamedTuple
from xml.sax.saxutils import escape

from tests.unit import biff

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
ODF = "urn:oasis:names:tc:opendocument:xmlns"

FORMULA = "=1"
# By their places here a cell's style is counted.
FORMATS = ["General", "0.0%", "00000", '"AB-"0000', "0.00", "yyyy-mm-dd"]


class Number(NamedTuple):
    """A number with a format of FORMATS, and what it shows."""

    value: float
    style: int
    shown: str


def letters(column):
    written = ""
    while column >= 0:
        column, letter = divmod(column, 26)
        written = chr(ord("A") + letter) + written
        column -= 1
    return written


def by_rows(cells):
    rows = {}
    for (row, column), cell in sorted(cells.items()):
        rows.setdefault(row, []).append((column, cell))
    return rows


def archive(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            target.writestr(name, content)


def relations(*targets):
    written = "".join(
        f'<Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{written}</Relationships>'


def xlsx(path, cells, places="all", settings=""):
    """Write an .xlsx.

    Args:
        path: where to.
        cells: of its sheet.
        places: "all"; "rows" have their number and cells none; "none". Where there are none, what
            is empty is written as such.
        settings: what stands before the sheets in the main part.

    """
    formats = "".join(
        f'<numFmt numFmtId="{164 + index}" formatCode="{escape(written, {chr(34): "&quot;"})}"/>'
        for index, written in enumerate(FORMATS)
    )
    styles = "".join(f'<xf numFmtId="{164 + index}"/>' for index in range(len(FORMATS)))
    rows, last_row = [], -1
    for row, filled in by_rows(cells).items():
        if places == "none":
            rows += ["<row/>"] * (row - last_row - 1)
        written, last_column = [], -1
        for column, cell in filled:
            if places != "all":
                written += ["<c/>"] * (column - last_column - 1)
            at = f' r="{letters(column)}{row + 1}"' if places == "all" else ""
            written.append(_xlsx_cell(at, cell))
            last_column = column
        at = "" if places == "none" else f' r="{row + 1}" spans="1:{last_column + 1}"'
        rows.append(f"<row{at}>{''.join(written)}</row>")
        last_row = row
    archive(
        path,
        {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
            "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{settings}<sheets>'
            '<sheet name="Stock" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": relations(
                ("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")
            ),
            "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts>'
            f"<cellXfs>{styles}</cellXfs></styleSheet>",
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>'
            f"{''.join(rows)}</sheetData></worksheet>",
        },
    )


def _xlsx_cell(at, cell):
    match cell:
        case "=1":
            return f"<c{at}><f>1</f></c>"
        case bool():
            return f'<c{at} t="b"><v>{int(cell)}</v></c>'
        case Number():
            return f'<c{at} s="{cell.style}"><v>{cell.value}</v></c>'
        case str() if cell in biff.ERRORS:
            return f'<c{at} t="e"><v>{cell}</v></c>'
        case str():
            return f'<c{at} t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
    return f"<c{at}><v>{cell}</v></c>"


def ods(path, cells):
    """Write an .ods as LibreOffice does: gaps as repeated cells and rows."""
    rows, last_row = [], -1
    for row, filled in by_rows(cells).items():
        gap = row - last_row - 1
        if gap:
            repeated = f'table:number-rows-repeated="{gap}"'
            rows.append(f"<table:table-row {repeated}><table:table-cell/></table:table-row>")
        written, last_column = [], -1
        for column, cell in filled:
            gap = column - last_column - 1
            if gap:
                written.append(f'<table:table-cell table:number-columns-repeated="{gap}"/>')
            written.append(_ods_cell(cell))
            last_column = column
        rows.append(f"<table:table-row>{''.join(written)}</table:table-row>\n")
        last_row = row
    ods_of(path, "".join(rows))


def ods_of(path, rows, more=""):
    """Write an .ods of rows as they are given, with more tables behind."""
    archive(
        path,
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": "<manifest/>",
            "content.xml": f'<office:document-content xmlns:office="{ODF}:office:1.0" '
            f'xmlns:table="{ODF}:table:1.0" xmlns:text="{ODF}:text:1.0" xmlns:draw="urn:d" '
            'xmlns:calcext="urn:c" xmlns:style="urn:s">'
            f'<office:body><office:spreadsheet><table:table table:name="Stock">{rows}'
            f"</table:table>{more}</office:spreadsheet></office:body></office:document-content>",
        },
    )


def _ods_cell(cell):
    if cell == FORMULA:
        return '<table:table-cell table:formula="of:=1"/>'
    kind, value, shown = _ods_value(cell)
    return (
        f'<table:table-cell office:value-type="{kind}"{value}>'
        f"<text:p>{escape(shown)}</text:p></table:table-cell>"
    )


def _ods_value(cell):
    """Give a cell's type, its attribute and its text."""
    match cell:
        case bool():
            return "boolean", f' office:boolean-value="{str(cell).lower()}"', str(cell).upper()
        case Number(_, 5, shown):
            return "date", f' office:date-value="{shown}"', shown
        case Number(value, style, shown):
            kind = "percentage" if style == 1 else "float"
            return kind, f' office:value="{value}"', shown
        case str():
            is_error = cell in biff.ERRORS  # as Excel writes one
            return ("float", ' office:value="0"', cell) if is_error else ("string", "", cell)
    return "float", f' office:value="{cell}"', str(cell)


def xls(path, cells, version=8, **arguments):
    """Write an .xls; no formula is without a value in one."""
    path.write_bytes(
        biff.xls(
            {"Stock": {place: _xls_cell(cell) for place, cell in cells.items()}},
            version=version,
            formats={164 + index: written for index, written in enumerate(FORMATS)},
            styles=[164 + index for index in range(len(FORMATS))],
            **arguments,
        )
    )


def _xls_cell(cell):
    return (cell.value, cell.style) if isinstance(cell, Number) else cell


def xlsb(path, cells, *, is_1904=False):
    """Write an .xlsb; no formula is without a value in one."""
    formats = b"".join(
        record(44, struct.pack("<H", 164 + index) + wide(written))
        for index, written in enumerate(FORMATS)
    )
    styles = b"".join(
        record(47, struct.pack("<HH", 0, 164 + index) + bytes(12)) for index in range(len(FORMATS))
    )
    sheet = record(129) + record(148, bytes(16)) + record(145)
    for row, filled in by_rows(cells).items():
        sheet += record(0, struct.pack("<I", row) + bytes(13))
        sheet += b"".join(_xlsb_cell(column, cell) for column, cell in filled)
    archive(
        path,
        {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
            "_rels/.rels": relations(("officeDocument", "xl/workbook.bin")),
            "xl/workbook.bin": record(131)
            + record(153, struct.pack("<II", int(is_1904), 0) + wide(""))
            + record(143)
            + record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Stock"))
            + record(144)
            + record(132),
            "xl/_rels/workbook.bin.rels": relations(
                ("worksheet", "worksheets/sheet1.bin"), ("styles", "styles.bin")
            ),
            "xl/styles.bin": record(278)
            + record(615, struct.pack("<I", len(FORMATS)))
            + formats
            + record(616)
            + record(617, struct.pack("<I", len(FORMATS)))
            + styles
            + record(618)
            + record(279),
            "xl/worksheets/sheet1.bin": sheet + record(146) + record(130),
        },
    )


def _xlsb_cell(column, cell):
    style = cell.style if isinstance(cell, Number) else 0
    head = struct.pack("<II", column, style)
    match cell:
        case bool():
            return record(4, head + bytes([cell]))
        case str() if cell in biff.ERRORS:
            return record(3, head + bytes([biff.ERRORS[cell]]))
        case str():
            return record(6, head + wide(cell))
    value = cell.value if isinstance(cell, Number) else cell
    return record(5, head + struct.pack("<d", value))


def wide(text):
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def record(kind, body=b""):
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length, size = b"", len(body)
    while size > 127:
        length, size = length + bytes([size & 0x7F | 0x80]), size >> 7
    return head + length + bytes([size]) + body
