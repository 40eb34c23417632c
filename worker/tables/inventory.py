"""Inventory: items, matched by SKU. Fields, synonyms and defaults: docs/FRONTEND.md."""

from functools import partial

from worker.keywords import search_keywords
from worker.tables.table import Field, Row, Table
from worker.values import cents, code, line, text, whole_number

_TIER_NAMES = {
    1: ("retail", "retail price"),
    2: ("vip", "wholesale"),
    3: ("vip b", "contractor"),
    4: ("vip a", "premium"),
    5: (),
}


def _tier(number: int) -> Field:
    numbered = ("price {}", "tier {}", "t{}", "price level {}", "level {}")
    synonyms = (*(form.format(number) for form in numbered), *_TIER_NAMES[number])
    name = f"price_tier_{number}"
    return Field(name, cents, f"Price tier {number}", synonyms=synonyms, evidence="number")


# Where an index stands on a field, the limit keeps it below a B-tree's 2,704 bytes a row even when
# every character takes four. https://www.postgresql.org/docs/17/btree.html
_FIELDS = (
    Field(
        "name",
        partial(line, longest=600),
        "Name",
        synonyms=("item name", "product name"),
        weak_synonyms=("item description", "product description"),
    ),
    Field(
        "sku",
        partial(code, longest=255),
        "SKU",
        synonyms=(
            "item number", "item#", "item code", "product code", "product number", "part number",
            "part#",
        ),
    ),
    Field(
        "description",
        partial(text, longest=20_000),
        "Description",
        synonyms=("item description", "product description"),
    ),
    Field(
        "category",
        partial(line, longest=255),
        "Category",
        synonyms=("dept", "department", "class", "product category"),
    ),
    Field(
        "quantity",
        whole_number,
        "Quantity",
        synonyms=("qty", "stock", "quantity on hand", "on hand", "available", "qty on hand"),
        evidence="number",
    ),
    Field(
        "quantity_on_order",
        whole_number,
        "Quantity on order",
        synonyms=("qty on order", "on order", "ordered", "qty ordered"),
        evidence="number",
    ),
    Field(
        "unit_price",
        cents,
        "Unit price",
        synonyms=("price", "selling price", "sale price", "base price"),
        evidence="number",
    ),
    Field("cost", cents, "Cost", evidence="number"),
    *(_tier(number) for number in _TIER_NAMES),
    Field(
        "department_code",
        partial(line, longest=100),
        "Department code",
        synonyms=("dept code",),
    ),
    Field(
        "unit_of_measure",
        partial(line, longest=100),
        "Unit of measure",
        synonyms=("uom", "unit", "measure", "units"),
    ),
)  # fmt: skip


def _add_keywords(row: Row) -> None:
    """Add the search keywords of the item as it would be inserted, none of which has a comma.

    Of a row that has no part in them there are none; where some parts are given, the database knows
    what to do with theirs.
    """
    if row.keys().isdisjoint({"name", "description", "category"}):
        return
    keywords = search_keywords(
        row.get("name", ""),
        row.get("description", ""),
        row.get("category", "Uncategorized"),
        row["sku"],
    )
    # One text: as an array they would be most of what PostgreSQL has to read of a row.
    row["search_keywords"] = ",".join(keywords)


INVENTORY = Table(
    noun="items",
    fields=_FIELDS,
    required=(("name",), ("sku",)),
    apply_function="apply_inventory_batch",
    complete=_add_keywords,
    needed_by_new="name",
    key="sku",  # exactly as written, capitals included
)
