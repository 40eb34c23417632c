"""The migrations, on an empty database, on one that has them, and on one as in production."""

import json
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from devstack import migrations
from devstack.state import DevstackError
from tests.databases import DATA, apply, catalog, connect
from tests.databases import MIGRATIONS as FILES
from worker.operating.doctor import comparison

POLICIES = sorted((migrations.SUPABASE / "policies").glob("*.sql"))
# storage_objects is about a table of the platform: test_storage.py.
OURS = {file.stem for file in POLICIES} - {"storage_objects"}
# PostgREST does not expose them.
INTERNAL = {
    f"import_internal.{table}"
    for table in (
        *("settings", "repeats", "shared_rows", "waiting", "browser_writes"),
        *("rehearsals", "listed_items", "missing_items"),
    )
}
VIEWS = {
    "public.import_history",
    "public.import_analysts",
    "public.import_finished_runs",
    "public.import_service_status",
}
SEQUENCES = {"public.import_changes_id_seq"}
CRM = {
    "organizations", "profiles", "inventory", "contacts", "bids", "quotes", "organization_settings",
}  # fmt: skip

ALICE = "00000000-0000-4000-8000-00000000000a"  # of org_large, who created every job there is
BOB = "00000000-0000-4000-8000-00000000000b"  # of org_large
CAROL = "00000000-0000-4000-8000-00000000000c"  # of org_small


@pytest.fixture(scope="module")
async def migrated(cluster):
    """An empty project with the migrations."""
    url = cluster.create("migrated")
    await cluster.push(url)
    with connect(url) as connection:
        yield connection


@pytest.fixture
def undone(migrated):
    """The same; what a test does to it is undone."""
    with migrated.transaction(force_rollback=True):
        yield migrated


async def test_the_cli_applies_them_to_an_empty_database_once(cluster, migrated):
    history = migrated.execute("select version from supabase_migrations.schema_migrations")
    assert {row["version"] for row in history} == {file.name.split("_")[0] for file in FILES}
    tables = {name for _, name, _ in catalog(migrated, "table")}
    assert tables == {f"public.{table}" for table in OURS | CRM} | INTERNAL | SEQUENCES | VIEWS
    assert "up to date" in await cluster.push(cluster.url("migrated"))


def test_applied_again_they_change_nothing(undone):
    before = catalog(undone)
    apply(undone, FILES)
    assert catalog(undone) == before


def test_from_each_on_they_can_be_applied_again(undone):
    before = catalog(undone)
    for place, file in enumerate(FILES, start=1):
        apply(undone, [file])
        if catalog(undone) != before:  # what a later one has changed, this one puts back
            apply(undone, FILES[place:])
            assert catalog(undone) == before, file.name


# What a night's file changes of an item that is there, and what changes along.
EVERY_NIGHT = {
    *("quantity", "quantity_on_order", "unit_price", "cost", "updated_at"),
    *(f"price_tier_{tier}" for tier in range(1, 6)),
    *("keyword_version", "keywords_generated_at"),
}


def test_what_changes_every_night_stands_in_no_index(migrated):
    """Else an update of it writes to every index: 20261123000350_inventory_storage.sql."""
    columns = {
        row["attname"]
        for row in migrated.execute("""
            select distinct a.attname
            from pg_index i
            join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = i.indexrelid
            join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
            where i.indrelid = 'inventory'::regclass and d.refobjid = i.indrelid
        """)
    }
    assert columns >= {"organization_id", "sku", "name", "search_keywords"}
    assert columns.isdisjoint(EVERY_NIGHT)


def test_items_have_room_beside_them_unless_somebody_chose_otherwise(undone):
    def settings():
        row = undone.execute(
            "select reloptions from pg_class where oid = 'inventory'::regclass"
        ).fetchone()
        return dict(setting.split("=") for setting in row["reloptions"] or ())

    assert settings()["fillfactor"] == "70"
    undone.execute("alter table inventory set (fillfactor = 90)")
    undone.execute("alter table inventory reset (autovacuum_vacuum_scale_factor)")
    apply(undone, FILES)
    assert settings()["fillfactor"] == "90"
    assert settings()["autovacuum_vacuum_scale_factor"] == "0.02"


