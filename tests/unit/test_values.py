import math
import unicodedata
from collections.abc import Callable
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.importing.values import (
    ValueProblem,
    boolean,
    cents,
    code,
    email,
    line,
    shown,
    text,
    whole_number,
)

Reader = Callable[..., Any]

NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
SMALLEST, LARGEST = -(2**31), 2**31 - 1


@pytest.mark.parametrize("read", [cents, whole_number])
@pytest.mark.parametrize("cell", [None, "", " ", "\t\n", NBSP])
def test_an_empty_number_is_absent(read: Reader, cell: object) -> None:
    assert read(cell) is None


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        # as files have it
        ("99.99", 9999),
        ("0", 0),
        ("0.00", 0),
        ("-0", 0),
        ("007.5", 750),
        (" 12.50 ", 1250),
        (f"{NBSP}12.50{NBSP}", 1250),
        (".5", 50),
        ("5.", 500),
        ("+5", 500),
        # JSON numbers
        (0, 0),
        (12, 1200),
        (0.0, 0),
        (12.5, 1250),
        (-12.5, -1250),
        (1e3, 100_000),
        (1e-07, 0),
        # exact, half up, away from zero
        ("99.995", 10000),
        (99.995, 10000),
        ("99.994999999999999999999999999999999999999999999", 9999),
        ("1.005", 101),
        (1.005, 101),
        (2.675, 268),
        (0.285, 29),
        ("0.004", 0),
        ("0.005", 1),
        ("-0.005", -1),
        ("-0.004", 0),
        # currency
        ("$5", 500),
        ("$ 5", 500),
        ("5$", 500),
        ("12.50 $", 1250),
        ("$1,234.50", 123_450),
        # negatives
        ("-5", -500),
        (f"{MINUS}5", -500),
        ("- 5", -500),
        ("5-", -500),
        ("5 -", -500),
        ("(5)", -500),
        ("( 5.25 )", -525),
        ("-$5", -500),
        ("$-5", -500),
        ("$5-", -500),
        ("($5.00)", -500),
        ("(1,234.50)", -123_450),
        # thousands
        ("1,234", 123_400),
        ("1,234.50", 123_450),
        ("12,345,678.90", 1_234_567_890),
        ("1 234.50", 123_450),
        (f"1{NBSP}234.50", 123_450),
        ("1.234", 123),
        # exponents, as spreadsheets print them
        ("1.2E+05", 12_000_000),
        ("1e2", 10_000),
        ("5E-1", 50),
        ("0e50", 0),
        # limits
        ("21474836.47", LARGEST),
        ("21474836.474", LARGEST),
        ("-21474836.48", SMALLEST),
        ("-21474836.484", SMALLEST),
        (21474836.47, LARGEST),
    ],
)
def test_cents(cell: object, expected: object) -> None:
    assert cents(cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("7", 7),
        (7, 7),
        (7.0, 7),
        ("0", 0),
        ("1,234", 1234),
        ("1 234", 1234),
        ("(3)", -3),
        ("3-", -3),
        # as Math.round: half goes up, also below zero
        ("2.5", 3),
        (2.5, 3),
        ("3.5", 4),
        ("2.4999999999999999999999999999999999999999", 2),
        (0.49999999999999994, 0),
        ("-2.5", -2),
        (-2.5, -2),
        ("-2.51", -3),
        ("-0.5", 0),
        ("1.2E+05", 120_000),
        # limits
        ("2147483647.4", LARGEST),
        ("-2147483648.5", SMALLEST),
    ],
)
def test_whole_number(cell: object, expected: object) -> None:
    assert whole_number(cell) == expected


