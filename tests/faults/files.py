"""Files to import, and what must come of each of their rows."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

# In every cell of every row, so that a row's content in a log is seen.
MARK = "Zqx"

# What the database must hold of an item: name, description, category, quantity, cents.
Item = tuple[str, str, str, int, int]


@dataclass(frozen=True)
class Row:
    """A row of a file."""

    number: int  # 1-based
    sku: str
    fate: Literal["lands", "superseded", "refused"]
    item: Item


@dataclass(frozen=True)
class File:
    """A file as the frontend sends it, mapped already."""

    name: str
    records: Sequence[dict[str, str]]

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """What must come of each record, by the rules of docs/FRONTEND.md, worked out anew."""
        last = {
            record["sku"]: number
            for number, record in enumerate(self.records, start=1)
            if not _refused(record)
        }
        return tuple(
            Row(
                number,
                record["sku"],
                "refused"
                if _refused(record)
                else "lands"
                if last[record["sku"]] == number
                else "superseded",
                _item(record),
            )
            for number, record in enumerate(self.records, start=1)
        )

    @property
    def refused(self) -> int:
        return sum(row.fate == "refused" for row in self.rows)


def make_file(
    chance: random.Random, name: str, skus: range, *, refused: float = 0.03, repeated: float = 0.03
) -> File:
    """Make a file of one row a SKU, some of them unreadable, some replaced by a later row."""
    numbers = [
        chance.choice(skus[:index]) if index and chance.random() < repeated else sku
        for index, sku in enumerate(skus)
    ]
    return File(
        name,
        [
            _record(name, row, number, bad=chance.random() < refused)
            for row, number in enumerate(numbers, start=1)
        ],
    )


def _record(file: str, row: int, number: int, *, bad: bool) -> dict[str, str]:
    """Make a record that no other row of any file equals."""
    return {
        "sku": f"{MARK}-{number:06}",
        "name": f"{MARK} bolt {number} of {file} row {row}",
        "description": f"{MARK} zinc {row}",
        "category": f"{MARK} class {number % 17}",
        "quantity": str(row),
        "unit_price": f"call {MARK}" if bad else f"{number % 9973}.{row % 100:02}",
    }


def _refused(record: dict[str, str]) -> bool:
    return record["unit_price"].startswith("call")


def _item(record: dict[str, str]) -> Item:
    cents = 0 if _refused(record) else int(record["unit_price"].replace(".", ""))
    return (
        record["name"],
        record["description"],
        record["category"],
        int(record["quantity"]),
        cents,
    )