def test_a_blank_sku_is_none(undone):
    undone.execute("""
        insert into organizations (id, name) values ('org', 'Org');
        insert into inventory (organization_id, name, sku) values
          ('org', 'Saw', ''), ('org', 'Drill', '  '), ('org', 'Nail', null), ('org', 'Bolt', 'B');
        update inventory set sku = ' ' where sku = 'B';
    """)
    skus = [row["sku"] for row in undone.execute("select sku from inventory")]
    assert skus == [None] * 4


# Policies.


def test_every_table_of_ours_has_a_policy_file():
    assert OURS.isdisjoint(CRM)  # the CRM's policies are the CRM's


@pytest.mark.parametrize("file", POLICIES, ids=lambda file: file.stem)
def test_a_migration_says_what_the_policy_file_says(file):
    assert any(file.read_text() in migration.read_text() for migration in FILES)


def test_the_policy_files_make_what_the_migrations_made(undone):
    before = catalog(undone)
    for table in OURS:
        name = sql.Identifier("public", table)
        policies = undone.execute(
            "select policyname from pg_policies where schemaname = 'public' and tablename = %s",
            [table],
        ).fetchall()
        for policy in policies:
            undone.execute(
                sql.SQL("drop policy {} on {}").format(sql.Identifier(policy["policyname"]), name)
            )
        undone.execute(sql.SQL("alter table {} disable row level security").format(name))
        undone.execute(
            sql.SQL("revoke all on {} from public, anon, authenticated, service_role").format(name)
        )
    undone.execute("drop function public.scheduled_jobs_hold_users_to_their_part() cascade")
    assert len(before - catalog(undone)) > 50
    apply(undone, POLICIES)
    assert catalog(undone) == before


def test_row_security_is_on_everywhere(migrated):
    tables = migrated.execute(
        "select relname, relrowsecurity from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
    )
    assert {row["relname"] for row in tables if not row["relrowsecurity"]} == set()


async def advise(cluster, name):
    try:
        return await migrations.run(
            cluster.directory,
            *("db", "advisors", f"--remote={cluster.url(name)}", "--type=all", "--level=info"),
            *("--fail-on=warn", "--output-format=json"),
        )
    except DevstackError as error:
        pytest.fail(str(error))


async def test_the_advisors_have_nothing_to_warn_of(cluster, migrated):
    said = await advise(cluster, migrated.info.dbname)
    found = json.loads(said[said.index("{") :])["results"]
    print(Counter((finding["level"], finding["name"]) for finding in found))
    assert {finding["level"] for finding in found} <= {"INFO"}, said
    # An index is unused until somebody uses it; import_batches has no policy on purpose.
    assert {finding["name"] for finding in found} == {"unused_index", "rls_enabled_no_policy"}, said


async def test_the_advisors_do_warn(cluster):
    """Else the silence above would prove nothing."""
    url = cluster.create("careless")
    with connect(url) as connection:
        connection.execute("create table public.secrets (id integer); grant all on secrets to anon")
    with pytest.raises(pytest.fail.Exception, match="rls_disabled_in_public"):
        await advise(cluster, "careless")


# Production.


@dataclass(frozen=True)
class Production:
    """A database as in production, migrated. The schema `before` has its tables as they were."""

    connection: psycopg.Connection

    def scalar(self, statement: str, *values: object) -> object:
        [value] = self.connection.execute(statement, values).fetchone().values()
        return value

    @contextmanager
    def acting(self, role: str, user_id: str = ""):
        """Be a role for the length of a transaction, as PostgREST is."""
        with self.connection.transaction():
            claims = json.dumps({"sub": user_id, "role": role})
            self.connection.execute("select set_config('request.jwt.claims', %s, true)", [claims])
            self.connection.execute(f"set local role {role}")
            yield self.connection
            self.connection.execute("reset role")

    def refuses(self, user_id: str, statement: str) -> bool:
        try:
            with self.acting("authenticated", user_id) as connection:
                connection.execute(statement)
        except psycopg.errors.InsufficientPrivilege:
            return True
        return False

    def job_id(self, file_name: str) -> object:
        return self.scalar("select id from scheduled_jobs where file_name = %s", file_name)


