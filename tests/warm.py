"""Processes of the worker's, forked from one that has imported it.

The imports take most of a second of CPU, which is longer than most of these live. What is run is
what ``python -m`` runs, from its first line, in a process and with an environment of its own.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

from devstack.death import tie_to_parent

PROJECT = Path(__file__).parents[1]

_FROM = multiprocessing.get_context("forkserver")
# The first, because what this process was started with is imported in each child once more.
_FROM.set_forkserver_preload(["pytest", "tests.warm", "worker.cli"])


class WarmProcess:
    """One process: what tests use of a subprocess.Popen."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        self.pid = process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code. Raises TimeoutExpired if it still runs after so many seconds."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(
    module: str,
    *arguments: object,
    environment: Mapping[str, str],
    output: Path,
    errors: Path | None = None,
    typed: Path | None = None,
    cwd: Path = PROJECT,
    before: str = "",
) -> WarmProcess:
    """Run ``python -m module arguments``.

    output, errors: files for what it says; without the second, all goes to the first.
    typed: a file with what somebody types.
    before: statements to run first, for a fault that can't be provoked from outside.
    """
    said = [output, errors] if errors else [output]
    for file in said:
        file.write_bytes(b"")
    given = {
        "module": module,
        "arguments": [str(argument) for argument in arguments],
        "environment": dict(environment),
        "files": [str(path) for path in (typed or os.devnull, *said)],
        "cwd": str(cwd),
        "before": before,
    }
    process = _FROM.Process(target=_become, kwargs=given, daemon=True)
    process.start()
    return WarmProcess(process)


def _become(
    module: str,
    arguments: list[str],
    environment: dict[str, str],
    files: list[str],
    cwd: str,
    before: str,
) -> None:
    tie_to_parent(os.getppid(), signal.SIGKILL)
    os.setsid()  # Ctrl-C is for the tests, which end this one in their own way
    os.dup2(os.open(files[0], os.O_RDONLY), 0)
    for number, path in enumerate((files[1], files[-1]), start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND), number)
    sys.stdin = open(0)  # noqa: SIM115 - it lives as long as the process
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # where that is, the environment says
    sys.argv[1:] = arguments
    exec(before, {})  # noqa: S102 - a test's own
    runpy.run_module(module, run_name="__main__", alter_sys=True)
