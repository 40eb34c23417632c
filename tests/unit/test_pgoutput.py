import struct
from datetime import UTC, datetime

import pytest

from devstack.realtime import bindings, payload
from devstack.realtime.access import Column as CatalogColumn
from devstack.realtime.bindings import Binding, BindingError, Filter
from devstack.realtime.pgoutput import (
    POSTGRES_EPOCH,
    Change,
    Column,
    Decoder,
    PgoutputError,
    Relation,
)

COMMITTED = datetime(2026, 11, 23, 12, 54, 18, 31_999, tzinfo=UTC)
JOBS = Relation(
    16384,
    "public",
    "jobs",
    (Column("id", 23, in_identity=True), Column("name", 25, in_identity=False)),
)


def begin() -> bytes:
    microseconds = (COMMITTED - POSTGRES_EPOCH).total_seconds() * 1_000_000
    return b"B" + struct.pack("!qqi", 0, round(microseconds), 1)


def relation(identity: bytes = b"d") -> bytes:
    columns = [(1, b"id", 23), (1 if identity == b"f" else 0, b"name", 25)]
    return (
        b"R"
        + struct.pack("!I", JOBS.oid)
        + b"public\0jobs\0"
        + identity
        + struct.pack("!h", len(columns))
        + b"".join(
            struct.pack("!b", flags) + name + b"\0" + struct.pack("!Ii", oid, -1)
            for flags, name, oid in columns
        )
    )


def values(*texts: str | None) -> bytes:
    """A TupleData; `…` stands for an unchanged TOASTed value."""
    kinds = {None: b"n", "…": b"u"}
    return struct.pack("!h", len(texts)) + b"".join(
        kinds.get(text) or b"t" + struct.pack("!i", len(str(text).encode())) + str(text).encode()
        for text in texts
    )


def message(kind: bytes, *parts: bytes) -> bytes:
    return kind + struct.pack("!I", JOBS.oid) + b"".join(parts)


@pytest.mark.parametrize(
    ("identity", "sent", "event", "new", "old"),
    [
        (b"d", message(b"I", b"N", values("1", None)), "INSERT", {"id": "1", "name": None}, {}),
        (
            b"d",
            message(b"U", b"N", values("1", "é")),
            "UPDATE",
            {"id": "1", "name": "é"},
            {"id": "1"},
        ),
        (b"d", message(b"U", b"N", values("1", "…")), "UPDATE", {"id": "1"}, {"id": "1"}),
        (
            b"d",
            message(b"U", b"K", values("1", None), b"N", values("2", "b")),
            "UPDATE",
            {"id": "2", "name": "b"},
            {"id": "1"},
        ),
        (
            b"f",
            message(b"U", b"O", values("1", None), b"N", values("1", "b")),
            "UPDATE",
            {"id": "1", "name": "b"},
            {"id": "1", "name": None},
        ),
        (b"d", message(b"D", b"K", values("1", None)), "DELETE", {}, {"id": "1"}),
        (b"f", message(b"D", b"O", values("1", "a")), "DELETE", {}, {"id": "1", "name": "a"}),
    ],
)
def test_a_change_is_decoded(
    identity: bytes,
    sent: bytes,
    event: str,
    new: dict[str, str | None],
    old: dict[str, str | None],
) -> None:
    decoder = Decoder()
    assert [decoder.decode(part) for part in (begin(), relation(identity))] == [None, None]
    change = decoder.decode(sent)
    assert change is not None
    assert (change.event, change.new, change.old) == (event, new, old)
    assert (change.relation.table, change.committed) == ("jobs", COMMITTED)


@pytest.mark.parametrize("kind", [b"C", b"O", b"Y", b"T", b"M"])
def test_what_is_no_row_is_no_change(kind: bytes) -> None:
    assert Decoder().decode(kind + b"\0" * 32) is None


