"""The HTTP server: who may connect, and whether changes are flowing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, web

from devstack.realtime.client import Client
from devstack.realtime.tokens import ExpiredTokenError, Token, TokenError, verify

if TYPE_CHECKING:
    from devstack.realtime.subscriptions import Subscriptions
    from devstack.realtime.waits import Waits

CLOSE_SECONDS = 1.0  # for a client to answer a close


class RefusedError(Exception):
    """An API key that is not accepted."""


class Server:
    """All connected clients."""

    def __init__(self, secret: str, subscriptions: Subscriptions, waits: Waits) -> None:
        self._secret = secret
        self._subscriptions = subscriptions
        self._waits = waits
        self._websockets: set[web.WebSocketResponse] = set()

    def application(self) -> web.Application:
        """Its routes."""
        application = web.Application()
        application.router.add_get("/websocket", self._connect)
        application.router.add_get("/socket/websocket", self._connect)
        application.router.add_get("/health", self._health)
        application.on_shutdown.append(self._close)
        return application

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        try:
            api_key = self._accept(request.query.get("apikey"))
        except RefusedError as error:
            await asyncio.sleep(self._waits.connect_refusal)
            return web.json_response({"error": str(error)}, status=401)
        websocket = web.WebSocketResponse(timeout=CLOSE_SECONDS, compress=False)
        await websocket.prepare(request)
        version = request.query.get("vsn", "1.0.0")
        client = Client(
            websocket,
            2 if version.startswith("2.") else 1,
            api_key,
            self._secret,
            self._subscriptions,
            self._waits,
        )
        self._websockets.add(websocket)
        try:
            await client.serve()
        finally:
            self._websockets.discard(websocket)
        return websocket

    def _accept(self, text: str | None) -> Token:
        """Return the API key of a connection; a role that does not exist is accepted.

        Raises:
            RefusedError: it is missing or not good; the words are the real server's (e_connect_*).

        """
        if text is None:
            raise RefusedError("API key is missing")
        try:
            return verify(text, self._secret)
        except ExpiredTokenError:
            raise RefusedError("Token has expired") from None
        except TokenError as error:
            raise RefusedError(str(error)) from error

    async def _health(self, _request: web.Request) -> web.Response:
        return web.Response(status=200 if self._subscriptions.live else 503)

    async def _close(self, _application: web.Application) -> None:
        """Close all websockets with 1012, "service restart" (h_server_TERM)."""
        async with asyncio.TaskGroup() as group:
            for websocket in set(self._websockets):
                group.create_task(websocket.close(code=WSCloseCode.SERVICE_RESTART))
