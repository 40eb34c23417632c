"""Undoing in the database: field by field, and why something is kept."""

from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from tests.undoing import carry_out, edit, import_rows, insert_undo, item, snapshot, undo
from worker.exceptions import JobRefusedError


def kept(dealer):
    return [error["message"] for error in dealer.errors()]


async def test_everything_goes_back(queue, dealer):
    await import_rows(queue, dealer, item("A", unit_price=100), item("B", cost=5), item("C"))
    before = snapshot(dealer)
    job_id = await import_rows(
        queue,
        dealer,
        {"sku": "A", "unit_price": 150, "price_tier_1": 0},
        item("B", name="Saw", category="Tools", description="Sharp", search_keywords="b,saw"),
        item("D", quantity=3),
    )
    assert len(snapshot(dealer)) == 4
    ended = await undo(queue, dealer, job_id)
    assert snapshot(dealer) == before
    assert ended["status"] == "completed"
    assert ended["error_message"] == "Undone: 2 restored and 1 removed."
    assert ended["record_count"] == 3
    assert ended["progress"] == {"current": 3, "total": 3, "percent": 100}
    [run] = dealer.runs(ended["id"])
    assert (run["created"], run["updated"], run["removed"], run["failed"]) == (0, 3, 1, 0)


async def test_what_somebody_changed_since_stays_field_by_field(queue, dealer):
    await import_rows(queue, dealer, item("A", unit_price=100, cost=50), item("B", unit_price=1))
    job_id = await import_rows(
        queue, dealer, {"sku": "A", "unit_price": 150, "cost": 70}, {"sku": "B", "unit_price": 2}
    )
    edit(dealer, "A", unit_price=160, image_url="x.png")
    ended = await undo(queue, dealer, job_id)
    assert dealer.inventory("sku, unit_price, cost, image_url") == [
        {"sku": "A", "unit_price": 160, "cost": 50, "image_url": "x.png"},
        {"sku": "B", "unit_price": 1, "cost": None, "image_url": None},
    ]
    day = dealer.scalar("select to_char(now() at time zone 'UTC', 'FMDD FMMonth YYYY')")
    message = f"A: unit price was changed on {day} by hand"
    assert kept(dealer) == [message]
    assert ended["error_message"] == f"Undone: 1 restored and 1 kept as they are.\n{message}"
    assert ended["record_count"] == 1
    [error] = dealer.errors()
    assert error["field"] == "unit_price"
    [field] = error["row"].pop("fields")
    assert (field["before"], field["imported"], field["now"]) == (100, 150, 160)
    assert (error["row"]["record"], error["row"]["row"]) == ("A", 1)


async def test_what_somebody_set_back_by_hand_is_as_it_was(queue, dealer):
    await import_rows(queue, dealer, item("A", unit_price=100))
    job_id = await import_rows(queue, dealer, {"sku": "A", "unit_price": 150})
    edit(dealer, "A", unit_price=100)
    assert (await undo(queue, dealer, job_id))["error_message"] == "Undone: 1 restored."


@pytest.mark.parametrize("column", ["unit_price", "image_url", "created_at"])
async def test_a_new_item_that_somebody_changed_stays(queue, dealer, column):
    job_id = await import_rows(queue, dealer, item("A"), item("B"))
    edit(dealer, "A", **{column: {"unit_price": 7, "image_url": "x"}.get(column, "2020-01-01")})
    ended = await undo(queue, dealer, job_id)
    assert [row["sku"] for row in dealer.inventory()] == ["A"]
    assert ended["error_message"].startswith("Undone: 1 removed and 1 kept as they are.\nA: it was")
    assert ended["error_message"].endswith(" by hand")


async def test_a_new_item_with_other_keywords_is_as_it_was_made(queue, dealer):
    job_id = await import_rows(queue, dealer, item("A"))
    edit(dealer, "A", search_keywords=["other"], keyword_version="kw_v2")
    await undo(queue, dealer, job_id)
    assert dealer.inventory() == []


