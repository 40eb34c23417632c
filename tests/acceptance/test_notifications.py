"""People are told: a worker, a mail server and a receiver of webhooks, as they are in the world.

The mail server is aiosmtpd; the receiver verifies with the reference library of Standard Webhooks.
"""

import asyncio
import email
import json
import signal
import subprocess
import sys
from email import policy

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP
from standardwebhooks import Webhook

from devstack.faults import Faults, HttpRule
from tests.acceptance.processes import PATIENCE, PROJECT
from tests.telling import add_address, ask, channel, deliveries
from worker.config import Settings
from worker.service import serve


class Mailboxes:
    """What a mail server took; it refuses an address that begins with "nobody"."""

    def __init__(self):
        self.mails = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's
        if address.startswith("nobody"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - the same
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, message))
        return "250 OK"


@pytest.fixture
async def mailboxes():
    boxes = Mailboxes()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(boxes), "127.0.0.1", 0)
    boxes.port = server.sockets[0].getsockname()[1]
    yield boxes
    server.close()


class Receiver:
    """A system of an organization's, which takes webhooks."""

    def __init__(self):
        self.got = []  # (headers, body) as they came
        self.answers = []  # a status each; then 204
        self.arrived = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.elsewhere = 0

    async def take(self, request):
        self.got.append((dict(request.headers), await request.read()))
        self.arrived.set()
        await self.may_answer.wait()
        status = self.answers.pop(0) if self.answers else 204
        headers = {"Location": "/elsewhere"} if 300 <= status < 400 else {}
        return web.Response(status=status, headers=headers)

    async def be_elsewhere(self, _request):
        self.elsewhere += 1
        return web.Response()

    @property
    def ids(self):
        return [headers["webhook-id"] for headers, _ in self.got]


