"""Real worker processes: started, ended in every way, their logs read."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from devstack import Stack
from devstack.death import tie_to_parent
from tests import warm
from tests.faults.files import MARK
from tests.faults.waiting import wait_until
from tests.warm import PROJECT, WarmProcess

# Rows a batch, where a kind does not say otherwise, and batches of a job at once.
BATCH_SIZE, IN_FLIGHT = 20, 4


class Worker:
    """One process."""

    def __init__(
        self, name: str, process: "subprocess.Popen[bytes] | WarmProcess", log: Path
    ) -> None:
        self.name = name
        self.process = process
        self.log = log
        self.may_exit: set[int] = set()  # codes with which it may end from now on
        self._worker_id: str | None = None
        self._read_to = 0

    @property
    def worker_id(self) -> str | None:
        """What import_runs calls it, once it has said so."""
        if self._worker_id is None:
            said = self.lines("worker_started")
            self._worker_id = str(said[0]["worker_id"]) if said else None
        return self._worker_id

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def lines(self, event: str | None = None) -> list[dict[str, object]]:
        """Give the log's lines so far, those of one event or all."""
        lines = map(_parsed, self.log.read_text(errors="replace").splitlines(keepends=True))
        return [line for line in lines if line and event in (None, line.get("event"))]

    def new_lines(self) -> list[str]:
        """Give the raw lines since the last time."""
        with self.log.open("rb") as log:
            log.seek(self._read_to)
            content, _, _unfinished = log.read().rpartition(b"\n")
        self._read_to += len(content) + 1 if content else 0
        return content.decode(errors="replace").splitlines()

    @property
    def listens(self) -> bool:
        states = [line["state"] for line in self.lines("listener_state")]
        return bool(states) and states[-1] == "live"

    def send(self, number: signal.Signals, *codes: int) -> datetime:
        """Send a signal after which it may exit with codes; the moment it was sent."""
        self.may_exit.update(codes)
        moment = datetime.now(UTC)
        if self.is_alive:
            self.process.send_signal(number)
        return moment

    def kill(self) -> datetime:
        moment = self.send(signal.SIGKILL, -signal.SIGKILL)
        self.process.wait()
        return moment


class Fleet:
    """The workers of a suite, numbered, and what was wrong with how they lived and died.

    warm: they are forked from a process that has imported the worker, all but those whose clock
    must be set off before.
    """

    def __init__(
        self, stack: Stack, directory: Path, *, warm: bool = False, **environment: object
    ) -> None:
        self._stack = stack
        self._warm = warm
        self._directory = directory
        self._environment = {name: str(value) for name, value in environment.items()}
        self.workers: list[Worker] = []
        self._forbidden = re.compile(
            "|".join(
                [*map(re.escape, _secrets(stack)), r"postgres(?:ql)?://", rf"(?i:{MARK})"],
            )
        )

    @property
    def alive(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.is_alive]

    def start(self, count: int = 1, *, wait: bool = True, **environment: object) -> list[Worker]:
        """Start workers; those with FAULTS_… in their environment have breakpoints."""
        given = {name: str(value) for name, value in environment.items()}
        module = "tests.faults.launcher" if any(n.startswith("FAULTS") for n in given) else "worker"
        started = [self._spawn(module, given) for _ in range(count)]
        if wait:
            for worker in started:
                self.wait_for_start(worker)
        return started

    def wait_for_start(self, worker: Worker) -> None:
        wait_until(lambda: worker.lines("worker_started") or not worker.is_alive)

    def ensure(self, count: int, **environment: object) -> list[Worker]:
        """Have at least this many plain workers alive."""
        missing = count - len(self.alive)
        if missing > 0:
            self.start(missing, **environment)
        return self.alive

    def wait_until_listening(self) -> bool:
        return wait_until(lambda: all(worker.listens for worker in self.alive))

    def retire(self) -> None:
        """End all workers as a platform does, whichever state they are in."""
        alive = self.alive
        for worker in alive:
            worker.send(signal.SIGTERM, 0)
        for worker in alive:
            self.expect_to_leave(worker)

    def expect_to_leave(self, worker: Worker) -> None:
        """Wait until a worker that was told to leave has left."""
        if not wait_until(lambda: not worker.is_alive):
            worker.kill()
            worker.may_exit.clear()  # that it had to be killed is what was wrong

    def stop(self) -> None:
        """End what is left, at once."""
        for worker in self.alive:
            worker.kill()

    def troubles(self) -> Iterator[str]:
        """Tell what was wrong since the last time: exits, error logs, words that must not be."""
        for worker in self.workers:
            code = worker.process.poll()
            if code is not None and code not in worker.may_exit:
                yield f"{worker.name} ended with exit code {code}"
                worker.may_exit.add(code)
            for text in worker.new_lines():
                if word := self._forbidden.search(text):
                    yield f"{worker.name} logged {word.group()[:12]!r}: {text[:60]!r}"
                line = _parsed(text)
                if line is None or line.get("level") in ("error", "critical"):
                    yield f"{worker.name} logged an error: {text[:300]}"

    def _spawn(self, module: str, environment: dict[str, str]) -> Worker:
        name = f"worker-{len(self.workers) + 1}"
        log = self._directory / f"{name}.log"
        known = self._stack.worker_environment | self._environment | environment
        if self._warm and "FAULTS_CLOCK" not in environment:
            process = warm.start(module, "run", environment=known, output=log)
        else:
            process = _start(module, known, log)
        self.workers.append(Worker(name, process, log))
        return self.workers[-1]


def _start(module: str, environment: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
    parent = os.getpid()
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", module, "run"],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the suite, which ends them in its own way
            preexec_fn=lambda: tie_to_parent(parent, signal.SIGKILL),  # noqa: PLW1509 - one system call
        )


def _secrets(stack: Stack) -> list[str]:
    keys = stack.keys
    return [keys.secret, keys.service_role, keys.anon, keys.publishable, stack.jwt_secret]


def _parsed(line: str) -> dict[str, object] | None:
    try:
        parsed = json.loads(line)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None
