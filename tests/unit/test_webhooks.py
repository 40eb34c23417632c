"""What a webhook's message is, how it is signed, and what answers mean."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.telling import a_delivery
from worker.operating.notifying import schedule, webhooks
from worker.operating.notifying.signatures import signed_headers
from worker.operating.notifying.webhooks import message_body

OLD = "whsec_" + "b2xk" * 8
NEW = "whsec_" + "bmV3" * 8


def now():
    return int(datetime.now(UTC).timestamp())


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_the_reference_library_verifies_with_either_secret_while_it_changes(secret):
    body = '{"é": 1}'.encode()
    headers = signed_headers("msg_1", now(), body, [NEW, OLD])
    assert Webhook(secret).verify(body, headers) == {"é": 1}


def test_it_verifies_nothing_else():
    body = b'{"a": 1}'
    headers = signed_headers("msg_1", now(), body, [NEW])
    for secret, sent, changed in (
        (OLD, body, {}),
        (NEW, b'{"a": 2}', {}),
        (NEW, body, {"webhook-id": "msg_2"}),
        (NEW, body, {"webhook-timestamp": str(now() + 1)}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(sent, headers | changed)


def test_it_signs_as_the_reference_library_does():
    at = datetime.now(UTC)
    body = b'{"a": 1}'
    ours = signed_headers("msg_1", int(at.timestamp()), body, [NEW])["webhook-signature"]
    assert ours == Webhook(NEW).sign("msg_1", at, body.decode())


def test_a_message_has_counts_and_no_sentence_that_quotes_a_cell():
    message = json.loads(message_body(a_delivery()))
    assert message["type"] == "import.completed"
    assert datetime.fromisoformat(message["timestamp"]).tzinfo is not None
    assert message["data"]["refused"] == 30
    assert message["data"]["organization_id"] == "org_cedar"
    assert "reasons" not in message["data"]
    assert "4711" not in json.dumps(message)


@pytest.mark.parametrize(
    ("status", "retry_after", "outcome", "patience"),
    [
        (200, "", "delivered", 0),
        (204, "", "delivered", 0),
        (301, "", "retry", 0),
        (307, "", "retry", 0),
        (400, "", "retry", 0),
        (404, "", "retry", 0),
        (410, "", "gone", 0),
        (429, "120", "retry", 120),
        (500, "soon", "retry", 0),
        (503, "99999999999999", "retry", 999999999),
        (503, "-5", "retry", 0),
        (503, "١٢", "retry", 0),
    ],
)
def test_what_an_answer_means(status, retry_after, outcome, patience):
    verdict = webhooks.judge(status, retry_after)
    assert (verdict.outcome, verdict.retry_after) == (outcome, patience)
    assert (verdict.error is None) == (outcome == "delivered")


def test_a_date_to_wait_for():
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert 3000 < webhooks.judge(503, later).retry_after <= 3600
    earlier = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    assert webhooks.judge(503, earlier).retry_after == 0


def test_ten_tries_in_three_days(monkeypatch):
    monkeypatch.setattr(schedule.random, "uniform", lambda _low, _high: 1)
    gaps = [schedule.retry_in(attempt) for attempt in range(1, 10)]
    assert gaps == sorted(gaps)
    assert gaps[0] == 5
    assert 2.9 * 86400 < sum(gaps) < 3 * 86400


def test_jitter_and_patience_are_bounded():
    for attempt in range(1, 10):
        assert len({schedule.retry_in(attempt) for _ in range(10)}) > 1
    assert 4 <= schedule.retry_in(1) <= 6
    assert schedule.retry_in(1, retry_after=3600) == 3600
    assert schedule.retry_in(1, retry_after=10**9) == 86400
    assert schedule.retry_in(6, retry_after=5) > 5
