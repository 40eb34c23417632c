"""What a column of codes was written by: whether 123 became 123.0, and what had to be cleaned."""

import re
import string
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from worker.importing.columns.evidence import Habit
from worker.importing.columns.tally import Tally
from worker.importing.values import PLAIN, Style
from worker.importing.values.codes import WHOLE_FLOAT, cleaned_of

# Of most codes, which have nothing to clean and are no floats.
_PLAIN_CHARACTERS = frozenset(string.ascii_letters + string.digits + "_/- \n")
_DECIMAL = re.compile(r"[0-9]+\.[0-9]+")
# A program writes all whole numbers of a column so, beside a few codes that are none.
_FLOATS_OF_TEN = 9


class CodeEvidence:
    """What the cells of a column of codes say."""

    family: None = None
    __slots__ = ("cleaned", "ending", "floats", "has_decimals", "has_whole", "total")

    def __init__(self) -> None:
        self.total = 0
        # By what was cleaned.
        self.cleaned: dict[str, Tally] = {}
        # Codes like 123.0, and the ending that all of them have; None: not one alone.
        self.floats = Tally()
        self.ending: str | None = None
        self.has_whole = False
        self.has_decimals = False

    def add_all(self, rows: Sequence[int], cells: Sequence[object]) -> None:
        """Take cells into account; most are plain, seen at once."""
        texts = [cell for cell in cells if isinstance(cell, str)]
        written = "\n".join(texts)
        has_texts_only = len(texts) == len(cells)
        if has_texts_only and _PLAIN_CHARACTERS.issuperset(written) and "  " not in written:
            self.total += sum(map(bool, texts))
            self.has_whole = self.has_whole or any(map(str.isdigit, texts))
            return
        for row, cell in zip(rows, cells, strict=True):
            self.add(row, cell)

    def add(self, row: int, cell: object) -> None:
        """Take one cell into account."""
        if isinstance(cell, str):
            self._add_written(row, cell)
        elif isinstance(cell, int | float) and not isinstance(cell, bool):
            self.total += 1
            self.has_whole = True

    def _add_written(self, row: int, cell: str) -> None:
        written = cell.strip()
        if not written:
            return
        self.total += 1
        for what in cleaned_of(cell):
            self.cleaned.setdefault(what, Tally()).add(row, cell)
        if found := WHOLE_FLOAT.fullmatch(written):
            ending = f".{found[2]}"
            if not self.floats.count:
                self.ending = ending
            elif self.ending != ending:
                self.ending = None
            self.floats.add(row, cell)
        elif written.isdigit():
            self.has_whole = True
        elif _DECIMAL.fullmatch(written):
            self.has_decimals = True

    def habit(self) -> None:
        """Tell no habit: codes have none that other columns could share."""

    def style(self, _: Habit) -> Style:
        """Say how the column is to be read."""
        return Style(floats=True) if self._are_floats() else PLAIN

    def notes(self, *_: Habit | AbstractSet[Habit] | str) -> Iterator[str]:
        """Say what was cleaned, with an example, and what may be wrong."""
        for what, tally in self.cleaned.items():
            yield f"cleaned of {what}: {tally}."
        if self._are_floats():
            yield (
                f'"{self.ending}" is left out behind whole numbers, for a program wrote all of '
                f"them with it: {self.floats}."
            )
        elif self.floats.count and not self.has_decimals:
            yield (
                f"some whole numbers end in {self.ending or '.0'} and others do not: {self.floats}."
                " They are kept as written; if a program added it, write the codes as text."
            )

    def _are_floats(self) -> bool:
        return bool(
            self.floats.count
            and self.ending
            and not (self.has_whole or self.has_decimals)
            and 10 * self.floats.count >= _FLOATS_OF_TEN * self.total
        )