@pytest.fixture
async def receiver():
    there = Receiver()
    application = web.Application()
    application.add_routes(
        [web.post("/hook", there.take), web.route("*", "/elsewhere", there.be_elsewhere)]
    )
    runner = web.AppRunner(application, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    there.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield there
    await runner.cleanup()


@pytest.fixture
def telling(mailboxes, database):
    """Settings of a worker that can send; of other tests, nothing is due."""
    database.execute("update notification_deliveries set next_try_at = '2099-01-01'")
    return {
        "WORKER_SMTP_HOST": "127.0.0.1",
        "WORKER_SMTP_PORT": str(mailboxes.port),
        "WORKER_SMTP_SECURITY": "none",
        "WORKER_MAIL_FROM": "Imports <imports@prospaces.test>",
        "WORKER_PAGE_URL": "https://crm.test/imports?job={job_id}",
        "WORKER_UNSUBSCRIBE_URL": "https://worker.test/unsubscribe",
        "WORKER_WEBHOOK_PRIVATE_HOSTS": "127.0.0.1",
    }


@pytest.fixture
def work(stack, telling):
    """Do what is due, once, imports and messages."""
    given = {name.lower(): value for name, value in telling.items()}
    settings = Settings(supabase_url=stack.url, supabase_secret_key=stack.keys.secret, **given)

    async def once():
        await serve(settings, once=True)

    return once


ROWS = [
    {"sku": "A-1", "name": "Saw"},
    {"sku": "A-2", "name": "Drill", "quantity": "many", "description": "confidential"},
    {"sku": "A-3", "name": "Nail"},
]


def insert_file(dealer, **columns):
    return dealer.insert_job(ROWS, file_name="stock.csv", **columns)


def due(dealer):
    dealer.execute(
        "update notification_deliveries d set next_try_at = now(), lease_expires_at = null"
        " from import_notifications n where n.id = d.notification_id and n.organization_id = %s"
        " and d.status = 'pending'",
        dealer.organization_id,
    )


async def test_an_import_is_told_by_mail_and_webhook(dealer, work, mailboxes, receiver):
    address = add_address(dealer, dealer.creator_id)
    mailbox = ask(dealer, "email")
    hook = ask(dealer, "webhook", url=receiver.url)
    job_id = insert_file(dealer)
    await work()
    await work()  # there is nothing left

    [(mail_from, recipients, mail)] = mailboxes.mails
    assert mail_from == "imports@prospaces.test"
    assert recipients == [address]
    assert mail["Subject"] == "Imported, 1 refused: stock.csv"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = channel(dealer, mailbox)["unsubscribe_token"]
    assert mail["List-Unsubscribe"].strip() == f"<https://worker.test/unsubscribe/{token}>"
    for kind in ("plain", "html"):
        text = mail.get_body((kind,)).get_content()
        assert "Row 2: quantity" in text
        assert f"https://crm.test/imports?job={job_id}" in text
        assert "confidential" not in text

    [(headers, body)] = receiver.got
    message = Webhook(channel(dealer, hook)["secret"]).verify(body, headers)
    assert message["type"] == "import.completed"
    assert (message["data"]["created"], message["data"]["refused"]) == (2, 1)
    assert message["data"]["job_id"] == str(job_id)
    assert "many" not in body.decode()
    assert {row["status"] for row in deliveries(dealer)} == {"delivered"}


async def test_a_receiver_that_is_unwell_and_then_wants_nothing_more(dealer, work, receiver):
    hook = ask(dealer, "webhook", url=receiver.url)
    insert_file(dealer)
    receiver.answers = [500, 302, 410]
    said = []
    for _ in range(3):
        await work()
        said.append(channel(dealer, hook)["last_failure"])
        due(dealer)
    assert said == [
        "The receiver answered with status 500.",
        "The receiver answered with status 302. It leads elsewhere, and is not followed.",
        "The receiver wants nothing more: it answered with status 410.",
    ]
    assert len(set(receiver.ids)) == 1 < len(receiver.got)
    assert receiver.elsewhere == 0
    assert not channel(dealer, hook)["is_enabled"]


async def test_while_a_secret_is_changed_both_verify(dealer, work, receiver):
    hook = ask(dealer, "webhook", url=receiver.url)
    before = channel(dealer, hook)["secret"]
    dealer.execute("update notification_channels set secret = '' where id = %s", hook)
    insert_file(dealer)
    await work()
    [(headers, body)] = receiver.got
    for secret in (before, channel(dealer, hook)["secret"]):
        assert Webhook(secret).verify(body, headers)


async def test_an_address_that_no_server_knows(dealer, work, mailboxes):
    add_address(dealer, dealer.creator_id, name="nobody")
    mailbox = ask(dealer, "email")
    insert_file(dealer)
    await work()
    assert mailboxes.mails == []
    [row] = deliveries(dealer)
    assert (row["status"], row["attempts"]) == ("failed", 1)
    assert channel(dealer, mailbox)["last_failure"] == "The mail server refused the address (550)."


async def test_a_webhook_to_this_machine_that_nobody_allowed(dealer, receiver, stack):
    hook = ask(dealer, "webhook", url=receiver.url.replace("http:", "https:"))
    insert_file(dealer)
    await serve(Settings(supabase_url=stack.url, supabase_secret_key=stack.keys.secret), once=True)
    assert receiver.got == []
    assert channel(dealer, hook)["last_failure"] == (
        "The address is not of the public internet, and no operator has allowed it."
    )


# Killed at every step.


async def until(condition):
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
def start_worker(stack, telling):
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-m", "worker", "run"],
            cwd=PROJECT,
            env=stack.worker_environment | telling | {"WORKER_LOG_LEVEL": "error"},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


async def test_killed_at_every_step_it_arrives_all_the_same(
    dealer, stack, receiver, start_worker, work
):
    """Between claim and send, in the middle of sending, and before it is marked."""
    ask(dealer, "webhook", url=receiver.url)
    insert_file(dealer)
    calls = "/rest/v1/rpc/"

    # It is claimed, and the worker does not know yet.
    rule = HttpRule(f"{calls}claim_notifications", "hold_answer")
    with stack.faults.injected(Faults(http=(rule,))):
        worker = start_worker()
        await until(lambda: [d["attempts"] for d in deliveries(dealer)] == [1])
        await asyncio.to_thread(stack.faults.wait_until_held)
        kill(worker)
    assert receiver.got == []

    # It is on its way.
    receiver.may_answer.clear()
    due(dealer)
    worker = start_worker()
    await asyncio.wait_for(receiver.arrived.wait(), PATIENCE)
    kill(worker)
    receiver.may_answer.set()
    assert len(receiver.got) == 1

    # It arrived, and is not marked.
    due(dealer)
    rule = HttpRule(f"{calls}settle_notification", "drop")
    stack.faults.reset_counters()
    with stack.faults.injected(Faults(http=(rule,))):
        worker = start_worker()
        await until(lambda: "drop" in stack.faults.get()[1].injected)
        kill(worker)
        [row] = deliveries(dealer)
        assert (row["status"], row["attempts"]) == ("pending", 3)
    assert len(receiver.got) == 2

    # And nobody kills the last one.
    due(dealer)
    await work()
    assert deliveries(dealer)[0]["status"] == "delivered"
    assert len(receiver.got) == 3
    assert len(set(receiver.ids)) == 1


# From the terminal.


@pytest.fixture
def command(terminal, stack, telling):
    def run(*arguments):
        return terminal.run(
            "notifications", *arguments, environment=stack.worker_environment | telling
        )

    return run


async def test_failures_are_seen_and_sent_again(dealer, work, receiver, command):
    hook = ask(dealer, "webhook", url=receiver.url)
    insert_file(dealer)
    receiver.answers = [500]
    await work()
    dealer.execute(
        "update notification_deliveries set status = 'failed', ended_at = now() where id = %s",
        deliveries(dealer)[0]["id"],
    )
    [row] = deliveries(dealer)
    listed = await asyncio.to_thread(command, "list", "--status", "failed")
    cells = next(line for line in listed.stdout.splitlines() if str(row["id"]) in line).split("\t")
    assert cells[1:6] == ["webhook", "import.completed", dealer.organization_id, "failed", "1"]
    assert cells[-1] == "The receiver answered with status 500."
    in_json = await asyncio.to_thread(command, "list", "--limit", "100", "--json")
    assert str(row["id"]) in {one["id"] for one in json.loads(in_json.stdout)}
    shown = await asyncio.to_thread(command, "show", str(row["notification_id"]))
    assert f"by webhook, channel {hook}: failed" in shown.stdout
    channels = await asyncio.to_thread(command, "channels", "--limit", "1000")
    assert f"{hook}\twebhook\t{dealer.organization_id}\t\tyes\tThe receiver answered" in (
        channels.stdout
    )
    assert channel(dealer, hook)["secret"] not in channels.stdout

    replayed = await asyncio.to_thread(command, "replay", str(row["id"]))
    assert replayed.stdout.startswith("1 will be sent again")
    await work()
    assert len(set(receiver.ids)) == 1 < len(receiver.got)
    assert (await asyncio.to_thread(command, "replay", "--failed")).returncode == 0


async def test_a_channel_is_tested(dealer, receiver, command, mailboxes):
    hook = ask(dealer, "webhook", url=receiver.url, is_enabled=False)
    add_address(dealer, dealer.creator_id)
    mailbox = ask(dealer, "email", language="fr")
    for one in (hook, mailbox):
        tested = await asyncio.to_thread(command, "test", str(one))
        assert (tested.stdout, tested.returncode) == ("It arrived.\n", 0)
    [(headers, body)] = receiver.got
    assert Webhook(channel(dealer, hook)["secret"]).verify(body, headers)["type"] == "channel.test"
    assert mailboxes.mails[0][2]["Subject"] == "Un essai"
    receiver.answers = [410]
    tested = await asyncio.to_thread(command, "test", str(hook))
    assert tested.returncode == 1
    assert "wants nothing more" in tested.stdout


@pytest.mark.parametrize("arguments", [("show",), ("test",), ("replay",)])
async def test_what_is_not_said_is_asked_for(command, arguments):
    said = await asyncio.to_thread(command, *arguments)
    assert said.returncode == 1
    assert said.stdout.startswith("Which one? python -m worker notifications")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "0e000000-0000-4000-8000-00000000000e"), "There is no such notification.\n"),
        (("test", "0e000000-0000-4000-8000-00000000000e"), "There is no such channel of mail or"),
        (("replay", "0e000000-0000-4000-8000-00000000000e"), "0 will be sent again"),
    ],
)
async def test_what_is_not_there(command, arguments, said):
    answer = await asyncio.to_thread(command, *arguments)
    assert answer.returncode == 1
    assert answer.stdout.startswith(said)
