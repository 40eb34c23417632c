"""``make demo``: the main job, end to end, as it will be in production.

An ordinary user signs in, uploads the shipped file in jobs of 2,000 records, and watches them
through Realtime, as the frontend does; a worker process does the work.
"""

import argparse
import asyncio
import csv
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from realtime.types import RealtimePostgresChangesListenEvent
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from supabase import AsyncClient, acreate_client

from devstack.sample import SAMPLE
from devstack.stack import Stack, launch, stop, wait_until_up
from devstack.state import DEFAULT_STATE, PROJECT

# devstack/seed.sql made her.
EMAIL, PASSWORD = "olivia@cedar.test", "devstack-password"
# The frontend's own size: docs/FRONTEND.md, "Run in Background".
RECORDS_A_JOB = 2000
FINAL = ("completed", "failed", "cancelled")
# What the bars and the summary need. A whole row holds file_data, larger than a frame may be.
COLUMNS = ["id", "status", "progress", "record_count", "error_message"]

console = Console(width=100)


def main() -> int:
    """Run the demo; 0 when every job completed."""
    parser = argparse.ArgumentParser(prog="python -m devstack.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the local Supabase up")
    parser.add_argument(
        "--state", type=Path, default=DEFAULT_STATE, help="as of python -m devstack"
    )
    options = parser.parse_args()

    with supabase(options.state, keep=options.keep) as stack:
        with worker(stack) as log:
            console.print(f"Starting the worker: python -m worker run   (its log: {log})")
            completed = asyncio.run(import_sample(stack))
        if options.keep:
            stack.start_part("worker")  # one that stays
            say_how_to_look_around(stack)
    return 0 if completed else 1


@contextmanager
def supabase(state: Path, *, keep: bool) -> Iterator[Stack]:
    """Have the local Supabase up; at the end it is as it was, unless it is to be kept."""
    if already_up := Stack.at(state):
        console.print(f"The local Supabase is up at {already_up.url} already.")
        yield already_up
        return
    console.print("Starting a local Supabase (PostgreSQL, PostgREST, auth, Realtime) ...")
    started = time.monotonic()
    supervisor = launch(state, "--port", "0", "--db-port", "0")
    stack = wait_until_up(state, supervisor)
    console.print(f"  up in {time.monotonic() - started:.1f} s at {stack.url}")
    try:
        yield stack
    finally:
        if keep:
            supervisor.returncode = 0  # it outlives us, and Popen need not warn of that
        else:
            stop(state)
            supervisor.wait(timeout=10)
            console.print("Stopped everything.")


@contextmanager
def worker(stack: Stack) -> Iterator[Path]:
    """Run a worker process; SIGTERM at the end. Gives the path of its log."""
    path = stack.state / "logs" / "worker.log"
    with path.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker", "run"],
            env=stack.worker_environment,
            cwd=PROJECT,
            stdout=log,
        )
        try:
            yield path
        finally:
            process.terminate()
            try:
                exit_code = process.wait(timeout=25)
            except subprocess.TimeoutExpired:
                process.kill()
                exit_code = process.wait()
    if exit_code != 0:
        console.print(f"[red]The worker ended with exit code {exit_code}[/red]; see {path}")
        sys.exit(1)


async def import_sample(stack: Stack) -> bool:
    """Sign in, upload, watch, sum up; whether every job completed."""
    client = await acreate_client(stack.url, stack.keys.publishable)
    session = await client.auth.sign_in_with_password({"email": EMAIL, "password": PASSWORD})
    user = session.user
    assert user is not None  # noqa: S101 - signing in raises instead
    profile = await client.table("profiles").select("*").eq("id", user.id).single().execute()
    organization_id = str(profile.data["organization_id"])  # type: ignore[call-overload,index]
    console.print(f"Signed in as {EMAIL} of {organization_id}.")

    events = await subscribe(client, organization_id)
    with SAMPLE.open(newline="", encoding="utf-8") as file:
        records = list(csv.DictReader(file))
    started = time.monotonic()
    jobs = [
        await insert_job(
            client, user.id, organization_id, part, records[first : first + RECORDS_A_JOB]
        )
        for part, first in enumerate(range(0, len(records), RECORDS_A_JOB), start=1)
    ]
    console.print(f"Inserted {len(records):,} records as {len(jobs)} jobs. Progress, by Realtime:")
    finished = await watch(events, jobs)
    seconds = time.monotonic() - started
    await client.remove_all_channels()
    return await sum_up(client, jobs, finished, seconds)


