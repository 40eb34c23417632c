from hypothesis import given
from hypothesis import strategies as st

from worker.importing.keys import Keys


@given(st.lists(st.none() | st.sampled_from("abcde"), max_size=40))
def test_each_row_knows_the_last_one_of_its_key(keys):
    noted = Keys()
    last = {}
    for row, key in enumerate(keys, start=1):
        if key is not None:  # None: a row that could not be read
            noted.add(row, key)
            last[key] = row
    last_rows = noted.last_rows()
    shared = noted.shared()
    for row, key in enumerate(keys, start=1):
        is_shared = row < len(shared) and bool(shared[row])
        assert is_shared == (key is not None and keys.count(key) > 1)
        if key is not None:
            assert last_rows[row] == last[key]
        elif row < len(last_rows):
            assert last_rows[row] == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=40))
def test_a_row_that_is_not_whole_is_last_only_among_its_like(keys):
    noted = Keys()
    for row, (key, is_whole) in enumerate(keys, start=1):
        noted.add(row, key, is_whole=is_whole)
    last_rows = noted.last_rows()
    for row, (key, _) in enumerate(keys, start=1):
        alike = [(whole, place) for place, (k, whole) in enumerate(keys, 1) if k == key]
        assert last_rows[row] == max(alike)[1]


def test_no_rows():
    assert list(Keys().last_rows()) == [0]
    assert Keys().shared() == b""


def test_keys_differ_by_every_letter():
    noted = Keys()
    for row, key in enumerate(["a", "A", "a ", "á", "", "a"], start=1):
        noted.add(row, key)
    assert list(noted.last_rows()) == [0, 6, 2, 3, 4, 5, 6]
    assert list(noted.shared()) == [0, 1, 0, 0, 0, 0, 1]
