"""A preview, as ``python -m worker import FILE --preview`` prints it."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_preview(preview: Mapping[str, Any], console: Console) -> None:
    """Print the columns and the first rows of import_runs.preview."""
    console.print(_columns(preview))
    if left_out := preview["columns_left_out"]:
        console.print(f"… and {left_out:,} more columns", highlight=False)
    for row in preview["first_rows"]:
        console.print(f"Row {row['row']}: {_landing(row)}", markup=False, highlight=False)
    rows = f"{preview['rows_looked_at']:,}"
    looked_at = f"all {rows} rows" if preview["is_all"] else f"the first {rows} rows"
    told = f"Looked at {looked_at}: {preview['refused']:,} would be refused."
    console.print(told, highlight=False)
    if sheets := preview["sheets"]:
        told = f"The sheet is {preview['sheet']}, of {', '.join(sheets)}."
        console.print(told, markup=False, highlight=False)


def _columns(preview: Mapping[str, Any]) -> Table:
    table = Table()
    for name in ("Column", "Filled", "Samples", "Field", "Sure", "Why"):
        table.add_column(name, overflow="fold")
    for column in preview["columns"]:
        field = column["field"]
        maybe = f"({', '.join(column['alternatives'])}?)" if column["alternatives"] else ""
        cells = (
            column["header"],
            f"{column['fill_rate']:.0%}",
            "\n".join(column["samples"]),
            field or maybe,
            f"{column['confidence']:.0%}" if field else "",
            column["reason"] or "",
        )
        # What a file says is no markup, and moves no cursor.
        table.add_row(*(Text(_printable(cell)) for cell in cells))
    return table


def _landing(row: Mapping[str, Any]) -> str:
    if "problem" in row:
        return _printable(f"refused: {row['problem']}")
    if "replaced_by" in row:
        return f"replaced by row {row['replaced_by']}"
    return _printable(", ".join(f"{name} {value}" for name, value in row["values"].items()))


def _printable(written: str) -> str:
    return "".join(c if c.isprintable() or c == "\n" else " " for c in written)
