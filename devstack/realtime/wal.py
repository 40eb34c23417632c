"""Follows the database's changes through a logical replication slot."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import scalar_row

from devstack.realtime.access import Access
from devstack.realtime.pgoutput import Decoder

if TYPE_CHECKING:
    from devstack.realtime.access import Connection
    from devstack.realtime.pgoutput import Change
    from devstack.realtime.subscriptions import Subscriptions

log = logging.getLogger(__name__)

POLL_SECONDS = 0.1
RECONNECT_SECONDS = 0.25
REREAD_BYTES = 1024 * 1024
HAS_LOG_STANDBY_SNAPSHOT = 16_00_00
PUBLICATION = "supabase_realtime"

# What pgoutput prints and access.sql reads again must not depend on the server's settings.
SESSION = {
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "statement_timeout": "0",  # the wait for a slot has no bound
    "log_min_messages": "fatal",  # every poll would log where it starts
    "client_connection_check_interval": "1s",  # a wait for a slot ends with this process
}


async def follow(
    database_url: str, subscriptions: Subscriptions, poll_seconds: float = POLL_SECONDS
) -> None:
    """Publish every change of the publication, for ever; look for some all poll_seconds.

    When the database goes away, or the publication is dropped, it starts over with a new slot: what
    was committed meanwhile is lost, as with the real server (h_db_*).
    """
    while True:
        try:
            # Two sessions, because an error costs a session its temporary slots.
            async with await _connect(database_url) as slot, await _connect(database_url) as other:
                await _follow(slot, Access(other), subscriptions, poll_seconds)
        except psycopg.Error as error:
            log.warning("database lost: %s", error.diag.message_primary or type(error).__name__)
        finally:
            subscriptions.go_dark()
        await asyncio.sleep(RECONNECT_SECONDS)


async def _connect(database_url: str) -> Connection:
    return await psycopg.AsyncConnection.connect(
        database_url,
        autocommit=True,
        application_name="realtime",
        options=" ".join(f"-c {name}={value}" for name, value in SESSION.items()),
    )


async def _follow(
    connection: Connection, access: Access, subscriptions: Subscriptions, poll_seconds: float
) -> None:
    await access.prepare()
    while not await _is_published(connection):  # noqa: ASYNC110 - a question, not an event of ours
        await asyncio.sleep(RECONNECT_SECONDS)
    slot = f"realtime_{os.getpid()}"
    # This waits until every transaction that is open now has ended.
    await connection.execute(
        "select pg_create_logical_replication_slot(%s, 'pgoutput', temporary => true)", [slot]
    )
    await subscriptions.go_live(access)
    log.info("following publication %s", PUBLICATION)
    while not access.lost:
        access.look_again()
        for change in await _changes(connection, slot):
            await subscriptions.publish(change, access)
        await _shorten(connection, slot)
        await asyncio.sleep(poll_seconds)


async def _is_published(connection: Connection) -> bool:
    cursor = await connection.execute(
        "select from pg_publication where pubname = %s", [PUBLICATION]
    )
    return cursor.rowcount > 0


async def _changes(connection: Connection, slot: str) -> list[Change]:
    """Return what was committed since the last time."""
    cursor = connection.cursor(binary=True, row_factory=scalar_row)
    await cursor.execute(
        "select data from pg_logical_slot_get_binary_changes("
        "%s, null, null, 'proto_version', '1', 'publication_names', %s)",
        [slot, PUBLICATION],
    )
    decoder = Decoder()
    decoded = [decoder.decode(message) for message in await cursor.fetchall()]
    return [change for change in decoded if change is not None]


async def _shorten(connection: Connection, slot: str) -> None:
    """Let the next poll start late enough.

    Each one decodes again from the slot's restart_lsn, which moves only at records that PostgreSQL
    writes every 15 s: behind an import of 25 MB a second that cost a third of a core.
    """
    if connection.info.server_version >= HAS_LOG_STANDBY_SNAPSHOT:
        await connection.execute(
            "select pg_log_standby_snapshot() from pg_replication_slots where slot_name = %s"
            " and pg_wal_lsn_diff(pg_current_wal_insert_lsn(), restart_lsn) > %s",
            [slot, REREAD_BYTES],
        )
