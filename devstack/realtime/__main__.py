"""Runs the server: `JWT_SECRET=… python -m devstack.realtime --port P --database-url URL`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal

from aiohttp import web

from devstack.realtime import wal
from devstack.realtime.server import Server
from devstack.realtime.subscriptions import Subscriptions
from devstack.realtime.waits import Waits

HOST = "127.0.0.1"


async def serve(
    port: int, database_url: str, secret: str, waits: Waits, poll_seconds: float
) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    subscriptions = Subscriptions()
    server = Server(secret, subscriptions, waits)
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        async with asyncio.TaskGroup() as group:
            follower = group.create_task(wal.follow(database_url, subscriptions, poll_seconds))
            await stop.wait()
            follower.cancel()
    finally:
        await runner.cleanup()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m devstack.realtime", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--database-url", required=True, help="of a role that may replicate and become any other"
    )
    parser.add_argument(
        "--wait-scale",
        type=float,
        default=1.0,
        help="multiplies the waits of the protocol, as of 5 s before a join is refused",
    )
    parser.add_argument(
        "--poll", type=float, default=wal.POLL_SECONDS, help="seconds between two looks for changes"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asyncio.run(
        serve(
            arguments.port,
            arguments.database_url,
            os.environ["JWT_SECRET"],
            Waits().scaled(arguments.wait_scale),
            arguments.poll,
        )
    )


if __name__ == "__main__":
    main()
