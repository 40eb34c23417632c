"""A job's rows: mapped, parsed, and numbered as the ledger numbers them."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace

from worker.exceptions import JobRefusedError, StopRequestedError
from worker.importing import asides
from worker.importing.asides import Asides
from worker.importing.columns import Tally, evidence_of, habits_shown, styles
from worker.importing.keys import Keys
from worker.importing.mapping import ColumnMapping, told_habits
from worker.importing.mode import Mode
from worker.importing.parsing import KeyReader, ParsedRow, key_reader, row_parser
from worker.importing.source_mapping import complete, find_mapping
from worker.importing.sources import Source, SourceRow, Unreadable
from worker.importing.tables import Row, Table
from worker.job import Job, RowError
from worker.memory import NOTHING_KNOWN, Layout, Memory

# Rows between two turns of the event loop, looked at together: some milliseconds.
_ROWS_A_TURN = 100
# Of a file, by its owner.
_SAID = ("sheet", "delimiter", "encoding", "header_row")


class Rows:
    """The rows of a source that count, as often as they are asked for.

    row_number is the 1-based ordinal among them; file_row is the number as their owner sees it.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what an import and its preview have found
        self,
        source: Source,
        table: Table,
        columns: Sequence[str],
        mapping: ColumnMapping,
        mode: Mode,
        stop: asyncio.Event,
        memory: Memory,
    ) -> None:
        self.columns = tuple(columns)
        self.mapping = replace(mapping, told=told_habits(mapping, table, memory))
        self._layout = _layout(source, memory)
        # After survey():
        self.count = 0
        # What their owner should know of how they were read, in sentences.
        self.notes: list[str] = []
        # Of these, what was skipped.
        self.skipped: list[str] = []
        # The first row whose key can't be read, as its owner sees it, and how many there are.
        self.first_without_key: int | None = None
        self.without_key = 0
        # By row number, the last readable row of the same key; 0 for a row whose key is its own.
        self.last_rows: Sequence[int] = ()
        self._source = source
        self._stop = stop
        self._table = table
        self._mode = mode
        self._asides = Asides(table, mapping, columns)
        # By what they are: rows that are no data.
        self._skipped: dict[str, Tally] = {}
        self._parse = row_parser(table, mapping, {})

    def raise_if_stopped(self) -> None:
        """Give up between two pages or batches.

        Raises:
            StopRequestedError: the worker is shutting down.

        """
        if self._stop.is_set():
            raise StopRequestedError

    @property
    def layout(self) -> Layout:
        """What the file looks like, for the next one of its kind; after survey()."""
        # Where no column was looked at, keys are fields already.
        return Layout(self.columns if self.mapping.seen else None, self._layout)

    async def survey(self) -> None:
        """Go through all rows: count them, learn how their columns are written, find keys twice."""
        evidence = {
            field.name: evidence_of(field.evidence)
            for field in self._table.fields
            if field.evidence and field.name in self.mapping.columns
        }
        looks = [(self.mapping.columns[name], column) for name, column in evidence.items()]
        read_key = key_reader(self._table, self.mapping)
        keys = Keys()
        self.count = self.without_key = 0
        async for first_row, rows in self._turns():
            self.count = first_row + len(rows) - 1
            numbers = [row.number for row in rows if isinstance(row.cells, dict)]
            records = [row.cells for row in rows if isinstance(row.cells, dict)]
            for column, of_column in looks:
                of_column.add_all(numbers, [record.get(column) for record in records])
            for row_number, row in enumerate(rows, first_row):
                if key := read_key(row.cells):
                    keys.add(row_number, key)
                elif key is not None:
                    self.first_without_key = self.first_without_key or row.number
                    self.without_key += 1
        found, style_notes = styles(evidence, self.mapping.told)
        self._layout |= habits_shown(evidence, self.mapping.told)
        self._parse = row_parser(self._table, self.mapping, found)
        self.last_rows = await self._last_readable(keys.shared(), read_key)
        self.skipped = asides.notes(self._skipped)
        self.notes = [
            *self._source.notes,
            *self.mapping.notes,
            *style_notes,
            *self.skipped,
            *self._counts(),
        ]

    async def _last_readable(self, shared: bytes, read_key: KeyReader) -> Sequence[int]:
        """Of rows that share a key, find the last one of each key that is not refused."""
        if not shared:
            return ()
        keys = Keys()
        async for row_number, row in self.as_they_came():
            is_shared = row_number < len(shared) and shared[row_number]
            if not is_shared:
                continue
            parsed = self._parse(row_number, row)
            if not isinstance(parsed, RowError):
                is_whole = self._suffices_for_new(parsed)
                keys.add(row_number, read_key(row.cells) or "", is_whole=is_whole)
        return keys.last_rows()

    def _suffices_for_new(self, row: Row) -> bool:
        return self._table.needed_by_new is None or self._table.needed_by_new in row

    def _counts(self) -> Iterator[str]:
        if replaced := sum(last > row for row, last in enumerate(self.last_rows)):
            yield f"Replaced by a later row of the same item: {replaced:,} rows."

    async def keys(self, size: int) -> AsyncIterator[list[str]]:
        """Yield the keys of all rows that have one, refused and replaced ones too, size a page."""
        read_key = key_reader(self._table, self.mapping)
        page: list[str] = []
        async for _, row in self.as_they_came():
            if key := read_key(row.cells):
                page.append(key)
            if len(page) == size:
                yield page
                page = []
        if page:
            yield page

    async def pages(self, size: int) -> AsyncIterator[tuple[int, list[ParsedRow]]]:
        """Yield (row_number of the first row, at most size parsed rows), in order; after survey().

        A row that a later one replaces is {"row_number", "superseded_by"}.
        """
        page: list[ParsedRow] = []
        async for row_number, row in self.as_they_came():
            page.append(self._settle(row_number, row))
            if len(page) == size:
                yield row_number - size + 1, page
                page = []
        if page:
            yield self.count - len(page) + 1, page

    def _settle(self, row_number: int, source_row: SourceRow) -> ParsedRow:
        """Parse a row, and leave it out when a later one of the same key replaces it."""
        row = self._parse(row_number, source_row)
        if isinstance(row, RowError):
            return row
        last = self.last_rows[row_number] if row_number < len(self.last_rows) else 0
        if last > row_number:
            return {"row_number": row_number, "superseded_by": last}
        if 0 < last < row_number:
            # It would replace a row that can make a new one, and cannot.
            field = self._table.needed_by_new
            problem = (
                f"{field} is missing, and an earlier row of the same {self._table.key} has one"
            )
            return RowError(row_number, source_row.number, field, problem, source_row.cells)
        if self._source.columns is not None and self._may_be_kept_out(row):
            # Of records, the database has them.
            row["as_it_came"] = source_row.cells
        return row

    def _may_be_kept_out(self, row: Row) -> bool:
        """Whether the database may refuse a row for what is there, or is not."""
        has_a_say = self._mode != "upsert" and not self._table.is_always_new
        return has_a_say or not self._suffices_for_new(row)

    async def refused(
        self, problems: Mapping[int, str], *, are_all: bool
    ) -> AsyncIterator[tuple[int, object, str]]:
        """Yield (file_row, cells as they came, problem) of each row that did not get in.

        Args:
            problems: by file_row, as the database keeps them.
            are_all: whether there are no more than these; else rows are parsed again.

        """
        async for row_number, row in self.as_they_came():
            cells = row.cells.shown if isinstance(row.cells, Unreadable) else row.cells
            if row.number in problems:
                yield row.number, cells, problems[row.number]
            elif not are_all:
                settled = self._settle(row_number, row)
                if isinstance(settled, RowError):
                    yield row.number, cells, settled.message

    async def as_they_came(self) -> AsyncIterator[tuple[int, SourceRow]]:
        """Yield (row_number, row), without those that are skipped."""
        async for first_row, rows in self._turns():
            for row_number, row in enumerate(rows, first_row):
                yield row_number, row

    async def _turns(self) -> AsyncIterator[tuple[int, list[SourceRow]]]:
        """Yield (row_number of the first row, the next rows); gives others their turn."""
        first_row = 1
        skipped: dict[str, Tally] = {}
        async for page in self._source.pages():
            self.raise_if_stopped()
            rows = self._asides.without(page, skipped)
            for start in range(0, len(rows), _ROWS_A_TURN):
                yield first_row + start, rows[start : start + _ROWS_A_TURN]
                await asyncio.sleep(0)
            first_row += len(rows)
        self._skipped = skipped


async def map_rows(  # noqa: PLR0913, PLR0917 - all that a mapping depends on
    job: Job,
    source: Source,
    table: Table,
    stop: asyncio.Event,
    mode: Mode = "upsert",
    memory: Memory = NOTHING_KNOWN,
) -> Rows:
    """Find out which column of a source holds which field.

    Raises:
        JobRefusedError: the mapping is wrong, or there is none for a required field.

    """
    try:
        columns, mapping = await find_mapping(job, source, table, memory)
    except JobRefusedError as error:
        raise JobRefusedError(f"{source.missing} {error}".strip()) from None
    mapping = complete(mapping, source, table, mode, memory)
    return Rows(source, table, columns, mapping, mode, stop, memory)


def _layout(source: Source, memory: Memory) -> dict[str, object]:
    """Say in options where the rows are: what was said, and what was found."""
    found = {} if source.header_row is None else {"header_row": source.header_row}
    chosen = {"sheet": source.sheet} if source.sheet in memory.sheets else {}
    said = {name: said for name in _SAID if (said := memory.said.get(name)) is not None}
    return {**found, **chosen, **said}
