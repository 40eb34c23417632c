"""Where rows come from."""

from collections.abc import AsyncIterator
from typing import Protocol

from worker.exceptions import JobRefusedError
from worker.job import Job
from worker.sources.records import ReadPage, RecordSource


class Source(Protocol):
    """A job's rows, as often as they are asked for."""

    row_count: int

    def pages(self) -> AsyncIterator[tuple[int, list[object]]]:
        """Yield (1-based number of the first row, rows), in order."""
        ...


def open_source(job: Job, read_page: ReadPage) -> Source:
    """Find the source of a job's rows.

    Raises:
        JobRefusedError: there is none that this worker can read.

    """
    if job.row_count is None:
        raise JobRefusedError("The job holds no records. Please upload the file again.")
    if job.mapping is None:
        raise JobRefusedError(
            "Files scheduled without a column mapping cannot be imported yet. "
            "Please use Run in Background, which maps the columns first."
        )
    return RecordSource(job.row_count, read_page)


__all__ = ["Source", "open_source"]
