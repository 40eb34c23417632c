"""A report as a workbook: a sheet a table, numbers as numbers, dates as dates."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

from worker.operating.report.contents import Column, Kind, Report, Sheet, Value

_FORMATS: dict[Kind, str] = {
    "count": "#,##0",
    "seconds": "#,##0.0",
    "rate": "#,##0.0",
    "date": "yyyy-mm-dd",
    "time": "yyyy-mm-dd hh:mm",
}
_WIDEST = 60
# What a cell cannot hold, and what a reader takes for a character's number: [MS-XLSX] ST_Xstring.
_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def write_workbook(report: Report, path: Path) -> None:
    """Write a report into a file."""
    import openpyxl  # type: ignore[import-untyped] # noqa: PLC0415 - half a second

    book = openpyxl.Workbook()
    about = book.active
    about.title = "About"
    said = [report.title, report.span, *(f"{sheet.name}: {sheet.says}" for sheet in report.sheets)]
    for number, line in enumerate(said, start=1):
        _put(about, number, 1, line)
    about["A1"].font = openpyxl.styles.Font(bold=True, size=14)
    about.column_dimensions["A"].width = 110
    for sheet in report.sheets:
        _write(book.create_sheet(sheet.name), sheet, openpyxl)
    book.save(path)


def _write(page: Any, sheet: Sheet, openpyxl: Any) -> None:  # noqa: ANN401 - openpyxl has no types
    bold = openpyxl.styles.Font(bold=True)
    for place, column in enumerate(sheet.columns, start=1):
        _put(page, 1, place, column.heading).font = bold
        for number, row in enumerate(sheet.rows, start=2):
            cell = _put(page, number, place, row[place - 1])
            cell.number_format = _FORMATS.get(column.kind, "@")
        letter = openpyxl.utils.get_column_letter(place)
        values = [row[place - 1] for row in sheet.rows]
        page.column_dimensions[letter].width = _width(column, values)
    page.freeze_panes = "A2"


def _put(page: Any, row: int, column: int, value: Value) -> Any:  # noqa: ANN401 - the same
    """Write a value; a text stays one, whatever it begins with."""
    cell = page.cell(row, column)
    if isinstance(value, dt.datetime):
        value = value.replace(tzinfo=None)  # workbooks know no zones; the report says which
    if isinstance(value, str):
        cell.value = _ESCAPE.sub("_x005F_", _UNFIT.sub("\N{REPLACEMENT CHARACTER}", value))
        cell.data_type = "s"
    else:
        cell.value = value
    return cell


def _width(column: Column, values: list[Value]) -> int:
    """Give a column's width in characters."""
    longest = {"date": 10, "time": 16, "text": max((len(str(v or "")) for v in values), default=0)}
    return min(max(len(column.heading) + 4, longest.get(column.kind, 10) + 2), _WIDEST)
