"""Which column of a file holds which field. The rules of the CRM: docs/FRONTEND.md."""

from worker.importing.mapping.automatic import automatic_mapping, judge_by_names
from worker.importing.mapping.given import (
    given_mapping,
    judge_by_mapping,
    mapped_already,
    with_template,
)
from worker.importing.mapping.known_headers import judge_by_memory
from worker.importing.mapping.mapping import Assignment, ColumnMapping
from worker.importing.mapping.possible import possible_fields
from worker.importing.mapping.recalled import recalled, whole_mapping
from worker.importing.mapping.told import told_habits

__all__ = [
    "Assignment",
    "ColumnMapping",
    "automatic_mapping",
    "given_mapping",
    "judge_by_mapping",
    "judge_by_memory",
    "judge_by_names",
    "mapped_already",
    "possible_fields",
    "recalled",
    "told_habits",
    "whole_mapping",
    "with_template",
]
