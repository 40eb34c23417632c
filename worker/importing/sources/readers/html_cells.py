"""A cell of an HTML table: its text as a browser shows it, and how far it reaches."""

import re

from worker.importing.sources.header import MOST_COLUMNS

# What the csv module allows of itself, too.
_LONGEST_CELL = 131_072
# https://html.spec.whatwg.org/multipage/tables.html#attributes-common-to-td-and-th-elements
_MOST_COLUMNS_OF_A_CELL, _MOST_ROWS_OF_A_CELL = 1000, 65_534

_SPACES = re.compile(r"[ \t\r\n\f]+")
_SPACES_IN_A_ROW = re.compile("  +")
_AROUND_A_BREAK = re.compile(r" *\n[ \n]*")
# What a spreadsheet program shows of a number that its column has no room for. It writes the
# number itself beside it: Excel as x:num, LibreOffice as sdval.
_SHORTENED = re.compile(r"#+|-?[0-9](?:[.,][0-9]+)?[eE][-+]?[0-9]{1,3}")


class Cell:
    """Takes its text in pieces."""

    __slots__ = (
        "_length",
        "_parts",
        "_stored",
        "columns",
        "inner",
        "is_heading",
        "is_too_long",
        "rows",
        "text",
    )

    def __init__(self, attributes: dict[str, str], *, is_heading: bool) -> None:
        self.is_heading = is_heading
        self.columns = self.rows = 1
        self._stored = ""
        if attributes:
            if "colspan" in attributes:
                self.columns = max(1, min(_count(attributes["colspan"]), _MOST_COLUMNS_OF_A_CELL))
            if "rowspan" in attributes:  # 0 is all the rest
                rows = _count(attributes["rowspan"]) or _MOST_ROWS_OF_A_CELL
                self.rows = min(rows, _MOST_ROWS_OF_A_CELL)
            self._stored = attributes.get("x:num") or attributes.get("sdval") or ""
        self._parts: list[str] = []
        self._length = 0
        # Cells with text in the tables that are nested in this one.
        self.inner = 0
        self.is_too_long = False
        self.text = ""

    def add(self, text: str) -> None:
        """Add a piece of text as it stands in the page."""
        self._length += len(text)
        if self._length > _LONGEST_CELL:
            self.is_too_long = True
        else:
            self._parts.append(_SPACES.sub(" ", text))

    def add_inner(self, text: str) -> None:
        """Add the text of a cell of a table that is nested in this one."""
        self.inner += 1
        self._length += len(text)
        if self._length > _LONGEST_CELL:
            self.is_too_long = True
        else:
            self._parts.extend((text, "\n"))

    def end_line(self, *, always: bool) -> None:
        """Break the line; unless always, only where there is something before."""
        if always or self._parts:
            self._parts.append("\n")

    def part(self) -> None:
        """Keep 2<sup>1/2</sup> from becoming 21/2, and an old price from the new one's digits."""
        if self._parts and self._parts[-1][-1:].isdigit():
            self._parts.append(" ")

    def finish(self) -> None:
        """Make the text, which is complete."""
        text = self._parts[0] if len(self._parts) == 1 else "".join(self._parts)
        self._parts.clear()
        if "\n" in text:
            text = _AROUND_A_BREAK.sub("\n", text)
        text = _SPACES_IN_A_ROW.sub(" ", text).strip() if "  " in text else text.strip()
        self.text = self._stored if self._stored and _SHORTENED.fullmatch(text) else text


def spread(cells: list[Cell], reaching: dict[int, Cell]) -> tuple[list[str], str]:
    """Put a row's cells into their columns, between those that reach down from above.

    A cell counts in each of its rows, but only in the first of its columns: so the page means it,
    and so a heading over several columns is not taken for a name in each.

    Args:
        cells: what the row itself has.
        reaching: {column: the cell from above, with the rows that it still has}; brought up to
            date.

    Returns:
        the texts; and the first text that reaches further down and is no heading, or "".

    """
    if not reaching and all(cell.columns == 1 and cell.rows == 1 for cell in cells):
        return [cell.text for cell in cells], ""
    row = _Row(sorted(reaching.items(), reverse=True))
    for cell in cells:
        row.place_above(len(row.texts))
        if len(row.texts) < MOST_COLUMNS:
            row.place(cell)
    row.place_above(MOST_COLUMNS)
    first = next((cell.text for cell in cells if cell.rows > 1 and not cell.is_heading), "")
    reaching.clear()
    reaching.update(row.below)
    for cell in row.below.values():
        cell.rows -= 1
    return row.texts, first


class _Row:
    """A row in the making; `above` has the last column first."""

    def __init__(self, above: list[tuple[int, Cell]]) -> None:
        self._above = above
        self.texts: list[str] = []
        self.below: dict[int, Cell] = {}

    def place(self, cell: Cell) -> None:
        """Put a cell into the next column."""
        if cell.rows > 1:
            self.below[len(self.texts)] = cell
        self.texts.append(cell.text)
        self.texts.extend([""] * (cell.columns - 1))

    def place_above(self, last: int) -> None:
        """Put those from above into their columns, up to the last one."""
        while self._above and self._above[-1][0] <= max(last, len(self.texts)):
            column, cell = self._above.pop()
            if column >= len(self.texts):  # else a cell lies over it, an error of the page
                self.texts.extend([""] * (column - len(self.texts)))
                self.place(cell)


def _count(written: str) -> int:
    written = written.strip()
    return int(written) if written.isdecimal() and len(written) < 10 else 1  # noqa: PLR2004