@pytest.mark.parametrize("read", [cents, whole_number])
@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("abc", '"abc" is not a number'),
        ("call", '"call" is not a number'),
        ("N/A", '"N/A" is not a number'),
        ("#REF!", '"#REF!" is not a number'),
        ("12 pcs", '"12 pcs" is not a number'),
        ("-", '"-" may mean 0 or nothing, write 0 or leave the cell empty'),
        ("—", '"—" may mean 0 or nothing, write 0 or leave the cell empty'),
        ("--", '"--" is not a number'),
        ("$", '"$" is not a number'),
        (".", '"." is not a number'),
        ("()", '"()" is not a number'),
        ("12..5", '"12..5" is not a number'),
        ("1.2.3", '"1.2.3" is not a number'),
        ("1/2", '"1/2" is a fraction, write it like 0.5'),
        ("5%", '"5%" is not a number'),
        ("$$5", '"$$5" is not a number'),
        ("$5$", '"$5$" is not a number'),
        ("--5", '"--5" is not a number'),
        ("-5-", '"-5-" is not a number'),
        ("(-5)", '"(-5)" is not a number'),
        ("(5", '"(5" is not a number'),
        ("5)", '"5)" is not a number'),
        ("1 2", '"1 2" is not a number'),
        ("1 23", '"1 23" is not a number'),
        ("0x1F", '"0x1F" is not a number'),
        ("1_000", '"1_000" is not a number'),
        ("³", '"³" is not a number'),
        ("NaN", '"NaN" is not a number'),
        ("Infinity", '"Infinity" is not a number'),
        ("-inf", '"-inf" is not a number'),
        ("1e400", '"1e400" is not a number'),
        ("1e999999999", '"1e999999999" is not a number'),
        ("1,234e2", '"1,234e2" is not a number'),
        ("1\x002", '"1\N{REPLACEMENT CHARACTER}2" is not a number'),
        ("1\n234", '"1\N{REPLACEMENT CHARACTER}234" is not a number'),
        ("1\n2", '"1\N{REPLACEMENT CHARACTER}2" is not a number'),
        ("9" * 65, '"' + "9" * 39 + '…" is not a number'),
        # a comma that may mean either
        ("1,23", '"1,23" is not clear, write it like 1234.50'),
        ("12,3.4", '"12,3.4" is not clear, write it like 1234.50'),
        ("1.234,50", '"1.234,50" is not clear, write it like 1234.50'),
        ("1 234,50", '"1 234,50" is not clear, write it like 1234.50'),
        ("$0,50", '"$0,50" is not clear, write it like 1234.50'),
        ("0,500", '"0,500" is not clear, write it like 1234.50'),
        ("1234,567", '"1234,567" is not clear, write it like 1234.50'),
        ("1,234 567", '"1,234 567" is not clear, write it like 1234.50'),
        ("(1,5)", '"(1,5)" is not clear, write it like 1234.50'),
        # not text, not numbers
        (True, "true is not a number"),
        (False, "false is not a number"),
        (math.nan, "NaN is not a number"),
        (math.inf, "Infinity is not a number"),
        ([1], "a list is not a number"),
        ({"a": 1}, "an object is not a number"),
    ],
)
def test_what_no_number_is(read: Reader, cell: object, problem: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        read(cell)
    assert str(refused.value) == problem


@pytest.mark.parametrize("cell", ["$5", "-$5", "5 $"])
def test_a_quantity_has_no_currency(cell: str) -> None:
    with pytest.raises(ValueProblem):
        whole_number(cell)


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("21474836.475", '"21474836.475" is more than $21,474,836.47, the most that fits'),
        (21474836.48, "21474836.48 is more than $21,474,836.47, the most that fits"),
        ("-21474836.485", '"-21474836.485" is less than -$21,474,836.48, the least that fits'),
        ("9e99", '"9e99" is more than $21,474,836.47, the most that fits'),
        (-1e300, "-1e+300 is less than -$21,474,836.48, the least that fits"),
        (3 * 10**20, "300000000000000000000 is more than $21,474,836.47, the most that fits"),
    ],
)
def test_an_amount_that_does_not_fit(cell: object, problem: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        cents(cell)
    assert str(refused.value) == problem


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("2147483647.5", '"2147483647.5" is more than 2,147,483,647, the most that fits'),
        (3_000_000_000, "3000000000 is more than 2,147,483,647, the most that fits"),
        ("-2147483648.51", '"-2147483648.51" is less than -2,147,483,648, the least that fits'),
        (1e300, "1e+300 is more than 2,147,483,647, the most that fits"),
    ],
)
def test_a_quantity_that_does_not_fit(cell: object, problem: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        whole_number(cell)
    assert str(refused.value) == problem


def test_an_integer_too_long_to_write_out() -> None:
    with pytest.raises(ValueProblem, match=r"^the number is more than \$21,474,836\.47"):
        cents(10**5000)
    with pytest.raises(ValueProblem, match=r"^the number is not text$"):
        line(10**5000, 50)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        # nothing in it
        (None, None),
        ("", None),
        ("  \t\r\n", None),
        (NBSP, None),
        ("\x00\x07", None),
        ("\ufeff", None),
        # trimmed
        ("  Deck screw ", "Deck screw"),
        (f"{NBSP}Deck  screw\n", "Deck  screw"),
        # ends of lines, and jumps in them
        ("Deck\tscrew", "Deck screw"),
        ("Deck\nscrew", "Deck screw"),
        ("Deck\r\nscrew", "Deck screw"),
        ("Deck\u2028screw", "Deck screw"),
        ("Deck\x85screw", "Deck screw"),
        # controls
        ("De\x00ck\x07 scr\x1bew\x7f", "Deck screw"),
        ("É\x00t\x9bé", "Été"),
        ("\ufeffDeck", "Deck"),
        # Unicode
        ("e\N{COMBINING ACUTE ACCENT}", "é"),
        ("e\x00\N{COMBINING ACUTE ACCENT}", "é"),
        ("½ in — 90°", "½ in — 90°"),
        ("😀", "😀"),
        # spreadsheets make item numbers numbers
        ("00123", "00123"),
        ("1.2E+05", "1.2E+05"),
        (12345, "12345"),
        (12345.0, "12345"),
        (-3.0, "-3"),
        (12.5, "12.5"),
        (0, "0"),
        (1e16, "10000000000000000"),
        (1e-07, "0.0000001"),
    ],
)
def test_line(cell: object, expected: str | None) -> None:
    assert line(cell, 50) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("One\nTwo", "One\nTwo"),
        ("One\r\nTwo\rThree", "One\nTwo\nThree"),
        ("One\u2028Two\u2029Three\x85Four", "One\nTwo\nThree\nFour"),
        ("One\tTwo", "One\tTwo"),
        ("\n One \n", "One"),
        ("O\x00ne\x08", "One"),
        ("\n\t", None),
        (12.0, "12"),
    ],
)
def test_text_keeps_its_lines(cell: object, expected: object) -> None:
    assert text(cell, 50) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (None, None),
        ("", None),
        ("A-100", "A-100"),
        (" A-100\n", "A-100"),
        ("00123", "00123"),
        (12345, "12345"),
        (12345.0, "12345"),
        (12.5, "12.5"),
        (999_999_999_999_999, "999999999999999"),
        (999_999_999_999_999.0, "999999999999999"),
        # typed as text, nothing is lost
        ("1000000000000000", "1000000000000000"),
        # codes that only resemble Excel's display
        ("12E+05", "12E+05"),
        ("1.2E5", "1.2E5"),
        ("1E-05", "1E-05"),
        ("1.2E+5", "1.2E+5"),
        ("1.2E+005", "1.2E+005"),
        ("A1.2E+05", "A1.2E+05"),
    ],
)
def test_code(cell: object, expected: str | None) -> None:
    assert code(cell, 50) == expected


