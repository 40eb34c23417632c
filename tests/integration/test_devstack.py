"""The devstack keeps its word: what a hosted project does, and what the faults say."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
import websockets
from supabase import AsyncClientOptions, Client, ClientOptions, acreate_client, create_client

from devstack import Stack, migrations
from devstack.faults import Faults, HttpRule
from devstack.stack import launch, wait_until_up
from devstack.state import PROJECT, DevstackError, State, started_at

OLIVIA = "0c1d0000-0000-4000-8000-000000000001"
NOAH = "09a10000-0000-4000-8000-000000000001"
PASSWORD = "devstack-password"
PATIENCE = 120  # seconds, for what must come: a guard, no measure
PARTS = {"postgres", "postgrest", "lite", "realtime", "gateway"}


@pytest.fixture
def rest(stack) -> Iterator[httpx.Client]:
    """PostgREST through the gateway, with the secret key."""
    headers = {"apikey": stack.keys.secret}
    with httpx.Client(base_url=f"{stack.url}/rest/v1", headers=headers, timeout=20) as client:
        yield client


@pytest.fixture
def client_for(stack) -> Iterator[Callable[[str], Client]]:
    """The official client with a key."""
    with contextlib.ExitStack() as opened:

        def make(key: str) -> Client:
            http = opened.enter_context(httpx.Client(timeout=20))
            return create_client(stack.url, key, ClientOptions(httpx_client=http))

        yield make


def pids_of(stack: Stack) -> dict[str, tuple[int, str]]:
    """Every process of a stack with its start, PostgreSQL's children included."""
    found = {name: (pid, started_at(pid)) for name, pid in stack.pids.items()}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if int(path.read_text().rpartition(")")[2].split()[1]) in stack.pids.values():
                pid = int(path.parent.name)
                found[f"child {pid}"] = (pid, started_at(pid))
    return found


def left(pids: dict[str, tuple[int, str]], within: float = PATIENCE) -> list[str]:
    """Those of `pids` that still run after a while."""
    deadline = time.monotonic() + within
    while True:
        alive = [name for name, (pid, start) in pids.items() if started_at(pid) == start]
        if not alive or time.monotonic() > deadline:
            return alive
        time.sleep(0.05)


# Keys ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["secret", "service_role"])
def test_service_keys_bypass_row_level_security(stack, client_for, kind):
    client = client_for(getattr(stack.keys, kind))
    names = [row["id"] for row in client.table("organizations").select("id").execute().data]
    assert {"org_cedar", "org_granite"} <= set(names)


@pytest.mark.parametrize("kind", ["publishable", "anon"])
def test_users_sign_in_and_see_their_own(stack, client_for, kind):
    client = client_for(getattr(stack.keys, kind))
    with pytest.raises(Exception, match="permission denied for table profiles"):
        client.table("profiles").select("*").execute()
    signed_in = client.auth.sign_in_with_password(
        {"email": "olivia@cedar.test", "password": PASSWORD}
    )
    assert signed_in.user.id == OLIVIA
    assert client.auth.get_user().user.email == "olivia@cedar.test"
    [profile] = client.table("profiles").select("*").execute().data
    assert (profile["organization_id"], profile["role"]) == ("org_cedar", "admin")
    assert client.auth.refresh_session().session.access_token


def test_wrong_password_is_refused(stack, client_for):
    client = client_for(stack.keys.publishable)
    with pytest.raises(Exception, match="Invalid login credentials"):
        client.auth.sign_in_with_password({"email": "noah@granite.test", "password": "guess"})


