"""Rows from file_data.records, read in pages so that no process holds a whole job."""

from collections.abc import AsyncIterator, Awaitable, Callable

from worker.exceptions import DatabaseUnavailableError
from worker.guard import unguarded
from worker.importing.sources.rows import PAGE_ROWS, SourceRow, is_blank

# (1-based first record, how many) -> records
ReadPage = Callable[[int, int], Awaitable[list[object]]]


def pages_of(records: list[object]) -> ReadPage:
    """Give pages of records that are here already."""

    async def read_page(first_row: int, row_count: int) -> list[object]:
        return records[first_row - 1 : first_row - 1 + row_count]

    return read_page


class RecordSource:
    """The records of a job.

    A record without a value is left out, though it counts for the numbers of those after it. What
    is no object stays, for the importer to refuse.
    """

    columns: None = None
    notes: tuple[str, ...] = ()
    header_row: None = None
    missing: str = ""
    sheets: tuple[str, ...] = ()
    sheet: None = None

    def __init__(self, record_count: int, read_page: ReadPage) -> None:
        self.record_count = record_count
        self._read_page = read_page
        # Most jobs are one page, which the passes of an import then read once.
        self._only_page: list[SourceRow] | None = None

    async def pages(self) -> AsyncIterator[list[SourceRow]]:
        """Yield the records that are not blank, in order.

        Raises:
            DatabaseUnavailableError: a page is not whole.

        """
        for first in range(1, self.record_count + 1, PAGE_ROWS):
            rows = self._only_page
            if rows is None:
                rows = await self._rows(first)
            if self.record_count <= PAGE_ROWS:
                self._only_page = rows
            if rows:
                yield rows

    async def _rows(self, first: int) -> list[SourceRow]:
        page = await self._read_page(first, PAGE_ROWS)
        expected = min(PAGE_ROWS, self.record_count - first + 1)
        if len(page) != expected:
            # Never taken for the end: the rows that are missing would be lost without a word.
            raise DatabaseUnavailableError(f"a page of {len(page)} records, not {expected}")
        return [
            SourceRow(number, record)
            for number, record in enumerate(map(_unguarded, page), start=first)
            if not (isinstance(record, dict) and is_blank(record.values()))
        ]


def _unguarded(record: object) -> object:
    """Take off what a file had before its formulas, which the browser's reader left on."""
    if not isinstance(record, dict) or not any(map(_may_be_guarded, record.values())):
        return record
    return {key: unguarded(cell) if isinstance(cell, str) else cell for key, cell in record.items()}


def _may_be_guarded(cell: object) -> bool:
    return isinstance(cell, str) and cell[:1] == "'"
