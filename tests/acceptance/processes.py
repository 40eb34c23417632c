"""Real workers, their logs, and waiting for what they do."""

import json
import subprocess
import time
from contextlib import contextmanager, suppress

from tests import warm

PROJECT = warm.PROJECT
PATIENCE = 120  # seconds, for what must come: a guard, no measure


@contextmanager
def worker_process(stack, tmp_path, *, before="", **environment):
    """Run a real worker; its log is checked for secrets when it ends."""
    log = tmp_path / "worker.log"
    process = warm.start(
        "worker", "run",
        environment=stack.worker_environment | environment, output=log, before=before,
    )  # fmt: skip
    try:
        wait_until(lambda: "worker_started" in log.read_text())
        yield process, log
    finally:
        process.terminate()  # so that what it ran is measured
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=PATIENCE)
        process.kill()
        process.wait()
    assert stack.keys.secret not in log.read_text()
    assert stack.keys.service_role not in log.read_text()


def wait_until(condition):
    """Poll until it is true."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < PATIENCE, "it never happened"
        time.sleep(0.01)


def logged(log, event):
    lines = (json.loads(line) for line in log.read_text().splitlines())
    return [line for line in lines if line["event"] == event]
