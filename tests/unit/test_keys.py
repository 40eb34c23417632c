from hypothesis import given
from hypothesis import strategies as st

from worker.keys import Keys


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


def test_no_rows():
    assert list(Keys().last_rows()) == [0]
    assert Keys().shared() == b""


def test_keys_differ_by_every_letter():
    noted = Keys()
    for row, key in enumerate(["a", "A", "a ", "á", "", "a"], start=1):
        noted.add(row, key)
    assert list(noted.last_rows()) == [0, 6, 2, 3, 4, 5, 6]
    assert list(noted.shared()) == [0, 1, 0, 0, 0, 0, 1]
