"""What a check is, and what it finds."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from worker.operating.doctor.patient import Patient


class UnanswerableError(Exception):
    """A check cannot look, because of what another one reports. The text says why."""


# "error" is to be mended; a "note" is good to know.
Level = Literal["error", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was found."""

    level: Level
    # What is wrong, in a sentence.
    said: str
    # The command that mends it, or what to do where there is no command.
    remedy: str


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at."""

    # As docs/OPERATING.md has its heading.
    name: str
    looks_at: str
    look: Callable[[Patient], Awaitable[list[Finding]]]


@dataclass(frozen=True, slots=True)
class Looked:
    """What one check found."""

    name: str
    looks_at: str
    findings: Sequence[Finding]
    # Why it could not look; None when it could.
    unknown: str | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether there is something to mend."""
        return any(finding.level == "error" for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Give it to programs."""
        return {
            "name": self.name,
            "looks_at": self.looks_at,
            "is_wrong": self.is_wrong,
            "unknown": self.unknown,
            "findings": [
                {"level": finding.level, "said": finding.said, "remedy": finding.remedy}
                for finding in self.findings
            ],
        }