async def test_a_column_that_the_crm_added_since_counts(queue, dealer):
    job_id = await import_rows(queue, dealer, item("A"), item("B"), item("C"))
    dealer.execute("alter table inventory add column shelf text default 'none', add column n int")
    try:
        edit(dealer, "A", shelf="7")
        edit(dealer, "B", n=0)
        await undo(queue, dealer, job_id)
        assert [row["sku"] for row in dealer.inventory()] == ["A", "B"]
    finally:
        dealer.execute("alter table inventory drop column shelf, drop column n")


@pytest.mark.parametrize("on_delete", ["no action", "restrict", "cascade", "set null"])
async def test_a_new_item_that_something_refers_to_stays(queue, dealer, on_delete):
    dealer.execute(
        "create table public.bid_lines (item_id uuid references inventory (id)"
        f" on delete {on_delete}); grant select on public.bid_lines to service_role;"
    )
    try:
        job_id = await import_rows(queue, dealer, item("A"), item("B"))
        dealer.execute("insert into bid_lines select id from inventory where sku = 'A'")
        await undo(queue, dealer, job_id)
        assert [row["sku"] for row in dealer.inventory()] == ["A"]
        assert kept(dealer) == ["A: bid lines refer to it"]
        assert dealer.scalar("select count(*) from bid_lines where item_id is not null") == 1
    finally:
        dealer.execute("drop table public.bid_lines")


@pytest.mark.parametrize(
    ("on_delete", "stay", "why"),
    [
        ("cascade", ["A", "B"], "bid lines may refer to it, and cannot be read"),
        ("no action", ["A"], "something refers to it, or it to what is gone"),
    ],
)
async def test_where_the_worker_may_not_look(queue, dealer, on_delete, stay, why):
    dealer.execute(
        "create table public.bid_lines (item_id uuid references inventory (id)"
        f" on delete {on_delete})"
    )
    try:
        job_id = await import_rows(queue, dealer, item("A"), item("B"))
        dealer.execute("insert into bid_lines select id from inventory where sku = 'A'")
        await undo(queue, dealer, job_id)
        assert [row["sku"] for row in dealer.inventory()] == stay
        assert len(kept(dealer)) == len(stay)
        assert all(message.endswith(why) for message in kept(dealer))
    finally:
        dealer.execute("drop table public.bid_lines")


async def test_what_was_deleted_since(queue, dealer):
    await import_rows(queue, dealer, item("A"))
    job_id = await import_rows(queue, dealer, {"sku": "A", "cost": 1}, item("B"), item("C"))
    dealer.execute("delete from inventory where sku in ('A', 'B')")
    ended = await undo(queue, dealer, job_id)
    assert dealer.inventory() == []
    assert ended["error_message"].splitlines() == [
        "Undone: 1 removed and 2 kept as they are.",
        "a record that is gone: it was deleted since",
        "a record that is gone: it was deleted since",
    ]


async def test_a_later_import_over_the_same_rows(queue, dealer):
    await import_rows(queue, dealer, item("A", unit_price=100, cost=1))
    job_id = await import_rows(queue, dealer, {"sku": "A", "unit_price": 150, "cost": 2}, item("B"))
    await import_rows(
        queue, dealer, {"sku": "A", "unit_price": 170}, {"sku": "B", "cost": 9}, file_name="new.csv"
    )
    await undo(queue, dealer, job_id)
    day = dealer.scalar("select to_char(now() at time zone 'UTC', 'FMDD FMMonth YYYY')")
    assert kept(dealer) == [
        f"A: unit price was changed on {day} by new.csv",
        f"B: it was changed on {day} by new.csv",
    ]
    assert dealer.inventory("unit_price, cost")[0] == {"unit_price": 170, "cost": 1}


async def test_all_parts_of_an_upload_at_once_the_newest_first(queue, dealer):
    await import_rows(queue, dealer, item("A", cost=1))
    before = snapshot(dealer)
    parts = [
        await import_rows(queue, dealer, {"sku": "A", "cost": 2}, item("B")),
        await import_rows(queue, dealer, {"sku": "A", "cost": 3}, {"sku": "B", "cost": 4}),
        await import_rows(queue, dealer, {"sku": "A", "cost": 5}, item("C"), size=1),
    ]
    ended = await undo(queue, dealer, *parts)
    assert snapshot(dealer) == before
    assert ended["error_message"] == "Undone: 4 restored and 2 removed."


