"""Rows with something to the right of the last column."""

import csv
import io

from worker.importing.sources.rows import Unreadable, is_blank
from worker.importing.values import shown

_LONGEST_SHOWN = 10_000


def shifted(cells: list[object], width: int) -> Unreadable:
    """Refuse a row of a text file with more filled cells than there are columns.

    A delimiter that belongs to a cell makes two of it, and moves every cell behind it into the
    next column: a number could land in the wrong place.
    """
    extra = [cell for cell in cells[width:] if not is_blank([cell])]
    extra_cells = "cell" if len(extra) == 1 else "cells"
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return Unreadable(
        f"the row has {len(extra):,} more filled {extra_cells} than there are columns ({width:,}), "
        f"from {shown(extra[0])} on; if a cell holds the character that stands between columns, "
        "put the cell in quotation marks",
        line.getvalue()[:_LONGEST_SHOWN],
    )


class ExtraCells:
    """Rows with remarks beside the table, which are left out."""

    def __init__(self) -> None:
        self._first = 0
        self._others = 0

    def add(self, number: int) -> None:
        """Count a row."""
        if self._first:
            self._others += 1
        else:
            self._first = number

    def note(self) -> str:
        """Say it in one sentence; empty if there is nothing to say."""
        if not self._first:
            return ""
        rows, have = f"Row {self._first:,}", "has"
        if self._others:
            others = "1 other" if self._others == 1 else f"{self._others:,} others"
            rows, have = f"{rows} and {others}", "have"
        return f"{rows} {have} more cells than there are columns; the extra cells were ignored."
