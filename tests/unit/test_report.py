"""A report's three forms, of what databases may hold."""

import datetime as dt
import warnings
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from PIL import Image

from worker.operating.figures import Period
from worker.operating.report import markdown, report_of
from worker.operating.report.picture import write_picture
from worker.operating.report.workbook import write_workbook

HOSTILE = '=cmd|"/c calc"!A1 <script>alert(1)</script> $x_1$ [a](http://b) _x0041_ | `c`\x01\n# 絵'
TODAY = dt.datetime.now(ZoneInfo("America/Toronto")).date()
SUMS = dict.fromkeys(("jobs", "failed_jobs", "created", "updated", "unchanged", "refused"), 3)
TIMES = dict.fromkeys(("waiting_p50", "waiting_p95", "running_p50", "running_p95"), 1.25)
LINE = SUMS | TIMES | {"rows": 123_456, "seconds": 60.5, "rows_a_second": 2040.6, "kind": "import"}


class FiguresOf:
    """What the database would say; what it does say is in tests/integration/test_analytics.py."""

    def __init__(self, text, days=3):
        of_days = [
            LINE | {"day": str(TODAY - dt.timedelta(days=n)), "organization_id": None,
                    "data_type": None}
            for n in range(days)
        ]  # fmt: skip
        none = dict.fromkeys(TIMES)
        of_kind = LINE | none | {"day": None, "organization_id": None, "data_type": None}
        self.lines = [*of_days, of_kind, of_kind | {"organization_id": text, "data_type": "bids"}]
        at = "2026-11-27T03:30:00.123456+00:00"
        self.of_reasons = [
            {"data_type": "bids", "reason": text, "rows": 5, "jobs": 2, "last_at": at}
        ]
        self.of_files = [
            {"organization_id": text, "data_type": "bids", "file": text, "failures": 2,
             "uploads": 3, "first_failed_at": at, "last_failed_at": at, "last_message": text}
        ]  # fmt: skip

    async def sums(self, _):
        return self.lines

    async def reasons(self, _):
        return self.of_reasons

    async def failing_files(self, _):
        return self.of_files


class NoFigures(FiguresOf):
    def __init__(self):
        self.lines = self.of_reasons = self.of_files = []


async def a_report(figures=None, days=30):
    return await report_of(figures or FiguresOf(HOSTILE), Period(days, "America/Toronto", None))


async def test_markdown_takes_nothing_for_a_sign():
    told = markdown(await a_report())
    assert "# Imports of all organizations\n" in told
    assert f"| {TODAY} | import | 3 |" in told
    assert "| 123,456 | 60.5 | 2,040.6 |" in told
    # A line a row, and as many bars as its table has.
    tables = [line for line in told.splitlines() if line.startswith("|")]
    assert len(tables) == 5 * 2 + 1 + 3 + 1 + 1 + 1
    assert {line.replace(r"\|", "").count("|") for line in tables} == {6, 9, 15, 16, 17}
    assert "<script" not in told.replace(r"\<", "")
    assert r"\[a\]\(http\://b\)" in told
    assert "2026-11-26 22:30" in told  # as it is in Toronto


async def test_a_workbook_has_values_as_they_are(tmp_path):
    write_workbook(await a_report(), tmp_path / "r.xlsx")
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    assert book.sheetnames == ["About", "Sums", "Days", "Organizations", "Reasons", "Files"]
    days = book["Days"]
    assert days.freeze_panes == "A2"
    headings = [cell.value for cell in days[1]]
    first = dict(zip(headings, days[2], strict=True))
    assert first["Day"].value == dt.datetime.combine(TODAY, dt.time())
    assert first["Day"].number_format == "yyyy-mm-dd"
    assert (first["Rows"].value, first["Rows"].number_format) == (123_456, "#,##0")
    assert first["Seconds"].value == 60.5
    assert book["Sums"]["J2"].value == 2040.6
    assert book["Sums"]["K2"].value is None
    organization = book["Organizations"]["A2"]
    assert organization.data_type == "s"
    assert organization.value == HOSTILE.replace("\x01", "\ufffd").replace(
        "_x0041_", "_x005F_x0041_"
    )
    assert str(book["Files"]["F2"].value).startswith("2026-11-26 22:30:00")
    for sheet in book.worksheets[1:]:
        for column in sheet.columns:
            width = sheet.column_dimensions[column[0].column_letter].width
            assert len(column[0].value) < width <= 60


@pytest.mark.parametrize("figures", [FiguresOf(HOSTILE), FiguresOf("a", 300), NoFigures()])
async def test_a_picture_is_drawn_whatever_there_is(tmp_path, figures):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_picture(await a_report(figures, 300), tmp_path / "r.png")
    with Image.open(tmp_path / "r.png") as picture:
        assert picture.size > (1000, 700)


async def test_a_report_without_anything_says_so(tmp_path):
    report = await a_report(NoFigures())
    assert markdown(report).count("\nNone.\n") == 5
    write_workbook(report, tmp_path / "r.xlsx")
