"""``python -m worker duplicates``: look at duplicates, and decide on each."""

import argparse
from functools import partial
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from worker.config import Settings
from worker.connection import connect
from worker.exceptions import DuplicateRefusedError
from worker.operating.duplicates import Duplicates

# Set aside, in one table.
_MOST_LISTED = 200
_SHOWN = ("name", "quantity", "unit_price", "cost", "updated_at")


def add_duplicates(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command, with its own commands below, to the parser."""
    of = argparse.ArgumentParser(add_help=False)
    of.add_argument("--organization", required=True, metavar="ORG", help="whose they are")
    parser = commands.add_parser("duplicates", help="items and contacts that are there twice")
    acts = parser.add_subparsers(dest="act", required=True)
    listed = acts.add_parser("list", parents=[of], help="items whose SKU another one has")
    listed.add_argument("--sku", help="only those of one SKU")
    restore = acts.add_parser("restore", parents=[of], help="take one back")
    restore.add_argument("id", type=UUID)
    restore.add_argument(
        "--sku", help="under which; else it changes places with the one that stayed"
    )
    merge = acts.add_parser(
        "merge", parents=[of], help="merge all others into the ones that stayed"
    )
    merge.add_argument("--yes", action="store_true", help="do not ask")

    contacts = acts.add_parser("contacts", help="contacts that may be one")
    contact_acts = contacts.add_subparsers(dest="contact_act", required=True)
    contact_acts.add_parser(
        "list", parents=[of], help="those with the same e-mail, phone or number"
    )
    merged = contact_acts.add_parser("merge", parents=[of], help="merge the second into the first")
    merged.add_argument("kept")
    merged.add_argument("gone")
    undo = contact_acts.add_parser("undo", parents=[of], help="take a merge back")
    undo.add_argument("gone")


async def duplicates(settings: Settings, options: argparse.Namespace, console: Console) -> int:
    """Do what the command says; 0 when it is done, 1 when it cannot be.

    Raises:
        DatabaseUnavailableError, RequestRefusedError.

    """
    say = partial(console.print, markup=False, highlight=False)
    async with connect(settings.supabase_url, settings.secret_key) as client:
        found = Duplicates(client, options.organization)
        try:
            match options.act, getattr(options, "contact_act", None):
                case "list", _:
                    await _list_items(found, options.sku, console)
                case "restore", _:
                    restored = await found.restore(options.id, options.sku)
                    say(f"Item {restored['id']} is {restored['sku']} again.")
                case "merge", _:
                    waiting = await found.count_items()
                    if not _is_agreed(waiting, console, asked=not options.yes):
                        return 1
                    say(f"{await found.merge_items():,} merged.")
                case _, "list":
                    await _list_contacts(found, console)
                case _, "merge":
                    merged = await found.merge_contacts(options.kept, options.gone)
                    say(f"Merged. Filled: {', '.join(merged['filled']) or 'nothing'}; ", end="")
                    say(f"{merged['moved']:,} rows of other tables moved along.")
                    say(f"To take it back: duplicates contacts undo {options.gone}")
                case _:
                    back = await found.unmerge_contacts(options.gone)
                    say(f"Contact {options.gone} is back, and {back['moved']:,} rows with it.")
        except DuplicateRefusedError as error:
            say(str(error))
            return 1
    return 0


def _is_agreed(waiting: int, console: Console, *, asked: bool) -> bool:
    if not asked or not waiting:
        return True
    console.print(
        f"{waiting:,} items will be merged into the ones that have their SKUs: what those lack, "
        "they are given. Go on? [y/N] ",
        end="",
        markup=False,
        highlight=False,
    )
    return console.input().strip().lower() in {"y", "yes"}


async def _list_items(found: Duplicates, sku: str | None, console: Console) -> None:
    items = await found.items(sku, _MOST_LISTED)
    table = Table("SKU", "id", *_SHOWN)
    for shared, same in groupby(items, key=attrgetter("sku", "kept")):
        _add(table, shared[0], "stayed" if shared[1] else "(deleted since)", shared[1] or {})
        for one in same:
            _add(table, "", one.duplicate_id, one.item)
    if items:
        console.print(table)
    waiting = await found.count_items()
    console.print(f"{waiting:,} items are set aside.", markup=False, highlight=False)
    if sku is None and waiting > len(items):
        console.print(f"These are the first {len(items):,}; --sku names others.", highlight=False)


def _add(table: Table, sku: str, name: str, item: dict[str, object]) -> None:
    cells = (item.get(column) for column in _SHOWN)
    table.add_row(escape(sku), name, *("" if cell is None else escape(str(cell)) for cell in cells))


async def _list_contacts(found: Duplicates, console: Console) -> None:
    groups = await found.contacts()
    table = Table("same", "id", "name", "company", "email", "phone", "legacy number")
    for group in groups:
        same = f"{group['reason']} {group['value']}"
        for contact in group["contacts"]:
            shown = ("name", "company", "email", "phone", "legacy_number")
            cells = (escape(str(contact.get(column) or "")) for column in shown)
            table.add_row(escape(same), contact["id"], *cells)
            same = ""
        if group["count"] > len(group["contacts"]):
            table.add_row("", f"… and {group['count'] - len(group['contacts']):,} more")
    if groups:
        console.print(table)
    console.print(
        f"{len(groups):,} groups of contacts may be one contact each.",
        markup=False,
        highlight=False,
    )
