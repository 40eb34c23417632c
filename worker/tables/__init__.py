"""The data types that can be imported: one file each, and one database function."""

from collections.abc import Mapping
from types import MappingProxyType

from worker.tables.bids import BIDS
from worker.tables.contacts import CONTACTS
from worker.tables.inventory import INVENTORY
from worker.tables.table import Field, Row, Table

# By scheduled_jobs.data_type.
TABLES: Mapping[str, Table] = MappingProxyType(
    {"inventory": INVENTORY, "contacts": CONTACTS, "bids": BIDS}
)

__all__ = ["TABLES", "Field", "Row", "Table"]
