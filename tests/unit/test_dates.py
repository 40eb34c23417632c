import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.importing.values import Style, ValueProblem, date

MONTH_FIRST, DAY_FIRST, EITHER = Style(), Style(dates="d/m"), Style(dates="?")
ADVICE = "write it like 2026-03-25"
BOTH_ORDERS = "this column has dates with the day first and dates with the month first"


@pytest.mark.parametrize("style", [MONTH_FIRST, DAY_FIRST, EITHER])
@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        # nothing in it
        (None, None),
        ("", None),
        (" \t\xa0", None),
        # ISO, also with a time
        ("2026-03-12", "2026-03-12"),
        (" 2026-03-12 ", "2026-03-12"),
        # as text for a spreadsheet, and with marks of direction
        ('="2026-03-12"', "2026-03-12"),
        ('=""', None),
        ("\u200e2026\u200e-\u200e03\u200e-\u200e12", "2026-03-12"),
        ("\uff12\uff10\uff12\uff16-03-12", "2026-03-12"),
        ("2026-3-4", "2026-03-04"),
        ("2026-03-12T14:30", "2026-03-12"),
        ("2026-03-12T14:30:00", "2026-03-12"),
        ("2026-03-12 14:30:00", "2026-03-12"),
        ("2026-03-12 00:00:00.000000", "2026-03-12"),
        ("2026-03-12T23:59:59Z", "2026-03-12"),
        ("2026-03-12T23:59:59.123456789Z", "2026-03-12"),
        ("2026-03-12T00:30:00+05:30", "2026-03-12"),
        ("2026-03-12 23:30:00-0800", "2026-03-12"),
        ("2026-03-12 23:30:00+00", "2026-03-12"),
        ("2026-03-12 23:30:00 UTC", "2026-03-12"),
        # year first
        ("2026/03/12", "2026-03-12"),
        ("2026.03.12", "2026-03-12"),
        # a point after the day puts it first
        ("12.03.2026", "2026-03-12"),
        ("4.3.2026", "2026-03-04"),
        ("4. 3. 2026", "2026-03-04"),
        ("4.3.26", "2026-03-04"),
        ("12.03.2026 14:30", "2026-03-12"),
        # both orders mean the same
        ("5/5/2026", "2026-05-05"),
        # months by name
        ("12 Mar 2026", "2026-03-12"),
        ("12 March 2026", "2026-03-12"),
        ("12-Mar-26", "2026-03-12"),
        ("12-MAR-2026", "2026-03-12"),
        ("12/mar/2026", "2026-03-12"),
        ("12Mar2026", "2026-03-12"),
        ("12. Mar. 2026", "2026-03-12"),
        ("12th March, 2026", "2026-03-12"),
        ("1st Sept 2026", "2026-09-01"),
        ("March 12, 2026", "2026-03-12"),
        ("Mar 12 2026", "2026-03-12"),
        ("Mar. 12, 2026", "2026-03-12"),
        ("March 2nd, 2026", "2026-03-02"),
        ("Mar-12-26", "2026-03-12"),
        ("March 12, 2026, 2:30 PM", "2026-03-12"),
        ("2026-Mar-12", "2026-03-12"),
        ("2026 March 12", "2026-03-12"),
        ("May 1, 2026", "2026-05-01"),
        # two-digit years
        ("1 Jan 00", "2000-01-01"),
        ("1 Jan 68", "2068-01-01"),
        ("1 Jan 69", "1969-01-01"),
        ("1 Jan 99", "1999-01-01"),
        # the calendar's corners
        ("29 Feb 2024", "2024-02-29"),
        ("29.02.2000", "2000-02-29"),
        ("1900-01-01", "1900-01-01"),
        ("2199-12-31", "2199-12-31"),
    ],
)
def test_dates_of_any_column(cell: object, style: Style, expected: str | None) -> None:
    assert date(cell, style) == expected


