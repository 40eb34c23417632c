"""What each answer means. On a fake transport: no real server can be made to give them all."""

import asyncio

import httpx
import pytest
from supabase import AsyncClientOptions, acreate_client

from worker import connection
from worker.exceptions import (
    DatabaseUnavailableError,
    JobCancelledError,
    JobRefusedError,
    RequestRefusedError,
    RunLostError,
)
from worker.queue import JobQueue

RUN = "3d11afcd-f73e-4118-910f-37d4a9e737e6"


class Server:
    """Gives the answers in turn, then the last one for ever."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = 0

    def __call__(self, _request):
        self.calls += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, body, *headers = answer
        content = {"json": body} if isinstance(body, dict | str | list) else {"content": body}
        return httpx.Response(status, **content, headers=dict(headers))


async def ask(server, call):
    hooks = {"response": [connection._raise_if_transient]}  # noqa: SLF001
    async with httpx.AsyncClient(transport=httpx.MockTransport(server), event_hooks=hooks) as http:
        client = await acreate_client(
            "http://kong", "sb_secret_x", AsyncClientOptions(httpx_client=http)
        )
        return await call(JobQueue(client, "w", 60))


def report(jobs):
    return jobs.report_progress(RUN, None)


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Wait for nothing, and remember for how long one would have."""
    seconds = []
    really = asyncio.sleep

    async def sleep(delay):
        seconds.append(delay)
        await really(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(connection, "_RETRY_SECONDS", 0.1)
    return seconds


def refusal(code, status=400):
    return status, {"code": code, "message": "SECRET SKU", "details": "SECRET row", "hint": None}


TRANSIENT = [
    pytest.param((503, {"message": "name resolution failed"}), id="Kong, without a code"),
    pytest.param((503, b"<html>"), id="a proxy's page"),
    pytest.param((500, {"code": 500, "message": "x"}), id="a number as code"),
    pytest.param((502, b""), id="no body"),
    pytest.param((504, b"upstream request timeout"), id="plain text"),
    pytest.param((408, {"message": "x"}), id="408"),
    pytest.param((429, {"message": "slow down"}), id="429"),
    pytest.param((200, b"<html>maintenance</html>"), id="a page with status 200"),
    pytest.param((200, [1]), id="a list where a text belongs"),
    pytest.param(refusal("40P01", 500), id="deadlock"),
    pytest.param(refusal("40001", 500), id="serialization failure"),
    pytest.param(refusal("57014", 500), id="statement timeout"),
    pytest.param(refusal("53300", 503), id="too many connections"),
    pytest.param(refusal("55P03", 500), id="lock not available"),
    pytest.param(refusal("25006", 405), id="read-only because the disk is full"),
    pytest.param(refusal("PGRST000", 503), id="no database"),
    pytest.param(refusal("PGRST002", 503), id="schema cache reloading"),
    pytest.param(refusal("PGRST003", 504), id="pool exhausted"),
    pytest.param(refusal("", 400), id="PostgreSQL died under the statement"),
    pytest.param(httpx.ConnectError("SECRET"), id="connection refused"),
    pytest.param(httpx.ReadError("SECRET"), id="connection reset"),
    pytest.param(httpx.RemoteProtocolError("SECRET"), id="closed without an answer"),
    pytest.param(httpx.ReadTimeout("SECRET"), id="timeout"),
    pytest.param(httpx.DecodingError("SECRET"), id="garbled encoding"),
]


@pytest.mark.parametrize("trouble", TRANSIENT)
async def test_what_passes_by_itself_is_tried_again(trouble):
    server = Server(trouble, trouble, (200, "processing"))
    assert await ask(server, report) == "processing"
    assert server.calls == 3


@pytest.mark.parametrize("trouble", TRANSIENT)
async def test_what_does_not_pass_makes_the_database_unavailable(trouble):
    with pytest.raises(DatabaseUnavailableError) as caught:
        await ask(Server(trouble), report)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("trouble", TRANSIENT)
async def test_a_claim_is_left_to_the_next_poll(trouble):
    server = Server(trouble)
    with pytest.raises(DatabaseUnavailableError):
        await ask(server, lambda jobs: jobs.claim(1, 900))
    assert server.calls == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(refusal("PT404", 404), RunLostError, id="deleted"),
        pytest.param(refusal("PT409", 409), RunLostError, id="taken over"),
        pytest.param(refusal("PT410", 410), JobCancelledError, id="cancelled"),
        pytest.param(refusal("PT412", 412), JobRefusedError, id="the file changed"),
        pytest.param(refusal("42501", 403), RequestRefusedError, id="may not"),
        pytest.param(refusal("PGRST301", 401), RequestRefusedError, id="revoked key"),
        pytest.param(refusal("PGRST202", 404), RequestRefusedError, id="missing function"),
        pytest.param(refusal("22023"), RequestRefusedError, id="a batch that does not add up"),
        pytest.param((401, {"message": "Invalid API key"}), RequestRefusedError, id="a wrong key"),
        pytest.param((401, b"no"), RequestRefusedError, id="refused before PostgREST"),
    ],
)
async def test_what_stays_ends_at_once(answer, error):
    server = Server(answer)
    with pytest.raises(error) as caught:
        await ask(server, report)
    assert server.calls == 1
    assert "SKU" not in str(caught.value) or error in {RunLostError, JobRefusedError}  # ours
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("header", "least"), [("7", 7), ("3600", 10), ("soon", 0), ("-1", 0), ("", 0)]
)
async def test_a_server_may_ask_for_time(waits, header, least):
    busy = (429, {"message": "slow down"}, ("Retry-After", header))
    await ask(Server(busy, (200, "processing")), report)
    assert least <= waits[0] <= max(least, 5)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"no HTTP\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[", id="a part of it"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nlost",
            id="what can't be unpacked",
        ),
    ],
)
async def test_what_is_no_answer_passes_by_itself(answer):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with connection.connect(url, "sb_secret_x", for_calls=True) as client:
            with pytest.raises(DatabaseUnavailableError):
                await report(JobQueue(client, "w", 60))
