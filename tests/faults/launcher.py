"""A worker with breakpoints, which exist under test only.

``python -m tests.faults.launcher run``: the real worker, in a process where
FAULTS_BREAK=function:before|after:n:SIGNAL sends this process the signal before the n-th call of a
    database function leaves, or after its answer came and before anybody has read it;
FAULTS_POISON=text kills it as a memory fault does when it holds a record with that text;
FAULTS_CLOCK=seconds sets its wall clock off.
Calls are recognized in the HTTP client, so that no rebuilding of the worker goes round them.
"""

import datetime as dt
import os
import signal
import sys
import time


def set_clock_off(seconds: float) -> None:
    """Set off what Python code can read of the wall clock; the monotonic clock is another."""
    true_time, true_time_ns, true_datetime = time.time, time.time_ns, dt.datetime

    class OffDatetime(true_datetime):
        @classmethod
        def now(cls, tz=None):
            return true_datetime.fromtimestamp(true_time() + seconds, tz)

        @classmethod
        def utcnow(cls):
            return cls.now(dt.UTC).replace(tzinfo=None)

    time.time = lambda: true_time() + seconds
    time.time_ns = lambda: true_time_ns() + int(seconds * 1e9)
    dt.datetime = OffDatetime


def set_breakpoint(function: str, when: str, nth: int, number: signal.Signals) -> None:
    import httpx  # noqa: PLC0415 - after the clock

    true_send = httpx.AsyncClient.send
    calls = 0

    async def send(client, request, **options):
        nonlocal calls
        if not request.url.path.endswith(f"/rpc/{function}"):
            return await true_send(client, request, **options)
        calls += 1
        reached = calls == nth
        if reached and when == "before":
            os.kill(os.getpid(), number)
        answer = await true_send(client, request, **options)
        if reached and when == "after":
            os.kill(os.getpid(), number)
        return answer

    httpx.AsyncClient.send = send


def set_poison(marker: str) -> None:
    import httpx  # noqa: PLC0415 - after the clock

    true_send = httpx.AsyncClient.send

    async def send(client, request, **options):
        answer = await true_send(client, request, **options)
        if request.url.path.endswith("/rpc/read_job_records") and marker in answer.text:
            os.kill(os.getpid(), signal.SIGSEGV)
        return answer

    httpx.AsyncClient.send = send


def main() -> int:
    if seconds := os.environ.get("FAULTS_CLOCK"):
        set_clock_off(float(seconds))
    if breakpoint_ := os.environ.get("FAULTS_BREAK"):
        function, when, nth, name = breakpoint_.split(":")
        set_breakpoint(function, when, int(nth), signal.Signals[name])
    if marker := os.environ.get("FAULTS_POISON"):
        set_poison(marker)
    from worker.cli import main as worker_main  # noqa: PLC0415 - after the clock

    return worker_main()


if __name__ == "__main__":
    sys.exit(main())
