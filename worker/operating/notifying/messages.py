"""A mail about an entry: what got in, what did not, the first reasons, and where to look."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2

from worker.operating.notifying import phrases
from worker.operating.notifying.delivery import Delivery

# A subject is one line that people read in a list.
_MOST_OF_SUBJECT = 150


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose mail it is, and where it leads: settings of the worker."""

    # "imports@example.com" or "Imports <imports@example.com>".
    mail_from: str
    # The page; {job_id} in it is the job's. None: no link.
    page_url: str | None = None
    # Where this worker's /unsubscribe is reached. None: people switch mail off on the page.
    unsubscribe_url: str | None = None

    @property
    def address(self) -> str:
        """The bare address."""
        return parseaddr(self.mail_from)[1]


def compose(delivery: Delivery, sender: Sender, now: datetime) -> EmailMessage:
    """Write the mail of a delivery; but for its date, the same for each try."""
    name, address = parseaddr(sender.mail_from)
    language = delivery.language if delivery.language in phrases.PHRASES else "en"
    subject = phrases.subject(delivery.event, delivery.data, language)
    link = _page(sender, delivery.data)
    unsubscribe = _unsubscribe(sender, delivery)
    message = EmailMessage()
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(addr_spec=delivery.address)
    # File names may hold line breaks, and a header ends there.
    message["Subject"] = " ".join(_printable(subject).split())[:_MOST_OF_SUBJECT]
    message["Date"] = format_datetime(now)
    # Whoever gets it twice, because an answer was lost, can tell by this.
    message["Message-ID"] = f"<{delivery.id}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    if unsubscribe:
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    context = _context(delivery, language, message["Subject"], link, unsubscribe)
    templates = _templates()
    message.set_content(templates.get_template("mail.txt").render(context))
    message.add_alternative(templates.get_template("mail.html").render(context), subtype="html")
    return message


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _context(
    delivery: Delivery, language: str, subject: str, link: str | None, unsubscribe: str | None
) -> dict[str, object]:
    data = delivery.data
    said = phrases.PHRASES[language]
    return {
        "language": language,
        "subject": subject,
        "lines": _lines(delivery.event, data, language),
        "counts": phrases.counts(data, language) if delivery.event != "export.ready" else [],
        "reasons_heading": said["reasons_kept" if _is_good(delivery.event) else "reasons"],
        "reasons": [_printable(reason) for reason in data.get("reasons", ())],
        "link": link,
        "link_text": said["link"],
        "why": said["why"].format(organization=_printable(delivery.organization)),
        "unsubscribe": unsubscribe,
        "unsubscribe_text": said["unsubscribe"],
    }


def _lines(event: str, data: Mapping[str, Any], language: str) -> list[str]:
    said = phrases.PHRASES[language]
    if event == "channel.test":
        return [said["test"]]
    if event == "worker.absent":
        since = said["absent"].format(
            since=_time(data["since"]), jobs=phrases.count(data["jobs"], language)
        )
        back = [said["back"].format(until=_time(data["until"]))] if "until" in data else []
        return [since, *back, said["nothing_lost"]]
    lines = []
    if parts := data.get("parts"):
        lines.append(said["parts"].format(**parts))
    if data.get("rows"):
        lines.append(said["rows"].format(rows=phrases.count(data["rows"], language)))
    return lines


def _is_good(event: str) -> bool:
    return event in {"import.completed", "import.undone"}


def _time(stamp: str) -> str:
    return f"{stamp[:16].replace('T', ' ')} UTC"


def _page(sender: Sender, data: Mapping[str, Any]) -> str | None:
    if sender.page_url is None:
        return None
    return sender.page_url.replace("{job_id}", quote(str(data.get("job_id", "")), safe=""))


def _unsubscribe(sender: Sender, delivery: Delivery) -> str | None:
    if sender.unsubscribe_url is None:
        return None
    return f"{sender.unsubscribe_url.rstrip('/')}/{delivery.unsubscribe_token}"


def _printable(text: str) -> str:
    """Leave out what no text has: it would end a header, or turn a line around."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