SHORTENED = (
    "is how a spreadsheet shortens a long number, make the cell text and type the code again"
)
ROUNDED = "has more digits than a spreadsheet keeps, make the cell text and type the code again"


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("1.2E+05", f'"1.2E+05" {SHORTENED}'),
        (" 1E+15 ", f'"1E+15" {SHORTENED}'),
        ("1,23457E+11", f'"1,23457E+11" {SHORTENED}'),
        ("1.2e+05", f'"1.2e+05" {SHORTENED}'),
        (10**15, f"1000000000000000 {ROUNDED}"),
        (1e15, f"1000000000000000.0 {ROUNDED}"),
        (-1e300, f"-1e+300 {ROUNDED}"),
        (2**200, f"the number {ROUNDED}"),
        (True, "true is not text"),
        (math.nan, "NaN is not text"),
        (math.inf, "Infinity is not text"),
        ([], "a list is not text"),
        ("x" * 51, "is 51 characters long, at most 50 fit"),
    ],
)
def test_a_code_that_a_spreadsheet_damaged(cell: object, problem: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        code(cell, 50)
    assert str(refused.value) == problem


@pytest.mark.parametrize("written", [str, str.upper, str.title, " {}\xa0".format])
@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        *[(cell, True) for cell in ("yes", "true", "y", "t", "1", "on", "x")],
        *[(cell, False) for cell in ("no", "false", "n", "f", "0", "off")],
    ],
)
def test_boolean(cell: str, expected: object, written: Callable[[str], str]) -> None:
    assert boolean(written(cell)) is expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (None, None),
        ("", None),
        (" \t", None),
        (True, True),
        (False, False),
        (1, True),
        (0, False),
        (1.0, True),
        (0.0, False),
        (-0.0, False),
    ],
)
def test_boolean_in_json(cell: object, expected: object) -> None:
    assert boolean(cell) is expected


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("maybe", '"maybe" is neither yes nor no'),
        ("-", '"-" is neither yes nor no'),
        ("yes no", '"yes no" is neither yes nor no'),
        ("2", '"2" is neither yes nor no'),
        ("y" * 99, '"' + "y" * 39 + '…" is neither yes nor no'),
        (2, "2 is neither yes nor no"),
        (0.5, "0.5 is neither yes nor no"),
        (math.nan, "NaN is neither yes nor no"),
        ([], "a list is neither yes nor no"),
    ],
)
def test_what_is_neither_yes_nor_no(cell: object, problem: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        boolean(cell)
    assert str(refused.value) == problem


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (None, None),
        ("", None),
        (" \n", None),
        ("ann@example.com", "ann@example.com"),
        (" Ann.O'Brien+crm@Sub.Example.co \n", "Ann.O'Brien+crm@Sub.Example.co"),
        ("\ufeffann@example.com", "ann@example.com"),
        ("\u200bann@exam\u00adple.com\u202c", "ann@example.com"),
        ('="ann@example.com"', "ann@example.com"),
        ("a@b.co", "a@b.co"),
        ("a_b-c/d=e@my-shop.example", "a_b-c/d=e@my-shop.example"),
        ("42@123.com", "42@123.com"),
        ("jörg@müller.example", "jörg@müller.example"),
        ("a@xn--mller-kva.example", "a@xn--mller-kva.example"),
        ("x" * 64 + "@b.co", "x" * 64 + "@b.co"),
    ],
)
def test_email(cell: object, expected: str | None) -> None:
    assert email(cell) == expected


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("mailto:a@b.co", '"mailto:a@b.co" starts with "mailto:", write only the address'),
        ("MailTo:a@b.co", '"MailTo:a@b.co" starts with "mailto:", write only the address'),
        ("Ann <a@b.co>", '"Ann <a@b.co>" has more than the address in it, write only that'),
        ("< a@b.co >", '"< a@b.co >" has more than the address in it, write only that'),
        ("a@b.co; c@d.eu", '"a@b.co; c@d.eu" is more than one address, write only one'),
        ("a@b.co,c@d.eu", '"a@b.co,c@d.eu" is more than one address, write only one'),
        ("a@b.co / c@d.eu", '"a@b.co / c@d.eu" is more than one address, write only one'),
        ("a@b.co\nc@d.eu", '"a@b.co c@d.eu" is more than one address, write only one'),
        ("x" * 250 + "@b.co", "is 255 characters long, at most 254 fit"),
        (True, "true is not text"),
        *[(cell, f'"{cell}" is not an e-mail address') for cell in (
            "n/a", "none", "-", "5", "ann", "ann@", "@b.co", "ann@b", "a@@b.co", "a@b@c.co",
            "a b@c.co", "a@b c.co", ".a@b.co", "a.@b.co", "a..b@c.co", "a@.b.co", "a@b..co",
            "a@b.co.", "a@-b.co", "a@b-.co", "a@b_.co", "a@b,co", "a;b@c.co", "<a@b.co",
            "Ann <ann>", "a@[127.0.0.1]", "http://b.co/@",
        )],
        (5, '"5" is not an e-mail address'),
        ("x" * 65 + "@b.co", '"' + "x" * 39 + '…" is not an e-mail address'),
    ],
)  # fmt: skip
def test_what_no_email_is(cell: object, problem: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        email(cell)
    assert str(refused.value) == problem


@pytest.mark.parametrize("piece", ["a", "a.", "a@", "@", "<", "< ", " <a", "a-", ".a@b-", "a@b, "])
def test_a_long_address_takes_no_time(piece: str) -> None:
    for length in (200, 254, 32_767, 3_000_000):
        with pytest.raises(ValueProblem):
            email((piece * length)[:length] + "<")


@pytest.mark.parametrize("read", [line, text])
@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("x" * 1201, "is 1,201 characters long, at most 1,200 fit"),
        ("é" * 1201, "is 1,201 characters long, at most 1,200 fit"),
        # NFC is longer here: this letter is always written as two
        ("\N{DEVANAGARI LETTER QA}" * 601, "is 1,202 characters long, at most 1,200 fit"),
        ("ab\ud800c", '"ab\N{REPLACEMENT CHARACTER}c" holds half a character'),
        ("a" + "\N{COMBINING ACUTE ACCENT}" * 1100,
         '"a' + "\N{COMBINING ACUTE ACCENT}" * 38 + '…" holds too many accents on one letter'),
        (True, "true is not text"),
        (math.nan, "NaN is not text"),
        (-math.inf, "-Infinity is not text"),
        ([], "a list is not text"),
        ({}, "an object is not text"),
    ],
)  # fmt: skip
def test_what_no_text_is(read: Reader, cell: object, problem: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        read(cell, 1200)
    assert str(refused.value) == problem


def test_the_longest_text_fits() -> None:
    assert line(f" {'x' * 50} ", 50) == "x" * 50


def test_accents_are_counted_letter_by_letter() -> None:
    vietnamese = "e\N{COMBINING CIRCUMFLEX ACCENT}\N{COMBINING ACUTE ACCENT}" * 500
    assert text(vietnamese, 2000) == "ế" * 500


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("abc", '"abc"'),
        (" abc ", '"abc"'),
        ("x" * 40, '"' + "x" * 40 + '"'),
        ("x" * 41, '"' + "x" * 39 + '…"'),
        ("a\nb\x00c", '"a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"'),
        (None, "null"),
        (12, "12"),
        (1.5, "1.5"),
    ],
)
def test_shown(cell: object, expected: object) -> None:
    assert shown(cell) == expected


