"""Asks PostgreSQL what a subscriber may see; the functions it calls are in access.sql."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import class_row, scalar_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devstack.realtime.bindings import Binding, Filter
    from devstack.realtime.pgoutput import Change, Relation, Values

Connection = psycopg.AsyncConnection[tuple[object, ...]]

JSONB = 3802  # its oid; what it prints is what to_jsonb of it prints
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
        # By table and roles; what the catalog said for the changes that came together.
        self._columns: dict[tuple[int, tuple[str, ...]], list[Column]] = {}

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

    def look_again(self) -> None:
        """Ask the catalog anew: other changes come."""
        self._columns.clear()

    async def columns(self, relation: Relation, roles: Sequence[str]) -> list[Column]:
        """Return the columns of a table, in its order; none if the table is gone."""
        asked = relation.oid, tuple(roles)
        if asked not in self._columns:
            cursor = self._connection.cursor(row_factory=class_row(Column))
            await cursor.execute(
                "select * from pg_temp.table_columns(%s, %s::text[])", [relation.oid, list(roles)]
            )
            self._columns[asked] = await cursor.fetchall()
        return self._columns[asked]

    async def as_json(self, relation: Relation, values: Values) -> dict[str, str]:
        """Return the values as JSON, ordered as jsonb orders its keys."""
        names = sorted(values, key=lambda name: (len(name.encode()), name))
        types = relation.type_oids()
        # A job's records are as they should be, and would take tens of milliseconds each way.
        asked = [name for name in names if types[name] != JSONB]
        if not asked:  # as of the old row, mostly
            return {name: values[name] or "null" for name in names}
        texts = await self._scalar(
            "select array(select pg_temp.as_json(value, type) from"
            " unnest(%s::text[], %s::oid[])"
            " with ordinality as v (value, type, n) order by n)",
            [values[name] for name in asked],
            [types[name] for name in asked],
        )
        given = dict(values) | dict(zip(asked, texts, strict=True))
        return {name: given[name] or "null" for name in names}

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
