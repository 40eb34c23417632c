"""Workbooks: one table in every format, cells as their owner sees them, sheets, the child."""

import asyncio
import datetime as dt
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.reading import (
    FILES,
    HEADER,
    ROWS,
    TITLES,
    ods,
    read,
    refusal,
    rewrite,
    xlsx,
)
from worker.exceptions import JobRefusedError
from worker.importing.sources import spool
from worker.importing.sources.cells import json_cell


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
    (1234567, "00000", 1234567),
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
    assert isinstance(cells[row], type(expected))


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
        ("PT30H00M00S", "PT30H00M00S"),
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


def confined_child(me):
    """Find the reader among a process's children, once it ignores SIGTERM."""
    for child in Path(f"/proc/{me}/task/{me}/children").read_text().split():
        status = Path(f"/proc/{child}/status").read_text()
        ignored = int(status.split("SigIgn:")[1].split()[0], 16)
        if ignored >> (signal.SIGTERM - 1) & 1 and "worker.importing.sources" in cmdline(child):
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
    async with asyncio.timeout(120):
        while (child := confined_child(os.getpid())) is None:
            await asyncio.sleep(0.005)
    return task, child


async def test_a_cancel_kills_the_child_and_awaits_it(tmp_path):
    task, child = await start_slow_read(tmp_path)
    os.kill(child, signal.SIGSTOP)  # so that it ends in no other way
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
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
from worker.importing.sources import FileOptions, open_file
asyncio.run(open_file(pathlib.Path(sys.argv[1]), FileOptions(), str.isalpha))
"""


def test_the_child_dies_with_its_parent(tmp_path):
    path = write_slow_workbook(tmp_path)
    with subprocess.Popen([sys.executable, "-c", READ_SCRIPT, str(path)]) as parent:
        until = time.monotonic() + 120
        while (child := confined_child(parent.pid)) is None and time.monotonic() < until:
            time.sleep(0.005)
        parent.kill()
    while is_alive(child) and time.monotonic() < until:
        time.sleep(0.005)
    assert child is not None
    assert not is_alive(child)
