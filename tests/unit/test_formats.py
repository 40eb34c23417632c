"""Formats by content: each is told, and what is no table is named."""

import struct
import zipfile
from pathlib import Path

import pytest

from worker.exceptions import JobRefusedError
from worker.importing.sources import FileOptions, open_file
from worker.importing.sources.formats import find_format
from worker.importing.sources.header import KnownNames

FIELD = Path(__file__).parents[1] / "data" / "field"
JUDGE = KnownNames(frozenset({"sku", "name"}), [frozenset({"sku"}), frozenset({"name"})])
OFFICE = "urn:oasis:names:tc:opendocument:xmlns"
SYLK = (FIELD / "m3_sylk.slk").read_bytes()
DBASE = (
    struct.pack("<BBBBIHH20x", 3, 126, 3, 4, 1, 65, 11)
    + struct.pack("<11sc4xB15x", b"SKU", b"C", 10)
    + b"\r 0000123456\x1a"
)


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"SKU,Name\nA,x\n", "text"),
        (b"<b>SKU</b>,Name\n", "text"),
        (b"<SKU>,<Name>\n", "text"),
        (b"<=5,Name\n", "text"),
        (b"ID;Price\nA;5\n", "text"),
        (b"ID;Price;Name\nC;5;Knob\n", "text"),
        (b"ID;P\nC;Kit\n", "text"),
        (b"TABLE,0\n1,2\n", "text"),
        (b"BM,Name\n", "text"),
        (b"From: 2026-01-01\nTo: 2026-02-01\n\nSKU,Name\n", "text"),
        (b"\x030\x02,\n", "text"),
        (b"Price list <of today>\nSKU,Name\n", "text"),
        (b"Stock<br><table><tr><td>SKU</table>", "html"),
        (b"<!-- " + b"x" * 70_000, "html"),
        (b"<!DOCTYPE html", "html"),
        (b"<?php echo 1 ?><table>", "html"),
        (b"<Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'>", "xml spreadsheet"),
        (b"<?xml version='1.0'?><ss:Workbook>", "xml spreadsheet"),
        ("<?xml version='1.0'?><Workbook>".encode("utf-16"), "xml spreadsheet"),
        ("<?xml version='1.0'?><Workbook>".encode("utf-16-be"), "xml spreadsheet"),
        (b'[{"a":1}]', "json"),
        (b'{ "a":1}', "json"),
        (b"[]", "json"),
        ('[{"a":1}]'.encode("utf-16-le"), "json"),
        (b"[],b\n", "text"),
        (b"{a},{b}\n", "text"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related;\n boundary=x\n\n", "mhtml"),
        (b"From: <Saved by x>\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n", "mhtml"),
    ],
)
def test_formats(head, form):
    assert find_format(head) == form


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (SYLK, "a SYLK file"),
        (b"ID;PWXL;N;E\r\nP;PGeneral\r\nC;X1;Y1;K5\r\nE\r\n", "a SYLK file"),
        (b'TABLE\r\n0,1\r\n"EXCEL"\r\n', "a DIF file"),
        (DBASE, "a dBase table"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"ARROW1\0\0", "an Arrow file"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\0\1\0\0Standard Jet DB\0", "a Microsoft Access database"),
        (b"\0\1\0\0Standard ACE DB\0", "a Microsoft Access database"),
        (b"{\\rtf1\\ansi", "a text document"),
        (b"%PDF-1.4", "a PDF"),
        (b"%!PS-Adobe-3.0", "a document for a printer"),
        (b"GIF89a", "a picture"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a picture"),
        (b"\0\0\0\x18ftypheic", "a picture"),
        (b"BM\x36\x10\0\0\0\0\0\0", "a picture"),
        (b"II*\0", "a picture"),
        (b"\0\0\x1a\0\0\x10\4\0", "a Lotus 1-2-3 worksheet"),
        (b"BEGIN:VCARD\r\nVERSION:3.0\r\n", "an address book (vCard)"),
        (b"BEGIN:VCALENDAR\r\n", "a calendar"),
        (b"Received: from a\nMIME-Version: 1.0\nSubject: x\n\n", "an e-mail"),
        (b"Message-ID: <1@a>\nMIME-Version: 1.0\nContent-Type: text/html\n\n", "an e-mail"),
        (b"<?xml version='1.0'?><!-- x --><products/>", "an XML file that holds no spreadsheet"),
        (b"<?xml version='1.0'?>", "an XML file that holds no spreadsheet"),
        (b"<rss version='2.0'></rss>", "an XML file that holds no spreadsheet (<rss>)"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "an XML file that holds no spreadsheet"),
        (
            f'<?xml version="1.0"?><office:document xmlns:office="{OFFICE}:office:1.0" '
            'office:mimetype="application/vnd.oasis.opendocument.text">'.encode(),
            "an XML file that holds no spreadsheet",
        ),
        ("a,b".encode("utf-32"), "UTF-32 text"),
    ],
)
def test_what_is_no_table_is_named(head, what):
    with pytest.raises(JobRefusedError) as refused:
        find_format(head)
    assert str(refused.value).startswith(f"The file is not a table we can read. It is {what}")


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ({"[Content_Types].xml": "", "word/document.xml": ""}, "a Word document"),
        ({"[Content_Types].xml": "", "ppt/presentation.xml": ""}, "a PowerPoint presentation"),
        ({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ""}, "an Open"),
        ({"mimetype": "application/epub+zip"}, "a book"),
        ({"Index/Document.iwa": ""}, "an Apple Numbers file; export it as .xlsx or CSV"),
        ({"Index.zip": "", "preview.jpg": ""}, "an Apple Numbers file; export it as .xlsx or CSV"),
    ],
)
@pytest.mark.usefixtures("without_a_child")
async def test_other_documents_in_archives_are_named(tmp_path, parts, what):
    with zipfile.ZipFile(tmp_path / "a", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(JobRefusedError) as refused:
        await open_file(tmp_path / "a", FileOptions(), JUDGE)
    assert str(refused.value).startswith(f"The file is not a table we can read. It is {what}")


@pytest.mark.parametrize(
    ("name", "columns", "row"),
    [
        ("01_html.xls", 4, (2, "00123", 'Deck screw 3"', "$1,234.50", "12")),
        ("02_xmlss.xls", 3, (2, "00123", "Screw", 12.5)),
        ("13_zip.zip", 3, (2, "A1", "Screw", "12")),
        ("15_json.json", 3, (1, "A1", "Screw", 12.5)),
        ("m1_html_table_that_begins_with_meta.xls", 3, (2, "H-100", "Hammer", "19.99")),
    ],
)
async def test_field_files_are_read_by_the_child(tmp_path, name, columns, row):
    (tmp_path / "a").write_bytes((FIELD / name).read_bytes())
    source = await open_file(tmp_path / "a", FileOptions(), JUDGE)
    rows = [
        (found.number, *found.cells.values()) async for page in source.pages() for found in page
    ]
    source.close()
    assert len(source.columns) == columns
    assert rows[0] == row
    assert [found.name for found in tmp_path.iterdir()] == ["a"]


async def test_the_field_file_of_apple_numbers(tmp_path):
    (tmp_path / "a").write_bytes((FIELD / "p1_apple_numbers.numbers").read_bytes())
    with pytest.raises(JobRefusedError, match="It is an Apple Numbers file; export it as"):
        await open_file(tmp_path / "a", FileOptions(), JUDGE)


async def test_flat_ods_is_read_as_ods(tmp_path):
    def row(*cells):
        written = "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p>'
            "</table:table-cell>"
            for cell in cells
        )
        return f"<table:table-row>{written}</table:table-row>"

    (tmp_path / "a").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<office:document '
        f'xmlns:office="{OFFICE}:office:1.0" xmlns:table="{OFFICE}:table:1.0" '
        f'xmlns:text="{OFFICE}:text:1.0" '
        'office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:body>'
        '<office:spreadsheet><table:table table:name="Stock">'
        f"{row('SKU', 'Name')}{row('00123', 'Tap')}"
        "</table:table></office:spreadsheet></office:body></office:document>"
    )
    source = await open_file(tmp_path / "a", FileOptions(), JUDGE)
    rows = [(row.number, row.cells) async for page in source.pages() for row in page]
    source.close()
    assert rows == [(2, {"SKU": "00123", "Name": "Tap"})]
    assert [found.name for found in tmp_path.iterdir()] == ["a"]
