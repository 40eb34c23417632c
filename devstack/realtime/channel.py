"""One joined topic of one client, from phx_join to phx_close."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from devstack.realtime import bindings
from devstack.realtime.access import Identity, UnpublishedError
from devstack.realtime.subscriptions import Subscription, Subscriptions
from devstack.realtime.tokens import ExpiredTokenError

if TYPE_CHECKING:
    from devstack.realtime.client import Client
    from devstack.realtime.protocol import Message
    from devstack.realtime.tokens import Token, TokenError


class Channel:
    """A join that was answered `ok`.

    That is not a subscription yet: only the system message `Subscribed to PostgreSQL` is. An error
    may come in its place, after which the channel stays joined and gets nothing (f_*).
    """

    def __init__(
        self, client: Client, subscriptions: Subscriptions, join: Message, token: Token
    ) -> None:
        self._client = client
        self._subscriptions = subscriptions
        self._join = join
        self._token = token
        config = join.payload.get("config")
        self._config: dict[str, Any] = config if isinstance(config, dict) else {}
        self._requested = bindings.requested(join.topic, join.payload)
        self._subscription: Subscription | None = None
        self._subscribing: asyncio.Task[None] | None = None
        self._expiry = self._schedule_expiry()

    @property
    def topic(self) -> str:
        """The topic that was joined."""
        return self._join.topic

    @property
    def token(self) -> Token:
        """The token it was joined, or refreshed, with."""
        return self._token

    @property
    def acknowledges(self) -> bool:
        """Whether the client wants an answer to its broadcasts."""
        return self._is_on("broadcast", "ack")

    def open(self) -> None:
        """Answer the join, then subscribe."""
        answers = [{"id": bindings.identify(asked), **asked} for asked in self._requested]
        reply = {"status": "ok", "response": {"postgres_changes": answers}}
        self._send("phx_reply", reply, ref=self._join.ref)
        if self._is_on("presence", "enabled"):
            self._send("presence_state", {})  # nobody is ever present
        if self._requested:
            self._subscribing = self._client.start(self._subscribe())

    def refresh(self, token: Token) -> None:
        """Go on with another token, and say so when the subscription does (e_exp15_refresh)."""
        self._token = token
        self._expiry.cancel()
        self._expiry = self._schedule_expiry()
        if self._requested:
            self._stop_subscribing()
            self._subscribing = self._client.start(self._subscribe())

    def fail(self, error: TokenError) -> None:
        """Say what is wrong with the token and close; the connection lives (e_exp15_no_refresh)."""
        self._send_system("error", "system", str(error))
        self.close()

    def close(self) -> None:
        """End the channel and tell the client so."""
        self._expiry.cancel()
        self._stop_subscribing()
        self._unsubscribe()
        self._send("phx_close", {}, ref=self._join.join_ref)
        self._client.forget(self)

    def abandon(self) -> None:
        """End the channel of a client that is gone."""
        self._expiry.cancel()
        self._unsubscribe()

    async def _subscribe(self) -> None:
        try:
            subscription = Subscription(
                Identity(self._token.role, self._token.claims),
                tuple(bindings.parse(asked) for asked in self._requested),
                self._send_change,
            )
            await self._subscriptions.add(subscription)
        except (bindings.BindingError, UnpublishedError) as error:
            self._unsubscribe()
            self._send_system("error", "postgres_changes", str(error))
        else:
            self._unsubscribe()
            self._subscription = subscription
            self._send_system("ok", "postgres_changes", "Subscribed to PostgreSQL")

    def _is_on(self, extension: str, option: str) -> bool:
        options = self._config.get(extension)
        return isinstance(options, dict) and bool(options.get(option))

    def _stop_subscribing(self) -> None:
        if self._subscribing is not None:
            self._subscribing.cancel()
            self._subscribing = None

    def _unsubscribe(self) -> None:
        if self._subscription is not None:
            self._subscriptions.remove(self._subscription)
            self._subscription = None

    def _schedule_expiry(self) -> asyncio.TimerHandle:
        loop = asyncio.get_running_loop()
        return loop.call_later(self._token.seconds_left(), self._expire)

    def _expire(self) -> None:
        self.fail(ExpiredTokenError(0))

    def _send_change(self, change: str, ids: list[int]) -> None:
        """Send an event; it has no join_ref, as if it were broadcast by topic."""
        if self._subscription is None:  # it ended while PostgreSQL was asked about the change
            return
        payload = f'{{"data": {change}, "ids": {json.dumps(ids)}}}'
        self._client.send(self.topic, "postgres_changes", payload)

    def _send_system(self, status: str, extension: str, message: str) -> None:
        name = self.topic.removeprefix("realtime:")
        self._send(
            "system",
            {"message": message, "status": status, "extension": extension, "channel": name},
        )

    def _send(self, event: str, payload: dict[str, Any], ref: str | None = None) -> None:
        text = json.dumps(payload, ensure_ascii=False)
        self._client.send(self.topic, event, text, ref=ref, join_ref=self._join.join_ref)
