"""Duplicates: items that were set aside, contacts that may be one."""

from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from worker.exceptions import DuplicateRefusedError
from worker.operating.duplicates import Duplicates


@pytest.fixture
def found(service_client, dealer):
    return Duplicates(service_client, dealer.organization_id)


def item(dealer, sku, **columns):
    """Put an item there; its id."""
    row = {"organization_id": dealer.organization_id, "sku": sku, "name": f"Item {sku}"} | columns
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    return dealer.scalar(
        f"insert into inventory ({names}) values ({places}) returning id",  # noqa: S608
        *row.values(),
    )


def set_aside(dealer, kept_id, sku, **columns):
    """Put an item there and move it out, as the migration does; its id."""
    gone = item(dealer, f"{sku} {uuid4()}", **{"name": "Old"} | columns)
    dealer.execute(
        "insert into inventory_duplicates (id, organization_id, sku, kept_id, item)"
        " select id, organization_id, %s, %s, to_jsonb(i) || jsonb_build_object('sku', %s::text)"
        " from inventory i where id = %s",
        *(sku, kept_id, sku, gone),
    )
    dealer.execute("delete from inventory where id = %s", gone)
    return gone


def by_id(dealer, item_id, table="inventory"):
    return dealer.connection.execute(
        f"select * from {table} where id = %s",  # noqa: S608
        [item_id],
    ).fetchone()


# Items: looking.


async def test_what_waits_is_listed_by_sku_beside_what_stayed(found, dealer, make_dealer):
    kept = {sku: item(dealer, sku) for sku in ("A", "B")}
    gone = [set_aside(dealer, kept[sku], sku, unit_price=5) for sku in ("B", "A", "B")]
    other = make_dealer()
    set_aside(other, item(other, "A"), "A")
    listed = await found.items(None, 100)
    assert [one.sku for one in listed] == ["A", "B", "B"]
    assert {one.duplicate_id for one in listed} == {str(item_id) for item_id in gone}
    assert [one.kept["name"] for one in listed] == ["Item A", "Item B", "Item B"]
    assert listed[0].item["unit_price"] == 5
    assert await found.count_items() == 3
    assert [one.sku for one in await found.items("B", 1)] == ["B"]


async def test_an_item_that_was_deleted_since_is_told(found, dealer):
    set_aside(dealer, uuid4(), "A")
    [one] = await found.items(None, 100)
    assert one.kept is None


# Items: restoring.


async def test_restored_under_a_sku_of_its_own_it_is_as_it_was(found, dealer):
    kept = item(dealer, "A")
    gone = set_aside(dealer, kept, "A", name="Other saw", unit_price=1234, image_url="x")
    assert await found.restore(gone, "A-2") == {"id": str(gone), "sku": "A-2"}
    row = by_id(dealer, gone)
    assert (row["sku"], row["name"], row["unit_price"], row["image_url"]) == (
        *("A-2", "Other saw", 1234, "x"),
    )
    assert by_id(dealer, kept)["name"] == "Item A"
    assert await found.count_items() == 0


async def test_without_one_it_changes_places_and_back(found, dealer):
    kept = item(dealer, "A", name="New", unit_price=200, quantity=7)
    gone = set_aside(dealer, kept, "A", name="Old", unit_price=100, quantity=3)
    before = by_id(dealer, kept), by_id(dealer, gone, "inventory_duplicates")["item"]
    await found.restore(gone, None)
    row = by_id(dealer, kept)
    assert (row["name"], row["unit_price"], row["quantity"], row["sku"]) == ("Old", 100, 3, "A")
    aside = by_id(dealer, gone, "inventory_duplicates")
    assert (aside["item"]["name"], aside["item"]["id"]) == ("New", str(gone))
    await found.restore(gone, None)
    assert (by_id(dealer, kept), by_id(dealer, gone, "inventory_duplicates")["item"]) == before


async def test_when_the_other_is_gone_it_has_its_sku_again(found, dealer):
    gone = set_aside(dealer, uuid4(), "A", name="Old")
    assert await found.restore(gone, None) == {"id": str(gone), "sku": "A"}
    assert by_id(dealer, gone)["sku"] == "A"


