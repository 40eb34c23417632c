"""What the formats have in common: numbered rows, handed out in pieces of bounded size."""

from collections.abc import Generator, Iterable
from typing import Protocol

from worker.importing.sources.rows import PAGE_ROWS, Unreadable, is_blank

Cells = list[object] | Unreadable
# (file row, its cells) of rows that are not blank; fewer than were read, perhaps none.
Chunk = list[tuple[int, Cells]]

# The longest row, in characters as the file has them: one has 16,384 cells at most.
LONGEST_ROW = 4_000_000
# What a chunk stops at, so that reading one takes milliseconds.
_CHUNK_CHARACTERS = 500_000
_CHUNK_CELLS = 20_000


class Table(Protocol):
    """A file that can be read as rows, from the beginning as often as is asked."""

    @property
    def notes(self) -> tuple[str, ...]:
        """How it was read, where that was a guess."""
        ...

    def chunks(self) -> Generator[Chunk, None, None]:
        """Yield (file row, cells) of the rows that are not blank, in order."""
        ...


def chunks(rows: Iterable[tuple[int, int, Cells]]) -> Generator[Chunk, None, None]:
    """Bundle (file row, characters, cells), leaving blank rows out; a million cost many chunks."""
    chunk: Chunk = []
    read = characters = cell_count = 0
    for number, length, cells in rows:
        read += 1
        characters += length
        if isinstance(cells, Unreadable):
            chunk.append((number, cells))
        elif not is_blank(cells):
            chunk.append((number, cells))
            cell_count += len(cells)
        if read == PAGE_ROWS or characters > _CHUNK_CHARACTERS or cell_count > _CHUNK_CELLS:
            yield chunk
            chunk = []
            read = characters = cell_count = 0
    if chunk:
        yield chunk
