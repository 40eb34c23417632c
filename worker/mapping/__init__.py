"""Which column of a file holds which field. The rules of the CRM: docs/FRONTEND.md."""

from worker.mapping.automatic import automatic_mapping, judge_by_names
from worker.mapping.given import given_mapping, judge_by_mapping, mapped_already
from worker.mapping.mapping import Assignment, ColumnMapping

__all__ = [
    "Assignment",
    "ColumnMapping",
    "automatic_mapping",
    "given_mapping",
    "judge_by_mapping",
    "judge_by_names",
    "mapped_already",
]