@pytest.mark.parametrize("new_sku", ["taken", " "])
async def test_a_sku_that_cannot_be_is_refused_and_nothing_is_lost(found, dealer, new_sku):
    kept = item(dealer, "A")
    item(dealer, "taken")
    gone = set_aside(dealer, kept, "A")
    with pytest.raises(DuplicateRefusedError, match="SKU"):
        await found.restore(gone, new_sku)
    assert await found.count_items() == 1
    assert by_id(dealer, gone) is None


async def test_another_organizations_is_not_there(found, make_dealer):
    other = make_dealer()
    gone = set_aside(other, item(other, "A"), "A")
    with pytest.raises(DuplicateRefusedError, match="No item with the id"):
        await found.restore(gone, "B")


async def test_the_owner_can_still_put_everything_back(found, dealer, database):
    """restore_inventory_duplicates, whatever was restored and merged one by one."""
    kept = item(dealer, "A", name="New")
    for name in ("Old", "Older"):
        set_aside(dealer, kept, "A", name=name)
    [one, _] = await found.items(None, 10)
    await found.restore(one.duplicate_id, None)
    await found.merge_items()
    with database.transaction(force_rollback=True):
        database.execute("select restore_inventory_duplicates()")
        names = [row["name"] for row in dealer.inventory("name")]
    assert sorted(names) == ["New", "Old", "Older"]


# Items: merging.


async def test_a_merge_gives_the_item_what_it_lacks_and_no_more(found, dealer):
    kept = item(
        dealer, "A", description="", category="Uncategorized", unit_price=200, cost=None,
        quantity=0, search_keywords=["saw"],
    )  # fmt: skip
    set_aside(
        dealer, kept, "A", description="A saw", category="Tools", unit_price=100, cost=90,
        quantity=5, price_tier_1=180, image_url="saw.png", search_keywords=["tools"],
        updated_at="2026-02-01",
    )  # fmt: skip
    set_aside(dealer, kept, "A", description="Older", department_code="D1", updated_at="2026-01-01")
    assert await found.merge_items() == 2
    row = by_id(dealer, kept)
    assert row["description"] == "A saw"  # the newer of the two
    assert (row["category"], row["cost"], row["image_url"]) == ("Tools", 90, "saw.png")
    assert row["department_code"] == "D1"
    # What it has stays; no price tier means retail, and quantities are not summed.
    assert (row["name"], row["unit_price"], row["quantity"]) == ("Item A", 200, 0)
    assert row["price_tier_1"] is None
    assert {"saw", "tools"} <= set(row["search_keywords"])
    assert await found.count_items() == 0


async def test_a_merged_one_can_be_restored_until_it_is_pruned(found, dealer, queue):
    kept = item(dealer, "A")
    gone, too_old = (set_aside(dealer, kept, "A", name="Old") for _ in range(2))
    await found.merge_items()
    dealer.execute(
        "update inventory_duplicates set merged_at = now() - interval '31 days' where id = %s",
        too_old,
    )
    await queue.prune("merged", None, 100, dry_run=False)
    await found.restore(gone, "B")
    assert by_id(dealer, gone)["name"] == "Old"
    with pytest.raises(DuplicateRefusedError):
        await found.restore(too_old, "C")


async def test_what_waits_is_never_pruned(found, dealer, queue):
    set_aside(dealer, item(dealer, "A"), "A")
    dealer.execute("update inventory_duplicates set moved_at = '2001-01-01'")
    await queue.prune("merged", None, 100, dry_run=False)
    assert await found.count_items() == 1


async def test_one_whose_item_is_gone_waits_for_somebody(found, dealer):
    set_aside(dealer, uuid4(), "A")
    assert await found.merge_items() == 0
    assert await found.count_items() == 1


