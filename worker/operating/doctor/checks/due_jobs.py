"""Due jobs that nobody claims, and why."""

from collections.abc import Iterator
from typing import Any

from worker.operating.doctor.account import health
from worker.operating.doctor.check import Check, Finding, Level
from worker.operating.doctor.checks.workers import START
from worker.operating.doctor.patient import Patient
from worker.operating.words import counted, span

# What is claimed within a second with Realtime, and within the poll's five without.
_PATIENCE_SECONDS = 30.0
# One job after another of a large upload, or a day's work for too few workers.
_LONG_SECONDS = 3600.0

# Why a job waits, in words, and what to do: level, reason, remedy. What is not here is as it should
# be, unless it takes long.
_WORDS: dict[str, tuple[Level, str, str]] = {
    "worker": ("error", "because no worker is alive", START),
    "retry": (
        "error",
        "for another try, because the last one met a database in trouble",
        "python -m worker jobs retry {job}",
    ),
    "lease": (
        "note",
        "because the worker that has it, or its organization, is gone; another one takes over soon",
        "python -m worker jobs release {job} (or wait a minute)",
    ),
    "adoption": (
        "error",
        "because a browser set it to processing and left",
        "python -m worker jobs release {job} (a worker does so by itself after 15 minutes)",
    ),
    "claim": (
        "error",
        "though workers are alive and have room",
        "restart the worker, and look for claim_failed in its log",
    ),
    "capacity": (
        "note",
        "because every worker has as many jobs as it takes",
        "heroku ps:scale worker=2, fly scale count 2, or a larger WORKER_CONCURRENCY",
    ),
    "organization": (
        "note",
        "behind another job of its organization",
        "python -m worker jobs show {job}",
    ),
}


async def look(patient: Patient) -> list[Finding]:
    """Tell of each reason once, with the job that has waited longest."""
    waits = (await health(patient))["waits"]
    return list(_findings(waits))


def _findings(waits: list[dict[str, Any]]) -> Iterator[Finding]:
    for reason, (level, words, remedy) in _WORDS.items():
        jobs = [wait for wait in waits if wait["reason"] == reason]
        longest = max((wait["seconds"] for wait in jobs), default=0)
        patience = _LONG_SECONDS if reason in {"organization", "capacity"} else _PATIENCE_SECONDS
        if longest < patience:
            continue
        first = max(jobs, key=lambda wait: wait["seconds"])["waiting_job_id"]
        verb = "waits" if len(jobs) == 1 else "wait"
        said = f"{counted(len(jobs), 'due job')} {verb} {words}; the oldest for {span(longest)}."
        yield Finding(level, said, remedy.format(job=first))


CHECK = Check("due jobs", "jobs whose time has come and that nobody claims", look)