@pytest.mark.parametrize("sent", [b"?", message(b"I", b"N", struct.pack("!h", 1), b"b")])
def test_what_protocol_1_does_not_have_is_refused(sent: bytes) -> None:
    decoder = Decoder()
    decoder.decode(relation())
    with pytest.raises(PgoutputError):
        decoder.decode(sent)


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("", []),
        ("a=eq.1", [Filter("a", "eq", "1", negated=False)]),
        ("a=eq.", [Filter("a", "eq", "", negated=False)]),
        ("a=lte.1.5", [Filter("a", "lte", "1.5", negated=False)]),
        (
            "a=in.(x,y),b=not.eq.z",
            [Filter("a", "in", "{x,y}", negated=False), Filter("b", "eq", "z", negated=True)],
        ),
    ],
)
def test_filters_are_read(text: str, filters: list[Filter]) -> None:
    assert bindings.parse_filters(text) == filters


@pytest.mark.parametrize("text", ["a", "a=foo.1", "=eq.1", "a=1", "a=not.1"])
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(BindingError, match="Error parsing `filter` params"):
        bindings.parse_filters(text)


@pytest.mark.parametrize(
    ("binding", "covered"),
    [
        ({"event": "*", "schema": "public", "table": "jobs"}, True),
        ({"event": "insert", "schema": "public"}, True),
        ({"table": "jobs"}, True),
        ({"schema": "*"}, True),
        ({"event": "UPDATE", "table": "jobs"}, False),
        ({"schema": "auth", "table": "jobs"}, False),
        ({"schema": "public", "table": "job"}, False),
    ],
)
def test_a_binding_covers(binding: dict[str, str], covered: bool) -> None:  # noqa: FBT001
    change = Change(JOBS, "INSERT", {"id": "1"}, {}, COMMITTED)
    assert bindings.parse(binding).covers(change) is covered


def filtered(*columns: str) -> Binding:
    text = ",".join(f"{column}=eq.1" for column in columns)
    return bindings.parse({"table": "jobs", "filter": text})


@pytest.mark.parametrize(
    ("binding", "deciding"),
    [
        (filtered(), ()),
        (filtered("name"), None),  # a DELETE of which only the key is known
        (filtered("id"), ("id",)),
        (filtered("id", "name"), ("id",)),
    ],
)
def test_filters_decide_on_what_is_there(
    binding: Binding, deciding: tuple[str, ...] | None
) -> None:
    filters = binding.deciding_filters({"id": "1"})
    assert (filters and tuple(filter_.column for filter_ in filters)) == deciding


def row(name: str) -> payload.Row:
    columns = [
        CatalogColumn("id", "int4", in_primary_key=True, readable_by=["r"], row_security=True),
        CatalogColumn("name", "text", in_primary_key=False, readable_by=["r"], row_security=True),
    ]
    change = Change(JOBS, "INSERT", {"id": "1", "name": name}, {}, COMMITTED)
    return payload.Row(change, columns, {"id": "1", "name": f'"{name}"'}, {})


@pytest.mark.parametrize(
    ("name", "too_large"),
    [
        ("a" * (payload.MAX_CHANGE_BYTES - 1000), False),
        ("a" * payload.MAX_CHANGE_BYTES, True),
        ("é" * (payload.MAX_CHANGE_BYTES // 2), True),
        ('"' * (payload.MAX_CHANGE_BYTES // 2), True),  # escaped, each is two bytes
    ],
)
def test_the_size_of_a_change_is_that_of_its_escaped_bytes(
    name: str,
    too_large: bool,  # noqa: FBT001
) -> None:
    assert (payload.wal_bytes(row(name).change) > payload.MAX_CHANGE_BYTES) is too_large


def test_a_change_too_large_keeps_only_its_short_values() -> None:
    data = payload.granted(row("a" * payload.MAX_CHANGE_BYTES), "r", None)
    assert '"record": {"id": 1}' in data
    assert '"errors": ["Error 413: Payload Too Large"]' in data


def test_a_commit_time_has_milliseconds_that_are_not_rounded_up() -> None:
    assert '"commit_timestamp": "2026-11-23T12:54:18.031Z"' in payload.granted(row("a"), "r", None)
