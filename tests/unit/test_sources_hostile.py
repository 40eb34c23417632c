"""What nobody should upload: each a clear refusal, or its rows, in bounded time and memory."""

import asyncio
import csv
import io
import itertools
import json
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.unit import biff
from worker.exceptions import JobRefusedError
from worker.importing.sources import FileOptions, Unreadable, open_file
from worker.importing.sources.header import KnownNames
from worker.importing.sources.rows import PAGE_ROWS
from worker.importing.sources.workbook import write_rows

XLS = (Path(__file__).parents[1] / "data" / "files" / "stock.xls").read_bytes()
KNOWN = {"sku", "name", "price"}

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
STYLES = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
ODF = "urn:oasis:names:tc:opendocument:xmlns"

NOISE = [n * n * 7919 // 256 % 256 for n in range(70_000)]

NO_TABLE = "The file is not a table we can read"
LARGE = "The workbook is too large when unpacked."
DAMAGED = "The workbook is damaged or incomplete."
PROTECTED = "The workbook is protected with a password. Save it without one and upload that."
EMPTY = "The file is empty. Export it again and upload that."
JUDGE = KnownNames(frozenset(KNOWN), [frozenset({"sku"}), frozenset({"name"})])


async def read(path, content=None, **options):
    if content is not None:
        path.write_bytes(content)
    source = await open_file(path, FileOptions.from_json(options), JUDGE)
    try:
        return source, [row async for page in source.pages() for row in page]
    finally:
        source.close()


async def outcome(path, content=None):
    """Give the refusal's text; fails where there is none."""
    with pytest.raises(JobRefusedError) as refused:
        await read(path, content)
    assert not list(path.parent.glob("*.rows"))
    return str(refused.value)


def archive(path, parts, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as target:
        for name, pieces in parts.items():
            with target.open(name, "w") as part:
                for piece in [pieces] if isinstance(pieces, str) else pieces:
                    part.write(piece.encode())
    return path


def xlsx(path, rows, before="", **parts):
    """Write a sheet's XML as it is given, in pieces."""
    rows = [rows] if isinstance(rows, str) else rows
    sheet = [f'{before}<worksheet xmlns="{MAIN}"><sheetData>', *rows, "</sheetData></worksheet>"]
    return archive(
        path,
        {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Override '
            f'PartName="/xl/styles.xml" ContentType="{STYLES}"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship '
            f'Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            '<sheet name="Stock" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="rId2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
            "</Relationships>",
            "xl/worksheets/sheet1.xml": sheet,
        }
        | parts,
    )


def ods(path, rows):
    return archive(
        path,
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": "<manifest/>",
            "content.xml": f'<office:document-content xmlns:office="{ODF}:office:1.0" '
            f'xmlns:table="{ODF}:table:1.0" xmlns:text="{ODF}:text:1.0"><office:body>'
            f'<office:spreadsheet><table:table table:name="Stock">{rows}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        },
    )


def text_cell(place, text):
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HEADER = f'<row r="1">{text_cell("A1", "SKU")}</row>'


def xls_with_password():
    """Turn a harmless record of a real .xls into the one that says it is encrypted (FILEPASS)."""
    content = bytearray(XLS)
    position = 512
    while (kind := struct.unpack_from("<HH", content, position))[0] != 0x5C:
        position += 4 + kind[1]
    struct.pack_into("<HHH", content, position, 0x2F, kind[1], 1)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(b"", EMPTY, id="empty"),
        pytest.param(b"\xef\xbb\xbf", EMPTY, id="only a mark"),
        pytest.param(b"\xff\xfe", EMPTY, id="only a mark of UTF-16"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", f"{NO_TABLE}. It is a picture.", id="PNG"),
        pytest.param(b"\xff\xd8\xff\xe0\0\x10JFIF", f"{NO_TABLE}. It is a picture.", id="JPEG"),
        pytest.param(b"%PDF-1.7\n%abc\n1 0 obj\n", f"{NO_TABLE}. It is a PDF", id="PDF"),
        pytest.param(b"\x1f\x8b\x08\0abc", "The compressed file (.gz) is damaged", id="gzip"),
        pytest.param(b" <!DOCTYPE html><html>", "The file is a web page without a", id="HTML"),
        pytest.param(b"\xef\xbb\xbf<?xml version='1.0'?>", f"{NO_TABLE}. It is an XML", id="XML"),
        pytest.param("SKU,b".encode("utf-32"), f"{NO_TABLE}. It is UTF-32", id="UTF-32"),
        pytest.param(bytes(NOISE), f"{NO_TABLE}: it is not text", id="bytes"),
        pytest.param(bytes(NOISE[:40]), f"{NO_TABLE}: it is not text", id="40 bytes"),
        pytest.param(b"SKU,Name\na,\0b\n", f"{NO_TABLE}: it is not text", id="NUL in text"),
        pytest.param(b"SKU,\x01\x02\x03\x04\n", f"{NO_TABLE}: it is not text", id="controls"),
        pytest.param(b"\0" * 5_000, f"{NO_TABLE}: it is not text", id="NULs"),
        pytest.param(b"SKU\n" + b"x" * 5_000_000, "Row 2 goes on for more than", id="5 MB line"),
    ],
)
async def test_what_is_no_text_is_refused(tmp_path, content, text):
    assert (await outcome(tmp_path / "upload.csv", content)).startswith(text)


def cut(content, share=0.5):
    return content[: int(len(content) * share)]


def plain_zip(path):
    return archive(path, {"stock.csv": "SKU,Name\n"}).read_bytes()


def small_xlsx(path, rows=HEADER):
    return xlsx(path, rows).read_bytes()


def small_ods(path):
    cell = '<table:table-cell office:value-type="string"><text:p>SKU</text:p></table:table-cell>'
    return ods(path, f"<table:table-row>{cell}</table:table-row>").read_bytes()


def protected_ods(path):
    manifest = "<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"
    parts = {"META-INF/manifest.xml": manifest, "encrypted-package": "x"}
    return archive(path, parts).read_bytes()


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        pytest.param(plain_zip, "zip", id="plain ZIP"),
        pytest.param(lambda path: cut(plain_zip(path)), "damaged", id="cut ZIP"),
        pytest.param(lambda path: cut(small_xlsx(path)), "damaged", id="cut xlsx"),
        pytest.param(lambda path: cut(small_xlsx(path), 0.99), "damaged", id="xlsx without end"),
        pytest.param(lambda path: cut(small_ods(path)), "damaged", id="cut ods"),
        pytest.param(lambda _: cut(XLS), "document", id="cut xls"),
        pytest.param(lambda _: XLS[:8], "document", id="nothing but OLE magic"),
        pytest.param(
            lambda _: biff.container({"WordDocument": bytes(4096)}), "document", id="Word"
        ),
        pytest.param(
            lambda _: biff.container({"Workbook": bytes(4096)}), "damaged", id="xls of zeros"
        ),
        pytest.param(
            lambda _: biff.container({"EncryptedPackage": bytes(4096)}), "protected", id="encrypted"
        ),
        pytest.param(lambda _: xls_with_password(), "protected", id="xls with password"),
        pytest.param(protected_ods, "protected", id="ods with password"),
        pytest.param(
            lambda path: archive(path, {"xl/workbook.bin": "x"}).read_bytes(), "damaged", id="xlsb"
        ),
        pytest.param(
            lambda path: archive(path, {"xl/workbook.xml": "x"}).read_bytes(), "damaged", id="xl/"
        ),
        pytest.param(
            lambda path: archive(path, {"content.xml": "<a"}).read_bytes(),
            "damaged",
            id="no ods",
        ),
        pytest.param(
            lambda path: small_xlsx(path, '<row r="1"><c r="1A"><v>1</v></c></row>'),
            "damaged",
            id="nonsense for a cell's place",
        ),
        pytest.param(
            lambda path: small_xlsx(path, '<row r="1"><c r="A1" t="s"><v>7</v></c></row>'),
            "damaged",
            id="text that is not there",
        ),
    ],
)
async def test_broken_and_locked_workbooks(tmp_path, make, cause):
    path = tmp_path / "upload"
    path.write_bytes(make(path))
    assert write_rows(path, tmp_path / "spool", None).cause == cause


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (biff.container({"EncryptedPackage": bytes(4096)}), PROTECTED),
        (
            biff.container({"WordDocument": bytes(4096)}),
            f"{NO_TABLE}: it is an older Office document",
        ),
        (b"PK\x05\x06" + bytes(18), "The ZIP archive is empty. Upload"),
        (b"PK\x03\x04 and no more", DAMAGED),
    ],
)
async def test_the_childs_word_becomes_a_sentence(tmp_path, content, text):
    assert (await outcome(tmp_path / "upload.xlsx", content)).startswith(text)


