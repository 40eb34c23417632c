"""An export's rows, page by page, each read while the one before is being written."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from worker.exporting.entities import Entity
from worker.job import ExportPage
from worker.queue import JobQueue

if TYPE_CHECKING:
    from uuid import UUID

_FEWEST_ROWS, _FIRST_ROWS, _MOST_ROWS = 20, 500, 2_000
# Characters of a page, of texts that can be long: two pages and what becomes of them are held.
_PAGE_CHARACTERS = 400_000
# Of so many values one is looked at to know how long they are.
_SAMPLED = 50


class Pages:
    """The pages of one export, as large as is good for speed, and no larger than memory likes."""

    def __init__(
        self, queue: JobQueue, run_id: "UUID", entity: Entity, filters: Mapping[str, object]
    ) -> None:
        self._queue = queue
        self._run_id = run_id
        self._entity = entity
        self._filters = filters

    async def read(self) -> AsyncGenerator[ExportPage, None]:
        """Yield the pages that have rows, in order.

        Raises:
            JobCancelledError, RunLostError, DatabaseUnavailableError, RequestRefusedError.

        """
        size = _FIRST_ROWS
        reading = asyncio.ensure_future(self._read(None, size))
        try:
            while True:
                page = await reading
                is_last, last_id = page.row_count < size, page.last_id
                if not is_last:
                    size = _next_size(page)
                    reading = asyncio.ensure_future(self._read(last_id, size))
                if page.row_count:
                    yield page
                if is_last:
                    return
        finally:
            # Left early: nobody waits for what was read ahead.
            reading.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await reading

    async def _read(self, after_id: str | None, row_count: int) -> ExportPage:
        return await self._queue.read_export_page(
            self._run_id, self._entity.name, self._entity.stored, self._filters, after_id, row_count
        )


def _next_size(page: ExportPage) -> int:
    """Give the rows of the next page by how long those of this one are, growing step by step."""
    characters = sum(
        len(str(value)) for values in page.columns.values() for value in values[::_SAMPLED]
    )
    a_row = max(1, _SAMPLED * characters // page.row_count)
    return max(_FEWEST_ROWS, min(_PAGE_CHARACTERS // a_row, 4 * page.row_count, _MOST_ROWS))
