"""Reading files in tests as a job does, and writing workbooks to read."""

import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from worker.exceptions import JobRefusedError
from worker.importing.sources import FileOptions, open_file
from worker.importing.sources.header import KnownNames

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
