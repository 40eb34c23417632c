"""Hostile pages, spreadsheets, JSON and archives: rows or a refusal, within what a child may use.

The child's limit of memory is the check: what took more would be refused as too large.
"""

import gzip
import itertools
import json
import random
import zipfile
from pathlib import Path

import pytest

from worker.exceptions import JobRefusedError
from worker.importing.sources import FileOptions, open_file
from worker.importing.sources.header import KnownNames
from worker.importing.sources.readers.__main__ import read as read_in_process

FIELD = Path(__file__).parents[1] / "data" / "field"
JUDGE = KnownNames(frozenset({"sku", "name"}), [frozenset({"sku"}), frozenset({"name"})])
HEAD = "<table><tr><th>SKU</th><th>Name</th></tr>\n"
OFFICE = "urn:schemas-microsoft-com:office:spreadsheet"
BIG_TABLE = "The table in the file is too large."


async def read(path):
    source = await open_file(path, FileOptions(), JUDGE)
    try:
        pages = [page async for page in source.pages()]
    finally:
        source.close()
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    return source, pages


async def refusal(path):
    with pytest.raises(JobRefusedError) as refused:
        await read(path)
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    return str(refused.value)


def write(path, *pieces):
    with path.open("w") as file:
        for piece in pieces:
            file.writelines([piece] if isinstance(piece, str) else piece)
    return path


def xml(rows):
    yield f'<?xml version="1.0"?><Workbook xmlns="{OFFICE}" xmlns:ss="{OFFICE}">'
    yield '<Worksheet ss:Name="S"><Table><Row><Cell><Data ss:Type="String">SKU</Data></Cell>'
    yield '<Cell><Data ss:Type="String">Name</Data></Cell></Row>'
    yield from rows
    yield "</Table></Worksheet></Workbook>"


LONG = "x" * 2000


@pytest.mark.thorough
async def test_a_page_of_100_megabytes_takes_no_more_memory_than_a_small_one(tmp_path):
    """Four times what the child's memory may be, were it kept."""
    row = f"<tr><td>00123</td><td>{LONG}</td></tr>\n"
    path = write(tmp_path / "a", HEAD, itertools.repeat(row, 50_000))
    assert path.stat().st_size > 100_000_000
    source = await open_file(path, FileOptions(), JUDGE)
    count = 0
    async for page in source.pages():
        count += len(page)
        assert page[-1].cells == {"SKU": "00123", "Name": LONG}
    source.close()
    assert count == 50_000


@pytest.mark.thorough
@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([HEAD, "<tr><td>1<td>a</table>", "<div>" * 500_000], id="depth"),
        pytest.param([HEAD, "<tr><td>1<td>a", "</tr><tr>" * 500_000], id="empty rows"),
        pytest.param([HEAD, "<tr><td>1<td>a</table>", "<table><tr><td></table>" * 100_000]),
        pytest.param([HEAD, "<tr><td>1<td>a</table>", "<table><tr><td>x</table>" * 100_000]),
    ],
)
async def test_pages_that_go_on(tmp_path, pieces):
    _, pages = await read(write(tmp_path / "a", *pieces))
    assert [row.cells for page in pages for row in page] == [{"SKU": "1", "Name": "a"}]


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (f"{HEAD}<tr><td>", "<td>a</table>", "The file is a web page with"),
        ("<!--", f"-->{HEAD}<td>1<td>a", "The file is a web page with"),
        (f'{HEAD}<tr><td title="', '">1<td>a', "The file is a web page with"),
        (f"<script>{HEAD}", "</script>", "The file is a web page with"),
    ],
)
async def test_a_part_of_a_page_that_is_too_long_is_never_its_end(tmp_path, before, after, text):
    path = write(tmp_path / "a", before, "x" * 50_000_000, after)
    assert (await refusal(path)).startswith(text)
    path = write(tmp_path / "a", f"{HEAD}<tr><td>1<td>{'x' * 200_000}</table>")
    assert (await refusal(path)).startswith("The file is a web page whose table has a cell")


async def test_tables_without_end_in_each_other_are_refused(tmp_path):
    path = write(tmp_path / "a", "<table><tr><td>" * 2000)
    assert await refusal(path) == (
        "The page has more than 1,000 tables within each other. "
        "Save the table as .csv or .xlsx and upload that."
    )


