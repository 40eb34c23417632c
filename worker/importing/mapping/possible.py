"""Which fields a column could have, chosen or not: what to offer whoever chooses by hand."""

from collections.abc import Mapping, Sequence

from worker.importing.mapping.candidates import vocabulary
from worker.importing.tables import Table


def possible_fields(columns: Sequence[str], table: Table) -> Mapping[str, tuple[str, ...]]:
    """Find the fields that columns could have by their names, the likelier first.

    Returns:
        by column; without those that nothing is known of.

    """
    known = vocabulary(table)
    found: dict[str, dict[str, None]] = {}
    for one in known.candidates(columns):
        for index in one.columns:
            found.setdefault(columns[index], {})[one.field] = None
    every_field = [field.name for field in table.fields]
    for name, index in known.suggestions(columns, set(), every_field):
        found.setdefault(columns[index], {})[name] = None
    return {column: tuple(names) for column, names in found.items()}
