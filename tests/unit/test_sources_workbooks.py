"""Workbooks: one table in every format, cells as their owner sees them, sheets, the child."""

import asyncio
import datetime as dt
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from worker.exceptions import JobRefusedError
from worker.sources import FileOptions, open_file, spool
from worker.sources.cells import json_cell
from worker.sources.header import KnownNames

FILES = Path(__file__).parents[1] / "data" / "files"
KNOWN = {"sku", "name", "price"}
HEADER = ["SKU", "Name", "Price"]
ROWS = [["00123", "Café tap", 12.5], ["A-7", 'Pipe, 3" long', 1200], ["B;8", "Été | hiver", 0.99]]
TITLES = [["Stock list, spring 2026"], []]
JUDGE = KnownNames(frozenset(KNOWN), [frozenset({"sku"}), frozenset({"name"})])


async def read(path, **options):
    source = await open_file(path, FileOptions.from_json(options), JUDGE)
    try:
        rows = [row async for page in source.pages() for row in page]
        assert [row async for page in source.pages() for row in page] == rows
    finally:
        source.close()
    assert not list(path.parent.glob("*.rows"))
    return source, rows


async def refusal(path, **options):
    with pytest.raises(JobRefusedError) as refused:
        await read(path, **options)
    assert not list(path.parent.glob("*.rows"))
    return str(refused.value)


