"""When an idle worker forgets, and how much at a time."""

import pytest

from worker.operating import pruning
from worker.operating.pruning import Pruning


class Database:
    """So many change sets that are too old, and when it was asked."""

    def __init__(self, old):
        self.old = old
        self.asked = []

    async def prune_changes(self, max_sets):
        self.asked.append(max_sets)
        removed = min(self.old, max_sets)
        self.old -= removed
        return removed


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(pruning.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.usefixtures("clock")
async def test_it_goes_on_as_long_as_there_is_something_left():
    database = Database(old=1200)
    task = Pruning(database)
    for _ in range(5):
        await task.go_on()
    assert database.asked == [500, 500, 500]
    assert database.old == 0


async def test_then_it_rests_for_a_minute(clock):
    database = Database(old=0)
    task = Pruning(database)
    for _ in range(3):
        await task.go_on()
        clock[0] += 59
        await task.go_on()
        clock[0] += 1
    assert len(database.asked) == 3
