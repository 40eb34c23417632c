"""Which Chromium: the one that CHROMIUM names, else the machine's."""

import os
import shutil

ARGUMENTS = ["--no-sandbox"] if os.geteuid() == 0 else []


def find() -> str:
    """Return its path. Raises FileNotFoundError, which says how to get it."""
    named = os.environ.get("CHROMIUM", "chromium")
    found = shutil.which(named)
    if found is None:
        raise FileNotFoundError(
            f"There is no {named} on this machine. Get it with `make browser`,"
            " or name another Chromium in the variable CHROMIUM."
        )
    return found
