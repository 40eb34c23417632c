"""What number formats make of numbers: percent, codes, dates."""

import pytest

from worker.importing.sources.number_formats import format_mark, is_elapsed_format


def shown(number_format, number):
    mark = format_mark(number_format)
    cell = number if mark is None else mark(number)
    return getattr(cell, "shown", cell)


@pytest.mark.parametrize(
    ("number_format", "number", "expected"),
    [
        ("General", 42.0, 42.0),
        ("0", 42.0, 42.0),
        ("#,##0", 10_000.0, 10_000.0),
        ("#,##0.00", 1.1, 1.1),
        ("0.00E+00", 1.2e11, 1.2e11),
        ("# ?/?", 0.5, 0.5),
        ("@", 42.0, 42.0),
        ("", 42.0, 42.0),
        # Leading zeros.
        ("00000", 42.0, "00042"),
        ("00000", 1234567.0, 1234567.0),
        ("00000", 42.5, 42.5),
        ("00000", -42.0, -42.0),
        ("000;-000", 5.0, "005"),
        ("0000_)", 7.0, "0007"),
        ("0000;[Red]-0000", 8.0, "0008"),
        ("[$-409]0000", 9.0, "0009"),
        ("0000;;", 0.0, 0.0),
        ("00000", 1e15, 1e15),
        ("0" * 31, 1.0, 1.0),
        # Letters and other characters.
        ('"AB-"0000', 42.0, "AB-0042"),
        ('"SKU "0', 5.0, "SKU 5"),
        ('0"-X"', 5.0, "5-X"),
        ('General"-X"', 5.0, "5-X"),
        ("\\A0", 5.0, "A5"),
        ("000-000", 12345.0, "012-345"),
        ("000-000", 1234567.0, "1234-567"),
        ("000\\.000", 12345.0, "012.345"),
        ("##-##", 5.0, "-5"),
        ("??-00", 5.0, "-05"),
        ("00-00;;00-0", 0.0, "00-0"),
        ("[<=9999999]000-0000;(000) 000-0000", 5551234.0, "555-1234"),
        ("[<=9999999]000-0000;(000) 000-0000", 6045551234.0, "(604) 555-1234"),
        ("[=1]0000;[<>1]0", 1.0, "0001"),
        ("[>5]00;[<1]000;0000", 0.0, "000"),
        ("[>=1.2.3]00;000", 5.0, "005"),
        ("[$SKU ]0", 5.0, "SKU 5"),
        # Decimals.
        ("0.00", 1.1, "1.10"),
        ("0.00", 12.25, 12.25),
        ("0.00", 42.0, 42.0),
        ("0.0", 1.25, "1.3"),
        ("0.00", -1.1, -1.1),
        ('"v"0.00', 1.1, "v1.10"),
        # Percent.
        ("0%", 0.352, "35.2%"),
        ("[Red]0.0 %;-0.0 %", 12.0, "1200%"),
        ('0" %"', 5.0, "5 %"),
        ("0%", "n/a", "n/a"),
        ("0000", True, True),
        ("0000", "n/a", "n/a"),
    ],
)  # fmt: skip
def test_a_number_is_what_its_cell_shows(number_format, number, expected):
    assert shown(number_format, number) == expected


@pytest.mark.parametrize(
    ("number_format", "is_elapsed"),
    [
        ("yyyy-mm-dd", False),
        ("0d-0mmm", False),
        ('[$-F800]dddd "the" 00', False),
        ("h:mm AM/PM", False),
        ("00:mm", False),
        ("[h]:mm", True),
        ("[ss].00", True),
    ],
)
def test_a_date_is_no_code(number_format, is_elapsed):
    assert format_mark(number_format) is None
    assert is_elapsed_format(number_format) == is_elapsed


@pytest.mark.parametrize(
    "number_format", ['0.00" days"', "[Red]00", '00 "days"', "\\d00", "_d00", "*d00"]
)
def test_letters_that_are_only_shown_make_no_date(number_format):
    assert format_mark(number_format) is not None
