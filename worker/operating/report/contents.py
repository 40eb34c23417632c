"""What a report says: tables of values as they are, dates as dates and counts as integers."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from worker.operating.figures import Figures, Period

# A date; a moment in the report's zone; a count; seconds or rows a second, with decimals.
Kind = Literal["text", "date", "time", "count", "seconds", "rate"]
Value = str | dt.date | dt.datetime | int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the figure's name, what people call it, and what it holds."""

    name: str
    heading: str
    kind: Kind = "count"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a report; a row has a value for each column."""

    name: str
    says: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]

    def lines(self) -> list[dict[str, Any]]:
        """Give each row by the names of its figures."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Report:
    """All of it, and what it is of."""

    period: Period
    last_day: dt.date
    sheets: tuple[Sheet, ...]

    def sheet(self, name: str) -> Sheet:
        """Give one of its tables."""
        return next(sheet for sheet in self.sheets if sheet.name == name)

    @property
    def first_day(self) -> dt.date:
        """The first day that it looks at."""
        return self.last_day - dt.timedelta(days=self.period.days - 1)

    @property
    def title(self) -> str:
        """Say what it is of."""
        whose = self.period.organization_id or "all organizations"
        return f"Imports of {whose}"

    @property
    def span(self) -> str:
        """Say which days it is of."""
        return f"{self.first_day} to {self.last_day}, days of {self.period.time_zone}"


_COUNTS = (
    Column("jobs", "Jobs"),
    Column("failed_jobs", "Failed jobs"),
    Column("created", "Created"),
    Column("updated", "Updated"),
    Column("unchanged", "Of these unchanged"),
    Column("refused", "Refused"),
    Column("rows", "Rows"),
    Column("seconds", "Seconds", "seconds"),
    Column("rows_a_second", "Rows a second", "rate"),
    Column("waiting_p50", "Waiting p50 (s)", "seconds"),
    Column("waiting_p95", "Waiting p95 (s)", "seconds"),
    Column("running_p50", "Running p50 (s)", "seconds"),
    Column("running_p95", "Running p95 (s)", "seconds"),
)
_OF_A_DAY = (Column("day", "Day", "date"), Column("kind", "Kind", "text"), *_COUNTS)
_OF_AN_ORGANIZATION = (
    Column("organization_id", "Organization", "text"),
    Column("data_type", "Type", "text"),
    Column("kind", "Kind", "text"),
    *_COUNTS,
)
_OF_A_REASON = (
    Column("data_type", "Type", "text"),
    Column("reason", "Reason", "text"),
    Column("rows", "Rows"),
    Column("jobs", "Jobs"),
    Column("last_at", "Last", "time"),
)
_OF_A_FILE = (
    Column("organization_id", "Organization", "text"),
    Column("data_type", "Type", "text"),
    Column("file", "File", "text"),
    Column("failures", "Failures"),
    Column("uploads", "Uploads"),
    Column("first_failed_at", "First failure", "time"),
    Column("last_failed_at", "Last failure", "time"),
    Column("last_message", "What it said last", "text"),
)
_TIMES = (
    "Waiting is from when a job was due to when somebody began it, running from there to its end. "
    "Rehearsals and previews wrote nothing."
)


async def report_of(figures: Figures, period: Period) -> Report:
    """Ask for everything that a report of a period says.

    Raises:
        DatabaseUnavailableError, RequestRefusedError: as Figures does.

    """
    zone = ZoneInfo(period.time_zone)
    lines = await figures.sums(period)
    of_kinds = [line for line in lines if not line["day"] and not line["organization_id"]]
    of_days = [line for line in lines if line["day"]]
    of_organizations = [line for line in lines if line["organization_id"]]
    return Report(
        period,
        dt.datetime.now(zone).date(),
        (
            _sheet("Sums", f"All days together. {_TIMES}", _OF_A_DAY[1:], of_kinds, zone),
            _sheet("Days", "Days without anything are left out.", _OF_A_DAY, of_days, zone),
            _sheet(
                "Organizations",
                "All days together, by organization and type.",
                _OF_AN_ORGANIZATION,
                of_organizations,
                zone,
            ),
            _sheet(
                "Reasons",
                "Why rows were refused, without what was in them. A row with two problems counts "
                "in both. Known of rows that are still kept.",
                _OF_A_REASON,
                await figures.reasons(period),
                zone,
            ),
            _sheet(
                "Files",
                "Files that failed twice or more. Parts of one upload are one, and dates in a name "
                "do not count.",
                _OF_A_FILE,
                await figures.failing_files(period),
                zone,
            ),
        ),
    )


def _sheet(
    name: str,
    says: str,
    columns: Sequence[Column],
    lines: Sequence[Mapping[str, Any]],
    zone: ZoneInfo,
) -> Sheet:
    rows = (tuple(_READ[c.kind](line[c.name], zone) for c in columns) for line in lines)
    return Sheet(name, says, tuple(columns), tuple(rows))


def _moment(given: str, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.fromisoformat(given).astimezone(zone)


def _as_it_is(given: Any, _: ZoneInfo) -> Value:  # noqa: ANN401 - JSON
    value: Value = given
    return value


_READ: dict[Kind, Callable[[Any, ZoneInfo], Value]] = {
    "text": _as_it_is,
    "count": _as_it_is,
    "seconds": _as_it_is,
    "rate": _as_it_is,
    "date": lambda given, _: dt.date.fromisoformat(given),
    "time": _moment,
}
