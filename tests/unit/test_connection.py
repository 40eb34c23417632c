"""What a call sends is what it was given, and what it is answered is what was sent."""

import json

from hypothesis import given
from hypothesis import strategies as st

from worker.connection import as_json, from_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()  # of any size
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda values: st.lists(values) | st.dictionaries(st.text('aé"\\\n', max_size=3), values),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_what_is_written_is_what_json_would_write(value):
    assert json.loads(as_json({"rows": value})) == {"rows": value}


@given(VALUES)
def test_what_is_read_is_what_was_sent_to_the_last_digit(value):
    assert from_json(json.dumps(value).encode()) == value


def test_numbers_of_more_than_64_bits_stay_whole_both_ways():
    body = as_json({"barcode": 2**64 + 1, "deep": {"minus": -(2**80)}})
    assert body == b'{"barcode":18446744073709551617,"deep":{"minus":-1208925819614629174706176}}'
    assert from_json(body) == {"barcode": 2**64 + 1, "deep": {"minus": -(2**80)}}


def test_what_is_no_json_is_no_answer():
    assert from_json(b"<html>") is None
    assert from_json(b"\xff") is None
