"""Databases as a Supabase project has them at first, side by side, and what is in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from devstack import migrations
from devstack.postgres import Postgres

DATA = Path(__file__).parent / "data"
MIGRATIONS = sorted((migrations.SUPABASE / "migrations").glob("*.sql"))

_CATALOG = (DATA / "catalog.sql").read_text()


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL without the rest of a stack: databases come by copying."""

    postgres: Postgres
    port: int
    directory: Path

    def url(self, name: str, role: str = "postgres") -> str:
        return self.postgres.url(self.port, role).removesuffix("/postgres") + f"/{name}"

    def create(self, name: str) -> str:
        """Make a database with what a Supabase project has at first; return its URL."""
        with psycopg.connect(self.postgres.url(self.port, "supabase_admin"), autocommit=True) as c:
            # Settings of a database are the one thing that is not copied.
            c.execute(f"create database {name} template postgres owner postgres")
            c.execute(f'alter database {name} set search_path = "$user", public, extensions')
        return self.url(name)

    async def push(self, url: str) -> str:
        """Apply the migrations with the real Supabase CLI."""
        return await migrations.push(url, self.directory / "cli")


def connect(url):
    return psycopg.connect(url, autocommit=True, row_factory=dict_row)


def apply(connection, files: Iterable[Path]) -> None:
    for file in files:
        connection.execute(file.read_text())


def catalog(connection, *kinds: str, of=None) -> set[tuple[str, str, str]]:
    """Tell what is there, as comparable lines: kind, what it belongs to, what it says."""
    with connection.transaction():
        connection.execute("set local search_path = ''")
        rows = connection.execute(_CATALOG).fetchall()
    return {
        (row["kind"], row["name"], row["says"])
        for row in rows
        if (not kinds or row["kind"] in kinds)
        and (of is None or row["name"].removeprefix("public.") in of)
    }
