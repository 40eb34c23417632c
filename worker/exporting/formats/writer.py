"""What every format has in common."""

from collections.abc import Sequence
from typing import Protocol


class Writer(Protocol):
    """A file that is being written. Its calls take their time, and are made in a thread."""

    # What was lost on the way, in sentences; complete after close().
    notes: list[str]

    def write(self, cells: Sequence[Sequence[str]]) -> None:
        """Write some rows, given by column."""
        ...

    def close(self) -> None:
        """Write what comes at the end."""
        ...

    def abandon(self) -> None:
        """Let go of the file, however far it is; after close() there is nothing left to do."""
        ...
