"""Mail: an entry to the person who asked for it, by SMTP."""

import ssl
from datetime import UTC, datetime

import aiosmtplib
import httpx
import structlog

from worker.config import Settings
from worker.operating.notifying.delivery import DELIVERED, Delivery, Send, Verdict
from worker.operating.notifying.messages import Sender, compose

log = structlog.get_logger()

_SECONDS = 20.0
# From there on a mail server means it for good.
_PERMANENT = 500


def mail(settings: Settings) -> Send | None:
    """Give what sends mail; None where no mail server is set."""
    host, mail_from = settings.worker_smtp_host, settings.worker_mail_from
    if host is None or mail_from is None:
        return None
    sender = Sender(mail_from, settings.worker_page_url, settings.worker_unsubscribe_url)
    password = settings.worker_smtp_password
    security = settings.worker_smtp_security

    async def send(delivery: Delivery) -> Verdict:
        try:
            message = compose(delivery, sender, datetime.now(UTC))
        except ValueError:
            return Verdict("failed", "The address is none that mail can be sent to.")
        try:
            await aiosmtplib.send(
                message,
                sender=sender.address,
                recipients=[delivery.address],
                hostname=host,
                port=settings.worker_smtp_port,
                username=settings.worker_smtp_user,
                password=password.get_secret_value() if password else None,
                use_tls=security == "tls",
                start_tls=security == "starttls",
                tls_context=None if security == "none" else httpx.create_ssl_context(),
                timeout=_SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            return judge(error)
        return DELIVERED

    return send


def judge(error: Exception) -> Verdict:
    """Tell what a mail server's refusal means: by its code, for its text may quote the mail."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            code = max(refused.code for refused in error.recipients)
            said = f"The mail server refused the address ({code})."
            return Verdict("failed" if code >= _PERMANENT else "retry", said)
        case aiosmtplib.SMTPAuthenticationError() | aiosmtplib.SMTPSenderRefused():
            # The operator's to mend, and then it goes on.
            log.error("mail_server_refuses_us", code=error.code)
            return Verdict("retry", f"The mail server does not take mail from here ({error.code}).")
        case aiosmtplib.SMTPResponseException():
            said = f"The mail server refused the mail ({error.code})."
            return Verdict("failed" if error.code >= _PERMANENT else "retry", said)
    if _is_of_its_certificate(error):
        log.error("mail_server_certificate_invalid")
        return Verdict("retry", "The mail server's certificate is not valid.")
    log.warning("mail_server_away", error=type(error).__name__)
    return Verdict("retry", "The mail server did not answer.")


def _is_of_its_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
