"""Inventory: items, matched by SKU. Fields, synonyms and defaults: docs/FRONTEND.md."""

from functools import partial

from worker.importing.keywords import search_keywords
from worker.importing.tables.table import Field, Row, Table
from worker.importing.values import cents, code, line, text, whole_number

_TIER_NAMES = {
    1: ("retail", "retail price"),
    2: ("wholesale", "vip"),
    3: ("contractor", "vip b"),
    4: ("vip a", "premium"),
    5: (),
}
_OF_PRICES = "unit item product variant each default rate usd eur ht"
_OF_QUANTITIES = (
    "item product variant unit current total actual physical balance warehouse store each location"
)


def _tier(number: int) -> Field:
    numbered = (
        "price {}", "tier {}", "t {}", "price level {}", "level {}", "sell price {}",
        "sales price {}", "sell {}", "retail {}", "retail price {}", "pricelist {}",
    )  # fmt: skip
    mark = (str(number), "abcde"[number - 1])
    synonyms = (
        *(form.format(number) for form in numbered),
        *(f"{form} {mark[1]}" for form in ("price", "tier", "price level", "price tier")),
        *_TIER_NAMES[number],
        *(f"{name} price" for name in _TIER_NAMES[number] if "price" not in name),
    )
    return Field(
        f"price_tier_{number}",
        cents,
        f"Price tier {number}",
        synonyms=synonyms,
        beside="unit usd eur ht price tier level sell sales",
        evidence="price",
    )


