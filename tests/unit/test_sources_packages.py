"""Open XML as other programs write it: other names, other readers, other kinds of cells."""

import datetime as dt
import zipfile

import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tests.unit.reading import HEADER, ROWS, TITLES, read, rewrite, xlsx
from worker.importing.sources import xlsx as readers
from worker.importing.sources.cells import json_cell
from worker.importing.sources.parts import Parts

pytestmark = pytest.mark.usefixtures("without_a_child")


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


def strict(name, text):
    """Make the workbook one of Strict Open XML, as Excel can write it."""
    for word, strict in (
        (
            "schemas.openxmlformats.org/spreadsheetml/2006/main",
            "purl.oclc.org/ooxml/spreadsheetml/main",
        ),
        ("schemas.openxmlformats.org/officeDocument/2006/", "purl.oclc.org/ooxml/officeDocument/"),
    ):
        text = text.replace(word, strict)
    return name, text


def renamed(name, text):
    """Give the parts other names, as some programs do; what refers to them follows."""
    for word, other in (
        ("workbook.xml", "book.xml"),
        ("sheet2.xml", "x/b.xml"),
        ("styles.xml", "s.xml"),
    ):
        name, text = name.replace(word, other), text.replace(word, other)
    return name, text


def at_the_root(name, text):
    """Put all parts at the root."""
    return name.replace("xl/", ""), text.replace('"/xl/', '"/').replace('"xl/', '"')


def with_backslashes(name, text):
    return name.replace("/", "\\"), text


def in_capitals(name, text):
    return name.upper() if name.startswith("xl/") else name, text


def both(name, text):
    return with_backslashes(*renamed(name, text))


def with_macro_sheet(name, text):
    """Let a sheet be one of Excel 4 macros, at which calamine stops."""
    if name == "xl/_rels/workbook.xml.rels":
        text = text.replace(
            'schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
            'Target="/xl/worksheets/sheet1.xml"',
            'schemas.microsoft.com/office/2006/relationships/xlMacrosheet" '
            'Target="/xl/worksheets/sheet1.xml"',
        )
    return name, text


@pytest.mark.parametrize(
    ("change", "sheets"),
    [
        (renamed, '"Cover", "Stock"'),
        (at_the_root, '"Cover", "Stock"'),
        (with_backslashes, '"Cover", "Stock"'),
        (in_capitals, '"Cover", "Stock"'),
        (both, '"Cover", "Stock"'),
        (strict, '"Cover", "Stock"'),
        (with_macro_sheet, ""),
    ],
)
@pytest.mark.parametrize("sheet", [None, "Stock"])
async def test_however_its_parts_are_called(tmp_path, sheet, change, sheets):
    moment = dt.datetime(2026, 3, 12, 14, 30)  # noqa: DTZ001
    last = [0.5, 7, moment]
    book = xlsx(tmp_path / "old.xlsx", Cover=[["x"]], Stock=[*TITLES, HEADER, *ROWS, last])
    book["Stock"]["A7"].number_format = "0%"
    book["Stock"]["B7"].number_format = "000"
    book["Stock"]["C6"] = "=1/0"
    book.save(tmp_path / "old.xlsx")
    rewrite(tmp_path / "old.xlsx", tmp_path / "new.xlsx", change)
    source, rows = await read(tmp_path / "new.xlsx", sheet=sheet)
    failed = [*ROWS[2][:2], "#VALUE!"]
    expected = [*ROWS[:2], failed, ["50%", "007", "2026-03-12T14:30:00"]]
    assert [list(row.cells.values()) for row in rows] == expected
    assert [row.number for row in rows] == [4, 5, 6, 7]
    note, *read_sheet = reversed(source.notes)
    assert note.startswith("1 formula has no stored value")
    assert read_sheet == ([f'Read the sheet "Stock" of {sheets}.'] if sheets else [])


CELLS_OF_ALL_READERS = [
    ["text", 1, 0.5, True, False, None, "#N/A", "a\nb"],
    [dt.date(2026, 3, 12), dt.time(8, 15), dt.timedelta(hours=30), "_x000D_", "=1/0"],
    [dt.datetime(2026, 3, 12, 14, 30, 5), "#DIV/0!", -1.25, 1e15, " x "],  # noqa: DTZ001
]


@pytest.mark.parametrize("is_1904", [False, True])
def test_all_readers_give_the_same_cells(tmp_path, is_1904):
    path = tmp_path / "a.xlsx"
    book = xlsx(path, Stock=[[], *[["", *row] for row in CELLS_OF_ALL_READERS]])
    if is_1904:
        book.epoch = CALENDAR_MAC_1904
    book.save(path)
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        parts = Parts(archive)
        package = readers.Package(parts, readers.main_part(parts))
        fast, tidied, slow = [
            [
                (number, list(map(json_cell, cells)))
                for number, cells in sheets[0].rows()
                if any(cells)
            ]
            for sheets in (
                readers.sheets(file, package),
                readers.sheets(package.tidied(), package),
                readers.sheets_by_openpyxl(package.tidied(), package),
            )
        ]
    assert fast == tidied
    assert [(number, trimmed(cells)) for number, cells in fast] == [
        (number, trimmed(cells)) for number, cells in slow
    ]
    assert fast[1][1][1:4] == ["2026-03-12", "08:15:00", "30:00:00"]


def trimmed(cells):
    while cells and cells[-1] == "":
        cells = cells[:-1]
    return cells


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('t="d"><v>2026-03-12</v>', "2026-03-12"),
        ('t="d"><v>2026-03-12T00:00:00</v>', "2026-03-12"),
        ('t="d"><v>2026-03-12T14:30:00Z</v>', "2026-03-12T14:30:00"),
        ('t="d"><v>14:30:00</v>', "14:30:00"),
        ('t="e"><v>#SPILL!</v>', "#SPILL!"),
        ('t="e"><v>#NV</v>', "#VALUE!"),
        ('t="e"/>', "#VALUE!"),
        ('t="inlineStr"><f>1</f><is><t>x</t></is>', "x"),
        ('t="str"><f>1</f><v></v>', ""),
    ],
)
async def test_cells_as_other_programs_write_them(tmp_path, cell, expected):
    xlsx(tmp_path / "old.xlsx", Stock=[HEADER, ["a", "b", 77]])
    whole = f'<c r="C2" {cell}' + ("" if cell.endswith("/>") else "</c>")
    rewrite(
        tmp_path / "old.xlsx",
        tmp_path / "new.xlsx",
        lambda name, text: (name, text.replace('<c r="C2" t="n"><v>77</v></c>', whole)),
    )
    _, rows = await read(tmp_path / "new.xlsx")
    assert rows[0].cells["Price"] == expected
