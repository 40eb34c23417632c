"""docs/OPERATING.md, "From nothing to production": its steps, as a stranger types them."""

import os
import re
import subprocess
import sys

import pytest

from devstack import node
from tests.acceptance.processes import PROJECT

PAGE = (PROJECT / "docs" / "OPERATING.md").read_text()
STEPS = dict(re.findall(r"<!-- steps: (\w+) -->\n```sh\n(.+?)```", PAGE, re.DOTALL))


@pytest.fixture
def typed(stack, tmp_path):
    """Type steps into a shell in a fresh clone; what they print. Any that fails ends them."""
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in ("worker", "supabase", "requirements.txt"):
        (clone / name).symlink_to(PROJECT / name)
    commands = tmp_path / "bin"
    commands.mkdir()
    npx = commands / "npx"
    npx.write_text(
        f'#!/bin/sh\nshift\nexec "{node.program("@supabase/cli", "bin/supabase")}" "$@"\n'
    )
    npx.chmod(0o755)
    # What pip would install is here; test_deployed.py has it install.
    python = clone / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)

    def run(*names):
        steps = "".join(STEPS[name] for name in names)
        steps = steps.replace("https://your-project.supabase.co", stack.url)
        steps = steps.replace("sb_secret_...", stack.keys.secret)
        steps = re.sub(r"^python -m venv .*\n", "", steps, flags=re.MULTILINE)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{steps}\nkill %1 2>/dev/null || true; wait"],
            cwd=clone,
            env={
                "PATH": f"{commands}:{os.environ['PATH']}",
                "HOME": str(tmp_path),
                "TMPDIR": str(tmp_path),
                "DATABASE_URL": stack.db_url,
                "PGSSLMODE": "disable",
                "SUPABASE_TELEMETRY_DISABLED": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


def test_the_page_has_these_steps():
    assert set(STEPS) == {"database", "setup", "work"}


def test_the_database(typed):
    assert typed("database").count("up to date") == 2


def test_it_works(typed, database):
    database.execute("delete from import_workers")
    told = typed("setup", "work")
    assert "The worker is well." in told
    without_a_worker, with_one = re.findall(r"All is well\. \((\d+) checks, ", told)
    assert (int(without_a_worker) < 16, int(with_one)) == (True, 16)
    database.execute("delete from import_workers")
