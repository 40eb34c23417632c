"""One worker process: the listener, the poll and the runs, started together, stopped together."""

import asyncio
import contextlib
import math
import os
import secrets
import signal
import socket
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NoReturn

import structlog
from supabase import AsyncClient

from worker import __version__, metrics
from worker.config import Settings
from worker.connection import connect
from worker.ending import refuse_unknown
from worker.exceptions import DatabaseUnavailableError, RequestRefusedError
from worker.exporting.exporter import run_export
from worker.importing.ahead import ReadAhead
from worker.importing.importer import Pace, run_import
from worker.importing.preview import run_preview
from worker.importing.thrift import Thrift
from worker.job import Claim, Job
from worker.listener import Listener, ListenerState
from worker.operating.attendance import attend, leave
from worker.operating.endpoints import serve_endpoints
from worker.operating.notifying.delivery import Send
from worker.operating.notifying.loop import deliver, senders
from worker.operating.notifying.outbox import Outbox
from worker.operating.notifying.unsubscribing import unsubscribing
from worker.operating.pruning import prune_while_idle
from worker.operating.pulse import beat
from worker.presence import Presence
from worker.queue import JobQueue
from worker.scratch import remove_leftovers
from worker.storage import EXPORTS, FileStore
from worker.undoing.undo import run_undo

log = structlog.get_logger()

# Heroku kills 30 s after SIGTERM, and we promise 25. Batches in flight land long before; a database
# that does not answer must not keep us longer.
_SHUTDOWN_SECONDS = 16.0
_RELEASE_SECONDS = 4.0
# Ctrl-C reaches a process more than once when it has a parent that passes it on.
_SAME_REQUEST_SECONDS = 1.0
_GAUGES_SECONDS = 60.0
# Far below what anybody notices of a job that comes meanwhile.
_CLOSE_TOGETHER_SECONDS = 0.02
# What a claim may take: longer than its own limit.
_CLAIM_SECONDS = 20.0


async def serve(settings: Settings, *, once: bool) -> None:
    """Import what is due until SIGTERM or SIGINT; with once, until nothing is due.

    Raises:
        RequestRefusedError: the database refuses this worker (wrong key, missing migration).
        DatabaseUnavailableError: with once, it does not answer; else the poll goes on.
        ExceptionGroup: a bug in a part of the service: better restarted than half-dead.

    """
    remove_leftovers()
    async with (
        connect(settings.supabase_url, settings.secret_key, for_calls=True) as client,
        connect(settings.supabase_url, settings.secret_key) as files,
        senders(settings) as ways,
    ):
        await _Service(settings, client, files, ways).run(once=once)


