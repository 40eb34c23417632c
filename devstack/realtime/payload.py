"""The `data` of a postgres_changes event, as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from devstack.realtime.access import Column
    from devstack.realtime.pgoutput import Change, Values

MAX_CHANGE_BYTES = 1024 * 1024
MAX_VALUE_BYTES = 64  # of what is left of a change that is larger

NO_PRIMARY_KEY = "Error 400: Bad Request, no primary key"
UNAUTHORIZED = "Error 401: Unauthorized"
TOO_LARGE = "Error 413: Payload Too Large"


@dataclass(frozen=True, slots=True)
class Row:
    """A change with its values as JSON, and its table as the catalog has it."""

    change: Change
    columns: Sequence[Column]
    new: dict[str, str]
    old: dict[str, str]

    @property
    def primary_key(self) -> list[str]:
        """The columns of the primary key; without one a change is shown to nobody."""
        return [column.name for column in self.columns if column.in_primary_key]


def refusal(change: Change, columns: Sequence[Column], role: str) -> str | None:
    """Return the error that a role gets instead of the row (c_anon_no_select), not of a key."""
    if change.event == "DELETE":
        return None
    key = [column for column in columns if column.in_primary_key]
    if not key or any(column.name not in change.new for column in key):
        return NO_PRIMARY_KEY
    return None if all(role in column.readable_by for column in key) else UNAUTHORIZED


def refused(change: Change, error: str) -> str:
    """Return the data for those who get nothing but an error."""
    fields = {"record": "{}", "columns": "[]", "errors": json.dumps([error])}
    fields |= {"commit_timestamp": "null"}
    if change.event == "UPDATE":
        fields |= {"old_record": "{}"}
    return _data(change, fields)


def granted(row: Row, role: str, select: tuple[str, ...] | None) -> str:
    """Return the data for a role: the columns it may read and, if there is a choice, chose.

    What a DELETE shows of a table with row level security is the key, even with REPLICA IDENTITY
    FULL: nobody can check any more who was allowed to see the rest (a_service_role_replica_…).
    """
    change = row.change
    readable = {
        column.name: column
        for column in row.columns
        if role in column.readable_by and (select is None or column.name in select)
    }
    too_large = wal_bytes(change) > MAX_CHANGE_BYTES

    def shown(name: str, value: str) -> bool:
        return name in readable and not (too_large and _dropped(value))

    types = [{"name": column.name, "type": column.type} for column in readable.values()]
    fields = {
        "columns": json.dumps(types),
        "errors": json.dumps([TOO_LARGE]) if too_large else "null",
        "commit_timestamp": f'"{change.committed:%Y-%m-%dT%H:%M:%S}.'
        f'{change.committed.microsecond // 1000:03}Z"',
    }
    if change.event != "DELETE":
        unchanged = {name: value for name, value in row.old.items() if name not in row.new}
        fields["record"] = _object(row.new | unchanged, shown)
    if change.event == "UPDATE":
        fields["old_record"] = _object(row.old, shown)
    if change.event == "DELETE":
        secured = any(column.row_security for column in row.columns)
        key = row.primary_key
        fields["old_record"] = _object(
            row.old, lambda name, value: shown(name, value) and (not secured or name in key)
        )
    return _data(change, fields)


def wal_bytes(change: Change) -> int:
    """Return the size of a change as wal2json writes it: the 1 MiB are measured on that.

    Escapes count (a quote in a jsonb document is one more byte), and so does the old row.
    """
    types = change.relation.type_oids()

    def columns(values: Values) -> list[dict[str, object]]:
        return [
            {"name": name, "type": "", "typeoid": types[name], "value": value}
            for name, value in values.items()
        ]

    document = {
        "action": change.event[0],
        "schema": change.relation.schema,
        "table": change.relation.table,
        "timestamp": change.committed.isoformat(),
        "columns": columns(change.new),
        "identity": columns(change.old),
    }
    return len(json.dumps(document, ensure_ascii=False).encode())


def _dropped(value: str) -> bool:
    """NULLs go too: a key that is missing from a change too large is not a NULL (d_big_1500k)."""
    return value == "null" or len(value.encode()) > MAX_VALUE_BYTES


def _object(values: dict[str, str], shown: Callable[[str, str], bool]) -> str:
    members = (
        f"{json.dumps(name)}: {value}" for name, value in values.items() if shown(name, value)
    )
    return "{" + ", ".join(members) + "}"


def _data(change: Change, fields: dict[str, str]) -> str:
    names = {
        "table": json.dumps(change.relation.table),
        "type": json.dumps(change.event),
        "schema": json.dumps(change.relation.schema),
    }
    return "{" + ", ".join(f'"{name}": {value}' for name, value in (names | fields).items()) + "}"
