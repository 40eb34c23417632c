"""Which sheet of a workbook is read."""

import pytest

from tests.unit.reading import HEADER, ods, read, refusal, xlsx

pytestmark = pytest.mark.usefixtures("without_a_child")

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


PRICES = [HEADER, ["new", "b", 1]]
COVER = [["Price list of spring"], ["All prices in CAD"]]
HALF = [["SKU", "Remark"], ["x", "y"]]


@pytest.mark.parametrize(
    ("sheets", "hidden", "chosen"),
    [
        ({"Cover": COVER, "Prices": PRICES}, (), "Prices"),
        ({"Cover": COVER, "Half": HALF, "Prices": PRICES, "Old": PRICES}, (), "Prices"),
        ({"Cover": COVER, "Prices": [*COVER, *[["-"]] * 25, *PRICES]}, (), "Prices"),
        ({"Prices": PRICES, "Cover": COVER}, (), "Prices"),
        ({"Cover": COVER, "Lists": PRICES, "Prices": PRICES}, ("Lists",), "Prices"),
        ({"Cover": COVER, "Lists": PRICES}, ("Lists",), "Lists"),
        # None has all: the one that has most of it, else the first.
        ({"Cover": COVER, "Half": HALF, "Other": COVER}, (), "Half"),
        ({"Empty": [], "Cover": COVER, "Other": COVER}, (), "Cover"),
        # Twenty are looked at.
        ({**{f"Cover {n}": COVER for n in range(19)}, "Prices": PRICES}, (), "Prices"),
        ({**{f"Cover {n}": COVER for n in range(20)}, "Prices": PRICES}, (), "Cover 0"),
    ],
)
async def test_the_sheet_is_the_first_with_the_columns(tmp_path, sheets, hidden, chosen):
    path = tmp_path / "a.xlsx"
    book = xlsx(path, **sheets)
    for name in hidden:
        book[name].sheet_state = "hidden"
    book.save(path)
    source, rows = await read(path)
    assert source.notes[0].startswith(f'Read the sheet "{chosen}" of "')
    assert (rows[-1].cells == dict(zip(HEADER, PRICES[1], strict=True))) == (
        sheets[chosen][-2:] == PRICES
    )
    is_whole = sheets[chosen][-2:] == PRICES
    assert source.missing.startswith("" if is_whole else "No sheet of the workbook has all the")
    assert is_whole == (source.missing == "")


async def test_the_sheet_is_judged_by_the_header_row_that_is_given(tmp_path):
    path = tmp_path / "a.xlsx"
    xlsx(path, A=[*PRICES, *COVER], B=[COVER[0], COVER[1], *PRICES])
    source, rows = await read(path, header_row=3)
    assert source.notes == ('Read the sheet "B" of "A", "B".',)
    assert len(rows) == 1


async def test_a_sheet_of_many_rows_is_judged_by_its_beginning_and_read_whole(tmp_path):
    path = tmp_path / "a.xlsx"
    xlsx(path, A=COVER, B=[HEADER, *[[f"a{n}", "b", n] for n in range(500)]])
    _, rows = await read(path)
    assert [row.cells["Price"] for row in rows] == list(range(500))