def far_cell(path):
    xlsx(path, [HEADER, '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'])


def declared_bomb(path):
    """Unpack to 300 MB, from 300 KB."""
    xlsx(path, itertools.repeat("<row/>" * 100_000, 500))


def lying_bomb(path):
    """Say that the sheet has 100 bytes, in both places where that is said."""
    declared_bomb(path)
    content = path.read_bytes()
    with zipfile.ZipFile(path) as source:
        size = struct.pack("<I", source.getinfo("xl/worksheets/sheet1.xml").file_size)
    assert content.count(size) >= 1
    path.write_bytes(content.replace(size, struct.pack("<I", 100)))


def shared_text(path):
    """A text of 30,000 characters in 200,000 cells."""
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 200_001))
    strings = f'<sst xmlns="{MAIN}"><si><t>{"x" * 30_000}</t></si></sst>'
    xlsx(path, cells, **{"xl/sharedStrings.xml": strings})


def repeated_ods(path):
    cell = (
        '<table:table-cell table:number-columns-repeated="16384" office:value-type="string">'
        "<text:p>x</text:p></table:table-cell>"
    )
    ods(path, f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>')


ENTITIES = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 11))
LAUGHS = f'<!DOCTYPE x [<!ENTITY a0 "ha">{ENTITIES}]>'


