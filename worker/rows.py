"""A job's rows: mapped, parsed, and numbered as the ledger numbers them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial

from worker.columns import Evidence, styles
from worker.exceptions import StopRequestedError
from worker.job import Job, RowError
from worker.mapping import ColumnMapping, automatic_mapping, given_mapping, mapped_already
from worker.sources import Source, SourceRow
from worker.tables import Row, Table
from worker.values import Style, ValueProblem, shown

# A row for the apply function, which has "row_number" and "file_row", or the refusal.
ParsedRow = Row | RowError

# Rows between two turns of the event loop: some milliseconds.
_ROWS_A_TURN = 100


class Rows:
    """The rows of a source that count, as often as they are asked for.

    row_number is the 1-based ordinal among them; file_row is the number as their owner sees it.
    """

    def __init__(
        self, source: Source, table: Table, mapping: ColumnMapping, stop: asyncio.Event
    ) -> None:
        self.columns: tuple[str, ...] = source.columns or tuple(mapping.columns.values())
        self.mapping = mapping
        self.count = 0
        self._source = source
        self._stop = stop
        self._table = table
        self._skipped = 0
        # What their owner should know of how they were read, in sentences; after survey().
        self.notes: list[str] = []
        self._parse = row_parser(table, mapping, {})
        self._only_page: list[ParsedRow] | None = None

    def raise_if_stopped(self) -> None:
        """Give up between two pages or batches.

        Raises:
            StopRequestedError: the worker is shutting down.

        """
        if self._stop.is_set():
            raise StopRequestedError

    async def survey(self) -> None:
        """Go through all rows once: count them, and learn how their columns are written."""
        evidence = {
            field.name: Evidence(field.evidence)
            for field in self._table.fields
            if field.evidence and field.name in self.mapping.columns
        }
        seen = [(self.mapping.columns[name], column) for name, column in evidence.items()]
        self.count = 0
        async for _, rows in self._pages():
            self.count += len(rows)
            for row in rows:
                if isinstance(row.cells, Mapping):
                    for column, of_column in seen:
                        of_column.add(row.cells.get(column))
        found, style_notes = styles(evidence)
        skipped = f"Skipped as totals or headings, for they name nobody: {self._skipped:,} rows."
        self.notes = [
            *self._source.notes,
            *self.mapping.notes,
            *style_notes,
            *([skipped] if self._skipped else []),
        ]
        self._parse = row_parser(self._table, self.mapping, found)

    async def pages(self) -> AsyncIterator[tuple[int, list[ParsedRow]]]:
        """Yield (row_number of the first row, parsed rows), in order; after survey().

        Rows of one page are parsed once.
        """
        if self._only_page is not None:
            yield 1, self._only_page
            return
        async for first_row, rows in self._pages():
            page = []
            for row_number, row in enumerate(rows, first_row):
                if row_number % _ROWS_A_TURN == 0:
                    await asyncio.sleep(0)
                page.append(self._parse(row_number, row))
            if len(page) == self.count:
                self._only_page = page
            yield first_row, page

    async def refused(
        self, problems: Mapping[int, str], *, are_all: bool
    ) -> AsyncIterator[tuple[int, object, str]]:
        """Yield (file_row, cells as they came, problem) of each row that did not get in.

        Args:
            problems: by file_row, as the database keeps them.
            are_all: whether there are no more than these; else rows are parsed again.

        """
        async for first_row, rows in self._pages():
            for row_number, row in enumerate(rows, first_row):
                if row.number in problems:
                    yield row.number, row.cells, problems[row.number]
                elif not are_all:
                    if row_number % _ROWS_A_TURN == 0:
                        await asyncio.sleep(0)
                    parsed = self._parse(row_number, row)
                    if isinstance(parsed, RowError):
                        yield row.number, row.cells, parsed.message

    async def _pages(self) -> AsyncIterator[tuple[int, list[SourceRow]]]:
        """Yield (row_number of the first row, rows), without those that are skipped."""
        first_row = 1
        skipped = 0
        async for page in self._source.pages():
            self.raise_if_stopped()
            rows = page
            if self._table.skips_rows_without_required:
                rows = [row for row in page if not self._is_skipped(row)]
                skipped += len(page) - len(rows)
            yield first_row, rows
            first_row += len(rows)
        self._skipped = skipped

    def _is_skipped(self, row: SourceRow) -> bool:
        cells = row.cells
        if not isinstance(cells, Mapping):
            return False
        names = (name for group in self._table.required for name in group)
        columns = (self.mapping.columns[name] for name in names if name in self.mapping.columns)
        return all(_is_empty(cells.get(column)) for column in columns)


async def map_rows(job: Job, source: Source, table: Table, stop: asyncio.Event) -> Rows:
    """Find out which column of a source holds which field.

    Raises:
        JobRefusedError: the mapping is wrong, or there is none for a required field.

    """
    if source.columns is None and job.mapping is not None:
        return Rows(source, table, mapped_already(table), stop)
    columns = source.columns if source.columns is not None else await _keys(source)
    mapping = (
        given_mapping(columns, job.mapping, table)
        if job.mapping
        else automatic_mapping(columns, table)
    )
    rows = Rows(source, table, mapping, stop)
    rows.columns = tuple(columns)
    return rows


async def _keys(source: Source) -> list[str]:
    """Give the columns of raw records: every key of the first page, in order of appearance."""
    keys: dict[str, None] = {}
    async for page in source.pages():
        for row in page:
            if isinstance(row.cells, Mapping):
                keys.update(dict.fromkeys(row.cells))
        break
    return list(keys)


def row_parser(
    table: Table, mapping: ColumnMapping, found: Mapping[str, Style]
) -> Callable[[int, SourceRow], ParsedRow]:
    """Prepare to read rows: each field by its column, in its column's style.

    Returns:
        a function of the row_number and the row as it came: the row for the apply function, with
        only the cells that were given; or why it was refused.

    """
    readers = [
        (
            field.name,
            field.stored_as,
            mapping.columns[field.name],
            partial(field.read, style=found[field.name]) if field.name in found else field.read,
            (field.name,) in table.required,
        )
        for field in table.fields
        if field.name in mapping.columns
    ]
    stored_as = {field.name: field.stored_as for field in table.fields}
    groups = [(names[0], {stored_as[name] for name in names}) for names in table.required]

    def parse(row_number: int, source_row: SourceRow) -> ParsedRow:
        file_row, cells = source_row
        if not isinstance(cells, Mapping):
            problem = f"the record is {shown(cells)}, not fields with their values"
            return RowError(row_number, file_row, None, problem, cells)
        row: Row = {"row_number": row_number, "file_row": file_row}
        problems: dict[str, str] = {}
        for name, stored, column, read, is_required in readers:
            try:
                value = read(cells.get(column))
            except ValueProblem as problem:
                problems[name] = str(problem)
                continue
            if value is not None:
                row[stored] = value
            elif is_required:
                problems[name] = "is missing"
        for name, group in groups:
            if not problems and group.isdisjoint(row):
                problems[name] = "is missing"
        if problems:
            message = "; ".join(f"{name} {problem}" for name, problem in problems.items())
            culprit = next(iter(problems)) if len(problems) == 1 else None
            return RowError(row_number, file_row, culprit, message, cells)
        table.complete(row)
        return row

    return parse


def _is_empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())
