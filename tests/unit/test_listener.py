"""The listener against servers that answer as the real one does, and its waits in no time."""

import asyncio
import contextlib
import http
import json
from pathlib import Path

import pytest
from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response

from worker import listener
from worker.job import Claim
from worker.listener import Listener, ListenerState
from worker.refusals import Refusal

# The official client asks for it when a socket breaks.
pytestmark = pytest.mark.filterwarnings("ignore:ConnectionClosed:DeprecationWarning")

TRANSCRIPTS = Path(__file__).parents[1] / "data" / "realtime"
KEY = "a-key.of_no-known-form"


@pytest.fixture
def logged(monkeypatch):
    """What the listener logged: level, event, fields."""
    lines = []

    class Log:
        def __getattr__(self, level):
            return lambda event, **fields: lines.append((level, event, fields))

    monkeypatch.setattr(listener, "log", Log())
    return lines


class Server:
    """Answers a connect with a status, or a join with frames; the rest is the protocol's."""

    def __init__(self, status=None, body="", frames=()):
        self.status, self.body, self.frames = status, body, frames
        self.joins = 0
        self.sockets = set()

    @classmethod
    def of_transcript(cls, name):
        lines = map(json.loads, (TRANSCRIPTS / f"{name}.v1.jsonl").read_text().splitlines())
        steps = [(line["dir"], line["frame"]) for line in lines]
        for direction, frame in steps:
            if direction == "http_response":
                return cls(frame["status"], frame["body"])
        return cls(
            frames=[
                frame
                for direction, frame in steps
                if direction == "recv"
                and frame["topic"] != "phoenix"
                and frame["event"] != "postgres_changes"
            ]
        )

    @contextlib.asynccontextmanager
    async def running(self):
        async with serve(self._talk, "127.0.0.1", 0, process_request=self._refuse) as server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def _refuse(self, _connection, _request):
        if self.status is None:
            return None
        phrase = http.HTTPStatus(self.status).phrase
        return Response(self.status, phrase, Headers(), self.body.encode())

    async def _talk(self, socket):
        self.sockets.add(socket)
        with contextlib.suppress(ConnectionClosed):
            async for text in socket:
                sent = json.loads(text)
                if sent["event"] == "phx_join":
                    self.joins += 1
                    for frame in self.frames:
                        await socket.send(json.dumps(answer(frame, sent)))


def answer(frame, join):
    """Make a frame of a transcript the answer to this join."""
    frame |= {"topic": join["topic"], "ref": frame["ref"] and join["ref"]}
    if "postgres_changes" in frame["payload"].get("response", {}):
        bindings = join["payload"]["config"]["postgres_changes"]
        frame["payload"]["response"]["postgres_changes"] = [
            {"id": number, **binding} for number, binding in enumerate(bindings)
        ]
    return frame


@contextlib.asynccontextmanager
async def listening(url):
    ears = Listener(url, KEY, lambda: None)
    task = asyncio.create_task(ears.listen())
    try:
        yield ears
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition):
    async with asyncio.timeout(180):
        while not condition():
            await asyncio.sleep(0.005)


UNABLE = "Unable to subscribe to changes with given parameters."
NOT_A_KEY = "the key is none of this project: set SUPABASE_SECRET_KEY to a secret key"
REFUSED = {
    # At the connect.
    "e_connect_missing_apikey": ("HTTP 401: API key is missing", NOT_A_KEY),
    "e_connect_garbage_apikey": ("HTTP 401: The token provided is not a valid JWT", NOT_A_KEY),
    "e_connect_no_role_apikey": (
        "HTTP 401: Fields `role` and `exp` are required in JWT",
        NOT_A_KEY,
    ),
    "e_connect_expired_apikey": ("HTTP 401: Token has expired", "the key has expired: set"),
    "e_connect_wrong_secret_apikey": (
        "HTTP 401: Failed to validate JWT signature",
        "the key was signed by another project, or before a rotation: set",
    ),
    # At the join.
    "e_join_expired_token": (
        "InvalidJWTToken: Token has expired 60 seconds ago",
        "the key has expired: set",
    ),
    "e_join_garbage_token": ("MalformedJWT: The token provided is not a valid JWT", NOT_A_KEY),
    "e_join_wrong_secret_token": (
        "JwtSignatureError: Failed to validate JWT signature",
        "the key was signed by another project",
    ),
    # After a join that was answered `ok`.
    "e_exp15_no_refresh": ("Token has expired 0 seconds ago", "the key has expired: set"),
    "f_table_not_in_publication": (
        (
            f"{UNABLE} Please check Realtime is enabled for the given connect parameters: "
            "[event: *, schema: public, table: not_published, filters: [], select: nil]"
        ),
        "the publication supabase_realtime lacks the table scheduled_jobs: apply the migrations",
    ),
    "f_filter_unknown_column": (
        (
            f"{UNABLE} An exception happened so please check your connect parameters: "
            "[event: *, schema: public, table: scheduled_jobs, "
            'filters: [{"nope", "eq", "1", false}], select: nil]. '
            "Exception: ERROR P0001 (raise_exception) invalid column for filter nope"
        ),
        "the table scheduled_jobs is not as the migrations make it: apply them",
    ),
    "f_filter_unsupported_operator": (
        'Error parsing `filter` params: ["foo", "1"]',
        "the table scheduled_jobs is not as the migrations make it",
    ),
}


