"""The unprivileged account that PostgreSQL runs as when we are root: it refuses to be root."""

import os
import pwd
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devstack.death import tie_to_parent
from devstack.state import PROJECT


@dataclass(frozen=True)
class Account:
    """A user and a group by number."""

    uid: int
    gid: int

    def assume(self) -> None:
        """Become it, for good."""
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)

    def can_enter(self, directory: Path) -> bool:
        """Tell whether the account may walk into `directory` from the root."""
        return run_as(self, ["test", "-x", str(directory)]).returncode == 0


def run_as(account: Account | None, argv: list[str]) -> "subprocess.CompletedProcess[str]":
    """Run a command as `account` (None: as we are) and return how it went. It dies with us."""
    parent = os.getpid()

    def before_exec() -> None:
        if account is not None:
            account.assume()
        tie_to_parent(parent, signal.SIGKILL)

    return subprocess.run(
        argv,
        preexec_fn=before_exec,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def unprivileged() -> Account | None:
    """Return whom PostgreSQL runs as: the checkout's owner or `nobody`; None if we aren't root."""
    if os.geteuid() != 0:
        return None
    owner = PROJECT.stat()
    if owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)