@pytest.mark.parametrize(
    ("cell", "style", "expected"),
    [
        ("3/4/2026", MONTH_FIRST, "2026-03-04"),
        ("3/4/2026", DAY_FIRST, "2026-04-03"),
        ("03/04/26", MONTH_FIRST, "2026-03-04"),
        ("03/04/26", DAY_FIRST, "2026-04-03"),
        ("03-04-2026", MONTH_FIRST, "2026-03-04"),
        ("03-04-2026", DAY_FIRST, "2026-04-03"),
        ("3 / 4 / 2026", DAY_FIRST, "2026-04-03"),
        ("3/25/2026", MONTH_FIRST, "2026-03-25"),
        ("25/3/2026", DAY_FIRST, "2026-03-25"),
        ("3/25/2026", EITHER, "2026-03-25"),
        ("25/3/2026", EITHER, "2026-03-25"),
        ("3/4/2026 0:00", MONTH_FIRST, "2026-03-04"),
        ("3/4/2026 12:00:00 AM", MONTH_FIRST, "2026-03-04"),
        ("3/4/2026 2:30 p.m.", DAY_FIRST, "2026-04-03"),
    ],
)
def test_the_order_of_a_column(cell: str, style: Style, expected: str) -> None:
    assert date(cell, style) == expected


@pytest.mark.parametrize(
    ("cell", "style", "problem"),
    [
        (
            "13/05/2026",
            MONTH_FIRST,
            f"has no month 13, this column was read with the month first, {ADVICE}",
        ),
        (
            "05/13/2026",
            DAY_FIRST,
            f"has no month 13, this column was read with the day first, {ADVICE}",
        ),
        ("03/04/2026", EITHER, f"is not clear, {BOTH_ORDERS}, {ADVICE}"),
        # no such day
        ("2026-02-31", MONTH_FIRST, "is a day that does not exist"),
        ("2026-13-01", MONTH_FIRST, "is a day that does not exist"),
        ("31/02/2026", DAY_FIRST, "is a day that does not exist"),
        ("31/02/2026", EITHER, "is a day that does not exist"),
        ("02/31/2026", MONTH_FIRST, "is a day that does not exist"),
        ("99/99/2026", MONTH_FIRST, "is a day that does not exist"),
        ("99/99/2026", EITHER, "is a day that does not exist"),
        ("0/0/2026", MONTH_FIRST, "is a day that does not exist"),
        ("29.02.2023", MONTH_FIRST, "is a day that does not exist"),
        ("29.02.1900", MONTH_FIRST, "is a day that does not exist"),
        (
            "5.13.2026",
            MONTH_FIRST,
            f"has no month 13, dates with points are read with the day first, {ADVICE}",
        ),
        ("Feb 30, 2026", MONTH_FIRST, "is a day that does not exist"),
        # no such year
        ("1899-12-31", MONTH_FIRST, f"is not a date from 1900 to 2199, {ADVICE}"),
        ("2200-01-01", MONTH_FIRST, f"is not a date from 1900 to 2199, {ADVICE}"),
        ("0000-00-00", MONTH_FIRST, f"is not a date from 1900 to 2199, {ADVICE}"),
        ("9999-12-31", MONTH_FIRST, f"is not a date from 1900 to 2199, {ADVICE}"),
        # numbers
        ("46093", MONTH_FIRST, f"is a number, not a date, {ADVICE}"),
        ("46093.5", MONTH_FIRST, f"is a number, not a date, {ADVICE}"),
        ("20260312", MONTH_FIRST, f"is a number, not a date, {ADVICE}"),
        ("2026", MONTH_FIRST, f"is a number, not a date, {ADVICE}"),
        ("-1", MONTH_FIRST, f"is a number, not a date, {ADVICE}"),
        # no dates
        ("soon", MONTH_FIRST, f"is not a date, {ADVICE}"),
        ("March 2026", MONTH_FIRST, f"is not a date, {ADVICE}"),
        ("12 March", MONTH_FIRST, f"is not a date, {ADVICE}"),
        ("12 Foo 2026", MONTH_FIRST, f"is not a date, {ADVICE}"),
        ("12 Marc 2026", MONTH_FIRST, f"is not a date, {ADVICE}"),
        ("3/4", MONTH_FIRST, f"is not a date, {ADVICE}"),
        ("3/4/026", MONTH_FIRST, f"is not a date, {ADVICE}"),
        ("3/4-2026", MONTH_FIRST, f"is not a date, {ADVICE}"),
        ("3/4/2026/5", MONTH_FIRST, f"is not a date, {ADVICE}"),
        ("2026-03-12T25:00", MONTH_FIRST, f"is not a date, {ADVICE}"),
        ("2026-03-12T10:60", MONTH_FIRST, f"is not a date, {ADVICE}"),
        ("2026-03-12 to 2026-03-14", MONTH_FIRST, f"is not a date, {ADVICE}"),
        ("14:30", MONTH_FIRST, f"is not a date, {ADVICE}"),
        ("=TODAY()", MONTH_FIRST, f"is not a date, {ADVICE}"),
        ("٣/٤/٢٠٢٦", MONTH_FIRST, f"is not a date, {ADVICE}"),
    ],
)
def test_what_no_date_is(cell: str, style: Style, problem: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        date(cell, style)
    assert str(refused.value) == f'"{cell}" {problem}'


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (46093, f"46093 is a number, not a date, {ADVICE}"),
        (46093.5, f"46093.5 is a number, not a date, {ADVICE}"),
        (0, f"0 is a number, not a date, {ADVICE}"),
        (math.nan, f"NaN is a number, not a date, {ADVICE}"),
        (2**200, f"the number is a number, not a date, {ADVICE}"),
        (True, f"true is not a date, {ADVICE}"),
        ([], f"a list is not a date, {ADVICE}"),
        ({}, f"an object is not a date, {ADVICE}"),
    ],
)
def test_json_holds_no_dates(cell: object, problem: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        date(cell)
    assert str(refused.value) == problem


def outcome(cell: object, style: Style) -> str | ValueProblem | None:
    """Give the date, or the problem; any other exception fails the test."""
    try:
        return date(cell, style)
    except ValueProblem as problem:
        return problem


@pytest.mark.parametrize("piece", ["1", "1/", "1-", " ", "12:", "Mar ", "T", "\u2009", "1. "])
def test_a_long_cell_takes_no_time(piece: str) -> None:
    for length in (63, 64, 65, 32_767, 3_000_000):
        cell = (piece * length)[:length]
        value = outcome(cell, MONTH_FIRST)
        assert len(str(value)) < 200
        assert isinstance(value, ValueProblem) or (value is None and cell.isspace())


# Properties: the same answers as the calendar.

DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31))
OF_ANY_COLUMN = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y/%m/%d", "%d.%m.%Y", "%d %b %Y", "%d-%b-%Y",
                 "%B %d, %Y", "%d %B %Y", "%b %d %Y", "%d.%m.%Y %H:%M"]  # fmt: skip