async def test_an_undo_can_be_undone_and_that_one_too(queue, dealer):
    await import_rows(queue, dealer, item("A", unit_price=100))
    before = snapshot(dealer)
    job_id = await import_rows(
        queue, dealer, item("A", name="Saw", unit_price=150, search_keywords="a,saw"), item("B")
    )
    after = snapshot(dealer)
    undone = await undo(queue, dealer, job_id)
    assert snapshot(dealer) == before
    redone = await undo(queue, dealer, undone["id"])
    assert snapshot(dealer) == after
    assert redone["error_message"] == "Undone: 1 put in again and 1 restored."
    # The import stands again, and can be undone like any other; or the undo of its undo can.
    undone = await undo(queue, dealer, redone["id"])
    assert snapshot(dealer) == before
    assert "was undone already" in (await undo(queue, dealer, job_id))["error_message"]
    await undo(queue, dealer, undone["id"])
    assert snapshot(dealer) == after
    await undo(queue, dealer, job_id)
    assert snapshot(dealer) == before


async def test_what_was_removed_is_not_put_beside_another_of_its_sku(queue, dealer):
    job_id = await import_rows(queue, dealer, item("A"), item("B"))
    undone = await undo(queue, dealer, job_id)
    await import_rows(queue, dealer, item("A", cost=7))
    redone = await undo(queue, dealer, undone["id"])
    assert [(row["sku"], row["cost"]) for row in dealer.inventory()] == [("A", 7), ("B", None)]
    assert (
        redone["error_message"].splitlines()[0] == "Undone: 1 put in again and 1 kept as they are."
    )
    assert kept(dealer) == ["A: another one was added since that must not stand beside it"]


# Keywords follow.


async def test_keywords_go_back_with_what_they_are_of(queue, dealer):
    await import_rows(queue, dealer, item("A", description="Zinc", category="Bolts"))
    before = snapshot(dealer)
    job_id = await import_rows(queue, dealer, item("A", name="Saw", search_keywords="a,saw"))
    edit(dealer, "A", cost=3)
    await undo(queue, dealer, job_id)
    [item_before], [now] = before.values(), snapshot(dealer).values()
    assert now == item_before | {"cost": 3}


async def test_keywords_of_a_name_that_stays_stay(queue, dealer):
    await import_rows(queue, dealer, item("A", description="Zinc"))
    job_id = await import_rows(
        queue, dealer, item("A", name="Saw", description="Steel", search_keywords="a,saw,steel")
    )
    edit(dealer, "A", name="Hand saw", search_keywords=["a", "hand", "saw", "steel"])
    await undo(queue, dealer, job_id)
    [row] = dealer.inventory()
    assert (row["name"], row["description"]) == ("Hand saw", "Zinc")
    # The words of both: too many find it still.
    assert row["search_keywords"] == ["a", "hand", "item", "saw", "steel"]


# Contacts and bids.


async def test_contacts(queue, dealer):
    await import_rows(
        queue, dealer, {"name": "Ann", "email": "a@x.com", "ptd_sales": "1.50"},
        data_type="contacts",
    )  # fmt: skip
    before = snapshot(dealer, "contacts")
    job_id = await import_rows(
        queue, dealer,
        {"name": "Ann", "email": "a@x.com", "phone": "1", "ptd_sales": "2.00"},
        {"name": "Bob", "email": "b@x.com"},
        {"name": "Ann", "email": "a@x.com", "phone": "2"},
        {"name": "Bob", "email": "b@x.com", "phone": "3"},
        data_type="contacts",
    )  # fmt: skip
    ended = await undo(queue, dealer, job_id, data_type="contacts")
    assert snapshot(dealer, "contacts") == before
    assert ended["error_message"] == "Undone: 3 restored and 1 removed."


