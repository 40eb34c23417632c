"""What a run shows of itself."""

import asyncio
import contextlib

from worker import heartbeat
from worker.heartbeat import Heartbeat
from worker.job import Progress


class Reports:
    """A database that keeps what it is told."""

    def __init__(self):
        self.shown = []
        self.told = asyncio.Event()

    async def report_progress(self, _run_id, progress):
        self.shown.append(progress)
        self.told.set()
        return "processing"


class Run:
    run_id = "run"
    applied = (range(1, 11),)
    row_count = None
    lease_seconds = 60


async def test_rows_that_go_through_twice_fill_the_bar_once(monkeypatch):
    monkeypatch.setattr(heartbeat, "_PROGRESS_SECONDS", 0)
    database = Reports()
    beating = Heartbeat(database, Run())
    task = asyncio.create_task(beating.beat())
    for passes, rows in ((1, 0), (2, 90), (2, 99), (2, 1)):
        beating.show(100, passes=passes)
        beating.advance(rows)
        database.told.clear()
        await database.told.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert database.shown == [
        Progress(10, 100), Progress(50, 100), Progress(99, 100), Progress(100, 100),
    ]  # fmt: skip
