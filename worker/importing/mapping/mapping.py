"""What a mapping is: which column holds which field, how sure that is, and why."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from worker.exceptions import JobRefusedError
from worker.importing.columns import Told
from worker.importing.tables import Table
from worker.importing.values import shown

# Columns that a message names; a file may have thousands.
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Assignment:
    """Why a field has its column."""

    field: str
    # More than one where the field is put together, in order.
    columns: tuple[str, ...]
    # From 0 to 1.
    confidence: float
    # In a few words, for people.
    reason: str
    # Other columns that could have served, the likelier first.
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column holds which field."""

    # Field name → column, in the table's order of fields.
    columns: Mapping[str, str]
    # What the dealer should know, in sentences.
    notes: tuple[str, ...] = ()
    # Required groups of fields that no column serves, for the caller to judge.
    missing: tuple[tuple[str, ...], ...] = ()
    # Every column, for the text of a refusal.
    seen: Sequence[str] = ()
    # Field name → the columns that it is put together from, in order. No field is in both.
    composed: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    assignments: tuple[Assignment, ...] = ()
    # By field, how its column is written, where its own cells don't show it.
    told: Mapping[str, Told] = field(default_factory=lambda: MappingProxyType({}))

    def columns_of(self, name: str) -> tuple[str, ...]:
        """Give the columns of a field; none if it has none."""
        if name in self.composed:
            return self.composed[name]
        return (self.columns[name],) if name in self.columns else ()

    def fields(self) -> dict[str, str]:
        """Give column → field, as a run records it and a job's own mapping is written."""
        single = {column: name for name, column in self.columns.items()}
        parts = {column: name for name, columns in self.composed.items() for column in columns}
        return single | parts

    def within(self, columns: Collection[str]) -> "ColumnMapping":
        """Leave out the fields that have none of these columns."""
        assignments = tuple(
            one for one in self.assignments if not set(one.columns).isdisjoint(columns)
        )
        kept = {name: column for name, column in self.columns.items() if column in columns}
        return replace(self, columns=kept, assignments=assignments)

    def refuse_if_incomplete(self) -> None:
        """Refuse to go on without a required field: the one place where that is decided.

        Raises:
            JobRefusedError: a group has no column; the text names the columns that there are.

        """
        for group in self.missing:
            raise JobRefusedError(
                f"No column was found for {' or '.join(group)}. Please name the column like the "
                # On a line of its own, for each is cut after 300 characters.
                f"field, or choose it in the mapping.\n{_seen(self.seen)}"
            )


def mapping_of(
    assignments: Sequence[Assignment],
    columns: Sequence[str],
    table: Table,
    notes: Iterable[str] = (),
) -> ColumnMapping:
    """Put assignments in the table's order; say what is missing, and what is left out."""
    found = {one.field: one for one in assignments}
    in_order = [found[field.name] for field in table.fields if field.name in found]
    used = {column for one in assignments for column in one.columns}
    ignored = [column for column in columns if column not in used]
    left_out = [f"Columns that are not imported: {named(ignored)}."] * bool(ignored)
    return ColumnMapping(
        {one.field: one.columns[0] for one in in_order if len(one.columns) == 1},
        (*notes, *left_out),
        tuple(group for group in table.required if found.keys().isdisjoint(group)),
        columns,
        {one.field: one.columns for one in in_order if len(one.columns) > 1},
        tuple(in_order),
    )


def named(columns: Sequence[str]) -> str:
    """Name columns in a sentence, not too many."""
    names = ", ".join(shown(column) for column in columns[:_MOST_NAMED])
    more = len(columns) - _MOST_NAMED
    return f"{names} and {more:,} more" if more > 0 else names


def _seen(columns: Sequence[str]) -> str:
    if not columns:
        return "The file has no columns."
    return f"The columns seen are: {named(columns)}."
