"""What is packed: the one table in it is read, everything else named."""

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from pathlib import Path

import pytest

from worker.exceptions import JobRefusedError
from worker.importing.sources import FileOptions, open_file
from worker.importing.sources.header import KnownNames

pytestmark = pytest.mark.usefixtures("without_a_child")

FIELD = Path(__file__).parents[1] / "data" / "field"
XLS = (Path(__file__).parents[1] / "data" / "files" / "stock.xls").read_bytes()
JUDGE = KnownNames(frozenset({"sku", "name"}), [frozenset({"sku"}), frozenset({"name"})])
CSV = "SKU,Name\nA,x\n"
ROWS = [(2, "A", "x")]
HTML = "<table><tr><td>SKU<td>Name<tr><td>A<td>x</table>"
XML = (FIELD / "02_xmlss.xls").read_bytes()
PNG, PDF = b"\x89PNG\r\n\x1a\n", b"%PDF-1.7\n"


def packed(parts, method=zipfile.ZIP_DEFLATED):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def protected(content):
    """Set the bit that says so, before the part and in the directory."""
    content = bytearray(content)
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(sign) + place] |= 1
    return bytes(content)


async def read(path, content, **options):
    path.write_bytes(content)
    source = await open_file(path, FileOptions(), JUDGE, **options)
    try:
        rows = [row async for page in source.pages() for row in page]
        assert [row async for page in source.pages() for row in page] == rows
    finally:
        source.close()
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    return source, [(row.number, *row.cells.values()) for row in rows]


async def refusal(path, content, **options):
    with pytest.raises(JobRefusedError) as refused:
        await read(path, content, **options)
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    return str(refused.value)


async def test_the_field_file(tmp_path):
    source, rows = await read(tmp_path / "a", (FIELD / "13_zip.zip").read_bytes())
    assert source.columns == ("SKU", "Name", "Price")
    assert rows == [(2, "A1", "Screw", "12")]
    assert source.notes == ('Read "stock.csv" in the ZIP archive.',)


@pytest.mark.parametrize(
    ("parts", "notes"),
    [
        ({"stock.csv": CSV}, ['Read "stock.csv" in the ZIP archive.']),
        ({"a/b\\stock.csv": CSV}, ['Read "stock.csv" in the ZIP archive.']),
        ({"prix_été.csv": CSV}, ['Read "prix_été.csv" in the ZIP archive.']),
        ({"noname": CSV}, ['Read "noname" in the ZIP archive.']),
        (
            {"a/": "", "__MACOSX/._a.csv": "x", ".DS_Store": "x", "Thumbs.db": "x", "a.csv": CSV},
            ['Read "a.csv" in the ZIP archive.'],
        ),
        (
            {"README.txt": "Hello", "a.csv": CSV, "logo.png": PNG, "a.pdf": PDF, "notes.md": "# x"},
            [
                'Read "a.csv" in the ZIP archive.',
                'Left out of the archive: "README.txt", "logo.png", "a.pdf", "notes.md".',
            ],
        ),
        ({"a.xls": HTML}, ['Read "a.xls" in the ZIP archive.', "Read as an HTML table."]),
        ({"a": '[{"SKU":"A"}]'}, ['Read "a" in the ZIP archive.', "Read as JSON records."]),
        (
            {"a.csv": CSV.replace(",", ";")},
            [
                'Read "a.csv" in the ZIP archive.',
                "Read as text with ; between the columns.",
            ],
        ),
    ],
)
async def test_one_table_in_a_zip_archive(tmp_path, parts, notes):
    source, rows = await read(tmp_path / "a", packed(parts))
    assert rows in (ROWS, [(1, "A")])
    assert source.notes == tuple(notes)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
async def test_however_it_is_packed(tmp_path, method):
    assert (await read(tmp_path / "a", packed({"a.csv": CSV}, method)))[1] == ROWS


@pytest.mark.parametrize("content", [CSV.encode(), HTML.encode(), packed({"a.csv": CSV})[:0] + XML])
async def test_a_gzip_file(tmp_path, content):
    source, rows = await read(tmp_path / "a", gzip.compress(content))
    assert rows[0][0] == 2
    assert source.notes[0] == "Read what the compressed file (.gz) holds."