@pytest.fixture(scope="module")
async def production_url(cluster):
    url = cluster.create("production")
    with connect(url) as connection:
        connection.execute((DATA / "production_like.sql").read_text())
        connection.execute("create schema before")
        for table in ("inventory", "bid_items", "item_photos", "scheduled_jobs"):
            connection.execute(f"create table before.{table} as table public.{table}")
        connection.execute("create index on before.inventory (id)")
        connection.execute("analyze")
    started = time.monotonic()
    await cluster.push(url)
    print(f"the migration of 15,600 items took {time.monotonic() - started:.1f} s")
    return url


@pytest.fixture
def production(production_url):
    """Migrated; what a test does to it is undone."""
    with connect(production_url) as connection, connection.transaction(force_rollback=True):
        yield Production(connection)


# Items as text, every column. A blank SKU became NULL, as the migration says.
WAS = """
    select (to_jsonb(b)
            || case when btrim(b.sku) = '' then '{"sku": null}' else '{}' end::jsonb)::text as item
    from before.inventory b"""
STAYED = "select to_jsonb(i)::text as item from public.inventory i"
MOVED = "select d.item::text from public.inventory_duplicates d"


def fingerprint(production, items):
    """Tell two multisets of texts apart without sorting them."""
    summed = production.connection.execute(
        "select count(*), sum(hashtextextended(item, 0)), sum(hashtextextended(item, 1))"  # noqa: S608 - one of the constants above
        f" from ({items}) x"
    )
    return tuple(summed.fetchone().values())


def test_no_item_is_lost_or_changed(production):
    assert production.scalar("select count(*) from before.inventory") == 15_600
    assert production.scalar("select count(*) from inventory_duplicates") > 8_000
    assert fingerprint(production, f"{STAYED} union all {MOVED}") == fingerprint(production, WAS)


def test_the_newest_item_of_each_sku_stays(production):
    older = production.scalar("""
        select count(*)
        from public.inventory i
        join before.inventory b using (organization_id, sku)
        where coalesce(b.updated_at, b.created_at) > coalesce(i.updated_at, i.created_at)
    """)
    assert older == 0
    assert (
        production.scalar("""
        select count(*) from public.inventory_duplicates d
        where not exists (
          select from public.inventory i
          where (i.id, i.organization_id, i.sku) = (d.kept_id, d.organization_id, d.sku))
    """)
        == 0
    )


def test_every_sku_is_still_there(production):
    assert (
        production.scalar("""
        select count(*) from (
          select organization_id, sku from before.inventory where btrim(sku) <> ''
          except select organization_id, sku from public.inventory) lost
    """)
        == 0
    )


def test_items_without_a_sku_are_no_duplicates(production):
    without = "select count(*) from {}.inventory where coalesce(btrim(sku), '') = ''"
    assert production.scalar(without.format("public")) == 47
    assert production.scalar(without.format("before")) == 47
    assert production.scalar("select count(*) from inventory where sku is null") == 47


@pytest.mark.parametrize(
    ("table", "column"), [("bid_items", "inventory_id"), ("item_photos", "item_id")]
)
def test_references_follow_to_the_item_that_stays(production, table, column):
    statement = """
        select count(*) as followed,
               count(*) filter (where r.{column} <> was.{column}) as repointed
        from public.{table} r
        join before.{table} was using (id)
        join public.inventory i on i.id = r.{column}
        join before.inventory old on old.id = was.{column}
        where i.organization_id = old.organization_id
          and i.sku is not distinct from nullif(btrim(old.sku), '')
    """
    counts = production.connection.execute(
        sql.SQL(statement).format(table=sql.Identifier(table), column=sql.Identifier(column))
    ).fetchone()
    everything = production.scalar(f"select count(*) from before.{table}")  # noqa: S608
    assert counts["followed"] == everything
    assert counts["repointed"] > everything / 3


