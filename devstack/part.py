"""A part of the stack: one process that the supervisor owns."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from devstack.account import Account
from devstack.death import tie_to_parent
from devstack.state import DevstackError


class PartDiedError(DevstackError):
    """A part ended that nobody had asked to."""


@dataclass(frozen=True)
class Command:
    """How to run a part and how to tell that it serves."""

    name: str
    argv: list[str]
    ready: Callable[[], Awaitable[bool]]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path("/")
    account: Account | None = None  # None: the same as the supervisor's
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL  # when the supervisor is killed; Linux only
    start_again: bool = False  # when the first try ends at once: PostgreSQL after a kill -9


class Part:
    """A supervised process; its output goes to `log`."""

    def __init__(self, command: Command, log: Path) -> None:
        self.command = command
        self.name = command.name
        self.log = log
        self.expected_to_end = False
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The pid, which is the process group's too; None before the first start."""
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    async def spawn(self) -> None:
        """Start the process. `ready` waits until it serves."""
        command, parent = self.command, os.getpid()
        self.expected_to_end = False

        def before_exec() -> None:
            if command.account is not None:
                command.account.assume()
            tie_to_parent(parent, command.orphan_signal)

        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command.argv,
                env={**os.environ, **command.env},
                cwd=command.cwd,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=before_exec,
            )

    async def ready(self, timeout: float = 60) -> None:  # noqa: ASYNC109 - for a message of ours
        """Wait until it serves. Raises PartDiedError if it ends before, or takes too long."""
        deadline = time.monotonic() + timeout
        while not await self.command.ready():
            if not self.is_running and self.command.start_again and time.monotonic() < deadline:
                await asyncio.sleep(0.1)
                await self.spawn()
            elif not self.is_running:
                raise self.death()
            elif time.monotonic() > deadline:
                raise PartDiedError(f"{self.name} was not ready after {timeout:g} s.{self.tail()}")
            await asyncio.sleep(0.02)

    async def ended(self) -> None:
        """Wait until it ends. Raises PartDiedError if nobody had asked it to."""
        process = self._process
        if process is None:
            return
        await process.wait()
        if process is self._process and not self.expected_to_end:
            raise self.death()

    async def kill(self, which: signal.Signals) -> None:
        """Send a signal to end it, wait until it has ended, and hold that for no accident."""
        if self._process is None or self._process.returncode is not None:
            return
        self.expected_to_end = True
        with suppress(ProcessLookupError):
            self._process.send_signal(which)
        await self._process.wait()

    async def stop(self, grace: float = 5) -> None:
        """End it politely, or after `grace` seconds not."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        try:
            async with asyncio.timeout(grace):
                await self.kill(self.command.stop_signal)
        except TimeoutError:
            await self.kill(signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it may have started

    def death(self) -> PartDiedError:
        """Return the error that reports its end."""
        code = self._process.returncode if self._process else None
        how = f"exit code {code}"
        if code is not None and code < 0:
            how = f"killed by {signal.Signals(-code).name}"
        return PartDiedError(f"{self.name} died ({how}).{self.tail()}")

    def tail(self, lines: int = 20) -> str:
        """Return the end of its log, indented, with a heading."""
        try:
            last = self.log.read_text(errors="replace").splitlines()[-lines:]
        except FileNotFoundError:
            last = []
        return "".join(f"\n  | {line}" for line in [f"last lines of {self.log}:", *last])