def xlsx(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return book


def ods(path, rows):
    width = max(map(len, rows))
    padded = [[*row, *[None] * (width - len(row))] for row in rows]
    pd.DataFrame(padded).to_excel(path, engine="odf", index=False, header=False)


def rewrite(source, target, changes):
    """Copy an archive with other contents or names."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(*changes(name, old.read(name).decode()))


def write_xls(path):
    path.write_bytes((FILES / "stock.xls").read_bytes())


def write_xlsx(path):
    xlsx(path, Cover=[], Stock=[*TITLES, HEADER, *ROWS])


def write_ods(path):
    ods(path, [*TITLES, HEADER, *ROWS])


@pytest.mark.parametrize(
    ("write", "notes"),
    [
        (write_xlsx, ('Read the sheet "Stock" of "Cover", "Stock".',)),
        (write_ods, ()),
        (write_xls, ('Read the sheet "Stock" of "Cover", "Stock", "Marks".',)),
    ],
)
async def test_one_table_in_every_format(tmp_path, write, notes):
    path = tmp_path / "upload.csv"  # the name means nothing
    write(path)
    source, rows = await read(path)
    assert source.columns == tuple(HEADER)
    assert [row.cells for row in rows] == [dict(zip(HEADER, row, strict=True)) for row in ROWS]
    assert [row.number for row in rows] == [4, 5, 6]
    assert source.notes == notes


# A value, its number format, and the cell that comes of it.
CELLS = [
    ("00123", None, "00123"),
    ("12.50", None, "12.50"),
    ("a\nb", None, "a\nb"),
    (5, None, 5),
    (5.0, None, 5),
    (-0.5, None, -0.5),
    (120000, "0.00E+00", 120000),
    (999_999_999_999_999, None, 999_999_999_999_999),
    (1e15, None, 1e15),
    (1e300, None, 1e300),
    (True, None, True),
    (dt.date(2026, 3, 12), None, "2026-03-12"),
    (dt.datetime(2026, 3, 12, 14, 30), None, "2026-03-12T14:30:00"),  # noqa: DTZ001 - as Excel
    (dt.datetime(2026, 3, 12), None, "2026-03-12"),  # noqa: DTZ001
    (dt.time(8, 15), None, "08:15:00"),
    (dt.timedelta(hours=30, minutes=5), None, "30:05:00"),
    ("#N/A", None, "#N/A"),
    ("#DIV/0!", None, "#DIV/0!"),
    (0.352, "0%", "35.2%"),
    (0.07, "0.00%", "7%"),
    (12, "[Red]0.0 %;-0.0 %", "1200%"),
    (-0.125, "0.0%", "-12.5%"),
    (0, "0%", "0%"),
    (0.1 + 0.2, "0%", "30%"),
    (1e-10, "0%", "0.00000001%"),
    ("n/a", "0%", "n/a"),
    (5, '0" %"', 5),
    (5, "0\\%", 5),
    (42, "00000", "00042"),
    (1234567, "00000", "1234567"),
    (42.5, "00000", 42.5),
    (-42, "00000", -42),
    (42, "0000;-0000", "0042"),
    (42, "0", 42),
    (42, "0.00", 42),
]


@pytest.fixture(scope="module")
async def cells(tmp_path_factory):
    """Read all of them from one workbook."""
    path = tmp_path_factory.mktemp("cells") / "a.xlsx"
    book = xlsx(path, Stock=[["SKU", "Cell"], *[["a", value] for value, _, _ in CELLS]])
    for row, (_, number_format, _) in enumerate(CELLS, start=2):
        if number_format:
            book["Stock"].cell(row, 2).number_format = number_format
    book.save(path)
    _, rows = await read(path)
    return {row.number: row.cells["Cell"] for row in rows}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(row, expected, id=f"{value} as {number_format}")
        for row, (value, number_format, expected) in enumerate(CELLS, start=2)
    ],
)
def test_a_cell_is_what_its_owner_sees(cells, row, expected):
    assert cells[row] == expected
    assert type(cells[row]) is type(expected)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (None, ""),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (-0.0, 0),
        ("a\0b", "ab"),
        ("\ud83d x é", "\ufffd x é"),
        ("\ud83d\0", "\ufffd"),
        ("PT30H00M00S", "30:00:00"),
        ("PT3 valve", "PT3 valve"),
        (dt.datetime(2026, 3, 12, 14, 29, 59, 999_999), "2026-03-12T14:30:00"),  # noqa: DTZ001
        (dt.datetime(9999, 12, 31, 23, 59, 59, 999_999), "9999-12-31T23:59:59"),  # noqa: DTZ001
        (dt.timedelta(seconds=-60), "-0:01:00"),
        (b"x", "b'x'"),
    ],
)
def test_odd_cells(cell, expected):
    assert json_cell(cell) == expected


async def test_xls_marks():
    path = FILES / "stock.xls"
    source, rows = await read(path, sheet="Marks")
    assert source.notes == ('Read the sheet "Marks" of "Cover", "Stock", "Marks".',)
    assert [row.cells for row in rows] == [
        {
            "SKU": "a",
            "Percent": "35.2%",
            "Padded": "00042",
            "Error": "#N/A",
            "Date": "2026-03-12",
            "Formula": "#REF!",
            "Flag": True,
            "Float": "100.05%",
        }
    ]


ODS_CELLS = (
    '<table:table-cell office:value-type="string" office:string-value="" '
    'calcext:value-type="error" xmlns:calcext="urn:x"><text:p>#DIV/0!</text:p></table:table-cell>'
    '<table:table-cell office:value-type="percentage" office:value="0.352"/>'
    '<table:table-cell office:value-type="date" office:date-value="2026-03-12"/>'
    '<table:table-cell office:value-type="time" office:time-value="PT30H05M00S"/>'
    '<table:table-cell office:value-type="boolean" office:boolean-value="false"/>'
    '<table:table-cell table:number-columns-repeated="2" '
    'office:value-type="currency" office:value="12.5"/>'
)


async def test_ods_cells_and_repeated_rows(tmp_path):
    names = ["SKU", "p", "d", "t", "b", "c", "e"]
    ods(tmp_path / "old.ods", [names, ["last", *[""] * 6]])
    repeated = f'<table:table-row table:number-rows-repeated="2">{ODS_CELLS}</table:table-row>'
    rewrite(
        tmp_path / "old.ods",
        tmp_path / "new.ods",
        lambda name, text: (
            name,
            text.replace("</table:table-row>", "</table:table-row>" + repeated, 1),
        ),
    )
    _, rows = await read(tmp_path / "new.ods")
    cells = ["#DIV/0!", "35.2%", "2026-03-12", "30:05:00", False, 12.5, 12.5]
    assert [(row.number, list(row.cells.values())) for row in rows] == [
        (2, cells),
        (3, cells),
        (4, ["last", *[""] * 6]),
    ]


@pytest.mark.parametrize(
    ("values", "note"),
    [
        (["=A2*2"], "1 formula has no stored value and counted as #VALUE!"),
        (["=A2*2", "=1"], "2 formulas have no stored value and counted as #VALUE!"),
    ],
)
async def test_a_formula_that_nobody_calculated_is_no_empty_cell(tmp_path, values, note):
    path = tmp_path / "a.xlsx"
    xlsx(path, Stock=[HEADER, *[["a", "b", value] for value in values]])
    source, rows = await read(path)
    assert [row.cells["Price"] for row in rows] == ["#VALUE!"] * len(values)
    assert source.notes[0].startswith(note)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("<f>1+1</f><v>2</v>", 2),
        ('<f t="shared" si="0"/><v>2</v>', 2),
        ("<f>1+1</f>", "#VALUE!"),
        ("<f>1+1</f><v></v>", "#VALUE!"),
        ('<f t="shared" si="0"/>', "#VALUE!"),
    ],
)
async def test_formulas_are_their_stored_values(tmp_path, cell, expected):
    xlsx(tmp_path / "old.xlsx", Stock=[HEADER, ["a", "b", 77]])
    rewrite(
        tmp_path / "old.xlsx",
        tmp_path / "new.xlsx",
        lambda name, text: (name, text.replace("<v>77</v>", cell)),
    )
    _, rows = await read(tmp_path / "new.xlsx")
    assert rows[0].cells["Price"] == expected


SHEETS = {"Empty": [], "Old": [HEADER, ["old", "b", 1]], "New": [HEADER, ["new", "b", 1]]}


@pytest.mark.parametrize(
    ("sheet", "hidden", "sku"),
    [
        (None, (), "old"),
        ("New", (), "new"),
        ("new ", (), "new"),
        (None, ("Old",), "new"),
        ("Old", ("Old",), "old"),
    ],
)
async def test_the_sheet_is_the_named_one_or_the_first_with_data(tmp_path, sheet, hidden, sku):
    path = tmp_path / "a.xlsx"
    book = xlsx(path, **SHEETS)
    book.create_chartsheet("Chart", 0)
    for name in hidden:
        book[name].sheet_state = "hidden"
    book.save(path)
    source, rows = await read(path, sheet=sheet)
    assert [row.cells["SKU"] for row in rows] == [sku]
    assert source.notes == (f'Read the sheet "{sku.title()}" of "Empty", "Old", "New".',)


@pytest.mark.parametrize("write", [ods, lambda path, rows: xlsx(path, Empty=[], Stock=rows)])
async def test_a_sheet_of_one_row_has_data(tmp_path, write):
    write(tmp_path / "a.ods", [["SKU"]])  # pandas asks for the ending, openpyxl does not
    source, rows = await read(tmp_path / "a.ods")
    assert (source.columns, rows) == (("SKU",), [])


@pytest.mark.parametrize("sheet", ["Prices", "Chart"])
async def test_an_unknown_sheet_lists_those_there_are(tmp_path, sheet):
    path = tmp_path / "a.xlsx"
    xlsx(path, **SHEETS)
    text = await refusal(path, sheet=sheet)
    assert text == 'The workbook has no sheet of that name. It has: "Empty", "Old", "New".'


async def test_of_many_sheets_some_are_listed(tmp_path):
    path = tmp_path / "a.xlsx"
    xlsx(path, **{f"S{n}": [] for n in range(30)})
    assert (await refusal(path, sheet="x")).endswith('"S18", "S19" and 10 more.')


@pytest.mark.parametrize("sheets", [{"Stock": []}, {"A": [], "B": []}, {"A": [[], [" "], []]}])
async def test_a_workbook_without_data_has_no_rows(tmp_path, sheets):
    xlsx(tmp_path / "a.xlsx", **sheets)
    source, rows = await read(tmp_path / "a.xlsx")
    assert (source.columns, rows) == ((), [])


def moved(name, text):
    """Put the workbook's main part where calamine does not look for it."""
    return name.replace("workbook.xml", "book.xml"), text.replace("xl/workbook.xml", "xl/book.xml")


@pytest.mark.parametrize("sheet", [None, "Stock"])
async def test_what_calamine_cannot_read_openpyxl_does(tmp_path, sheet):
    book = xlsx(tmp_path / "old.xlsx", Cover=[], Stock=[*TITLES, HEADER, *ROWS, [0.5, 7, "#N/A"]])
    book["Stock"]["A7"].number_format = "0%"
    book["Stock"]["B7"].number_format = "000"
    book.save(tmp_path / "old.xlsx")
    rewrite(tmp_path / "old.xlsx", tmp_path / "new.xlsx", moved)
    source, rows = await read(tmp_path / "new.xlsx", sheet=sheet)
    expected = [*ROWS, ["50%", "007", "#N/A"]]
    assert [list(row.cells.values()) for row in rows] == expected
    assert [row.number for row in rows] == [4, 5, 6, 7]
    assert source.notes == ('Read the sheet "Stock" of "Cover", "Stock".',)


async def test_openpyxl_finds_no_data_either(tmp_path):
    xlsx(tmp_path / "old.xlsx", A=[], B=[])
    rewrite(tmp_path / "old.xlsx", tmp_path / "new.xlsx", moved)
    source, rows = await read(tmp_path / "new.xlsx")
    assert (source.columns, rows) == ((), [])


def confined_child(me):
    """Find the reader among a process's children, once it ignores SIGTERM."""
    for child in Path(f"/proc/{me}/task/{me}/children").read_text().split():
        status = Path(f"/proc/{child}/status").read_text()
        ignored = int(status.split("SigIgn:")[1].split()[0], 16)
        if ignored >> (signal.SIGTERM - 1) & 1 and "worker.sources" in cmdline(child):
            return int(child)
    return None


def cmdline(process):
    return Path(f"/proc/{process}/cmdline").read_text()


def is_alive(process):
    return Path(f"/proc/{process}").exists()


def environment_of(process):
    return Path(f"/proc/{process}/environ").read_bytes()


def write_slow_workbook(tmp_path):
    """Write what takes a child a second to read."""
    path = tmp_path / "slow.xlsx"
    xlsx(path, Stock=[HEADER, ["a", "b", 1]])
    empty_rows = "".join(f'<row r="{n}"/>' for n in range(3, 400_000))
    rewrite(
        path,
        path.with_name("upload"),
        lambda name, text: (
            name,
            text.replace(
                "</sheetData>",
                f'{empty_rows}<row r="1000000"><c r="A1000000"><f>1</f></c></row></sheetData>',
            ),
        ),
    )
    return path.with_name("upload")


async def start_slow_read(tmp_path):
    """Start to read it: (the task, the child once it is confined)."""
    task = asyncio.create_task(read(write_slow_workbook(tmp_path)))
    async with asyncio.timeout(10):
        while (child := confined_child(os.getpid())) is None:
            await asyncio.sleep(0.005)
    return task, child


async def test_a_cancel_kills_the_child_and_awaits_it(tmp_path):
    task, child = await start_slow_read(tmp_path)
    started = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < 1
    assert not is_alive(child)
    assert not list(tmp_path.glob("*.rows"))


async def test_the_child_ignores_the_platforms_signals(tmp_path):
    task, child = await start_slow_read(tmp_path)
    os.kill(child, signal.SIGTERM)
    os.kill(child, signal.SIGINT)
    _, rows = await task
    assert rows[0] == (2, {"SKU": "a", "Name": "b", "Price": 1})


@pytest.mark.parametrize(
    ("killed_by", "text"),
    [
        (signal.SIGKILL, "The workbook is too large when unpacked."),
        (signal.SIGABRT, "The workbook is too large when unpacked."),
        (signal.SIGXCPU, "The workbook takes too long to read."),
        (signal.SIGSEGV, "The workbook is damaged or incomplete."),
    ],
)
async def test_a_childs_death_is_said_plainly(tmp_path, killed_by, text):
    task, child = await start_slow_read(tmp_path)
    os.kill(child, killed_by)
    with pytest.raises(JobRefusedError, match=text):
        await task


async def test_a_child_that_hangs_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "_MOST_SECONDS", 0.05)
    xlsx(tmp_path / "a.xlsx", Stock=[HEADER])
    assert (await refusal(tmp_path / "a.xlsx")).startswith("The workbook takes too long to read.")


