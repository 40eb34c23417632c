"""Several tables of one file in one spool, and which of them is meant."""

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from worker.exceptions import JobRefusedError
from worker.importing.sources.header import SEARCHED_ROWS, HeaderJudge, names
from worker.importing.sources.rows import Unreadable
from worker.importing.sources.sheets import find_name
from worker.importing.sources.spool import listed, no_sheet, sheets, uncalculated_notes
from worker.importing.sources.spooled_rows import spooled_row
from worker.importing.sources.table import Chunk, chunks


@dataclass(slots=True)
class TablePlace:
    """A table's place in the spool, where its lines may stand between those of others."""

    # Its lines begin with this number and a tab.
    number: int
    # A sheet's name, or "".
    name: str
    # Where its first line begins and its last ends, in bytes.
    begin: int
    end: int = 0
    # Those that are not blank.
    rows: int = 0
    # How much of a table it is: the cells that stand beside others.
    size: int = 0
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class SpooledTable:
    """One of them, as rows."""

    path: Path
    place: TablePlace
    notes: tuple[str, ...]
    # Where the file says so itself.
    columns: tuple[str, ...] | None = None

    def chunks(self) -> Generator[Chunk, None, None]:
        """Yield (file row, cells) in order."""
        yield from chunks(self._rows())

    def _rows(self) -> Generator[tuple[int, int, list[object]], None, None]:
        mark = b"%d\t" % self.place.number
        with self.path.open("rb") as file:
            position = file.seek(self.place.begin)
            while position < self.place.end:
                line = file.readline()
                position += len(line)
                if line.startswith(mark):
                    number, cells = spooled_row(line[len(mark) :])
                    yield number, len(line), cells


def page_table(spool: Path, report: Mapping[str, Any], judge: HeaderJudge) -> SpooledTable:
    """Choose the largest table of a page; one with all required columns before all others."""
    places = _places(report)
    fits = {place.number: _fits(spool, place, judge) for place in places}
    found = max(places, key=lambda place: (fits[place.number], place.size, place.rows))
    how = "Read as an HTML table."
    others = [place for place in places if place.size and place is not found]
    if others:
        is_largest = all(found.size >= other.size for other in others)
        which = "the largest" if is_largest else "the one with the required columns"
        count = len(others) + report["count"] - len(places) + 1
        how = (
            f"Read as an HTML table, {which} of {count:,}, with {found.rows:,} rows; "
            "the others were left out."
        )
    return SpooledTable(spool, found, (how, *report["notes"]))


def sheet_table(
    spool: Path, report: Mapping[str, Any], judge: HeaderJudge, wanted: str | None
) -> SpooledTable:
    """Choose the named sheet; else the first with all required columns; else the first with rows.

    Raises:
        JobRefusedError: there is no sheet of that name.

    """
    places = sorted(_places(report), key=lambda place: place.is_hidden)
    if wanted is None:
        with_all = (place for place in places if _fits(spool, place, judge))
        found = next(with_all, places[0] if places else _NOTHING)
    else:
        name = find_name(wanted, sheets(report))
        if name is None:
            raise JobRefusedError(no_sheet(report))
        found = next((place for place in places if place.name == name), _NOTHING)
    notes = ["Read as XML Spreadsheet 2003."]
    if len(sheets(report)) > 1 and found.name:
        notes = [f'Read the sheet "{found.name}" of {listed(sheets(report))}.']
    return SpooledTable(spool, found, (*notes, *uncalculated_notes(report)))


def record_table(spool: Path, report: Mapping[str, Any]) -> SpooledTable:
    """Take records, which have their columns' names with them."""
    place = next(iter(_places(report)), _NOTHING)
    notes = ("Read as JSON records.", *report["notes"])
    return SpooledTable(spool, place, notes, tuple(report["columns"]))


_NOTHING = TablePlace(0, "", 0)


def _places(report: Mapping[str, Any]) -> list[TablePlace]:
    return [TablePlace(**place) for place in report["tables"]]


def _fits(spool: Path, place: TablePlace, judge: HeaderJudge) -> bool:
    """Whether a row at the table's beginning has all the required columns."""
    with closing(SpooledTable(spool, place, ()).chunks()) as parts:
        rows = [
            cells for _, cells in islice((row for part in parts for row in part), SEARCHED_ROWS)
        ]
    return any(
        judge(names(cells)).required >= judge.required
        for cells in rows
        if not isinstance(cells, Unreadable)
    )
