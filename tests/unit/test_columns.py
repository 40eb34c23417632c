import datetime as dt
import time
from collections.abc import Callable, Iterable
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from worker.importing.columns import Evidence, Kind, evidence_of, styles
from worker.importing.columns.numbers import NumberEvidence
from worker.importing.values import Style, ValueProblem, date, dollars

POINT, COMMA, BOTH_MARKS = Style(), Style(decimal=","), Style(decimal="?")
MONTH_FIRST, DAY_FIRST, BOTH_ORDERS = Style(), Style(dates="d/m"), Style(dates="?")


def evidence(kind: Kind, cells: Iterable[object]) -> Evidence:
    column = evidence_of(kind)
    for row, cell in enumerate(cells, 2):
        column.add_all([row], [cell])
    return column


def decided(kind: Kind, cells: Iterable[object]) -> tuple[Style, list[str]]:
    chosen, notes = styles({"field": evidence(kind, cells)})
    return chosen["field"], notes


READ_WITH_COMMA = "field: read with a decimal comma, as in 1.234,50."
MIXED = (
    "field: some numbers have a decimal comma and some a decimal point, each is read as written."
)


@pytest.mark.parametrize(
    ("cells", "style", "notes"),
    [
        # nothing that tells
        ([], POINT, []),
        (
            ["", " ", "abc", "12", "-12", "1 234", "1'234", "$5", "1,2.3", "1/2"],
            POINT,
            [],
        ),
        ([None, True, 12.5, 1234, [], {}], POINT, []),
        # a point
        (["12.50"], POINT, []),
        (["0.5", "1,234", "1.234"], POINT, []),
        (["1,234.50"], POINT, []),
        (["1,234,567"], POINT, []),
        (["1.2345"], POINT, []),
        (["0.500"], POINT, []),
        (["5."], POINT, []),
        (["-$1,234.50"], POINT, []),
        (["(1,234.50) CAD", "12.5%"], POINT, []),
        (["1.5E+05"], POINT, []),
        # a comma
        (["12,50"], COMMA, [READ_WITH_COMMA]),
        (["0,5"], COMMA, [READ_WITH_COMMA]),
        (["1.234,50"], COMMA, [READ_WITH_COMMA]),
        (["1.234.567"], COMMA, [READ_WITH_COMMA]),
        (["1,2345"], COMMA, [READ_WITH_COMMA]),
        (["0,500"], COMMA, [READ_WITH_COMMA]),
        (["(12,5 %)"], COMMA, [READ_WITH_COMMA]),
        (["1 234,50"], COMMA, [READ_WITH_COMMA]),
        (["1.234", "12", "12,5", "1,234"], COMMA, [READ_WITH_COMMA]),
        # both
        (["12,50", "12.50"], BOTH_MARKS, [MIXED]),
        (
            ["12.50", "1.234", "12,50"],
            BOTH_MARKS,
            [MIXED, "field: 1.234 can mean 1234 or 1.234 here, such numbers are refused."],
        ),
        (
            ["1,234", "12,50", "1,234.50"],
            BOTH_MARKS,
            [MIXED, "field: 1,234 can mean 1234 or 1.234 here, such numbers are refused."],
        ),
        # only what can mean either
        (["1,234", "12,000"], POINT, []),
        (
            ["1.234", "7"],
            POINT,
            ["field: 1.234 is read as 1.234, not 1234, as nothing in the file says otherwise."],
        ),
    ],
)
def test_the_decimal_mark_of_a_column(cells: list[object], style: Style, notes: list[str]) -> None:
    assert decided("number", cells) == (style, notes)


@pytest.mark.parametrize(
    ("cells", "others", "style", "notes"),
    [
        (["1.234"], [["12,5"]], COMMA, "1.234 is read as 1234, not 1.234, as in the file's"),
        (["1,234"], [["12,5"]], COMMA, "1,234 is read as 1.234, not 1234, as in the file's"),
        (["1.234"], [["12.5"]], POINT, "1.234 is read as 1.234, not 1234, as in the file's"),
        (["1,234"], [["12.5"]], POINT, None),
        (["12"], [["12,5"]], COMMA, None),
        (["1,234"], [["12"], ["5"]], POINT, None),
        (["1.234"], [["12,5"], ["12.5"]], POINT, "1.234 is read as 1.234, not 1234, as the file's"),
        (["1,234"], [["12,5"], ["12.5"]], POINT, "1,234 is read as 1234, not 1.234, as the file's"),
        (["1.234"], [["12,5", "1.5"]], POINT, "1.234 is read as 1.234, not 1234, as the file's"),
        (["1.234"], [["12,5"], ["0,5"]], COMMA, "1.234 is read as 1234, not 1.234, as in the"),
        # its own cells weigh more
        (["12.5", "1,234"], [["12,5"]], POINT, None),
    ],
)
def test_what_the_other_columns_say(
    cells: list[str], others: list[list[str]], style: Style, notes: str | None
) -> None:
    columns = {f"other_{n}": evidence("number", other) for n, other in enumerate(others)}
    chosen, said = styles({"field": evidence("number", cells), **columns})
    assert chosen["field"] == style
    about = [note for note in said if note.startswith("field:")]
    assert len(about) == (0 if notes is None else 1)
    assert notes is None or about[0].startswith(f"field: {notes}")


