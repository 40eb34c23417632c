"""A file on the local disk as rows: its format, its header, its columns."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from itertools import zip_longest
from pathlib import Path

from worker.exceptions import JobRefusedError
from worker.sources.header import SEARCHED_ROWS, Header, HeaderJudge, find_header, read_header
from worker.sources.options import FileOptions
from worker.sources.rows import PAGE_ROWS, SourceRow, is_blank
from worker.sources.spool import Spool, read_workbook
from worker.sources.table import Chunk, Table
from worker.sources.text import open_text

_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
# https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-cfb/
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# Cells of a page, so that a wide sheet costs no more memory than a long one.
_PAGE_CELLS = 40_000


async def open_file(path: Path, options: FileOptions, judge: HeaderJudge) -> "FileSource":
    """Open a CSV, a TSV or a workbook; what it is, its content says, not its name.

    Args:
        path: on the local disk. A workbook's rows are spooled beside it.
        options: what its owner said of it.
        judge: tells a header from other rows.

    Raises:
        JobRefusedError: it can't be read. The text tells its owner why.

    """
    with path.open("rb") as file:
        magic = file.read(8)
    if not magic:
        raise JobRefusedError("The file is empty.")
    if magic.startswith((_ZIP, _EMPTY_ZIP, _OLE)):
        spool = await read_workbook(path, options.sheet)
        try:
            return await _source(spool, options, judge, spool)
        except BaseException:
            spool.remove()
            raise
    table = await asyncio.to_thread(open_text, path, options, judge)
    return await _source(table, options, judge, None)


class FileSource:
    """A file's rows below its header. Close it to remove what it spooled."""

    def __init__(self, table: Table, header: Header | None, spool: Spool | None) -> None:
        self._table = table
        self._header = header
        self._spool = spool
        self._extra_cells = ""
        self.columns: tuple[str, ...] = header.columns if header else ()

    @property
    def notes(self) -> tuple[str, ...]:
        """How the file was read; after a pass over all pages, also which cells were ignored."""
        notes = (*self._table.notes, *(self._header.notes if self._header else ()))
        return (*notes, self._extra_cells) if self._extra_cells else notes

    async def pages(self) -> AsyncIterator[list[SourceRow]]:
        """Yield the rows that are not blank, in order.

        Raises:
            JobRefusedError: from some row on, the file can't be read.

        """
        if self._header is None:
            return
        page_rows = max(1, min(PAGE_ROWS, _PAGE_CELLS // max(1, len(self.columns))))
        extra = _ExtraCells(len(self.columns))
        with closing(self._table.chunks()) as chunks:
            for chunk in chunks:
                rows = [row for row in chunk if row[0] > self._header.number]
                for start in range(0, len(rows), page_rows):
                    page = self._page(rows[start : start + page_rows], extra)
                    if page:
                        yield page
                await asyncio.sleep(0)  # blank rows come in chunks too
        self._extra_cells = extra.note()

    def _page(self, rows: Chunk, extra: "_ExtraCells") -> list[SourceRow]:
        page = []
        width = len(self.columns)
        for number, cells in rows:
            if len(cells) > width:
                extra.look_at(number, cells)
                del cells[width:]
                if is_blank(cells):  # a remark beside the table
                    continue
            page.append(SourceRow(number, dict(zip_longest(self.columns, cells, fillvalue=""))))
        return page

    def close(self) -> None:
        """Remove what was spooled; there are no more pages."""
        if self._spool is not None:
            self._spool.remove()


async def _source(
    table: Table, options: FileOptions, judge: HeaderJudge, spool: Spool | None
) -> FileSource:
    rows = await _first_rows(table, options.header_row or 1)
    if options.header_row is None:
        index = find_header(rows[:SEARCHED_ROWS], judge)
    elif rows and rows[0][0] == options.header_row:
        index = 0
    else:
        raise JobRefusedError(
            f'The option "header_row" says that the column names are in row '
            f"{options.header_row:,}, but that row is empty."
        )
    if index is None:
        return FileSource(table, None, spool)
    number, cells = rows[index]
    below = [row for _, row in rows[index + 1 : index + 1 + SEARCHED_ROWS]]
    return FileSource(table, read_header(number, cells, below), spool)


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


class _ExtraCells:
    """Rows with something to the right of the last column."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._first = 0
        self._others = 0

    def look_at(self, number: int, cells: list[object]) -> None:
        """Count a row that is too long, unless what is too much is blank."""
        if is_blank(cells[self._width :]):
            return
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
