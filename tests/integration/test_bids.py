"""Bids in the database: always inserted, and once."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from worker.exceptions import RunLostError


def bids(dealer):
    return dealer.connection.execute(
        "select * from bids where organization_id = %s order by project_name",
        [dealer.organization_id],
    ).fetchall()


def bid(row_number, **cells):
    return {
        "row_number": row_number,
        "client_name": "Ann",
        "project_name": f"Deck {row_number}",
    } | cells


async def begin_job(queue, dealer, rows, **columns):
    dealer.insert_job([{}] * rows, data_type="bids", **columns)
    return await dealer.claim(queue)


async def apply(queue, run_id, rows):
    span = range(rows[0]["row_number"], rows[-1]["row_number"] + 1)
    result = await queue.apply_batch("apply_bids_batch", run_id, span, rows, [])
    return result.created, result.updated, result.failed


async def test_what_is_absent_gets_defaults(queue, dealer):
    job = await begin_job(queue, dealer, 2)
    given = {
        "description": "Of wood",
        "subtotal": "100.10",
        "tax_amount": "13.01",
        "total": "113.11",
        "status": "sent",
        "valid_until": "2027-01-31",
        "notes": "Soon",
        "terms": "Cash",
    }
    assert await apply(queue, job.run_id, [bid(1), bid(2, **given)]) == (2, 0, 0)
    plain, full = bids(dealer)
    assert (plain["status"], plain["terms"]) == ("draft", "Payment due within 30 days")
    assert abs(plain["valid_until"] - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=1)
    assert (plain["description"], plain["total"], plain["notes"]) == (None, None, None)
    assert full["valid_until"] == datetime(2027, 1, 31, tzinfo=UTC)
    for name in given.keys() - {"valid_until"}:
        value = full[name]
        assert (str(value) if isinstance(value, Decimal) else value) == given[name]


@pytest.mark.parametrize("creator", ["creator", "stranger", None])
async def test_whose_they_are(queue, dealer, make_dealer, creator):
    other = make_dealer()
    people = {"creator": dealer.creator_id, "stranger": other.creator_id}
    job = await begin_job(queue, dealer, 1, created_by=people.get(creator))
    forged = {
        "organization_id": other.organization_id,
        "created_by": str(other.creator_id),
        "created_at": "1999-01-01",
        "id": "0e000000-0000-4000-8000-00000000000e",
    }
    await apply(queue, job.run_id, [bid(1, **forged)])
    [made] = bids(dealer)
    assert made["created_by"] == (dealer.creator_id if creator == "creator" else None)
    assert made["created_at"].year > 1999
    assert str(made["id"]) != forged["id"]
    assert bids(other) == []


async def test_alike_bids_are_several(queue, dealer):
    job = await begin_job(queue, dealer, 2)
    rows = [bid(1, project_name="Deck"), bid(2, project_name="Deck")]
    assert await apply(queue, job.run_id, rows) == (2, 0, 0)


async def test_a_batch_lands_once_however_often_it_is_sent(queue, dealer):
    job = await begin_job(queue, dealer, 50)
    rows = [bid(number) for number in range(1, 51)]
    sent = await asyncio.gather(*(apply(queue, job.run_id, rows) for _ in range(6)))
    assert set(sent) == {(50, 0, 0)}
    assert len(bids(dealer)) == 50


async def test_a_takeover_doubles_none(queue, dealer):
    old = await begin_job(queue, dealer, 4)
    await apply(queue, old.run_id, [bid(1), bid(2)])
    dealer.expire_lease(old.run_id)
    new = await dealer.claim(queue)
    assert new.applied == (range(1, 3),)
    with pytest.raises(RunLostError):
        await apply(queue, old.run_id, [bid(3), bid(4)])
    await apply(queue, new.run_id, [bid(1), bid(2)])  # the ledger has them
    await apply(queue, new.run_id, [bid(3), bid(4)])
    result = await queue.finish(new.run_id, "completed")
    assert (result.created, result.unprocessed) == (4, 0)
    assert len(bids(dealer)) == 4


async def test_a_refused_bid_does_not_take_its_neighbours_along(queue, dealer):
    job = await begin_job(queue, dealer, 3)
    rows = [bid(1), bid(2, total="a lot"), bid(3)]
    assert await apply(queue, job.run_id, rows) == (2, 0, 1)
    assert [row["project_name"] for row in bids(dealer)] == ["Deck 1", "Deck 3"]
