"""What a platform and a Prometheus ask over HTTP, where WORKER_HTTP_PORT is set.

/livez     200 while the process turns, also while it lets its last batches land
/readyz    200, or 503 with each check that fails by its name, in JSON
/metrics   what is counted of this process, and the queue as the database knows it
/unsubscribe/TOKEN   where the link in a mail leads: the one path that is for the world
"""

import asyncio
import platform
import time
from collections.abc import Callable, Iterable
from typing import NoReturn

import structlog
from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    generate_latest,
)

from worker.exceptions import DatabaseUnavailableError, RequestRefusedError
from worker.metrics import REGISTRY
from worker.presence import Presence
from worker.queue import JobQueue

log = structlog.get_logger()

_STATES = ("connecting", "joined", "live", "down")
_QUEUE_STATES = ("scheduled", "due", "retrying", "processing")


async def serve_endpoints(
    port: int,
    queue: JobQueue,
    presence: Callable[[], Presence],
    obstacles: Callable[[], dict[str, str]],
    others: Iterable[web.RouteDef] = (),
) -> NoReturn:
    """Serve until cancelled.

    Args:
        port: on every interface.
        queue: to ask for what the database knows.
        presence: what the worker says of itself now.
        obstacles: what keeps it from taking jobs, by name; empty if nothing does.
        others: routes beside these.

    Raises:
        OSError: the port is somebody else's.

    """

    async def livez(_request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def readyz(_request: web.Request) -> web.Response:
        failing = obstacles()
        body = {"ready": not failing, "failing": failing}
        return web.json_response(body, status=503 if failing else 200)

    async def metrics(_request: web.Request) -> web.Response:
        now = _gauges(presence())
        await _add_queue(now, queue)
        body = generate_latest(REGISTRY) + generate_latest(now)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    application = web.Application()
    application.add_routes(
        [
            web.get("/livez", livez),
            web.get("/readyz", readyz),
            web.get("/metrics", metrics),
            *others,
        ]
    )
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port).start()
        log.info("endpoints_served", port=port)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
    raise AssertionError  # the event is nobody's to set


def _gauges(presence: Presence) -> CollectorRegistry:
    """Read what is so now, which nobody needs to count."""
    registry = CollectorRegistry()

    def gauge(name: str, says: str, value: float) -> None:
        Gauge(name, says, registry=registry).set(value)

    build = Gauge("import_worker_build_info", "1.", ("version", "python"), registry=registry)
    build.labels(presence.version, platform.python_version()).set(1)
    listener = Gauge(
        "import_listener_state", "1 where the subscription stands.", ("state",), registry=registry
    )
    for state in _STATES:
        listener.labels(state).set(state == presence.listener)
    deaf = Counter("import_listener_deaf", "Subscriptions given up as deaf.", registry=registry)
    deaf.inc(presence.times_deaf)
    gauge("import_worker_runs", "Jobs that this worker has.", presence.runs)
    gauge("import_worker_concurrency", "Jobs that it takes at a time.", presence.concurrency)
    return registry


async def _add_queue(registry: CollectorRegistry, queue: JobQueue) -> None:
    """Add what the database knows, if it answers; every worker tells the same."""
    asked_at = time.monotonic()
    answered = Gauge(
        "import_database_up", "Whether the database answered this scrape.", registry=registry
    )
    try:
        told = await queue.read_queue()
    except (DatabaseUnavailableError, RequestRefusedError):
        answered.set(0)
        return
    answered.set(1)
    latency = Gauge("import_database_latency_seconds", "Of this scrape's call.", registry=registry)
    latency.set(time.monotonic() - asked_at)
    jobs = Gauge("import_jobs", "Unfinished jobs by state.", ("state",), registry=registry)
    for state in _QUEUE_STATES:
        jobs.labels(state).set(told[state])
    oldest = Gauge(
        "import_oldest_due_job_age_seconds", "How long it waits; 0: none is due.", registry=registry
    )
    oldest.set(told["oldest_due_seconds"] or 0)
    workers = Gauge("import_workers", "Workers that are alive.", registry=registry)
    workers.set(told["workers"])