# Properties: the same answers as a slow reading that anyone can follow.

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=())),  # lone surrogates too
    st.text("0123456789.,-+() $eE", max_size=20),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


def outcome(read: Reader, *arguments: object) -> object:
    """Give what a reader returns, or the problem it raises; any other exception fails the test."""
    try:
        return read(*arguments)
    except ValueProblem as problem:
        return problem


@pytest.mark.parametrize("read", [cents, whole_number])
@given(cell=CELLS)
def test_any_cell_is_a_number_that_fits_or_a_problem(read: Reader, cell: object) -> None:
    value = outcome(read, cell)
    if isinstance(value, ValueProblem):
        assert str(value).encode().decode().isprintable()
    else:
        assert value is None or (isinstance(value, int) and SMALLEST <= value <= LARGEST)


@pytest.mark.parametrize("read", [line, text])
@given(cell=CELLS)
def test_any_cell_is_storable_text_or_a_problem(read: Reader, cell: object) -> None:
    value = outcome(read, cell, 100)
    if isinstance(value, ValueProblem):
        assert str(value).encode().decode().isprintable()
    elif value is not None:
        assert isinstance(value, str)
        assert 0 < len(value) <= 100
        assert value == value.strip() == unicodedata.normalize("NFC", value)
        assert "\x00" not in value
        assert value.encode()
        assert read(value, 100) == value


