"""``make demo``, as a person runs it: twice."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from devstack.stack import Stack

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def state():
    # Not tmp_path: PostgreSQL, which may run as another user, must be able to walk there.
    with tempfile.TemporaryDirectory(prefix="demo-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o711)
        yield Path(directory)


def demo(state):
    result = subprocess.run(
        [sys.executable, "-m", "devstack.demo", "--state", str(state)],
        cwd=PROJECT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert Stack.at(state) is None, "it left something running"
    return result.stdout


def test_the_demo_imports_the_sample_and_again_only_updates_it(state, figure):
    first = demo(state)
    assert "9,850 imported (9,850 created, 0 updated), 150 failed of 10,000 rows" in first
    assert first.count("2000/2000 completed") == 5
    assert len(re.findall(r"^  Row \d+: ", first, re.MULTILINE)) == 10
    assert "created + updated + failed = rows of the file: yes" in first

    second = demo(state)
    assert "9,850 imported (0 created, 9,850 updated), 150 failed of 10,000 rows" in second
    for name, output in (("first", first), ("second", second)):
        [summary] = re.findall(r"10,000 rows in .*", output)
        figure(f"the demo, {name} time: {summary}")
