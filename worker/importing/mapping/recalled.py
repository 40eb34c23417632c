"""What a template and earlier files of the organization say of a file's columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from worker.importing.mapping.candidates import Candidate
from worker.importing.mapping.given import given_assignments, in_order
from worker.importing.mapping.mapping import Assignment, ColumnMapping, mapping_of
from worker.importing.mapping.spelling import Spellings, column_set
from worker.importing.mapping.votes import votes
from worker.importing.tables import Table
from worker.memory import Memory, Remembered, Template

_SURE, _LEARNED = 100, 95


@dataclass(frozen=True, slots=True)
class Recalled:
    """What need not be found out any more, and what is likely."""

    # Whatever their names and cells say.
    fixed: tuple[Candidate, ...] = ()
    # Unless their cells speak against them.
    voted: tuple[Candidate, ...] = ()
    # Where names say nothing better.
    likely: tuple[Candidate, ...] = ()
    # Columns that serve nobody.
    left_out: frozenset[int] = frozenset()
    # What the dealer should know, in sentences.
    notes: tuple[str, ...] = ()
    # Whether every column is decided.
    is_whole: bool = False


NOTHING = Recalled()


def recalled(columns: Sequence[str], table: Table, memory: Memory) -> Recalled:
    """Recall what is known: the named template, then a file with the same columns, then votes.

    What a user left out of a file with the same columns stays out. What nobody did may have been
    empty there, and is not here: names and cells decide again.

    Raises:
        JobRefusedError: the template names what is no field, or a field twice.

    """
    known = _Known(columns, table)
    if memory.template is not None:
        known.follow(memory.template)
    same = same_columns(columns, memory.remembered)
    if same is not None and not known.is_whole:
        known.repeat(same)
    if known.is_whole:
        return known.recalled()
    by_hand, learned = votes(columns, table, memory.remembered)
    return known.recalled(known.free(by_hand), known.free(learned))


def same_columns(columns: Sequence[str], remembered: Iterable[Remembered]) -> Remembered | None:
    """Find the newest file that had the same columns, in whatever order."""
    mine = column_set(columns)
    for one in remembered:
        if len(one.columns) == len(mine) and column_set(one.columns) == mine:
            return one
    return None


def whole_mapping(known: Recalled, columns: Sequence[str], table: Table) -> ColumnMapping:
    """Give the mapping where every column is decided."""
    assignments = [
        Assignment(
            one.field, tuple(columns[index] for index in one.columns), one.score / 100, one.reason
        )
        for one in known.fixed
    ]
    return mapping_of(assignments, columns, table, known.notes)


class _Known:
    def __init__(self, columns: Sequence[str], table: Table) -> None:
        self._columns = columns
        self._table = table
        self._spellings = Spellings(columns)
        self._fixed: dict[str, Candidate] = {}
        self._left_out: set[int] = set()
        self._notes: list[str] = []
        self.is_whole = False

    def follow(self, template: Template) -> None:
        assignments, notes = given_assignments(
            self._columns,
            template.mapping,
            self._table,
            by=f'The template "{template.name}"',
            reason=template.reason,
        )
        place = {column: index for index, column in enumerate(self._columns)}
        for one in assignments:
            places = tuple(place[column] for column in one.columns)
            self._fixed[one.field] = Candidate(one.field, places, _SURE, one.reason)
        self._notes += [f"Mapped {template.reason}.", *notes]
        self.is_whole = template.columns is None
        of_template = self._columns if template.columns is None else template.columns
        self._leave_out(of_template)

    def repeat(self, same: Remembered) -> None:
        score = _SURE if same.is_corrected else _LEARNED
        fields = {one.name for one in self._table.fields}
        groups: dict[str, list[int]] = {}
        for name, target in same.mapping.items():
            place = self._spellings.find(name)
            if place is not None and target in fields:
                groups.setdefault(target, []).append(place)
        for target, group in groups.items():
            if target not in self._fixed and self._taken().isdisjoint(group):
                places = self._in_order(target, group)
                self._fixed[target] = Candidate(target, places, score, same.reason)
        self._notes.append(f"Mapped {same.reason}.")
        if same.is_corrected:
            self._leave_out(self._columns)
            self.is_whole = True

    def free(self, candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
        taken = self._taken()
        return tuple(
            one._replace(columns=self._in_order(one.field, one.columns))
            for one in candidates
            if one.field not in self._fixed and taken.isdisjoint(one.columns)
        )

    def recalled(
        self, voted: tuple[Candidate, ...] = (), likely: tuple[Candidate, ...] = ()
    ) -> Recalled:
        return Recalled(
            tuple(self._fixed.values()),
            voted,
            likely,
            frozenset(self._left_out),
            tuple(self._notes),
            self.is_whole,
        )

    def _in_order(self, field: str, places: Iterable[int]) -> tuple[int, ...]:
        chosen = [self._columns[place] for place in places]
        ordered = in_order(field, chosen, self._columns, self._table)
        return tuple(map(self._columns.index, ordered))

    def _taken(self) -> set[int]:
        return self._left_out.union(*(one.columns for one in self._fixed.values()))

    def _leave_out(self, names: Iterable[str]) -> None:
        """Leave those columns out that have no field."""
        places = map(self._spellings.find, names)
        self._left_out.update({place for place in places if place is not None} - self._taken())
