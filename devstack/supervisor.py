"""The supervisor: starts the parts, watches them, stops them."""

import asyncio
import math
import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack import commands, control, migrations, ports
from devstack.keys import JWT_SECRET, KEYS
from devstack.part import Command, Part, PartDiedError
from devstack.postgres import Postgres, bootstrap, run_file
from devstack.state import State, started_at

_HERE = Path(__file__).parent
# Parts that die so soon after PostgreSQL was killed on purpose died of that.
_TAKES_OTHERS_ALONG_SECONDS = 60.0


class StopRequestedError(Exception):
    """Somebody asked the stack to stop: Ctrl-C, SIGTERM."""


@dataclass(frozen=True)
class Ports:
    """Where the parts listen."""

    gateway: int
    database: int
    postgrest: int
    postgrest_admin: int
    lite: int
    realtime: int

    @classmethod
    def choose(cls, gateway: int, database: int) -> "Ports":
        """Take the two that a person may name (0: any) and free ones for the others."""
        free = [ports.choose(0, "") for _ in range(4)]
        return cls(ports.choose(gateway, "--port"), ports.choose(database, "--db-port"), *free)


class Supervisor:
    """One stack. `run` returns when the stack has been stopped, and raises if a part died.

    discard: remove the database at the end.
    """

    def __init__(
        self,
        state: State,
        listen: Ports,
        on_ready: Callable[[dict[str, Any]], None],
        *,
        discard: bool = False,
    ) -> None:
        self.state = state
        self.ports = listen
        self.postgres = Postgres.find(state.path)
        self.parts: dict[str, Part] = {}
        self.phase = "starting"
        self._on_ready = on_ready
        self._discard = discard
        self._control = control.Address(ports.choose(0, ""), secrets.token_urlsafe(16))
        self._group: asyncio.TaskGroup
        self._postgres_killed_at = -math.inf
        self._changing = asyncio.Lock()  # one start, stop or reset at a time

    async def run(self) -> None:
        """Start everything, then wait for a reason to stop. Leaves no process behind."""
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(which, asked.set)
        try:
            async with asyncio.TaskGroup() as self._group:
                self._group.create_task(_raise_when(asked))
                self._group.create_task(control.serve(self._control, self))
                self._record()
                await self._start()
                self.phase = "ready"
                self._on_ready(self._record())
        except* StopRequestedError:
            pass
        finally:
            self.phase = "stopping"
            await self._stop()
            if self._discard:
                drop(self.state, self.postgres)
            self.state.file.unlink(missing_ok=True)

    async def _start(self) -> None:
        """Bring the stack up on the data there is, or on a fresh database."""
        postgres, port = self.postgres, self.ports
        admin_url = postgres.url(port.database, "supabase_admin")
        if postgres.is_fresh:
            await asyncio.to_thread(postgres.initdb)
        gateway = self._launch(
            commands.gateway(port.gateway, port.postgrest, port.lite, port.realtime)
        )
        await self._launch(postgres.command(port.database))
        await bootstrap(admin_url)
        # Lite makes auth.users and storage.objects, which migrations may refer to.
        await self._launch(
            commands.lite(
                port.lite,
                postgres.url(port.database, "supabase_auth_admin"),
                self.url,
                self.state.path / "lite",
            )
        )
        await run_file(admin_url, _HERE / "lite.sql")
        said = await migrations.push(postgres.url(port.database), self.state.path / "cli")
        (self.state.logs / "migrations.log").write_text(said)
        await run_file(postgres.url(port.database), _HERE / "seed.sql")
        authenticator = postgres.url(port.database, "authenticator")
        await asyncio.gather(
            gateway,
            self._launch(commands.postgrest(port.postgrest, port.postgrest_admin, authenticator)),
            self._launch(commands.realtime(port.realtime, admin_url)),
        )

    async def _stop(self, *, but: str = "") -> None:
        """Stop the parts: a worker while it can still give back what it has, PostgreSQL at last."""
        if "worker" in self.parts:
            await self.parts["worker"].stop()
        running = [part for part in self.parts.values() if part.name != but]
        servers = [part for part in running if part.name != "postgres"]
        await asyncio.gather(*(part.stop() for part in servers))
        if "postgres" in self.parts:
            await self.parts["postgres"].stop()

    def _launch(self, command: Command) -> asyncio.Task[None]:
        """Start a part in a task that ends when it serves; watch it from then on."""
        part = self.parts.get(command.name)
        if part is not None and part.is_running:
            return self._group.create_task(asyncio.sleep(0))  # the gateway stays up in a reset
        log = self.state.logs / f"{command.name}.log"
        if part is None:
            log.unlink(missing_ok=True)  # the last supervisor's
        part = self.parts[command.name] = Part(command, log)
        return self._group.create_task(self._bring_up(part))

    async def _bring_up(self, part: Part) -> None:
        await part.spawn()
        self._record()
        await part.ready()
        self._record()  # PostgreSQL may have needed a second try
        self._group.create_task(self._watch(part))

    async def _watch(self, part: Part) -> None:
        """Wait until a part ends. One that PostgreSQL took along is started again, as elsewhere.

        Raises:
            PartDiedError: it died of something else.

        """
        try:
            await part.ended()
        except PartDiedError as death:
            if time.monotonic() - self._postgres_killed_at > _TAKES_OTHERS_ALONG_SECONDS:
                raise
            print(f"{death}\n{part.name} is started again: PostgreSQL was killed.", flush=True)
            while not self.parts["postgres"].is_running:  # noqa: ASYNC110 - tests bring it back
                await asyncio.sleep(0.1)
            await self.start(part.name)

    # What `control` offers to tests and to the command line.

    async def kill(self, name: str, which: int) -> None:
        """End a part with a signal, on purpose. `start` brings it back."""
        async with self._changing:
            if name == "postgres":
                self._postgres_killed_at = time.monotonic()
            await self.parts[name].kill(signal.Signals(which))
            self._record()

    async def start(self, name: str) -> None:
        """Start a part that was ended on purpose, or the worker; return when it serves."""
        async with self._changing:
            if name == "worker" and name not in self.parts:
                command = commands.worker(self.url, KEYS.secret)
                self.parts[name] = Part(command, self.state.logs / "worker.log")
            if not self.parts[name].is_running:
                await self._bring_up(self.parts[name])

    async def reset(self) -> None:
        """Start over on a fresh database, on the same ports."""
        async with self._changing:
            self.phase = "starting"
            await self._stop(but="gateway")
            drop(self.state, self.postgres)
            await self._start()
            self.phase = "ready"
            self._record()

    @property
    def url(self) -> str:
        """The URL of the API."""
        return f"http://{ports.HOST}:{self.ports.gateway}"

    def _record(self) -> dict[str, Any]:
        """Write state.json and return what is in it."""
        content = {
            "phase": self.phase,
            "url": self.url,
            "db_url": self.postgres.url(self.ports.database),
            "admin_db_url": self.postgres.url(self.ports.database, "supabase_admin"),
            "jwt_secret": JWT_SECRET,
            "keys": KEYS.asdict(),
            "data": str(self.postgres.data),
            "control": {"port": self._control.port, "token": self._control.token},
            "supervisor": {"pid": os.getpid(), "started": started_at(os.getpid())},
            "parts": {
                name: {"pid": part.pid, "started": started_at(part.pid), "log": str(part.log)}
                for name, part in self.parts.items()
                if part.is_running and part.pid is not None
            },
        }
        self.state.write(content)
        return content


def drop(state: State, postgres: Postgres) -> None:
    """Remove the database and the stored objects."""
    postgres.drop()
    shutil.rmtree(state.path / "lite", ignore_errors=True)


async def _raise_when(asked: asyncio.Event) -> None:
    """Cancel the task group, through an exception, when the event is set."""
    await asked.wait()
    raise StopRequestedError
