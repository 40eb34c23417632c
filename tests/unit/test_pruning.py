"""When an idle worker forgets, and how much at a time."""

import asyncio

import pytest

from worker.exceptions import DatabaseUnavailableError, RequestRefusedError
from worker.job import Pruned
from worker.operating import pruning
from worker.operating.pruning import KINDS, prune, prune_while_idle


class Database:
    """So many things of one kind that are too old, some of them files; what it was asked."""

    def __init__(self, kind, old):
        self.kind = kind
        self.old = old
        self.asked = []
        self.stepped = asyncio.Event()
        self.trouble = None

    async def prune(self, what, after, most, *, dry_run):
        self.asked.append((what, after, most, dry_run))
        self.stepped.set()
        if self.trouble:
            raise self.trouble
        if what != self.kind:
            return Pruned(0, None, "", ())
        removed = min(self.old, most)
        self.old -= removed
        names = tuple(f"{number}.csv" for number in range(removed)) if what == "files" else ()
        return Pruned(removed, {"at": self.old} if self.old else None, "exports", names)


class Store:
    def __init__(self):
        self.removed = []

    async def remove(self, bucket, paths):
        self.removed.append((bucket, len(paths)))


async def test_a_kind_goes_on_where_it_stopped_until_nothing_is_left():
    database = Database("errors", old=4500)
    removed = [step.removed async for kind, step in prune(database, Store()) if kind == "errors"]
    assert removed == [2000, 2000, 500]
    asked = [(after, most) for what, after, most, _ in database.asked if what == "errors"]
    assert asked == [(None, 2000), ({"at": 2500}, 2000), ({"at": 500}, 2000)]
    assert {what for what, *_ in database.asked} == set(KINDS)


async def test_files_are_removed_from_the_bucket_that_is_named():
    store = Store()
    async for _ in prune(Database("files", old=150), store):
        pass
    assert store.removed == [("exports", 100), ("exports", 50)]


async def test_a_dry_run_says_so_in_each_step():
    database = Database("runs", old=0)
    async for _ in prune(database, Store(), dry_run=True):
        pass
    assert all(dry_run for *_, dry_run in database.asked)


@pytest.fixture
def idle(monkeypatch):
    monkeypatch.setattr(pruning, "_STEP_SECONDS", 0)
    monkeypatch.setattr(pruning, "_REST_SECONDS", 0)
    event = asyncio.Event()
    event.set()
    return event


async def test_a_busy_worker_takes_no_step(idle):
    database = Database("runs", old=0)
    idle.clear()
    pruning_task = asyncio.create_task(prune_while_idle(database, Store(), idle))
    for _ in range(50):
        await asyncio.sleep(0)
    assert database.asked == []
    idle.set()
    await database.stepped.wait()
    pruning_task.cancel()


@pytest.mark.parametrize(
    "trouble", [DatabaseUnavailableError("away"), RequestRefusedError("code 42883")], ids=type
)
async def test_no_trouble_stops_it(idle, trouble):
    database = Database("runs", old=3)
    database.trouble = trouble
    pruning_task = asyncio.create_task(prune_while_idle(database, Store(), idle))
    await database.stepped.wait()
    database.trouble = None
    while database.old:
        await asyncio.sleep(0)
    assert not pruning_task.done()
    pruning_task.cancel()
