"""A page's values → the texts of a file's cells, column by column. Nothing goes through a float."""

import json
from collections.abc import Sequence
from decimal import Decimal

from worker.exporting.entities import Column, Entity
from worker.exporting.line_items import columns_of_items
from worker.job import ExportPage


def page_texts(entity: Entity, page: ExportPage) -> list[Sequence[str]]:
    """Give the texts of an entity's columns, "" where there is nothing."""
    nothing = [""] * page.row_count
    of_items: dict[str, Sequence[str]] = {}
    if "line_items" in entity.stored:
        made = [columns_of_items(items) for items in page.columns.get("line_items", nothing)]
        names = [column.name for column in entity.columns if column.stored == "line_items"]
        of_items = {name: [row[name] for row in made] for name in names}
    return [
        of_items[column.name]
        if column.name in of_items
        else _texts(column, page.columns.get(column.stored, nothing))
        for column in entity.columns
    ]


def _texts(column: Column, values: Sequence[object]) -> Sequence[str]:
    if column.kind == "cents":
        return ["" if value is None else _dollars(value) for value in values]
    return [value if isinstance(value, str) else _text(value) for value in values]


def _dollars(cents: object) -> str:
    """Write integer cents as dollars: 1999 is 19.99."""
    if isinstance(cents, int):
        digits = f"{abs(cents):03}"
        return f"{'-' if cents < 0 else ''}{digits[:-2]}.{digits[-2:]}"
    # A project whose column is another one: its cents come as text.
    return f"{Decimal(str(cents)).scaleb(-2):f}"


def _text(value: object) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)
