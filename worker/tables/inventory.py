"""A record → an inventory row for apply_inventory_batch. Fields and defaults: docs/FRONTEND.md."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from worker.job import RowError
from worker.keywords import search_keywords
from worker.values import ValueProblem, cents, line, shown, text, whole_number

REQUIRED = ("name", "sku")

# Where an index stands on a field, the limit keeps it below a B-tree's 2,704 bytes a row even when
# every character takes four. https://www.postgresql.org/docs/17/btree.html
FIELDS: Mapping[str, Callable[[object], str | int | None]] = MappingProxyType(
    {
        "name": partial(line, longest=600),
        "sku": partial(line, longest=255),
        "description": partial(text, longest=20_000),
        "category": partial(line, longest=255),
        "quantity": whole_number,
        "quantity_on_order": whole_number,
        "unit_price": cents,
        "cost": cents,
        "price_tier_1": cents,
        "price_tier_2": cents,
        "price_tier_3": cents,
        "price_tier_4": cents,
        "price_tier_5": cents,
        "department_code": partial(line, longest=100),
        "unit_of_measure": partial(line, longest=100),
    }
)


def parse(row_number: int, record: object) -> dict[str, Any] | RowError:
    """Read one record, whose keys are the field names; other keys are ignored.

    Args:
        row_number: 1-based, as the job's owner counts.
        record: any JSON value.

    Returns:
        the row, with only the optional fields that were given, money in integer cents, and the
        keywords of the item as it would be inserted; or why the record was refused.

    """
    if not isinstance(record, Mapping):
        problem = f"the record is {shown(record)}, not fields with their values"
        return RowError(row_number, None, problem, record)

    row: dict[str, Any] = {"row_number": row_number}
    problems: dict[str, str] = {}
    for field, read in FIELDS.items():
        try:
            value = read(record.get(field))
        except ValueProblem as problem:
            problems[field] = str(problem)
            continue
        if value is not None:
            row[field] = value
        elif field in REQUIRED:
            problems[field] = "is missing"

    if problems:
        message = "; ".join(f"{field} {problem}" for field, problem in problems.items())
        culprit = next(iter(problems)) if len(problems) == 1 else None
        return RowError(row_number, culprit, message, record)
    row["search_keywords"] = search_keywords(
        row["name"], row.get("description", ""), row.get("category", "Uncategorized"), row["sku"]
    )
    return row


def key(row: Mapping[str, object]) -> str:
    """Give what makes two rows the same item: the SKU, exactly as written, capitals included."""
    return str(row["sku"])
