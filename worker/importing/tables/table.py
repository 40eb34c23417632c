"""What a data type is: its fields, how each is read, and the database function that applies it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from worker.importing.columns import Kind

# A row for the apply function: the columns that were given.
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a data type."""

    # As records have it (docs/FRONTEND.md).
    name: str
    # cell → value, or (cell, Style) → value where there is evidence; values.py's readers.
    read: Callable[..., object]
    # What people call it.
    label: str
    # As the database row has it.
    column: str = ""
    # Other names of its column, the better before the worse, in any order of their words. Each
    # stands for what worker/importing/mapping/lexicon takes for the same, in four languages.
    synonyms: tuple[str, ...] = ()
    # Names that mean it when no better one is there; of a required field only.
    weak_synonyms: tuple[str, ...] = ()
    # Names that may mean it when there is nothing else, which is then said; likewise.
    last_resorts: tuple[str, ...] = ()
    # Words that may stand beside any of these names and change nothing.
    beside: str = ""
    # The names of columns that it can be put together from, in this order, a tuple a part.
    parts: tuple[tuple[str, ...], ...] = ()
    # Whether a slip in the spelling of a long name is forgiven: not of money, codes, quantities.
    forgives: bool = False
    # What has to be learned from the whole column before a cell of it can be read.
    evidence: Kind | None = None

    @property
    def holds_number(self) -> bool:
        """Whether its cells are amounts or quantities."""
        return self.evidence in {"number", "price"}

    @property
    def stored_as(self) -> str:
        """The database row's name of it."""
        return self.column or self.name


@dataclass(frozen=True, slots=True)
class Table:
    """A data type that can be imported."""

    # What its rows are called, in the plural.
    noun: str
    fields: tuple[Field, ...]
    # A row must have one field of each group, and a file a column for it.
    required: tuple[tuple[str, ...], ...]
    # The database function that applies a batch of rows.
    apply_function: str
    # Adds to a row, all of whose cells could be read, what is made of several of them.
    complete: Callable[[Row], None] = field(default=lambda _: None)
    # The same of what the database has already where the cells are the same: a batch may go
    # without, and comes back if it can't.
    derive: Callable[[Row], None] = field(default=lambda _: None)
    # The one required field that only a new row needs: without it, a row updates what is there.
    needed_by_new: str | None = None
    # Whether rows are never matched with what is there.
    is_always_new: bool = False
    # The field by which rows are told apart: of the rows of a file with one value, the last wins.
    key: str | None = None
    # Whether a row's effect depends on the rows before it: batches then go one after another.
    in_order: bool = False
    # Whether there is a quantity that becomes 0 for what a full list lacks.
    can_zero: bool = False
    # The field that says what one of a row's things is, which its prices are for.
    unit: str | None = None
