"""Who may set up channels and read what they were told, through PostgREST as themselves."""

import asyncio
import json

import httpx
import pytest
import websockets

from tests.telling import ask, channel, end_job, inbox


@pytest.fixture
def people(stack, dealer, make_dealer):
    """An admin, a member without an office, an admin of another organization; as HTTP clients."""
    other = make_dealer()
    admin = "update profiles set role = 'admin' where id = any(%s)"
    dealer.execute(admin, [dealer.creator_id, other.creator_id])
    tokens = {
        "admin": dealer.creator_token,
        "member": dealer.colleague_token,
        "stranger": other.creator_token,
    }
    clients = {
        name: httpx.Client(
            base_url=f"{stack.url}/rest/v1/",
            headers={
                "apikey": stack.keys.publishable,
                "Authorization": f"Bearer {token}",
                "Prefer": "return=representation",
            },
        )
        for name, token in tokens.items()
    }
    yield clients
    for client in clients.values():
        client.close()


def a_webhook(dealer, **columns):
    return {
        "organization_id": dealer.organization_id,
        "kind": "webhook",
        "url": "https://hooks.example.com/x",
    } | columns


def a_mailbox(dealer, person, **columns):
    return {
        "organization_id": dealer.organization_id,
        "profile_id": str(person),
        "kind": "email",
    } | columns


def test_an_admin_sets_up_webhooks_and_reads_their_secrets_and_nobody_else_does(people, dealer):
    for name in ("member", "stranger"):
        assert people[name].post("notification_channels", json=a_webhook(dealer)).is_error
    made = people["admin"].post("notification_channels", json=a_webhook(dealer))
    [hook] = made.raise_for_status().json()
    assert hook["secret"].startswith("whsec_")
    assert len(hook["secret"]) == len("whsec_") + 44
    assert hook["scope"] == "organization"
    for name in ("member", "stranger"):
        assert people[name].get("notification_channels").json() == []
        for change in ({"is_enabled": False}, {"secret": "x"}, {"url": "https://evil.example.com"}):
            people[name].patch("notification_channels", json=change)
        people[name].delete("notification_channels?kind=eq.webhook")
    assert channel(dealer, hook["id"])["secret"] == hook["secret"]
    assert channel(dealer, hook["id"])["is_enabled"]


def test_a_secret_is_made_and_never_chosen(people, dealer):
    chosen = a_webhook(dealer, secret="whsec_MTIz")
    assert people["admin"].post("notification_channels", json=chosen).is_error
    [first] = people["admin"].post("notification_channels", json=a_webhook(dealer)).json()
    at = f"notification_channels?id=eq.{first['id']}"
    for sent in (None, "whsec_MTIz"):
        [second] = people["admin"].patch(at, json={"secret": sent}).json()
        assert second["previous_secret"] == first["secret"] != second["secret"] != sent
        assert second["secret_rotated_at"]
        first = second
    for name in ("previous_secret", "unsubscribe_token", "last_failure", "disabled_reason"):
        assert people["admin"].patch(at, json={name: None}).is_error, name


def test_people_set_up_their_own_mail_and_nobody_elses(people, dealer):
    own = a_mailbox(dealer, dealer.colleague_id)
    for name in ("admin", "stranger"):
        assert people[name].post("notification_channels", json=own).is_error
    [mine] = people["member"].post("notification_channels", json=own).raise_for_status().json()
    assert (mine["scope"], mine["events"], mine["language"]) == ("own", None, None)
    twice = people["member"].post("notification_channels", json=own)
    assert twice.status_code == 409
    assert people["admin"].get("notification_channels").json() == []
    change = {"events": ["import.failed"], "scope": "organization", "language": "fr"}
    [changed] = people["member"].patch("notification_channels", json=change).json()
    assert {name: changed[name] for name in change} == change


@pytest.mark.parametrize(
    "columns",
    [
        {"kind": "pigeon"},
        {"events": ["import.completed", "all"]},
        {"language": "de"},
        {"scope": "everybody"},
        {"url": "https://x.example.com"},
        {"profile_id": None},
    ],
    ids=str,
)
def test_what_no_mailbox_is(people, dealer, columns):
    row = a_mailbox(dealer, dealer.colleague_id, **columns)
    assert people["member"].post("notification_channels", json=row).is_error
    row = a_mailbox(dealer, dealer.creator_id, **columns)
    assert people["admin"].post("notification_channels", json=row).is_error


