"""The first rows of a source, as a source."""

from collections.abc import AsyncGenerator, AsyncIterator

from worker.importing.sources.rows import Source, SourceRow


class Head:
    """A source that ends after some rows.

    Args:
        source: the whole.
        most: rows; None for all of them.

    """

    def __init__(self, source: Source, most: int | None) -> None:
        self._source = source
        self._most = most
        self.columns = source.columns
        self.header_row = source.header_row
        self.missing = source.missing
        self.sheets = source.sheets
        self.sheet = source.sheet
        # Whether there are no more rows than these; known after a pass.
        self.is_all = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What the source says, so far."""
        return self._source.notes

    async def pages(self) -> AsyncIterator[list[SourceRow]]:
        """Yield the rows that are not blank, in order."""
        left = self._most
        self.is_all = False
        pages = self._source.pages()
        async for page in pages:
            if left is None:
                yield page
            elif len(page) <= left:
                left -= len(page)
                yield page
            else:
                break
        else:
            self.is_all = True
            return
        if isinstance(pages, AsyncGenerator):
            await pages.aclose()
        if left:
            yield page[:left]
