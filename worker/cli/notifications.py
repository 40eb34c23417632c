"""``python -m worker notifications``: what was told, what failed, and sending it again."""

import argparse
import json
from functools import partial
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table

from worker.cli.following import Say
from worker.config import Settings
from worker.connection import connect
from worker.operating.notifying.loop import deliver_one, senders
from worker.operating.notifying.outbox import Outbox

DONE, REFUSED = 0, 1

_STATUSES = ("pending", "delivered", "failed", "dropped")
_HEADINGS = (
    "delivery",
    "by",
    "event",
    "organization",
    "status",
    "tries",
    "when (UTC)",
    "what",
    "why",
)


def add_notifications(commands: Any) -> None:  # noqa: ANN401 - argparse does not say its type aloud
    """Add the command to the command line's."""
    told = commands.add_parser(
        "notifications", help="list what was told, show one, send again, test a channel"
    )
    whats = ("list", "show", "replay", "channels", "test")
    told.add_argument("what", nargs="?", default="list", choices=whats)
    told.add_argument(
        "id", nargs="?", type=UUID, help="a delivery's or a notification's; for test a channel's"
    )
    told.add_argument("--failed", action="store_true", help="replay: all that failed")
    told.add_argument("--status", choices=_STATUSES)
    told.add_argument(
        "--limit", type=int, default=20, help="how many, the newest first; %(default)s"
    )
    told.add_argument("--json", action="store_true", help="for programs")


async def notifications(settings: Settings, options: argparse.Namespace, console: Console) -> int:
    """Do what was asked; 0 when it is done, 1 when it is not."""
    say = partial(console.print, markup=False, highlight=False, soft_wrap=True)
    needs_id = options.what in {"show", "test"} or (options.what == "replay" and not options.failed)
    if needs_id and options.id is None:
        failed = " (or --failed)" if options.what == "replay" else ""
        say(f"Which one? python -m worker notifications {options.what} ID{failed}")
        return REFUSED
    async with connect(settings.supabase_url, settings.secret_key) as client:
        outbox = Outbox(client, "python -m worker notifications")
        match options.what:
            case "list":
                found = await outbox.deliveries(options.status, None, options.limit)
                _list([_cells(one) for one in found], _HEADINGS, found, console, options)
            case "channels":
                found = await outbox.channels(options.limit)
                cells = [_channel_cells(one) for one in found]
                _list(cells, _CHANNEL_HEADINGS, found, console, options)
            case "show":
                return _show(await outbox.deliveries(None, options.id, options.limit), say)
            case "replay":
                replayed = await outbox.replay(None if options.failed else options.id)
                say(f"{replayed:,} will be sent again, by the next worker that looks.")
                return DONE if replayed or options.failed else REFUSED
            case _:
                return await _test(settings, outbox, options.id, say)
    return DONE


def _cells(delivery: dict[str, Any]) -> tuple[str, ...]:
    entry = delivery["import_notifications"]
    return (
        delivery["id"],
        delivery["kind"],
        entry["event"],
        entry["organization_id"],
        delivery["status"],
        str(delivery["attempts"]),
        _time(delivery["ended_at"] or delivery["next_try_at"]),
        entry["data"].get("file_name") or "",
        delivery["last_error"] or "",
    )


_CHANNEL_HEADINGS = ("channel", "kind", "organization", "person", "is on", "last failure")


def _channel_cells(channel: dict[str, Any]) -> tuple[str, ...]:
    return (
        channel["id"],
        channel["kind"],
        channel["organization_id"],
        channel["profile_id"] or "",
        "yes" if channel["is_enabled"] else "no",
        channel["disabled_reason"] or channel["last_failure"] or "",
    )


def _time(stamp: str) -> str:
    return stamp[:19].replace("T", " ")


def _list(
    cells: list[tuple[str, ...]],
    headings: tuple[str, ...],
    found: list[dict[str, Any]],
    console: Console,
    options: argparse.Namespace,
) -> None:
    if options.json:
        console.out(json.dumps(found, indent=2), highlight=False)
    elif not cells:
        console.out("There are none.", highlight=False)
    elif console.is_terminal:
        table = Table(*headings, box=None)
        for row in cells:
            table.add_row(*row)
        console.print(table, markup=False)
    else:
        for row in cells:
            # Past rich, which would make spaces of the tabs.
            console.file.write("\t".join(row) + "\n")


def _show(found: list[dict[str, Any]], say: Say) -> int:
    if not found:
        say("There is no such notification.")
        return REFUSED
    for delivery in found:
        entry = delivery["import_notifications"]
        say(f"Delivery {delivery['id']} of notification {delivery['notification_id']}")
        say(f"  {entry['event']} of {entry['organization_id']}, {_time(entry['created_at'])} UTC")
        say(f"  by {delivery['kind']}, channel {delivery['channel_id']}: {delivery['status']}")
        when = "ended" if delivery["ended_at"] else "next try"
        at = _time(delivery["ended_at"] or delivery["next_try_at"])
        say(f"  {delivery['attempts']} tries; {when} {at} UTC")
        if delivery["last_error"]:
            say(f"  {delivery['last_error']}")
        say("  " + json.dumps(entry["data"], ensure_ascii=False))
    return DONE


async def _test(settings: Settings, outbox: Outbox, channel_id: UUID, say: Say) -> int:
    """Send a test from here, and say how it went."""
    delivery_id = await outbox.test(channel_id)
    if delivery_id is None:
        say("There is no such channel of mail or webhooks.")
        return REFUSED
    async with senders(settings) as ways:
        claimed = await outbox.claim(ways, 1, only=delivery_id)
        if not claimed.deliveries:
            [found] = await outbox.deliveries(None, delivery_id, 1)
            mail = "no mail server is set here (WORKER_SMTP_HOST), or a worker has it"
            say(f"Not sent from here: {found['last_error'] or mail}.")
            return REFUSED
        verdict = await deliver_one(outbox, ways, claimed.deliveries[0])
    say("It arrived." if verdict.error is None else verdict.error)
    return DONE if verdict.outcome == "delivered" else REFUSED