@pytest.mark.parametrize(("transcript", "expected"), REFUSED.items(), ids=REFUSED)
async def test_what_the_server_says_is_told_with_what_to_do(transcript, expected, logged):
    said, advice = expected
    server = Server.of_transcript(transcript)
    async with server.running() as url, listening(url) as ears:
        await until(lambda: ears.state is ListenerState.DOWN and ears.trouble)
        assert ears.trouble.said == said
        assert ears.trouble.advice.startswith(advice)
        assert str(ears.trouble) == f"{said} ({ears.trouble.advice})"
    [fields] = [fields for level, _, fields in logged if level == "warning"]
    assert fields == {"said": said, "advice": ears.trouble.advice}


ANSWERS = {
    # The hosted gateway and proxies before it.
    (401, '{"message": "Invalid API key", "hint": "…"}'): ("HTTP 401: Invalid API key", NOT_A_KEY),
    (403, "Forbidden"): ("HTTP 403: Forbidden", NOT_A_KEY),
    (401, ""): ("HTTP 401", NOT_A_KEY),
    (404, "<html>\n  no such\n</html>"): ("HTTP 404: <html> no such </html>", "there is no Real"),
    (429, '{"message": "slow down"}'): ("HTTP 429: slow down", "Realtime's limits"),
    (400, '["what", "now"]'): ('HTTP 400: ["what", "now"]', None),
    # These pass by themselves.
    (503, '{"message": "upstream"}'): ("HTTP 503: upstream", None),
    (502, ""): ("HTTP 502", None),
}


@pytest.mark.parametrize(("answered", "expected"), ANSWERS.items(), ids=map(str, ANSWERS))
async def test_a_connect_that_is_refused_says_why(answered, expected, logged):
    async with Server(*answered).running() as url, listening(url) as ears:
        await until(lambda: ears.trouble)
        said, advice = expected
        assert ears.trouble.said == said
        assert (ears.trouble.advice or "").startswith(advice or "")
        assert bool(ears.trouble.advice) == bool(advice)
    assert [event for level, event, _ in logged if level == "warning"] == ["listener_failed"]


JOIN_ERRORS = {
    "ConnectionRateLimitReached: Too many connected users": "Realtime's limits",
    "ChannelRateLimitReached: Too many channels": "Realtime's limits",
    "ClientJoinRateLimitReached: Too many joins per second": "Realtime's limits",
    "RealtimeDisabledForTenant: Realtime disabled for this tenant": "Realtime is switched off",
    "TenantNotFound: Tenant with external_id x was not found": "there is no Realtime",
    "InitializingProjectConnection: Connecting to the project database": None,
    "DatabaseLackOfConnections: Database can't accept more connections": None,
    "UnknownErrorOnChannel": None,
}


@pytest.mark.parametrize(("reason", "advice"), JOIN_ERRORS.items(), ids=JOIN_ERRORS)
async def test_a_join_that_is_refused_says_why(reason, advice, logged):
    payload = {"status": "error", "response": {"reason": reason}}
    frame = {"ref": "1", "event": "phx_reply", "topic": "", "payload": payload}
    async with Server(frames=[frame]).running() as url, listening(url) as ears:
        await until(lambda: ears.trouble)
        assert ears.trouble.said == reason
        assert (ears.trouble.advice or "").startswith(advice or "")
        assert bool(ears.trouble.advice) == bool(advice)
    assert [event for level, event, _ in logged if level == "warning"] == ["listener_broken"]


async def test_nobody_there_is_told_without_the_address(logged):
    async with listening("http://127.0.0.1:1") as ears:
        await until(lambda: ears.trouble)
    assert ears.trouble == Refusal("ConnectionRefusedError", None)
    assert KEY not in str(logged)


@pytest.mark.parametrize("code", [1000, 1012])
async def test_a_connection_that_is_closed_says_how(code, logged):
    server = Server.of_transcript("e_join_no_access_token")
    async with server.running() as url, listening(url) as ears:
        await until(lambda: ears.state is ListenerState.LIVE)
        [socket] = server.sockets
        await socket.close(code)
        await until(lambda: ears.trouble)
        assert ears.trouble.said.startswith(f"the connection ended: received {code}")
    assert [event for level, event, _ in logged if level == "warning"] == ["listener_broken"]


async def test_a_key_that_the_server_quotes_is_not_logged(logged):
    server = Server(401, json.dumps({"error": f"no such key: {KEY}"}))
    async with server.running() as url, listening(url) as ears:
        await until(lambda: ears.trouble)
    assert ears.trouble.said == "HTTP 401: no such key: [key]"
    assert KEY not in str(logged)


