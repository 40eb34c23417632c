"""Column names as systems in use write them, what a person would choose, and the worker's score.

tests/data/headers: given.jsonl came with the task, tuned.jsonl was looked at while the vocabulary
was written, held_out.jsonl was not: 85 of its 89 rows were mapped as a person would at first sight.
`python -m tests.headers` writes docs/COLUMNS.md.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from worker.importing.mapping import automatic_mapping
from worker.importing.tables import TABLES

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "COLUMNS.md"
_INTRODUCTION = (
    "Written by `python -m tests.headers` from the rows of `tests/data/headers`, as the worker "
    "maps them without a mapping and by names alone; a test holds this page to it. What is not "
    "named is left out."
)
_KINDS = {"inventory": "Items", "contacts": "Contacts", "bids": "Bids"}


@dataclass(frozen=True)
class Header:
    """One row: a system's columns, with what it is mapped to and what it should be."""

    name: str
    data_type: str
    columns: list[str]
    expected: dict[str, list[str]]

    @property
    def found(self) -> dict[str, list[str]]:
        mapping = automatic_mapping(self.columns, TABLES[self.data_type])
        return {one.field: list(one.columns) for one in mapping.assignments}

    @property
    def is_exact(self) -> bool:
        return self.found == self.expected

    @property
    def wrong(self) -> dict[str, list[str]]:
        """Fields that have a column which a person would not choose."""
        return {
            field: columns
            for field, columns in self.found.items()
            if self.expected.get(field) != columns
        }

    @property
    def costly(self) -> dict[str, list[str]]:
        """Those of them that hold money, codes or quantities."""
        table = TABLES[self.data_type]
        exact = {field.name for field in table.fields if field.holds_number}
        exact |= {"sku", "legacyNumber", "department_code"}
        return {field: columns for field, columns in self.wrong.items() if field in exact}

    @property
    def lacks(self) -> bool:
        """Whether a required field is not found though a person found it."""
        table = TABLES[self.data_type]
        return any(
            self.found.keys().isdisjoint(group) and not self.expected.keys().isdisjoint(group)
            for group in table.required
        )


def headers(file: str) -> list[Header]:
    lines = (ROOT / "tests" / "data" / "headers" / f"{file}.jsonl").read_text().splitlines()
    return [
        Header(
            row["name"],
            row["data_type"],
            row["columns"],
            {
                field: [columns] if isinstance(columns, str) else columns
                for field, columns in row["expected"].items()
            },
        )
        for row in map(json.loads, lines)
    ]


def page() -> str:
    """Write what each system's columns become."""
    rows = [row for file in ("given", "tuned", "held_out") for row in headers(file)]
    parts = ["# What each system's columns become", _INTRODUCTION]
    for data_type, title in _KINDS.items():
        lines = [f"| {row.name} | {_becomes(row)} |" for row in rows if row.data_type == data_type]
        parts.append(
            "\n".join([f"## {title}\n", "| export | becomes |", "| --- | --- |", *sorted(lines)])
        )
    return "\n\n".join(parts) + "\n"


def _becomes(row: Header) -> str:
    names = {field: " + ".join(columns) for field, columns in row.found.items()}
    in_order = [field.name for field in TABLES[row.data_type].fields if field.name in names]
    shown = [f"`{field}`: {names[field].replace('|', chr(92) + '|')}" for field in in_order]
    return "; ".join(shown)


if __name__ == "__main__":
    PAGE.write_text(page())
