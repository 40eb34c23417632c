"""How the command line prints a preview."""

import io

from rich.console import Console

from worker.cli.preview_table import print_preview

COLUMN = {
    "header": "SKU\x1b[2J", "fill_rate": 0.5, "samples": ["A", "B"], "field": "sku",
    "confidence": 0.95, "reason": "a synonym", "alternatives": ["name"],
}  # fmt: skip
PREVIEW = {
    "rows_looked_at": 1_000,
    "is_all": False,
    "refused": 2,
    "sheet": "Items",
    "sheets": ["Read me", "Items"],
    "columns": [COLUMN],
    "columns_left_out": 1_500,
    "first_rows": [{"row": 2, "replaced_by": 7}, {"row": 3, "values": {"sku": "A\x07"}}],
}


def printed(**changes):
    console = Console(file=io.StringIO(), width=120)
    print_preview(PREVIEW | changes, console)
    return console.file.getvalue()


def test_what_a_file_says_moves_no_cursor():
    text = printed()
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "SKU [2J" in text


def test_what_is_left_out_and_what_was_looked_at_is_said():
    text = printed()
    for said in (
        "… and 1,500 more columns", "Row 2: replaced by row 7", "Row 3: sku A",
        "Looked at the first 1,000 rows: 2 would be refused.",
        "The sheet is Items, of Read me, Items.",
    ):  # fmt: skip
        assert said in text
    text = printed(is_all=True, sheets=[], columns_left_out=0)
    assert "Looked at all 1,000 rows" in text
    assert "sheet" not in text
    assert "more columns" not in text
