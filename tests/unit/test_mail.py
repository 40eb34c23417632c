"""What a mail says, in both languages, and what it must not."""

from datetime import UTC, datetime

import aiosmtplib
import pytest

from tests.telling import a_delivery
from worker.config import Settings
from worker.operating.notifying import mail
from worker.operating.notifying.delivery import Verdict
from worker.operating.notifying.messages import Sender, compose

AT = datetime(2026, 11, 27, 8, tzinfo=UTC)
SENDER = Sender(
    "Imports <imports@example.com>",
    "https://crm.example.com/imports?job={job_id}",
    "https://worker.example.com/unsubscribe/",
)


def parts(message):
    return (
        message.get_body(("plain",)).get_content(),
        message.get_body(("html",)).get_content(),
    )


def test_what_got_in_what_did_not_and_why():
    message = compose(a_delivery(), SENDER, AT)
    assert message["Subject"] == "Imported, 30 refused: stock.csv"
    for text in parts(message):
        for said in (
            "Rows in the file: 2,000",
            "1,200",
            "new",
            "770",
            "changed",
            "30",
            "refused",
            "Cedar",
        ):
            assert said in text
        assert "Row 3: quantity: &#39;4711x&#39;" in text or "Row 3: quantity: '4711x'" in text
        assert "https://crm.example.com/imports?job=0c1d" in text
        assert "https://worker.example.com/unsubscribe/tok" in text


def test_in_french():
    message = compose(a_delivery(language="fr"), SENDER, AT)
    assert message["Subject"] == "Importé, 30 refus : stock.csv"
    for text in parts(message):
        assert "Lignes dans le fichier : 2\u202f000" in text
        assert "refusées" in text
    assert '<html lang="fr">' in parts(message)[1]


def test_headers():
    message = compose(a_delivery(), SENDER, AT)
    assert message["From"] == "Imports <imports@example.com>"
    assert message["To"] == "olivia@cedar.test"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] == "<https://worker.example.com/unsubscribe/tok>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Message-ID"] == compose(a_delivery(attempt=2), SENDER, AT)["Message-ID"]
    assert message["Message-ID"].endswith("@example.com>")


def test_without_a_page_and_without_a_way_to_unsubscribe():
    message = compose(a_delivery(), Sender("imports@example.com"), AT)
    assert "List-Unsubscribe" not in message
    for text in parts(message):
        assert "http" not in text


EVENTS = {
    "import.completed": ("Imported: stock.csv", {"refused": 0}),
    "import.failed": ("The import failed: stock.csv", {}),
    "import.held": ("The import is held: stock.csv", {}),
    "import.undone": ("Undone: stock.csv", {"kind": "undo"}),
    "export.ready": ("The export is ready: stock.csv", {"kind": "export"}),
    "worker.absent": (
        "Imports were paused",
        {"since": "2026-11-27T07:00:00+00:00", "until": "2026-11-27T08:00:00+00:00", "jobs": 7},
    ),
    "channel.test": ("A test", {}),
}


@pytest.mark.parametrize("language", ["en", "fr", "de"])
@pytest.mark.parametrize("event", EVENTS)
def test_every_event_has_its_words(event, language):
    subject, data = EVENTS[event]
    delivery = a_delivery(event=event, language=language)
    message = compose(
        a_delivery(event=event, language=language, data=delivery.data | data), SENDER, AT
    )
    if language != "fr":
        assert message["Subject"] == subject
    else:
        assert message["Subject"] != subject
    for text in parts(message):
        assert text.strip()
        assert "{" not in text
    assert compose(a_delivery(event="channel.test", data={}), SENDER, AT)


@pytest.mark.parametrize(
    ("kind", "subject"), [("undo", "The undo failed"), ("export", "The export failed")]
)
def test_what_failed_is_named(kind, subject):
    data = {"kind": kind, "file_name": "x.csv", "reasons": ["No."]}
    assert (
        compose(a_delivery(event="import.failed", data=data), SENDER, AT)["Subject"]
        == f"{subject}: x.csv"
    )


def test_an_upload_in_parts():
    parted = a_delivery().data | {
        "parts": {"total": 39, "completed": 38, "failed": 1, "held": 0, "cancelled": 0}
    }
    for text in parts(compose(a_delivery(event="import.failed", data=parted), SENDER, AT)):
        assert "Parts imported: 38 of 39" in text


def test_what_a_file_says_is_text_and_ends_no_header():
    evil = "x.csv\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>\u202ecod.exe"
    data = a_delivery().data | {"file_name": evil, "reasons": ["<img src=x onerror=alert(1)>"]}
    message = compose(a_delivery(data=data, organization="<b>Cedar</b>"), SENDER, AT)
    assert "Bcc" not in message
    assert "\u202e" not in message["Subject"]
    _, html = parts(message)
    for markup in ("<script", "<img", "<b>"):
        assert markup not in html
    assert message.as_bytes().count(b"\nBcc:") == 0


def test_an_address_that_is_none_is_refused_before_it_is_sent():
    with pytest.raises(ValueError, match="address"):
        compose(a_delivery(address="a@x.test\r\nBcc: b@x.test"), SENDER, AT)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (
            aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(550, "no", "a")]),
            "failed",
        ),
        (
            aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(451, "no", "a")]),
            "retry",
        ),
        (aiosmtplib.SMTPAuthenticationError(535, "no"), "retry"),
        (aiosmtplib.SMTPSenderRefused(553, "no", "a"), "retry"),
        (aiosmtplib.SMTPDataError(554, "no"), "failed"),
        (aiosmtplib.SMTPDataError(452, "no"), "retry"),
        (aiosmtplib.SMTPServerDisconnected("no"), "retry"),
        (ConnectionRefusedError("no"), "retry"),
        (TimeoutError(), "retry"),
    ],
    ids=str,
)
def test_what_a_mail_server_means(error, outcome):
    assert mail.judge(error).outcome == outcome


def test_without_a_mail_server_there_is_no_mail():
    settings = Settings(supabase_url="https://p.example", supabase_secret_key="sb_secret_x")
    assert mail.mail(settings) is None


async def test_an_address_that_is_none_is_not_tried_again():
    settings = Settings(
        supabase_url="https://p.example", supabase_secret_key="sb_secret_x",
        worker_smtp_host="127.0.0.1", worker_mail_from="imports@example.com",
        worker_smtp_security="none",
    )  # fmt: skip
    verdict = await mail.mail(settings)(a_delivery(address="not an address"))
    assert verdict == Verdict("failed", "The address is none that mail can be sent to.")