async def test_contacts_that_somebody_changed(queue, dealer):
    await import_rows(queue, dealer, {"name": "Ann", "email": "a@x.com"}, data_type="contacts")
    job_id = await import_rows(
        queue, dealer,
        {"name": "Ann", "email": "a@x.com", "phone": "1", "city": "Bern"},
        {"name": "Bob", "email": "b@x.com"},
        data_type="contacts",
    )  # fmt: skip
    dealer.execute(
        "update contacts set phone = '9', updated_at = now() where name in ('Ann', 'Bob')"
    )
    await undo(queue, dealer, job_id, data_type="contacts")
    rows = snapshot(dealer, "contacts").values()
    assert {(row["name"], row["phone"], row["city"]) for row in rows} == {
        ("Ann", "9", None), ("Bob", "9", None),
    }  # fmt: skip
    assert [message.split(" was")[0] for message in kept(dealer)] == ["Ann: phone", "Bob: it"]


async def test_bids(queue, dealer):
    bids = [{"client_name": "Ann", "project_name": f"Deck {n}"} for n in range(3)]
    job_id = await import_rows(queue, dealer, *bids, data_type="bids")
    dealer.execute("update bids set status = 'sent' where project_name = 'Deck 1'")
    ended = await undo(queue, dealer, job_id, data_type="bids")
    [left] = snapshot(dealer, "bids").values()
    assert (left["project_name"], left["status"]) == ("Deck 1", "sent")
    assert ended["error_message"].startswith("Undone: 2 removed and 1 kept as they are.\nDeck 1: ")
    assert ended["record_count"] == 2


# Who, what and when.


async def test_nothing_is_taken_back_of_which_all_stays(queue, dealer):
    job_id = await import_rows(queue, dealer, item("A"))
    edit(dealer, "A", cost=7)
    ended = await undo(queue, dealer, job_id)
    assert ended["status"] == "failed"
    assert ended["error_message"].startswith("Nothing was undone: 1 kept as they are.\nA: it was")
    # It may be tried again once the reason is gone.
    edit(dealer, "A", cost=None)
    assert (await undo(queue, dealer, job_id))["error_message"] == "Undone: 1 removed."


async def test_a_rehearsal_changes_nothing_and_counts_the_same(queue, dealer):
    await import_rows(queue, dealer, item("A"), item("B"))
    job_id = await import_rows(
        queue, dealer, {"sku": "A", "cost": 1}, {"sku": "B", "cost": 1}, item("C")
    )
    edit(dealer, "B", cost=2)
    before = snapshot(dealer)
    rehearsed = await undo(queue, dealer, job_id, dry_run=True)
    assert snapshot(dealer) == before
    line = "1 restored, 1 removed and 1 kept as they are."
    assert rehearsed["error_message"].splitlines()[0] == (
        f"Rehearsal: nothing was changed. It would be: {line}"
    )
    assert rehearsed["record_count"] == 0
    ended = await undo(queue, dealer, job_id)
    assert ended["error_message"].splitlines()[0] == f"Undone: {line}"


async def refusal(queue, dealer, *job_ids, **columns):
    before = snapshot(dealer)
    ended = await undo(queue, dealer, *job_ids, **columns)
    assert ended["status"] == "failed"
    assert snapshot(dealer) == before
    return ended["error_message"]


@pytest.mark.parametrize(
    ("role", "asker", "may"),
    [
        ("standard_user", "creator_id", True),
        ("standard_user", "colleague_id", False),
        ("manager", "colleague_id", False),
        ("admin", "colleague_id", True),
        ("super_admin", "colleague_id", True),
        ("standard_user", None, True),
    ],
)
async def test_who_may(queue, dealer, role, asker, may):
    job_id = await import_rows(queue, dealer, item("A"), file_name="stock.csv")
    dealer.execute("update profiles set role = %s where id = %s", role, dealer.colleague_id)
    ended = await undo(queue, dealer, job_id, created_by=getattr(dealer, asker) if asker else None)
    assert (ended["status"] == "completed") == may
    if not may:
        assert ended["error_message"] == (
            '"stock.csv" can be undone by whoever imported it, or by an admin of your organization.'
        )


