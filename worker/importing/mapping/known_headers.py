"""Which row is a header because an earlier file's columns stand in it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from worker.importing.mapping.automatic import judge_by_names
from worker.importing.mapping.spelling import plain
from worker.importing.sources.header import HeaderJudge, Likeness
from worker.importing.tables import Table
from worker.memory import Memory

# One column alone may stand anywhere.
_ENOUGH = 2


def judge_by_memory(memory: Memory, table: Table) -> HeaderJudge:
    """Give a judge of headers that knows those of earlier files, and how columns are called."""
    by_names = judge_by_names(table)
    mappings: list[Mapping[str, object]] = [one.mapping for one in memory.remembered]
    if memory.template is not None:
        mappings.append(memory.template.mapping)
    return _MemoryJudge(mappings, table, by_names) if mappings else by_names


class _MemoryJudge:
    def __init__(
        self, mappings: Iterable[Mapping[str, object]], table: Table, by_names: HeaderJudge
    ) -> None:
        self._by_names = by_names
        self._table = table
        self.required = by_names.required
        # By column: which mappings have it, and for which field.
        self._fields: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._sizes: Counter[int] = Counter()
        names = {field.name for field in table.fields}
        for number, mapping in enumerate(mappings):
            for column, field in mapping.items():
                if isinstance(field, str) and field in names:
                    self._fields[plain(column)].append((number, field))
                    self._sizes[number] += 1

    def __call__(self, cells: Sequence[str]) -> Likeness:
        """Judge by names; a row that has all columns of an earlier file is above all others."""
        found: dict[int, set[str]] = defaultdict(set)
        counts: Counter[int] = Counter()
        for column in {plain(cell) for cell in cells if cell}:
            for number, field in self._fields.get(column, ()):
                found[number].add(field)
                counts[number] += 1
        return max(
            [self._by_names(cells)]
            + [self._likeness(number, fields, counts[number]) for number, fields in found.items()]
        )

    def _likeness(self, number: int, fields: set[str], count: int) -> Likeness:
        if count >= max(self._sizes[number], _ENOUGH):
            return Likeness(self.required + 1, count)
        served = sum(not fields.isdisjoint(group) for group in self._table.required)
        return Likeness(served, count)
