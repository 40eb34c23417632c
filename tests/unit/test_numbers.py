import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.importing.values import Style, ValueProblem, cents, dollars, percent, whole_number

Reader = Callable[..., Any]

POINT, COMMA, EITHER = Style(), Style(decimal=","), Style(decimal="?")
MINUS = "\N{MINUS SIGN}"
SPACES = [" ", "\xa0", "\u2007", "\u2009", "\u202f", "\u3000"]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        # signs before and behind
        ("€5", 500),
        ("5 €", 500),
        ("£5", 500),
        ("5£", 500),
        ("C$5", 500),
        ("CA$ 5", 500),
        ("US$5", 500),
        ("us$5", 500),
        ("5 US$", 500),
        # codes before and behind
        ("CAD 5", 500),
        ("5 CAD", 500),
        ("USD5", 500),
        ("5USD", 500),
        ("EUR\xa05", 500),
        ("5 eur", 500),
        ("GBP 5", 500),
        # a sign and its code
        ("$5 CAD", 500),
        ("$5.00 USD", 500),
        ("CAD $5", 500),
        ("C$5 CAD", 500),
        ("€5 EUR", 500),
        ("GBP £5", 500),
        # negatives
        ("-€5", -500),
        ("€-5", -500),
        ("5 €-", -500),
        ("-CAD 5", -500),
        ("CAD -5", -500),
        ("CAD-5", -500),
        ("5 CAD -", -500),
        ("(CAD 5)", -500),
        ("CAD (5)", -500),
        ("(5) CAD", -500),
        ("$(5.25)", -525),
        (f"5{MINUS}", -500),
        # thousands
        ("1'234.50", 123_450),
        ("1\N{RIGHT SINGLE QUOTATION MARK}234.50", 123_450),
        ("12'345'678", 1_234_567_800),
        *[(f"1{space}234{space}567.5", 123_456_750) for space in SPACES],
    ],
)
def test_money_with_currencies_and_separators(cell: str, expected: int) -> None:
    assert cents(cell) == expected


ARABIC = str.maketrans("0123456789.,", "٠١٢٣٤٥٦٧٨٩\u066b٬")
PERSIAN = str.maketrans("0123456789.,", "۰۱۲۳۴۵۶۷۸۹\u066b٬")


@pytest.mark.parametrize("style", [POINT, COMMA, EITHER])
@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        # dashes for minus
        *[(f"{dash}5", -500) for dash in "\u2010\u2011\u2012\u2013—\u2212﹣\uff0d"],
        ("\u2013$5", -500),
        ("$\u20135", -500),
        ("5\u2212", -500),
        # digits of other scripts; their own marks say which they are
        ("١٢\u066b\u0665\u0660", 1250),
        ("1,234.50".translate(ARABIC), 123_450),
        ("1,234".translate(ARABIC), 123_400),
        ("1,234.5".translate(PERSIAN), 123_450),
        ("\uff11\uff12", 1200),
        ("\uff04\uff11\uff12", 1200),
        ("\u2212\uff11\uff12", -1200),
        ("\N{DEVANAGARI DIGIT FIVE}", 500),
        # marks of direction, and others that cannot be seen
        ("\u202d$5\u202c", 500),
        ("\u200e5", 500),
        ("\ufeff5", 500),
        ("\u200b 5 \u200b", 500),
        # text for a spreadsheet
        ('="5"', 500),
        ("'5", 500),
        ('"5"', 500),
        ('=""', None),
        # a dash for 0, and its currency
        ("$ -", 0),
        ("$-", 0),
        (" $ -   ", 0),
        ("$ \u2013", 0),
        ("-   €", 0),
        ("CAD -", 0),
        # how Canada writes its dollars
        ("5 $ CA", 500),
        ("$CA 5", 500),
        ("5 $ US", 500),
        ("5 CDN", 500),
        ("$5 CDN", 500),
    ],
)
def test_a_number_in_other_characters(cell: str, expected: int | None, style: Style) -> None:
    assert cents(cell, style) == expected


@pytest.mark.parametrize("cell", [
    "5\u2013", "5—", "12.\u2013", "12,—", "5\u201310", "12\xad5", "\xad5", "1\u20602,3\u2060",
    "¹²", "\uff11\uff0e\uff12\uff0e\uff13", "$ - 5 -", "- -", "$ --", "(-)", "$", "5 $ C", "5 CA",
    "5 $ AU", "\uff0d\uff0d5", "\uff11\uff0c\uff12", "12·50", "5 ٪", "='5",
])  # fmt: skip
def test_what_may_be_another_number_is_refused(cell: str) -> None:
    with pytest.raises(ValueProblem):
        cents(cell)


