"""What a preview tells: each column, and the first rows as they would land. docs/PREVIEW.md."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from worker.importing.mapping import Assignment, ColumnMapping, possible_fields
from worker.importing.parsing import ParsedRow
from worker.importing.sources.rows import is_blank
from worker.importing.tables import Table
from worker.importing.values import cell_text, shortened
from worker.job import RowError

_SAMPLES = 3
_LONGEST_SAMPLE = 60
# Columns that are told in detail.
_MOST_COLUMNS = 500
_LONGEST_VALUE = 500
_ALTERNATIVES = 3
# As UTF-8.
_MOST_BYTES = 1_000_000


class ColumnFindings:
    """What is found in the columns, row by row.

    Args:
        columns: all of them, left to right.
        mapping: which of them holds which field.
        table: whose fields they are.

    """

    def __init__(self, columns: Sequence[str], mapping: ColumnMapping, table: Table) -> None:
        self.rows = 0
        self._table = table
        self._by_column = {column: one for one in mapping.assignments for column in one.columns}
        self._columns = _chosen(columns, self._by_column.keys())
        self._left_out = len(columns) - len(self._columns)
        self._filled = dict.fromkeys(self._columns, 0)
        self._samples: dict[str, list[str]] = {column: [] for column in self._columns}

    def add(self, cells: Mapping[str, object]) -> None:
        """Look at a row."""
        self.rows += 1
        for column in self._columns:
            cell = cells.get(column)
            if cell == "" or is_blank((cell,)):
                continue
            self._filled[column] += 1
            samples = self._samples[column]
            if len(samples) < _SAMPLES:
                sample = shortened(cell_text(cell), _LONGEST_SAMPLE)
                if sample not in samples:
                    samples.append(sample)

    def as_json(self) -> dict[str, object]:
        """Tell what was found."""
        possible = possible_fields(self._columns, self._table)
        return {
            "columns": [self._column(name, possible.get(name, ())) for name in self._columns],
            "columns_left_out": self._left_out,
        }

    def _column(self, name: str, possible: Sequence[str]) -> dict[str, object]:
        one: Assignment | None = self._by_column.get(name)
        others = [field for field in possible if one is None or field != one.field]
        return {
            "header": name,
            "fill_rate": round(self._filled[name] / self.rows, 4) if self.rows else 0,
            "samples": self._samples[name],
            "field": one and one.field,
            "confidence": one and one.confidence,
            "reason": one and one.reason,
            "alternatives": others[:_ALTERNATIVES],
        }


def _chosen(columns: Sequence[str], mapped: Collection[str]) -> list[str]:
    """Leave out some of very many columns, none that has a field."""
    room = max(0, _MOST_COLUMNS - sum(column in mapped for column in columns))
    chosen = []
    for column in columns:
        if column in mapped:
            chosen.append(column)
        elif room:
            chosen.append(column)
            room -= 1
    return chosen


def landing(parsed: ParsedRow, file_rows: Mapping[int, int], table: Table) -> dict[str, object]:
    """Tell how a row would land: its values as the database has them, or why it would not.

    Args:
        parsed: the row.
        file_rows: by row_number, the numbers as their owner sees them.
        table: what the row is one of.

    """
    if isinstance(parsed, RowError):
        return {"row": parsed.file_row, "problem": parsed.message}
    row: dict[str, object] = {"row": file_rows[parsed["row_number"]]}
    if "superseded_by" in parsed:
        return row | {"replaced_by": file_rows[parsed["superseded_by"]]}
    values = {
        field.stored_as: _cut(parsed[field.stored_as])
        for field in table.fields
        if field.stored_as in parsed
    }
    return row | {"values": values}


def _cut(value: object) -> object:
    if isinstance(value, str) and len(value) > _LONGEST_VALUE:
        return f"{value[: _LONGEST_VALUE - 1]}…"
    return value


def bounded(preview: dict[str, Any]) -> dict[str, Any]:
    """Leave out as many columns without a field, the last ones first, as make it too large."""
    while len(json.dumps(preview, ensure_ascii=False).encode()) > _MOST_BYTES:
        columns = preview["columns"]
        without = [index for index, one in enumerate(columns) if one["field"] is None]
        left_out = set(without[len(without) // 2 :])
        if not left_out:
            break
        preview = preview | {
            "columns": [one for index, one in enumerate(columns) if index not in left_out],
            "columns_left_out": preview["columns_left_out"] + len(left_out),
        }
    return preview
