"""Real workers, their logs, and waiting for what they do."""

import json
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PATIENCE = 120  # seconds, for what must come: a guard, no measure


@contextmanager
def worker_process(stack, tmp_path, **environment):
    """Run a real worker; its log is checked for secrets when it ends."""
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker", "run"],
            cwd=PROJECT,
            env=stack.worker_environment | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
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
