"""``python -m worker templates``: mappings that an organization keeps under a name."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from rich.console import Console
from supabase import AsyncClient

from worker.cli.following import Say, ask, connected, job_id
from worker.config import Settings
from worker.importing.tables import TABLES

DONE, REFUSED = 0, 2

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done with which template."""

    # "list", "show", "save" or "delete".
    action: str
    organization_id: str
    # None: of every one, or of the job's.
    data_type: str | None
    name: str
    # Whose mapping is to be saved.
    job_id: UUID | None

    @property
    def of_type(self) -> dict[str, str]:
        """Give what tells the wanted templates from others."""
        data_type = {} if self.data_type is None else {"data_type": self.data_type}
        return {"organization_id": self.organization_id, **data_type}


def add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    """Teach the command line this command."""
    templates = commands.add_parser("templates", help="mappings that are kept under a name")
    actions = templates.add_subparsers(dest="action", required=True)
    for action, said in (
        ("list", "all there are"),
        ("show", "one as JSON"),
        ("save", "how a job's file was mapped, under a name"),
        ("delete", "one of them"),
    ):
        parser = actions.add_parser(action, help=said)
        parser.add_argument("--organization", required=True, metavar="ORG", help="whose they are")
        default = "inventory" if action in {"show", "delete"} else None
        parser.add_argument("--data-type", choices=TABLES, default=default)
        if action != "list":
            parser.add_argument("name", type=_name, help="the template's")
        if action == "save":
            parser.add_argument(
                "--from-job", type=job_id, required=True, metavar="ID", help="whose mapping"
            )


def wish_of(options: argparse.Namespace) -> Wish:
    """Read what the command line says."""
    return Wish(
        options.action,
        options.organization,
        options.data_type,
        getattr(options, "name", ""),
        getattr(options, "from_job", None),
    )


async def templates(settings: Settings, wish: Wish, console: Console) -> int:
    """Do what is wished; the exit code.

    Raises:
        DatabaseUnavailableError, RequestRefusedError: the database did not do it.

    """
    actions = {"list": _list, "show": _show, "save": _save, "delete": _delete}
    say = partial(console.print, markup=False, highlight=False, soft_wrap=True)
    async with connected(settings, "templates") as client:
        return await actions[wish.action](client, wish, say)


async def _list(client: AsyncClient, wish: Wish, say: Say) -> int:
    query = client.table("import_templates").select("*").match(wish.of_type)
    found = await ask(query.order("data_type").order("name"))
    for one in found:
        count = len(one["mapping"])
        columns = "1 column" if count == 1 else f"{count:,} columns"
        say(f"{one['data_type']}: {one['name']} ({columns}, changed {one['updated_at'][:10]})")
    if not found:
        say(f"{wish.organization_id} has no templates.")
    return DONE


async def _show(client: AsyncClient, wish: Wish, say: Say) -> int:
    found = await _find(client, wish)
    if found is None:
        return _missing(wish, say)
    kept = {name: found[name] for name in ("name", "data_type", "mapping", "options", "columns")}
    say(json.dumps(kept, ensure_ascii=False, indent=2))
    return DONE


async def _save(client: AsyncClient, wish: Wish, say: Say) -> int:
    """Keep the mapping of a job's latest finished run."""
    job = {"id": str(wish.job_id), "organization_id": wish.organization_id}
    jobs = await ask(client.table("scheduled_jobs").select("data_type,file_name").match(job))
    if not jobs:
        say(f"{wish.organization_id} has no job {wish.job_id}.")
        return REFUSED
    data_type = jobs[0]["data_type"]
    if wish.data_type not in {None, data_type}:
        say(f"Job {wish.job_id} is about {data_type}, not {wish.data_type}.")
        return REFUSED
    runs = client.table("import_runs").select("mapping,options,columns")
    ended = (
        runs.eq("job_id", wish.job_id).not_.is_("finished_at", "null").not_.is_("columns", "null")
    )
    latest = await ask(ended.order("finished_at", desc=True).limit(1))
    if not latest or not latest[0]["mapping"]:
        say(f"Job {wish.job_id} has mapped no columns yet: there is nothing to keep.")
        return REFUSED
    key = {"organization_id": wish.organization_id, "data_type": data_type, "name": wish.name}
    there = await ask(client.table("import_templates").select("name").match(key))
    template = key | {**latest[0], "options": _of_any_file(latest[0]["options"])}
    await ask(
        client.table("import_templates").upsert(
            template, on_conflict="organization_id,data_type,name"
        )
    )
    verb = "Replaced" if there else "Saved"
    say(
        f'{verb} the template "{wish.name}" of {data_type}, from {jobs[0]["file_name"] or "a job"}.'
    )
    return DONE


def _of_any_file(options: Mapping[str, object]) -> dict[str, object]:
    """Leave out where the header stood: its names are known, and a title more would move it."""
    return {name: said for name, said in options.items() if name != "header_row" or said == 0}


async def _delete(client: AsyncClient, wish: Wish, say: Say) -> int:
    key = wish.of_type | {"name": wish.name}
    if not await ask(client.table("import_templates").delete().match(key)):
        return _missing(wish, say)
    say(f'Deleted the template "{wish.name}" of {wish.data_type}.')
    return DONE


async def _find(client: AsyncClient, wish: Wish) -> dict[str, Any] | None:
    key = wish.of_type | {"name": wish.name}
    found = await ask(client.table("import_templates").select("*").match(key))
    return found[0] if found else None


def _missing(wish: Wish, say: Say) -> int:
    say(f'{wish.organization_id} has no template "{wish.name}" of {wish.data_type}.')
    return REFUSED


def _name(argument: str) -> str:
    name = argument.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise argparse.ArgumentTypeError(f"a name has 1 to {_LONGEST_NAME} characters")
    return name