async def test_a_trouble_is_logged_once_and_kept_for_the_gauge(logged, monkeypatch):
    monkeypatch.setattr(listener, "_FIRST_BACKOFF_SECONDS", 0.001)
    monkeypatch.setattr(listener, "_LONGEST_BACKOFF_SECONDS", 0.001)
    server = Server.of_transcript("f_table_not_in_publication")
    async with server.running() as url, listening(url) as ears:
        await until(lambda: server.joins > 4)
        assert ears.trouble
        said = [line for line in logged if line[0] == "warning"]
        states = [fields["state"] for level, _, fields in logged if level == "info"]
    assert len(said) == 1
    assert states == ["connecting", "joined", "down", "connecting", "joined"]


async def test_a_live_subscription_has_no_trouble(logged, monkeypatch):
    monkeypatch.setattr(listener, "_FIRST_BACKOFF_SECONDS", 0.001)
    server = Server.of_transcript("e_join_no_access_token")
    joins, server.frames = server.frames, []
    server.status, server.body = 503, "not yet"
    async with server.running() as url, listening(url) as ears:
        await until(lambda: ears.trouble)
        server.status, server.frames = None, joins
        await until(lambda: ears.state is ListenerState.LIVE)
        assert ears.trouble is None
    assert logged[-1] == ("info", "listener_state", {"state": "live"})


def in_no_time(work):
    """Run a coroutine in a loop whose clock jumps to what is due next; the seconds it says passed.

    What it waits for must be timers: nothing else comes in no time.
    """
    loop = asyncio.new_event_loop()
    offset, true_time, true_select = 0.0, loop.time, loop._selector.select  # noqa: SLF001

    def select(timeout):
        nonlocal offset
        offset += timeout or 0
        return true_select(0)

    loop.time = lambda: true_time() + offset
    loop._selector.select = select  # noqa: SLF001
    try:
        started = loop.time()
        loop.run_until_complete(work(loop))
        return loop.time() - started
    finally:
        loop.close()


BACKOFFS = {
    # failures, whether the database answers, what the server said: shortest, longest wait
    (0, True, None): (0.25, 0.5),
    (1, True, None): (0.5, 1),
    (3, True, None): (2, 4.6),
    (6, True, None): (2, 4.6),
    (100_000, True, None): (2, 4.6),
    (6, False, None): (15, 30),
    (100_000, False, None): (15, 30),
    (6, True, Refusal("HTTP 503", None)): (2, 4.6),
    (6, True, Refusal("HTTP 401", "set the key")): (15, 30),
    (0, True, Refusal("Token has expired", "set the key")): (0.25, 0.5),
}


@pytest.mark.parametrize(("case", "bounds"), BACKOFFS.items(), ids=map(str, BACKOFFS))
def test_the_wait_before_the_next_try(case, bounds):
    failures, answers, trouble = case

    async def wait(_loop):
        ears = Listener("http://127.0.0.1:1", KEY, lambda: None)
        ears.trouble = trouble
        if answers:
            ears.check(Claim((), (), None), 0.0)
        await ears._back_off(failures)  # noqa: SLF001

    waits = [in_no_time(wait) for _ in range(20)]
    shortest, longest = bounds
    assert shortest <= min(waits)
    assert max(waits) <= longest + 0.1
    assert max(waits) - min(waits) > 0.01  # jitter


def serving(up, database_back=None):
    """Play a Realtime that is away until `up`, and a database that does not answer until then.

    The seconds from when Realtime is up until it is joined.
    """

    async def play(loop):
        started = loop.time()
        joined = loop.create_future()
        ears = Listener("http://127.0.0.1:1", KEY, lambda: None)

        async def subscribe():
            if loop.time() - started < up:
                return False
            joined.set_result(None)
            return await asyncio.Future()

        def poll():
            if database_back is None or loop.time() - started > database_back:
                ears.check(Claim((), (), None), 0.0)
            else:
                ears.suspect_outage()
            loop.call_later(5, poll)

        ears._subscribe_until_broken = subscribe  # noqa: SLF001
        poll()
        task = asyncio.create_task(ears.listen())
        await joined
        task.cancel()

    return in_no_time(play) - up


def test_a_killed_server_is_joined_soon_after_it_is_up():
    assert max(serving(up) for up in (3, 26, 90, 600, 36_000)) < 5


def test_a_server_that_comes_back_with_the_database_is_joined_at_the_next_poll():
    assert max(serving(up, database_back=up) for up in (26, 105, 600, 3600)) < 6


def test_a_subscription_that_lasted_is_made_anew_at_once_however_often_it_goes_deaf():
    async def play(_loop):
        ears = Listener("http://127.0.0.1:1", KEY, lambda: None)
        lasted = iter([True] * 50)

        async def subscribe():
            if next(lasted, None) is None:
                raise RuntimeError
            ears._deaf.set()  # noqa: SLF001
            return True

        ears._subscribe_until_broken = subscribe  # noqa: SLF001
        with pytest.raises(RuntimeError):
            await ears.listen()

    assert in_no_time(play) < 50 * 0.5 + 1
