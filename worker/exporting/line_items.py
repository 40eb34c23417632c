"""A quote's line items, as columns of its own: docs/EXPORTING.md has the rules.

Other programs wrote them too, so each value goes by several names, which are tried in turn.
"""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

_SKU = ("sku", "item_sku", "inventory_sku")
_DESCRIPTION = ("description", "desc", "itemName", "item_name", "name", "title")
_UNIT = ("unit_of_measure", "unitOfMeasure", "uom", "unit")
_QUANTITY = ("quantity", "qty")
_PRICE = ("unitPrice", "unit_price", "price")
_TOTAL = ("total", "line_total", "subtotal")

Item = Mapping[str, object]


def columns_of_items(line_items: object) -> dict[str, str]:
    """Give the columns of a quote that come of its line items, JSON or JSON text.

    Lists are joined by |, each text in them once; pairs, as sku:value, are those of the items that
    have a SKU. Numbers are written without zeros at their end.
    """
    items = _items(line_items)
    skus = _distinct(_text(item, _SKU) for item in items)
    descriptions = _distinct(_text(item, _DESCRIPTION) for item in items)
    units = _distinct(_text(item, _UNIT) for item in items)
    return {
        "sku": skus[0] if skus else "",
        "skus": "|".join(skus),
        "sku_description": descriptions[0] if descriptions else "",
        "sku_descriptions": "|".join(descriptions),
        "sku_unit": units[0] if units else "",
        "sku_units": "|".join(units),
        "sku_total_quantity": _written(sum((_quantity(item) for item in items), Decimal(0))),
        "sku_quantities": _pairs(items, map(_quantity, items)),
        "sku_unit_prices": _pairs(items, map(_price, items)),
        "sku_line_totals": _pairs(items, map(_line_total, items)),
        "line_items_count": str(len(items)),
    }


def _items(line_items: object) -> list[Item]:
    if isinstance(line_items, str):
        try:
            line_items = json.loads(line_items)
        except ValueError:
            return []
    if not isinstance(line_items, list):
        return []
    return [item if isinstance(item, dict) else {} for item in line_items]


def _text(item: Item, names: Iterable[str]) -> str:
    """Give the first of some values that is there and not empty, as text without spaces around."""
    given = next((value for name in names if (value := item.get(name))), "")
    return (given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)).strip()


def _number(item: Item, names: Iterable[str]) -> Decimal | None:
    """Give the first of some values that is there, if it is a number; a float as it is written."""
    given = next((value for name in names if (value := item.get(name)) is not None), None)
    if given is None or isinstance(given, bool | list | dict):
        return None
    try:
        number = Decimal(str(given).strip() or "0")
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _quantity(item: Item) -> Decimal:
    return _number(item, _QUANTITY) or Decimal(0)


def _price(item: Item) -> Decimal:
    return _number(item, _PRICE) or Decimal(0)


def _line_total(item: Item) -> Decimal:
    total = _number(item, _TOTAL)
    return _quantity(item) * _price(item) if total is None else total


def _pairs(items: Iterable[Item], values: Iterable[Decimal]) -> str:
    pairs = zip((_text(item, _SKU) for item in items), values, strict=True)
    return "|".join(f"{sku}:{_written(value)}" for sku, value in pairs if sku)


def _written(number: Decimal) -> str:
    """Write a number in full, without zeros at its end: 2, 2.5, 1200."""
    written = f"{number + 0:f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def _distinct(texts: Iterable[str]) -> list[str]:
    return [text for text in dict.fromkeys(texts) if text]