def test_indexes(production):
    indexes = {
        row["indexname"]: row["indexdef"]
        for row in production.connection.execute(
            "select indexname, indexdef from pg_indexes where tablename = 'inventory'"
        )
    }
    assert indexes["inventory_org_sku_key"].startswith("CREATE UNIQUE INDEX")
    assert "inventory_org_sku" not in indexes  # the unique one does its work
    assert "inventory_org_sku_pattern" in indexes  # it doesn't do this one's
    with pytest.raises(psycopg.errors.UniqueViolation):
        production.connection.execute(
            "insert into inventory (organization_id, sku, name)"
            " select organization_id, sku, name from inventory where sku is not null limit 1"
        )


def test_items_come_back_exactly_and_can_be_moved_again(production):
    connection = production.connection
    kept = {row["id"] for row in connection.execute("select id from inventory")}
    moved = production.scalar("select count(*) from inventory_duplicates")
    assert production.scalar("select restore_inventory_duplicates()") == moved
    assert fingerprint(production, STAYED) == fingerprint(production, WAS)
    assert production.scalar("select count(*) from inventory_duplicates") == 0
    assert production.scalar("select restore_inventory_duplicates()") == 0
    assert production.scalar("select move_inventory_duplicates()") == moved
    assert {row["id"] for row in connection.execute("select id from inventory")} == kept
    assert production.scalar("select move_inventory_duplicates()") == 0


def test_items_come_back_into_a_table_that_has_changed_meanwhile(production):
    production.connection.execute("""
        alter table inventory add column reviewed boolean not null default false;
        alter table inventory drop column weight;
    """)
    moved = production.scalar("select count(*) from inventory_duplicates")
    assert production.scalar("select restore_inventory_duplicates()") == moved
    assert production.scalar("select count(*) from inventory where not reviewed") == 15_600


def test_jobs_are_as_they_were(production):
    changed = production.connection.execute("""
        select now_.file_name, now_.status, now_.error_message, now_.completed_at
        from scheduled_jobs now_
        join before.scheduled_jobs was using (id)
        where not to_jsonb(now_) @> to_jsonb(was)
        order by now_.file_name
    """).fetchall()
    # Unfinished jobs that nobody can run: every claim would have stumbled over them.
    assert [row["file_name"] for row in changed] == [
        "never.csv",
        "nobody's.csv",
        "old kind, due.csv",
        "old kind, stuck.csv",
    ]
    assert {row["status"] for row in changed} == {"failed"}
    assert all(row["error_message"] and row["completed_at"] for row in changed)
    assert production.scalar("select count(*) from scheduled_jobs") == 9


def test_pending_jobs_are_expected(production):
    expected = production.connection.execute("""
        select j.organization_id, min(j.scheduled_time) as due_at
        from scheduled_jobs j where j.status = 'pending' group by 1 order by 1
    """).fetchall()
    assert expected
    found = production.connection.execute(
        "select organization_id, due_at from import_internal.waiting order by 1"
    ).fetchall()
    assert found == expected


def test_the_stuck_job_is_adopted_and_lands(production):
    stuck = production.job_id("stuck.csv")
    assert (
        production.scalar("select status from scheduled_jobs where id = %s", stuck) == "processing"
    )
    rows = [
        {"row_number": 1, "sku": "NEW-1", "name": "New", "search_keywords": "new"},
        {"row_number": 2, "sku": "SKU-7", "name": "Seven", "search_keywords": "seven"},
    ]
    with production.acting("service_role"):
        [job] = production.scalar("select claim_import_jobs('w', 60, 10)")["jobs"]
        assert (job["job_id"], job["row_count"]) == (str(stuck), 2)
        counts = production.scalar(
            "select apply_inventory_batch(%s, 1, 2, %s, '[]')", job["run_id"], Jsonb(rows)
        )
        assert counts == {"created": 1, "updated": 1, "unchanged": 0, "failed": 0}
        production.scalar("select finish_import(%s, 'completed')", job["run_id"])
    assert (
        production.scalar("select status from scheduled_jobs where id = %s", stuck) == "completed"
    )
    new = production.connection.execute("select * from inventory where sku = 'NEW-1'").fetchone()
    # What the file did not say comes from this table's own defaults.
    assert (new["unit_price"], new["quantity"], new["bin_location"]) == (0, 0, "A-0")