async def test_an_admin_of_another_organization_may_not(queue, dealer, make_dealer):
    other = make_dealer()
    dealer.execute("update profiles set role = 'admin' where id = %s", other.creator_id)
    job_id = await import_rows(queue, dealer, item("A"))
    told = await refusal(queue, dealer, job_id, created_by=other.creator_id)
    assert "by an admin of your organization" in told


async def test_twice_is_refused(queue, dealer):
    job_id = await import_rows(queue, dealer, item("A"), file_name="stock.csv")
    await undo(queue, dealer, job_id)
    day = dealer.scalar("select to_char(now() at time zone 'UTC', 'FMDD FMMonth')")
    assert await refusal(queue, dealer, job_id) == f'"stock.csv" was undone already on {day}.'


async def test_what_does_not_exist_or_is_anothers_is_refused_alike(queue, dealer, make_dealer):
    other = make_dealer()
    theirs = await import_rows(queue, other, item("A"))
    own = await import_rows(queue, dealer, item("A"))
    gone = "What should be undone does not exist any more, or is not your organization's."
    assert await refusal(queue, dealer, theirs) == gone
    assert await refusal(queue, dealer, uuid4()) == gone
    assert await refusal(queue, dealer, own, theirs) == gone
    assert await refusal(queue, dealer, "nonsense") == gone
    assert await refusal(queue, dealer) == gone
    assert len(other.inventory()) == 1


async def test_what_is_not_over_or_changed_nothing_is_refused(queue, dealer):
    later = dealer.insert_job([{}], scheduled_in=3600, file_name="later.csv")
    assert await refusal(queue, dealer, later) == (
        '"later.csv" is not finished yet. Please wait, or cancel it first.'
    )
    dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", later)
    assert "was never started" in await refusal(queue, dealer, later)
    rehearsal = await import_rows(
        queue, dealer, item("A"), file_data={"options": {"dry_run": True}}
    )
    assert "was a rehearsal" in await refusal(queue, dealer, rehearsal)
    await import_rows(queue, dealer, item("A"))
    same = await import_rows(queue, dealer, item("A"))
    assert "changed nothing" in await refusal(queue, dealer, same)
    dealer.execute("update import_runs set kind = 'export' where job_id = %s", same)
    assert "is no import" in await refusal(queue, dealer, same)


async def test_what_is_not_kept_any_more_is_refused(queue, dealer):
    job_id = await import_rows(queue, dealer, item("A"), item("B"), size=1)
    old = "update import_changes set changed_at = now() - interval '31 days' where job_id = %s"
    dealer.execute(f"{old} and first_row = 1", job_id)
    assert "not kept that long" in await refusal(queue, dealer, job_id)
    # And when some of it is gone already.
    dealer.execute("delete from import_changes where job_id = %s and first_row = 1", job_id)
    assert "not kept that long" in await refusal(queue, dealer, job_id)
    dealer.execute("delete from import_changes where job_id = %s", job_id)
    assert "not kept that long" in await refusal(queue, dealer, job_id)


async def test_of_two_undos_of_one_import_the_second_waits_for_its_turn_and_is_refused(
    queue, dealer
):
    job_id = await import_rows(queue, dealer, item("A"), item("B"), size=1)
    first = insert_undo(dealer, job_id)
    job = await dealer.claim(queue)
    plan = await queue.begin_undo(job.run_id)
    await queue.apply_undo_batch(job.run_id, plan.batches[0])
    await queue.release(job.run_id)
    dealer.execute(
        "update scheduled_jobs set scheduled_time = now() + interval '1 hour' where id = %s", first
    )
    assert "is being undone by another job" in await refusal(queue, dealer, job_id)
    # It goes on where it stopped.
    dealer.execute("update scheduled_jobs set scheduled_time = now() where id = %s", first)
    job = await dealer.claim(queue)
    assert job.applied == (range(1, 2),)
    assert await queue.begin_undo(job.run_id) == plan
    await queue.apply_undo_batch(job.run_id, plan.batches[1])
    ended = await queue.finish(job.run_id, "completed")
    assert (ended.updated, dealer.inventory()) == (2, [])