DAY_NOTE = "field: read with the day first, as in 25/03/2026."
MONTH_NOTE = "field: read with the month first, as in 03/25/2026."
MIXED_DATES = (
    "field: some dates have the day first and some the month first, each is read as written."
)


@pytest.mark.parametrize(
    ("cells", "style", "notes"),
    [
        ([], MONTH_FIRST, []),
        (["2026-03-25", "25.03.2026", "4.3.2026", "12 Mar 2026", "soon", ""], MONTH_FIRST, []),
        ([None, 46093, True], MONTH_FIRST, []),
        (["5/5/2026", "2026/03/04", "99/99/2026", "0/5/2026", "5/32/2026"], MONTH_FIRST, []),
        (["03/25/2026"], MONTH_FIRST, []),
        (["03/25/2026", "03/04/2026"], MONTH_FIRST, [MONTH_NOTE]),
        (["25/03/2026"], DAY_FIRST, [DAY_NOTE]),
        (["25-03-26"], DAY_FIRST, [DAY_NOTE]),
        (["03/04/2026", "25/3/2026 14:30"], DAY_FIRST, [DAY_NOTE]),
        (["25/03/2026", "03/25/2026"], BOTH_ORDERS, [MIXED_DATES]),
        (
            ["25/03/2026", "03/25/2026", "03/04/2026"],
            BOTH_ORDERS,
            [
                MIXED_DATES,
                "field: 03/04/2026 can mean March 4 or April 3 here, such dates are refused.",
            ],
        ),
        (
            ["03/04/2026"],
            MONTH_FIRST,
            [
                (
                    "field: 03/04/2026 is read as March 4, not April 3,"
                    " as nothing in the file says otherwise."
                )
            ],
        ),
    ],
)
def test_the_order_of_a_column(cells: list[object], style: Style, notes: list[str]) -> None:
    assert decided("date", cells) == (style, notes)


def test_dates_follow_the_other_date_columns() -> None:
    chosen, notes = styles(
        {
            "valid_until": evidence("date", ["03/04/2026"]),
            "created": evidence("date", ["25/03/2026"]),
            "total": evidence("number", ["12.50"]),
        }
    )
    assert chosen == {"valid_until": DAY_FIRST, "created": DAY_FIRST, "total": POINT}
    assert notes == [
        "valid_until: 03/04/2026 is read as April 3, not March 4, as in the file's other columns.",
        "created: read with the day first, as in 25/03/2026.",
    ]


@pytest.mark.parametrize(
    ("cells", "carried"),
    [
        (["$5", "C$5", "CA$5", "US$5", "CAD 5", "5 USD", "abc €", "€", "€1,2.3"], None),
        (["€5", "6 €"], "€"),
        (["5 eur"], "EUR"),
        (["£5", "€5", "5", "GBP 5"], "GBP and £ and €"),
        (["€5 EUR"], "EUR and €"),
    ],
)
def test_other_currencies_are_noted_once(cells: list[str], carried: str | None) -> None:
    note = f"unit_price: some amounts carry {carried}; amounts are taken as they are, nothing is"
    _, notes = styles({"unit_price": evidence("number", cells)})
    assert notes == ([] if carried is None else [f"{note} converted."])


DASHES = "cost: a dash is read as 0, as accounting formats show it: "


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        ([" $1,234.50 ", " $-   "], f'{DASHES}1 row, e.g. row 3 "$-".'),
        (["12", "$ -"], f'{DASHES}1 row, e.g. row 3 "$ -".'),
        (["$ \u2013"], f'{DASHES}1 row, e.g. row 2 "$ \u2013".'),
        (["12", "-   €"], f'{DASHES}1 row, e.g. row 3 "-   €".'),
        ([" $ 1,234.00 ", "-", " -   "], f'{DASHES}2 rows, e.g. row 3 "-".'),
        (["(5.00)", "12.00", "-"], f'{DASHES}1 row, e.g. row 4 "-".'),
        ([" 1,234.00 ", " 12.00 ", " -   "], f'{DASHES}1 row, e.g. row 4 "-".'),
        ([" 1,234.00\xa0", " -\xa0\xa0 "], f'{DASHES}1 row, e.g. row 3 "-".'),
        # a dash alone says nothing
        (["$12.50", "-"], None),
        (["$ 12.50", "-"], None),
        (["12.50", "-", "7"], None),
        (["12.50  ", "-      "], None),
        ([" 12.50 ", "-"], None),
        ([" 12.50 ", "13.50", " -   "], None),
        ([" -   "] + ["12.50"] * 3, None),
        (["-"], None),
        (["--", "n/a"], None),
        (["$12.50 "], None),
    ],
)
def test_a_dash_is_zero_where_the_column_shows_an_accounting_format(
    cells: list[str], note: str | None
) -> None:
    column = evidence("number", cells)
    chosen, notes = styles({"cost": column})
    assert notes == ([] if note is None else [note])
    for cell in cells:
        if cell.strip() == "-" and note:
            assert dollars(cell, chosen["cost"]) == "0.00"
        elif cell.strip() == "-":
            with pytest.raises(ValueProblem, match="may mean 0 or nothing"):
                dollars(cell, chosen["cost"])