async def test_many_are_merged_in_steps(found, dealer):
    kept = item(dealer, "A")
    dealer.execute(
        "insert into inventory_duplicates (id, organization_id, sku, kept_id, item)"
        " select gen_random_uuid(), %s, 'A', %s, %s from generate_series(1, 450)",
        *(dealer.organization_id, kept, Jsonb({"image_url": "x"})),
    )
    assert await found.merge_items() == 450
    assert by_id(dealer, kept)["image_url"] == "x"


# Contacts: suggestions.


def contact(dealer, name, **columns):
    row = {"organization_id": dealer.organization_id, "name": name} | columns
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    return str(
        dealer.scalar(
            f"insert into contacts ({names}) values ({places}) returning id",  # noqa: S608
            *row.values(),
        )
    )


ALIKE = {
    "e-mail": ({"email": "Ann@x.ca"}, {"email": " ann@X.ca"}, ("email", "ann@x.ca")),
    "phone": (
        {"phone": "(416) 555-1234"},
        {"phone": "+1 416 555 1234"},
        ("phone", "4165551234"),
    ),
    "legacy number": (
        {"legacy_number": "0017"},
        {"legacy_number": "0017 "},
        ("legacy_number", "0017"),
    ),
}
NOT_ALIKE = {
    "nothing": ({}, {}),
    "empty": ({"email": "", "phone": "", "legacy_number": " "},) * 2,
    "made-up e-mails": ({"email": "no-email-1@import.invalid"},) * 2,
    "extensions": ({"phone": "ext. 12"},) * 2,
    "other numbers": ({"legacy_number": "017"}, {"legacy_number": "0017"}),
}


@pytest.mark.parametrize(("one", "two", "shared"), ALIKE.values(), ids=ALIKE)
async def test_contacts_may_be_one_by(found, dealer, one, two, shared):
    ids = [contact(dealer, "Ann", **one), contact(dealer, "A. Lee", **two)]
    contact(dealer, "Bob", email="bob@x.ca", phone="4165550000", legacy_number="99")
    [group] = await found.contacts()
    assert (group["reason"], group["value"], group["count"]) == (*shared, 2)
    assert [one["id"] for one in group["contacts"]] == ids


@pytest.mark.parametrize(("one", "two"), NOT_ALIKE.values(), ids=NOT_ALIKE)
async def test_contacts_are_two_with(found, dealer, one, two):
    contact(dealer, "Ann", **one)
    contact(dealer, "Ann", **two)
    assert await found.contacts() == []


async def test_a_large_group_names_its_oldest(found, dealer):
    ids = [
        contact(dealer, "Cash", phone="4165551234", created_at=f"2026-01-{day:02}")
        for day in range(1, 26)
    ]
    [group] = await found.contacts()
    assert group["count"] == 25
    assert [one["id"] for one in group["contacts"]] == ids[:20]


# Contacts: merging.


@pytest.fixture
def calls(dealer):
    """A table of the CRM's that refers to contacts, and one in which a contact may stand once."""
    dealer.execute("""
        create table calls (
          number integer primary key, contact_id uuid references contacts (id) on delete cascade);
        create table favourites (
          user_number integer, contact_id uuid references contacts (id) on delete cascade,
          primary key (user_number, contact_id));
        grant select, update on calls, favourites to service_role
    """)
    yield
    dealer.execute("drop table calls, favourites")


def call(dealer, number, contact_id):
    dealer.execute("insert into calls values (%s, %s)", number, contact_id)


def called(dealer):
    rows = dealer.connection.execute("select * from calls order by number").fetchall()
    return [str(row["contact_id"]) for row in rows]