@given(CELLS)
def test_any_cell_is_an_address_or_a_problem(cell: object) -> None:
    value = outcome(email, cell)
    if isinstance(value, ValueProblem):
        assert str(value).encode().decode().isprintable()
    elif value is not None:
        name, _, domain = str(value).partition("@")
        assert name
        assert "." in domain
        assert email(value) == value == "".join(str(value).split())


@given(CELLS)
def test_a_code_is_a_line_that_means_itself_or_a_problem(cell: object) -> None:
    value = outcome(code, cell, 100)
    if not isinstance(value, ValueProblem):
        assert value == code(value, 100) == line(value, 100)


@given(CELLS)
def test_a_line_is_one_line(cell: object) -> None:
    value = outcome(line, cell, 100)
    assert not isinstance(value, str) or len(value.splitlines()) == 1


def rounded(number: Decimal, unit: Decimal, rounding: str) -> int:
    with localcontext(prec=400):
        return int((number / unit).quantize(Decimal(1), rounding))


DOLLARS = st.decimals("-21000000", "21000000", places=4)


@given(DOLLARS)
def test_cents_are_the_decimal_rounded_once(dollars: Decimal) -> None:
    expected = rounded(dollars, Decimal("0.01"), ROUND_HALF_UP)
    assert cents(str(dollars)) == expected
    assert cents(f"{dollars:,}") == expected
    assert cents(f"${dollars:,}".replace("$-", "-$")) == expected
    assert cents(f"{dollars.copy_abs()}") == abs(expected)
    assert cents(f"({dollars.copy_abs():,})") == -abs(expected)
    assert cents(f"{dollars.copy_abs()}-") == -abs(expected)
    assert cents(f"{dollars:,}".replace(",", " ")) == expected


