"""What updates do to the table of items, as PostgreSQL tells."""

import time
from dataclasses import dataclass

from bench.ground import Ground

# A session tells of its updates when it has been idle for ten seconds.
_IDLE_SECONDS = 11.0
_TOLD_SECONDS = 20.0


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
            row = ground.database.execute(
                "select n_tup_upd, n_tup_hot_upd, pg_relation_size(relid), pg_indexes_size(relid),"
                " pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
                " from pg_stat_user_tables where relid = 'inventory'::regclass"
            ).fetchone()
            storage = cls(*(int(str(value)) for value in row or ()))
            if storage.updates >= updates or time.monotonic() > deadline:
                return storage
            time.sleep(0.2)

    @classmethod
    def settled(cls, ground: Ground) -> "InventoryStorage":
        """Look when sessions that are idle have told of all that was before."""
        last = cls.seen(ground)
        while True:
            time.sleep(_IDLE_SECONDS)
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
