"""The tables of a web page, as they come: what web reports call an Excel file."""

import re

from worker.exceptions import JobRefusedError
from worker.importing.sources.header import MOST_COLUMNS
from worker.importing.sources.readers.html_cells import Cell, spread
from worker.importing.sources.readers.tables import TableWriter
from worker.importing.sources.spooled_tables import TablePlace

# Nothing in these is shown; <xml> is what Excel hides from browsers.
_NOT_SHOWN = {"head", "noscript", "script", "style", "template", "title", "xml"}
_PARTS = {"table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "col", "colgroup"}
_SECTIONS = {"thead", "tbody", "tfoot"}
_BLOCKS = {
    *("address", "article", "blockquote", "caption", "center", "dd", "div", "dl", "dt", "footer"),
    *("form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "ol", "p", "pre"),
    *("section", "ul"),
}
_STRUCK_OUT = {"s", "strike", "del"}
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_DEEPEST = 1000


class _OpenTable:
    """A table whose end has not come yet."""

    def __init__(self, table: TablePlace, next_row: int) -> None:
        self.table = table
        self.next_row = next_row
        self.row = 0
        self.cells: list[Cell] | None = None
        self.cell: Cell | None = None
        # Column → the rest of a cell that reaches down from above.
        self.reaching: dict[int, Cell] = {}
        self.is_too_long = False


class HtmlTables:
    """A target of lxml's parser. Rows are numbered as a spreadsheet program shows the page."""

    def __init__(self, writer: TableWriter) -> None:
        self._writer = writer
        self._open: list[_OpenTable] = []
        self._not_shown = 0
        # Of the page: the next row, and whether there is text before it.
        self._next_row = 1
        self._has_text = False
        # The first cell that counts for several rows: (row, text).
        self.reaching: tuple[int, str] | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take an element's beginning."""
        if self._not_shown or self._is_hidden(tag, attributes):
            self._not_shown += 1
            return
        if tag == "table":
            self._start_table()
        elif not self._open:
            self._start_outside(tag)
        elif tag in {"td", "th"}:
            self._start_cell(self._open[-1], Cell(attributes, is_heading=tag == "th"))
        elif tag == "tr":
            self._start_row(self._open[-1])
        elif (cell := self._open[-1].cell) is not None:
            if tag == "br" or tag in _BLOCKS:
                cell.end_line(always=tag == "br")
            elif tag in {"sup", "sub"} or tag in _STRUCK_OUT:
                cell.part()

    def end(self, tag: str) -> None:
        """Take an element's end; lxml sees to it that each element has one."""
        if self._not_shown:
            self._not_shown -= 1
        elif not self._open:
            self._start_outside(tag)
        elif tag in {"td", "th"}:
            self._end_cell(self._open[-1])
        elif tag == "tr":
            self._end_row(self._open[-1])
        elif tag == "table":
            self._end_table()
        elif tag in _SECTIONS:
            self._end_row(self._open[-1])
            self._open[-1].reaching.clear()
        elif (cell := self._open[-1].cell) is not None:
            if tag in _BLOCKS:
                cell.end_line(always=False)
            elif tag in _STRUCK_OUT:
                cell.part()

    def data(self, text: str) -> None:
        """Take a piece of text."""
        if self._not_shown:
            return
        if not self._open:
            self._has_text = self._has_text or bool(text.strip())
        elif (cell := self._open[-1].cell) is not None:
            cell.add(text)

    def comment(self, text: str) -> None:
        """Leave it out."""

    def close(self) -> None:
        """End what is open."""
        while self._open:
            self._end_table()

    @staticmethod
    def _is_hidden(tag: str, attributes: dict[str, str]) -> bool:
        if tag in _NOT_SHOWN or (tag == "option" and "selected" not in attributes):
            return True
        if tag in _PARTS or tag in {"html", "body"}:
            return False
        return "hidden" in attributes or _HIDDEN.search(attributes.get("style", "")) is not None

    def _start_outside(self, tag: str) -> None:
        """Give each line of text outside of tables a row."""
        if self._has_text and (tag in {"br", "table"} or tag in _BLOCKS):
            self._next_row += 1
            self._has_text = False

    def _start_table(self) -> None:
        if len(self._open) == _DEEPEST:
            raise JobRefusedError(
                f"The page has more than {_DEEPEST:,} tables within each other. "
                "Save the table as .csv or .xlsx and upload that."
            )
        if self._open:
            outer = self._open[-1]
            if outer.cell is not None:
                outer.cell.end_line(always=False)
            next_row = outer.next_row if outer.cells is None else outer.row
        else:
            self._start_outside("table")
            next_row = self._next_row
        self._open.append(_OpenTable(self._writer.begin(), next_row))

    def _end_table(self) -> None:
        ended = self._open[-1]
        self._end_row(ended)
        self._open.pop()
        if ended.is_too_long:
            self._writer.forget(ended.table)
        if self._open:
            outer = self._open[-1]
            outer.next_row = max(outer.next_row, ended.next_row)
            if outer.cell is not None:
                outer.cell.end_line(always=False)
        else:
            self._next_row = ended.next_row

    def _start_row(self, table: _OpenTable) -> None:
        self._end_row(table)
        table.row = table.next_row
        table.next_row += 1
        table.cells = []

    def _start_cell(self, table: _OpenTable, cell: Cell) -> None:
        self._end_cell(table)
        if table.cells is None:
            self._start_row(table)
        table.cell = cell

    def _end_cell(self, table: _OpenTable) -> None:
        cell = table.cell
        if cell is None:
            return
        table.cell = None
        cell.finish()
        table.is_too_long = table.is_too_long or cell.is_too_long
        if table.cells is not None and len(table.cells) < MOST_COLUMNS:
            table.cells.append(cell)
        if cell.text and len(self._open) > 1 and (outer := self._open[-2].cell) is not None:
            outer.add_inner(cell.text)

    def _end_row(self, table: _OpenTable) -> None:
        self._end_cell(table)
        cells, table.cells = table.cells, None
        if cells is None:
            return
        row, reaching = spread(cells, table.reaching)
        if self.reaching is None and reaching:
            self.reaching = table.row, reaching
        self._writer.write(table.table, table.row, row)
        filled = sum(bool(cell.text) and cell.inner <= 1 for cell in cells)
        table.table.size += filled if filled > 1 else 0
