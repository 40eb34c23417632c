"""Rehearsed, judged, written, set to 0: exactly once, whoever dies and whatever comes twice."""

import asyncio

import httpx
import pytest

from worker.exceptions import JobCancelledError, JobRefusedError, RequestRefusedError, RunLostError


def item(row_number, price):
    return {"row_number": row_number, "sku": f"A{row_number}", "unit_price": price}


async def apply(queue, job, first, last, price=1100):
    rows = [item(number, price) for number in range(first, last + 1)]
    span = range(first, last + 1)
    result = await queue.apply_batch("apply_inventory_batch", job.run_id, span, rows, [])
    return result.created, result.updated, result.unchanged, result.failed


def add_items(dealer, count):
    dealer.execute(
        "insert into inventory (organization_id, sku, name, unit_price, quantity)"
        " select %s, 'A' || n, 'Bolt ' || n, 1000, 10 from generate_series(1, %s) n",
        dealer.organization_id,
        count,
    )


def prices(dealer):
    return [item["unit_price"] for item in dealer.inventory()]


def insert_job(dealer, rows, **options):
    return dealer.insert_job(None, file_data={"records": [{}] * rows, "options": options})


@pytest.fixture
async def guarded(queue, dealer):
    """A job of 4 rows about 4 items, claimed, whose prices may leap by half at most."""
    add_items(dealer, 4)
    dealer.set_guards(leap_percent=50, leaping_items_percent=50)
    insert_job(dealer, 4)
    return await dealer.claim(queue)


async def test_nothing_is_written_before_it_is_judged(queue, dealer, guarded):
    assert guarded.guards == {"leap_percent": 50, "leaping_items_percent": 50}
    for _ in range(2):  # an answer was lost
        assert await apply(queue, guarded, 1, 2) == (0, 2, 0, 0)
    with pytest.raises(RequestRefusedError):
        await queue.judge(guarded.run_id)  # rows 3 and 4 are not known yet
    assert await apply(queue, guarded, 3, 4, price=100) == (0, 2, 0, 0)
    assert prices(dealer) == [1000] * 4
    for _ in range(2):
        await queue.judge(guarded.run_id)
    assert await apply(queue, guarded, 1, 2) == (0, 2, 0, 0)
    assert await apply(queue, guarded, 3, 4, price=100) == (0, 2, 0, 0)
    assert prices(dealer) == [1100, 1100, 100, 100]
    await queue.judge(guarded.run_id)  # one that comes late changes nothing
    result = await queue.finish(guarded.run_id, "completed")
    assert (result.updated, result.unprocessed) == (4, 0)


async def test_the_same_rehearsal_twice_at_once_counts_once(queue, dealer, guarded):
    dealer.execute(
        "update import_guards set leaping_items_percent = 100 where organization_id = %s",
        dealer.organization_id,
    )
    results = await asyncio.gather(*(apply(queue, guarded, 1, 4, price=100) for _ in range(4)))
    assert set(results) == {(0, 4, 0, 0)}
    # It is judged by what held when it was claimed.
    with pytest.raises(JobRefusedError, match="4 of 4"):
        await queue.judge(guarded.run_id)


async def test_what_is_held_is_never_written(queue, dealer, guarded):
    await apply(queue, guarded, 1, 4, price=100)
    for _ in range(2):
        with pytest.raises(JobRefusedError, match="Nothing was written"):
            await queue.judge(guarded.run_id)
    assert await apply(queue, guarded, 1, 4, price=100) == (0, 4, 0, 0)
    assert prices(dealer) == [1000] * 4
    with pytest.raises(RequestRefusedError):
        await queue.finish(guarded.run_id, "completed")
    await queue.finish(guarded.run_id, "failed", "held")
    [run] = dealer.runs(guarded.job_id)
    assert (run["outcome"], run["unprocessed"], run["judged_at"]) == ("failed", 4, None)
    assert run["rehearsal"]["rows"] == {"new": 0, "changed": 4, "unchanged": 0, "refused": 0}


async def test_a_takeover_in_the_rehearsal_judges_anew(queue, dealer, guarded):
    await apply(queue, guarded, 1, 4, price=100)  # would be held
    dealer.expire_lease(guarded.run_id)
    again = await dealer.claim(queue)
    assert (again.applied, again.guards) == ((), guarded.guards)
    with pytest.raises(RunLostError):
        await apply(queue, guarded, 1, 4)
    with pytest.raises(RequestRefusedError):
        await queue.judge(again.run_id)
    await apply(queue, again, 1, 4)
    await queue.judge(again.run_id)
    await apply(queue, again, 1, 4)
    assert prices(dealer) == [1100] * 4


