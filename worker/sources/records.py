"""Rows from file_data.records, read in pages so that no process holds a whole job."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from worker.exceptions import JobRefusedError
from worker.job import Job
from worker.sources.rows import PAGE_ROWS, SourceRow, is_blank

# (1-based first record, how many) -> records
ReadPage = Callable[[int, int], Awaitable[list[object]]]


class RecordSource:
    """The records of a job.

    A record without a value is left out, though it counts for the numbers of those after it. What
    is no object stays, for the importer to refuse.
    """

    columns: None = None
    notes: tuple[str, ...] = ()

    def __init__(self, record_count: int, read_page: ReadPage) -> None:
        self.record_count = record_count
        self._read_page = read_page

    async def pages(self) -> AsyncIterator[list[SourceRow]]:
        """Yield the records that are not blank, in order."""
        for first in range(1, self.record_count + 1, PAGE_ROWS):
            records = await self._read_page(first, PAGE_ROWS)
            rows = [
                SourceRow(number, record)
                for number, record in enumerate(records, start=first)
                if not (isinstance(record, Mapping) and is_blank(record.values()))
            ]
            if rows:
                yield rows


class RecordPages:
    """The records of a job as the importer takes them today: every one, under its number."""

    def __init__(self, row_count: int, read_page: ReadPage) -> None:
        self.row_count = row_count
        self._read_page = read_page

    async def pages(self) -> AsyncIterator[tuple[int, list[object]]]:
        """Yield (1-based number of the first row, records), in order."""
        for first_row in range(1, self.row_count + 1, PAGE_ROWS):
            yield first_row, await self._read_page(first_row, PAGE_ROWS)


def open_source(job: Job, read_page: ReadPage) -> RecordPages:
    """Find the source of a job's rows.

    Raises:
        JobRefusedError: there is none that this worker can read.

    """
    if job.row_count is None:
        raise JobRefusedError("The job holds no records. Please upload the file again.")
    if not job.has_mapping:
        raise JobRefusedError(
            "Files scheduled without a column mapping cannot be imported yet. "
            "Please use Run in Background, which maps the columns first."
        )
    return RecordPages(job.row_count, read_page)
