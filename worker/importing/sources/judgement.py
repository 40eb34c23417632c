"""The parent's side of the choice of a sheet: judged by what the child has written of it."""

from pathlib import Path

from worker.importing.sources.header import SEARCHED_ROWS, HeaderJudge, Likeness, find_header, names
from worker.importing.sources.options import FileOptions
from worker.importing.sources.spooled_rows import spooled_row


class SheetJudgement:
    """What is known of the sheets that the child asked about.

    Args:
        spool: where the beginning of a sheet is.
        options: what is said of the file.
        judge: tells a header from other rows.

    """

    def __init__(self, spool: Path, options: FileOptions, judge: HeaderJudge) -> None:
        self._spool = spool
        self._header_row = options.header_row
        self._likely = options.likely_sheets
        self._judge = judge
        self._seen: list[tuple[Likeness, str]] = []

    def answer(self, sheet: str | None) -> object:
        """Say whether a sheet is wanted; of None, which one is the best if none was."""
        if sheet is None:
            with_all = (name for likeness, name in self._seen if self._has_all(likeness))
            return next(with_all, max(self._seen, key=lambda seen: seen[0])[1])
        likeness = self._likeness()
        self._seen.append((likeness, sheet))
        if self._likely:  # which may come further behind
            return sheet in self._likely and likeness.required > self._judge.required
        return self._has_all(likeness)

    @property
    def has_found(self) -> bool:
        """Whether a sheet has all that is required, as far as anybody asked."""
        return not self._seen or any(self._has_all(likeness) for likeness, _ in self._seen)

    def _has_all(self, likeness: Likeness) -> bool:
        return likeness.required >= self._judge.required

    def _likeness(self) -> Likeness:
        with self._spool.open("rb") as file:
            rows = [spooled_row(line) for line in file]
        rows = [row for row in rows if self._header_row in {None, row[0]}]
        header = find_header(rows[:SEARCHED_ROWS], self._judge)
        return Likeness(0, 0) if header is None else self._judge(names(rows[header][1]))
