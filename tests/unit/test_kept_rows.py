"""What an undo kept, as a file."""

import csv

from worker.undoing.kept_rows import write_kept_rows

RECORD = {
    "record": "A-1",
    "why": "it was deleted since",
    "fields": [],
    "file": "stock.csv",
    "row": 7,
    "data_type": "inventory",
}
FIELD = {"field": "unit_price", "before": 100, "imported": 150, "now": 16005, "why": "by hand"}


def written(tmp_path, *kept):
    file = tmp_path / "kept.csv"
    write_kept_rows(file, kept)
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        header, *rows = csv.reader(lines)
    assert header == [
        "Record", "Field", "Before", "Imported", "Now", "Why it was kept", "File", "Row",
    ]  # fmt: skip
    return rows


def test_a_record_that_was_kept_as_a_whole(tmp_path):
    [row] = written(tmp_path, RECORD)
    assert row == ["A-1", "", "", "", "", "it was deleted since", "stock.csv", "7"]


def test_a_line_for_each_field_money_in_dollars(tmp_path):
    name = {"field": "name", "before": "Saw", "imported": None, "now": "=1+1", "why": "so"}
    first, second = written(tmp_path, RECORD | {"fields": [FIELD, name]})
    assert first == ["A-1", "unit_price", "1.00", "1.50", "160.05", "by hand", "stock.csv", "7"]
    assert second[:5] == ["A-1", "name", "Saw", "", "'=1+1"]


def test_what_is_no_item_is_shown_as_it_is(tmp_path):
    field = FIELD | {"field": "cost", "now": None, "imported": {"a": 1}}
    [row] = written(tmp_path, RECORD | {"data_type": "bids", "fields": [field], "file": None})
    assert row[:5] == ["A-1", "cost", "100", '{"a": 1}', ""]
    assert row[6] == ""
