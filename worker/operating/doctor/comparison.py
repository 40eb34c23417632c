"""A database's schema beside the one that this version expects."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from worker.operating.words import some

EXPECTED = Path(__file__).with_name("schema.json")

# What the API lets in; service_role may have more than it needs, for it passes by every policy.
_GUARDED_ROLES = {"public", "anon", "authenticated"}


class Thing(NamedTuple):
    """Something of a schema, by its name."""

    kind: str
    belongs_to: str
    name: str

    def __str__(self) -> str:
        """Name it as people do."""
        match self.kind:
            case "table" | "function":
                return self.belongs_to
            case "column":
                return f"{self.belongs_to}.{self.name}"
        return f"{self.name} on {self.belongs_to}"


Schema = Mapping[Thing, str]


def read_schema(told: Mapping[str, Any]) -> Schema:
    """Read the objects of import_schema, or of the file that it was written to."""
    return {Thing(kind, on, name): says for kind, on, name, says in told["objects"]}


def expected() -> tuple[str, Schema]:
    """Give the version of the newest migration, and what the migrations make."""
    told = json.loads(EXPECTED.read_text())
    return told["version"], read_schema(told)


def differences(expects: Schema, found: Schema, *, is_newer: bool) -> Iterator[str]:
    """Say what is missing, other than expected, or open to too many, a sentence a kind.

    What a newer schema says otherwise is its business: only what is missing is told of it.
    """
    for kind, things in _by_kind(thing for thing in expects if _is_missing(thing, expects, found)):
        yield f"missing: {_plural(kind, len(things))} {some(things)}"
    if is_newer:
        return
    changed = (
        thing
        for thing, says in expects.items()
        if thing.kind != "grant" and thing in found and found[thing] != says
    )
    for kind, things in _by_kind(changed):
        yield f"other than expected: {_plural(kind, len(things))} {some(things)}"
    for kind, things in _by_kind(thing for thing in found if _is_open(thing, expects, found)):
        yield f"more than expected: {_plural(kind, len(things))} {some(things)}"


def _is_missing(thing: Thing, expects: Schema, found: Schema) -> bool:
    if thing.kind != "grant":
        return thing not in found
    is_there = Thing("table", thing.belongs_to, "") in found or (
        Thing("function", thing.belongs_to, "") in found or "." in thing.belongs_to
    )
    rights = set(expects[thing].split(", "))
    return is_there and not rights <= set(found.get(thing, "").split(", "))


def _is_open(thing: Thing, expects: Schema, found: Schema) -> bool:
    """Tell whether a policy or a right lets users in where ours do not: such things add up."""
    ours = {one.belongs_to for one in expects}
    if thing.belongs_to not in ours:
        return False
    if thing.kind == "policy":
        return thing not in expects
    if thing.kind == "grant" and thing.name in _GUARDED_ROLES:
        return not set(found[thing].split(", ")) <= set(expects.get(thing, "").split(", "))
    return False


def _by_kind(things: Iterable[Thing]) -> Iterator[tuple[str, list[str]]]:
    kinds = defaultdict(list)
    for thing in things:
        kinds[thing.kind].append(str(thing))
    yield from kinds.items()


def _plural(kind: str, count: int) -> str:
    noun = {"grant": "the right of", "policy": "the policy", "index": "the index"}
    nouns = {"grant": "the rights of", "policy": "the policies", "index": "the indexes"}
    if count == 1:
        return noun.get(kind, f"the {kind}")
    return nouns.get(kind, f"the {kind}s")
