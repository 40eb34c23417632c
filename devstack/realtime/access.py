"""Asks PostgreSQL what a subscriber may see; the functions it calls are in access.sql."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devstack.realtime.bindings import Binding, Filter
    from devstack.realtime.pgoutput import Change, Relation, Values

Connection = psycopg.AsyncConnection[tuple[object, ...]]

FUNCTIONS = (Path(__file__).parent / "access.sql").read_text()


class UnpublishedError(Exception):
    """Unable to subscribe to changes with given parameters."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, with the roles that may read it."""

    name: str
    type: str
    in_primary_key: bool
    readable_by: list[str]
    row_security: bool  # of its table


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: a role, and the claims (JSON) that policies read."""

    role: str
    claims: str


class Access:
    """The questions, on one connection of a role that may become any other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def lost(self) -> bool:
        """Whether an error just now means that the database is away, and not that it objects."""
        return self._connection.closed

    async def prepare(self) -> None:
        """Create the functions. To be called once a connection, before anything else."""
        await self._connection.execute(FUNCTIONS)

    async def check(self, binding: Binding, role: str) -> None:
        """Return if `role` can be subscribed to the binding.

        Raises:
            UnpublishedError: it reaches no published table, or PostgreSQL refuses it; the
                words are the real server's (f_*).

        """
        failed = "Unable to subscribe to changes with given parameters."
        filters = binding.filters
        try:
            relations = await self._scalar(
                "select pg_temp.check_binding(%s, %s, %s, %s::text[], %s::text[], %s::text[])",
                binding.schema,
                binding.table,
                role,
                [filter_.column for filter_ in filters],
                [filter_.operator for filter_ in filters],
                [filter_.operand for filter_ in filters],
            )
        except psycopg.Error as error:
            if self.lost:
                raise  # nobody's fault
            raise UnpublishedError(
                f"{failed} An exception happened so please check your connect parameters: "
                f"{binding}. Exception: {_describe(error)}"
            ) from error
        if not relations:
            raise UnpublishedError(
                f"{failed} Please check Realtime is enabled for the given connect parameters: "
                f"{binding}"
            )

    async def columns(self, relation: Relation, roles: Sequence[str]) -> list[Column]:
        """Return the columns of a table, in its order; none if the table is gone."""
        cursor = self._connection.cursor(row_factory=class_row(Column))
        await cursor.execute(
            "select * from pg_temp.table_columns(%s, %s::text[])", [relation.oid, list(roles)]
        )
        return await cursor.fetchall()

    async def as_json(self, relation: Relation, values: Values) -> dict[str, str]:
        """Return the values as JSON, ordered as jsonb orders its keys."""
        names = sorted(values, key=lambda name: (len(name.encode()), name))
        types = relation.type_oids()
        texts = await self._scalar(
            "select array(select pg_temp.as_json(value, type) from"
            " unnest(array(select json_array_elements_text(%s)), %s::oid[])"
            " with ordinality as v (value, type, n) order by n)",
            # A job's records as an element of a text[] would take psycopg 50 ms to quote.
            Json([values[name] for name in names]),
            [types[name] for name in names],
        )
        return {name: text or "null" for name, text in zip(names, texts, strict=True)}

    async def satisfied(
        self, relation: Relation, values: Values, filters: Sequence[Filter]
    ) -> set[Filter]:
        """Return the filters that the values satisfy; each one's column must be there."""
        types = relation.type_oids()
        results = await self._scalar(
            "select array(select pg_temp.satisfies(value, type, operator, operand, negated) from"
            " unnest(%s::text[], %s::oid[], %s::text[], %s::text[], %s::boolean[])"
            " with ordinality as f (value, type, operator, operand, negated, n) order by n)",
            [values[filter_.column] for filter_ in filters],
            [types[filter_.column] for filter_ in filters],
            [filter_.operator for filter_ in filters],
            [filter_.operand for filter_ in filters],
            [filter_.negated for filter_ in filters],
        )
        return {filter_ for filter_, result in zip(filters, results, strict=True) if result}

    async def sees(
        self, change: Change, key: Sequence[str], identities: Sequence[Identity]
    ) -> set[Identity]:
        """Return those to whom row level security shows the row; `key` is its primary key."""
        types = change.relation.type_oids()
        results = await self._scalar(
            "select pg_temp.visible_to("
            "%s::oid, %s::text[], %s::text[], %s::oid[]::regtype[], %s::text[], %s::text[])",
            change.relation.oid,
            list(key),
            [change.new[name] for name in key],
            [types[name] for name in key],
            [identity.role for identity in identities],
            [identity.claims for identity in identities],
        )
        return {identity for identity, result in zip(identities, results, strict=True) if result}

    async def _scalar(self, query: str, *parameters: object) -> Any:  # noqa: ANN401 - what it selects
        cursor = self._connection.cursor(row_factory=scalar_row)
        await cursor.execute(query, parameters)
        return await cursor.fetchone()


def _describe(error: psycopg.Error) -> str:
    """Describe it as the real server does: `ERROR P0001 (raise_exception) invalid column …`."""
    name = re.sub(r"(?<=.)([A-Z])", r"_\1", type(error).__name__).lower()
    return f"ERROR {error.sqlstate} ({name}) {error.diag.message_primary}"
