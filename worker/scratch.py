"""Local files of a run, which nothing outlives."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# With the process's number, so that another one can tell whether anybody still needs it.
_PREFIX = "prospaces-import-"
_OURS = re.compile(rf"{_PREFIX}(\d+)-")


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """Have a directory that is gone afterwards, with everything in it."""
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as directory:
        yield Path(directory)


def remove_leftovers() -> None:
    """Remove what workers of this machine left that were killed before they could.

    To be called before this one has anything: what bears its number is an earlier one's.
    """
    for pid, directory in _directories():
        if pid == os.getpid() or not _lives(pid):
            shutil.rmtree(directory, ignore_errors=True)


def living_directories() -> Iterator[tuple[int, Path]]:
    """Find the directories of this machine's processes that live, with the processes' numbers."""
    return ((pid, directory) for pid, directory in _directories() if _lives(pid))


def _directories() -> Iterator[tuple[int, Path]]:
    for directory in Path(tempfile.gettempdir()).iterdir():
        if found := _OURS.match(directory.name):
            yield int(found[1]), directory


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    return True
