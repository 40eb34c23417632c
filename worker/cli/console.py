"""``python -m worker console``: the page, on this machine or into a directory."""

import asyncio
import signal
from pathlib import Path

from aiohttp import web
from rich.console import Console

from worker.config import ConsoleSettings
from worker.operating.console import ConsoleFiles

_HOST = "127.0.0.1"


async def console(
    settings: ConsoleSettings, terminal: Console, *, port: int, directory: Path | None = None
) -> int:
    """Serve the page on loopback until SIGTERM or Ctrl-C, or write its files; the exit code.

    Args:
        settings: what the page is told. It never sees a secret.
        terminal: where the address is printed.
        port: 0 takes a free one.
        directory: where to write the files instead.

    """
    files = ConsoleFiles(settings)
    if directory is not None:
        files.write(directory)
        told = f"The page is in {directory}. Send this header with it:"
        terminal.print(told, markup=False, highlight=False, soft_wrap=True)
        header = f"Content-Security-Policy: {files.policy}"
        terminal.print(header, markup=False, highlight=False, soft_wrap=True)
        return 0

    async def page(request: web.BaseRequest) -> web.Response:
        if request.method not in {"GET", "HEAD"}:
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        answer = files.answer(request.path.removeprefix("/"))
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    runner = web.ServerRunner(web.Server(page, access_log=None), shutdown_timeout=1)
    await runner.setup()
    stopped = asyncio.Event()
    for which in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(which, stopped.set)
    try:
        site = web.TCPSite(runner, _HOST, port)
        try:
            await site.start()
        except OSError:
            terminal.print(f"Port {port} is taken. Name another one: --port.", highlight=False)
            return 2
        # The address as it was bound.
        address = f"http://{_HOST}:{runner.addresses[0][1]}/"
        terminal.print(f"The page is at {address}", highlight=False)
        await stopped.wait()
    finally:
        await runner.cleanup()
    return 0
