"""Webhooks: an entry as a signed POST (Standard Webhooks 1.0)."""

import json
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime

import aiohttp
import httpx
from yarl import URL

from worker import __version__
from worker.operating.notifying.addresses import (
    ForbiddenAddressError,
    PublicResolver,
    public_socket,
)
from worker.operating.notifying.delivery import DELIVERED, Delivery, Send, Verdict
from worker.operating.notifying.signatures import signed_headers

_SECONDS = 15.0
_GONE = 410
# What stands in the entry for people alone: a refusal's sentence may quote a cell.
_NOT_SENT = ("reasons",)
_FORBIDDEN = Verdict(
    "failed", "The address is not of the public internet, and no operator has allowed it."
)


@asynccontextmanager
async def webhooks(private_hosts: Collection[str]) -> AsyncIterator[Send]:
    """Give what sends webhooks.

    Args:
        private_hosts: names and addresses that an operator allows though they are not public; those
            may be reached by http, too.

    """
    tls = httpx.create_ssl_context()  # as the way to Supabase has it
    outside = aiohttp.TCPConnector(
        resolver=PublicResolver(), socket_factory=public_socket, use_dns_cache=False,
        force_close=True, ssl=tls,
    )  # fmt: skip
    inside = aiohttp.TCPConnector(use_dns_cache=False, force_close=True, ssl=tls)
    async with _session(outside) as public, _session(inside) as private:

        async def send(delivery: Delivery) -> Verdict:
            url = URL(delivery.url)
            is_allowed = (url.host or "") in private_hosts
            if url.scheme != "https" and not is_allowed:
                return Verdict("failed", "The address must start with https://.")
            return await _post(private if is_allowed else public, url, delivery)

        yield send


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"ProSpaces-Import/{__version__}"},
    )


async def _post(session: aiohttp.ClientSession, url: URL, delivery: Delivery) -> Verdict:
    body = message_body(delivery)
    message_id = f"msg_{delivery.notification_id}"
    headers = signed_headers(message_id, int(time.time()), body, delivery.secrets)
    try:
        # What it answers is not read: its status says all.
        async with session.post(
            url,
            data=body,
            headers=headers | {"Content-Type": "application/json"},
            allow_redirects=False,
        ) as response:
            return judge(response.status, response.headers.get("Retry-After", ""))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return _judge_trouble(error)


def _judge_trouble(error: Exception) -> Verdict:
    """Tell why there was no answer: by the class alone, for its text may quote the other side."""
    if _is_forbidden(error):
        return _FORBIDDEN
    match error:
        case TimeoutError():
            said = f"There was no answer within {_SECONDS:.0f} seconds."
        case aiohttp.InvalidURL():
            return Verdict("failed", "The address is none that can be connected to.")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            said = "The certificate of the address is not valid."
        case aiohttp.ClientConnectorDNSError():
            said = "The name in the address is not known."
        case aiohttp.ClientConnectorError():
            said = "There is nobody at the address."
        case _:
            said = f"The connection broke ({type(error).__name__})."
    return Verdict("retry", said)


def message_body(delivery: Delivery) -> bytes:
    """Give what is sent: {"type", "timestamp", "data"}, the same for each try."""
    data = {name: value for name, value in delivery.data.items() if name not in _NOT_SENT}
    message = {
        "type": delivery.event,
        "timestamp": delivery.created_at.isoformat(),
        "data": {"organization_id": delivery.organization_id} | data,
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def judge(status: int, retry_after: str) -> Verdict:
    """Tell what an answer means, by its status and its Retry-After (empty: there is none)."""
    if 200 <= status < 300:  # noqa: PLR2004 - as HTTP has it
        return DELIVERED
    if status == _GONE:
        return Verdict("gone", "The receiver wants nothing more: it answered with status 410.")
    moved = " It leads elsewhere, and is not followed." if 300 <= status < 400 else ""  # noqa: PLR2004
    return Verdict(
        "retry", f"The receiver answered with status {status}.{moved}", _patience(retry_after)
    )


def _patience(retry_after: str) -> float:
    """Read a Retry-After, seconds or a date; 0: it says nothing that can be read."""
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after[:9])
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _is_forbidden(error: BaseException | None) -> bool:
    """Find our refusal among what it was wrapped in."""
    while error is not None:
        if isinstance(error, ForbiddenAddressError):
            return True
        if isinstance(error, BaseExceptionGroup):
            return any(_is_forbidden(inner) for inner in error.exceptions)
        error = error.__cause__ or error.__context__
    return False