async def test_a_cancelled_undo_leaves_the_rest_to_another(queue, dealer):
    before = snapshot(dealer)
    job_id = await import_rows(queue, dealer, item("A"), item("B"), item("C"), size=1)
    cancelled = insert_undo(dealer, job_id)
    job = await dealer.claim(queue)
    plan = await queue.begin_undo(job.run_id)
    await queue.apply_undo_batch(job.run_id, plan.batches[0])
    dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", cancelled)
    await queue.finish(job.run_id, "cancelled")
    assert len(dealer.inventory()) == 2
    ended = await undo(queue, dealer, job_id)
    assert (ended["error_message"], snapshot(dealer)) == ("Undone: 2 removed.", before)
    # What the cancelled one did can be undone by itself.
    await undo(queue, dealer, cancelled)
    assert len(dealer.inventory()) == 1


async def test_a_batch_is_taken_back_once(queue, dealer):
    await import_rows(queue, dealer, item("A", cost=1))
    job_id = await import_rows(queue, dealer, {"sku": "A", "cost": 2})
    insert_undo(dealer, job_id)
    job = await dealer.claim(queue)
    plan = await queue.begin_undo(job.run_id)
    first = await queue.apply_undo_batch(job.run_id, plan.batches[0])
    edit(dealer, "A", cost=2)
    assert await queue.apply_undo_batch(job.run_id, plan.batches[0]) == first
    assert dealer.inventory("cost") == [{"cost": 2}]


async def test_an_import_that_is_deleted_on_the_way(queue, dealer):
    job_id = await import_rows(queue, dealer, item("A"))
    insert_undo(dealer, job_id)
    job = await dealer.claim(queue)
    plan = await queue.begin_undo(job.run_id)
    dealer.execute("delete from scheduled_jobs where id = %s", job_id)
    with pytest.raises(JobRefusedError, match="was deleted while it was being undone"):
        await queue.apply_undo_batch(job.run_id, plan.batches[0])


async def test_what_the_database_refuses_stays_with_the_reason(queue, dealer):
    await import_rows(queue, dealer, item("A", cost=1), item("B", cost=5))
    job_id = await import_rows(queue, dealer, {"sku": "A", "cost": 20}, {"sku": "B", "cost": 30})
    dealer.execute("alter table inventory add constraint dear check (cost > 3) not valid")
    try:
        await undo(queue, dealer, job_id)
    finally:
        dealer.execute("alter table inventory drop constraint dear")
    assert [row["cost"] for row in dealer.inventory("cost")] == [20, 5]
    assert kept(dealer) == ['a record that is gone: the value breaks the rule "dear"']


async def test_what_a_change_set_names_of_another_organization_is_left_alone(
    queue, dealer, make_dealer
):
    """Change sets are service_role's to write. An undo still touches its own organization only."""
    other = make_dealer()
    await import_rows(queue, other, item("A", cost=1))
    theirs = snapshot(other)
    job_id = await import_rows(queue, dealer, item("B", cost=1))
    [record] = theirs.values()
    dealer.execute(
        "update import_changes set created_ids = array[%s], removed = %s where job_id = %s",
        record["id"],
        Jsonb([[7, str(uuid4()), record | {"id": str(uuid4()), "sku": "Z"}]]),
        job_id,
    )
    dealer.execute("update import_changes set row_count = 2 where job_id = %s", job_id)
    await undo(queue, dealer, job_id)
    assert snapshot(other) == theirs


async def test_what_it_carries_out_is_told_by_the_claim(queue, dealer):
    job_id = await import_rows(queue, dealer, item("A"))
    insert_undo(dealer, job_id)
    ended = await carry_out(queue, dealer)
    assert (ended.created, ended.updated, ended.failed, ended.unprocessed) == (0, 1, 0, 0)
