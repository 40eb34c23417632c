"""Which rows of a file share a key: 21 bytes a row, however long the keys are."""

from array import array
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt


class Keys:
    """The keys of a file's rows, given in order."""

    def __init__(self) -> None:
        # Two halves of a 128-bit hash: two keys of a million rows share one with a chance of 1e-27.
        self._halves = array("Q")
        self._rows = array("I")
        self._whole = bytearray()

    def add(self, row_number: int, key: str, *, is_whole: bool = True) -> None:
        """Note a row; row_number is 1-based and grows.

        One that is not whole is the last of its key only if no whole one has the key.
        """
        digest = blake2b(key.encode(), digest_size=16)
        self._halves.frombytes(digest.digest())
        self._rows.append(row_number)
        self._whole.append(is_whole)

    def shared(self) -> bytes:
        """Tell, by row number, whether another row has the same key; empty if none has."""
        rows, order, is_last = self._sorted()
        is_first = np.ones(len(rows), bool)
        is_first[1:] = is_last[:-1]
        is_alone = is_first & is_last
        if is_alone.all():
            return b""
        shared = np.zeros(int(rows.max()) + 1, bool)
        shared[rows[order]] = ~is_alone
        return shared.tobytes()

    def last_rows(self) -> Sequence[int]:
        """Give, by row number, the last whole row with the same key, else the last one.

        0 for a row that was not noted. What is not whole may come after its last row.
        """
        rows, order, is_last = self._sorted()
        last = np.zeros(int(rows.max(initial=0)) + 1, np.uint32)
        last[rows[order]] = rows[order[is_last]][np.cumsum(is_last) - is_last]
        return array("I", last.tobytes())

    def _sorted(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
        """Sort the rows by key: rows, their order, and which in that order end their key."""
        rows = np.frombuffer(self._rows, np.uint32)
        halves = np.frombuffer(self._halves, np.uint64).reshape(-1, 2)
        whole = np.frombuffer(self._whole, np.uint8)
        # Stable: whole rows of a key stay in order, behind those that are not.
        order = np.lexsort((whole, halves[:, 1], halves[:, 0]))
        ordered = halves[order]
        is_last = np.ones(len(rows), bool)
        is_last[:-1] = (ordered[1:] != ordered[:-1]).any(axis=1)
        return rows, order, is_last
