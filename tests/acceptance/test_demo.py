"""``make demo``, as a person runs it: twice."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import pytest

from devstack.stack import Stack, stop

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def state():
    # Not tmp_path: PostgreSQL, which may run as another user, must be able to walk there.
    with tempfile.TemporaryDirectory(prefix="demo-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o711)
        yield Path(directory)


def demo(state, *options):
    result = subprocess.run(
        [sys.executable, "-m", "devstack.demo", "--state", str(state), *options],
        cwd=PROJECT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_demo_imports_the_sample_and_again_only_updates_it(state, figure):
    first = demo(state)
    assert Stack.at(state) is None, "it left something running"
    assert "9,850 imported (9,850 created, 0 updated), 150 failed of 10,000 rows" in first
    assert first.count("2000/2000 completed") == 5
    assert len(re.findall(r"^  Row \d+: ", first, re.MULTILINE)) == 10
    assert "created + updated + failed = rows of the file: yes" in first

    second = demo(state, "--keep")
    try:
        stack = Stack.at(state)
        assert "worker" in stack.pids
        [page] = re.findall(r"The page is at (\S+) \(user olivia@cedar.test, password", second)
        assert 'id="app"' in httpx.get(page, timeout=60).text
    finally:
        stop(state)
    assert "9,850 imported (0 created, 9,850 updated), 150 failed of 10,000 rows" in second
    for name, output in (("first", first), ("second", second)):
        [summary] = re.findall(r"10,000 rows in .*", output)
        figure(f"the demo, {name} time: {summary}")