OF_ONE_ORDER = [
    (MONTH_FIRST, "%m/%d/%Y"),
    (MONTH_FIRST, "%m-%d-%Y"),
    (MONTH_FIRST, "%m/%d/%Y %I:%M %p"),
    (DAY_FIRST, "%d/%m/%Y"),
    (DAY_FIRST, "%d-%m-%Y"),
]


@given(DAYS, st.sampled_from(OF_ANY_COLUMN), st.sampled_from([MONTH_FIRST, DAY_FIRST, EITHER]))
def test_a_date_comes_back_as_written(day: dt.date, form: str, style: Style) -> None:
    assert date(day.strftime(form), style) == day.isoformat()


@given(DAYS, st.sampled_from(OF_ONE_ORDER))
def test_a_date_comes_back_in_its_order(day: dt.date, case: tuple[Style, str]) -> None:
    style, form = case
    assert date(day.strftime(form), style) == day.isoformat()


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1900, 2199))
def test_two_orders_give_a_day_only_if_they_agree(first: int, second: int, year: int) -> None:
    possible = set()
    for month, day in ((first, second), (second, first)):
        try:
            possible.add(dt.date(year, month, day).isoformat())
        except ValueError:
            continue
    cell = f"{first}/{second}/{year}"
    if len(possible) == 1:
        assert date(cell, EITHER) == possible.pop()
    else:
        with pytest.raises(ValueProblem):
            date(cell, EITHER)


@given(
    st.one_of(st.text(), st.text("0123456789/-. :TZ", max_size=20), st.floats(), st.integers()),
    st.sampled_from([MONTH_FIRST, DAY_FIRST, EITHER]),
)
def test_any_cell_is_a_day_or_a_problem(cell: object, style: Style) -> None:
    value = outcome(cell, style)
    if isinstance(value, ValueProblem):
        assert str(value).encode().decode().isprintable()
    else:
        assert value is None or 1900 <= dt.date.fromisoformat(value).year <= 2199
