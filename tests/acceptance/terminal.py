"""Commands of the worker's, as they are typed, each in a process of its own.

All are forked from one that has imported the worker, for that takes longer than most commands do.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.cli import main

PROJECT = Path(__file__).parents[2]


class Terminal:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(
        self, *arguments: object, environment: dict[str, str], cwd: Path = PROJECT, typed: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run ``python -m worker ARGUMENTS`` and type what it asks for."""
        with tempfile.TemporaryDirectory() as folder:
            said = {name: Path(folder, name) for name in ("stdin", "stdout", "stderr")}
            said["stdin"].write_text(typed)
            command = [str(argument) for argument in arguments]
            asked = {"command": command, "environment": environment, "cwd": str(cwd),
                     "files": [str(path) for path in said.values()]}  # fmt: skip
            print(json.dumps(asked), file=self._process.stdin, flush=True)
            code = int(self._process.stdout.readline())
            told = (said["stdout"].read_text(), said["stderr"].read_text())
        return subprocess.CompletedProcess(command, code, *told)


@contextmanager
def open_terminal() -> Iterator[Terminal]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.acceptance.terminal"],
        cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield Terminal(process)
        process.stdin.close()


def _serve() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(**asked)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(command: list[str], environment: dict[str, str], cwd: str, files: list[str]) -> None:
    """Be the command, with files as its stdin, stdout and stderr, and leave with its exit code."""
    for number, path in enumerate(files):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
    sys.stdin = open(0)  # noqa: SIM115 - what was read ahead of the old one is not for the command
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    code: object = 70  # of sysexits.h: a fault of its own, whose traceback is in stderr
    try:
        code = main(command)
    except SystemExit as error:
        code = error.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 70)


if __name__ == "__main__":
    _serve()