async def subscribe(client: AsyncClient, organization_id: str) -> asyncio.Queue[dict[str, Any]]:
    """Subscribe to the organization's jobs as the Background Import Manager does."""
    events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    live = asyncio.Event()
    channel = client.channel("background-imports")
    channel.on_postgres_changes(
        RealtimePostgresChangesListenEvent.All,
        # A DELETE has no record; an exception in here would end the client's listener silently.
        lambda change: events.put_nowait(change.get("data", {}).get("record") or {}),
        schema="public",
        table="scheduled_jobs",
        filter=f"organization_id=eq.{organization_id}",
        select=COLUMNS,
    )
    channel.on_system(lambda _payload: live.set())
    await channel.subscribe()
    async with asyncio.timeout(10):
        await live.wait()
    return events


async def insert_job(
    client: AsyncClient,
    user_id: str,
    organization_id: str,
    part: int,
    records: list[dict[str, str]],
) -> str:
    """Insert a job the way the frontend does and return its id."""
    row = {
        "organization_id": organization_id,
        "created_by": user_id,
        "job_type": "import",
        "data_type": "inventory",
        "scheduled_time": datetime.now(UTC).isoformat(),
        "status": "pending",
        "creator_name": "Olivia",
        "file_name": f"{SAMPLE.stem}_part{part}.csv",
        "file_data": {"records": records, "mapping": {field: field for field in records[0]}},
    }
    inserted = await client.table("scheduled_jobs").insert(row).execute()
    return str(inserted.data[0]["id"])  # type: ignore[call-overload,index]


async def watch(
    events: asyncio.Queue[dict[str, Any]], jobs: list[str]
) -> dict[str, dict[str, Any]]:
    """Draw a bar a job from events alone, until each has ended; the last event of each."""
    last: dict[str, dict[str, Any]] = {}
    columns = (
        TextColumn("  part {task.fields[part]}"),
        BarColumn(40),
        MofNCompleteColumn(),
        TextColumn("{task.fields[status]}"),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {
            job: bars.add_task("", part=part, status="pending", total=RECORDS_A_JOB)
            for part, job in enumerate(jobs, start=1)
        }
        async with asyncio.timeout(120):
            while not all(last.get(job, {}).get("status") in FINAL for job in jobs):
                row = await events.get()
                if row.get("id") not in tasks:
                    continue
                last[row["id"]] = row
                progress = row.get("progress") or {"current": 0, "total": RECORDS_A_JOB}
                bars.update(
                    tasks[row["id"]],
                    completed=progress["current"],
                    total=progress["total"],
                    status=row["status"],
                )
    return last


async def sum_up(
    client: AsyncClient, jobs: list[str], finished: dict[str, dict[str, Any]], seconds: float
) -> bool:
    """Print the summary, as far as this user may see it; whether every job completed."""
    runs = await (
        client.table("import_runs")
        .select("created, updated, failed, unprocessed, row_count")
        .in_("job_id", jobs)
        .eq("outcome", "completed")
        .execute()
    )
    totals = {
        count: sum(run[count] for run in runs.data)  # type: ignore[call-overload,index,misc]
        for count in ("created", "updated", "failed", "unprocessed", "row_count")
    }
    imported = totals["created"] + totals["updated"]
    console.print(
        f"\n[bold]{imported:,} imported[/bold] ({totals['created']:,} created, "
        f"{totals['updated']:,} updated), [bold]{totals['failed']:,} failed[/bold] "
        f"of {totals['row_count']:,} rows in {seconds:.1f} s: "
        f"{totals['row_count'] / seconds:,.0f} rows/s"
    )
    messages = (finished[jobs[0]]["error_message"] or "").splitlines()
    console.print("The first messages that the user reads:")
    for line in messages[:10]:
        console.print(f"  {line}", highlight=False, markup=False)
    adds_up = imported + totals["failed"] + totals["unprocessed"] == totals["row_count"]
    console.print(
        f"created + updated + failed = rows of the file: {'yes' if adds_up else '[red]NO[/red]'}"
    )
    return adds_up and all(finished[job]["status"] == "completed" for job in jobs)


def say_how_to_look_around(stack: Stack) -> None:
    """Tell where everything is while the stack stays up."""
    console.print(
        f"\nThe page is at {stack.url}/console/ (user {EMAIL}, password {PASSWORD}).\n"
        f"The local Supabase stays up at {stack.url}, with a worker.\n"
        f"  psql {stack.db_url}\n"
        "  python -m devstack status | env | logs      what runs, its keys, its logs\n"
        "  python -m devstack down                     stop it"
    )


if __name__ == "__main__":
    sys.exit(main())
