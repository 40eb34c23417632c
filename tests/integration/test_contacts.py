"""Contacts in the database: the matching ladder, and that a batch is one row after the other."""

import os
import random
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import settings
from psycopg.types.json import Jsonb

KEYS = ("name", "email", "company", "legacy_number", "account_owner_number")
FIELDS = (*KEYS, "phone", "owner_id")


@pytest.fixture
def dealer(dealer):
    """With e-mail addresses, by which an owner is named."""
    for user_id, email in ((dealer.creator_id, "boss@x.com"), (dealer.colleague_id, "Rep@x.com")):
        dealer.execute("update profiles set email = %s where id = %s", email, user_id)
    return dealer


def contacts(dealer, columns="*"):
    return dealer.connection.execute(
        f"select {columns} from contacts where organization_id = %s order by created_at, id",  # noqa: S608
        [dealer.organization_id],
    ).fetchall()


def add_contact(dealer, **columns):
    row = {"id": uuid4(), "organization_id": dealer.organization_id, "name": "Ann"} | columns
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    dealer.execute(f"insert into contacts ({names}) values ({places})", *row.values())  # noqa: S608
    return row["id"]


async def begin_job(queue, dealer, rows, **columns):
    dealer.insert_job([{}] * rows, data_type="contacts", **columns)
    return await dealer.claim(queue)


async def apply(queue, job, rows):
    span = range(rows[0]["row_number"], rows[-1]["row_number"] + 1)
    return await queue.apply_batch("apply_contacts_batch", job.run_id, span, rows, [])


async def import_rows(queue, dealer, *rows, **columns):
    """Import rows of a job of their own in one batch."""
    job = await begin_job(queue, dealer, len(rows), **columns)
    numbered = [{"row_number": n} | row for n, row in enumerate(rows, start=1)]
    result = await apply(queue, job, numbered)
    await queue.finish(job.run_id, "completed")
    return result.created, result.updated, result.failed


@pytest.mark.parametrize(
    ("there", "row", "matches"),
    [
        pytest.param({"legacy_number": "7"}, {"name": "B", "legacy_number": "7"}, True, id="1"),
        pytest.param(
            {"legacy_number": "7"}, {"name": "B", "legacy_number": "07"}, False, id="1 no"
        ),
        pytest.param({"email": "a@x.com"}, {"name": "B", "email": "a@x.com"}, True, id="2"),
        pytest.param({"email": "a@x.com"}, {"name": "B", "email": "A@x.com"}, False, id="2 case"),
        pytest.param(
            {"account_owner_number": "Rep@X.com"},
            {"name": "Ann", "account_owner_number": "rep@x.COM"},
            True,
            id="3 in any case",
        ),
        pytest.param(
            {"account_owner_number": "rep@x.com"},
            {"name": "ann", "account_owner_number": "rep@x.com"},
            False,
            id="3 another name",
        ),
        pytest.param({"company": "Acme"}, {"name": "Ann", "company": "Acme"}, True, id="4"),
        pytest.param({"company": "Acme"}, {"name": "Ann", "company": "acme"}, False, id="4 case"),
        pytest.param({"company": "Acme"}, {"name": "Ann"}, False, id="4 needs the company"),
        pytest.param({}, {"name": "Ann"}, False, id="a name alone is nobody"),
        pytest.param(
            {"legacy_number": "7", "email": "a@x.com"},
            {"name": "B", "legacy_number": "8", "email": "a@x.com"},
            True,
            id="a rung without a match falls through",
        ),
    ],
)
async def test_the_ladder(queue, dealer, make_dealer, there, row, matches):
    known = add_contact(dealer, **there)
    add_contact(make_dealer(), **there)  # another organization's is nobody's business
    counts = await import_rows(queue, dealer, row | {"phone": "1"})
    assert counts == ((0, 1, 0) if matches else (1, 0, 0))
    [found] = [contact for contact in contacts(dealer) if contact["phone"] == "1"]
    assert (found["id"] == known) == matches
    assert {name: found[name] for name in row} == row


async def test_higher_rungs_come_first_and_among_equals_the_oldest(queue, dealer):
    old, new = (datetime(2020 + n, 1, 1, tzinfo=UTC) for n in (0, 1))
    first, second = UUID(int=random.getrandbits(127)), None
    add_contact(dealer, email="a@x.com", created_at=old)
    add_contact(dealer, legacy_number="7", created_at=new)
    second = UUID(int=first.int + 1)
    add_contact(dealer, id=second, legacy_number="7", phone="2", created_at=old)
    add_contact(dealer, id=first, legacy_number="7", phone="1", created_at=old)
    await import_rows(
        queue, dealer, {"name": "B", "legacy_number": "7", "email": "a@x.com", "city": "Bern"}
    )
    assert [contact["id"] for contact in contacts(dealer) if contact["city"]] == [first]


