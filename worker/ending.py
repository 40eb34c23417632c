"""How a run is carried out and ends, whatever kind of work it is."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict

import structlog

from worker import metrics
from worker.exceptions import (
    DatabaseUnavailableError,
    JobCancelledError,
    JobRefusedError,
    RequestRefusedError,
    RunLostError,
    StopRequestedError,
    gravest,
)
from worker.heartbeat import Heartbeat
from worker.job import Job, RunResult
from worker.logs import where
from worker.queue import JobQueue

log = structlog.get_logger()

# The call that ends a run whose work is done.
Finish = Callable[[], Awaitable[RunResult]]
# What a run is for; the heartbeat is told how far it is.
Work = Callable[[Heartbeat], Awaitable[Finish]]

# By kind of work, for its owner.
_FAULTS = {
    "import": (
        "The import stopped because of a fault on our side; rows that were imported before stay."
    ),
    "preview": "The preview stopped because of a fault on our side.",
    "undo": (
        "The undo stopped because of a fault on our side; what was taken back before stays so."
    ),
    "export": "The export stopped because of a fault on our side.",
}


async def run_to_end(queue: JobQueue, job: Job, work: Work) -> None:
    """Do a claimed job's work, with a heartbeat beside it, and end its run, whatever happens.

    Never raises but for a cancel: what goes wrong becomes the job's end, or its lease runs out.
    """
    with structlog.contextvars.bound_contextvars(
        job_id=str(job.job_id), run_id=str(job.run_id), organization_id=job.organization_id
    ):
        log.info(_event(job, "started"), attempt=job.attempt, rows=job.row_count)
        started = time.monotonic()
        try:
            async with asyncio.TaskGroup() as group:
                heartbeat = Heartbeat(queue, job)
                beating = group.create_task(heartbeat.beat())
                finish = await work(heartbeat)
                beating.cancel()
            ending = asdict(await finish())
        except* Exception as errors:  # noqa: BLE001 - sorted out by _end_early
            ending = await _end_early(queue, job, gravest(errors))
        seconds = time.monotonic() - started
        metrics.count_run(job.kind, job.data_type, str(ending["outcome"]), seconds)
        log.info(_event(job, "ended"), **ending, seconds=round(seconds, 3))


async def refuse_unknown(queue: JobQueue, job: Job) -> None:
    """End a job that asks for what this worker does not know."""

    async def refuse(_: Heartbeat) -> Finish:
        raise JobRefusedError(
            "This job asks for something that cannot be done yet. Please contact support and name "
            f"run {job.run_id}."
        )

    await run_to_end(queue, job, refuse)


async def _end_early(queue: JobQueue, job: Job, error: Exception) -> dict[str, object]:
    """Turn what went wrong into the end of the run; what to log of it."""
    try:
        return await _end(queue, job, error)
    except Exception as failure:  # noqa: BLE001 - nothing is lost: its lease runs out
        return {"outcome": "left to its lease", "cause": type(failure).__name__}


async def _end(queue: JobQueue, job: Job, error: Exception) -> dict[str, object]:
    run_id = job.run_id
    match error:
        case RunLostError():
            return {"outcome": "lost", "cause": str(error)}
        case JobCancelledError():
            return asdict(await queue.finish(run_id, "cancelled"))
        case JobRefusedError():
            return asdict(await queue.finish(run_id, "failed", str(error)))
        case RequestRefusedError():
            log.error("request_refused", cause=str(error))
            message = f"{_FAULTS[job.kind]} Please contact support and name run {run_id}."
            return asdict(await queue.finish(run_id, "failed", message))
        case StopRequestedError():
            await queue.release(run_id)
            return {"outcome": "released"}
        case DatabaseUnavailableError():
            log.warning(_event(job, "interrupted"), cause=str(error))
        case _:
            # No text: a ValueError likes to quote the value it tripped over.
            log.error(_event(job, "crashed"), error=type(error).__name__, where=where(error))
    await queue.release(run_id, _retry_in(job.attempt))
    return {"outcome": "retried"}


def _event(job: Job, happened: str) -> str:
    """Name what is logged: import_started, preview_ended."""
    return f"{job.kind}_{happened}"


def _retry_in(attempt: int) -> float:
    """Seconds until a job is tried again: 10, 40, 160, 640."""
    return math.ldexp(10.0, 2 * (attempt - 1))
