"""Migrations that were released: ``python -m devstack.frozen`` writes which, and what is in each.

Somebody has applied them, and no database applies one twice: what is edited in one reaches only
those who come later. Making a release freezes what there is.
"""

import hashlib
from pathlib import Path

from devstack.migrations import SUPABASE
from devstack.state import PROJECT
from worker import __version__

FILE = PROJECT / "tests" / "data" / "migrations.sha256"
MIGRATIONS = SUPABASE / "migrations"


def digests(directory: Path = MIGRATIONS) -> dict[str, str]:
    """Give the SHA-256 of each migration, by its name and in the order in which they apply."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(directory.glob("*.sql"))
    }


def released(text: str) -> tuple[str, dict[str, str]]:
    """Read the file: the version that was released, and its migrations' digests by name."""
    version, *lines = text.splitlines()
    return version.removeprefix("# "), {
        name: digest for digest, name in (line.split("  ") for line in lines)
    }


def main() -> None:
    """Write the file, a line a migration as sha256sum has them."""
    lines = (f"{digest}  {name}\n" for name, digest in digests().items())
    FILE.write_text(f"# {__version__}\n{''.join(lines)}")


if __name__ == "__main__":
    main()
