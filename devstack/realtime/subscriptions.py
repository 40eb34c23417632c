"""Who is subscribed to what, and which of them a change is sent to."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from devstack.realtime import payload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from devstack.realtime.access import Access, Identity
    from devstack.realtime.bindings import Binding, Filter
    from devstack.realtime.pgoutput import Change

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Subscription:
    """The bindings of one channel. `send` takes an event's data (JSON) and the bindings' ids."""

    identity: Identity
    bindings: tuple[Binding, ...]
    send: Callable[[str, list[int]], None]


@dataclass(frozen=True, slots=True)
class _Interest:
    """A binding that a change may concern, and the filters it must satisfy."""

    subscription: Subscription
    binding: Binding
    filters: tuple[Filter, ...]


class Subscriptions:
    """All subscriptions of the server, and the database that decides about them."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []
        self._access: Access | None = None
        self._went_live = asyncio.Condition()

    @property
    def live(self) -> bool:
        """Whether changes are flowing."""
        return self._access is not None

    async def go_live(self, access: Access) -> None:
        """Take note that changes flow from now on; `access` answers questions about them."""
        async with self._went_live:
            self._access = access
            self._went_live.notify_all()

    def go_dark(self) -> None:
        """Take note that the database is away; when it is back, subscriptions go on."""
        self._access = None

    async def add(self, subscription: Subscription) -> None:
        """Subscribe, as soon as changes flow.

        Raises:
            UnpublishedError: it can never receive anything.

        """
        while True:
            access = await self._when_live()
            try:
                for binding in subscription.bindings:
                    await access.check(binding, subscription.identity.role)
            except psycopg.Error:  # the connection was lost
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._subscriptions.append(subscription)
                return

    def remove(self, subscription: Subscription) -> None:
        """Unsubscribe; nothing happens if it was not subscribed."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    async def publish(self, change: Change, access: Access) -> None:
        """Send a change to those who asked for it and may see it."""
        try:
            await self._publish(change, access)
        except psycopg.Error as error:  # its table or a type was changed since: the others go on
            if access.lost:
                raise
            log.warning("change of %s skipped: %s", change.relation.table, type(error).__name__)

    async def _publish(self, change: Change, access: Access) -> None:
        interests = self._interests(change)
        if not interests:
            return
        roles = sorted({interest.subscription.identity.role for interest in interests})
        columns = await access.columns(change.relation, roles)
        if not columns:  # the table was dropped since
            return
        refusals = {role: payload.refusal(change, columns, role) for role in roles}
        readers = [i for i in interests if refusals[i.subscription.identity.role] is None]
        matching = await _matching(change, readers, access)
        for interest in interests:
            error = refusals[interest.subscription.identity.role]
            if error is not None:
                interest.subscription.send(payload.refused(change, error), [interest.binding.id])
        if not matching:  # as for most changes: values are JSON only for who gets them
            return
        row = payload.Row(
            change,
            columns,
            await access.as_json(change.relation, change.new),
            await access.as_json(change.relation, change.old),
        )
        _send(row, await _visible(row, matching, access))

    async def _when_live(self) -> Access:
        async with self._went_live:
            while self._access is None:
                await self._went_live.wait()
            return self._access

    def _interests(self, change: Change) -> list[_Interest]:
        values = change.old if change.event == "DELETE" else change.new
        return [
            _Interest(subscription, binding, filters)
            for subscription in self._subscriptions
            for binding in subscription.bindings
            if binding.covers(change) and (filters := binding.deciding_filters(values)) is not None
        ]


async def _matching(
    change: Change, interests: Sequence[_Interest], access: Access
) -> list[_Interest]:
    """Return those whose filters the change satisfies."""
    filters = sorted({filter_ for interest in interests for filter_ in interest.filters}, key=str)
    if not filters:
        return list(interests)
    values = change.old if change.event == "DELETE" else change.new
    satisfied = await access.satisfied(change.relation, values, filters)
    return [interest for interest in interests if satisfied.issuperset(interest.filters)]


async def _visible(
    row: payload.Row, interests: Sequence[_Interest], access: Access
) -> list[_Interest]:
    """Return those whose identity sees the row; nobody can ask about one that was deleted."""
    secured = any(column.row_security for column in row.columns)
    if row.change.event == "DELETE" or not secured or not interests:
        return list(interests)
    identities = sorted({i.subscription.identity for i in interests}, key=repr)
    seeing = await access.sees(row.change, row.primary_key, identities)
    return [interest for interest in interests if interest.subscription.identity in seeing]


def _send(row: payload.Row, interests: Sequence[_Interest]) -> None:
    """One event a channel and choice of columns, with the ids of all bindings it answers.

    The last binding's id comes first, as in g_overlapping_bindings.
    """
    ids: dict[tuple[Subscription, tuple[str, ...] | None], list[int]] = defaultdict(list)
    for interest in reversed(interests):
        ids[interest.subscription, interest.binding.select].append(interest.binding.id)
    data: dict[tuple[str, tuple[str, ...] | None], str] = {}
    for (subscription, select), binding_ids in ids.items():
        role = subscription.identity.role
        if (role, select) not in data:
            data[role, select] = payload.granted(row, role, select)
        subscription.send(data[role, select], binding_ids)
