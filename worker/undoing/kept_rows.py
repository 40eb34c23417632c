"""What an undo kept as it is, as a file to look through."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from worker.guard import guarded

_COLUMNS = ("Record", "Field", "Before", "Imported", "Now", "Why it was kept", "File", "Row")
# Stored in cents, and known to people in dollars (docs/FRONTEND.md).
_CENTS = {"unit_price", "cost", *(f"price_tier_{number}" for number in range(1, 6))}
_VALUES = ("before", "imported", "now")


def write_kept_rows(path: Path, kept: Sequence[Mapping[str, Any]]) -> None:
    """Write a CSV with a line a field that was kept, safe to open in a spreadsheet.

    Args:
        path: where to.
        kept: as the database tells it (import_internal.keep_kept).

    """
    # With a byte order mark, or Excel takes it for Windows-1252.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for record in kept:
            for line in _lines(record):
                writer.writerow([guarded(cell) for cell in line])


def _lines(record: Mapping[str, Any]) -> Iterator[list[str]]:
    """Give a line for each field; one without, where the record was kept for another reason."""
    place = [_shown(record["file"]), _shown(record["row"])]
    if not record["fields"]:
        yield [_shown(record["record"]), "", "", "", "", _shown(record["why"]), *place]
    for field in record["fields"]:
        is_money = record["data_type"] == "inventory" and field["field"] in _CENTS
        values = [_money(field[key]) if is_money else _shown(field[key]) for key in _VALUES]
        yield [_shown(record["record"]), field["field"], *values, _shown(field["why"]), *place]


def _money(cents: object) -> str:
    return f"{Decimal(cents) / 100:.2f}" if isinstance(cents, int) else _shown(cents)


def _shown(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