async def test_a_new_contact_gets_defaults(queue, dealer):
    await import_rows(
        queue,
        dealer,
        {"name": "A"},
        {"name": "B"},
        {"name": "C", "status": "Active", "price_level": "VIP", "email": "c@x.com"},
    )
    a, b, c = contacts(dealer)
    assert [(x["status"], x["price_level"]) for x in (a, b, c)] == [
        ("Prospect", "Retail"),
        ("Prospect", "Retail"),
        ("Active", "VIP"),
    ]
    assert [x["email"] for x in (a, b, c)] == [
        f"no-email-{a['id']}@import.invalid",
        f"no-email-{b['id']}@import.invalid",
        "c@x.com",
    ]
    assert {x["created_by"] for x in (a, b, c)} == {dealer.creator_id}
    assert {x["organization_id"] for x in (a, b, c)} == {dealer.organization_id}


async def test_what_the_file_does_not_say_stays(queue, dealer):
    known = add_contact(dealer, legacy_number="7", phone="1", email="a@x.com", ptd_sales="5.25")
    await import_rows(
        queue, dealer, {"name": "Bea", "legacy_number": "7", "ytd_gp_percent": "12.5"}
    )
    [contact] = contacts(dealer)
    assert contact["id"] == known
    assert (contact["name"], contact["phone"], contact["email"]) == ("Bea", "1", "a@x.com")
    assert (str(contact["ptd_sales"]), str(contact["ytd_gp_percent"])) == ("5.25", "12.5")


async def test_a_made_up_name_replaces_none(queue, dealer):
    add_contact(dealer, legacy_number="7")
    made_up = {"name": "Legacy #7", "name_made_up": True, "legacy_number": "7", "city": "Bern"}
    assert await import_rows(queue, dealer, made_up) == (0, 1, 0)
    assert await import_rows(queue, dealer, made_up | {"legacy_number": "8"}) == (1, 0, 0)
    assert [(c["name"], c["city"]) for c in contacts(dealer)] == [
        ("Ann", "Bern"),
        ("Legacy #7", "Bern"),
    ]


@pytest.mark.parametrize(
    ("creator", "there", "named", "owner"),
    [
        pytest.param("creator", None, "REP@x.com", "colleague", id="new: who is named"),
        pytest.param("creator", None, "who@x.com", "creator", id="new: nobody of that address"),
        pytest.param("creator", None, None, "creator", id="new: nobody named"),
        pytest.param(None, None, None, None, id="new: the job is nobody's"),
        pytest.param("stranger", None, None, None, id="new: the job is a stranger's"),
        pytest.param("creator", "creator", "rep@x.com", "colleague", id="who is named takes over"),
        pytest.param("creator", "colleague", "who@x.com", "colleague", id="nobody takes over"),
        pytest.param("creator", "colleague", None, "colleague", id="nobody is named"),
        pytest.param("creator", "none", None, "creator", id="it had nobody"),
    ],
)
async def test_the_owner(queue, dealer, make_dealer, creator, there, named, owner):
    other = make_dealer()
    other.execute("update profiles set email = 'who@x.com' where id = %s", other.creator_id)
    people = {
        "creator": dealer.creator_id,
        "colleague": dealer.colleague_id,
        "stranger": other.creator_id,
    }
    if there is not None:
        add_contact(dealer, legacy_number="7", owner_id=people.get(there))
    row = {"name": "Ann", "legacy_number": "7"}
    row |= {"account_owner_number": named} if named else {}
    await import_rows(queue, dealer, row, created_by=people.get(creator))
    [contact] = contacts(dealer)
    assert contact["owner_id"] == people.get(owner)


async def test_an_unchanged_contact_is_not_written(queue, dealer):
    same = {"name": "Ann", "legacy_number": "7", "phone": "1"}
    other = {"name": "Bob", "legacy_number": "8", "phone": "1"}
    await import_rows(queue, dealer, same, other)
    before = [contact["xmin"] for contact in contacts(dealer, "xmin::text")]
    assert await import_rows(queue, dealer, same, other | {"phone": "2"}) == (0, 2, 0)
    after = [contact["xmin"] for contact in contacts(dealer, "xmin::text")]
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False]


async def test_no_row_says_whose_it_is_or_which(queue, dealer, make_dealer):
    other = make_dealer()
    forged = {
        "id": str(uuid4()),
        "organization_id": other.organization_id,
        "owner_id": str(other.creator_id),
        "created_by": str(other.creator_id),
        "created_at": "1999-01-01",
    }
    await import_rows(queue, dealer, {"name": "Ann"} | forged)
    [contact] = contacts(dealer)
    assert not set(map(str, contact.values())) & set(forged.values())
    assert contacts(other) == []