def import_rows(production, data_type, rows):
    """Import rows into org_large, in Alice's name, as the worker does."""
    production.connection.execute("delete from scheduled_jobs")
    production.connection.execute(
        "insert into scheduled_jobs"
        " (organization_id, created_by, job_type, data_type, scheduled_time, file_data)"
        " values ('org_large', %s, 'import', %s, now(), %s)",
        [ALICE, data_type, Jsonb({"records": rows})],
    )
    numbered = [{"row_number": n} | row for n, row in enumerate(rows, start=1)]
    with production.acting("service_role"):
        [job] = production.scalar("select claim_import_jobs('w', 60, 10)")["jobs"]
        return production.scalar(
            f"select apply_{data_type}_batch(%s, 1, %s, %s, '[]')",
            job["run_id"],
            len(rows),
            Jsonb(numbered),
        )


def test_contacts_leave_out_what_this_table_lacks(production):
    rows = [
        {
            "name": "Ann",
            "company": "Acme",
            "city": "Bern",
            "legacy_number": "7",
            "ptd_sales": "1.00",
        },
        {"name": "New", "legacy_number": "7", "trade": "Roofer", "ytd_sales": "5.125"},
    ]
    counts = import_rows(production, "contacts", rows)
    # Without legacy_number there is no such rung: the two are not one.
    assert counts == {"created": 1, "updated": 1, "unchanged": 0, "failed": 0}
    old = production.connection.execute("select * from contacts where city = 'Bern'").fetchone()
    assert (old["email"], str(old["owner_id"]), str(old["updated_by"])) == (
        "ann2@x.com",
        BOB,
        ALICE,
    )
    new = production.connection.execute("select * from contacts where name = 'New'").fetchone()
    assert new["email"] == f"no-email-{new['id']}@import.invalid"
    assert (new["status"], new["price_level"], new["phone"]) == ("Prospect", "Retail", "")
    assert (str(new["ytd_sales"]), str(new["owner_id"])) == ("5.13", ALICE)
    again = import_rows(production, "contacts", rows)
    assert again == {"created": 1, "updated": 1, "unchanged": 1, "failed": 0}


def test_a_contact_that_this_table_refuses_is_an_error(production):
    rows = [{"name": "A", "email": f"{'a' * 80}@x.com"}, {"name": "B", "ytd_sales": "99999999999"}]
    refused = {"created": 0, "updated": 0, "unchanged": 0, "failed": 2}
    assert import_rows(production, "contacts", rows) == refused
    messages = production.connection.execute(
        "select message from import_errors order by row_number"
    )
    assert [row["message"] for row in messages] == ["a text is too long", "a number is too large"]


def test_bids_leave_out_what_this_table_lacks(production):
    row = {"client_name": "Ann", "project_name": "Deck", "total": "9.50", "tax_amount": "1.00"}
    counts = import_rows(production, "bids", [row, row | {"valid_until": "2027-01-02"}])
    assert counts == {"created": 2, "updated": 0, "unchanged": 0, "failed": 0}
    first, second = production.connection.execute("select * from bids order by id").fetchall()
    assert (first["title"], first["amount"], first["total"]) == (
        "Deck",
        Decimal("9.50"),
        Decimal("9.50"),
    )
    assert (first["status"], first["notes"]) == ("draft", "-")
    assert first["valid_until"] == production.scalar("select (now() + interval '30 days')::date")
    assert str(second["valid_until"]) == "2027-01-02"


def test_what_contacts_are_matched_by_is_indexed_where_it_can_be(production, migrated):
    made = "select indexname from pg_indexes where tablename = 'contacts'"
    made += " and indexname like 'contacts\\_import\\_%'"
    here, there = (
        {row["indexname"] for row in connection.execute(made)}
        for connection in (migrated, production.connection)
    )
    rungs = ("legacy_number", "email", "account_owner_number", "company")
    assert here == {f"contacts_import_{rung}_idx" for rung in rungs}
    # A name there is longer than an index takes: no trouble. A column is missing: no such rung.
    assert here - there == {"contacts_import_legacy_number_idx"}


