"""A file on the local disk as rows: its format, its header, its columns."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, closing
from itertools import zip_longest
from pathlib import Path

from worker.exceptions import JobRefusedError
from worker.importing.sources.formats import HEAD_BYTES, find_format
from worker.importing.sources.header import (
    SEARCHED_ROWS,
    Header,
    HeaderJudge,
    find_header,
    nameless,
    names,
    read_header,
    without_names,
)
from worker.importing.sources.judgement import SheetJudgement
from worker.importing.sources.options import FileOptions
from worker.importing.sources.rows import PAGE_ROWS, SourceRow, Unreadable, is_blank
from worker.importing.sources.shifted import ExtraCells, shifted
from worker.importing.sources.spool import Spool, listed, read_in_child, sheets, workbook_notes
from worker.importing.sources.spooled_tables import (
    SpooledTable,
    page_table,
    record_table,
    sheet_table,
)
from worker.importing.sources.table import Chunk, Table
from worker.importing.sources.text import TextTable, open_text

# What a packed file may unpack to where nobody said another limit.
_MOST_UNPACKED = 200 << 20

# Cells of a page, so that a wide sheet costs no more memory than a long one.
_PAGE_CELLS = 40_000
_SHOWN_NAMES = 10


async def open_file(
    path: Path, options: FileOptions, judge: HeaderJudge, most_unpacked: int = _MOST_UNPACKED
) -> "FileSource":
    """Open a file with a table; what it is, its content says, not its name.

    Args:
        path: on the local disk. What a child reads or unpacks is put beside it.
        options: what its owner said of it.
        judge: tells a header from other rows.
        most_unpacked: bytes of a file that comes packed.

    Raises:
        JobRefusedError: it can't be read. The text tells its owner why.

    """
    with ExitStack() as scratch:
        opening = _Opening(options, judge, most_unpacked, scratch)
        table = await opening.open(path)
        header = await _header(table, options, judge)
        source = FileSource(table, header, opening.notes, opening.missing, scratch.pop_all())
        source.sheets, source.sheet = opening.sheets, opening.sheet
        return source


class FileSource:
    """A file's rows below its header. Close it to remove what it spooled."""

    def __init__(
        self,
        table: Table,
        header: Header | None,
        notes: Sequence[str],
        missing: str,
        scratch: ExitStack,
    ) -> None:
        self._table = table
        self._header = header
        self._notes = notes
        self.missing = missing
        self.sheets: tuple[str, ...] = ()
        self.sheet: str | None = None
        self._scratch = scratch
        # Elsewhere cells have their places; in a text, one too many moves all behind it.
        self._can_shift = isinstance(table, TextTable)
        self._extra_cells = ""
        self.columns: tuple[str, ...] = header.columns if header else ()

    @property
    def header_row(self) -> int | None:
        """The row of the columns' names, 1-based; 0 where they have none; None of records."""
        if self._header is None:
            return None
        has_names_itself = isinstance(self._table, SpooledTable) and self._table.columns is not None
        return None if has_names_itself else self._header.number

    @property
    def notes(self) -> tuple[str, ...]:
        """How the file was read; after a pass over all pages, also which cells were ignored."""
        header = self._header.notes if self._header else ()
        notes = (*self._notes, *self._table.notes, *header)
        return (*notes, self._extra_cells) if self._extra_cells else notes

    async def pages(self) -> AsyncIterator[list[SourceRow]]:
        """Yield the rows that are not blank, in order.

        Raises:
            JobRefusedError: from some row on, the file can't be read.

        """
        if self._header is None:
            return
        page_rows = max(1, min(PAGE_ROWS, _PAGE_CELLS // max(1, len(self.columns))))
        extra = ExtraCells()
        with closing(self._table.chunks()) as chunks:
            for chunk in chunks:
                rows = [row for row in chunk if row[0] > self._header.number]
                for start in range(0, len(rows), page_rows):
                    page = self._page(rows[start : start + page_rows], extra)
                    if page:
                        yield page
                await asyncio.sleep(0)  # blank rows come in chunks too
        self._extra_cells = extra.note()

    def _page(self, rows: Chunk, extra: ExtraCells) -> list[SourceRow]:
        page = []
        width = len(self.columns)
        for number, cells in rows:
            if isinstance(cells, Unreadable):
                page.append(SourceRow(number, cells))
                continue
            if len(cells) > width:
                if not is_blank(cells[width:]):
                    if self._can_shift and not is_blank(cells[:width]):
                        page.append(SourceRow(number, shifted(cells, width)))
                        continue
                    extra.add(number)
                del cells[width:]
                if is_blank(cells):  # a remark beside the table
                    continue
            page.append(SourceRow(number, dict(zip_longest(self.columns, cells, fillvalue=""))))
        return page

    def close(self) -> None:
        """Remove what was spooled; there are no more pages."""
        self._scratch.close()


class _Opening:
    """What it takes to find a file's table, which may be packed."""

    def __init__(
        self, options: FileOptions, judge: HeaderJudge, most_unpacked: int, scratch: ExitStack
    ) -> None:
        self._options = options
        self._judge = judge
        self._most_unpacked = most_unpacked
        self._scratch = scratch
        self._is_unpacked = False
        self.notes: list[str] = []
        # What to say first where no column is found for a field: which sheets there are.
        self.missing = ""
        self.sheets: tuple[str, ...] = ()
        self.sheet: str | None = None

    async def open(self, path: Path) -> Table:
        """Find the table; what is written for it is removed with `scratch`."""
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        if not head:
            raise JobRefusedError("The file is empty. Export it again and upload that.")
        form = find_format(head)
        if form == "text":
            return await asyncio.to_thread(open_text, path, self._options, self._judge)
        spool = path.with_name(f"{path.name}.rows")
        self._scratch.callback(spool.unlink, missing_ok=True)
        judgement = SheetJudgement(spool, self._options, self._judge)
        report = await read_in_child(path, form, spool, self._wishes(), judgement.answer)
        match report:
            case {"unpacked": list(names)}:
                self._is_unpacked = True
                self.notes.extend(_unpacked_notes(names))
                return await self.open(spool)
            case {"columns": _}:
                return record_table(spool, report)
            case {"notes": _}:
                return await asyncio.to_thread(page_table, spool, report, self._judge)
            case {"tables": _}:
                table = await asyncio.to_thread(
                    sheet_table, spool, report, self._judge, self._options.sheet
                )
                self.sheets, self.sheet = tuple(sheets(report)), table.place.name or None
                return table
        if not judgement.has_found:
            self.missing = (
                "No sheet of the workbook has all the columns that are needed: "
                f"{listed(sheets(report))}."
            )
        self.sheets, self.sheet = tuple(sheets(report)), str(report["sheet"])
        return Spool(spool, workbook_notes(report), int(str(report["blank_columns"])))

    def _wishes(self) -> dict[str, object]:
        return {
            "sheet": self._options.sheet,
            "encoding": self._options.encoding,
            "most_unpacked": 0 if self._is_unpacked else self._most_unpacked,
        }


def _unpacked_notes(names: Sequence[str]) -> list[str]:
    """Say what was unpacked; the other files of an archive are no tables."""
    if not names:
        return ["Read what the compressed file (.gz) holds."]
    notes = [f'Read "{names[0]}" in the ZIP archive.']
    if others := names[1:]:
        named = ", ".join(f'"{name}"' for name in others[:_SHOWN_NAMES])
        more = len(others) - _SHOWN_NAMES
        notes.append(f"Left out of the archive: {named}{f' and {more} more' * (more > 0)}.")
    return notes


async def _header(table: Table, options: FileOptions, judge: HeaderJudge) -> Header | None:
    if isinstance(table, SpooledTable) and table.columns is not None:
        return read_header(0, table.columns, [["filled"] * len(table.columns)])
    rows = await _first_rows(table, options.header_row or 1)
    readable = [(number, cells) for number, cells in rows if not isinstance(cells, Unreadable)]
    if options.header_row == 0:
        return without_names([cells for _, cells in readable[:SEARCHED_ROWS]])
    if options.header_row is None:
        index = find_header(readable[:SEARCHED_ROWS], judge)
    elif readable and readable[0][0] == options.header_row:
        index = 0
    else:
        raise JobRefusedError(
            f'The option "header_row" says that the column names are in row '
            f"{options.header_row:,}, but that row is empty."
        )
    if index is None:
        _refuse_unreadable_above(rows, None)
        return None
    number, cells = readable[index]
    _refuse_unreadable_above(rows, number)
    below = [row for _, row in readable[index + 1 : index + 1 + SEARCHED_ROWS]]
    if options.header_row is None and not any(judge(names(cells))):
        _refuse_nameless(number, cells, below)
    return read_header(number, cells, below)


def _refuse_unreadable_above(rows: Chunk, header: int | None) -> None:
    """Refuse a file whose header may be a row that can't be read; None: no row can be."""
    for number, cells in rows:
        if isinstance(cells, Unreadable) and (header is None or number < header):
            raise JobRefusedError(
                f"Row {number:,} stands above the rows of the table and may hold the column names, "
                f"but {cells.message}"
            )


def _refuse_nameless(number: int, cells: list[object], below: list[list[object]]) -> None:
    if values := nameless(cells, below):
        raise JobRefusedError(
            f"The file has no column names: row {number:,} holds values already, like "
            f"{', '.join(values)}. Put a row with the names above it, like sku, name, unit_price. "
            'Or set the option "header_row" to 0: the columns are then called "Column A", '
            '"Column B" and so on, and the mapping says which is what.'
        )


async def _first_rows(table: Table, first: int) -> Chunk:
    """Read some rows more than the header is looked for in, from the row `first` on."""
    rows: Chunk = []
    with closing(table.chunks()) as chunks:
        for chunk in chunks:
            rows.extend(row for row in chunk if row[0] >= first)
            if len(rows) > SEARCHED_ROWS:
                break
            await asyncio.sleep(0)
    return rows