async def test_a_refused_contact_does_not_take_its_neighbours_along(queue, dealer):
    rows = [{"name": "A"}, {"name": "B", "ptd_sales": "much"}, {"name": "C"}]
    assert await import_rows(queue, dealer, *rows) == (2, 0, 1)
    assert [contact["name"] for contact in contacts(dealer)] == ["A", "C"]
    assert [error["row_number"] for error in dealer.errors()] == [2]


# One row after the other: slow and obvious.


class Ladder:
    """Contacts as they would be if each row were applied by itself."""

    def __init__(self, dealer, there, unique_email):
        self.contacts = there  # oldest first
        self.profiles = {"boss@x.com": dealer.creator_id, "rep@x.com": dealer.colleague_id}
        self.creator = dealer.creator_id
        self.unique_email = unique_email
        self.refused = 0

    def match(self, row):
        def same(contact, *fields):
            return all(
                row.get(field) is not None
                and contact[field] is not None
                and (
                    contact[field].lower() == row[field].lower()
                    if field == "account_owner_number"
                    else contact[field] == row[field]
                )
                for field in fields
            )

        rungs = (
            ("legacy_number",),
            ("email",),
            ("account_owner_number", "name"),
            ("name", "company"),
        )
        for rung in rungs:
            for contact in self.contacts:
                if same(contact, *rung):
                    return contact
        return None

    def apply(self, row):
        known = self.match(row)
        if self.unique_email and row.get("email") is not None:
            holders = [c for c in self.contacts if c["email"] == row["email"] and c is not known]
            if holders:
                self.refused += 1
                return
        owner = self.profiles.get((row.get("account_owner_number") or "").lower())
        if known is None:
            known = dict.fromkeys(FIELDS) | {"id": None}
            self.contacts.append(known)
            known["name"] = row["name"]
        if not row.get("name_made_up"):
            known["name"] = row["name"]
        for field in ("email", "company", "legacy_number", "account_owner_number", "phone"):
            known[field] = row.get(field) or known[field]
        known["owner_id"] = owner or known["owner_id"] or self.creator


VALUES = {
    "name": ["Ann", "Bob", "Eve"],
    "email": ["a@x.com", "b@x.com", "c@x.com"],
    "company": ["Acme", "Bolt", "Cut"],
    "legacy_number": ["1", "2", "3"],
    "account_owner_number": ["boss@x.com", "Rep@X.com", "rep@x.com"],
}


def random_fields(rng, share):
    return {
        name: rng.choice(values)
        for name, values in VALUES.items()
        if name == "name" or rng.random() < share
    }


