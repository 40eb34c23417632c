"""What the cells of a column say for or against a field; they never make one money or a code."""

import re
from collections.abc import Mapping, Sequence

from worker.importing.mapping.candidates import Candidate
from worker.importing.mapping.words import words
from worker.importing.tables import Field

# The first rows of a file, {column: cell}.
Samples = Sequence[Mapping[str, object]]

EMPTY = "named like it, but empty"
# Cells that it takes to speak against a name.
_ENOUGH = 3
_DEMOTED = 40
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NUMBER = re.compile(r"[-+($\s]*[0-9][0-9.,\s]*[-)%$\s]*")
_PROSE = 60


class Content:
    """The first cells of each column, looked at when they are asked for."""

    def __init__(self, samples: Samples, *, are_all: bool) -> None:
        self._samples = samples
        # Whether the file has no more rows than these.
        self._are_all = are_all
        self._filled: dict[str, list[str]] = {}

    def filled(self, column: str) -> list[str]:
        """Give the cells that hold something, as text."""
        if column not in self._filled:
            cells = [row.get(column) for row in self._samples]
            texts = (str(cell).strip() for cell in cells if cell is not None)
            self._filled[column] = [text for text in texts if text]
        return self._filled[column]

    def is_blank(self, column: str) -> bool:
        """Whether there were cells, and nothing in any."""
        return bool(self._samples) and not self.filled(column)

    def weighed(
        self, candidate: Candidate, field: Field, columns: Sequence[str], *, is_required: bool
    ) -> Candidate | None:
        """Give the candidate in the light of the cells; None if they speak against it."""
        names = [columns[index] for index in candidate.columns]
        if all(map(self.is_blank, names)):
            if not self._are_all:  # further down there may be something
                return candidate.last_of_all() if is_required else candidate.doubted(_DEMOTED)
            # Its rows are refused one by one, which says more than a column that is not found.
            return candidate._replace(score=1, reason=EMPTY) if is_required else None
        cells = [cell for name in names for cell in self.filled(name)]
        if len(cells) < _ENOUGH:
            return candidate
        if self._contradicts(field, cells, names):
            return None
        if candidate.is_last_resort and field.name == "sku" and _repeats(cells):
            return None  # items would become one
        return candidate.doubted(_doubt(field, cells))

    @staticmethod
    def _contradicts(field: Field, cells: list[str], names: list[str]) -> bool:
        if field.holds_number:
            # A column with the field's own name is meant, and "Price" is a price whatever stands
            # in it: its rows are refused one by one. "Stock" may be Yes and No.
            others = field.synonyms if field.evidence == "price" else ()
            is_meant = words(names[0]) in map(words, (field.name, field.label, *others))
            return not is_meant and not any(map(_has_digit, cells))
        if field.name == "name":
            return all(map(_NUMBER.fullmatch, cells))
        if field.name in {"sku", "legacyNumber"} and words(names[0]) in {("number",), ("id",)}:
            # 1, 2, 3: the lines' numbers.
            return cells == [str(number) for number in range(1, len(cells) + 1)]
        if field.name == "legacyNumber" and words(names[0]) == ("account",):
            return not all(map(_has_digit, cells))
        return False

    def is_of_emails(self, column: str) -> bool:
        """Whether nearly all that the column holds are e-mail addresses."""
        cells = self.filled(column)
        matching = sum(map(bool, map(_EMAIL.fullmatch, cells)))
        return len(cells) >= _ENOUGH and matching >= 0.8 * len(cells)


def _has_digit(cell: str) -> bool:
    return any(map(str.isdigit, cell))


def _repeats(cells: list[str]) -> bool:
    return 2 * len(set(cells)) < len(cells)


def _doubt(field: Field, cells: list[str]) -> int:
    """Give by how much cells make a field less likely: enough to decide between two columns."""
    if field.name == "email":
        return 0 if any("@" in cell for cell in cells) else _DEMOTED
    if field.name == "sku":
        if sum(map(len, cells)) > _PROSE * len(cells):
            return _DEMOTED
        return 15 if _repeats(cells) else 0
    return 0
