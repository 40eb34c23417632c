"""Which of a file's columns is meant by a name that was written elsewhere."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache


# Two hundred files of an organization have much the same columns.
@lru_cache(maxsize=20_000)
def plain(header: str) -> str:
    """Take away what two spellings of one name differ in: case, spaces, _ and -.

    The database tells sets of columns apart alike: supabase/migrations/*_import_memory.sql.
    """
    return re.sub(r"[\s_-]+", "", header.casefold())


def column_set(columns: Iterable[str]) -> tuple[str, ...]:
    """Give what two files with the same columns have in common, whatever their order."""
    return tuple(sorted(map(plain, columns)))


class Spellings:
    """A file's columns, found by their names: as they are written, else if only one is alike."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._exact = {column: index for index, column in enumerate(columns)}
        self._alike: dict[str, list[int]] = defaultdict(list)
        for index, column in enumerate(columns):
            self._alike[plain(column)].append(index)

    def find(self, name: str) -> int | None:
        """Give the place of the column that is meant; None if there is none, or nobody can tell."""
        if (index := self._exact.get(name)) is not None:
            return index
        alike = self._alike.get(plain(name), ())
        return alike[0] if len(alike) == 1 else None