@pytest.mark.parametrize("unique_email", [False, True], ids=["any e-mails", "unique e-mails"])
@pytest.mark.parametrize("seed", range(settings.default.max_examples // 5))
async def test_a_batch_is_one_row_after_the_other(queue, dealer, seed, unique_email):
    rng = random.Random(f"{os.environ.get('SEED')} {seed} {unique_email}")  # noqa: S311 - no secret
    for _ in range(3):
        dealer.execute("delete from contacts where organization_id = %s", dealer.organization_id)
        # Others of the tests share the table: the rule is this dealer's alone.
        if unique_email:
            dealer.execute(
                "create unique index unique_email on contacts (email) where organization_id = "
                f"'{dealer.organization_id}' and email not like '%%.invalid'"
            )
        try:
            await compare(queue, dealer, rng, unique_email)
        finally:
            dealer.execute("drop index if exists unique_email")


async def compare(queue, dealer, rng, unique_email):
    share, made_up = rng.choice([0.2, 0.4, 0.6]), rng.choice([0, 0.2, 0.6])
    there = []
    for _ in range(rng.randrange(8)):
        fields = dict.fromkeys(FIELDS) | random_fields(rng, share)
        if unique_email and fields["email"] in {contact["email"] for contact in there}:
            fields["email"] = None
        age = datetime(2024, 1, rng.choice([1, 2, 3]), tzinfo=UTC)  # some of the same age
        there.append(fields | {"id": add_contact(dealer, **fields, created_at=age), "age": age})
    there.sort(key=lambda contact: (contact["age"], contact["id"]))
    ladder = Ladder(dealer, [{**contact} for contact in there], unique_email)

    batches = [rng.randint(1, 14) for _ in range(4)]
    job = await begin_job(queue, dealer, sum(batches))
    counts = [0, 0, 0]
    number = 0
    for size in batches:
        rows = []
        for _ in range(size):
            number += 1
            row = random_fields(rng, share) | {"row_number": number, "phone": str(number)}
            rows.append(row | ({"name_made_up": True} if rng.random() < made_up else {}))
            ladder.apply(row if "name_made_up" not in rows[-1] else rows[-1])
        result = await apply(queue, job, rows)
        counts = [
            old + new
            for old, new in zip(
                counts, (result.created, result.updated, result.failed), strict=True
            )
        ]
    await queue.finish(job.run_id, "completed")

    known = {contact["id"] for contact in there}
    found = [
        {name: contact[name] for name in FIELDS}
        | {"id": contact["id"] if contact["id"] in known else None}
        for contact in contacts(dealer)
    ]
    for contact in found:
        if (contact["email"] or "").endswith(".invalid"):
            contact["email"] = None
    assert found == [
        {name: contact[name] for name in (*FIELDS, "id")} for contact in ladder.contacts
    ]
    new = len(ladder.contacts) - len(there)
    assert counts == [new, number - new - ladder.refused, ladder.refused]


# Among many.

STATISTICS = {
    "none": "select",
    "of nothing": "analyze contacts",
    "of another organization": """
        insert into contacts (organization_id, name, email, legacy_number)
        select %(other)s, 'Ann ' || n, n || '@y.com', n from generate_series(1, 3000) n;
        analyze contacts""",
    "of an organization whose contacts say nothing": """
        insert into contacts (organization_id, name)
        select %(other)s, 'Ann' from generate_series(1, 3000) n;
        analyze contacts""",
    "of many organizations with few each": """
        insert into organizations (id, name)
        select %(other)s || '-' || n, 'Test' from generate_series(1, 300) n;
        insert into contacts (organization_id, name, email)
        select %(other)s || '-' || (1 + n %% 300), 'Ann', n || '@y.com'
        from generate_series(300, 1200) n;
        analyze contacts""",
}
INDEXES = {
    "as they are": "select",
    "with one by age": """
        create index by_age on contacts (organization_id, created_at);
        create index by_age_alone on contacts (created_at)""",
}


@pytest.mark.parametrize("indexes", INDEXES.values(), ids=INDEXES)
@pytest.mark.parametrize("statistics", STATISTICS.values(), ids=STATISTICS)
def test_a_batch_among_many_contacts_reads_few_of_them(dealer, make_dealer, statistics, indexes):
    """Whatever the planner knows of them: it once read an organization's rows for each item."""
    dealer.insert_job([{}] * 300, data_type="contacts")
    with (
        psycopg.connect(dealer.stack.db_url) as connection,
        connection.transaction(force_rollback=True),
    ):
        connection.execute(
            psycopg.ClientCursor(connection).mogrify(
                statistics, {"other": make_dealer().organization_id}
            )
        )
        connection.execute(indexes)
        connection.execute(
            """
            insert into contacts
              (organization_id, name, email, company, legacy_number, account_owner_number)
            select %s, 'Ann ' || n, n || '@x.com', 'Acme ' || n, n, 'rep@x.com'
            from generate_series(1, 2000) n
            union all
            select %s, 'Cash Sale', null, 'Acme ' || n, null, null from generate_series(1, 2000) n
            """,
            [dealer.organization_id] * 2,
        )
        connection.execute("set local role service_role")
        [claim] = connection.execute("select claim_import_jobs('w', 60, 50)").fetchone()
        [run_id] = [
            job["run_id"]
            for job in claim["jobs"]
            if job["organization_id"] == dealer.organization_id
        ]
        # Every rung, with and without a match: of the 4,000 each item is to see a few.
        keys = [
            lambda n: {"legacy_number": f"{n}"},
            lambda n: {"legacy_number": f"0{n}"},
            lambda n: {"email": f"{n}@x.com"},
            lambda _: {"account_owner_number": "rep@x.com"},
            lambda n: {"company": f"Acme {n}"},
            lambda n: {"company": f"Bolt {n}"},
        ]
        rows = [
            {"row_number": n, "name": f"Ann {n * 6}"} | keys[n % len(keys)](n * 6)
            for n in range(1, 301)
        ]
        # Of one name, as many contacts are: each waits for the one before.
        rows += [
            {"row_number": n, "name": "Cash Sale", "company": f"Bolt {n}"} for n in range(301, 321)
        ]
        for first in range(1, len(rows), 100):
            batch = rows[first - 1 : first + 99]
            before = rows_read(connection)
            connection.execute(
                "select apply_contacts_batch(%s, %s, %s, %s, '[]')",
                [run_id, first, batch[-1]["row_number"], Jsonb(batch)],
            )
            assert rows_read(connection) - before <= 3 * len(batch)


def rows_read(connection):
    """How many contacts this transaction has looked at so far."""
    [read] = connection.execute(
        "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables"
        " where relid = 'contacts'::regclass"
    ).fetchone()
    return read
