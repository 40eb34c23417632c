"""``python -m worker export``: have a table exported, and download the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from postgrest import APIError
from rich.console import Console
from storage3.exceptions import StorageApiError
from supabase import AsyncClient

from worker.cli.following import ask, follow, latest_run
from worker.config import Settings
from worker.connection import TransientError, connect
from worker.exceptions import DatabaseUnavailableError, JobRefusedError, RequestRefusedError
from worker.storage import EXPORTS, FileStore

DONE, FAILED = 0, 2

# Whatever Storage took, this command gives back.
_LIMIT_MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Export:
    """What to export, and where to."""

    organization_id: str
    data_type: str
    # file_data.export_options, what was said of them.
    options: Mapping[str, object]
    # None: in the current directory, by the name that the file has in Storage.
    output: Path | None


async def export(settings: Settings, wanted: Export, console: Console) -> int:
    """Insert the job, follow it, and download its file; the exit code.

    Raises:
        DatabaseUnavailableError, RequestRefusedError: the insert or the download did not work.

    """
    key = settings.supabase_secret_key.get_secret_value()
    try:
        async with connect(settings.supabase_url, key) as client:
            job_id = await _insert_job(client, wanted)
            told = f"Job {job_id}: {wanted.data_type} of {wanted.organization_id}."
            console.print(told, markup=False, highlight=False)
            job = await follow(client, job_id, console)
            return await _download(client, job, wanted, console)
    except (APIError, StorageApiError) as error:
        raise RequestRefusedError(f"the export command: code {error.code}") from None
    except (httpx.RequestError, TransientError) as error:
        raise DatabaseUnavailableError(type(error).__name__) from None


async def _insert_job(client: AsyncClient, wanted: Export) -> str:
    row = {
        "organization_id": wanted.organization_id,
        "job_type": "export",
        "data_type": wanted.data_type,
        "scheduled_time": datetime.now(UTC).isoformat(),
        "status": "pending",
        # And created by nobody who has a page open: so no worker waits for one.
        "creator_name": "python -m worker export",
        "file_data": {"export_options": dict(wanted.options)},
    }
    # Once: an insert whose answer was lost must not be made twice.
    [inserted] = await ask(client.table("scheduled_jobs").insert(row))
    return str(inserted["id"])


async def _download(
    client: AsyncClient, job: Mapping[str, Any], wanted: Export, console: Console
) -> int:
    run = await latest_run(client, str(job["id"]))
    say = partial(console.print, markup=False, highlight=False)
    say(f"The job is {job['status']}.")
    if message := job.get("error_message"):
        say(message)
    if run is None or job["status"] != "completed":
        return FAILED
    for note in run["notes"]:
        say(f"  {note}")
    output = wanted.output or Path(run["export_path"].rpartition("/")[2])
    try:
        await FileStore(client, _LIMIT_MB, EXPORTS).download(run["export_path"], output)
    except JobRefusedError:
        say("The file is not in Storage any more.")
        return FAILED
    except OSError as error:
        say(f"{output} cannot be written: {error.strerror}.")
        return FAILED
    say(f"{job['record_count']:,} rows are in {output}.")
    return DONE