@given(st.decimals("-99999.99", "99999.99", places=2), st.sampled_from([ARABIC, PERSIAN]))
def test_other_digits_mean_what_ours_mean(amount: Decimal, script: dict[int, int]) -> None:
    written = f"{amount:,}".translate(script)
    assert cents(written) == cents(written, COMMA) == cents(str(amount))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("12,5", 1250),
        ("12,50", 1250),
        ("0,5", 50),
        ("0,500", 50),
        (",5", 50),
        ("5,", 500),
        ("1,234", 123),
        ("1234,567", 123_457),
        ("1.234", 123_400),
        ("1.234,50", 123_450),
        ("12.345.678,90", 1_234_567_890),
        ("1 234,50", 123_450),
        ("1'234,50", 123_450),
        ("-1.234,50", -123_450),
        ("1.234,50-", -123_450),
        ("(1.234,50 €)", -123_450),
        ("€ 1.234,50", 123_450),
        ("1.234,50 EUR", 123_450),
        ("1,2E+03", 120_000),
        ("7", 700),
        # JSON numbers have no style
        (1.234, 123),
        (12.5, 1250),
        (1234, 123_400),
    ],
)
def test_money_with_a_decimal_comma(cell: object, expected: int) -> None:
    assert cents(cell, COMMA) == expected


