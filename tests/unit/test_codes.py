"""One item, one SKU: codes cleaned of what makes no other code, and what a column of them shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.importing.columns import evidence_of, styles
from worker.importing.values import PLAIN, Style, ValueProblem, code, line
from worker.importing.values.codes import cleaned_of

INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\xad\u202a\u202c\u2066\u2069\u061c\ufe0f\x00"
MARKS = 'marks that keep a cell text, as in ="00123"'
UNSEEN, SPACES = "invisible characters", "doubled or non-breaking spaces"


@pytest.mark.parametrize(
    ("cell", "expected", "cleaned"),
    [
        # nothing to clean
        ("A-100/2", "A-100/2", []),
        ("  A-100\n", "A-100", []),
        ("2X4 8", "2X4 8", []),
        ('1/2" EL', '1/2" EL', []),
        ("'", "'", []),
        ('"', '"', []),
        ("12'", "12'", []),
        ("½-20", "½-20", []),
        # how files keep zeros
        ('="00123"', "00123", [MARKS]),
        ('= "00123" ', "00123", [MARKS]),
        ("'00456", "00456", [MARKS]),
        ('\'="00123"', "00123", [MARKS]),
        ('"00123"', "00123", [MARKS]),
        ('="5"" EL"', '5" EL', [MARKS]),
        ('=""', None, [MARKS]),
        # what cannot be seen
        *[(f"A{mark}2", "A2", [UNSEEN]) for mark in INVISIBLE],
        ("\ufeff'00123\u200b", "00123", [UNSEEN, MARKS]),
        # spaces
        ("A\xa02", "A 2", [SPACES]),
        ("A  2", "A 2", [SPACES]),
        ("A\u3000\u20092", "A 2", [SPACES]),
        ("A2\xa0", "A2", [SPACES]),
        ("A\t2", "A 2", [SPACES]),
        # other forms of the same characters
        ("\uff21\uff0d\uff11\uff12", "A-12", ["full-width characters"]),
        ("A\u201112", "A-12", ["full-width characters"]),
        ("e\u0301-1", "\xe9-1", ["accents that are characters of their own"]),
    ],
)
def test_a_code_is_cleaned(cell: str, expected: str | None, cleaned: list[str]) -> None:
    assert code(cell, 50) == expected
    assert list(cleaned_of(cell)) == cleaned


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("=A2", '"=A2" is a formula, write the code itself'),
        ('=T("00123")', '"=T("00123")" is a formula, write the code itself'),
        ("'00123'", "\"'00123'\" stands between apostrophes, write the code alone"),
        ('="1.2E+05"', '"1.2E+05" is how a spreadsheet shortens a long number'),
        ('="#N/A"', '"#N/A" is what a failed formula leaves'),
        ("\u200b#REF!", '"#REF!" is what a failed formula leaves'),
    ],
)
def test_a_code_that_nobody_can_know(cell: str, problem: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        code(cell, 50)
    assert str(refused.value).startswith(problem)


@given(st.from_regex(r"[A-Z0-9][A-Z0-9-]{0,8}[A-Z0-9]", fullmatch=True), st.data())
def test_what_cannot_be_seen_makes_no_other_code(written: str, data: st.DataObject) -> None:
    hidden = written
    for _ in range(3):
        place = data.draw(st.integers(0, len(hidden)))
        hidden = hidden[:place] + data.draw(st.sampled_from(INVISIBLE)) + hidden[place:]
    assert code(hidden, 50) == code(written, 50) == written
    assert list(cleaned_of(hidden)) == [UNSEEN]


@given(st.text(max_size=30))
def test_cleaning_twice_is_cleaning_once(cell: str) -> None:
    if cell.startswith("''"):
        return  # to be taken as it stands
    try:
        once = code(cell, 50)
    except ValueProblem:
        return
    if once is not None:
        assert code(once, 50) == once


@pytest.mark.parametrize("piece", ["'", '="', "\u200b", " ", "=", "\uff21", "e\u0301"])
def test_a_long_code_is_refused_in_no_time(piece: str) -> None:
    with pytest.raises(ValueProblem):
        code(f"A{piece * 3_000_000}B", 50)
    list(cleaned_of(piece * 3_000_000))


@pytest.mark.parametrize("cell", ['="Deck screw"', ' ="Deck screw" '])
def test_any_text_may_be_wrapped_for_a_spreadsheet(cell: str) -> None:
    assert line(cell, 50) == "Deck screw"


def decided(*cells: object) -> tuple[Style, list[str]]:
    column = evidence_of("code")
    for first in range(0, len(cells), 3):
        part = cells[first : first + 3]
        column.add_all(range(first + 2, first + 2 + len(part)), part)
    chosen, notes = styles({"sku": column})
    return chosen["sku"], notes


FLOATS = Style(floats=True)
LEFT_OUT = 'sku: ".0" is left out behind whole numbers, for a program wrote all of them with it: '
KEPT = "sku: some whole numbers end in .0 and others do not: {}. They are kept as written;"


@pytest.mark.parametrize(
    ("cells", "style", "note"),
    [
        (["123.0", "4567.0"], FLOATS, f'{LEFT_OUT}2 rows, e.g. row 2 "123.0".'),
        (["123.0", "", None, "4567.0"], FLOATS, LEFT_OUT),
        (["1.0", *["123.0"] * 9, "A-1"], FLOATS, LEFT_OUT),
        (["123.00", "4567.00"], FLOATS, 'sku: ".00" is left out'),
        # not all, or not only so
        (["123", "124.0"], PLAIN, KEPT.format('1 row, e.g. row 3 "124.0"')),
        ([123, "124.0"], PLAIN, KEPT.format('1 row, e.g. row 3 "124.0"')),
        (["123.0", "124.00"], PLAIN, KEPT.format('2 rows, e.g. row 2 "123.0"')),
        (["A-1", "A-2", "124.0"], PLAIN, KEPT.format('1 row, e.g. row 4 "124.0"')),
        # sizes, versions, codes with zeros before them
        (["1.0", "1.5", "2.0"], PLAIN, None),
        (["00123.0", "124.0"], PLAIN, None),
        (["A1.0", "A2.0"], PLAIN, None),
        (["123", "124"], PLAIN, None),
        ([], PLAIN, None),
        ([True, [], {}], PLAIN, None),
    ],
)
def test_whole_numbers_that_a_program_wrote_as_floats(
    cells: list[object], style: Style, note: str | None
) -> None:
    found, notes = decided(*cells)
    assert found == style
    assert len(notes) == (note is not None)
    assert note is None or notes[0].startswith(note)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("123.0", "123"), ("0.0", "0"), ("A-1.0", "A-1.0"), ('="123.0"', "123"), ("012.0", "012.0")],
)
def test_a_float_becomes_the_whole_number(cell: str, expected: str) -> None:
    assert code(cell, 50, FLOATS) == expected


def test_what_was_cleaned_is_counted_by_kind() -> None:
    _, notes = decided("A1", "A\u200b2", '="00123"', "'00456", "A\u200b\u200b3", "B  1")
    assert notes == [
        f'sku: cleaned of {UNSEEN}: 2 rows, e.g. row 3 "A\N{REPLACEMENT CHARACTER}2".',
        f'sku: cleaned of {MARKS}: 2 rows, e.g. row 4 "="00123"".',
        f'sku: cleaned of {SPACES}: 1 row, e.g. row 7 "B  1".',
    ]


@pytest.mark.parametrize(
    "written",
    ["=1+1", "'quoted'", "'x", "''", " A  B ", "\u200bA", "1.2E+05", "1.0", '"x"', "#N/A"],
)
def test_behind_two_apostrophes_stands_the_code_itself(written: str) -> None:
    assert code(f"''{written}", 50) == written
    assert list(cleaned_of(f"''{written}")) == []
    assert decided(f"''{written}") == (PLAIN, [])


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (f"''{'x' * 51}", "is 51 characters long, at most 50 fit"),
        ("''A\0", "holds what is no character"),
        ("''A\udc80", "holds what is no character"),
    ],
)
def test_a_code_that_no_database_holds(cell: str, problem: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        code(cell, 50)
    assert problem in str(refused.value)
