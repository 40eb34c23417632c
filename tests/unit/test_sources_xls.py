"""Old workbooks: Excel 2 to 2003, and what other programs write in their formats."""

import io
import json
import struct
import zipfile

import pytest
import xlrd

from tests.unit import biff
from worker.importing.sources.workbook import write_rows

TABLE = {(0, 0): "SKU", (0, 1): "Price", (1, 0): "H-100", (1, 1): 19.99}
ROWS = [[1, ["SKU", "Price"]], [2, ["H-100", 19.99]]]
LONG = {(row, 0): f"a text of some length {row}" for row in range(2, 150)}
SUMMARY = {"\x05SummaryInformation": bytes(64)}


def read(path, content, wanted=None):
    path.write_bytes(content)
    report = write_rows(path, path.with_name("spool"), wanted)
    if report.cause:
        return report.cause
    return [json.loads(line) for line in path.with_name("spool").read_text().splitlines()]


def archive():
    """Give a ZIP archive, as Excel keeps its theme in one."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        target.writestr("theme/theme/theme1.xml", "<a/>")
    return packed.getvalue()


@pytest.mark.parametrize("version", [5, 8])
@pytest.mark.parametrize("name", ["Workbook", "Book", "WORKBOOK", "BOOK", "workbook"])
@pytest.mark.parametrize("more", [{}, LONG], ids=["in the mini stream", "in sectors"])
def test_the_stream_is_found_by_its_name(tmp_path, name, version, more):
    content = biff.xls({"Stock": TABLE | more}, name=name, version=version)
    assert read(tmp_path / "file", content)[:2] == ROWS


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            biff.container({"Workbook": biff.stream({"Stock": TABLE}), "Theme": archive()}),
            id="in a stream",
        ),
        pytest.param(
            biff.xls({"Stock": TABLE}, more=biff.record(0x896, bytes(16) + archive())),
            id="in a record",
        ),
        pytest.param(biff.xls({"Stock": TABLE}) + archive(), id="at the end"),
    ],
)
def test_an_archive_within_makes_no_archive_of_it(tmp_path, content):
    assert read(tmp_path / "file", content) == ROWS


def test_of_two_streams_the_newer_version_is_read(tmp_path):
    old = biff.stream({"Stock": {(0, 0): "old"}}, version=5)
    new = biff.stream({"Stock": TABLE})
    assert read(tmp_path / "file", biff.container({"Book": old, "Workbook": new})) == ROWS


@pytest.mark.parametrize(
    ("streams", "cause"),
    [
        ({"WordDocument": bytes(5000)}, "document"),
        ({"WordDocument": bytes(100)}, "document"),
        ({"EncryptedPackage": bytes(100)}, "protected"),
        ({"EncryptedPackage": bytes(5000), "EncryptionInfo": bytes(200)}, "protected"),
        ({"Workbook": biff.stream({"a": {}}, more=biff.record(0x2F, bytes(6)))}, "protected"),
        ({"Workbook": biff.stream({"a": LONG}, more=biff.record(0x2F, bytes(6)))}, "protected"),
        ({"Workbook": biff.stream({"a": {}}, 5, more=biff.record(0x2F, bytes(4)))}, "protected"),
        ({"Workbook": biff.stream({"a": LONG})[:-300]}, "damaged"),
        ({"Workbook": biff.stream({"a": TABLE})[:-30]}, "damaged"),
        ({"Workbook": b""}, "damaged"),
        # A text that is in a cell, not the name of a stream.
        ({"Notes": "Workbook".encode("utf-16-le") * 500}, "document"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, streams, cause):
    assert read(tmp_path / "file", biff.container(streams)) == cause


def test_the_name_of_an_encrypted_stream_may_be_written_in_a_cell(tmp_path):
    table = {(0, 0): "EncryptedPackage"}
    assert read(tmp_path / "file", biff.xls({"a": table})) == [[1, ["EncryptedPackage"]]]


@pytest.mark.parametrize("version", [5, 8])
@pytest.mark.parametrize("number", [*range(50, 59), 164, 27, 36, 200])
def test_a_format_is_what_the_file_says_it_is(tmp_path, version, number):
    content = biff.xls(
        {"Stock": {(0, 0): (2193312, 0), (0, 1): (15.5, 1), (0, 2): (46093, 2)}},
        version=version,
        formats={number: "00000000", number + 1: '0.00" CAD"', number + 2: "yyyy-mm-dd"},
        styles=[number, number + 1, number + 2],
    )
    cells = ["02193312", 15.5, "2026-03-12"]
    assert read(tmp_path / "file", content) == [[1, cells, {"1": "15.50 CAD", "2": None}]]


@pytest.mark.parametrize("version", [5, 8])
def test_every_kind_of_cell(tmp_path, version):
    def formula(result, more=b""):
        """Give a formula's record by its result: the kind, the result, options and the rest."""
        return struct.pack("<H", 0x06) + result + bytes(8) + more

    cells = {
        (0, 0): True,
        (0, 1): False,
        (0, 2): struct.pack("<HI", 0x27E, 12345 << 2 | 2),  # a short number
        (0, 3): struct.pack("<HI", 0x27E, 1250 << 2 | 3),  # one of hundredths
        (1, 0): formula(struct.pack("<d", 7.5)),
        (1, 1): formula(b"\x01\0\x01\0\0\0\xff\xff"),
        (1, 2): formula(b"\x02\0\x17\0\0\0\xff\xff"),
        (1, 3): formula(b"\x03\0\0\0\0\0\xff\xff"),
        (1, 4): "end",
        **{(2, column): error for column, error in enumerate(biff.ERRORS)},
    }
    assert read(tmp_path / "file", biff.xls({"a": cells}, version=version)) == [
        [1, [True, False, 12345, 12.5]],
        [2, [7.5, True, "#REF!", "", "end"]],
        [3, list(biff.ERRORS)],
    ]


