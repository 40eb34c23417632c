"""Websockets through the gateway: frame by frame to Realtime and back, or as the faults say."""

import asyncio
import json
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass

import aiohttp
from aiohttp import WSMessage, WSMsgType, web
from yarl import URL

from devstack.injection import Injection

# Far more than any client of ours accepts: the gateway is never the one that refuses a frame.
MAX_FRAME = 64 * 1024 * 1024
_SERVICE_RESTART = 1012
# Codes that only say what happened; no frame may carry them.
_NEVER_SENT = (None, aiohttp.WSCloseCode.ABNORMAL_CLOSURE, 1005)
_FORWARDED_HEADERS = ("Authorization", "User-Agent", "X-Client-Info")


@dataclass(frozen=True)
class End:
    """How a socket ended. Without a code the connection was cut."""

    code: int | None
    reason: bytes = b""


@dataclass(eq=False)
class Pair:
    """A client's socket, Realtime's, and what lies under the client's."""

    client: web.WebSocketResponse
    realtime: aiohttp.ClientWebSocketResponse
    transport: asyncio.BaseTransport | None

    def abort(self) -> None:
        """End it as a cut cable would: no close frame."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()


class Sockets:
    """All websockets that are open."""

    def __init__(self, injection: Injection) -> None:
        self._injection = injection
        self._open: set[Pair] = set()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._open)

    def drop(self) -> int:
        """Abort all of them; return how many."""
        pairs = list(self._open)
        for pair in pairs:
            pair.abort()
        return len(pairs)

    async def proxy(
        self, request: web.BaseRequest, session: aiohttp.ClientSession, target: URL
    ) -> web.StreamResponse:
        """Carry one websocket until either side ends it."""
        headers = {
            name: request.headers[name] for name in _FORWARDED_HEADERS if name in request.headers
        }
        try:
            realtime = await session.ws_connect(
                target, headers=headers, autoping=False, max_msg_size=MAX_FRAME
            )
        except aiohttp.WSServerHandshakeError as refusal:
            return web.Response(status=refusal.status)  # what Realtime says to a bad token
        client = web.WebSocketResponse(autoping=False, compress=False, max_msg_size=MAX_FRAME)
        await client.prepare(request)
        pair = Pair(client, realtime, request.transport)
        self._open.add(pair)
        self._injection.sockets_opened += 1
        try:
            end = await _first(self._up(pair), self._down(pair), self._flap())
            if end.code in _NEVER_SENT:
                pair.abort()
            else:
                await client.close(code=end.code, message=end.reason)
        finally:
            self._open.discard(pair)
            await realtime.close()
        return client

    async def _up(self, pair: Pair) -> End:
        """Carry what the client sends."""
        async for frame in pair.client:
            self._injection.bytes_in += len(frame.data)
            if self._injection.faults.realtime == "silent":
                self._injection.injected["silent"] += 1
                continue
            await _send(pair.realtime, frame)
        return End(pair.client.close_code)

    async def _down(self, pair: Pair) -> End:
        """Carry what Realtime sends."""
        while True:
            frame = await pair.realtime.receive()
            if frame.type is WSMsgType.CLOSE:
                end = End(frame.data, (frame.extra or "").encode())
                break
            if frame.type in (WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR):
                end = End(None)
                break
            mode = self._injection.faults.realtime
            if mode == "silent":
                self._injection.injected["silent"] += 1
                continue
            if _is_change(frame):
                if mode == "deaf":
                    self._injection.injected["deaf"] += 1
                    continue
                self._injection.changes += 1
            self._injection.bytes_out += len(frame.data)
            await _send(pair.client, frame)
        while self._injection.faults.realtime == "silent":  # it closes nothing
            await self._injection.changed.wait()
        return end

    async def _flap(self) -> End:
        """Wait until the mode says to end the socket."""
        while True:
            faults, changed = self._injection.faults, self._injection.changed
            if faults.realtime == "refused":
                return End(None)  # a Realtime that is away has no open sockets either
            seconds = faults.flap_seconds if faults.realtime == "flapping" else None
            try:
                async with asyncio.timeout(seconds):
                    await changed.wait()
            except TimeoutError:
                self._injection.injected["flap"] += 1
                return End(_SERVICE_RESTART, b"flapping")


async def _first(*ways: Awaitable[End]) -> End:
    """Return the first end that comes, and leave no task behind."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        first = next(task for task in tasks if task in done)
        return End(None) if isinstance(first.exception(), ConnectionError) else first.result()
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError, ConnectionError):
                await task


async def _send(
    socket: web.WebSocketResponse | aiohttp.ClientWebSocketResponse, frame: WSMessage
) -> None:
    """Pass a frame on as it is."""
    match frame.type:
        case WSMsgType.TEXT:
            await socket.send_str(frame.data)
        case WSMsgType.BINARY:
            await socket.send_bytes(frame.data)
        case WSMsgType.PING:
            await socket.ping(frame.data)
        case WSMsgType.PONG:
            await socket.pong(frame.data)


def _is_change(frame: WSMessage) -> bool:
    """Tell whether a frame delivers a change, in either protocol version."""
    # Replies to a join name postgres_changes too, so looking for the word is not enough.
    if frame.type is not WSMsgType.TEXT or '"postgres_changes"' not in frame.data:
        return False
    content = json.loads(frame.data)
    event = content[3] if isinstance(content, list) else content.get("event")
    return bool(event == "postgres_changes")