async def test_a_takeover_between_judgement_and_rows_judges_anew(queue, dealer, guarded):
    await apply(queue, guarded, 1, 4)
    await queue.judge(guarded.run_id)
    dealer.expire_lease(guarded.run_id)
    again = await dealer.claim(queue)
    assert again.guards == guarded.guards
    await apply(queue, again, 1, 4)
    assert prices(dealer) == [1000] * 4


async def test_once_rows_are_written_it_is_too_late_to_judge(queue, dealer, guarded):
    await apply(queue, guarded, 1, 4)
    await queue.judge(guarded.run_id)
    await apply(queue, guarded, 1, 2)
    dealer.expire_lease(guarded.run_id)
    again = await dealer.claim(queue)
    assert (again.applied, again.guards) == ((range(1, 3),), {})
    await apply(queue, again, 3, 4)
    assert prices(dealer) == [1100] * 4
    result = await queue.finish(again.run_id, "completed")
    assert (result.updated, result.unprocessed) == (4, 0)


async def test_a_cancel_in_the_rehearsal_leaves_nothing(queue, dealer, guarded):
    await apply(queue, guarded, 1, 2)
    dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", guarded.job_id)
    for call in (apply(queue, guarded, 3, 4), queue.judge(guarded.run_id)):
        with pytest.raises(JobCancelledError):
            await call
    result = await queue.finish(guarded.run_id, "cancelled")
    assert (result.outcome, result.updated, result.unprocessed) == ("cancelled", 0, 4)
    left = "select count(*) from import_internal.rehearsals where job_id = %s"
    assert dealer.scalar(left, guarded.job_id) == 0


async def test_a_job_that_is_cancelled_between_two_attempts_leaves_nothing(queue, dealer, guarded):
    await apply(queue, guarded, 1, 2)
    await queue.release(guarded.run_id)
    dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", guarded.job_id)
    while (await queue.claim(50, orphan_after_seconds=900)).jobs:
        pass  # other tests' leftovers: what sweeps is a claim that brings nothing
    left = "select count(*) from import_internal.rehearsals where job_id = %s"
    assert dealer.scalar(left, guarded.job_id) == 0


async def test_refused_rows_are_kept_once(queue, dealer, guarded):
    rows = [item(number, 10**10) for number in range(1, 5)]  # more than the column takes
    for judged in (False, True):
        result = await queue.apply_batch(
            "apply_inventory_batch", guarded.run_id, range(1, 5), rows, []
        )
        assert result.failed == 4
        assert [error["row_number"] for error in dealer.errors()] == [1, 2, 3, 4]
        if not judged:
            await queue.judge(guarded.run_id)
            assert dealer.errors() == []


# What the file lacks.


def quantities(dealer):
    return {item["sku"]: item["quantity"] for item in dealer.inventory()}


@pytest.fixture
async def full_list(queue, dealer):
    """A full list of A1 and A2, claimed, of an organization that has A1 to A9."""
    add_items(dealer, 9)
    dealer.set_guards(missing_percent=90)
    insert_job(dealer, 2, missing="zero")
    return await dealer.claim(queue)


async def list_and_apply(queue, job):
    for _ in range(2):
        await queue.list_items(job.run_id, ["A1", "A2", "A2"])
        assert await queue.find_missing_items(job.run_id) == 7
    await queue.judge(job.run_id)
    await apply(queue, job, 1, 2)


async def test_it_becomes_0_in_steps(queue, dealer, full_list):
    await list_and_apply(queue, full_list)
    with pytest.raises(RequestRefusedError):
        await queue.finish(full_list.run_id, "completed")
    steps = [await queue.zero_missing_items(full_list.run_id, 3) for _ in range(4)]
    assert [(step.zeroed, step.left) for step in steps] == [(3, 4), (6, 1), (7, 0), (7, 0)]
    result = await queue.finish(full_list.run_id, "completed")
    assert (result.updated, result.unprocessed, result.zeroed) == (2, 0, 7)
    assert quantities(dealer) == {"A1": 10, "A2": 10} | {f"A{n}": 0 for n in range(3, 10)}


async def test_steps_at_once_do_each_item_once(queue, dealer, full_list):
    await list_and_apply(queue, full_list)
    steps = await asyncio.gather(*(queue.zero_missing_items(full_list.run_id, 2) for _ in range(4)))
    assert sorted(step.zeroed for step in steps) == [2, 4, 6, 7]
    changes = dealer.connection.execute(
        "select value from import_changes c, jsonb_array_elements(c.changes -> 'quantity')"
        " where c.organization_id = %s order by 1", [dealer.organization_id],
    ).fetchall()  # fmt: skip
    assert [change["value"] for change in changes] == [[row, 10, 0] for row in range(3, 10)]


