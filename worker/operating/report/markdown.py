"""A report as Markdown, in which whatever comes from a file is text."""

import datetime as dt
import re

from worker.operating.report.contents import Column, Report, Sheet, Value

# What Markdown, or HTML in it, would take for a sign.
_SIGN = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&:@])")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


def markdown(report: Report) -> str:
    """Write a report out."""
    parts = [f"# {text(report.title)}", text(report.span)]
    for sheet in report.sheets:
        parts += [f"## {sheet.name}", sheet.says, _table(sheet) if sheet.rows else "None."]
    return "\n\n".join(parts) + "\n"


def text(written: str) -> str:
    """Write a text so that all of it is read as it is, on one line."""
    return _SIGN.sub(r"\\\1", _SPACE.sub(" ", written).strip())


def _table(sheet: Sheet) -> str:
    rules = [":--" if c.kind in {"text", "date", "time"} else "--:" for c in sheet.columns]
    lines = [[c.heading for c in sheet.columns], rules]
    lines += [
        [_cell(column, value) for column, value in zip(sheet.columns, row, strict=True)]
        for row in sheet.rows
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(column: Column, value: Value) -> str:
    match value:
        case None:
            return ""
        case dt.datetime():
            return value.strftime("%Y-%m-%d %H:%M")
        case dt.date():
            return value.isoformat()
        case str():
            return text(value)
        case _:
            return f"{value:,.1f}" if column.kind in {"seconds", "rate"} else f"{value:,}"
