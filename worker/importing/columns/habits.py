"""How a column is written, as options say it: decimal_mark and date_order."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from worker.exceptions import JobRefusedError
from worker.importing.columns.evidence import Evidence, Habit, Told
from worker.importing.values import shown


class _Option(NamedTuple):
    name: str
    habits: Mapping[str, Habit]
    # For the text of a refusal.
    example: str


_OF_NUMBERS = _Option("decimal_mark", {".": "usual", ",": "other"}, '{"cost": ","}')
_OF_DATES = _Option("date_order", {"m/d": "usual", "d/m": "other"}, '{"validUntil": "d/m"}')
_BY_KIND = {"number": _OF_NUMBERS, "price": _OF_NUMBERS, "date": _OF_DATES}
_BY_FAMILY = {"number": _OF_NUMBERS, "date": _OF_DATES}


def habit_said(options: Mapping[str, object], field: str, kind: str) -> Habit | None:
    """Tell what options say of a field of this kind; None if nothing, or nothing that is known."""
    option = _BY_KIND.get(kind)
    if option is None:
        return None
    said = options.get(option.name)
    if isinstance(said, Mapping):
        said = said.get(field)
    return option.habits.get(said) if isinstance(said, str) else None


def refuse_unknown_habits(options: Mapping[str, object], fields: Iterable[str]) -> None:
    """Refuse options that can't be meant.

    Raises:
        JobRefusedError: the text names the option.

    """
    names = set(fields)
    for option in (_OF_NUMBERS, _OF_DATES):
        said = options.get(option.name)
        if said is None:
            continue
        by_field = said if isinstance(said, Mapping) else {"": said}
        if not all(isinstance(one, str) and one in option.habits for one in by_field.values()):
            marks = " or ".join(f'"{mark}"' for mark in option.habits)
            raise JobRefusedError(
                f'The option "{option.name}" must be {marks}, '
                f"or say so of single fields, like {option.example}."
            )
        if unknown := [name for name in by_field if name and name not in names]:
            raise JobRefusedError(
                f'The option "{option.name}" names {shown(unknown[0])}, which is no field.'
            )


def habits_shown(
    evidence: Mapping[str, Evidence], told: Mapping[str, Told]
) -> dict[str, dict[str, str]]:
    """Say in options how columns are written: what they show themselves, or was told of them."""
    options: dict[str, dict[str, str]] = {}
    for field, column in evidence.items():
        if column.family is None:
            continue
        habit = column.habit() or (told[field].habit if field in told else None)
        option = _BY_FAMILY[column.family]
        for mark, meant in option.habits.items():
            if meant == habit:
                options.setdefault(option.name, {})[field] = mark
    return options
