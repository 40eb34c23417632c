"""The state directory: one stack's lock, `state.json`, logs and database."""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
DEFAULT_STATE = PROJECT / ".devstack"


class DevstackError(Exception):
    """What went wrong and what to do about it, in words for the person at the terminal."""


def started_at(pid: int) -> str | None:
    """Return when the process `pid` started, in units of this machine; None if there is none.

    A pid alone may have been given to somebody else since; a pid with its start has not.
    """
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] == "Z" else fields[19]
    shown = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() or None


class State:
    """A state directory.

    `path` is made on demand. Its `state.json` is written by the supervisor alone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.file = self.path / "state.json"
        self.logs = self.path / "logs"

    def read(self) -> dict[str, Any] | None:
        """Return what the last supervisor wrote; None if there was none or it has cleaned up."""
        try:
            content: dict[str, Any] = json.loads(self.file.read_text())
        except FileNotFoundError:
            return None
        return content

    def write(self, content: dict[str, Any]) -> None:
        """Replace `state.json` in one step: a reader sees the old one or the new one."""
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps(content, indent=2) + "\n")
        draft.chmod(0o600)
        draft.replace(self.file)

    def live(self) -> dict[str, Any] | None:
        """Return `state.json` if the supervisor that wrote it still runs."""
        content = self.read()
        if content is None or not _is_ours(content["supervisor"]):
            return None
        return content

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory for one supervisor. The kernel lets go of it however that ends.

        Raises DevstackError if another supervisor holds it.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        lock = self.path / "lock"
        while True:
            handle = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                raise DevstackError(
                    f"A devstack runs already with the state in {self.path}. "
                    "Stop it with `python -m devstack down`, or give another --state."
                ) from None
            # Its last holder may have removed the file between our open and our flock.
            if lock.exists() and lock.stat().st_ino == os.fstat(handle).st_ino:
                break
            os.close(handle)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
            os.close(handle)

    def end_orphans(self) -> list[str]:
        """Kill the parts that a killed supervisor left behind and forget it; return their names.

        Only for the holder of the lock. Linux ends them by itself (PR_SET_PDEATHSIG); other
        systems need this.
        """
        content = self.read()
        if content is None:
            return []
        orphans = {name: part["pid"] for name, part in content["parts"].items() if _is_ours(part)}
        for pid in orphans.values():
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while any(started_at(pid) for pid in orphans.values()) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.file.unlink()
        return list(orphans)


def _is_ours(process: dict[str, Any]) -> bool:
    """Tell whether a recorded process is still the one that was recorded."""
    return bool(started_at(process["pid"]) == process["started"])
