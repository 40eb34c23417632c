"""The suite's own way into the database: past PostgREST and the gateway, through its restarts."""

import time
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

_AWAY_SECONDS = 120.0
_AUDIT = Path(__file__).with_name("audit.sql")


class Database:
    """One connection, made again when the database was away. For one thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection | None = None

    def rows(self, statement: str, *values: object) -> list[dict[str, object]]:
        """Run a statement that may be run twice; wait for a database that is away."""
        deadline = time.monotonic() + _AWAY_SECONDS
        while True:
            try:
                cursor = self._open().execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                self.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def scalar(self, statement: str, *values: object) -> object:
        [row] = self.rows(statement, *values)
        [value] = row.values()
        return value

    def install_audit(self) -> None:
        self.rows(_AUDIT.read_text())

    def close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None

    def _open(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._url, autocommit=True, row_factory=dict_row, connect_timeout=5
            )
        return self._connection