async def test_a_child_killed_before_it_was_deaf_is_started_again(tmp_path, monkeypatch):
    runs = []
    run_child = spool._run_child  # noqa: SLF001 - what dies is replaced

    async def killed_at_first(*arguments):
        runs.append(arguments)
        return (-signal.SIGTERM, b"") if len(runs) == 1 else await run_child(*arguments)

    monkeypatch.setattr(spool, "_run_child", killed_at_first)
    xlsx(tmp_path / "a.xlsx", Stock=[HEADER, ["a", "b", 1]])
    _, rows = await read(tmp_path / "a.xlsx")
    assert len(rows) == 1
    assert len(runs) == 2


async def test_the_child_knows_no_keys(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "sb_secret_x")
    task, child = await start_slow_read(tmp_path)
    environment = environment_of(child)
    task.cancel()
    await asyncio.wait([task])
    assert b"PYTHONPATH" in environment
    assert b"sb_secret" not in environment


READ_SCRIPT = """
import asyncio, pathlib, sys
from worker.sources import FileOptions, open_file
asyncio.run(open_file(pathlib.Path(sys.argv[1]), FileOptions(), str.isalpha))
"""


def test_the_child_dies_with_its_parent(tmp_path):
    path = write_slow_workbook(tmp_path)
    with subprocess.Popen([sys.executable, "-c", READ_SCRIPT, str(path)]) as parent:
        until = time.monotonic() + 10
        while (child := confined_child(parent.pid)) is None and time.monotonic() < until:
            time.sleep(0.005)
        parent.kill()
    while is_alive(child) and time.monotonic() < until:
        time.sleep(0.005)
    assert child is not None
    assert not is_alive(child)
