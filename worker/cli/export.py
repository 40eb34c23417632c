"""``python -m worker export``: have a table exported, and download the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from supabase import AsyncClient

from worker.cli.following import connected, follow, insert_job, latest_run
from worker.config import Settings
from worker.exceptions import JobRefusedError
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
    row = {
        "organization_id": wanted.organization_id,
        "job_type": "export",
        "data_type": wanted.data_type,
        "file_data": {"export_options": dict(wanted.options)},
    }
    async with connected(settings, "export") as client:
        # Created by nobody who has a page open: so no worker waits for one.
        job_id = await insert_job(client, "export", row)
        told = f"Job {job_id}: {wanted.data_type} of {wanted.organization_id}."
        console.print(told, markup=False, highlight=False)
        job = await follow(client, job_id, console)
        return await _download(client, job, wanted, console)


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
