"""Scripts that ask as the frontend does: by supabase-js, as the users of devstack/seed.sql."""

import json
import os
import subprocess
from pathlib import Path

from devstack import node


def run(script: Path, stack, **settings: str):
    """Run a script with these settings in its environment; what it printed, read as JSON."""
    common = {
        "PACKAGE": str(node.MODULES.parent / "package.json"),
        "SUPABASE_URL": stack.url,
        "PUBLISHABLE_KEY": stack.keys.publishable,
        "PASSWORD": "devstack-password",
    }
    done = subprocess.run(
        [node.find(), str(script)],
        env=os.environ | common | settings,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
