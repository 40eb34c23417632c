"""A running stack as tests and the command line see it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack import control
from devstack.death import tie_to_parent
from devstack.faults import FaultControl
from devstack.keys import Keys, user_token
from devstack.state import PROJECT, DevstackError, State

PARTS = ("postgres", "postgrest", "lite", "realtime", "gateway")


@dataclass(frozen=True)
class Stack:
    """A stack that is up: addresses, keys, and what tests may do to it.

    `db_url` is the role postgres, as migrations have it; `admin_db_url` is the superuser
    supabase_admin; `jwt_secret` signs every token.
    """

    url: str
    db_url: str
    admin_db_url: str
    jwt_secret: str
    keys: Keys
    state: Path
    address: control.Address

    @classmethod
    def at(cls, path: Path) -> "Stack | None":
        """Return the stack with this state directory; None if it isn't up."""
        content = State(path).live()
        if content is None or content["phase"] != "ready":
            return None
        return cls(
            url=content["url"],
            db_url=content["db_url"],
            admin_db_url=content["admin_db_url"],
            jwt_secret=content["jwt_secret"],
            keys=Keys(**content["keys"]),
            state=path,
            address=control.Address(**content["control"]),
        )

    @property
    def faults(self) -> FaultControl:
        """The gateway's faults."""
        return FaultControl(self.url, self.keys.secret)

    @property
    def worker_environment(self) -> dict[str, str]:
        """The environment of this process, with what a worker needs to work here."""
        here = {"SUPABASE_URL": self.url, "SUPABASE_SECRET_KEY": self.keys.secret}
        return os.environ | here

    @property
    def content(self) -> dict[str, Any]:
        """What state.json says now."""
        content = State(self.state).read()
        if content is None:
            raise DevstackError(f"There is no stack in {self.state}.")
        return content

    @property
    def pids(self) -> dict[str, int]:
        """The parts that run now, by name, and the supervisor."""
        content = self.content
        parts = {name: int(part["pid"]) for name, part in content["parts"].items()}
        return parts | {"supervisor": int(content["supervisor"]["pid"])}

    def token(self, user_id: str | None = None, role: str = "authenticated", **claims: Any) -> str:  # noqa: ANN401 - a claim is any JSON value
        """Sign an access token; `ttl` is in seconds and may be negative."""
        return user_token(user_id, role, **claims)

    def kill_part(self, name: str, which: signal.Signals = signal.SIGKILL) -> None:
        """End a part and leave it down; the stack stays up. Returns when it has ended."""
        control.ask(self.address, "kill", part=name, signal=int(which))

    def start_part(self, name: str) -> None:
        """Start a part that was ended, on the same port, or a worker. Returns when it serves."""
        control.ask(self.address, "start", part=name)

    def restart_part(self, name: str, which: signal.Signals = signal.SIGTERM) -> None:
        """End a part and start it again. Returns when it serves."""
        self.kill_part(name, which)
        self.start_part(name)

    def reset(self) -> None:
        """Start over on a fresh database: migrations and seed. Returns when it serves."""
        control.ask(self.address, "reset")


def launch(state: Path, *options: str, tied: bool = False) -> "subprocess.Popen[bytes]":
    """Start a supervisor in the background; it says what it has to say in logs/supervisor.log.

    `tied`: it stops when this process dies, however that happens (Linux).
    """
    (state / "logs").mkdir(parents=True, exist_ok=True)
    parent = os.getpid()
    with (state / "logs" / "supervisor.log").open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "devstack", "up", "--state", str(state), *options],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=(lambda: tie_to_parent(parent, signal.SIGTERM)) if tied else None,  # noqa: PLW1509 - a system call and nothing else
        )


def wait_until_up(state: Path, supervisor: "subprocess.Popen[bytes]") -> Stack:
    """Return the stack once it serves. Raises DevstackError with the reason if it never will."""
    while (stack := Stack.at(state)) is None:
        if supervisor.poll() is not None:
            raise DevstackError((state / "logs" / "supervisor.log").read_text().strip())
        time.sleep(0.05)
    return stack


def stop(state: Path, timeout: float = 20) -> bool:
    """Stop the stack with this state directory; return whether there was one."""
    content = State(state).live()
    if content is None:
        return False
    os.kill(content["supervisor"]["pid"], signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while State(state).live() is not None:
        if time.monotonic() > deadline:
            raise DevstackError(f"The stack in {state} did not stop within {timeout:g} s.")
        time.sleep(0.05)
    return True


@contextmanager
def running() -> Iterator[Stack]:
    """Have a stack of your own: free ports, temporary state, nothing left afterwards."""
    state = Path(tempfile.mkdtemp(prefix="devstack-"))
    state.chmod(0o711)  # PostgreSQL, if it runs as another user, walks through
    supervisor = launch(state, "--port", "0", "--db-port", "0", "--discard", tied=True)
    try:
        yield wait_until_up(state, supervisor)
    finally:
        supervisor.terminate()
        supervisor.wait(timeout=30)
        shutil.rmtree(state, ignore_errors=True)