def test_excel_95_writes_fonts_behind_a_text(tmp_path):
    rich = struct.pack("<H", 0xD6) + biff.text("H-100", 5, "H") + bytes([2, 0, 1, 3])  # one is cut
    assert read(tmp_path / "file", biff.xls({"a": {(0, 0): rich}}, version=5)) == [[1, ["H-100"]]]


def test_text_without_a_code_page_is_that_of_windows(tmp_path):
    stream = biff.stream({"a": {(0, 0): "Tap \u2013 \u00bd\u2122"}}, version=5)
    stream = stream.replace(biff.record(0x42, struct.pack("<H", 1252)), biff.record(0x5C, b"  "))
    content = biff.container({"Book": stream})
    assert read(tmp_path / "file", content) == [[1, ["Tap \u2013 \u00bd\u2122"]]]


def test_what_makes_no_cell_may_be_broken(tmp_path):
    names = biff.record(0x18, b"\xff" * 30) + biff.record(0x17, b"\xff" * 3)
    note = struct.pack("<H", 0x1C) + b"\xff" * 3
    chart = struct.pack("<H", 0xEC) + bytes(4)
    cells = TABLE | {(5, 5): note, (6, 6): chart}
    assert read(tmp_path / "file", biff.xls({"a": cells}, more=names)) == ROWS


@pytest.mark.parametrize("said", [0, 1, 2, 7, 10_000])
def test_how_many_texts_are_shared_may_be_said_wrongly(tmp_path, said):
    texts = b"".join(struct.pack("<HB", len(text), 0) + text for text in (b"SKU", b"H-100"))
    shared = biff.record(0xFC, struct.pack("<II", 9, said) + texts)
    cells = {(row, 0): struct.pack("<HI", 0xFD, row) for row in range(2)}
    content = biff.xls({"a": cells}, more=shared)
    expected = [[1, ["SKU"]], [2, ["H-100"]]]
    assert read(tmp_path / "file", content) == (expected if said > 1 else "damaged")


def test_a_chart_within_a_sheet_has_cells_of_its_own(tmp_path):
    chart = biff.record(0x809, struct.pack("<HHHHII", 0x600, 0x20, 0, 0, 0, 0))
    chart += biff.record(0x203, struct.pack("<HHHd", 0, 0, 15, 77.0)) + biff.record(10)
    stream = biff.stream({"a": TABLE})
    stream = stream[:-4] + chart + stream[-4:]
    assert read(tmp_path / "file", biff.container({"Workbook": stream})) == ROWS


