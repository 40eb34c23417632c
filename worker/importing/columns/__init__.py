"""What a whole column tells about its cells: the decimal mark, whether the day comes first.

1,234 and 03/04/2026 can each mean two things. Their neighbours show which: where one cell of a
column is 12,50 or 25/03/2026, the others are written by the same habit. And what a column shows
(a dash for 0, 123.0 for 123) is read so in that column alone.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Literal

from worker.importing.columns.codes import CodeEvidence
from worker.importing.columns.dates import DateEvidence
from worker.importing.columns.evidence import Evidence, Habit, Told
from worker.importing.columns.habits import habit_said, habits_shown, refuse_unknown_habits
from worker.importing.columns.numbers import NumberEvidence
from worker.importing.columns.owners import OwnerEvidence
from worker.importing.columns.tally import Tally
from worker.importing.values import Style

__all__ = [
    "Evidence",
    "Kind",
    "Tally",
    "Told",
    "evidence_of",
    "habit_said",
    "habits_shown",
    "refuse_unknown_habits",
    "styles",
]

Kind = Literal["number", "price", "date", "code", "owner"]

_EVIDENCE: Mapping[Kind, Callable[[], Evidence]] = {
    "number": NumberEvidence,
    "price": partial(NumberEvidence, may_have_units=True),
    "date": DateEvidence,
    "code": CodeEvidence,
    "owner": OwnerEvidence,
}


def evidence_of(kind: Kind) -> Evidence:
    """Begin to look at a column whose field holds this."""
    return _EVIDENCE[kind]()


def styles(
    evidence: Mapping[str, Evidence], told: Mapping[str, Told] = MappingProxyType({})
) -> tuple[dict[str, Style], list[str]]:
    """Decide how each column is to be read.

    A column that doesn't show its habit has the one that was told of it; else that of the file's
    other columns of its family if they agree, else the usual one: a decimal point, the month first.

    Args:
        evidence: by field, complete: the whole column was added.
        told: by field, what options or earlier files say.

    Returns:
        the style of each field, and notes for the job's owner: a sentence for each decision that
        a cell's reading depends on.

    """
    chosen: dict[str, Style] = {}
    notes: list[str] = []
    for field, column in evidence.items():
        others = _habits(evidence.values(), column.family)
        habit, reason = column.habit(), ""
        if habit is None and field in told:
            habit, reason = told[field]
        habit = habit or ("other" if others == {"other"} else "usual")
        chosen[field] = column.style(habit)
        notes += (f"{field}: {sentence}" for sentence in column.notes(habit, others, reason))
    return chosen, notes


def _habits(columns: Iterable[Evidence], family: str | None) -> set[Habit]:
    return {habit for column in columns if column.family == family and (habit := column.habit())}
