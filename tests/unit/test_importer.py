"""Cutting rows into batches around what the ledger holds, and which error decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.exceptions import (
    DatabaseUnavailableError,
    JobCancelledError,
    JobRefusedError,
    RunLostError,
    StopRequestedError,
    gravest,
)
from worker.importing.importer import unapplied


def r(first, last):
    return range(first, last + 1)


@pytest.mark.parametrize(
    ("rows", "applied", "expected"),
    [
        pytest.param(r(1, 250), [], [r(1, 100), r(101, 200), r(201, 250)], id="nothing yet"),
        pytest.param(r(1, 100), [r(1, 100)], [], id="everything"),
        pytest.param(r(1, 200), [r(1, 100)], [r(101, 200)], id="the beginning"),
        pytest.param(r(1, 200), [r(101, 200)], [r(1, 100)], id="the end"),
        pytest.param(r(1, 100), [r(31, 60)], [r(1, 30), r(61, 100)], id="the middle"),
        pytest.param(r(1, 250), [r(1, 70), r(141, 210)], [r(71, 140), r(211, 250)], id="in turns"),
        pytest.param(r(101, 200), [r(51, 150)], [r(151, 200)], id="reaching in from before"),
        pytest.param(r(101, 200), [r(151, 250)], [r(101, 150)], id="reaching out at the end"),
        pytest.param(r(101, 200), [r(1, 300)], [], id="reaching over both ends"),
        pytest.param(r(101, 200), [r(1, 100), r(201, 300)], [r(101, 200)], id="beside it"),
        pytest.param(range(1, 1), [], [], id="no rows"),
    ],
)
def test_unapplied(rows, applied, expected):
    assert list(unapplied(rows, tuple(applied), 100)) == expected


@given(
    st.integers(1, 300),
    st.integers(0, 300),
    st.integers(1, 70),
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), max_size=10),
)
def test_unapplied_is_what_is_left_and_nothing_twice(first, count, batch_size, gaps_and_lengths):
    applied, position = [], 1
    for gap, length in gaps_and_lengths:
        applied.append(range(position + gap, position + gap + length))
        position += gap + length
    batches = list(unapplied(range(first, first + count), tuple(applied), batch_size))
    assert all(0 < len(batch) <= batch_size for batch in batches)
    covered = [row for batch in batches for row in batch]
    done = {row for span in applied for row in span}
    assert covered == [row for row in range(first, first + count) if row not in done]


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([DatabaseUnavailableError(), RunLostError()], RunLostError),
        ([DatabaseUnavailableError(), JobCancelledError()], JobCancelledError),
        ([JobCancelledError(), RunLostError()], RunLostError),
        ([ZeroDivisionError(), JobRefusedError()], JobRefusedError),
        ([DatabaseUnavailableError(), ZeroDivisionError()], ZeroDivisionError),
        ([DatabaseUnavailableError()], DatabaseUnavailableError),
        ([DatabaseUnavailableError(), StopRequestedError()], StopRequestedError),
        ([StopRequestedError(), ZeroDivisionError()], ZeroDivisionError),
        ([ExceptionGroup("inner", [RunLostError()])], RunLostError),
    ],
)
def test_the_gravest_error_decides(errors, expected):
    assert isinstance(gravest(ExceptionGroup("outer", errors)), expected)
