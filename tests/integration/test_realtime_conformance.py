"""Plays the transcripts of a real Realtime server against ours (tests/data/realtime).

Each one's client side happens again: it connects, sends its frames, and changes rows, in the
recorded order; what it received must be what we receive, apart from ids, keys and times. Waits are
shorter.

Nobody can wait for a frame that must not come. Instead a *fence* is committed after the change: its
event reaches a second client only after all events before it were sent.
"""

import asyncio
import json
import random
import re
import signal
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import jwt
import psycopg
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from devstack.part import Command, Part
from devstack.ports import choose
from devstack.postgres import Postgres, bootstrap

ROOT = Path(__file__).parents[2]
TRANSCRIPTS = sorted((ROOT / "tests/data/realtime").glob("*.jsonl"))
SECRET = "a secret of at least thirty-two characters"

PATIENCE = 120.0  # for a frame that must come: a guard, no measure
WAIT_SCALE = 0.04  # of the server's own waits: 66 s without heartbeats are 2.6 s
POLL = 0.02  # seconds: each fence waits for one, and only their order is looked at
PACE = 0.1  # of e_exp15_*, in which time itself matters, until the token has expired; else none
EXPIRED = 16  # recorded seconds
PAUSE = 0.3  # recorded seconds after a change from which on its events were awaited

DIFFERENCES = {
    "e_exp15_refresh": (
        "After a new token ours says `Subscribed to PostgreSQL` at once, the real one 1.3 s later, "
        "after the next change. No client waits for the second one."
    ),
    "h_cold_start_with_long_running_transaction": (
        "While a transaction older than the slot is open, the real one says `Subscribed to "
        "PostgreSQL` and loses all changes; ours says it when changes flow. Ours promises less "
        "and keeps it; the worker polls either way, and the gateway can make it deaf on purpose."
    ),
    "h_db_restart": "The real one did not let the database shut down; ours does.",
    "h_db_restart_fast": "Ours is back within a second, the real one after 3 to 8; fewer are lost.",
    "h_db_restart_immediate": "The same.",
    "h_db_down_20s": "The same, and played with a database that is away for a moment only.",
    "h_db_down_90s_deaf": (
        "The real one is deaf for ever after 90 s. Ours recovers: whoever wants to test a deaf "
        "subscription has the gateway for it."
    ),
    "h_no_heartbeat": "The real one said `Subscribed to PostgreSQL` again after 54 s. No need to.",
    "h_server_KILL": (
        "After a restart ours is subscribed sooner, so the change between the join's reply and "
        "`Subscribed to PostgreSQL`, which the real one lost, may arrive. Nobody relies on a loss."
    ),
    "h_server_TERM": "The same.",
    "warmup": "Recorded up to the join's reply only; ours goes on to be subscribed.",
    "x_broadcast_presence": (
        "Ours has neither: it answers both with `ok` and passes nothing on. The worker and the "
        "devstack's pages use postgres_changes only."
    ),
}
UNSERVED = ("broadcast", "presence_diff")  # x_broadcast_presence
KEPT_CHANGE = "restarted_after_join_reply_before_system"  # h_server_*

# The transcripts do not say which statements shared a transaction; this one's notes do.
UNCOMMITTED = ("values('org1','t1'),('org1','t2')", "values('org1','short')")
ROLLED_BACK = ("values('org1','rolledback')",)

TABLES = """
drop table if exists scheduled_jobs, inventory, not_published, profiles;
create table profiles (user_id uuid primary key, organization_id text not null);
create table scheduled_jobs (
  id uuid primary key default gen_random_uuid(), organization_id text not null, created_by uuid,
  status text default 'pending', progress jsonb, file_data jsonb, file_name text,
  record_count int, created_at timestamptz default now());
create table inventory (
  id uuid primary key default gen_random_uuid(), organization_id text, sku text, name text);
create table not_published (
  id uuid primary key default gen_random_uuid(), organization_id text, note text);
insert into profiles values ('11111111-1111-1111-1111-111111111111', 'org1');
alter table scheduled_jobs enable row level security;
create policy own_organization on scheduled_jobs to authenticated using (
  organization_id in (
    select organization_id from profiles where user_id = (select auth.uid())));
grant select on profiles, scheduled_jobs to authenticated;
grant all on all tables in schema public to service_role;
alter publication supabase_realtime add table scheduled_jobs, inventory;
"""
FENCES = """
create schema fence;
create table fence.fences (number bigint generated always as identity primary key);
grant usage on schema fence to service_role;
grant select on fence.fences to service_role;
alter publication supabase_realtime add table fence.fences;
"""