def test_minted_token_is_a_user(stack):
    headers = {"apikey": stack.keys.publishable, "authorization": f"Bearer {stack.token(NOAH)}"}
    answer = httpx.get(f"{stack.url}/rest/v1/profiles?select=email", headers=headers)
    assert answer.json() == [{"email": "noah@granite.test"}]


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({}, 401, "No API key found in request"),
        ({"apikey": "sb_secret_guess"}, 401, "Invalid API key"),
        ({"apikey": "{user}"}, 401, "Invalid API key"),
        ({"authorization": "Bearer {secret}"}, 401, "No API key found in request"),
        ({"apikey": "{publishable}", "authorization": "Bearer {secret}"}, 401, "JWSError"),
        ({"apikey": "{anon}", "authorization": "Bearer {expired}"}, 401, "JWT expired"),
        ({"apikey": "{secret}", "user-agent": "Mozilla/5.0"}, 401, "Forbidden use of secret"),
        ({"apikey": "{publishable}"}, 401, "permission denied"),
        ({"apikey": "{secret}", "authorization": "Bearer {secret}"}, 200, ""),
        ({"apikey": "{secret}", "authorization": "Bearer {service_role}"}, 200, ""),
        ({"apikey": "{service_role}"}, 200, ""),
    ],
)
def test_gateway_judges_keys_as_the_platform_does(stack, headers, status, message):
    values = stack.keys.asdict() | {"user": stack.token(NOAH), "expired": stack.token(ttl=-60)}
    sent = {name: value.format(**values) for name, value in headers.items()}
    answer = httpx.get(f"{stack.url}/rest/v1/organizations?select=id&limit=1", headers=sent)
    assert answer.status_code == status
    assert message in answer.text
    assert answer.headers["access-control-allow-origin"] == "*"


def test_key_as_query_parameter(stack):
    answer = httpx.get(f"{stack.url}/auth/v1/settings?apikey={stack.keys.publishable}")
    assert answer.status_code == 200