class _Service:
    def __init__(
        self,
        settings: Settings,
        client: AsyncClient,
        files: AsyncClient,
        ways: Mapping[str, Send],
    ) -> None:
        self._settings = settings
        # One process's own: whoever has the same name is given its runs (claim_import_jobs).
        self._host = socket.gethostname()
        self._worker_id = f"{self._host}-{os.getpid()}-{secrets.token_hex(3)}"
        self._queue = JobQueue(client, self._worker_id, settings.worker_lease_seconds)
        self._store = FileStore(files, settings.worker_file_limit_mb)
        self._exports = FileStore(files, settings.worker_file_limit_mb, EXPORTS)
        self._pace = Pace(settings.worker_batch_size, settings.worker_batches_in_flight)
        # By organization.
        self._thrift: defaultdict[str, Thrift] = defaultdict(Thrift)
        self._outbox = Outbox(files, self._worker_id)
        self._ways = ways
        self._wake = asyncio.Event()
        self._something_ended = asyncio.Event()
        self._stop = asyncio.Event()
        self._ahead = ReadAhead(self._queue, self._stop)
        self._stopped_at = math.inf
        self._claimed_at = -math.inf  # the last claim that was answered
        self._listener = Listener(settings.supabase_url, settings.secret_key, self._wake.set)
        self._runs: dict[asyncio.Task[None], Job] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self, *, once: bool) -> None:
        log.info("worker_started", worker_id=self._worker_id, once=once)
        refusal = None
        with self._signals():
            async with asyncio.TaskGroup() as group:
                background = (
                    []
                    if once
                    else [
                        group.create_task(self._listener.listen()),
                        group.create_task(self._log_gauges()),
                        group.create_task(prune_while_idle(self._queue, self._store, self._idle)),
                    ]
                )
                until_the_end = [group.create_task(beat())]
                if not once:
                    until_the_end.append(group.create_task(attend(self._queue, self._presence)))
                if port := self._settings.worker_http_port:
                    endpoints = serve_endpoints(
                        port,
                        self._queue,
                        self._presence,
                        self._obstacles,
                        unsubscribing(self._outbox.unsubscribe),
                    )
                    until_the_end.append(group.create_task(endpoints))
                if not once:
                    telling = group.create_task(self._tell(once=False))
                try:
                    await self._claim_until_stopped(group, once=once)
                except (RequestRefusedError, DatabaseUnavailableError) as error:
                    # What runs already is ended well before this is raised.
                    refusal = error
                    self._begin_stop()
                for task in background:
                    task.cancel()
                await self._wait_for_runs()
                self._ahead.forget_others(())
                # It ends by itself soon after the stop.
                await (self._tell(once=True) if once else telling)
                for task in until_the_end:
                    task.cancel()
            if not once:
                await leave(self._queue, self._presence())
        log.info("worker_stopped", worker_id=self._worker_id)
        if refusal:
            raise refusal

    async def _claim_until_stopped(self, group: asyncio.TaskGroup, *, once: bool) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            sleep = self._settings.worker_poll_seconds
            jobs: tuple[Job, ...] = ()
            try:
                if free := self._settings.worker_concurrency - len(self._runs):
                    claim = await self._claim(free)
                    jobs = claim.jobs
                    if claim.next_due_in is not None:
                        sleep = min(sleep, claim.next_due_in)
            except DatabaseUnavailableError as error:
                if once:
                    raise
                metrics.count_retry("claim_import_jobs", str(error))
                log.warning("claim_failed", cause=str(error))
                self._listener.suspect_outage()
            for job in jobs:
                self._start(job, group)
            self._ahead.forget_others({job.organization_id for job in self._runs.values()})
            # A run that ended while the claim was under way may have made way for the next job.
            # So may a claim that only cleared away, and wants to be called again at once.
            if once and sleep > 0 and not (jobs or self._runs or self._wake.is_set()):
                return
            # A claim gives at most one job an organization, so it may leave more behind; a run that
            # ends wakes us, and so does whatever else can make a job due.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(sleep):
                    await self._wake.wait()
            await self._let_others_end()

    async def _let_others_end(self) -> None:
        """Where many jobs run side by side, have ends that come close together share a claim."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_TOGETHER_SECONDS):
                while (
                    self._settings.worker_concurrency
                    > 2 * (self._settings.worker_concurrency - len(self._runs))
                    and not self._stop.is_set()
                ):
                    self._wake.clear()
                    await self._wake.wait()

    async def _claim(self, free: int) -> Claim:
        asked_at = time.monotonic()
        claim = await self._queue.claim(
            free,
            self._settings.worker_orphan_after_seconds,
            export_after_seconds=self._settings.worker_export_after_seconds,
        )
        self._claimed_at = time.monotonic()
        for job in claim.jobs:
            metrics.count_claim(job)
        self._listener.check(claim, asked_at)
        return claim

    def _start(self, job: Job, group: asyncio.TaskGroup) -> None:
        run = group.create_task(self._run(job))
        self._runs[run] = job
        self._idle.clear()
        run.add_done_callback(self._on_run_end)

    async def _run(self, job: Job) -> None:
        """Do what a job asks for; none of these raises but for a cancel."""
        match job.kind:
            case "import":
                thrift = self._thrift[job.organization_id]
                await run_import(
                    self._queue, self._store, job, self._pace, thrift, self._ahead, self._stop
                )
            case "preview":
                await run_preview(self._queue, self._store, job, self._stop)
            case "undo":
                await run_undo(self._queue, self._store, job, self._stop)
            case "export":
                await run_export(self._queue, self._exports, job, self._stop)
            case _:
                await refuse_unknown(self._queue, job)

    def _on_run_end(self, run: asyncio.Task[None]) -> None:
        del self._runs[run]
        if not self._runs:
            self._idle.set()
        self._wake.set()
        self._something_ended.set()

    async def _wait_for_runs(self) -> None:
        """Let batches in flight land; give back what takes too long, as far as that is possible."""
        if not self._runs:
            return
        left = _SHUTDOWN_SECONDS - (time.monotonic() - self._stopped_at)
        _, late = await asyncio.wait(self._runs, timeout=None if left == math.inf else max(left, 0))
        jobs = [self._runs[run] for run in late]
        for run, job in zip(late, jobs, strict=True):
            log.warning("import_abandoned", job_id=str(job.job_id), run_id=str(job.run_id))
            run.cancel()
        if late:
            await asyncio.wait(late)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_RELEASE_SECONDS):
                    releases = (self._queue.release(job.run_id) for job in jobs)
                    await asyncio.gather(*releases, return_exceptions=True)

    async def _tell(self, *, once: bool) -> None:
        """Empty the outbox; beside the runs, or, with once, after them."""
        await deliver(self._outbox, self._ways, self._something_ended, self._stop, once=once)

    async def _log_gauges(self) -> NoReturn:
        while True:
            await asyncio.sleep(_GAUGES_SECONDS)
            log.info(
                "worker_gauges",
                listener=self._listener.state.value,
                listener_trouble=str(self._listener.trouble) if self._listener.trouble else None,
                times_deaf=self._listener.times_deaf,
                runs=len(self._runs),
            )

    def _presence(self) -> Presence:
        return Presence(
            version=__version__,
            host=self._host,
            listener=self._listener.state.value,
            times_deaf=self._listener.times_deaf,
            concurrency=self._settings.worker_concurrency,
            runs=len(self._runs),
        )

    def _obstacles(self) -> dict[str, str]:
        """Tell what keeps this worker from taking a job soon, by name, in words."""
        obstacles = {}
        if self._stop.is_set():
            obstacles["stopping"] = "the worker lets its last batches land"
        # One whose hands are full does not ask.
        silence = time.monotonic() - self._claimed_at
        is_full = len(self._runs) >= self._settings.worker_concurrency
        if silence > self._settings.worker_poll_seconds + _CLAIM_SECONDS and not is_full:
            obstacles["claim"] = "the database has not answered a claim lately"
        if self._listener.state is not ListenerState.LIVE:
            trouble = self._listener.trouble or "it is being subscribed to"
            obstacles["listener"] = f"Realtime does not announce jobs: {trouble}"
        return obstacles

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        watched = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.getsignal(number) for number in watched}
        for number in watched:
            loop.add_signal_handler(number, self._on_signal, number)
        try:
            yield
        finally:
            for number in watched:
                loop.remove_signal_handler(number)
                signal.signal(number, before[number])

    def _on_signal(self, number: signal.Signals) -> None:
        name = signal.Signals(number).name
        if not self._stop.is_set():
            log.info("worker_stopping", signal=name)
            self._begin_stop()
        elif time.monotonic() - self._stopped_at > _SAME_REQUEST_SECONDS:
            log.warning("worker_killed", signal=name)
            os._exit(128 + number)

    def _begin_stop(self) -> None:
        self._stopped_at = time.monotonic()
        self._stop.set()
        self._wake.set()
        self._something_ended.set()