OWNERS = (
    "accountOwnerNumber: no e-mail address: {}. A new contact there belongs to whoever uploaded "
    "the file, one that was there keeps its owner."
)


@pytest.mark.parametrize(
    ("cells", "seen"),
    [
        (["ann@lee.test", "", None, " "], None),
        (["Olivia Park", "ann@lee.test", "OP"], '2 rows, e.g. row 2 "Olivia Park"'),
        ([12], "1 row, e.g. row 2 12"),
        # refused: meant as an address, or no text
        (["ann@", "#N/A", True, [], "x" * 300], None),
    ],
)
def test_owners_who_are_no_addresses_are_counted(cells: list[object], seen: str | None) -> None:
    _, notes = styles({"accountOwnerNumber": evidence("owner", cells)})
    assert notes == ([] if seen is None else [OWNERS.format(seen)])


def test_what_plain_cells_cost_is_shown(figure: Callable[[str], None]) -> None:
    column = NumberEvidence()
    started = time.perf_counter()
    for _ in range(80_000 // 4):
        for cell in ("12.50", "7", "1,234.50", 12.5):
            column.add(2, cell)
    assert column.habit() == "usual"
    figure(f"evidence of 80,000 plain cells: {time.perf_counter() - started:.3f} s")


@pytest.mark.parametrize("kind", ["number", "date"])
@pytest.mark.parametrize("piece", ["1", "1,234", "1.", "1/", " ", "(", "12-"])
def test_a_long_cell_says_nothing_and_takes_no_time(kind: Kind, piece: str) -> None:
    column = evidence(kind, [piece * 1_000_000] * 2)
    assert column.habit() is None
    assert not column.unclear


# Properties: what a column's style makes of its cells.

NUMBERISH = st.lists(st.sampled_from(["0", "7", "12", "345", "000", *".,$-"]), max_size=6).map(
    "".join
)


@given(NUMBERISH)
@example("0,500.50")
@example("0.500,50")
def test_the_quick_look_sees_what_the_long_one_sees(cell: str) -> None:
    quick, long = evidence("number", [cell]), evidence("number", [f"{cell} "])
    assert (quick.habit(), quick.unclear) == (long.habit(), long.unclear)


@given(st.lists(NUMBERISH, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_cells_does_not_matter(cells: list[str], random) -> None:
    shuffled = random.sample(cells, len(cells))
    (style, notes), (other, others) = decided("number", cells), decided("number", shuffled)
    assert style == other
    # But for the row that is shown.
    assert [note.partition(", e.g. ")[0] for note in notes] == [
        note.partition(", e.g. ")[0] for note in others
    ]


AMOUNTS = st.lists(st.decimals("-99999999", "99999999", places=2), min_size=1, max_size=8)


def written(amount: Decimal, style: Style) -> str:
    exchanged = {ord(","): ".", ord("."): ","}
    return f"{amount:,}".translate(exchanged if style == COMMA else {})


@given(AMOUNTS, st.sampled_from([POINT, COMMA]))
def test_a_column_of_one_habit_is_read_as_written(amounts: list[Decimal], habit: Style) -> None:
    cells = [written(amount, habit) for amount in amounts]
    style, _ = decided("number", cells)
    assert style == habit
    assert [Decimal(dollars(cell, style) or "") for cell in cells] == amounts


@given(
    st.lists(
        st.tuples(
            st.decimals("-99999999", "99999999", places=3) | st.integers().map(Decimal),
            st.sampled_from([POINT, COMMA]),
        ),
        max_size=8,
    )
)
def test_a_column_of_both_habits_is_never_read_wrong(cases: list[tuple[Decimal, Style]]) -> None:
    cells = ["0.5", "0,5", *(written(amount, habit) for amount, habit in cases)]
    style, notes = decided("number", cells)
    assert style == BOTH_MARKS
    assert notes[0] == MIXED
    for cell, (amount, habit) in zip(cells[2:], cases, strict=True):
        try:
            value = dollars(cell, style)
        except ValueProblem:
            continue
        assert value == dollars(cell, habit)
        assert abs(Decimal(value or "") - amount) <= Decimal("0.005")


@given(
    st.lists(st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31)), max_size=8),
    st.sampled_from([(MONTH_FIRST, "%m/%d/%Y"), (DAY_FIRST, "%d/%m/%Y")]),
)
def test_dates_of_one_habit_are_read_as_written(days, case: tuple[Style, str]) -> None:
    habit, form = case
    proof = "12/31/2026" if habit == MONTH_FIRST else "31/12/2026"
    cells = [proof, *(day.strftime(form) for day in days)]
    style, _ = decided("date", cells)
    assert style == habit
    assert [date(cell, style) for cell in cells[1:]] == [day.isoformat() for day in days]
