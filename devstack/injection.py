"""The gateway's side of faults: which rule applies to a request, what is counted."""

import asyncio
from collections import Counter
from dataclasses import asdict
from typing import Any

from devstack.faults import Counters, Faults, HttpRule


class Injection:
    """The faults in force and the counters."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.changed = asyncio.Event()  # set once `faults` are no longer in force
        self.held = 0
        self._seen: list[int] = []  # by rule of `faults`: how many requests it has matched
        self.reset_counters()

    def set(self, faults: Faults) -> None:
        """Replace the faults; counts of rules start anew, and what is held goes on."""
        self.faults = faults
        self.held = 0
        self.changed.set()
        self.changed = asyncio.Event()
        self._seen = [0] * len(faults.http)

    def reset_counters(self) -> None:
        """Start counting from zero."""
        self.requests: Counter[str] = Counter()
        self.injected: Counter[str] = Counter()
        self.sockets_opened = 0
        self.changes = 0
        self.bytes_in = 0
        self.bytes_out = 0

    def rule_for(self, method: str, path: str) -> HttpRule | None:
        """Return the rule to apply to a request, and use up one of its count."""
        for index, rule in enumerate(self.faults.http):
            if rule.path not in path or rule.method not in (None, method):
                continue
            if rule.count is not None and self._seen[index] >= rule.skip + rule.count:
                continue
            self._seen[index] += 1
            if self._seen[index] > rule.skip:
                self.injected[rule.action] += 1
                return rule
        return None

    async def hold(self, changed: asyncio.Event) -> None:
        """Keep a request until the faults that were in force when it came have changed."""
        if not changed.is_set():
            self.held += 1
            await changed.wait()

    def report(self, sockets_open: int) -> dict[str, Any]:
        """Return faults and counters for a GET."""
        counters = Counters(
            requests=dict(self.requests),
            injected=dict(self.injected),
            held=self.held,
            sockets_open=sockets_open,
            sockets_opened=self.sockets_opened,
            changes=self.changes,
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
        )
        return {"faults": asdict(self.faults), "counters": asdict(counters)}
