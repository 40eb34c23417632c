"""From an empty directory to an import, as the hosts build it: no container engine is needed.

What pip fetches is fetched once, into this test's own directory.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.processes import PROJECT, wait_until

DOCKERFILE = re.sub(r"\\\n\s*", "", (PROJECT / "Dockerfile").read_text())


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Carry out the Dockerfile's COPY and RUN lines below a directory that stands for its root."""
    root = tmp_path_factory.mktemp("image")
    workdir = root
    for line in DOCKERFILE.splitlines():
        name, _, value = line.partition(" ")
        if name == "WORKDIR":
            workdir = root / value.strip("/")
            workdir.mkdir(parents=True, exist_ok=True)
        elif name == "COPY" and "--from" not in value:
            source, target = value.split()
            if (PROJECT / source).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(PROJECT / source, workdir / target, ignore=ignored)
            else:
                shutil.copy(PROJECT / source, workdir / target)
        elif name == "RUN" and "useradd" not in value:
            command = value.replace("/venv", str(root / "venv"))
            command = command.replace("python -m venv", f"{sys.executable} -m venv")
            # An image keeps no cache; here it saves the network.
            command = command.replace("--no-cache-dir ", "")
            subprocess.run(["bash", "-euc", command], cwd=workdir, check=True, capture_output=True)
    return root


def run(image, stack, tmp_path, *arguments):
    environment = {
        "PATH": f"{image / 'venv' / 'bin'}:{os.environ['PATH']}",
        "SUPABASE_URL": stack.url,
        "SUPABASE_SECRET_KEY": stack.keys.secret,
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(tmp_path),
    }
    return subprocess.Popen(
        ["python", "-m", "worker", *arguments],
        cwd=image / "app", env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def files(directory):
    return {path: path.stat().st_mtime_ns for path in Path(directory).rglob("*")}


@pytest.mark.thorough
def test_the_image_imports_and_writes_nowhere_but_tmp(image, stack, dealer, tmp_path):
    with run(image, stack, tmp_path, "doctor", "--setup") as doctor:
        assert "All is well." in doctor.communicate()[0]
    assert doctor.returncode == 0
    before = files(image)
    with run(image, stack, tmp_path, "run") as worker:
        job_id = dealer.insert_job(dealer.records(10))
        wait_until(lambda: dealer.status(job_id) == "completed")
        with run(image, stack, tmp_path, "health") as health:
            assert health.communicate()[0] == "The worker is well.\n"
        worker.send_signal(signal.SIGTERM)
        worker.communicate()
    assert worker.returncode == 0
    assert files(image) == before
    assert list(tmp_path.iterdir()) == []
