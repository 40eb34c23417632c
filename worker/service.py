"""One worker process: the listener, the poll and the runs, started together, stopped together."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator

import structlog

from supabase import AsyncClient
from worker.config import Settings
from worker.exceptions import DatabaseUnavailableError
from worker.importer import run_import
from worker.job import Job
from worker.listener import Listener
from worker.queue import JobQueue, connect

log = structlog.get_logger()

# Heroku kills 30 s after SIGTERM. Batches in flight land long before; a database that does not
# answer must not keep us longer.
_SHUTDOWN_SECONDS = 20.0


async def serve(settings: Settings, *, once: bool) -> None:
    """Import what is due until SIGTERM or SIGINT; with once, until nothing is due.

    Raises:
        ExceptionGroup: of RequestRefusedError when the database refuses this worker (wrong key,
            missing migration); with once, of DatabaseUnavailableError when it does not answer;
            else of a bug in a part of the service: better restarted than half-dead.

    """
    key = settings.supabase_secret_key.get_secret_value()
    async with connect(settings.supabase_url, key) as client:
        await _Service(settings, client).run(once=once)


class _Service:
    def __init__(self, settings: Settings, client: AsyncClient) -> None:
        self._settings = settings
        self._queue = JobQueue(client, settings.worker_id, settings.worker_lease_seconds)
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self._runs: set[asyncio.Task[None]] = set()

    async def run(self, *, once: bool) -> None:
        settings = self._settings
        listener = Listener(
            settings.supabase_url, settings.supabase_secret_key.get_secret_value(), self._wake.set
        )
        log.info("worker_started", worker_id=settings.worker_id, once=once)
        with self._signals():
            async with asyncio.TaskGroup() as group:
                listening = None if once else group.create_task(listener.listen())
                await self._claim_until_stopped(group, once=once)
                if listening:
                    listening.cancel()
                await self._wait_for_runs()
        log.info("worker_stopped", worker_id=settings.worker_id)

    async def _claim_until_stopped(self, group: asyncio.TaskGroup, *, once: bool) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            free = self._settings.worker_concurrency - len(self._runs)
            try:
                jobs, sleep = await self._claim(free)
            except DatabaseUnavailableError as error:
                if once:
                    raise
                log.warning("claim_failed", cause=str(error))
                jobs, sleep = (), self._settings.worker_poll_seconds
            for job in jobs:
                self._start(job, group)
            if once and not jobs and not self._runs:
                return
            # A claim gives at most one job an organization, so a full one may leave more behind;
            # a run that ends wakes us, and so does whatever else can make a job due.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(sleep):
                    await self._wake.wait()

    async def _claim(self, free: int) -> tuple[tuple[Job, ...], float]:
        """Take due jobs for free slots; also how many seconds to sleep before looking again."""
        settings = self._settings
        if not free:
            return (), settings.worker_poll_seconds
        claim = await self._queue.claim(free, settings.worker_orphan_after_seconds)
        sleep = settings.worker_poll_seconds
        if claim.next_due_in is not None:
            sleep = min(sleep, claim.next_due_in)
        return claim.jobs, sleep

    def _start(self, job: Job, group: asyncio.TaskGroup) -> None:
        settings = self._settings
        run = group.create_task(
            run_import(
                self._queue,
                job,
                batch_size=settings.worker_batch_size,
                batches_in_flight=settings.worker_batches_in_flight,
                stop=self._stop,
            )
        )
        self._runs.add(run)
        run.add_done_callback(self._runs.discard)
        run.add_done_callback(lambda _run: self._wake.set())

    async def _wait_for_runs(self) -> None:
        """Let batches in flight land. What takes too long is left to its lease."""
        if not self._runs:
            return
        _, late = await asyncio.wait(self._runs, timeout=_SHUTDOWN_SECONDS)
        for run in late:
            log.warning("run_abandoned")
            run.cancel()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        watched = (signal.SIGTERM, signal.SIGINT)
        for number in watched:
            loop.add_signal_handler(number, self._on_signal, number)
        try:
            yield
        finally:
            for number in watched:
                loop.remove_signal_handler(number)

    def _on_signal(self, number: signal.Signals) -> None:
        if self._stop.is_set():
            log.warning("worker_killed", signal=signal.Signals(number).name)
            os._exit(128 + number)
        log.info("worker_stopping", signal=signal.Signals(number).name)
        self._stop.set()
        self._wake.set()