@pytest.mark.thorough
async def test_a_cell_that_reaches_everywhere_is_stopped_by_the_spools_limit(tmp_path):
    row = f"<tr><td rowspan=65534>{'x' * 100_000}<td>y"
    path = write(tmp_path / "a", HEAD, row, "<tr><td>1" * 1_000_000)
    assert await refusal(path) == f"{BIG_TABLE} Save it as .csv and upload that instead."


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (['<Row><Cell ss:Index="16385"/></Row>'], "The XML spreadsheet is damaged: in row 2 "),
        (['<Row ss:Index="1048577"/>'], "The XML spreadsheet is damaged: in row 1,048,577 "),
        (
            ['<Row><Cell><Data ss:Type="String">', "x" * 5_000_000, "</Data></Cell></Row>"],
            "Row 2 is",
        ),
        (["<Row>" * 1_000_000], "The XML spreadsheet is damaged"),
    ],
)
async def test_spreadsheets_that_go_on(tmp_path, rows, text):
    assert (await refusal(write(tmp_path / "a", xml(rows)))).startswith(text)


ENTITIES = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 11))


async def test_entities_are_not_expanded(tmp_path):
    bomb = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a0 "ha">{ENTITIES}]>'
    sheet = "".join(xml(["<Row><Cell><Data>&a10;</Data></Cell></Row>"])).partition("?>")[2]
    assert (await refusal(write(tmp_path / "a", bomb, sheet))).startswith(
        "The XML spreadsheet declares entities of its own"
    )
    page = write(tmp_path / "a", bomb, "<html>", HEAD, "<tr><td>&a10;<td>x</table>")
    _, pages = await read(page)
    assert pages[0][0].cells == {"SKU": "&a10;", "Name": "x"}


async def test_an_external_entity_is_not_fetched(tmp_path):
    secret = tmp_path.parent / "secret"
    secret.write_text("secret")
    before = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a SYSTEM "{secret.as_uri()}">]>'
    sheet = "".join(xml(["<Row><Cell><Data>&a;</Data></Cell></Row>"])).partition("?>")[2]
    assert "secret" not in await refusal(write(tmp_path / "a", before, sheet))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["[", "[" * 1_000_000], "The JSON file is nested too deeply."),
        (['[{"a":', "[" * 1_000_000], "The JSON file is nested too deeply."),
        (['{"a":' * 1_000_000], "The JSON file is nested too deeply."),
        (['[{"a":"', "x" * 9_000_000, '"}]'], "The JSON file has a value of more than 4,000,000"),
        (['[{"a":[', "1," * 9_000_000, "1]}]"], "The JSON file has a value of more than 4,000,000"),
        (
            ["[{", ",".join(f'"n{n}":1' for n in range(20_000)), "}]"],
            "The records have more than",
        ),
    ],
)
async def test_json_that_goes_on(tmp_path, pieces, text):
    assert (await refusal(write(tmp_path / "a", *pieces))).startswith(text)


@pytest.mark.thorough
async def test_50_megabytes_of_json_take_no_more_memory_than_a_few_records(tmp_path):
    record = json.dumps({"sku": "00123", "name": LONG})
    path = write(
        tmp_path / "a", '{"data": [', itertools.repeat(f"{record},\n", 25_000), record, "]}"
    )
    _, pages = await read(path)
    assert sum(map(len, pages)) == 25_001


@pytest.mark.thorough
@pytest.mark.parametrize("form", ["zip", "gzip"])
async def test_a_bomb_is_unpacked_no_further_than_a_file_may_be(tmp_path, form):
    """From some hundred kilobytes, 250 megabytes."""
    path, piece = tmp_path / "a", b"A,B\n" * 262_144
    if form == "zip":
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("a.csv", "w") as part,
        ):
            for _ in range(250):
                part.write(piece)
    else:
        with gzip.open(path, "w") as part:
            for _ in range(250):
                part.write(piece)
    assert await refusal(path) == (
        "The file in the archive is larger than 200 MB. Please split it and upload the parts."
    )


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("html", "01_html.xls"),
        ("xml spreadsheet", "02_xmlss.xls"),
        ("json", "15_json.json"),
        ("zip", "13_zip.zip"),
        ("mhtml", "01_html.xls"),
    ],
)
def test_spoilt_files_are_rows_or_a_refusal(tmp_path, form, name):
    content = (FIELD / name).read_bytes()
    dice = random.Random(name)  # noqa: S311 - the same bytes each time
    noise = [b"<", b">", b'"', b"\0", b"\xff", b"</td>", b"<table>", b"[", b"}", b"&#0;", b""]
    path, spool = tmp_path / "a", tmp_path / "rows"
    options = {"sheet": None, "encoding": None, "most_unpacked": 1 << 20}
    for _ in range(200):
        place = dice.randrange(len(content))
        spoilt = content[:place] + dice.choice(noise) + content[place + dice.randrange(3) :]
        path.write_bytes(spoilt[: dice.choice([len(spoilt), place])])
        report = read_in_process(form, path, spool, options, bool)
        if report.get("cause"):
            assert form == "zip"  # what is too damaged to tell goes to the workbooks' reader
        if "tables" in report:
            for line in spool.read_text().splitlines():
                json.loads(line.partition("\t")[2])
