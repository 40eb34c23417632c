"""What can be exported: tables, and their columns as files have them (docs/FRONTEND.md)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

# text: as it is; code: text that is no number, whatever it looks like; cents: dollars, stored as
# integer cents; amount: dollars, stored as such; number: any other number; date: of a day.
Kind = Literal["text", "code", "cents", "amount", "number", "date"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file."""

    # As files have it: the name by which an import knows its field.
    name: str
    kind: Kind
    # As the table has it; of quotes, some come of line_items.
    stored: str


@dataclass(frozen=True, slots=True)
class Entity:
    """A table that can be exported."""

    # The table's name.
    name: str
    # One of its rows, in words, and as an XML element.
    row: str
    columns: tuple[Column, ...]

    @property
    def stored(self) -> tuple[str, ...]:
        """The table's columns that are read."""
        return tuple(dict.fromkeys(column.stored for column in self.columns))


def _columns(kind: Kind, names: str, **stored: str) -> Iterable[Column]:
    return (Column(name, kind, stored.get(name, name)) for name in names.split())


def _of_items(kind: Kind, names: str) -> Iterable[Column]:
    return (Column(name, kind, "line_items") for name in names.split())


_INVENTORY = Entity(
    "inventory",
    "item",
    (
        *_columns("text", "name"),
        *_columns("code", "sku"),
        *_columns("text", "description category"),
        *_columns("number", "quantity quantity_on_order"),
        *_columns("cents", "unit_price cost"),
        *_columns("cents", " ".join(f"price_tier_{number}" for number in range(1, 6))),
        *_columns("code", "department_code unit_of_measure"),
    ),
)

_CONTACTS = Entity(
    "contacts",
    "contact",
    (
        *_columns("text", "name email"),
        *_columns("code", "phone"),
        *_columns("text", "company trade address city province"),
        *_columns("code", "postalCode", postalCode="postal_code"),
        *_columns("text", "status priceLevel notes", priceLevel="price_level"),
        *_columns("code", "legacyNumber", legacyNumber="legacy_number"),
        *_columns("text", "accountOwnerNumber", accountOwnerNumber="account_owner_number"),
        *(
            column
            for year in ("ptd", "ytd", "lyr")
            for column in (
                Column(f"{year}Sales", "amount", f"{year}_sales"),
                Column(f"{year}GpPercent", "number", f"{year}_gp_percent"),
            )
        ),
    ),
)

_BIDS = Entity(
    "bids",
    "bid",
    (
        *_columns("text", "clientName projectName description",
                  clientName="client_name", projectName="project_name"),
        *_columns("amount", "subtotal tax total", tax="tax_amount"),
        *_columns("text", "status"),
        *_columns("date", "validUntil", validUntil="valid_until"),
        *_columns("text", "notes terms"),
    ),
)  # fmt: skip

_QUOTES = Entity(
    "quotes",
    "quote",
    (
        *_columns("code", "quote_number"),
        *_columns("text", "title contact_name contact_email status price_tier"),
        *_columns("date", "valid_until"),
        *_columns("amount", "subtotal tax_amount total"),
        *_of_items("code", "sku skus"),
        *_of_items("text", "sku_description sku_descriptions"),
        *_of_items("code", "sku_unit sku_units"),
        *_of_items("number", "sku_total_quantity"),
        *_of_items("text", "sku_quantities sku_unit_prices sku_line_totals"),
        *_of_items("number", "line_items_count"),
        *_columns("text", "notes terms"),
    ),
)

# By the table's name.
ENTITIES: Mapping[str, Entity] = MappingProxyType(
    {entity.name: entity for entity in (_INVENTORY, _CONTACTS, _BIDS, _QUOTES)}
)
