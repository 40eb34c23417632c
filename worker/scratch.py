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
    for directory in Path(tempfile.gettempdir()).iterdir():
        found = _OURS.match(directory.name)
        if found and not _is_in_use(int(found[1])):
            shutil.rmtree(directory, ignore_errors=True)


def _is_in_use(pid: int) -> bool:
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    return True
