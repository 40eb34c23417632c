"""The data types that can be imported: one file each, and one database function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from worker.job import RowError
from worker.tables import inventory

# A record, read: the row for the database function, which has "row_number", or the refusal.
ParsedRow = dict[str, Any] | RowError


@dataclass(frozen=True, slots=True)
class Table:
    """How records of one data type become rows."""

    # (1-based row number, record) → the row for apply_function, or why it was refused.
    parse: Callable[[int, object], ParsedRow]
    # The database function that applies a batch of rows.
    apply_function: str
    # A parsed row's identity: of the rows of a file with one key, the last wins.
    key: Callable[[Mapping[str, object]], str]


# By scheduled_jobs.data_type.
TABLES: Mapping[str, Table] = MappingProxyType(
    {
        "inventory": Table(
            parse=inventory.parse,
            apply_function="apply_inventory_batch",
            key=inventory.key,
        ),
    }
)