async def test_not_before_the_rows_are_written(queue, dealer, full_list):
    await queue.list_items(full_list.run_id, ["A1", "A2"])
    await queue.find_missing_items(full_list.run_id)
    for _ in range(2):
        with pytest.raises(RequestRefusedError):
            await queue.zero_missing_items(full_list.run_id, 3)
        await queue.judge(full_list.run_id)
    await apply(queue, full_list, 1, 1)
    with pytest.raises(RequestRefusedError):
        await queue.zero_missing_items(full_list.run_id, 3)
    assert set(quantities(dealer).values()) == {10}


async def test_a_takeover_goes_on_where_it_stopped(queue, dealer, full_list):
    await list_and_apply(queue, full_list)
    await queue.zero_missing_items(full_list.run_id, 3)
    # One that was set to 0 has come in again since: nobody takes it away a second time.
    restocked = "update inventory set quantity = 5 where organization_id = %s and quantity = 0"
    dealer.execute(restocked, dealer.organization_id)
    dealer.expire_lease(full_list.run_id)
    again = await dealer.claim(queue)
    assert (again.applied, again.guards) == ((range(1, 3),), {})
    assert await queue.find_missing_items(again.run_id) == 4  # is settled
    step = await queue.zero_missing_items(again.run_id, 100)
    assert (step.zeroed, step.left) == (7, 0)
    assert sorted(quantities(dealer).values()) == [0] * 4 + [5] * 3 + [10] * 2
    result = await queue.finish(again.run_id, "completed")
    assert (result.updated, result.zeroed) == (2, 7)


async def test_an_item_that_somebody_adds_or_empties_meanwhile_is_left_alone(
    queue, dealer, full_list
):
    await list_and_apply(queue, full_list)
    dealer.execute(
        "insert into inventory (organization_id, sku, name, quantity) values (%s, 'B', 'B', 3)",
        dealer.organization_id,
    )
    dealer.execute(
        "update inventory set quantity = 0 where organization_id = %s and sku = 'A3'",
        dealer.organization_id,
    )
    dealer.execute(
        "delete from inventory where organization_id = %s and sku = 'A4'", dealer.organization_id
    )
    step = await queue.zero_missing_items(full_list.run_id, 100)
    assert (step.zeroed, step.left) == (5, 0)
    assert quantities(dealer)["B"] == 3


async def test_a_cancel_stops_between_two_steps(queue, dealer, full_list):
    await list_and_apply(queue, full_list)
    await queue.zero_missing_items(full_list.run_id, 3)
    dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", full_list.job_id)
    with pytest.raises(JobCancelledError):
        await queue.zero_missing_items(full_list.run_id, 3)
    result = await queue.finish(full_list.run_id, "cancelled")
    assert (result.outcome, result.updated, result.zeroed) == ("cancelled", 2, 3)


async def test_a_takeover_before_the_first_row_lists_anew(queue, dealer, full_list):
    """What an earlier attempt listed may be of a file that was another one then."""
    await queue.list_items(full_list.run_id, ["A1", "A2", "A3", "A4"])
    await queue.find_missing_items(full_list.run_id)
    dealer.expire_lease(full_list.run_id)
    again = await dealer.claim(queue)
    await list_and_apply(queue, again)
    assert await queue.find_missing_items(again.run_id) == 7


# Who sets guards.


def headers(dealer, token):
    return {"apikey": dealer.stack.keys.publishable, "Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("role", ["admin", "super_admin", "manager", "standard_user"])
def test_admins_set_their_organizations_guards(dealer, make_dealer, role):
    other = make_dealer()
    other.set_guards(refused_percent=5)
    dealer.execute("update profiles set role = %s where id = %s", role, dealer.creator_id)
    may = role in {"admin", "super_admin"}
    url = f"{dealer.stack.url}/rest/v1/import_guards"
    with httpx.Client(headers=headers(dealer, dealer.creator_token)) as http:
        ours = {"organization_id": dealer.organization_id, "refused_percent": 1}
        assert http.post(url, json=ours).is_success == may
        if not may:
            dealer.set_guards(refused_percent=1)
        theirs = {"organization_id": other.organization_id, "refused_percent": 1}
        assert not http.post(url, json=theirs).is_success
        http.patch(url, params={"refused_percent": "gt.0"}, json={"refused_percent": 7})
        http.patch(url, params={"refused_percent": "gt.0"},
                   json={"organization_id": other.organization_id})  # fmt: skip
        seen = http.get(url, params={"select": "organization_id,refused_percent"}).json()
        assert seen == [{"organization_id": dealer.organization_id,
                         "refused_percent": 7 if may else 1}]  # fmt: skip
        http.delete(url, params={"refused_percent": "gt.0"})
    left = "select count(*) from import_guards where organization_id = %s"
    assert dealer.scalar(left, dealer.organization_id) == (0 if may else 1)
    percent = "select refused_percent from import_guards where organization_id = %s"
    assert dealer.scalar(percent, other.organization_id) == 5