@pytest.mark.parametrize(
    ("result", "options", "is_calculated", "expected"),
    [
        # As xlwt writes each formula: a text without characters, and nobody has calculated.
        (b"\x03\0\0\0\0\0\xff\xff", 0, False, "#VALUE!"),
        (b"\x03\0\0\0\0\0\xff\xff", 0, True, ""),
        # As POI does: 0, to be calculated when it is opened.
        (bytes(8), 2, False, "#VALUE!"),
        (bytes(8), 2, True, 0),
        (bytes(8), 0, False, 0),
    ],
)
def test_a_formula_that_nobody_calculated(tmp_path, result, options, is_calculated, expected):
    formula = struct.pack("<H", 0x06) + result + struct.pack("<HI", options, 0)
    streams = {"Workbook": biff.stream({"a": {(0, 0): "x", (0, 1): formula, (0, 2): "y"}})}
    content = biff.container(streams | SUMMARY if is_calculated else streams)
    assert read(tmp_path / "file", content) == [[1, ["x", expected, "y"]]]
    assert write_rows(tmp_path / "file", tmp_path / "spool", None).uncalculated == (
        expected == "#VALUE!"
    )


@pytest.mark.parametrize(
    ("days", "number_format", "is_1904", "expected"),
    [
        (46093, "yyyy-mm-dd", False, "2026-03-12"),
        (46093.5, "yyyy-mm-dd", False, "2026-03-12T12:00:00"),
        (44631, "yyyy-mm-dd", True, "2026-03-12"),
        (1, "yyyy-mm-dd", False, "1900-01-01"),
        (59, "yyyy-mm-dd", False, "1900-02-28"),
        (61, "yyyy-mm-dd", False, "1900-03-01"),
        (0.34375, "h:mm", False, "08:15:00"),
        (46093.999999, "yyyy-mm-dd", False, "2026-03-13"),
        (1.25, "[h]:mm", False, "30:00:00"),
        (-1, "yyyy-mm-dd", False, -1),
        (3e6, "yyyy-mm-dd", False, 3_000_000),
    ],
)
def test_dates_are_counted_in_days(tmp_path, days, number_format, is_1904, expected):
    content = biff.xls(
        {"a": {(0, 0): (days, 0)}}, formats={164: number_format}, styles=[164], is_1904=is_1904
    )
    shown = [{"0": None}] if isinstance(expected, str) else []
    assert read(tmp_path / "file", content) == [[1, [expected], *shown]]


def test_a_cell_in_the_far_corner_costs_no_more_than_its_row(tmp_path):
    cells = TABLE | {(65_535, 255): "x"}
    *first, last = read(tmp_path / "file", biff.xls({"a": cells}))
    assert first == ROWS
    assert last == [65_536, [""] * 255 + ["x"]]


@pytest.mark.parametrize("kind", [2, 3, 4])
def test_excel_2_to_4_wrote_bare_streams(tmp_path, kind):
    version = {2: 0, 3: 0x0200, 4: 0x0400}[kind]
    begin = biff.record(
        0x09 | version, struct.pack("<HH", kind << 8, 0x10) + bytes(2)[: 2 * (kind > 2)]
    )
    style = b"\0\0\0" if kind == 2 else b"\0\0"
    cell = 0 if kind == 2 else 0x200

    def label(row, column, text):
        length = struct.pack("<B" if kind == 2 else "<H", len(text))
        head = struct.pack("<HH", row, column) + style
        return biff.record(4 | cell, head + length + text.encode())

    number = struct.pack("<HH", 1, 1) + style + struct.pack("<d", 19.99)
    error = struct.pack("<HH", 2, 1) + style + bytes([42, 1])
    content = (
        begin
        + label(0, 0, "SKU")
        + label(0, 1, "Price")
        + label(1, 0, "H-100")
        + biff.record(3 | cell, number)
        + label(2, 0, "S-200")
        + biff.record(5 | cell, error)
        + biff.record(10)
    )
    assert read(tmp_path / "file", content) == [*ROWS, [3, ["S-200", "#N/A"]]]


@pytest.mark.parametrize("version", [5, 8])
def test_our_files_are_old_workbooks_to_others_too(version):
    content = biff.xls({"Stock": TABLE | LONG}, version=version)
    sheet = xlrd.open_workbook(file_contents=content).sheet_by_name("Stock")
    assert sheet.row_values(1) == ["H-100", 19.99]
    assert sheet.nrows == 150
