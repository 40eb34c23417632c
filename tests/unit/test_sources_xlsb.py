"""Binary workbooks: records that the property test of offsets does not write."""

import json
import struct
import zipfile

import pytest

from tests.unit import raw_workbooks as raw
from worker.importing.sources.workbook import write_rows


def with_cells(path, *records):
    """Write a sheet whose first row has these cells, the rest of an .xlsb around."""
    raw.xlsb(path, {(0, 0): "x"})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.bin"]
    end = sheet.index(raw.record(146))
    parts["xl/worksheets/sheet1.bin"] = sheet[:end] + b"".join(records) + sheet[end:]
    raw.archive(path, parts)


def place(column, style=0):
    return struct.pack("<II", column, style)


FORMULA = struct.pack("<HI", 0, 0) + bytes(4)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (raw.record(2, place(1) + struct.pack("<I", 5 << 2 | 2)), 5),
        (raw.record(2, place(1, 1) + struct.pack("<I", 35 << 2 | 3)), "35%"),
        (raw.record(3, place(1) + b"\x2a"), "#N/A"),
        (raw.record(9, place(1) + struct.pack("<d", 2.5) + FORMULA), 2.5),
        (raw.record(9, place(1, 1) + struct.pack("<d", 0.352) + FORMULA), "35.2%"),
        (raw.record(10, place(1) + b"\x01" + FORMULA), True),
        (raw.record(11, place(1) + b"\x17" + FORMULA), "#REF!"),
    ],
)
def test_a_cell_of_each_kind(tmp_path, record, expected):
    with_cells(tmp_path / "file", record)
    assert write_rows(tmp_path / "file", tmp_path / "spool", None).cause == ""
    [[_, [first, second]]] = map(json.loads, (tmp_path / "spool").read_text().splitlines())
    assert first == "x"
    assert second == expected


@pytest.mark.parametrize(("is_1904", "expected"), [(False, "2026-03-12"), (True, "2030-03-13")])
def test_days_are_counted_from_1900_or_1904(tmp_path, is_1904, expected):
    raw.xlsb(tmp_path / "file", {(0, 0): raw.Number(46093, 5, "")}, is_1904=is_1904)
    assert write_rows(tmp_path / "file", tmp_path / "spool", None).cause == ""
    assert json.loads((tmp_path / "spool").read_text()) == [1, [expected], {"0": None}]


def in_other_places(parts):
    """Put the parts elsewhere, under other names."""
    return {
        name.replace("xl/", "x/").replace("workbook.bin", "w.bin"): content.replace(
            b"xl/workbook.bin", b"x/w.bin"
        )
        for name, content in parts.items()
    }


def with_macro_sheet(parts):
    """Add a sheet of Excel 4 macros, at which calamine stops."""
    relations = parts["xl/_rels/workbook.bin.rels"].decode()
    macros = (
        '<Relationship Id="rId9" Target="macros/a.bin" '
        'Type="http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet"/>'
    )
    changed = relations.replace("</Relationships>", f"{macros}</Relationships>")
    sheet = raw.record(156, struct.pack("<II", 0, 9) + raw.wide("rId9") + raw.wide("Macros"))
    main = parts["xl/workbook.bin"].replace(raw.record(143), raw.record(143) + sheet)
    return parts | {
        "xl/_rels/workbook.bin.rels": changed.encode(),
        "xl/workbook.bin": main,
        "xl/macros/a.bin": b"",
    }


@pytest.mark.parametrize("change", [in_other_places, with_macro_sheet])
def test_what_calamine_cannot_read_is_packed_anew(tmp_path, change):
    path = tmp_path / "file"
    raw.xlsb(path, {(0, 1): "#N/A", (0, 2): raw.Number(0.352, 1, "")})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    raw.archive(path, change(parts))
    report = write_rows(path, tmp_path / "spool", None)
    assert (report.cause, report.sheets) == ("", ("Stock",))
    assert json.loads((tmp_path / "spool").read_text()) == [1, ["", "#N/A", "35.2%"]]


def test_a_cut_sheet_is_damaged(tmp_path):
    with_cells(tmp_path / "file", b"\x05\xff\xff\xff\x7f")
    assert write_rows(tmp_path / "file", tmp_path / "spool", None).cause == "damaged"
