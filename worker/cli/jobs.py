"""``python -m worker jobs``: what jobs there are, what became of one, and what to do about it."""

import argparse
import getpass
import json
import socket
from functools import partial
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table

from worker.cli.following import Say
from worker.cli.watch import watch
from worker.config import Settings
from worker.connection import connect
from worker.exceptions import JobRefusedError
from worker.importing.tables import TABLES
from worker.operating.desk import Action, Desk, Filters, shown

DONE, REFUSED = 0, 1

ACTIONS: tuple[Action, ...] = ("cancel", "retry", "release")
_HEADINGS = ("job", "organization", "type", "status", "rows", "due (UTC)", "file")
# What cannot be undone is asked for first.
_WARNINGS = {
    "cancel": "What landed stays, and the rest is not imported.",
    "release": "A worker that still has it loses it, and another one goes on.",
}


def add_jobs(commands: Any) -> None:  # noqa: ANN401 - argparse does not say its type aloud
    """Add the command to the command line's."""
    jobs = commands.add_parser("jobs", help="list jobs, show one, cancel, retry or release it")
    jobs.add_argument(
        "what", nargs="?", default="list", choices=("list", "show", "watch", *ACTIONS)
    )
    jobs.add_argument("id", nargs="?", type=UUID, help="of the job, for all but list and watch")
    jobs.add_argument("--organization", metavar="ORG", help="whose; else all")
    statuses = ("pending", "processing", "completed", "failed", "cancelled")
    jobs.add_argument("--status", choices=statuses)
    jobs.add_argument("--data-type", choices=TABLES)
    jobs.add_argument(
        "--limit", type=int, default=20, help="how many, the newest first; %(default)s"
    )
    jobs.add_argument("--json", action="store_true", help="for programs")
    jobs.add_argument("--yes", action="store_true", help="do not ask")
    name = f"{getpass.getuser()}@{socket.gethostname()}"
    jobs.add_argument(
        "--as",
        dest="operator",
        default=name,
        help=f"who does it, for the record; {name} unless given",
    )


async def jobs(settings: Settings, options: argparse.Namespace, console: Console) -> int:
    """Do what was asked; 0 when it is done, 1 when the job is in no state for it."""
    say = partial(console.print, markup=False, highlight=False, soft_wrap=True)
    if options.what not in {"list", "watch"} and options.id is None:
        say(f"Which job? python -m worker jobs {options.what} ID")
        return REFUSED
    filters = Filters(options.organization, options.status, options.data_type, options.limit)
    async with connect(settings.supabase_url, settings.secret_key) as client:
        desk = Desk(client)
        try:
            if options.what == "list":
                _list(await desk.jobs(filters), console, in_json=options.json)
            elif options.what == "watch":
                await watch(settings, desk, filters, say)
            elif options.what == "show":
                _show(await desk.job(options.id), console, say, in_json=options.json)
            else:
                return await _act(desk, options, console, say)
        except JobRefusedError as error:
            say(str(error))
            return REFUSED
    return DONE


def _table(jobs: list[dict[str, Any]]) -> Table:
    table = Table(*_HEADINGS, box=None)
    for cells in shown(jobs):
        table.add_row(*cells)
    return table


def _list(jobs: list[dict[str, Any]], console: Console, *, in_json: bool) -> None:
    if in_json:
        console.out(json.dumps(jobs, indent=2), highlight=False)
    elif not jobs:
        console.out("There are no such jobs.", highlight=False)
    elif console.is_terminal:
        console.print(_table(jobs), markup=False)
    else:
        for cells in shown(jobs):
            # Past rich, which would make spaces of the tabs.
            console.file.write("\t".join(cells) + "\n")


def _show(job: dict[str, Any], console: Console, say: Say, *, in_json: bool) -> None:
    if in_json:
        console.out(json.dumps(job, indent=2), highlight=False)
        return
    say(f"Job {job['id']}: {job['file_name'] or 'without a file name'}")
    say(f"  {job['data_type']} of {job['organization_id']}, by {job['creator_name'] or 'unknown'}")
    say(f"  {job['status']}; inserted {job['created_at']}, due {job['scheduled_time']}")
    if job["waits"]:
        say(f"  waits for {job['waits']}")
    if job["error_message"]:
        say("  the dealer reads:")
        for line in job["error_message"].splitlines():
            say(f"    {line}")
    for run in job["runs"]:
        _show_run(run, say)
    if job["errors"]:
        say("  refused rows, the first ones:")
        for error in job["errors"]:
            say(f"    row {error['row_number']}: {error['message']}")


def _show_run(run: dict[str, Any], say: Say) -> None:
    ending = f"{run['outcome']} {run['finished_at']}" if run["outcome"] else "under way"
    say(f"  run {run['id']}, attempt {run['attempt']}, by {run['worker_id']}: {ending}")
    say(
        f"    {run['created']:,} created, {run['updated']:,} updated, {run['failed']:,} refused, "
        f"{run['unprocessed']:,} not reached" + (" (a rehearsal)" if run["dry_run"] else "")
    )
    if run["mapping"]:
        pairs = ", ".join(f"{column} → {field}" for column, field in run["mapping"].items())
        say(f"    columns: {pairs}")
    for note in run["notes"]:
        say(f"    note: {note}")
    if run["failed_rows_path"]:
        say(f"    the refused rows as a file: {run['failed_rows_path']}")


async def _act(desk: Desk, options: argparse.Namespace, console: Console, say: Say) -> int:
    job = await desk.job(options.id)
    warning = _WARNINGS.get(options.what)
    if warning and not options.yes:
        say(f"{options.what.capitalize()} {job['file_name'] or job['id']} ({job['status']})?")
        if console.input(f"{warning} Type yes: ").strip() != "yes":
            say("Nothing was done.")
            return REFUSED
    status = await desk.operate(options.id, options.what, options.operator)
    say(f"The job is {status}. Recorded in import_operations, by {options.operator}.")
    return DONE
