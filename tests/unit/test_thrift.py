"""How batches are sent, by how those before them went."""

from worker.importing.thrift import Thrift
from worker.job import BatchResult

NEW = BatchResult(created=100, updated=0, unchanged=0, failed=0)
OLD = BatchResult(created=0, updated=100, unchanged=50, failed=0)


def sent(thrift, results, *, are_new):
    """Send batches; for each whether it went without at first."""
    ways = []
    for result in results:
        went_without = thrift.leaves_out
        ways.append(went_without)
        if went_without and are_new:
            thrift.came_back()
            went_without = False
        thrift.landed(result, went_without=went_without)
    return ways


def test_what_is_there_goes_without_for_ever():
    assert sent(Thrift(), [OLD] * 100, are_new=False) == [True] * 100


def test_what_is_new_is_tried_once():
    assert sent(Thrift(), [NEW] * 100, are_new=True) == [True] + [False] * 99


def test_texts_that_change_are_tried_less_and_less():
    ways = sent(Thrift(), [OLD] * 200, are_new=True)
    tries = [number for number, went_without in enumerate(ways) if went_without]
    assert tries == [0, 4, 12, 28, 60, 124, 188]


def test_after_new_items_those_that_are_there_go_without_soon():
    thrift = Thrift()
    sent(thrift, [NEW] * 100, are_new=True)
    assert sent(thrift, [OLD] * 10, are_new=False) == [False] * 4 + [True] * 6


def test_several_that_come_back_at_once_count_as_one():
    thrift = Thrift()
    for _ in range(4):
        thrift.came_back()
    assert sent(thrift, [OLD] * 8, are_new=False) == [False] * 4 + [True] * 4
