"""Whether batches go without what is made of their rows, which the database may have already."""

from worker.job import BatchResult

# Batches that go with everything after one that had to be sent again: at first, at most.
_FIRST_PENALTY, _LONGEST_PENALTY = 4, 64


class Thrift:
    """How an organization's batches are sent, by how its last ones went.

    Most imports change no text, so a batch goes without keywords first. One that comes back has
    cost a look and goes again with them, and so do those behind it: all, while they make new items.
    """

    def __init__(self) -> None:
        self._left = 0
        self._penalty = _FIRST_PENALTY

    @property
    def leaves_out(self) -> bool:
        """Whether the next batch goes without."""
        return self._left == 0

    def came_back(self) -> None:
        """Note that a batch went without, and could not."""
        if self._left == 0:  # of several that were under way, once
            self._left = self._penalty
            self._penalty = min(2 * self._penalty, _LONGEST_PENALTY)

    def landed(self, result: BatchResult, *, went_without: bool) -> None:
        """Note how a batch ended."""
        if went_without:
            self._penalty = _FIRST_PENALTY
        elif self._left and not result.created:
            self._left -= 1
