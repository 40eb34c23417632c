"""What updates do to the table of items, as PostgreSQL tells."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from bench.ground import Ground

# A session tells of its updates at the end of a transaction, when it has told nothing for a second;
# or else after ten idle seconds.
_QUIET_SECONDS = 1.1
_TOLD_SECONDS = 30.0
# That PostgREST has: devstack/commands.py.
_SESSIONS = 20


@dataclass(frozen=True)
class InventoryStorage:
    """A moment of the table inventory: updates so far, and bytes.

    `hot` are those updates that left every index alone.
    """

    updates: int
    hot: int
    heap: int
    indexes: int
    wal: int

    @classmethod
    def seen(cls, ground: Ground, updates: int = 0) -> "InventoryStorage":
        """Look, as soon as so many updates were told of."""
        deadline = time.monotonic() + _TOLD_SECONDS
        while True:
            if updates:
                _let_all_sessions_tell(ground)
            row = ground.database.execute(
                "select n_tup_upd, n_tup_hot_upd, pg_relation_size(relid), pg_indexes_size(relid),"
                " pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
                " from pg_stat_user_tables where relid = 'inventory'::regclass"
            ).fetchone()
            storage = cls(*(int(str(value)) for value in row or ()))
            if storage.updates >= updates or time.monotonic() > deadline:
                return storage
            time.sleep(_QUIET_SECONDS)

    @classmethod
    def settled(cls, ground: Ground) -> "InventoryStorage":
        """Look when all sessions have told of what was before."""
        last = cls.seen(ground)
        while True:
            time.sleep(_QUIET_SECONDS)
            _let_all_sessions_tell(ground)
            now = cls.seen(ground)
            if now.updates == last.updates:
                return now
            last = now

    def since(self, before: "InventoryStorage") -> dict[str, object]:
        """Say what came of the updates since then."""
        updates, hot = self.updates - before.updates, self.hot - before.hot
        return {
            "updates": updates,
            "hot_percent": round(100 * hot / updates, 1) if updates else 0.0,
            "heap_mb": round(self.heap / 1e6, 1),
            "indexes_mb": round(self.indexes / 1e6, 1),
            "wal_mb": round((self.wal - before.wal) / 1e6, 1),
        }


def _let_all_sessions_tell(ground: Ground) -> None:
    """Have every session of PostgREST's in a transaction at once: they wait for one lock."""
    waiting = "select count(*) from pg_locks where relation = 'profiles'::regclass and not granted"
    headers = {"apikey": ground.stack.keys.secret}
    with (
        httpx.Client(base_url=ground.stack.url, headers=headers, timeout=_TOLD_SECONDS) as client,
        ThreadPoolExecutor(_SESSIONS) as asking,
    ):
        with ground.database.transaction():
            ground.database.execute("lock table profiles in access exclusive mode")
            asked = [
                asking.submit(client.get, "/rest/v1/profiles?limit=1") for _ in range(_SESSIONS)
            ]
            while ground.scalar(waiting) < _SESSIONS:
                time.sleep(0.01)
        for answer in asked:
            answer.result().raise_for_status()
