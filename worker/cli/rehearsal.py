"""What a rehearsal found, as tables in a terminal: import_runs.rehearsal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

_ROWS = ("new", "changed", "unchanged", "refused")
_MONEY = ("unit_price", "cost", "price_tier_")


def rehearsal_tables(rehearsal: Mapping[str, Any], data_type: str) -> RenderableType:
    """Show what would change, and how far numbers would move.

    Args:
        rehearsal: as the database keeps it (supabase/migrations/*_judgement.sql, rehearsal_of).
        data_type: of the job; items' money is in cents.

    """
    return Group(*_tables(rehearsal, data_type))


def _tables(rehearsal: Mapping[str, Any], data_type: str) -> Iterator[RenderableType]:
    if rows := rehearsal.get("rows"):
        yield Text(", ".join(f"{rows[name]:,} {name}" for name in _ROWS) + " rows")
    if changes := rehearsal.get("changes"):
        yield Text(f"The first {len(changes):,} changes:")
        yield _changes(changes, data_type)
    for move in rehearsal.get("moves", ()):
        yield Text(f"{move['field']}, of {move['items']:,} items that are there:")
        yield _sizes(move)
        yield Text(f"{move['field']}, the largest changes:")
        yield _largest(move, data_type)
    if missing := rehearsal.get("missing"):
        items, of_all = missing["items"], missing["of"]
        yield Text(f"Not in the file are {items:,} of {of_all:,} items with a quantity:")
        yield _missing(missing)


def _changes(changes: Sequence[Mapping[str, Any]], data_type: str) -> Table:
    table = _table("Row", "Record", "Field", "Now", "Then")
    for change in changes:
        # What tells the record does not stand there twice.
        named = [str(change["row"]), _told(change["record"])]
        before = change["before"]
        told = () if before is not None else change["record"]
        fields = [name for name in change["after"] if name not in told]
        for field in fields:
            was = "(new)" if before is None else _shown(field, before.get(field), data_type)
            becomes = _shown(field, change["after"][field], data_type)
            table.add_row(*map(Text, (*named, field, was, becomes)))
            named = ["", ""]
        if not fields:
            table.add_row(*map(Text, (*named, "", "(new)" if before is None else "", "")))
    return table


def _sizes(move: Mapping[str, Any]) -> Table:
    table = _table("Change", "Rows", "Share")
    for size in move["sizes"]:
        table.add_row(size["change"], f"{size['rows']:,}", f"{size['percent']} %")
    return table


def _largest(move: Mapping[str, Any], data_type: str) -> Table:
    field = move["field"]
    table = _table("Row", "Record", "Now", "Then", "Change")
    for far in move["largest"]:
        percent = far.get("percent")
        cells = (
            str(far["row"]),
            _told(far["record"]),
            _shown(field, far.get("before"), data_type),
            _shown(field, far.get("after"), data_type),
            "" if percent is None else f"{percent:+} %",
        )
        table.add_row(*map(Text, cells))
    return table


def _missing(missing: Mapping[str, Any]) -> Table:
    table = _table("SKU", "Name", "Quantity")
    for item in missing["first"]:
        table.add_row(*map(Text, (item["sku"], item.get("name", ""), f"{item['quantity']:,}")))
    return table


def _table(*columns: str) -> Table:
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _told(record: Mapping[str, Any] | None) -> str:
    return " ".join(str(part) for part in (record or {}).values())


def _shown(field: str, value: object, data_type: str) -> str:
    if value is None:
        return ""
    if data_type == "inventory" and isinstance(value, int) and field.startswith(_MONEY):
        sign = "-" if value < 0 else ""
        return f"{sign}{abs(value) // 100:,}.{abs(value) % 100:02}"
    return str(value)