@pytest.mark.parametrize("cell", [
    "12.5", "12.50", "0.5", "0.500", "5.", "1,234.50", "1,234,567", "1.23", "1234.567", "1.2.3",
    "1.2345", "1.234 567", "(1.5)", "$1.50", "1,234.567,8", "5,-",
])  # fmt: skip
def test_a_point_that_a_decimal_comma_makes_unclear(cell: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        cents(cell, COMMA)
    assert str(refused.value) == f'"{cell}" is not clear, write it like 1234,50'


@pytest.mark.parametrize("cell", ["1.234.567", "-1.234.567", "1.234,50", "12,5", ",5", "€0,500"])
def test_a_comma_that_a_decimal_point_makes_unclear(cell: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        cents(cell)
    assert str(refused.value) == f'"{cell}" is not clear, write it like 1234.50'


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("12,50", "12.50"),
        ("12.50", "12.50"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1,234,567", "1234567.00"),
        ("1.234.567", "1234567.00"),
        ("0,500", "0.50"),
        ("1 234", "1234.00"),
        ("1234", "1234.00"),
        (1.234, "1.23"),
    ],
)
def test_a_column_of_both_marks_is_read_where_it_is_clear(cell: object, expected: str) -> None:
    assert dollars(cell, EITHER) == expected


@pytest.mark.parametrize("read", [cents, dollars, whole_number, percent])
@pytest.mark.parametrize("cell", ["1,234", "1.234", "-12,345", "(999.999)", "1.000", "12,3.4"])
def test_a_column_of_both_marks_is_refused_where_it_is_not(read: Reader, cell: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        read(cell, EITHER)
    assert str(refused.value) == f'"{cell}" is not clear, write it like 1234.50'


@pytest.mark.parametrize("read", [cents, dollars, whole_number, percent])
@pytest.mark.parametrize(
    ("cell", "style", "half"),
    [
        ("1/2", POINT, "0.5"),
        ("1 1/2", POINT, "0.5"),
        ("1-1/2", POINT, "0.5"),
        ("-3/4", POINT, "0.5"),
        ("$1/2", POINT, "0.5"),
        ("1 / 2", POINT, "0.5"),
        ("1\N{FRACTION SLASH}2", POINT, "0.5"),
        ("½", POINT, "0.5"),
        ("1½", POINT, "0.5"),
        ("1 ⅞", POINT, "0.5"),
        ("1/2", COMMA, "0,5"),
        ("1/2", EITHER, "0.5"),
    ],
)
def test_fractions(read: Reader, cell: str, style: Style, half: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        read(cell, style)
    assert str(refused.value) == f'"{cell}" is a fraction, write it like {half}'


@pytest.mark.parametrize("read", [cents, dollars, whole_number, percent])
@pytest.mark.parametrize("style", [POINT, COMMA, EITHER])
@pytest.mark.parametrize("cell", [
    "abc", "NaN", "Infinity", "-inf", "1e400", "12/05/2026", "2026-05-12", "1/2/3", "5+", "12-CAD",
    "5- CAD", "%5", "5%%", "$$5", "$5$", "€5£", "€5 USD", "£5 EUR", "US$5 CAD", "CAD 5 USD",
    "CHF 5", "¥5", "5)", "(5", ")5(", "(5)-", "(-5)", "((5))", "1''234", "12'34", "1 2", "0x1F",
    "1 234\xa0567", "5 to 6", "5-6", "~5", "CAD", "€", "()", "9" * 65, "1," * 40,
])  # fmt: skip
def test_what_no_number_is_in_any_style(read: Reader, style: Style, cell: str) -> None:
    with pytest.raises(ValueProblem, match=r" is not a number$"):
        read(cell, style)


@pytest.mark.parametrize("cell", ["5.-", "5,-", "€ 5.-", "-5.-"])
def test_a_dash_for_no_cents_is_not_taken_for_a_minus(cell: str) -> None:
    with pytest.raises(ValueProblem):
        cents(cell)
    with pytest.raises(ValueProblem):
        cents(cell, COMMA)


@pytest.mark.parametrize("cell", ["€5", "CAD 5", "5 £", "5%"])
def test_a_quantity_has_no_unit(cell: str) -> None:
    with pytest.raises(ValueProblem, match="is not a number"):
        whole_number(cell)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("1.234", 1234), ("1.234,5", 1235), ("2,5", 3), ("-2,5", -2), ("1 234", 1234), (2.5, 3)],
)
def test_quantities_with_a_decimal_comma(cell: object, expected: int) -> None:
    assert whole_number(cell, COMMA) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (None, None),
        ("", None),
        ("\xa0", None),
        ("5", "5.00"),
        (5, "5.00"),
        (12.5, "12.50"),
        ("$1,234.565", "1234.57"),
        ("-0.005", "-0.01"),
        ("-0.004", "0.00"),
        ("-0", "0.00"),
        ("0e50", "0.00"),
        ("(1,234.50)", "-1234.50"),
        ("999,999,999,999.994", "999999999999.99"),
        (-999_999_999_999.99, "-999999999999.99"),
        (1e-300, "0.00"),
    ],
)
def test_dollars(cell: object, expected: str | None) -> None:
    assert dollars(cell) == expected


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (
            "999999999999.995",
            '"999999999999.995" is more than $999,999,999,999.99, the most that fits',
        ),
        (-1e15, "-1000000000000000.0 is less than -$999,999,999,999.99, the least that fits"),
        ("9e99", '"9e99" is more than $999,999,999,999.99, the most that fits'),
        (2**200, "the number is more than $999,999,999,999.99, the most that fits"),
        (math.nan, "NaN is not a number"),
        (True, "true is not a number"),
    ],
)
def test_dollars_that_do_not_fit(cell: object, problem: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        dollars(cell)
    assert str(refused.value) == problem


@pytest.mark.parametrize(
    ("cell", "style", "expected"),
    [
        (None, POINT, None),
        (" ", POINT, None),
        ("12.5%", POINT, "12.5"),
        ("12.5 %", POINT, "12.5"),
        ("12.5", POINT, "12.5"),
        (12.5, POINT, "12.5"),
        ("12.50%", POINT, "12.5"),
        ("100%", POINT, "100"),
        ("100", POINT, "100"),
        (0, POINT, "0"),
        ("-0.00001%", POINT, "0"),
        ("-5%", POINT, "-5"),
        ("5%-", POINT, "-5"),
        ("(5%)", POINT, "-5"),
        ("(5)%", POINT, "-5"),
        ("33.33335%", POINT, "33.3334"),
        (0.1 + 0.2, POINT, "0.3"),
        ("1,234%", POINT, "1234"),
        ("12,5%", COMMA, "12.5"),
        ("12,5 %", EITHER, "12.5"),
        ("1000000000%", POINT, "1000000000"),
    ],
)
def test_percent(cell: object, style: Style, expected: str | None) -> None:
    assert percent(cell, style) == expected


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("$5", '"$5" is not a number'),
        ("12,5%", '"12,5%" is not clear, write it like 1234.50'),
        ("1000000001", '"1000000001" is more than 1,000,000,000%, the most that fits'),
        (-1e300, "-1e+300 is less than -1,000,000,000%, the least that fits"),
    ],
)
def test_what_no_percentage_is(cell: object, problem: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        percent(cell)
    assert str(refused.value) == problem


def outcome(read: Reader, *arguments: object) -> object:
    """Give what a reader returns, or the problem it raises; any other exception fails the test."""
    try:
        return read(*arguments)
    except ValueProblem as problem:
        return problem


@pytest.mark.parametrize("read", [cents, dollars, whole_number, percent])
@pytest.mark.parametrize("piece", ["1", "1,", "1.", "1 ", "1,234", "(", "-", "$", " ", "CAD", "1/"])
def test_a_long_cell_takes_no_time(read: Reader, piece: str) -> None:
    for length in (1, 63, 64, 65, 32_767, 3_000_000):
        for style in (POINT, COMMA, EITHER):
            value = outcome(read, (piece * length)[:length], style)
            assert len(str(value)) < 200


# Properties: what one writes is what one reads, and what is read is what stands there.

AMOUNTS = st.decimals("-21000000", "21000000", places=2)
CURRENCIES = st.sampled_from(["", "$", "C$", "CA$ ", "US$", "€", "£ ", "CAD ", "EUR", "gbp "])


def grouped(amount: Decimal, separator: str, mark: str) -> str:
    return f"{amount:,}".translate({ord(","): separator, ord("."): mark})


@st.composite
def written_amounts(draw: st.DrawFn) -> tuple[Decimal, Style, str]:
    amount, style = draw(AMOUNTS), draw(st.sampled_from([POINT, COMMA]))
    thousands = "," if style == POINT else "."
    separator = draw(st.sampled_from(["", thousands, "'", *SPACES]))
    digits = grouped(abs(amount), separator, style.decimal)
    currency, behind = draw(CURRENCIES), draw(st.booleans())
    cell = f"{digits} {currency}" if behind else f"{currency}{digits}"
    if amount.is_signed():
        cell = draw(st.sampled_from([f"-{cell}", f"- {cell}", f"({cell})", f"{cell}-"]))
    return amount, style, draw(st.sampled_from([cell, f" {cell}", f"{cell}\xa0"]))


@given(written_amounts())
def test_an_amount_comes_back_as_written(case: tuple[Decimal, Style, str]) -> None:
    amount, style, cell = case
    assert cents(cell, style) == int(amount * 100)
    assert Decimal(dollars(cell, style) or "") == amount
    assert Decimal(dollars(cell, EITHER) or "") == amount  # two decimals leave nothing open


@given(st.integers(1000, 999_999), st.sampled_from([",", "."]))
def test_one_group_behind_one_mark_is_never_guessed(amount: int, mark: str) -> None:
    cell = grouped(Decimal(amount), mark, mark)
    with pytest.raises(ValueProblem):
        whole_number(cell, EITHER)
    assert whole_number(cell, POINT if mark == "," else COMMA) == amount


PIECES = st.sampled_from([*"0123456789", "000", "123", *",.' -+()/%$€", "\xa0", "CAD", "USD"])


@given(st.lists(PIECES, max_size=12).map("".join), st.sampled_from([POINT, COMMA]))
def test_a_number_is_its_own_digits_and_sign(cell: str, style: Style) -> None:
    value = outcome(dollars, cell, style)
    if value is None:
        assert cell.strip() in {"", "'"}
    if not isinstance(value, str):
        return
    if not any(map(str.isdigit, cell)):
        assert value == "0.00"  # $ -
        assert "-" in cell
        return
    digits = "".join(c for c in cell if c.isdigit() or c == style.decimal)
    assert digits.count(style.decimal) <= 1
    expected = Decimal(digits.replace(",", ".")).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert Decimal(value).copy_abs() == expected
    assert Decimal(value) == 0 or (value[0] == "-") == ("-" in cell or "(" in cell)
    whole = "".join(c for c in cell.partition(style.decimal)[0] if c not in "$€+-()CADUSD").strip()
    groups = "".join(c if c.isdigit() else " " for c in whole).split()
    assert all(len(group) == 3 for group in groups[1:])


@given(st.lists(PIECES, max_size=12).map("".join))
def test_a_column_of_both_marks_reads_what_one_of_them_reads(cell: str) -> None:
    point, comma, either = (outcome(dollars, cell, style) for style in (POINT, COMMA, EITHER))
    readings = {value for value in (point, comma) if not isinstance(value, ValueProblem)}
    if isinstance(either, ValueProblem):
        assert len(readings) != 1
    else:
        assert readings == {either}