Frame = dict[str, Any] | list[Any]


@dataclass(frozen=True)
class Stack:
    """A PostgreSQL and a Realtime server, both ours to stop and start."""

    postgres: Part
    realtime: Part
    database_url: str
    port: int

    async def database(self) -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(self.database_url, autocommit=True)

    def websocket_url(self, query: str) -> str:
        return f"ws://127.0.0.1:{self.port}/socket/websocket?{query}"

    async def health(self) -> int | None:
        """The status of /health; None if nobody listens."""

        def get() -> int | None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health") as response:
                    return int(response.status)
            except HTTPError as error:
                with error:
                    return error.code
            except OSError:
                return None

        return await asyncio.to_thread(get)

    async def wait_for_health(self, status: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while await self.health() != status:
                await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    folder = tmp_path_factory.mktemp("realtime")
    postgres = Postgres.find(folder)
    postgres.initdb()
    database_port, port = choose(0, ""), choose(0, "")
    url = postgres.url(database_port, "supabase_admin")

    async def ready() -> bool:
        return await running.health() is not None

    server = [sys.executable, "-m", "devstack.realtime", "--port", str(port)]
    server += ["--database-url", url, "--wait-scale", str(WAIT_SCALE), "--poll", str(POLL)]
    command = Command("realtime", server, ready, {"JWT_SECRET": SECRET}, ROOT)
    database = Part(postgres.command(database_port), folder / "postgres.log")
    running = Stack(database, Part(command, folder / "realtime.log"), url, port)
    try:
        await running.postgres.spawn()
        await running.postgres.ready()
        await bootstrap(url)
        async with await running.database() as connection:
            await connection.execute(FENCES)
        await running.realtime.spawn()
        await running.realtime.ready()
        await running.wait_for_health(200)
        yield running
    finally:
        await running.realtime.stop()
        await running.postgres.stop()
        postgres.drop()


# ---------------------------------------------------------------------------------------------
# Reading a transcript
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One line: at which second, which kind, and what."""

    at: float
    kind: str
    frame: Any


@dataclass(frozen=True)
class Transcript:
    name: str
    version: int
    steps: list[Step]

    @classmethod
    def read(cls, path: Path) -> "Transcript":
        name, version, _ = path.name.split(".")
        lines = (json.loads(line) for line in path.read_text().splitlines())
        steps = [_step(line["t"], line["dir"], line["frame"]) for line in lines]
        return cls(name, int(version[1:]), steps)

    @property
    def pace(self) -> float:
        return PACE if self.name.startswith("e_exp15") else 0

    @property
    def rows(self) -> set[str]:
        """The file names of the rows that it inserts itself."""
        statements = [step.frame for step in self.steps if step.kind == "db"]
        return {
            name
            for statement in statements
            for name in [*statement["args"], *re.findall(r"'([^']+)'", statement["sql"])]
        }

    @property
    def inserted_ids(self) -> list[str]:
        """The keys that its `returning id` returned, in that order."""
        arguments = [
            argument
            for step in self.steps
            if step.kind == "db"
            for argument in step.frame["args"]
            if UUID.fullmatch(argument)
        ]
        return list(dict.fromkeys(arguments))


def _step(at: float, kind: str, frame: Any) -> Step:
    """Some of the transcripts write connects, their answers and closes in another way."""
    if isinstance(frame, dict):
        match frame:
            case {"note": str(note)} if note.startswith("connect ws://"):
                return Step(at, "connect", note.removeprefix("connect "))
            case {"http_status": 101}:
                return Step(at, "connected", frame)
            case {"close_code": code, "close_reason": reason}:
                return Step(at, "closed", [code, reason])
    return Step(at, kind, frame)


# ---------------------------------------------------------------------------------------------
# Comparing frames
# ---------------------------------------------------------------------------------------------

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
COMMIT_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ROW_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00")
LONG = 1000


def normalized(frames: list[Frame]) -> dict[str, list[Any]]:
    """The frames of each topic, with ids numbered as they appear, and without times.

    Between the topics of one socket there is no order (g_two_channels_one_socket).
    """
    topics: dict[str, list[Frame]] = defaultdict(list)
    for frame in frames:
        topics[frame["topic"] if isinstance(frame, dict) else frame[2]].append(frame)
    result = {}
    for topic, topic_frames in topics.items():
        numbers: dict[Any, str] = {}
        result[topic] = [_normalized(frame, numbers) for frame in topic_frames]
    return result


def _normalized(value: Any, numbers: dict[Any, str]) -> Any:
    if isinstance(value, list):
        return [_normalized(item, numbers) for item in value]
    if isinstance(value, str):
        return _normalized_text(value, numbers)
    if not isinstance(value, dict):
        return value
    if len(str(value.get("d"))) > LONG:  # of ours, see _document
        return f"<{len(json.dumps(value))} chars of JSON>"
    return {
        key: _numbered("binding", item, numbers)
        if (key == "id" and isinstance(item, int)) or key == "ids"
        else _normalized(item, numbers)
        for key, item in sorted(value.items())
    }


def _normalized_text(text: str, numbers: dict[Any, str]) -> Any:
    if UUID.fullmatch(text):
        return _numbered("uuid", text, numbers)
    if COMMIT_TIME.fullmatch(text):
        return "<commit time>"
    if ROW_TIME.fullmatch(text):
        return "<time>"
    return re.sub(r"\d+ seconds ago", "<n> seconds ago", text)


def _numbered(kind: str, identity: Any, numbers: dict[Any, str]) -> Any:
    if isinstance(identity, list):
        return [_numbered(kind, item, numbers) for item in identity]
    return numbers.setdefault(identity, f"<{kind} {len(numbers)}>")


def change_in(frame: Frame) -> dict[str, Any] | None:
    """The data of a postgres_changes frame."""
    if event_of(frame) != "postgres_changes":
        return None
    payload = frame["payload"] if isinstance(frame, dict) else frame[4]
    data: dict[str, Any] = payload["data"]
    return data


def event_of(frame: Frame) -> str:
    return str(frame["event"] if isinstance(frame, dict) else frame[3])


def _document(length: int) -> str:
    """A jsonb text of that length, as PostgreSQL prints it, that does not compress well."""
    digits = random.Random(length).randbytes(length).hex()  # noqa: S311
    return json.dumps({"d": digits[: length - len('{"d": ""}')]})


# ---------------------------------------------------------------------------------------------
# Playing a transcript
# ---------------------------------------------------------------------------------------------


class Client:
    """A raw websocket, and what it received."""

    def __init__(self, websocket: ClientConnection, version: int) -> None:
        self.websocket = websocket
        self.version = version
        self.received: list[Frame] = []

    async def receive(self) -> Frame:
        async with asyncio.timeout(PATIENCE):
            frame: Frame = json.loads(await self.websocket.recv())
        return frame

    async def receive_until(self, count: int) -> None:
        while len(self.received) < count:
            self.received.append(await self.receive())

    async def synchronize(self) -> None:
        """Receive all that the server has sent so far."""
        await self.websocket.send(json.dumps(self._heartbeat()))
        while self._ref(frame := await self.receive()) != "fence":
            self.received.append(frame)

    def _heartbeat(self) -> Frame:
        if self.version == 1:
            return {"topic": "phoenix", "event": "heartbeat", "payload": {}, "ref": "fence"}
        return [None, "fence", "phoenix", "heartbeat", {}]

    def _ref(self, frame: Frame) -> object:
        return frame["ref"] if isinstance(frame, dict) else frame[1]


@dataclass
class Player:
    """One transcript being played."""

    transcript: Transcript
    stack: Stack
    database: psycopg.AsyncConnection[Any]
    client: Client | None = None
    witness: Client | None = None
    expected: list[Frame] = field(default_factory=list)
    received: list[Frame] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    caused: set[str] = field(default_factory=set)
    changed_at: float | None = None

    async def play(self, steps: list[Step]) -> None:
        started = time.monotonic()
        for step in steps:
            due = started + min(step.at, EXPIRED) * self.transcript.pace
            await asyncio.sleep(max(0, due - time.monotonic()))
            if self.changed_at is not None and step.at > self.changed_at + PAUSE:
                await self.fence()
            if step.kind not in ("recv", "note"):
                await self.catch_up()
            await getattr(self, f"_{step.kind}")(step)

    def outcome(self) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
        """Received and expected frames, comparable."""
        self.collect()
        return normalized(self.received), normalized(self.expected)

    async def fence(self) -> None:
        """Return when all events of what was committed so far have been received."""
        self.changed_at = None
        if self.client is None:
            return
        if self.witness is None:
            self.witness = await subscribed(self.stack, "fence", "fences")
        cursor = await self.database.execute(
            "insert into fence.fences default values returning number"
        )
        (number,) = (await cursor.fetchone()) or (None,)
        while True:
            change = change_in(await self.witness.receive())
            if change is not None and change["record"]["number"] == number:
                break
        await self.witness.synchronize()  # and it counts as a heartbeat
        await self.client.synchronize()

    async def finish(self) -> None:
        """For a transcript that does not end with a close."""
        if self.transcript.steps[-1].kind != "closed":
            await self.catch_up()
            await self.fence()

    async def end(self) -> None:
        for client in (self.client, self.witness):
            if client is not None:
                await client.websocket.close()

    async def catch_up(self) -> None:
        if self.client is None:
            return
        try:
            await self.client.receive_until(len(self.expected) - len(self.received))
        except (TimeoutError, ConnectionClosed):
            received, expected = self.outcome()
            assert received == expected
            raise

    def collect(self) -> None:
        """Keep what the client has received, which may be its end."""
        if self.client is not None:
            self.received += self.client.received
            self.client.received = []

    # One method a kind of step.

    async def _note(self, step: Step) -> None:
        match step.frame:
            case {"cmd": "stop-realtime.sh TERM"} if self.stack.realtime.is_running:
                await self.stack.realtime.kill(signal.SIGTERM)
            case {"cmd": "start-realtime.sh"}:
                await self.stack.realtime.spawn()
                await self.stack.realtime.ready()
            case {"slots_while_down": []}:
                async with asyncio.timeout(PATIENCE):
                    while await self._exists_slot():
                        await asyncio.sleep(0.02)

    async def _exists_slot(self) -> bool:
        cursor = await self.database.execute("select from pg_replication_slots")
        return cursor.rowcount > 0

    async def _connect(self, step: Step) -> None:
        if self.client is not None:
            self.collect()
            self.client = None
        query = self._with_tokens(step.frame.partition("?")[2])
        self.attempt = connect(
            self.stack.websocket_url(query), compression=None, max_size=None, proxy=None
        )

    async def _connected(self, _step: Step | None = None) -> None:
        self.client = Client(await self.attempt, self.transcript.version)

    async def _connect_error(self, _step: Step) -> None:
        with pytest.raises(ConnectionRefusedError):
            await self.attempt

    async def _http_response(self, step: Step) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await self.attempt
        response = refused.value.response
        assert response.status_code == step.frame["status"]
        assert json.loads(response.body) == json.loads(step.frame["body"])
        assert response.headers["content-type"] == step.frame["headers"]["content-type"]

    async def _send(self, step: Step) -> None:
        if self.client is None:  # js_supabase_js_client does not say when it was connected
            await self._connected()
        assert self.client is not None
        frame = step.frame
        text = frame if isinstance(frame, str) else self._with_tokens(json.dumps(frame))
        await self.client.websocket.send(text)

    async def _recv(self, step: Step) -> None:
        change = change_in(step.frame)
        if event_of(step.frame) in UNSERVED:
            return
        if self.transcript.name == "h_no_heartbeat" and step.at > 1 and change is None:
            return
        if change is not None and self._is_foreign(change):
            if self.transcript.rows:
                return  # of a transcript that was recorded at the same time
            await self._cause(change)
        self.expected.append(step.frame)

    async def _closed(self, step: Step) -> None:
        assert self.client is not None
        code = step.frame[0]
        if code == 1000 and "no_heartbeat" not in self.transcript.name:
            await self.client.synchronize()
            await self.client.websocket.close()
            return
        if code != 1000:
            await self.stack.realtime.kill(signal.SIGTERM if code == 1012 else signal.SIGKILL)
        with pytest.raises(ConnectionClosed) as closed:
            await self.client.receive()
        assert (closed.value.rcvd and closed.value.rcvd.code) == code
        self.collect()
        self.client = self.witness = None

    async def _db(self, step: Step) -> None:
        sql, arguments = step.frame["sql"], [self._argument(text) for text in step.frame["args"]]
        if any(part in sql for part in (*UNCOMMITTED, *ROLLED_BACK)):
            await self.database.execute("begin")
        cursor = await self.database.execute(sql, arguments or None)
        if "returning id" in sql:
            self.ids.append(str(((await cursor.fetchone()) or [None])[0]))
        if any(part in sql for part in ROLLED_BACK):
            await self.database.rollback()
        elif not any(part in sql for part in UNCOMMITTED):
            await self.database.commit()
        self.changed_at = step.at

    def _argument(self, text: str) -> str:
        if UUID.fullmatch(text):
            return self.ids[self.transcript.inserted_ids.index(text)]
        if long := re.fullmatch(r"<(\d+) chars>", text):
            return _document(int(long[1]))
        return text

    def _is_foreign(self, change: dict[str, Any]) -> bool:
        name = change.get("record", {}).get("file_name")
        return name is not None and name not in self.transcript.rows

    async def _cause(self, change: dict[str, Any]) -> None:
        """Make the change whose statement the transcript does not have; once, for all channels."""
        record = change["record"]
        if (once := f"{change['type']} {record['id']}") in self.caused:
            return
        self.caused.add(once)
        if change_in(self.expected[-1]) is None or "extra" in record:
            await self.catch_up()  # to the system message; to what is told of the old columns
        if "extra" in record:
            await self.database.execute("alter table scheduled_jobs add extra int default 5")
        if change["type"] == "INSERT":
            await self.database.execute(
                "insert into scheduled_jobs (id, organization_id, file_name) values (%s, %s, %s)",
                [record["id"], record["organization_id"], record["file_name"]],
            )
        else:
            await self.database.execute(
                "update scheduled_jobs set status = %s where id = %s",
                [record["status"], record["id"]],
            )

    def _with_tokens(self, text: str) -> str:
        return re.sub(r"<(jwt|apikey)[^>]*>", lambda found: self._token(found[0]), text)

    def _token(self, placeholder: str) -> str:
        """What `<jwt role=… sub=… ttl=seconds>` stands for: always the same for the same."""
        if placeholder not in self.tokens:
            claims: dict[str, Any] = dict(
                re.findall(r"(role|sub|ttl)=(\S+?)[ >]", placeholder + " ")
            )
            if placeholder in ("<jwt>", "<apikey>"):
                claims = {"role": "service_role", "ttl": "3600"}
            if "ttl" in claims:
                ttl = int(claims.pop("ttl"))
                claims["exp"] = time.time() + ttl * (self.transcript.pace or 1)
            forged = "wrong_secret" in self.transcript.name and claims["role"] != "anon"
            self.tokens[placeholder] = jwt.encode(claims, SECRET[::-1] if forged else SECRET)
        return self.tokens[placeholder]


async def subscribed(stack: Stack, schema: str, table: str, role: str = "service_role") -> Client:
    """A client that receives the changes of a table."""
    key = jwt.encode({"role": role, "exp": time.time() + 3600}, SECRET)
    url = stack.websocket_url(f"apikey={key}")
    client = Client(await connect(url, compression=None, max_size=None, proxy=None), 1)
    config = {"postgres_changes": [{"event": "*", "schema": schema, "table": table}]}
    join = {"topic": f"realtime:{table}", "event": "phx_join", "payload": {"config": config}}
    await client.websocket.send(json.dumps({**join, "ref": "1"}))
    await client.receive_until(2)
    assert "Subscribed" in str(client.received.pop()), client.received
    client.received.clear()
    return client


@pytest.fixture
async def database(stack: Stack) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    connection = await stack.database()
    await connection.execute(TABLES)
    yield connection
    await connection.close()


@pytest.fixture(params=TRANSCRIPTS, ids=lambda path: path.name.removesuffix(".jsonl"))
async def player(
    request: pytest.FixtureRequest, stack: Stack, database: psycopg.AsyncConnection[Any]
) -> AsyncIterator[Player]:
    player = Player(Transcript.read(request.param), stack, database)
    yield player
    await player.end()


async def test_transcript(player: Player) -> None:
    name = player.transcript.name
    if name.startswith("h_db_"):
        await play_until_the_database_stops(player)
    elif name.startswith("h_cold_start"):
        await play_with_an_old_transaction(player)
    else:
        await player.play(player.transcript.steps)
        await player.finish()
    player.collect()
    player.received = [frame for frame in player.received if KEPT_CHANGE not in str(frame)]
    received, expected = player.outcome()
    if name == "warmup":
        received = {topic: frames[: len(expected[topic])] for topic, frames in received.items()}
    if name == "e_exp15_refresh":
        received, expected = unordered(received), unordered(expected)
    assert received == expected


async def play_until_the_database_stops(player: Player) -> None:
    """Then stop it for good and start it again; changes flow again, and no frame tells of it."""
    stack, steps = player.stack, player.transcript.steps
    await player.play(list(takewhile(lambda step: not is_database_stop(step), steps)))
    await player.catch_up()
    client = player.client
    assert client is not None
    immediate = player.transcript.name == "h_db_restart_immediate"
    await stack.postgres.kill(signal.SIGQUIT if immediate else signal.SIGINT)
    await stack.wait_for_health(503)
    await client.synchronize()  # heartbeats are answered meanwhile
    await stack.postgres.spawn()
    await stack.postgres.ready()
    await stack.wait_for_health(200)
    player.database = await stack.database()
    sql = "insert into scheduled_jobs (organization_id, file_name) values ('org1', %s)"
    names = [f"after_{number}" for number in range(3)]
    for name in names:
        await player.database.execute(sql, [name])
    await player.fence()
    await player.database.close()
    frames, client.received = client.received, []
    before = [frame for frame in frames if "after_" not in str(frame)]
    after = [frame for frame in frames if "after_" in str(frame)]
    client.received = before
    assert [(change_in(frame) or {})["record"]["file_name"] for frame in after] == names


def is_database_stop(step: Step) -> bool:
    said = str(step.frame)
    return step.kind == "note" and any(word in said for word in ("postgres", "pg_ctl", "orderly"))


async def play_with_an_old_transaction(player: Player) -> None:
    """Open it, start the server, and join: the changes until its end are lost, and no others."""
    steps = player.transcript.steps
    end = next(index for index, step in enumerate(steps) if "committed" in str(step.frame))
    system = next(step for step in steps if step.kind == "recv" and "system" in str(step.frame))
    old = await player.stack.database()
    await old.execute("begin")
    await old.execute("select pg_current_xact_id()")
    await player.play([step for step in steps[:end] if step is not system and step.kind != "db"])
    for step in steps[:end]:
        if step.kind == "db":
            await player.database.execute(step.frame["sql"], step.frame["args"])
    await player.catch_up()
    await asyncio.sleep(PAUSE)
    await old.commit()
    await old.close()
    await player.play([system, *steps[end:]])
    await player.finish()


def unordered(topics: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {topic: sorted(frames, key=str) for topic, frames in topics.items()}


def test_every_difference_is_of_a_transcript() -> None:
    assert set(DIFFERENCES) <= {Transcript.read(path).name for path in TRANSCRIPTS}


# ---------------------------------------------------------------------------------------------
# What no transcript shows
# ---------------------------------------------------------------------------------------------

TYPES = """
drop table if exists types;
create table types (
  id int primary key, big bigint, exact numeric, float float8, flag boolean, day date,
  moment timestamp, zoned timestamptz, bytes bytea, texts text[], numbers int[], span interval,
  document jsonb, loose json, missing text);
grant select on types to service_role;
"""
VALUES = """
insert into types values (
  7, 9007199254740993, 1.50, 1e-7, true, '2026-11-23', '2026-11-23 14:00',
  '2026-11-23 14:00+02', '\\x00ff', '{a,"b c",null}', '{1,2}', '1 day 2 hours',
  '{"b": [1.0, null]}', '{"a" :1}', null)
"""


async def test_values_are_what_to_jsonb_makes_of_them(
    stack: Stack, database: psycopg.AsyncConnection[Any]
) -> None:
    await database.execute(TYPES)
    await database.execute("alter publication supabase_realtime add table types")
    client = await subscribed(stack, "public", "types")
    await database.execute(VALUES)
    cursor = await database.execute("select to_jsonb(types) from types")
    (expected,) = (await cursor.fetchone()) or (None,)
    change = change_in(await client.receive()) or {}
    await client.websocket.close()
    assert change["record"] == expected
    assert [column["type"] for column in change["columns"][8:11]] == ["bytea", "_text", "_int4"]


async def test_a_table_published_later_is_reached_by_a_binding_of_its_schema(
    stack: Stack, database: psycopg.AsyncConnection[Any]
) -> None:
    client = await subscribed(stack, "public", "*")
    await database.execute("drop table if exists late; create table late (id int primary key)")
    await database.execute("grant select on late to service_role")
    await database.execute("alter publication supabase_realtime add table late")
    await database.execute("insert into late values (1)")
    change = change_in(await client.receive()) or {}
    await client.websocket.close()
    assert (change["table"], change["record"]) == ("late", {"id": 1})


async def test_a_policy_that_fails_costs_nobody_else_the_change(
    stack: Stack, database: psycopg.AsyncConnection[Any]
) -> None:
    await database.execute(
        "create policy failing on scheduled_jobs to anon using (1 / (progress ->> 'zero')::int = 1)"
    )
    await database.execute("grant select on scheduled_jobs to anon")
    clients = [
        await subscribed(stack, "public", "scheduled_jobs", role)
        for role in ("anon", "service_role")
    ]
    await database.execute(
        """insert into scheduled_jobs (organization_id, progress) values ('org1', '{"zero": 0}')"""
    )
    change = change_in(await clients[1].receive()) or {}
    await clients[0].synchronize()
    for client in clients:
        await client.websocket.close()
    assert change["type"] == "INSERT"
    assert clients[0].received == []


async def test_a_client_that_does_not_read_delays_no_other(
    stack: Stack, database: psycopg.AsyncConnection[Any]
) -> None:
    idle = await subscribed(stack, "public", "scheduled_jobs")
    client = await subscribed(stack, "public", "scheduled_jobs")
    idle.websocket.transport.pause_reading()
    sql = "insert into scheduled_jobs (organization_id, file_name) values ('org1', %s)"
    for number in range(8):
        await database.execute(sql, [_document(300_000) + str(number)])
        await client.receive()
    await client.websocket.close()
    idle.websocket.transport.abort()
