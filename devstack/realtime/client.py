"""One connected client: its frames in, its frames out, its channels."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from devstack.realtime import protocol
from devstack.realtime.channel import Channel
from devstack.realtime.tokens import TokenError, verify

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from devstack.realtime.protocol import Message, Version
    from devstack.realtime.subscriptions import Subscriptions
    from devstack.realtime.tokens import Token
    from devstack.realtime.waits import Waits


class Client:
    """A websocket that was accepted with an API key, until either side closes it."""

    def __init__(  # noqa: PLR0913, PLR0917 - what one connection consists of
        self,
        websocket: web.WebSocketResponse,
        version: Version,
        api_key: Token,
        secret: str,
        subscriptions: Subscriptions,
        waits: Waits,
    ) -> None:
        self._websocket = websocket
        self._version = version
        self._api_key = api_key
        self._secret = secret
        self._subscriptions = subscriptions
        self._waits = waits
        self._channels: dict[str, Channel] = {}
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._group = asyncio.TaskGroup()
        self._work: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Answer the client until it is gone, or silent for too long."""
        try:
            async with self._group:
                self.start(self._write())
                await self._read()
                for task in self._work:
                    task.cancel()
        finally:
            for channel in self._channels.values():
                channel.abandon()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something for as long as the client is connected."""
        task = self._group.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task

    def send(
        self,
        topic: str,
        event: str,
        payload: str,
        *,
        ref: str | None = None,
        join_ref: str | None = None,
    ) -> None:
        """Send a message, after those before it; `payload` is JSON.

        It waits in a queue, so that a client that does not read keeps nobody else waiting.
        """
        frame = protocol.encode(self._version, topic, event, payload, ref=ref, join_ref=join_ref)
        self._outbox.put_nowait(frame)

    def forget(self, channel: Channel) -> None:
        """Drop a channel that has closed itself."""
        if self._channels.get(channel.topic) is channel:
            del self._channels[channel.topic]

    async def _write(self) -> None:
        while True:
            frame = await self._outbox.get()
            try:
                await self._websocket.send_str(frame)
            except ConnectionError:
                return  # the client is gone; _read finds out

    async def _read(self) -> None:
        while True:
            try:
                frame = await self._websocket.receive(self._waits.heartbeat)
            except TimeoutError:
                await self._websocket.close()  # with 1000 (x_no_heartbeat)
                return
            if frame.type in (
                WSMsgType.CLOSE,
                WSMsgType.CLOSING,
                WSMsgType.CLOSED,
                WSMsgType.ERROR,
            ):
                return
            if frame.type is WSMsgType.TEXT:
                message = protocol.decode(self._version, frame.data)
                if message is not None:
                    self._receive(message)

    def _receive(self, message: Message) -> None:
        channel = self._channels.get(message.topic)
        if message.topic == "phoenix":
            if message.event == "heartbeat":
                self._reply(message, "ok", {})
        elif message.event == "phx_join":
            self._join(message)
        elif message.event == "phx_leave":
            self._reply(message, "ok", {})
            if channel is not None:
                channel.close()
        elif channel is None:
            self._reply_unmatched(message)
        elif message.event == "access_token":
            self._refresh(channel, message.payload.get("access_token"))
        elif message.event == "presence" or (message.event == "broadcast" and channel.acknowledges):
            self._reply(message, "ok", {})  # and nobody gets it: neither is served here

    def _join(self, message: Message) -> None:
        if not message.topic.startswith("realtime:"):
            self._reply_unmatched(message)
            return
        if message.topic == "realtime:":
            reason = "TopicNameRequired: You must provide a topic name"
            self.start(self._refuse(message, reason))
            return
        before = self._channels.pop(message.topic, None)
        try:
            token = self._token(message.payload.get("access_token"))
        except TokenError as error:
            self.start(self._refuse(message, f"{error.code}: {error}"))
        else:
            channel = Channel(self, self._subscriptions, message, token)
            self._channels[message.topic] = channel
            channel.open()
        if before is not None:
            before.close()

    async def _refuse(self, join: Message, reason: str) -> None:
        await asyncio.sleep(self._waits.join_refusal)
        self._reply(join, "error", {"reason": reason})

    def _refresh(self, channel: Channel, text: object) -> None:
        """Take another token; the same or none changes nothing (e_exp15_refresh_same, _null)."""
        if not isinstance(text, str) or text == channel.token.text:
            return
        try:
            token = self._token(text)
        except TokenError as error:
            channel.fail(error)
        else:
            channel.refresh(token)

    def _token(self, text: object) -> Token:
        """Return the token a client sent, or the connection's API key.

        supabase-js joins without one (js_supabase_js_client), and an API key of the new kind, such
        as `sb_secret_…`, stands for the connection's too (e_join_sb_publishable_token).
        """
        if not isinstance(text, str) or text.startswith("sb_"):
            self._api_key.check_expiry()
            return self._api_key
        return verify(text, self._secret)

    def _reply(self, message: Message, status: str, response: dict[str, Any]) -> None:
        payload = json.dumps({"status": status, "response": response})
        self.send(message.topic, "phx_reply", payload, ref=message.ref, join_ref=message.join_ref)

    def _reply_unmatched(self, message: Message) -> None:
        """Refuse what is for no channel; such a reply has no join_ref (x_malformed_and_misc.v2)."""
        payload = json.dumps({"status": "error", "response": {"reason": "unmatched topic"}})
        self.send(message.topic, "phx_reply", payload, ref=message.ref)
