"""Rows from file_data.records, read in pages so that no process holds a whole job."""

from collections.abc import AsyncIterator, Awaitable, Callable

# (1-based first row, how many) -> rows
ReadPage = Callable[[int, int], Awaitable[list[object]]]

# The frontend cuts files into jobs of 2,000 records: those take one read.
PAGE_ROWS = 2000


class RecordSource:
    """The records of a job."""

    def __init__(self, row_count: int, read_page: ReadPage) -> None:
        self.row_count = row_count
        self._read_page = read_page

    async def pages(self) -> AsyncIterator[tuple[int, list[object]]]:
        """Yield (1-based number of the first row, records), in order."""
        for first_row in range(1, self.row_count + 1, PAGE_ROWS):
            yield first_row, await self._read_page(first_row, PAGE_ROWS)