@pytest.mark.usefixtures("calls")
async def test_a_merge_moves_everything_and_its_undo_moves_it_back(found, dealer):
    kept = contact(dealer, "Ann", email="no-email-1@import.invalid", phone="", city="York")
    gone = contact(dealer, "Ann Lee", email="ann@x.ca", phone="4165551234", city="Toronto")
    call(dealer, 1, kept)
    call(dealer, 2, gone)
    before = by_id(dealer, kept, "contacts"), by_id(dealer, gone, "contacts")
    assert await found.merge_contacts(kept, gone) == {"filled": ["email", "phone"], "moved": 1}
    row = by_id(dealer, kept, "contacts")
    assert (row["name"], row["email"], row["phone"], row["city"]) == (
        *("Ann", "ann@x.ca", "4165551234", "York"),
    )
    assert by_id(dealer, gone, "contacts") is None
    assert called(dealer) == [kept, kept]
    assert await found.unmerge_contacts(gone) == {"restored": ["email", "phone"], "moved": 1}
    assert (by_id(dealer, kept, "contacts"), by_id(dealer, gone, "contacts")) == before
    assert called(dealer) == [kept, gone]
    with pytest.raises(DuplicateRefusedError, match="was merged"):
        await found.unmerge_contacts(gone)


@pytest.mark.usefixtures("calls")
async def test_an_undo_leaves_what_somebody_did_since(found, dealer):
    kept, gone = contact(dealer, "Ann"), contact(dealer, "Ann", phone="1234567", city="York")
    third = contact(dealer, "Bob")
    call(dealer, 1, gone)
    await found.merge_contacts(kept, gone)
    dealer.execute("update contacts set city = 'Toronto' where id = %s", kept)
    dealer.execute("update calls set contact_id = %s", third)
    assert await found.unmerge_contacts(gone) == {"restored": ["phone"], "moved": 0}
    row = by_id(dealer, kept, "contacts")
    assert (row["phone"], row["city"]) == (None, "Toronto")
    assert called(dealer) == [third]


async def test_it_comes_back_also_when_the_other_was_deleted(found, dealer):
    kept, gone = contact(dealer, "Ann"), contact(dealer, "Ann", phone="1234567")
    await found.merge_contacts(kept, gone)
    dealer.execute("delete from contacts where id = %s", kept)
    assert await found.unmerge_contacts(gone) == {"restored": [], "moved": 0}
    assert by_id(dealer, gone, "contacts")["phone"] == "1234567"


@pytest.mark.usefixtures("calls")
async def test_a_merge_that_the_crm_cannot_hold_changes_nothing(found, dealer):
    kept, gone = contact(dealer, "Ann"), contact(dealer, "Ann", phone="1234567")
    for contact_id in (kept, gone):
        dealer.execute("insert into favourites values (7, %s)", contact_id)
    call(dealer, 1, gone)
    with pytest.raises(DuplicateRefusedError, match="favourites that cannot belong to one"):
        await found.merge_contacts(kept, gone)
    assert called(dealer) == [gone]
    assert by_id(dealer, gone, "contacts") is not None


@pytest.mark.usefixtures("calls")
async def test_a_table_that_is_not_ours_to_change_is_named_with_what_to_do(found, dealer):
    kept, gone = contact(dealer, "Ann"), contact(dealer, "Ann")
    dealer.execute("revoke update on calls from service_role")
    with pytest.raises(DuplicateRefusedError, match=r"grant select, update on (public[.])?calls"):
        await found.merge_contacts(kept, gone)
    assert by_id(dealer, gone, "contacts") is not None


async def test_contacts_that_cannot_be_merged(found, dealer, make_dealer):
    ours, theirs = contact(dealer, "Ann"), contact(make_dealer(), "Ann")
    for kept, gone in ((ours, theirs), (theirs, ours), (ours, str(uuid4())), (ours, "no id")):
        with pytest.raises(DuplicateRefusedError, match="not there"):
            await found.merge_contacts(kept, gone)
    with pytest.raises(DuplicateRefusedError, match="one contact already"):
        await found.merge_contacts(ours, ours)


async def test_a_merge_of_long_ago_is_forgotten(found, dealer, queue):
    kept, gone = contact(dealer, "Ann"), contact(dealer, "Ann")
    await found.merge_contacts(kept, gone)
    dealer.execute(
        "update merged_contacts set merged_at = now() - interval '31 days' where id = %s", gone
    )
    await queue.prune("merged", None, 100, dry_run=False)
    with pytest.raises(DuplicateRefusedError, match="too long ago"):
        await found.unmerge_contacts(gone)
