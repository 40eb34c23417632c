"""Which row of a file is the last with its key: 24 bytes a row, however long the keys are."""

from array import array
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np


class Keys:
    """The keys of a file's readable rows, given in order."""

    def __init__(self) -> None:
        # Two halves of a 128-bit hash: two keys of a million rows share one with a chance of 1e-27.
        self._halves = array("Q")
        self._rows = array("I")

    def add(self, row_number: int, key: str) -> None:
        """Note a row; row_number is 1-based and grows."""
        digest = blake2b(key.encode(), digest_size=16)
        self._halves.frombytes(digest.digest())
        self._rows.append(row_number)

    def last_rows(self) -> Sequence[int]:
        """Give, by row number, the last row with the same key: its own number if it is the last."""
        if not self._rows:
            return []
        rows = np.frombuffer(self._rows, np.uint32)
        halves = np.frombuffer(self._halves, np.uint64).reshape(-1, 2)
        order = np.lexsort((halves[:, 1], halves[:, 0]))  # stable: rows of a key stay in order
        ordered = halves[order]
        is_last = np.ones(len(rows), bool)
        is_last[:-1] = (ordered[1:] != ordered[:-1]).any(axis=1)
        last_of_key = rows[order[is_last]]
        key_number = np.cumsum(is_last) - is_last
        last = np.zeros(int(rows[-1]) + 1, np.uint32)
        last[rows[order]] = last_of_key[key_number]
        return array("I", last.tobytes())
