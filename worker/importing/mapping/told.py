"""How columns are written, by an option, a template, or an earlier file of the organization."""

from collections.abc import Iterator, Mapping

from worker.importing.columns import Told, habit_said
from worker.importing.mapping.mapping import ColumnMapping
from worker.importing.mapping.recalled import same_columns
from worker.importing.mapping.spelling import plain
from worker.importing.tables import Table
from worker.memory import Memory


def told_habits(mapping: ColumnMapping, table: Table, memory: Memory) -> dict[str, Told]:
    """Find, by field, how its column is written where its own cells don't show it."""
    told: dict[str, Told] = {}
    for field in table.fields:
        column = mapping.columns.get(field.name)
        if column is None or field.evidence is None:
            continue
        for options, reason in _sources(mapping, field.name, column, memory):
            if habit := habit_said(options, field.name, field.evidence):
                told[field.name] = Told(habit, reason)
                break
    return told


def _sources(
    mapping: ColumnMapping, field: str, column: str, memory: Memory
) -> Iterator[tuple[Mapping[str, object], str]]:
    """Yield (options, why they count), those that count first first."""
    yield memory.options, "as the option says"
    if memory.template is not None:
        yield memory.template.options, memory.template.reason
    if same := same_columns(mapping.seen, memory.remembered):
        yield same.options, same.reason
    wanted = plain(column)
    for one in memory.remembered:
        if any(target == field and plain(name) == wanted for name, target in one.mapping.items()):
            yield one.options, one.reason
