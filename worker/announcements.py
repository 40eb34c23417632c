"""Which jobs Realtime announced, and which it should have.

A subscription that went deaf looks like one with nothing to say (docs/PLATFORM.md). What tells them
apart is a row that was inserted while we were subscribed, and that no event announced some seconds
later: by then it counts as missed, whoever claimed it and when, if anybody did.
"""

import math
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import structlog

from worker.job import Insert

log = structlog.get_logger()

# An event may come this long after its insert.
_EVENT_WITHIN_SECONDS = 5.0
# Or this long after we first saw the row: created_at is when its transaction began, and the event
# comes after its end.
_SEEN_WITHIN_SECONDS = 2.0
# A judgement that comes this late was held up, and the events with it: it waits once more.
_PUNCTUAL_SECONDS = 1.0
# Missed jobs until the subscription counts as deaf. A single event can get lost; after a database
# outage deafness is what usually happens.
_MISSED_UNTIL_DEAF = 2
_MISSED_UNTIL_DEAF_AFTER_OUTAGE = 1
# Jobs remembered.
_REMEMBERED = 10_000


class _Expected(NamedTuple):
    """An insert whose event has not come yet."""

    inserted_at: float
    judged_at: float


class Announcements:
    """The jobs that one subscription after another announced, or should have.

    All times are the clock's, in seconds. The database's clock is never compared with it: what the
    database tells is how old a row is.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._live_since = math.inf
        # Announced or judged, by the time of that, in order.
        self._settled: dict[str, float] = {}
        # What was settled until then may be forgotten.
        self._remembers_since = -math.inf
        self._expected: dict[str, _Expected] = {}
        self._heard_at = -math.inf
        self._missed = 0
        self._is_away = False  # the database, by the last claim
        self._was_away = False  # and no event came since it is back

    def begin(self) -> None:
        """Take note that a subscription is live: what is inserted from now on must be announced."""
        self._live_since = self._clock()
        self._missed = 0
        self._was_away = self._is_away

    def end(self) -> None:
        """Take note that it is live no more: nothing is expected of it."""
        self._live_since = math.inf
        self._expected.clear()

    def suspect_outage(self) -> None:
        """Take note that the database is away: one missed job is enough, until an event comes."""
        self._is_away = self._was_away = True

    def hear(self, job_id: str | None = None) -> None:
        """Take note of an event, and of the job whose insert it announces."""
        if job_id is not None:
            self._settle(job_id)
        # An event that was on its way when the database went proves nothing about what comes after.
        if not self._is_away:
            self._heard_at = self._clock()
            self._missed = 0
            self._was_away = False

    def expect(self, inserts: Iterable[Insert], asked_at: float) -> None:
        """Take note of what an answer of the database tells; it was asked at asked_at."""
        self._is_away = False
        for insert in inserts:
            job_id = str(insert.job_id)
            # The earliest that it can have been: the database counted from when it was asked, or
            # from a little later.
            inserted_at = asked_at - insert.age_seconds
            # The rest was announced to nobody, or to a memory that has forgotten.
            if (
                inserted_at > max(self._live_since, self._remembers_since)
                and job_id not in self._settled
                and job_id not in self._expected
            ):
                judged_at = max(
                    inserted_at + _EVENT_WITHIN_SECONDS, self._clock() + _SEEN_WITHIN_SECONDS
                )
                self._expected[job_id] = _Expected(inserted_at, judged_at)

    @property
    def next_judgement(self) -> float | None:
        """When to judge again; None while nothing is expected."""
        return min((expected.judged_at for expected in self._expected.values()), default=None)

    def judge(self) -> bool:
        """Count what was missed until now; whether that makes the subscription a deaf one."""
        now = self._clock()
        for job_id, expected in list(self._expected.items()):
            if now > expected.judged_at + _PUNCTUAL_SECONDS:
                self._expected[job_id] = expected._replace(judged_at=now + _SEEN_WITHIN_SECONDS)
            elif now >= expected.judged_at:
                self._miss(job_id, expected)
        enough = _MISSED_UNTIL_DEAF_AFTER_OUTAGE if self._was_away else _MISSED_UNTIL_DEAF
        return self._missed >= enough

    def _miss(self, job_id: str, expected: _Expected) -> None:
        self._settle(job_id)
        # Where a later event came, one was lost, and the subscription is well.
        if expected.inserted_at > self._heard_at:
            self._missed += 1
        log.warning("event_missed", job_id=job_id, missed=self._missed)

    def _settle(self, job_id: str) -> None:
        self._expected.pop(job_id, None)
        self._settled[job_id] = self._clock()
        if len(self._settled) > _REMEMBERED:
            self._remembers_since = self._settled.pop(next(iter(self._settled)))
