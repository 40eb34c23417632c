"""What a join asks for: `postgres_changes` bindings and their filters."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devstack.realtime.pgoutput import Change, Values

OPERATORS = frozenset({"eq", "neq", "lt", "lte", "gt", "gte", "in"})
COMMA_OUTSIDE_PARENTHESES = re.compile(r",(?![^(]*\))")


class BindingError(Exception):
    """A binding that cannot be understood; the words are the real server's (f_*)."""


@dataclass(frozen=True, slots=True)
class Filter:
    """`column=operator.operand` or `column=not.operator.operand`."""

    column: str
    operator: str
    operand: str  # for `in`, a PostgreSQL array: (a,b) is {a,b}
    negated: bool

    def __str__(self) -> str:
        """Print the tuple as Elixir does; messages show it (f_filter_unknown_column)."""
        column, operator, operand, negated = (
            json.dumps(part, ensure_ascii=False)
            for part in (self.column, self.operator, self.operand, self.negated)
        )
        return f"{{{column}, {operator}, {operand}, {negated}}}"


@dataclass(frozen=True, slots=True)
class Binding:
    """One element of a join's `postgres_changes`, `*` where it leaves something open."""

    id: int
    event: str
    schema: str
    table: str
    filters: tuple[Filter, ...]
    select: tuple[str, ...] | None

    def __str__(self) -> str:
        """Print it as the real server's messages show it."""
        filters = ", ".join(str(filter_) for filter_ in self.filters)
        select = "nil" if self.select is None else json.dumps(self.select)
        return (
            f"[event: {self.event}, schema: {self.schema}, table: {self.table}, "
            f"filters: [{filters}], select: {select}]"
        )

    def covers(self, change: Change) -> bool:
        """Whether event, schema and table are those of the change; filters are another matter."""
        return (
            self.event in ("*", change.event)
            and self.schema in ("*", change.relation.schema)
            and self.table in ("*", change.relation.table)
        )

    def deciding_filters(self, values: Values) -> tuple[Filter, ...] | None:
        """Return the filters that these values can decide; None if there are filters, but no such.

        A filtered DELETE whose old row is only a key is decided by nothing and not delivered
        (a_service_role). As in the real server's SQL, a filter on an absent column is passed over
        when another one decides.
        """
        deciding = tuple(filter_ for filter_ in self.filters if filter_.column in values)
        return deciding if deciding or not self.filters else None


def requested(topic: str, payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the bindings of a join, as they came.

    Without a config the topic itself is one, `realtime:schema:table:filter`, as in the protocol's
    first days (x_malformed_and_misc).
    """
    if "config" not in payload:
        parts = topic.removeprefix("realtime:").split(":", 2)
        return [dict(zip(("schema", "table", "filter"), parts, strict=False))]
    config = payload["config"]
    listed = config.get("postgres_changes") if isinstance(config, dict) else None
    if not isinstance(listed, list):
        return []
    return [binding for binding in listed if isinstance(binding, dict)]


def identify(binding: dict[str, Any]) -> int:
    """Return the id of a binding; equal ones have the same, on every channel, at every join."""
    return zlib.crc32(json.dumps(binding, sort_keys=True).encode()) >> 5


def parse(binding: dict[str, Any]) -> Binding:
    """Return the binding that a join described.

    Raises:
        BindingError: neither schema nor table, or a filter that is none.

    """
    if "schema" not in binding and "table" not in binding:
        pairs = ", ".join(
            f"{json.dumps(key)} => {json.dumps(value)}" for key, value in sorted(binding.items())
        )
        raise BindingError(
            "No subscription params provided. Please provide at least a `schema` or `table` "
            f"to subscribe to: %{{{pairs}}}"
        )
    select = binding.get("select")
    return Binding(
        id=identify(binding),
        event=str(binding.get("event", "*")).upper(),
        schema=str(binding.get("schema", "public")),
        table=str(binding.get("table", "*")),
        filters=tuple(parse_filters(str(binding.get("filter") or ""))),
        select=tuple(map(str, select)) if isinstance(select, list) else None,
    )


def parse_filters(text: str) -> list[Filter]:
    """Return the filters in `a=eq.1,b=in.(2,3)`: all must hold (f_in_filter_and_two_filters).

    Raises:
        BindingError: one of them is not `column=operator.operand`.

    """
    return [_parse_filter(part) for part in COMMA_OUTSIDE_PARENTHESES.split(text) if part]


def _parse_filter(text: str) -> Filter:
    column, _, condition = text.partition("=")
    negated = condition.startswith("not.")
    operator, _, operand = condition.removeprefix("not.").partition(".")
    if not column or operator not in OPERATORS:
        raise BindingError(
            f"Error parsing `filter` params: {json.dumps([operator, operand], ensure_ascii=False)}"
        )
    if operator == "in":
        operand = "{" + operand.removeprefix("(").removesuffix(")") + "}"
    return Filter(column, operator, operand, negated)