@pytest.mark.parametrize(
    "url",
    [
        *(None, "", "ftp://x.example.com", "file:///etc/passwd", "https://", "javascript:alert(1)"),
        *("https://user:secret@x.example.com/", "https://x.example.com\\@evil.example.com/"),
        *("https://x.example.com/ y", "https://x.example.com/\nHost: y", "https://" + "x" * 2000),
    ],
)
def test_what_no_webhook_has_for_an_address(people, dealer, url):
    assert people["admin"].post("notification_channels", json=a_webhook(dealer, url=url)).is_error


def test_five_webhooks_and_no_more(people, dealer):
    for _ in range(5):
        people["admin"].post("notification_channels", json=a_webhook(dealer)).raise_for_status()
    refused = people["admin"].post("notification_channels", json=a_webhook(dealer))
    assert refused.json()["message"] == "an organization can have 5 webhooks"


def test_whoever_leaves_has_no_way_back_to_it(people, dealer, make_dealer):
    people["member"].post(
        "notification_channels", json=a_mailbox(dealer, dealer.colleague_id)
    ).raise_for_status()
    dealer.execute(
        "update profiles set organization_id = %s where id = %s",
        make_dealer().organization_id,
        dealer.colleague_id,
    )
    assert people["member"].get("notification_channels").json() == []


async def test_an_inbox_is_its_persons(people, queue, dealer):
    ask(dealer)
    ask(dealer, person=dealer.colleague_id, scope="organization")
    dealer.insert_job([{}] * 3)
    await end_job(dealer, queue)
    [line] = people["member"].get("notification_inbox").json()
    assert line["profile_id"] == str(dealer.colleague_id)
    assert people["stranger"].get("notification_inbox").json() == []

    [read] = people["member"].patch("notification_inbox", json={"read_at": "now"}).json()
    assert read["read_at"]
    [unread] = inbox(dealer, dealer.creator_id)
    assert unread["read_at"] is None
    for change in ({"data": {}}, {"event": "x"}, {"profile_id": str(dealer.creator_id)}):
        assert people["member"].patch("notification_inbox", json=change).is_error
    people["stranger"].delete("notification_inbox?event=like.*")
    people["member"].delete("notification_inbox?event=like.*")
    assert inbox(dealer, dealer.colleague_id) == []
    assert len(inbox(dealer, dealer.creator_id)) == 1


class Page:
    """A page of somebody's that has subscribed to the inbox."""

    def __init__(self, socket):
        self.socket = socket

    async def send(self, topic, event, payload):
        frame = {"topic": topic, "event": event, "payload": payload, "ref": "1"}
        await self.socket.send(json.dumps(frame))

    async def until(self, event):
        seen = []
        while not seen or seen[-1]["event"] != event:
            async with asyncio.timeout(120):
                seen.append(json.loads(await self.socket.recv()))
        return seen

    async def join(self, token):
        change = {"event": "INSERT", "schema": "public", "table": "notification_inbox"}
        config = {"config": {"postgres_changes": [change]}, "access_token": token}
        await self.send("realtime:inbox", "phx_join", config)
        assert (await self.until("system"))[-1]["payload"]["status"] == "ok"


async def test_realtime_tells_each_person_of_their_own(stack, queue, dealer):
    key = stack.keys.publishable
    url = f"{stack.url.replace('http', 'ws')}/realtime/v1/websocket?vsn=1.0.0&apikey={key}"
    ask(dealer)
    async with (
        websockets.connect(url, proxy=None, close_timeout=1) as first,
        websockets.connect(url, proxy=None, close_timeout=1) as second,
    ):
        mine, theirs = Page(first), Page(second)
        await mine.join(dealer.creator_token)
        await theirs.join(dealer.colleague_token)
        dealer.insert_job([{}] * 3, file_name="stock.csv")
        await end_job(dealer, queue)
        told = (await mine.until("postgres_changes"))[-1]["payload"]["data"]
        assert told["record"]["data"]["file_name"] == "stock.csv"
        await theirs.send("phoenix", "heartbeat", {})
        assert [frame["event"] for frame in await theirs.until("phx_reply")] == ["phx_reply"]