async def test_a_workbook_in_an_archive(tmp_path):
    plain, expected = await read(tmp_path / "a", XLS)
    for content in (packed({"a.xls": XLS}), gzip.compress(XLS)):
        source, rows = await read(tmp_path / "a", content)
        assert rows == expected
        assert source.columns == plain.columns


NESTED = "The archive holds another archive. Unpack both and upload the file that is in them."
TEN_NAMES = ", ".join(f'"{n}.csv"' for n in range(10))
TABLE = "The file is not a table we can read. It is"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            packed({"a.csv": CSV, "b/c.csv": CSV}),
            'The ZIP archive holds several files: "a.csv", "c.csv". Unpack it and upload',
        ),
        (
            packed({f"{n}.csv": CSV for n in range(99)}),
            f"The ZIP archive holds several files: {TEN_NAMES} and 89 more. Unpack it",
        ),
        (
            packed({"a.xls": XLS, "b.csv": CSV}),
            'The ZIP archive holds several files: "a.xls", "b.csv".',
        ),
        (
            packed({"a.png": PNG, "b.pdf": PDF}),
            'The ZIP archive holds several files, and none is a table: "a.png", "b.pdf".',
        ),
        (packed({"a.pdf": PDF}), f"{TABLE} a PDF"),
        (packed({"a/": ""}), "The ZIP archive is empty. Upload the file that should be in it."),
        (packed({}), "The ZIP archive is empty. Upload the file that should be in it."),
        (packed({"a.csv": ""}), "The file is empty. Export it again and upload that."),
        (packed({"a.zip": packed({"a.csv": CSV})}), NESTED),
        (packed({"a.gz": gzip.compress(CSV.encode())}), NESTED),
        (gzip.compress(gzip.compress(CSV.encode())), NESTED),
        (gzip.compress(packed({"a.csv": CSV})), NESTED),
        (protected(packed({"a.csv": CSV})), "The ZIP archive is protected with a password."),
        (
            packed({"a.csv": CSV}).replace(b"\x08\0", b"\x09\0"),
            "The ZIP archive is packed in a way",
        ),
        (gzip.compress(CSV.encode())[:-9], "The compressed file (.gz) is damaged"),
        (gzip.compress(b"") + b"x", "The compressed file (.gz) is damaged"),
        (b"\x1f\x8b\x08", "The compressed file (.gz) is damaged"),
        (bz2.compress(b"a"), f"{TABLE} a compressed file; unpack it"),
        (lzma.compress(b"a"), f"{TABLE} a compressed file; unpack it"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", f"{TABLE} a compressed file; unpack it"),
        (b"Rar!\x1a\x07\0", f"{TABLE} a compressed file; unpack it"),
    ],
)
async def test_what_is_refused(tmp_path, content, text):
    assert (await refusal(tmp_path / "a", content)).startswith(text)


async def test_a_tar_archive_is_named_also_in_a_gzip_file(tmp_path):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
    for content in (target.getvalue(), gzip.compress(target.getvalue())):
        assert (await refusal(tmp_path / "a", content)).startswith(f"{TABLE} a compressed file")


@pytest.mark.thorough
@pytest.mark.parametrize("pack", [lambda content: packed({"a.csv": content}), gzip.compress])
async def test_no_more_is_unpacked_than_a_file_may_have(tmp_path, pack):
    content = CSV.encode().ljust(1 << 20, b"\n")
    assert (await read(tmp_path / "a", pack(content), most_unpacked=1 << 20))[1] == ROWS
    assert await refusal(tmp_path / "a", pack(content + b"\n"), most_unpacked=1 << 20) == (
        "The file in the archive is larger than 1 MB. Please split it and upload the parts."
    )


async def test_an_archive_with_a_wrong_checksum_is_damaged(tmp_path):
    content = packed({"a.csv": CSV}, zipfile.ZIP_STORED).replace(b"A,x", b"B,x")
    assert (await refusal(tmp_path / "a", content)).startswith("The ZIP archive is damaged")


async def test_spoilt_archives_are_rows_or_a_refusal(tmp_path):
    dice = random.Random(7)  # noqa: S311 - the same bytes each time
    for content in (packed({"a.csv": CSV, "README": "x"}), gzip.compress(CSV.encode())):
        for _ in range(12):
            spoilt = bytearray(content)
            spoilt[dice.randrange(3, len(spoilt))] = dice.randrange(256)
            try:
                await read(tmp_path / "a", bytes(spoilt))
            except JobRefusedError:
                continue
