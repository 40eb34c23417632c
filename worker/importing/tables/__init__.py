"""The data types that can be imported: one file each, and one database function."""

from collections.abc import Mapping
from types import MappingProxyType

from worker.importing.tables.bids import BIDS
from worker.importing.tables.contacts import CONTACTS
from worker.importing.tables.inventory import INVENTORY
from worker.importing.tables.table import Field, Row, Table

# By scheduled_jobs.data_type.
TABLES: Mapping[str, Table] = MappingProxyType(
    {"inventory": INVENTORY, "contacts": CONTACTS, "bids": BIDS}
)

__all__ = ["TABLES", "Field", "Row", "Table"]
