"""A command's dealings with the database: it inserts a job, and follows it until it is over."""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import httpx
from postgrest import APIError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from storage3.exceptions import StorageApiError
from supabase import AsyncClient

from worker.config import Settings
from worker.connection import TransientError, connect, retried
from worker.exceptions import DatabaseUnavailableError, RequestRefusedError

# Prints a line as it is, to whoever typed the command.
Say = Callable[[str], None]

_OVER = ("completed", "failed", "cancelled")
_LOOK_SECONDS = 0.5
# Longer than any poll: nobody is there to take the job.
_PATIENCE_SECONDS = 15.0


@asynccontextmanager
async def connected(settings: Settings, command: str) -> AsyncIterator[AsyncClient]:
    """Connect for a command, whose name is told with what was refused.

    Raises:
        DatabaseUnavailableError, RequestRefusedError: what the client raises within means that.

    """
    try:
        async with connect(settings.supabase_url, settings.secret_key) as client:
            yield client
    except (APIError, StorageApiError) as error:
        raise RequestRefusedError(f"the {command} command: code {error.code}") from None
    except (httpx.RequestError, TransientError) as error:
        raise DatabaseUnavailableError(type(error).__name__) from None


async def insert_job(client: AsyncClient, command: str, row: Mapping[str, object]) -> str:
    """Insert a job that is due now; its id.

    Args:
        client: of the database.
        command: which of ours inserts it.
        row: of scheduled_jobs, what is this job's own. It is nobody's: an operator's.

    """
    common = {
        "scheduled_time": datetime.now(UTC).isoformat(),
        "status": "pending",
        "creator_name": f"python -m worker {command}",
    }
    # Once: an insert whose answer was lost must not be made twice.
    [inserted] = await ask(client.table("scheduled_jobs").insert({**common, **row}))
    return str(inserted["id"])


def job_id(argument: str) -> UUID:
    """Read a job's id from the command line."""
    try:
        return UUID(argument)
    except ValueError:
        raise argparse.ArgumentTypeError("this is no job's id") from None


async def follow(client: AsyncClient, job_id: str, console: Console) -> dict[str, Any]:
    """Show the job's progress until it is over; its last state."""
    columns = "id,status,progress,record_count,error_message"
    inserted = time.monotonic()
    is_patient = True
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console
    ) as bars:
        bar = bars.add_task("pending", total=None)
        while True:
            jobs = client.table("scheduled_jobs").select(columns).eq("id", job_id)
            # A moment without an answer is no reason to leave a job that goes on.
            answer = await retried("follow", partial(ask, jobs))
            if not answer:
                return {"id": job_id, "status": "deleted"}
            job = answer[0]
            _show(bars, bar, job)
            if job["status"] in _OVER:
                return job
            if job["status"] == "pending" and is_patient:
                is_patient = time.monotonic() - inserted < _PATIENCE_SECONDS
                if not is_patient:
                    bars.print("No worker has taken the job yet. Is one running?")
            await asyncio.sleep(_LOOK_SECONDS)


def _show(bars: Progress, bar: TaskID, job: Mapping[str, Any]) -> None:
    progress = job["progress"] or {}
    bars.update(
        bar,
        description=job["status"],
        completed=progress.get("current", 0),
        total=progress.get("total") or None,
    )


async def latest_run(client: AsyncClient, job_id: str) -> dict[str, Any] | None:
    """Read how a job's last attempt went; None if there was none."""
    runs = client.table("import_runs").select("*").eq("job_id", job_id)
    latest = await retried("follow", partial(ask, runs.order("started_at", desc=True).limit(1)))
    return latest[0] if latest else None


async def ask(query: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - the client's builders have no common type
    """Run a select or an insert; its rows."""
    try:
        return list((await query.execute()).data)
    except httpx.RequestError as error:
        raise TransientError(type(error).__name__) from None
