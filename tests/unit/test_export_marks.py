"""What goes on a cell where it is written comes off where it is read, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.exporting.entities import Column
from worker.exporting.marks import in_text_file, in_workbook
from worker.guard import guarded, unguarded
from worker.importing.columns import evidence_of, styles
from worker.importing.values import ValueProblem, code, line, text

# Pieces of which strange values are made, beside any character at all.
PIECES = st.sampled_from(
    ["'", '"', "=", '="', "+", "-", "@", "\t", "\r", "\n", r"\N", "0", "1.0", "E+05", " ", "  ",
     "#", "A", "é", "\u200b", "\uff21", "\u2011", "e\u0301", ",", ";", "|", "😀", "\xa0"]
)  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
STRANGE = st.lists(PIECES | TEXTS, max_size=6).map("".join)
CODES, WORDS = Column("sku", "code", "sku"), Column("name", "text", "name")
PLACES = pytest.mark.parametrize("marked", [in_text_file, in_workbook])


@given(STRANGE)
def test_one_layer_goes_on_and_comes_off(cell):
    assert unguarded(guarded(cell)) == cell


@given(STRANGE)
def test_nothing_guarded_begins_as_a_formula_does(cell):
    begins = guarded(cell)[:1]
    assert begins not in tuple("=+-@\t\r\n") or cell.replace(".", "").replace(",", "")[1:].isdigit()


@PLACES
@given(st.lists(STRANGE.filter(str.strip), max_size=4))
def test_a_code_is_read_as_it_is(marked, codes):
    [cells] = marked([CODES], [codes])
    read = [unguarded(cell) for cell in cells]
    evidence = evidence_of("code")
    evidence.add_all(range(len(read)), read)
    found, _ = styles({"sku": evidence})
    assert [code(cell, 1000, found["sku"]) for cell in read] == codes


@PLACES
@pytest.mark.parametrize("read", [line, text])
@given(values=st.lists(STRANGE, max_size=4))
def test_a_text_is_read_as_an_import_would_have_stored_it(marked, read, values):
    stored = []
    for value in values:
        try:
            stored.append(read(value, 1000) or "")
        except ValueProblem:
            stored.append("")
    # What no import stores, because it was read twice: = "x" out of ="= ""x""".
    [cells] = marked([WORDS], [stored])
    assert [read(unguarded(cell), 1000) or "" for cell in cells] == stored


@PLACES
def test_what_needs_nothing_is_left_alone(marked):
    cells = [
        ["00123", "A-1/2", "1 2", 'Ø20 1/2"', "#5", ""],
        ["it's = 5", "x\ny", "", "é", "-", "1"],
    ]
    written = marked([CODES, WORDS], cells)
    assert written[0] == ["00123", "A-1/2", "1 2", 'Ø20 1/2"', "''#5", ""]
    assert written[1] == ["it's = 5", "x\ny", "", "é", "'-" if marked is in_text_file else "-", "1"]