# Where an index stands on a field, the limit keeps it below a B-tree's 2,704 bytes a row even when
# every character takes four. https://www.postgresql.org/docs/17/btree.html
_FIELDS = (
    Field(
        "name",
        partial(line, longest=600),
        "Name",
        synonyms=(
            "item name", "product name", "part name", "title", "item title", "product title",
            "designation", "item designation", "display name", "item", "product", "entry name",
            "name description", "web title", "web name", "label",
        ),
        weak_synonyms=(
            "item description", "product description", "part description", "stock description",
            "item code description", "description", "description 1", "short description",
            "french description", "description name", "description goods", "pos description",
            "receipt description", "designation 1", "sales description",
        ),
        beside="service english full 1 item product",
    ),
    Field(
        "sku",
        partial(code, longest=255),
        "SKU",
        synonyms=(
            "sku number", "sku code", "sku id", "custom sku", "variant sku", "item sku",
            "product sku", "item number", "item code", "product code", "product number",
            "part number", "part code", "stock number", "stock code", "catalog number",
            "catalog code", "default code", "item name number", "internal reference",
            "item reference", "product reference", "code", "item id", "product id", "part id",
            "stock id", "item lookup code", "sku item number", "plu", "reference number",
            "reference", "internal code", "internal number", "item key", "product key",
            "lookup code", "item number *", "item code *", "sku *", "product code *",
            "product number *", "part number *",
        ),
        weak_synonyms=("item", "part", "number", "product"),
        last_resorts=(
            "model number", "model", "style number", "manufacturer number",
            "manufacturer item number", "manufacturer part number", "manufacturer sku",
            "vendor item number", "vendor part number", "vendor sku", "barcode", "barcode code",
            "barcode number", "id", "order code", "item *", "code *",
        ),
        beside="primary main variant unique custom label your item product part stock catalog",
        evidence="code",
    ),
    Field(
        "description",
        partial(text, longest=20_000),
        "Description",
        synonyms=(
            "item description", "product description", "part description", "long description",
            "extended description", "full description", "sales description", "body", "details",
            "web description", "notes description", "part details", "item details",
            "product details", "description 2", "short description",
        ),
        beside="item product part english 1 stock",
        forgives=True,
    ),
    Field(
        "category",
        partial(line, longest=255),
        "Category",
        synonyms=(
            "product category", "category name", "category code", "department",
            "department name", "item group", "product group", "group", "group name",
            "item family", "product family", "family", "product line", "item class",
            "product class", "class", "department category", "department class",
            "category description", "department description", "class name", "class code",
            "commodity group", "family code", "group code", "family name", "group description",
            "class description",
        ),
        beside="item product main primary master stock merchandise 1",
        forgives=True,
    ),
    Field(
        "quantity",
        whole_number,
        "Quantity",
        synonyms=(
            "quantity onhand", "onhand", "stock onhand", "physical stock", "stock level",
            "stock quantity", "quantity stock level", "stock", "level onhand", "current quantity *",
            "onhand [*]",
            "available quantity", "available stock", "available onhand", "available to sell",
            "available", "closing stock", "closing quantity", "ending stock", "physical",
            "free stock", "stock count", "onhand count", "inventory count", "book quantity",
            "book stock", "system quantity", "store quantity", "location quantity", "net stock",
            "quantity onhand *", "quantity *", "onhand *", "stock *", "available *",
        ),
        beside=_OF_QUANTITIES,
        evidence="number",
    ),
    Field(
        "quantity_on_order",
        whole_number,
        "Quantity on order",
        synonyms=("onorder", "quantity ordered", "ordered", "incoming", "expected",
                  "quantity incoming", "po quantity", "purchase order quantity",
                  "incoming stock"),
        beside="item product unit total stock purchase open po",
        evidence="number",
    ),
    Field(
        "unit_price",
        cents,
        "Unit price",
        synonyms=(
            "price", "sell price", "sales price", "net sales price", "sell", "regular price",
            "retail price", "retail", "list price", "list", "base price", "standard price",
            "regular", "regular retail", "everyday price", "everyday retail", "shelf price",
            "msrp", "msrp price", "msrp list", "new price", "new retail", "new list",
            "current price", "current retail", "sale price", "list sell", "advertised price",
            "standard sell price", "price [*]", "retail [*]",
            "retail price [*]", "sell price [*]", "list price [*]",
        ),
        beside=_OF_PRICES,
        evidence="price",
    ),
    Field(
        "cost",
        cents,
        "Cost",
        synonyms=(
            "unit cost", "cost price", "net cost", "dealer cost", "average cost",
            "average cost price", "new cost", "new member cost", "new dealer cost",
            "new net cost", "last cost", "current cost", "standard cost", "regular cost",
            "everyday cost", "landed cost", "replacement cost",
            "market cost", "wholesale cost", "base cost", "purchase cost",
            "purchase price", "net purchase price", "supply price", "your price", "your cost",
            "net price", "average purchase price", "dealer price", "dealer net",
            "dealer net price", "vendor cost", "vendor price",
            "last purchase price", "last purchase cost", "fifo cost", "net", "dealer", "landed",
            "member cost", "invoice cost", "initial cost", "valuation price", "landed price",
            "last price paid", "distributor cost", "estimated cost",
            "cost [*]", "net cost *", "dealer cost *",
        ),
        beside=f"{_OF_PRICES} net your",
        evidence="price",
    ),
    *(_tier(number) for number in _TIER_NAMES),
    Field(
        "department_code",
        partial(code, longest=100),
        "Department code",
        synonyms=("department number", "department id"),
        evidence="code",
    ),
    Field(
        "unit_of_measure",
        partial(code, longest=100),
        "Unit of measure",
        synonyms=(
            "uom", "unit", "measure", "stock unit", "sell unit", "sales unit", "base unit",
            "stock uom", "sell uom", "sales uom", "base uom", "price uom",
            "purchase uom", "purchase unit", "order uom", "order unit", "unit sale", "usage unit",
        ),
        beside="default standard item product code primary unit stock name",
        evidence="code",
    ),
)  # fmt: skip


def _add_keywords(row: Row) -> None:
    """Add the search keywords of the item as it would be inserted, none of which has a comma.

    Of a row that has no part in them, or that a later one replaces, there are none; where some
    parts are given, the database knows what to do with theirs.
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
    derive=_add_keywords,
    needed_by_new="name",
    key="sku",  # as written, capitals included, but cleaned: values/codes.py
    unit="unit_of_measure",
    can_zero=True,
)
