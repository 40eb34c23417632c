"""How an entry leaves the outbox: to one worker at a time, until it is there or has failed."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import psycopg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from devstack.faults import Faults, HttpRule
from tests.telling import add_address, ask, channel, deliveries, end_job, entries
from worker.operating.notifying import loop
from worker.operating.notifying.delivery import DELIVERED, Verdict
from worker.operating.notifying.outbox import Outbox
from worker.operating.notifying.unsubscribing import unsubscribing

KINDS = ("email", "webhook")


@pytest.fixture
def outbox(service_client):
    return Outbox(service_client, "worker-1")


@pytest.fixture
def other(service_client):
    return Outbox(service_client, "worker-2")


@pytest.fixture
async def told(queue, dealer, database):
    """An import that ended, of which a webhook is told; nothing else is due."""
    database.execute("update notification_deliveries set next_try_at = '2099-01-01'")
    hook = ask(dealer, "webhook")
    dealer.insert_job([{}] * 3)
    await end_job(dealer, queue)
    return hook


def due(dealer):
    dealer.execute(
        "update notification_deliveries d set next_try_at = now() from import_notifications n"
        " where n.id = d.notification_id and n.organization_id = %s and d.status = 'pending'",
        dealer.organization_id,
    )


def expire_leases(dealer):
    dealer.execute("update notification_deliveries set lease_expires_at = now()")


async def claim(outbox, kinds=KINDS):
    return (await outbox.claim(kinds, 50)).deliveries


async def test_a_claim_tells_what_is_needed_to_send(outbox, dealer, told):
    [delivery] = await claim(outbox)
    assert (delivery.kind, delivery.attempt, delivery.event) == ("webhook", 1, "import.completed")
    assert delivery.url == "https://hooks.example.com/x"
    assert delivery.secrets == (channel(dealer, told)["secret"],)
    assert (delivery.organization, delivery.data["refused"]) == ("Test", 1)
    assert await outbox.settle(delivery, DELIVERED) == "delivered"
    assert await outbox.settle(delivery, DELIVERED) == "delivered"  # the answer was lost
    assert await claim(outbox) == ()
    assert channel(dealer, told)["last_delivered_at"]


async def test_mail_has_an_address_and_a_language(outbox, dealer, queue, database):
    database.execute("update notification_deliveries set next_try_at = '2099-01-01'")
    ask(dealer, "email", language="fr")
    ask(dealer, "email", person=dealer.colleague_id, scope="organization")
    address = add_address(dealer, dealer.creator_id)
    dealer.insert_job([{}] * 3)
    await end_job(dealer, queue)
    assert await claim(outbox, ["webhook"]) == ()
    [delivery] = await claim(outbox)
    assert (delivery.address, delivery.language) == (address, "fr")
    assert UUID(delivery.unsubscribe_token)
    # The colleague has no address that is known.
    [dropped] = [d for d in deliveries(dealer) if d["status"] == "dropped"]
    assert dropped["last_error"] == "this person has no confirmed address"


def test_many_workers_at_once_each_get_something_else(stack, dealer, database):
    database.execute("update notification_deliveries set next_try_at = '2099-01-01'")
    people = [uuid4() for _ in range(30)]
    for person in people:
        dealer.execute(
            "insert into profiles (id, organization_id, email) values (%s, %s, 'a@x.test')",
            person,
            dealer.organization_id,
        )
        ask(dealer, "email", person=person, scope="organization")
    for number in range(2):
        dealer.execute(
            "select import_internal.tell(%s, 'import.failed', %s, null, null, null, '{}', now())",
            dealer.organization_id,
            f"{dealer.organization_id}-{number}",
        )

    def claim_all(name):
        with psycopg.connect(stack.db_url, autocommit=True) as connection:
            found = []
            while True:
                query = "select claim_notifications(%s, 60, 3, '{email}')"
                told = connection.execute(query, [name]).fetchone()[0]["deliveries"]
                if not told:
                    return found
                found += [one["id"] for one in told]

    with ThreadPoolExecutor() as threads:
        claimed = [one for some in threads.map(claim_all, "abcdef") for one in some]
    # Of each channel one at a time: the second waits for the first.
    assert len(claimed) == len(set(claimed)) == 30


@pytest.mark.usefixtures("told")
async def test_one_at_a_time_and_in_order(outbox, other, dealer, queue):
    dealer.insert_job([{}] * 3)
    await end_job(dealer, queue)
    [first] = await claim(outbox)
    assert await claim(other) == ()
    await outbox.settle(first, DELIVERED)
    [second] = await claim(other)
    assert second.notification_id != first.notification_id


async def test_a_worker_that_dies_leaves_a_lease_that_runs_out(outbox, other, dealer, told):
    [first] = await claim(outbox)
    expire_leases(dealer)
    [again] = await claim(other)
    assert (again.id, again.notification_id) == (first.id, first.notification_id)
    assert again.attempt == 2
    # It was only slow: what it says counts if it arrived.
    assert await outbox.settle(first, Verdict("gone", "410")) == "pending"
    assert channel(dealer, told)["is_enabled"]
    assert await outbox.settle(first, DELIVERED) == "delivered"
    assert await other.settle(again, Verdict("retry", "no")) == "delivered"


async def test_ten_tries_and_then_it_has_failed(outbox, dealer, told):
    for attempt in range(1, 11):
        due(dealer)
        [delivery] = await claim(outbox)
        assert delivery.attempt == attempt
        status = await outbox.settle(delivery, Verdict("retry", "There is nobody at the address."))
        assert status == ("pending" if attempt < 10 else "failed")
    [row] = deliveries(dealer)
    assert row["last_error"] == "There is nobody at the address."
    assert channel(dealer, told)["last_failure"] == row["last_error"]
    assert channel(dealer, told)["is_enabled"]


@pytest.mark.usefixtures("told")
async def test_a_try_comes_when_it_should(outbox, dealer):
    [delivery] = await claim(outbox)
    await outbox.settle(delivery, Verdict("retry", "no", retry_after=600))
    seconds = "select extract(epoch from next_try_at - now()) from notification_deliveries"
    left = dealer.scalar(f"{seconds} where id = %s", delivery.id)
    assert 500 < left <= 600
    claimed = await outbox.claim(KINDS, 50)
    assert claimed.deliveries == ()
    assert claimed.next_in <= 600


async def test_410_switches_the_channel_off_and_its_owner_on_again(outbox, dealer, queue, told):
    [delivery] = await claim(outbox)
    assert await outbox.settle(delivery, Verdict("gone", "It answered 410.")) == "failed"
    hook = channel(dealer, told)
    assert (hook["is_enabled"], hook["disabled_reason"]) == (False, "It answered 410.")
    dealer.insert_job([{}] * 3)
    await end_job(dealer, queue)
    assert len(entries(dealer)) == 1
    dealer.execute("update notification_channels set is_enabled = true where id = %s", told)
    hook = channel(dealer, told)
    assert (hook["disabled_reason"], hook["last_failure"]) == (None, None)


async def test_what_was_switched_off_or_left_meanwhile_is_not_sent(outbox, dealer, told):
    dealer.execute("update notification_channels set is_enabled = false where id = %s", told)
    assert await claim(outbox) == ()
    [row] = deliveries(dealer)
    assert (row["status"], row["last_error"]) == ("dropped", "the channel was switched off")


@pytest.mark.usefixtures("told")
async def test_old_news_is_not_sent(outbox, dealer):
    dealer.execute("update notification_deliveries set expires_at = now()")
    assert await claim(outbox) == ()
    [row] = deliveries(dealer)
    assert (row["status"], row["last_error"]) == ("failed", "no worker could send it in four days")


@pytest.mark.usefixtures("told")
async def test_what_failed_can_be_sent_again(outbox):
    [delivery] = await claim(outbox)
    await outbox.settle(delivery, Verdict("failed", "no"))
    assert await outbox.replay(uuid4()) == 0
    assert await outbox.replay(None) >= 1
    [again] = await claim(outbox)
    assert (again.notification_id, again.attempt) == (delivery.notification_id, 1)
    await outbox.settle(again, DELIVERED)
    for of_id in (again.id, again.notification_id):
        assert await outbox.replay(of_id) == 1
        [once_more] = await claim(outbox)
        await outbox.settle(once_more, DELIVERED)


async def test_a_part_that_is_inserted_meanwhile_is_waited_for(outbox, dealer, queue, database):
    database.execute("update notification_deliveries set next_try_at = '2099-01-01'")
    ask(dealer, "webhook")
    dealer.insert_job([{}] * 3, file_name="x_part1.csv")
    await end_job(dealer, queue)
    due(dealer)
    dealer.insert_job([{}] * 3, file_name="x_part2.csv")
    claimed = await outbox.claim(KINDS, 50)
    assert claimed.deliveries == ()
    assert 0 < claimed.next_in <= 10


async def test_both_secrets_for_a_day_after_a_change(outbox, dealer, told):
    dealer.execute("update notification_channels set secret = '' where id = %s", told)
    hook = channel(dealer, told)
    [delivery] = await claim(outbox)
    assert delivery.secrets == (hook["secret"], hook["previous_secret"])
    await outbox.release(delivery)
    dealer.execute(
        "update notification_channels set secret_rotated_at = now() - interval '25 hours'"
        " where id = %s",
        told,
    )
    [delivery] = await claim(outbox)
    assert (delivery.secrets, delivery.attempt) == ((hook["secret"],), 1)


# The loop.


class Way:
    """A fake that sends nowhere: it stands still where a real way passes."""

    def __init__(self, verdict=DELIVERED):
        self.verdict = verdict
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.sent = []

    async def wait(self):
        async with asyncio.timeout(120):
            await self.begun.wait()

    async def __call__(self, delivery):
        self.sent.append(delivery)
        self.begun.set()
        await self.may_end.wait()
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return self.verdict


def start(outbox, way):
    wake, stop = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(loop.deliver(outbox, {"webhook": way}, wake, stop, once=False))

    def end():
        stop.set()
        wake.set()
        return running

    return wake, end


@pytest.mark.usefixtures("told")
async def test_what_ends_while_it_waits_is_told_at_once(outbox, dealer, queue, monkeypatch):
    monkeypatch.setattr(loop, "_POLL_SECONDS", 600)
    way = Way()
    way.may_end.set()
    wake, end = start(outbox, way)
    await way.wait()
    way.begun.clear()
    dealer.insert_job([{}] * 3)
    await end_job(dealer, queue)
    wake.set()
    await way.wait()
    async with asyncio.timeout(120):
        await end()
    assert len(way.sent) == 2
    assert [row["status"] for row in deliveries(dealer)] == ["delivered"] * 2


async def test_ends_that_nobody_is_told_of_are_looked_at_once_and_a_stop_at_once(
    outbox, monkeypatch
):
    monkeypatch.setattr(loop, "_LEAST_SECONDS", 600)
    looks = []
    claim = outbox.claim

    async def counted(*arguments):
        looks.append(await claim(*arguments))
        return looks[-1]

    monkeypatch.setattr(outbox, "claim", counted)
    wake, end = start(outbox, Way())
    async with asyncio.timeout(120):
        while not looks:
            await asyncio.sleep(0.01)
        for _ in range(20):
            wake.set()
            await asyncio.sleep(0.01)
        await end()
    assert [look.deliveries for look in looks] == [()]


@pytest.mark.usefixtures("told")
async def test_a_stop_lets_land_what_is_under_way(outbox, dealer):
    way = Way()
    _, end = start(outbox, way)
    await way.wait()
    stopping = end()
    way.may_end.set()
    async with asyncio.timeout(120):
        await stopping
    assert [row["status"] for row in deliveries(dealer)] == ["delivered"]


@pytest.mark.usefixtures("told")
async def test_and_gives_back_what_takes_too_long(outbox, dealer, monkeypatch):
    monkeypatch.setattr(loop, "_LAND_SECONDS", 0)
    way = Way()
    _, end = start(outbox, way)
    await way.wait()
    async with asyncio.timeout(120):
        await end()
    [row] = deliveries(dealer)
    assert (row["status"], row["attempts"], row["leased_by"]) == ("pending", 0, None)


@pytest.mark.usefixtures("told")
async def test_a_fault_of_ours_stops_nobody(outbox, dealer):
    way = Way(KeyError("secret"))
    way.may_end.set()
    _, end = start(outbox, way)
    await way.wait()
    async with asyncio.timeout(120):
        await end()
    [row] = deliveries(dealer)
    assert (row["status"], row["attempts"]) == ("pending", 1)
    assert row["last_error"] == "It could not be sent because of a fault on our side."


@pytest.mark.usefixtures("told")
async def test_a_database_that_is_away_stops_nobody(stack, outbox, dealer, monkeypatch):
    monkeypatch.setattr(loop, "_POLL_SECONDS", 0)
    way = Way()
    way.may_end.set()
    rules = (
        HttpRule("/rpc/claim_notifications", "status", count=1),
        HttpRule("/rpc/claim_notifications", "status", count=1, status=404),
        HttpRule("/rpc/claim_notifications", "status", count=1, status=200, body='{"odd": 1}'),
    )
    with stack.faults.injected(Faults(http=rules)):
        _, end = start(outbox, way)
        await way.wait()
    async with asyncio.timeout(120):
        await end()
    assert [row["status"] for row in deliveries(dealer)] == ["delivered"]


# The link in a mail.


async def test_a_program_posts_and_a_person_is_asked_first(outbox, dealer, told):
    application = web.Application()
    application.add_routes(unsubscribing(outbox.unsubscribe))
    token = channel(dealer, told)["unsubscribe_token"]
    async with TestClient(TestServer(application)) as client:
        asked = await client.get(f"/unsubscribe/{token}")
        assert (asked.status, "<form method='post'>" in await asked.text()) == (200, True)
        assert "default-src 'none'" in asked.headers["Content-Security-Policy"]
        assert channel(dealer, told)["is_enabled"]
        for unknown in (uuid4(), "x", "%00"):
            assert (await client.post(f"/unsubscribe/{unknown}")).status == 404
        for _ in range(2):
            done = await client.post(
                f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"}
            )
            assert done.status == 200
        assert not channel(dealer, told)["is_enabled"]