def laughs_as_text(path):
    xlsx(path, [HEADER, f'<row r="2">{text_cell("A2", "&a10;")}</row>'], LAUGHS)


def laughs_beside_an_error(path):
    cells = '<c r="A2" t="e"><v>#N/A</v></c><c r="B2" t="str"><v>&a10;</v></c>'
    xlsx(path, [HEADER, f'<row r="2">{cells}</row>'], LAUGHS)


def laughs_in_styles(path):
    styles = f'{LAUGHS}<styleSheet><cellXfs><xf numFmtId="&a10;"/></cellXfs></styleSheet>'
    xlsx(path, HEADER, **{"xl/styles.xml": styles})


@pytest.mark.parametrize(
    ("write", "text"),
    [
        (far_cell, LARGE),
        (declared_bomb, LARGE),
        (lying_bomb, DAMAGED),
        (shared_text, LARGE),
        (repeated_ods, LARGE),
        (laughs_as_text, DAMAGED),
        (laughs_beside_an_error, DAMAGED),
        (laughs_in_styles, DAMAGED),
    ],
)
async def test_bombs_cost_the_child(tmp_path, write, text):
    write(tmp_path / "upload.xlsx")
    assert (await outcome(tmp_path / "upload.xlsx")).startswith(text)


async def test_an_external_entity_is_not_fetched(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("SKU")
    entity = f'<!DOCTYPE x [<!ENTITY a SYSTEM "{secret.as_uri()}">]>'
    xlsx(tmp_path / "a.xlsx", f'<row r="1">{text_cell("A1", "&a;")}</row>', entity)
    assert (await outcome(tmp_path / "a.xlsx")).startswith(DAMAGED)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_sheet_may_have_16384_columns(tmp_path, kind):
    path = tmp_path / "upload"
    names = [f"c{n}" for n in range(16_383)]
    cells = "".join(f"<c><v>{n}</v></c>" for n in range(16_384))
    if kind == "csv":
        row = ",".join(str(n) for n in range(16_384))
        path.write_text("\n".join([",".join(["SKU", *names]), *[row] * 9]))
    else:
        header = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in ["SKU", *names])
        rows = "".join(f'<row r="{n}">{cells}</row>' for n in range(2, 11))
        xlsx(path, f'<row r="1">{header}</row>{rows}')
    source = await open_file(path, FileOptions(), JUDGE)
    pages = [page async for page in source.pages()]
    source.close()
    assert source.columns == ("SKU", *names)
    assert sum(map(len, pages)) == 9
    assert max(map(len, pages)) <= 3  # a page is bounded by its cells, too
    assert [str(cell) for cell in pages[-1][-1].cells.values()] == [str(n) for n in range(16_384)]


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_million_blank_rows(tmp_path, kind):
    path = tmp_path / "upload"
    if kind == "csv":
        path.write_bytes(b"SKU,Name\n" + b",\n" * 1_000_000 + b"a,b\n")
        last = 1_000_002
    else:
        rows = (
            "".join(f'<row r="{n + m}"/>' for m in range(10_000)) for n in range(2, 10**6, 10**4)
        )
        xlsx(
            path,
            itertools.chain(
                [HEADER], rows, [f'<row r="1048576">{text_cell("A1048576", "a")}</row>']
            ),
        )
        last = 1_048_576
    _, rows = await read(path)
    assert [(row.number, row.cells["SKU"]) for row in rows] == [(last, "a")]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_cells_of_32767_characters(tmp_path, kind):
    path = tmp_path / "upload"
    long = "x" * 32_767
    if kind == "csv":
        path.write_text("SKU\n" + f"{long}\n" * 100)
    else:
        cells = (f'<row r="{n}">{text_cell(f"A{n}", long)}</row>' for n in range(2, 102))
        xlsx(path, itertools.chain([HEADER], cells))
    source = await open_file(path, FileOptions(), JUDGE)
    pages = [page async for page in source.pages()]
    source.close()
    assert [row.cells for page in pages for row in page] == [{"SKU": long}] * 100
    assert max(map(len, pages)) < 50  # a page is bounded by its characters, too


