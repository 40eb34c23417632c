"""``python -m worker undo JOB…``: have imports taken back, and tell how it went."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from rich.console import Console
from supabase import AsyncClient

from worker.cli.following import ask, connected, follow, insert_job, latest_run
from worker.config import Settings

ALL_BACK, SOME_KEPT, FAILED = 0, 1, 2


async def undo(
    settings: Settings, job_ids: Sequence[UUID], console: Console, *, dry_run: bool
) -> int:
    """Insert the undo's job, follow it and sum up; the exit code.

    Args:
        settings: where the database is.
        job_ids: the imports, or undos, all of one organization.
        console: where to tell.
        dry_run: only say what would happen.

    Raises:
        DatabaseUnavailableError, RequestRefusedError: the insert did not work.

    """
    say = partial(console.print, markup=False, highlight=False)
    async with connected(settings, "undo") as client:
        named = await _find(client, job_ids)
        if missing := [str(job_id) for job_id in job_ids if str(job_id) not in named]:
            say(f"There is no job {', '.join(missing)}.")
            return FAILED
        organizations = {job["organization_id"] for job in named.values()}
        if len(organizations) > 1:
            say("These jobs are of several organizations. Please undo them one by one.")
            return FAILED
        job_id = await _insert_job(client, list(named.values()), dry_run=dry_run)
        say(f"Job {job_id}: undo for {organizations.pop()}.")
        job = await follow(client, job_id, console)
        return await _sum_up(client, job, say)


async def _find(client: AsyncClient, job_ids: Sequence[UUID]) -> dict[str, dict[str, Any]]:
    """Read the jobs that are to be undone, by id."""
    jobs = client.table("scheduled_jobs").select("id,organization_id,data_type,file_name")
    found = await ask(jobs.in_("id", [str(job_id) for job_id in job_ids]))
    return {job["id"]: job for job in found}


async def _insert_job(
    client: AsyncClient, jobs: Sequence[Mapping[str, Any]], *, dry_run: bool
) -> str:
    file_data: dict[str, Any] = {"undo": {"job_ids": [job["id"] for job in jobs]}}
    if dry_run:
        file_data["options"] = {"dry_run": True}
    names = [job["file_name"] for job in jobs if job["file_name"]]
    row = {
        "organization_id": jobs[0]["organization_id"],
        "job_type": "import",
        "data_type": jobs[0]["data_type"],
        "file_name": f"Undo of {names[0]}" if names else "Undo",
        "file_data": file_data,
    }
    return await insert_job(client, "undo", row)


async def _sum_up(client: AsyncClient, job: Mapping[str, Any], say: Any) -> int:  # noqa: ANN401 - print, with its options
    run = await latest_run(client, str(job["id"]))
    say(f"The job is {job['status']}.")
    if message := job.get("error_message"):
        say(message)
    if run and run["failed_rows_path"]:
        say(f"What was kept, and why: {run['failed_rows_path']}")
    if run is None or job["status"] != "completed":
        return FAILED
    return SOME_KEPT if run["failed"] else ALL_BACK
