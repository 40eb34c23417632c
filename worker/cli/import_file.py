"""``python -m worker import FILE``: upload a file, have it imported, and tell how it went."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from rich.console import Console
from supabase import AsyncClient

from worker.cli.following import connected, follow, insert_job, latest_run
from worker.cli.preview_table import print_preview
from worker.cli.rehearsal import rehearsal_tables
from worker.config import Settings
from worker.storage import BUCKET

ALL_IN, SOME_REFUSED, FAILED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Upload:
    """What to import, and how."""

    file: Path
    organization_id: str
    data_type: str
    # As file_data has them: column → field, or None for the worker to find out.
    mapping: Mapping[str, str] | None
    options: Mapping[str, object]


async def import_file(settings: Settings, upload: Upload, console: Console) -> int:
    """Upload the file, insert its job, follow it and sum up; the exit code.

    Raises:
        DatabaseUnavailableError, RequestRefusedError: the upload or the insert did not work.

    """
    async with connected(settings, "import") as client:
        job_id = await _insert_job(client, upload)
        told = f"Job {job_id}: {upload.file.name} for {upload.organization_id}."
        console.print(told, markup=False, highlight=False)
        job = await follow(client, job_id, console)
        return await _sum_up(client, job, upload.data_type, console)


async def _insert_job(client: AsyncClient, upload: Upload) -> str:
    # Storage takes these characters in a name and no others.
    name = re.sub(r"[^\w.-]", "_", upload.file.name, flags=re.ASCII)
    path = f"{upload.organization_id}/{uuid4()}/{name}"
    await client.storage.from_(BUCKET).upload(path, upload.file)
    file_data: dict[str, Any] = {
        "source": {"bucket": BUCKET, "path": path},
        "options": dict(upload.options),
    }
    if upload.mapping is not None:
        file_data["mapping"] = dict(upload.mapping)
    row = {
        "organization_id": upload.organization_id,
        "job_type": "import",
        "data_type": upload.data_type,
        "file_name": upload.file.name,
        "file_data": file_data,
    }
    return await insert_job(client, "import", row)


async def _sum_up(
    client: AsyncClient, job: Mapping[str, Any], data_type: str, console: Console
) -> int:
    run = await latest_run(client, str(job["id"]))
    say = partial(console.print, markup=False, highlight=False)
    if run and run["preview"]:
        print_preview(run["preview"], console)
        for note in run["notes"]:
            say(f"  {note}")
        if problem := run["preview"]["problem"]:
            say(f"It could not be imported like this: {problem}")
        return ALL_IN
    if run:
        verb = "would be " if run["dry_run"] else ""
        say(
            f"{run['created']:,} {verb}created, {run['updated']:,} {verb}updated "
            f"({run['unchanged']:,} unchanged), "
            f"{run['failed']:,} refused, {run['unprocessed']:,} not reached"
        )
        if run["rehearsal"]:
            console.print(rehearsal_tables(run["rehearsal"], data_type))
        for note in run["notes"]:
            say(f"  {note}")
    say(f"The job is {job['status']}.")
    if message := job.get("error_message"):
        say(message)
    if run and run["failed_rows_path"]:
        say(f"The refused rows, to be mended and uploaded again: {run['failed_rows_path']}")
    if run is None or job["status"] != "completed":
        return FAILED
    return SOME_REFUSED if run["failed"] else ALL_IN