INSERT = """
    insert into scheduled_jobs (organization_id, created_by, job_type, data_type, scheduled_time{})
    values ('{}', '{}', 'import', 'inventory', now() - interval '1 second'{})
"""


def test_a_job_may_be_due_at_once(production):
    assert not production.refuses(ALICE, INSERT.format("", "org_large", ALICE, ""))


def test_a_job_may_be_cancelled(production):
    with production.acting("authenticated", ALICE) as connection:
        cancelled = connection.execute(
            "update scheduled_jobs set status = 'cancelled', completed_at = now()"
            " where file_name = 'stuck.csv'"
        )
    assert cancelled.rowcount == 1


def test_nothing_can_be_forged_any_more(production):
    assert production.refuses(BOB, INSERT.format("", "org_large", ALICE, ""))
    assert production.refuses(CAROL, INSERT.format("", "org_large", CAROL, ""))
    for column, value in {
        "progress": "'{}'",
        "record_count": "1",
        "status": "'completed'",
        "completed_at": "now()",
    }.items():
        assert production.refuses(
            ALICE, INSERT.format(f", {column}", "org_large", ALICE, f", {value}")
        )
    assert production.refuses(ALICE, "update scheduled_jobs set record_count = 1")
    assert production.refuses(ALICE, "truncate scheduled_jobs")
    assert production.refuses(ALICE, "select claim_import_jobs('w', 60, 1)")
    assert production.refuses(ALICE, "select restore_inventory_duplicates()")
    with production.acting("authenticated", CAROL) as connection:
        seen = connection.execute("select distinct organization_id from scheduled_jobs").fetchall()
        assert [row["organization_id"] for row in seen] == ["org_small"]
        cancelled = connection.execute("update scheduled_jobs set status = 'cancelled'")
        assert cancelled.rowcount == 0  # all of them are Alice's
    with pytest.raises(psycopg.errors.InsufficientPrivilege), production.acting("anon") as nobody:
        nobody.execute("select from scheduled_jobs")


def test_moving_items_is_the_owners_work(production):
    for function in ("move_inventory_duplicates()", "restore_inventory_duplicates()"):
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            production.acting("service_role") as connection,
        ):
            connection.execute(f"select {function}")


def test_who_may_do_what_is_the_same_as_in_a_new_project(migrated, production):
    kinds = ("policy", "table grant", "column grant", "trigger")
    there = catalog(production.connection, *kinds, of=OURS)
    here = catalog(migrated, *kinds, of=OURS)
    # What an older project gives service_role beside: of no use through the API, and it passes by
    # every policy anyway.
    beside = {
        f"service_role {right}" for right in ("TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
    }
    assert {line for line in there - here if line[2] not in beside} == set()
    assert here <= there
    functions = catalog(migrated, "function grant")
    ours = {name for _, name, _ in functions}
    assert {
        line
        for line in catalog(production.connection, "function grant")
        if line[1] in ours and "service_role" not in line[2]
    } == {line for line in functions if "service_role" not in line[2]}
    assert catalog(production.connection, "publication") == catalog(migrated, "publication")


def test_doctor_finds_production_as_it_should_be(production):
    told = production.scalar("select import_schema()")
    _, expects = comparison.expected()
    there = comparison.read_schema(told)
    # This database is without the platform's Storage.
    expects = {thing: says for thing, says in expects.items() if "storage" not in thing.belongs_to}
    assert list(comparison.differences(expects, there, is_newer=False)) == []
    with production.acting("service_role") as connection:
        connection.execute("select import_health()")


def test_applied_again_to_production_they_change_nothing(production):
    before = catalog(production.connection)
    apply(production.connection, FILES)
    assert catalog(production.connection) == before
    assert fingerprint(production, f"{STAYED} union all {MOVED}") == fingerprint(production, WAS)