def test_preflight_and_unknown_routes(stack):
    answer = httpx.options(
        f"{stack.url}/rest/v1/profiles",
        headers={"origin": "http://localhost", "access-control-request-headers": "apikey,prefer"},
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-headers"] == "apikey,prefer"
    key = {"apikey": stack.keys.publishable}
    assert httpx.post(f"{stack.url}/functions/v1/x", headers=key).status_code == 404


def test_the_page_is_told_of_this_project_and_no_secret(stack):
    page = httpx.get(f"{stack.url}/console", follow_redirects=True)
    assert str(page.url) == f"{stack.url}/console/"
    assert stack.url in page.headers["content-security-policy"]
    told = httpx.get(f"{stack.url}/console/config.json").json()
    assert told == {"supabaseUrl": stack.url, "publishableKey": stack.keys.publishable}


@pytest.mark.parametrize("kind", ["secret", "service_role"])
def test_storage_keeps_a_file(stack, client_for, kind):
    client = client_for(getattr(stack.keys, kind))
    bucket = f"files-{uuid4().hex[:8]}"
    client.storage.create_bucket(bucket)
    content = os.urandom(3_000_000)
    client.storage.from_(bucket).upload("imports/a.bin", content)
    assert client.storage.from_(bucket).download("imports/a.bin") == content
    signed = client.storage.from_(bucket).create_signed_url("imports/a.bin", 60)["signedURL"]
    assert httpx.get(signed).content == content
    anonymous = client_for(stack.keys.publishable)
    with pytest.raises(Exception, match="not found"):
        anonymous.storage.from_(bucket).download("imports/a.bin")


# What it is like a hosted project -----------------------------------------------------------------


def test_postgres_is_no_superuser_but_bypasses_rls(database):
    [row] = database.execute(
        "select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
        " from pg_roles where rolname = current_user"
    ).fetchall()
    assert list(row.values()) == [False, True, True, True, True]


def test_new_tables_are_closed_until_granted(database, rest):
    database.execute("create table public.fresh (id int)")
    try:
        wait_for(lambda: rest.get("/fresh").json().get("code") == "42501")
        database.execute("grant select on public.fresh to service_role")
        assert rest.get("/fresh").json() == []
    finally:
        database.execute("drop table public.fresh")
    wait_for(lambda: rest.get("/fresh").status_code == 404)  # without a notify of ours


@pytest.mark.parametrize(("role", "timeout"), [("anon", "3s"), ("authenticated", "8s")])
def test_statement_timeouts(database, stack, role, timeout):
    database.execute(
        "create function public.timeout() returns text language sql"
        " return current_setting('statement_timeout')"
    )
    try:
        headers = {"apikey": stack.keys.anon, "authorization": f"Bearer {stack.token(role=role)}"}
        wait_for(lambda: post(stack, "rpc/timeout", headers).text == json.dumps(timeout))
    finally:
        database.execute("drop function public.timeout()")


def test_auth_functions_are_the_platforms(database):
    claims = json.dumps({"sub": OLIVIA, "role": "authenticated", "email": "o@cedar.test"})
    with database.transaction():
        database.execute("select set_config('request.jwt.claims', %s, true)", [claims])
        row = database.execute(
            "select auth.uid()::text uid, auth.role() as role, auth.email() as email,"
            " auth.jwt() ->> 'sub' as sub"
        ).fetchone()
    assert list(row.values()) == [OLIVIA, "authenticated", "o@cedar.test", OLIVIA]


def test_lite_grants_nothing(stack, client_for, rest, database):
    # Its own connection would, at the first storage request after a table had RLS.
    client_for(stack.keys.secret).storage.list_buckets()
    assert rest.get("/inventory?limit=1").status_code == 200
    assert not database.execute(
        "select from information_schema.role_table_grants where grantee = 'anon'"
        " and table_schema = 'public' and privilege_type = 'INSERT'"
    ).fetchall()


def test_large_bodies_stream_both_ways(rest):
    rows = [{"id": f"big-{number}", "name": "x" * 40_000} for number in range(250)]
    try:
        sent = rest.post("/organizations", json=rows)
        assert sent.status_code == 201, sent.text
        got = rest.get("/organizations?id=like.big-*&order=id", headers={"accept-encoding": "gzip"})
        assert sorted(got.json(), key=lambda row: row["id"])[7]["name"] == "x" * 40_000
        assert len(got.content) > 10_000_000
    finally:
        rest.delete("/organizations?id=like.big-*")


def test_head_counts_without_a_body(rest):
    answer = rest.head("/organizations?id=like.org_*", headers={"prefer": "count=exact"})
    assert answer.status_code == 200
    assert int(answer.headers["content-range"].partition("/")[2]) >= 2
    assert answer.content == b""


def test_no_more_than_max_rows(rest):
    rest.post("/organizations", json=[{"id": f"many-{n}", "name": "n"} for n in range(1_100)])
    try:
        assert len(rest.get("/organizations?id=like.many-*").json()) == 1000
    finally:
        rest.delete("/organizations?id=like.many-*")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc names the listeners")
def test_everything_listens_on_loopback_only(stack):
    inodes = set()
    for pid, _ in pids_of(stack).values():
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                inodes.add(str(link.readlink()))
    listeners = [
        fields[1]
        for table in ("tcp", "tcp6", "udp", "udp6")
        for fields in map(str.split, Path(f"/proc/net/{table}").read_text().splitlines()[1:])
        if f"socket:[{fields[9]}]" in inodes and fields[3] in {"0A", "07"}
    ]
    # gateway, PostgreSQL, PostgREST and its admin port, Lite, Realtime, the supervisor's control
    assert len(set(listeners)) >= 7
    assert {address.split(":")[0] for address in listeners} == {"0100007F"}


async def test_advisors_can_look_at_it(stack, tmp_path):
    said = await migrations.run(
        tmp_path, "db", "advisors", f"--remote={stack.db_url}", "--fail-on", "none"
    )
    print(said)
    assert "advisor" in said.lower() or "issues" in said.lower() or "lint" in said.lower()


async def test_the_cli_says_that_nothing_is_left_to_push(stack, tmp_path):
    assert "up to date" in await migrations.push(stack.db_url, tmp_path)


# Faults -------------------------------------------------------------------------------------------


def test_faults_need_the_secret_key(stack):
    for key in ("", stack.keys.publishable, stack.keys.anon):
        answer = httpx.get(f"{stack.url}/_devstack/faults", headers={"apikey": key})
        assert answer.status_code == 401
    wrong = httpx.put(
        f"{stack.url}/_devstack/faults", headers={"apikey": stack.keys.secret}, json={"typo": 1}
    )
    assert (wrong.status_code, "typo" in wrong.text) == (400, True)


def test_status_for_a_while(stack, rest):
    rule = HttpRule(
        "/rest/v1/org", "status", method="GET", skip=1, count=2, status=503, retry_after=7
    )
    stack.faults.reset_counters()
    with stack.faults.injected(Faults(http=(rule,))):
        answers = [rest.get("/organizations?limit=1") for _ in range(4)]
        assert rest.post("/rpc/nothing").status_code == 404  # another path and method
        faults, counters = stack.faults.get()
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
    assert answers[1].headers["retry-after"] == "7"
    assert faults.http == (rule,)
    assert counters.injected == {"status": 2}
    assert counters.requests["GET /rest/v1/organizations"] == 4
    assert rest.get("/organizations?limit=1").status_code == 200


def test_drop_keeps_the_request_from_the_database(stack, rest):
    drop = HttpRule("/organizations", "drop", method="POST", count=1)
    with stack.faults.injected(Faults(http=(drop,))), pytest.raises(httpx.TransportError):
        rest.post("/organizations", json={"id": "dropped", "name": "x"})
    assert rest.get("/organizations?id=eq.dropped").json() == []


def test_lose_answer_applies_the_request(stack, rest):
    lose = HttpRule("/organizations", "lose_answer", method="POST", count=1)
    try:
        with stack.faults.injected(Faults(http=(lose,))), pytest.raises(httpx.TransportError):
            rest.post("/organizations", json={"id": "applied", "name": "x"})
        assert [row["id"] for row in rest.get("/organizations?id=eq.applied").json()] == ["applied"]
    finally:
        rest.delete("/organizations?id=eq.applied")


def test_latency_and_delay(stack, rest):
    def seconds() -> float:
        start = time.perf_counter()
        assert rest.get("/organizations?limit=1").status_code == 200
        return time.perf_counter() - start

    stack.faults.reset_counters()
    with stack.faults.injected(Faults(latency_ms=100)):
        assert seconds() >= 0.1
    rule = HttpRule("/organizations", "delay", delay_ms=100, count=1)
    with stack.faults.injected(Faults(http=(rule,))):
        assert seconds() >= 0.1
        seconds()
        assert stack.faults.get()[1].injected == {"delay": 1}


@pytest.mark.parametrize(("action", "landed"), [("hold", 0), ("hold_answer", 1)])
async def test_what_is_held_goes_on_when_the_faults_change(stack, rest, action, landed):
    rule = HttpRule("/organizations", action, method="POST", count=1)
    found = "/organizations?id=eq.held"
    try:
        with stack.faults.injected(Faults(http=(rule,))):
            posted = asyncio.create_task(
                asyncio.to_thread(rest.post, "/organizations", json={"id": "held", "name": "x"})
            )
            await asyncio.to_thread(stack.faults.wait_until_held)
            assert len(rest.get(found).json()) == landed
            assert not posted.done()
        assert (await posted).status_code == 201
        assert len(rest.get(found).json()) == 1
        assert stack.faults.get()[1].held == 0
    finally:
        rest.delete(found)


# Realtime through the gateway ---------------------------------------------------------------------


class Listener:
    """A raw Realtime client: joined to scheduled_jobs as the connection's key allows."""

    def __init__(self, stack: Stack, socket: websockets.ClientConnection) -> None:
        self.stack = stack
        self.socket = socket
        self.topic = f"realtime:{uuid4().hex[:6]}"

    async def send(self, event: str, payload: dict, topic: str | None = None) -> None:
        frame = {"topic": topic or self.topic, "event": event, "payload": payload, "ref": "1"}
        await self.socket.send(json.dumps(frame))

    async def until(self, event: str) -> dict:
        """The payload of the next frame with this event."""
        async with asyncio.timeout(PATIENCE):
            while True:
                frame = json.loads(await self.socket.recv())
                if frame["event"] == event:
                    return frame["payload"]

    async def join(self) -> None:
        change = {"event": "INSERT", "schema": "public", "table": "scheduled_jobs"}
        await self.send("phx_join", {"config": {"postgres_changes": [change]}})
        system = await self.until("system")
        assert system["status"] == "ok", system

    async def hears(self, dealer) -> bool:
        """Whether it is told of a job inserted now."""
        dealer.insert_job([], scheduled_in=3600)
        return bool(await self.until("postgres_changes"))

    async def has_heard(self) -> list[str]:
        """The events of all frames that came before the answer to a heartbeat."""
        await self.send("heartbeat", {}, "phoenix")
        events = []
        while not events or events[-1] != "phx_reply":
            events.append(json.loads(await self.socket.recv())["event"])
        return events[:-1]


@contextlib.asynccontextmanager
async def listening(stack, key):
    url = f"{stack.url.replace('http', 'ws')}/realtime/v1/websocket?vsn=1.0.0&apikey={key}"
    async with websockets.connect(url, proxy=None, close_timeout=1) as connection:
        listener = Listener(stack, connection)
        await listener.join()
        yield listener


@pytest.mark.parametrize("kind", ["secret", "service_role"])
async def test_realtime_takes_keys_of_both_kinds(stack, dealer, kind):
    async with listening(stack, getattr(stack.keys, kind)) as listener:
        assert await listener.hears(dealer)


async def test_official_client_is_told(stack, dealer):
    async with httpx.AsyncClient() as http:
        options = AsyncClientOptions(httpx_client=http)
        await is_told(await acreate_client(stack.url, stack.keys.secret, options), dealer)


async def is_told(client, dealer):
    told, subscribed = asyncio.Event(), asyncio.Event()
    channel = client.channel("jobs").on_postgres_changes(
        "INSERT", schema="public", table="scheduled_jobs", callback=lambda _: told.set()
    )
    channel.on_system(lambda _: subscribed.set())
    await channel.subscribe()
    async with asyncio.timeout(PATIENCE):
        await subscribed.wait()
        dealer.insert_job([], scheduled_in=3600)
        await told.wait()
    await client.remove_all_channels()
    await client.realtime.close()


@pytest.mark.parametrize(("key", "status"), [("", 401), ("nobody", 401)])
async def test_realtime_refuses_bad_keys(stack, key, status):
    url = f"{stack.url.replace('http', 'ws')}/realtime/v1/websocket?vsn=1.0.0&apikey={key}"
    with pytest.raises(websockets.InvalidStatus) as refusal:
        await websockets.connect(url, proxy=None)
    assert refusal.value.response.status_code == status


async def test_refused_ends_open_sockets_and_lets_none_in(stack):
    async with listening(stack, stack.keys.secret) as listener:
        with stack.faults.injected(Faults(realtime="refused")):
            await asyncio.wait_for(listener.socket.wait_closed(), PATIENCE)
            with pytest.raises(websockets.InvalidStatus, match="503"):
                async with listening(stack, stack.keys.secret):
                    pass
    async with listening(stack, stack.keys.secret):
        pass


async def test_flapping_closes_sockets_again_and_again(stack):
    async with listening(stack, stack.keys.secret) as listener:
        with stack.faults.injected(Faults(realtime="flapping", flap_seconds=0.3)):
            await asyncio.wait_for(listener.socket.wait_closed(), PATIENCE)
            assert listener.socket.close_code == 1012
            url = str(listener.socket.request.path)
            async with websockets.connect(
                f"{stack.url.replace('http', 'ws')}{url}", proxy=None
            ) as second:
                await asyncio.wait_for(second.wait_closed(), PATIENCE)
            _, counters = stack.faults.get()
            assert counters.injected["flap"] >= 2


def withheld(stack, mode):
    """How many frames the mode has swallowed."""
    return stack.faults.get()[1].injected.get(mode, 0)


async def test_silent_forwards_nothing_and_closes_nothing(stack, dealer):
    stack.faults.reset_counters()
    async with listening(stack, stack.keys.secret) as listener:
        with stack.faults.injected(Faults(realtime="silent")):
            await listener.send("heartbeat", {}, "phoenix")
            wait_for(lambda: withheld(stack, "silent") == 1)
            dealer.insert_job([], scheduled_in=3600)
            wait_for(lambda: withheld(stack, "silent") == 2)
            assert listener.socket.state is websockets.State.OPEN
        assert await listener.has_heard() == []
        assert await listener.hears(dealer)


async def test_deaf_answers_heartbeats_and_joins_and_delivers_nothing(stack, dealer):
    stack.faults.reset_counters()
    async with listening(stack, stack.keys.secret) as listener:
        with stack.faults.injected(Faults(realtime="deaf")):
            dealer.insert_job([], scheduled_in=3600)
            wait_for(lambda: withheld(stack, "deaf") == 1)
            assert await listener.has_heard() == []
            async with listening(stack, stack.keys.secret) as second:  # joins, and its system frame
                dealer.insert_job([], scheduled_in=3600)
                wait_for(lambda: withheld(stack, "deaf") == 3)
                assert await second.has_heard() == []
        assert await listener.hears(dealer)


async def test_drop_sockets_cuts_them_all(stack):
    async with (
        listening(stack, stack.keys.secret) as first,
        listening(stack, stack.keys.secret) as second,
    ):
        _, counters = stack.faults.get()
        assert counters.sockets_open >= 2
        assert stack.faults.drop_sockets() == counters.sockets_open
        for listener in (first, second):
            await asyncio.wait_for(listener.socket.wait_closed(), PATIENCE)
            assert listener.socket.close_code == 1006
        wait_for(lambda: stack.faults.get()[1].sockets_open == 0)


async def test_killed_realtime_cuts_its_sockets(stack):
    async with listening(stack, stack.keys.secret) as listener:
        stack.restart_part("realtime", signal.SIGKILL)
        await asyncio.wait_for(listener.socket.wait_closed(), PATIENCE)
        assert listener.socket.close_code == 1006


# One command's life: these have stacks of their own -----------------------------------------------


@pytest.fixture
def own() -> Iterator[Path]:
    """A state directory that is stopped and removed afterwards."""
    # Not tmp_path: PostgreSQL, if we are root and it is not, can't go there.
    state = Path(tempfile.mkdtemp(prefix="devstack-"))
    state.chmod(0o711)
    yield state
    devstack("down", state)
    shutil.rmtree(state)


def devstack(command: str, state: Path, *options: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "devstack", command, "--state", str(state), *options]
    return subprocess.run(
        argv, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=2 * PATIENCE
    )


def up(state: Path) -> tuple[subprocess.Popen[bytes], Stack]:
    supervisor = launch(state, "--port", "0", "--db-port", "0", tied=True)
    return supervisor, wait_until_up(state, supervisor)


def test_the_command_line_from_up_to_ctrl_c(own):
    begin = time.monotonic()
    shown = devstack("up", own, "--detach", "--port", "0", "--db-port", "0")
    print(f"up: {time.monotonic() - begin:.1f} s")
    assert shown.returncode == 0, shown.stderr
    stack = Stack.at(own)
    pids = pids_of(stack)
    assert stack.url in shown.stdout
    assert stack.keys.publishable in shown.stdout
    assert set(stack.pids) == PARTS | {"supervisor"}

    second = devstack("up", own, "--port", "0", "--db-port", "0")
    assert second.returncode == 1
    assert "runs already" in second.stderr
    port = stack.url.rpartition(":")[2]
    taken = devstack("up", own / "other", "--port", port, "--db-port", "0")
    assert (taken.returncode, f"Port {port} is in use" in taken.stderr) == (1, True)

    env = dict(line.split("=", 1) for line in devstack("env", own).stdout.splitlines())
    assert env["SUPABASE_URL"] == stack.url
    assert env["SUPABASE_SECRET_KEY"] == stack.keys.secret
    assert set(env) == {
        "SUPABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY",
        "SUPABASE_PUBLISHABLE_KEY", "SUPABASE_SECRET_KEY", "SUPABASE_JWT_SECRET", "DATABASE_URL",
    }  # fmt: skip
    assert f"pid {stack.pids['lite']}" in devstack("status", own).stdout
    assert "Finished supabase db push" in devstack("logs", own, "migrations").stdout

    with psycopg.connect(stack.db_url) as connection:
        connection.execute("insert into organizations (id, name) values ('mine', 'Mine')")
    assert devstack("down", own).stdout == "Stopped.\n"
    assert left(pids) == []
    assert devstack("status", own).returncode == 1
    assert devstack("env", own).returncode == 1

    supervisor, stack = up(own)  # the data is there still
    with psycopg.connect(stack.db_url) as connection:
        found = connection.execute("select from organizations where id = 'mine'").fetchall()
    assert len(found) == 1
    assert devstack("reset", own).returncode == 0
    with psycopg.connect(stack.db_url) as connection:
        ids = connection.execute("select id from organizations order by id").fetchall()
    assert ids == [("org_cedar",), ("org_granite",)]

    pids = pids_of(stack)
    supervisor.send_signal(signal.SIGINT)  # Ctrl-C leaves nothing
    assert supervisor.wait(PATIENCE) == 0
    assert left(pids, within=0) == []
    assert not (own / "lock").exists()
    assert State(own).read() is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends orphans by itself")
def test_what_comes_back_when_it_is_killed_and_what_takes_all_along(own):
    supervisor, stack = up(own)
    for name in sorted(PARTS):
        before = stack.pids
        stack.kill_part(name)
        assert set(stack.pids) == {*PARTS, "supervisor"} - {name}
        stack.start_part(name)
        changed = {part for part, pid in stack.pids.items() if pid != before[part]}
        assert changed == {name}
        # PostgREST reconnects in its own time.
        wait_for(lambda: answers(stack, "/rest/v1/organizations?limit=1"))
        assert answers(stack, "/auth/v1/settings")
        assert answers(stack, "/storage/v1/bucket")

    # PostgreSQL takes along what does not survive its death.
    victim = stack.pids["realtime"]
    stack.kill_part("postgres")
    os.kill(victim, signal.SIGKILL)
    stack.start_part("postgres")
    wait_for(lambda: stack.pids.get("realtime") not in {None, victim})
    wait_for(lambda: answers(stack, "/rest/v1/organizations?limit=1"))
    assert supervisor.poll() is None
    said = (own / "logs" / "supervisor.log").read_text()
    assert "realtime is started again: PostgreSQL was killed." in said

    # A killed supervisor leaves nothing,
    pids = pids_of(stack)
    supervisor.kill()
    supervisor.wait(PATIENCE)
    assert left(pids) == []
    assert Stack.at(own) is None

    # and neither the lock nor the state stands in the way. A part that dies on nobody's purpose
    # stops the rest.
    supervisor, stack = up(own)
    pids = pids_of(stack)
    os.kill(stack.pids["postgrest"], signal.SIGKILL)
    assert supervisor.wait(PATIENCE) == 1
    said = (own / "logs" / "supervisor.log").read_text()
    assert "postgrest died (killed by SIGKILL)" in said
    assert "Schema cache loaded" in said
    assert left(pids, within=0) == []


async def test_a_broken_migration_is_reported(stack, monkeypatch, tmp_path):
    broken = tmp_path / "supabase"
    (broken / "migrations").mkdir(parents=True)
    (broken / "config.toml").write_text((migrations.SUPABASE / "config.toml").read_text())
    for migration in (migrations.SUPABASE / "migrations").glob("*.sql"):
        (broken / "migrations" / migration.name).write_text(migration.read_text())
    (broken / "migrations" / "20990101000000_broken.sql").write_text("create tabel x ();")
    monkeypatch.setattr(migrations, "SUPABASE", broken)
    with pytest.raises(DevstackError, match='syntax error at or near "tabel"'):
        await migrations.push(stack.db_url, tmp_path / "cli")


def wait_for(condition) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def post(stack: Stack, path: str, headers: dict[str, str]) -> httpx.Response:
    return httpx.post(f"{stack.url}/rest/v1/{path}", headers=headers)


def answers(stack: Stack, path: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        answer = httpx.get(f"{stack.url}{path}", headers={"apikey": stack.keys.secret}, timeout=20)
        return answer.status_code == 200
    return False
