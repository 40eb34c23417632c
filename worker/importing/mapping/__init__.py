"""Which column of a file holds which field. The rules of the CRM: docs/FRONTEND.md."""

from worker.importing.mapping.automatic import automatic_mapping, judge_by_names
from worker.importing.mapping.given import given_mapping, judge_by_mapping, mapped_already
from worker.importing.mapping.mapping import Assignment, ColumnMapping
from worker.importing.mapping.possible import possible_fields

__all__ = [
    "Assignment",
    "ColumnMapping",
    "automatic_mapping",
    "given_mapping",
    "judge_by_mapping",
    "judge_by_names",
    "mapped_already",
    "possible_fields",
]
