"""Decodes what PostgreSQL's output plugin `pgoutput` emits (protocol version 1).

https://www.postgresql.org/docs/17/protocol-logicalrep-message-formats.html
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Event = Literal["INSERT", "UPDATE", "DELETE"]
Values = dict[str, str | None]  # column name to PostgreSQL's text; unchanged TOAST is not in it

POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class PgoutputError(Exception):
    """A message of pgoutput that this decoder does not understand."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the stream announces it; `in_identity`: part of the replica identity."""

    name: str
    type_oid: int
    in_identity: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """A published table, announced by the stream before its first change."""

    oid: int
    schema: str
    table: str
    columns: tuple[Column, ...]

    def type_oids(self) -> dict[str, int]:
        """Return the type of each column."""
        return {column.name: column.type_oid for column in self.columns}


@dataclass(frozen=True, slots=True)
class Change:
    """One row changed by a committed transaction.

    `new` is empty for a DELETE. `old` holds the replica identity: the primary key, or the whole row
    with REPLICA IDENTITY FULL; it is empty for an INSERT.
    """

    relation: Relation
    event: Event
    new: Values
    old: Values
    committed: datetime


class _Reader:
    """Takes numbers, strings and rows off the front of one message."""

    def __init__(self, message: bytes) -> None:
        self._message = message
        self._position = 0

    def number(self, code: Literal["b", "h", "i", "I", "q"]) -> int:
        """One big-endian integer: of 8, 16, 32, unsigned 32 or 64 bits."""
        (value,) = struct.unpack_from(f"!{code}", self._message, self._position)
        self._position += struct.calcsize(f"!{code}")
        return int(value)

    def bytes(self, count: int) -> bytes:
        self._position += count
        return self._message[self._position - count : self._position]

    def string(self) -> str:
        end = self._message.index(b"\0", self._position)
        return (self.bytes(end + 1 - self._position))[:-1].decode()

    def values(self, columns: tuple[Column, ...]) -> Values:
        """Read a TupleData: `n` is NULL, `u` an unchanged TOASTed value, `t` a text."""
        values: Values = {}
        count = self.number("h")
        for column in columns[:count]:
            match self.bytes(1):
                case b"n":
                    values[column.name] = None
                case b"t":
                    values[column.name] = self.bytes(self.number("i")).decode()
                case b"u":
                    pass
                case kind:
                    raise PgoutputError(f"A value of the kind {kind!r} in column {column.name}.")
        return values


class Decoder:
    """Turns the messages of one slot into changes, in order. Remembers relations between them."""

    def __init__(self) -> None:
        self._relations: dict[int, Relation] = {}
        self._committed = POSTGRES_EPOCH

    def decode(self, message: bytes) -> Change | None:
        """Return the change that a message carries; None for all that is not a row.

        TRUNCATE is one of those: the real server sends nothing for it
        (x_multi_row_txn_rollback_truncate_ddl).

        Raises:
            PgoutputError: the message is not protocol version 1.

        """
        reader = _Reader(message)
        match reader.bytes(1):
            case b"B":
                reader.number("q")  # the LSN of the commit
                self._committed = POSTGRES_EPOCH + timedelta(microseconds=reader.number("q"))
            case b"R":
                relation = _relation(reader)
                self._relations[relation.oid] = relation
            case b"I":
                return self._insert(reader)
            case b"U":
                return self._update(reader)
            case b"D":
                return self._delete(reader)
            case b"C" | b"O" | b"Y" | b"T" | b"M":  # commit, origin, type, truncate, message
                pass
            case kind:
                raise PgoutputError(f"A message of the kind {kind!r}.")
        return None

    def _insert(self, reader: _Reader) -> Change:
        relation = self._relations[reader.number("I")]
        reader.bytes(1)  # always N
        return Change(relation, "INSERT", reader.values(relation.columns), {}, self._committed)

    def _update(self, reader: _Reader) -> Change:
        relation = self._relations[reader.number("I")]
        old = None
        kind = reader.bytes(1)
        if kind != b"N":
            old = _identity(relation, kind, reader)
            reader.bytes(1)
        new = reader.values(relation.columns)
        if old is None:  # the key did not change, so the stream saves itself the old one
            names = [column.name for column in relation.columns if column.in_identity]
            old = {name: new[name] for name in names if name in new}
        return Change(relation, "UPDATE", new, old, self._committed)

    def _delete(self, reader: _Reader) -> Change:
        relation = self._relations[reader.number("I")]
        old = _identity(relation, reader.bytes(1), reader)
        return Change(relation, "DELETE", {}, old, self._committed)


def _relation(reader: _Reader) -> Relation:
    oid = reader.number("I")
    schema = reader.string() or "pg_catalog"
    table = reader.string()
    reader.bytes(1)  # the replica identity setting; the columns' flags say the same
    columns = []
    for _ in range(reader.number("h")):
        in_identity = bool(reader.number("b") & 1)
        name = reader.string()
        columns.append(Column(name, reader.number("I"), in_identity))
        reader.number("i")  # the type modifier
    return Relation(oid, schema, table, tuple(columns))


def _identity(relation: Relation, kind: bytes, reader: _Reader) -> Values:
    """Read the old row: `O` is whole; in `K` what is not key is a NULL that means nothing."""
    values = reader.values(relation.columns)
    if kind == b"O":
        return values
    return {column.name: values[column.name] for column in relation.columns if column.in_identity}
