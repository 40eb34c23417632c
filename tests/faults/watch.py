"""A second witness: looks at the live runs all the time, beside the triggers."""

import threading
from types import TracebackType
from typing import Self

from tests.faults.database import Database

_PAUSE_SECONDS = 0.05


class Watch:
    """Looks for organizations with two live runs while the with lasts."""

    def __init__(self, db_url: str) -> None:
        self.looks = 0
        self.problems: list[str] = []
        self._database = Database(db_url)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(10)
        self._database.close()

    def _look(self) -> None:
        while not self._over.wait(_PAUSE_SECONDS):
            crowded = self._database.rows(
                "select organization_id from import_runs where finished_at is null"
                " group by 1 having count(*) > 1"
            )
            self.looks += 1
            self.problems += [f"{row['organization_id']} had two live runs" for row in crowded]
