"""The way to Supabase: the official client, what passes by itself, and trying again."""

import functools
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx
import orjson
import structlog
from httpx_aiohttp import HttpxAiohttpClient
from supabase import AsyncClient, AsyncClientOptions, acreate_client
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from worker import metrics
from worker.exceptions import DatabaseUnavailableError

log = structlog.get_logger()

Answer = TypeVar("Answer")

# Statements of the service role may take 60 s on hosted projects: let the database give up first.
STATEMENT_SECONDS = 65.0

# A call that failed this long after its first try is not tried again.
_RETRY_SECONDS = 20.0

# Troubles that pass by themselves: these statuses, whoever gives them; and these codes behind other
# statuses, of which 25006 is a database that is read-only until its disk has grown.
# https://www.postgresql.org/docs/17/errcodes-appendix.html
# https://docs.postgrest.org/en/v12/references/errors.html
_TRANSIENT_STATUS = {408, 425, 429, *range(500, 600)}
_TRANSIENT_CODE = re.compile(r"08...|40...|53...|57...|58...|55P03|25006|PGRST00[0-3]")

# Whom to trust, read once: it takes longer than a call, and a worker opens two connections.
_tls = functools.cache(httpx.create_ssl_context)


class TransientError(Exception):
    """Worth another try, after retry_after seconds if the server named a time."""

    def __init__(self, cause: str, retry_after: float = 0) -> None:
        super().__init__(cause)
        self.retry_after = retry_after


@asynccontextmanager
async def connect(
    supabase_url: str, key: str, *, for_calls: bool = False
) -> AsyncIterator[AsyncClient]:
    """Open the official client on HTTP connections that are closed afterwards.

    Args:
        supabase_url: of the project.
        key: the secret key.
        for_calls: on aiohttp, in three quarters of the time. For calls that have a limit of their
            own: where an answer breaks in the middle, or a server stops reading, it waits for ever,
            and some of what it raises is aiohttp.ClientError.

    """
    http_client = HttpxAiohttpClient if for_calls else httpx.AsyncClient
    # Not HTTP/2: one connection that hangs would starve the lease of every run.
    async with http_client(
        verify=_tls(),
        timeout=httpx.Timeout(STATEMENT_SECONDS, connect=10),
        event_hooks={"response": [_raise_if_transient]},
    ) as http:
        options = AsyncClientOptions(httpx_client=http, auto_refresh_token=False)
        yield await acreate_client(supabase_url, key, options)


async def retried(name: str, call: Callable[[], Awaitable[Answer]]) -> Answer:
    """Make a call until it answers, for some 20 seconds.

    Args:
        name: of the call, for the log.
        call: makes it once; a TransientError of it is worth another try.

    Raises:
        DatabaseUnavailableError: there was no answer. What else the call raises passes through.

    """
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(TransientError),
        wait=_wait,
        stop=stop_after_delay(_RETRY_SECONDS),
        before_sleep=_log_retry(name),
        reraise=True,
    )
    try:
        async for attempt in retrying:
            with attempt:
                return await call()
    except TransientError as error:
        raise DatabaseUnavailableError(str(error)) from None
    raise AssertionError  # tenacity returns or raises


def as_json(arguments: Mapping[str, object]) -> bytes:
    """Write the body of a call.

    orjson takes a tenth of the time of json, and knows no number of more than 64 bits.
    """
    try:
        return orjson.dumps(arguments, default=dict)
    except orjson.JSONEncodeError:
        return json.dumps(
            arguments, default=dict, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        ).encode()


def from_json(body: bytes) -> object:
    """Read an answer; None where it is no JSON.

    Not by orjson, which makes a fraction of a number of more than 64 bits: a barcode, say.
    """
    try:
        return json.loads(body)
    except ValueError:
        return None


def is_transient(code: str) -> bool:
    """Whether what a statement raised passes by itself: by its SQLSTATE, or PostgREST's code."""
    return bool(_TRANSIENT_CODE.fullmatch(code))


async def _raise_if_transient(response: httpx.Response) -> None:
    """Judge before the client's parts forget the status and the Retry-After header."""
    if response.is_success:
        return
    status, code = response.status_code, _code(await response.aread())
    # PostgREST's answer when PostgreSQL dies under a statement: 400, with an empty code.
    died = status == httpx.codes.BAD_REQUEST and not code and _is_rest(response)
    if status in _TRANSIENT_STATUS or is_transient(code) or died:
        retry_after = response.headers.get("Retry-After", "")
        seconds = min(float(retry_after), 10) if retry_after.isdecimal() else 0
        raise TransientError(f"status {status}, code {code or 'none'}", seconds)


def _is_rest(response: httpx.Response) -> bool:
    return response.url.path.startswith("/rest/")


def _code(body: bytes) -> str:
    """Read the code of PostgREST's error; empty where there is none."""
    error = from_json(body)
    return str(error.get("code") or "") if isinstance(error, dict) else ""


_BACKOFF = wait_random_exponential(multiplier=0.2, max=5)


def _wait(state: RetryCallState) -> float:
    """Back off with jitter, longer when the server asked for it; seconds."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, TransientError) else 0
    return max(_BACKOFF(state), asked)


def _log_retry(name: str) -> Any:  # noqa: ANN401 - tenacity's hook type
    def log_it(state: RetryCallState) -> None:
        cause = state.outcome.exception() if state.outcome else None
        metrics.count_retry(name, str(cause))
        log.warning("call_retried", function=name, attempt=state.attempt_number, cause=str(cause))

    return log_it