@pytest.mark.thorough
async def test_a_long_file_streams_and_leaves_the_loop_its_turns(tmp_path):
    path = tmp_path / "upload"
    with path.open("w") as file:
        file.write("SKU,Name,Price,Note\n")
        file.writelines(f'SKU-{n},Thing {n},{n}.50,"a, b"\n' for n in range(60_000))
    turns = 0

    async def watch():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    source = await open_file(path, FileOptions(), JUDGE)
    count, seen = 0, 0
    async for page in source.pages():
        assert 0 < len(page) <= PAGE_ROWS
        count += len(page)
        assert turns > seen  # before each page the others had theirs
        seen = turns
    watching.cancel()
    assert count == 60_000

    tracemalloc.start()
    async for _ in source.pages():
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=400),
        st.text(st.sampled_from('ab"\n\r,;|\t\0é€ 1.=\ufeff'), max_size=200).map(str.encode),
        st.text(max_size=100).map(lambda text: text.encode("utf-16-le", "surrogatepass")),
        st.binary(max_size=200).map(lambda tail: b"SKU,Name\n" + tail),
    )
)
@example(b'sep="\nSKU')
@example(b"sep=\n")
async def test_any_bytes_are_rows_or_a_refusal(tmp_path, content):
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
        return  # workbooks: below
    try:
        source, rows = await read(tmp_path / "upload", content)
    except JobRefusedError:
        return
    check(source, rows)


def check(source, rows):
    assert len(set(source.columns)) == len(source.columns)
    assert all(source.columns)
    assert [row.number for row in rows] == sorted({row.number for row in rows})
    for row in rows:
        if isinstance(row.cells, Unreadable):
            json.dumps([row.cells.message, row.cells.shown], ensure_ascii=False).encode()
            assert "\0" not in row.cells.shown
            continue
        assert tuple(row.cells) == source.columns
        assert any(str(cell).strip() for cell in row.cells.values())
        json.dumps(row.cells, allow_nan=False, ensure_ascii=False).encode()
        assert "\0" not in "".join(map(str, row.cells.values()))


# Not as our file of failed rows writes what looks like a formula: that is read without its mark.
CELLS = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufeff"), max_size=12
).filter(lambda cell: not (cell[:1] == "'" and cell[1:2] in {"=", "+", "-", "@"}))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\r\n", "\n", "\r"]),
)
async def test_what_was_written_is_read_back(tmp_path, table, delimiter, encoding, line_end):
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator=line_end)
    writer.writerows([("SKU", "Name", "Price"), *table])
    _, rows = await read(tmp_path / "upload", written.getvalue().encode(encoding))
    expected = [
        (number, tuple(cell.lstrip(" ") for cell in row))
        for number, row in enumerate(table, start=2)
        if any(cell.strip() for cell in row)
    ]
    assert [
        (row.number, tuple(c.lstrip(" ") for c in row.cells.values())) for row in rows
    ] == expected


def spoilt(parts, place, noise):
    """Overwrite some bytes of an archive's parts, and pack them properly again."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as new:
        for name, content in parts.items():
            position = place % (len(content) + 1)
            new.writestr(name, content[:position] + noise + content[position + len(noise) :])
    return target.getvalue()


@settings(
    max_examples=settings.default.max_examples // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.sampled_from(["xlsx", "ods", "xls"]),
    st.integers(0, 6_000),
    st.one_of(st.binary(min_size=1, max_size=6), st.sampled_from([b"<", b"99999999", b"</row>"])),
)
async def test_a_spoilt_workbook_is_rows_or_a_refusal(tmp_path, kind, place, noise):
    path = tmp_path / "upload"
    if kind == "xls":
        position = 8 + place % (len(XLS) - 8)
        content = XLS[:position] + noise + XLS[position + len(noise) :]
    else:
        small_xlsx(path) if kind == "xlsx" else small_ods(path)
        with zipfile.ZipFile(path) as old:
            parts = {name: old.read(name) for name in old.namelist()}
        content = spoilt(parts, place, noise)
    try:
        source, rows = await read(path, content)
    except JobRefusedError:
        return
    check(source, rows)