@given(st.floats(-21_000_000, 21_000_000))
def test_a_float_means_the_decimal_that_was_typed(dollars: float) -> None:
    assert cents(dollars) == rounded(Decimal(repr(dollars)), Decimal("0.01"), ROUND_HALF_UP)


@given(st.decimals("-2000000000", "2000000000", places=3))
def test_quantities_are_rounded_as_javascript_does(quantity: Decimal) -> None:
    expected = rounded(quantity + Decimal("0.5"), Decimal(1), ROUND_FLOOR)
    assert whole_number(str(quantity)) == expected
    assert whole_number(f"{quantity:,}") == expected


@given(st.from_regex(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", fullmatch=True))
def test_no_digit_is_lost(written: str) -> None:
    expected = rounded(Decimal(written), Decimal("0.01"), ROUND_HALF_UP)
    value = outcome(cents, written)
    assert value == expected or not SMALLEST <= expected <= LARGEST
    assert isinstance(value, ValueProblem) or SMALLEST <= expected <= LARGEST


@pytest.mark.parametrize("cell", ["#REF!", "#N/A", "#VALUE! ", "#DIV/0!", "#NAME?"])
@pytest.mark.parametrize("read", [line, text])
def test_a_failed_formula_is_no_text(read: Reader, cell: str) -> None:
    with pytest.raises(ValueProblem, match="is what a failed formula leaves"):
        read(cell, longest=100)


@pytest.mark.parametrize("cell", ["#8 screw", "#", "N/A", "# REF!", "#REF! x"])
def test_a_number_sign_is_text(cell: str) -> None:
    assert line(cell, longest=100) == cell
