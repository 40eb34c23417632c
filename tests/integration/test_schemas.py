"""supabase/schemas, which people read, says what the migrations, which are applied, have made."""

import re

import psycopg
import pytest

from devstack import migrations
from tests.databases import DATA, MIGRATIONS, apply, catalog, connect

FILES = sorted((migrations.SUPABASE / "schemas").glob("*.sql"))
GROUND = MIGRATIONS[:1]  # what is the CRM's own
# What the worker's functions find there from the first day on.
ROWS = {
    "setting": "select name, value::text || ' ' || description as says from import_settings",
    "internal setting": "select '' as name, s::text as says from import_internal.settings s",
    "bucket": "select id as name, b::text as says from storage.buckets b",
}


def everything(connection):
    rows = {
        (kind, row["name"], row["says"])
        for kind, statement in ROWS.items()
        for row in connection.execute(statement)
    }
    return catalog(connection) | rows


@pytest.fixture(scope="module")
def migrated(cluster):
    with made_by(cluster, "as_migrated", MIGRATIONS) as connection:
        yield everything(connection)


@pytest.fixture(scope="module")
def read(cluster):
    with made_by(cluster, "as_read", GROUND + FILES) as connection:
        yield connection


def made_by(cluster, name, files):
    url = cluster.create(name)
    with psycopg.connect(cluster.url(name, "supabase_admin")) as platform:
        platform.execute((DATA / "platform.sql").read_text())
    connection = connect(url)
    apply(connection, files)
    return connection


@pytest.fixture(scope="module")
def found(read):
    return everything(read)


def test_they_make_what_the_migrations_make(migrated, found):
    assert len(found) > 1500
    lacking, beyond = (
        "\n".join(": ".join(line) for line in sorted(lines))
        for lines in (migrated - found, found - migrated)
    )
    assert not lacking, f"supabase/schemas lacks this, or has it otherwise:\n{lacking}"
    assert not beyond, f"supabase/schemas has this, and no migration made it:\n{beyond}"


@pytest.mark.parametrize(
    "mistake",
    [
        "revoke select on import_runs from authenticated",
        "grant select on import_batches to anon",
        "grant update (progress) on scheduled_jobs to authenticated",
        "revoke usage on schema import_internal from service_role",
        "revoke execute on function import_schema() from service_role",
        "grant execute on function import_internal.close_run(uuid, text) to public",
        "alter function claim_notifications security definer",
        "alter function import_schema() reset search_path",
        "alter function import_schema() volatile",
        "drop policy import_runs_select_own_organization on import_runs",
        "alter policy import_runs_select_own_organization on import_runs using (true)",
        "drop policy exports_select_own_organization on storage.objects",
        "alter table import_internal.waiting disable row level security",
        "alter table import_runs alter kind drop default",
        "alter table import_runs alter worker_id drop not null",
        "alter table import_runs add column more integer",
        "alter table import_runs drop constraint import_runs_known_kind",
        "alter table scheduled_jobs validate constraint scheduled_jobs_known_status",
        "alter table import_internal.waiting reset (autovacuum_vacuum_threshold)",
        "alter table import_changes alter id set generated always",
        "drop index import_runs_finished_idx",
        "drop trigger scheduled_jobs_tell_of_ending on scheduled_jobs",
        "alter table scheduled_jobs enable trigger scheduled_jobs_expect_job",
        "alter view import_history set (security_invoker = false)",
        "create or replace view import_analysts as select organization_id from profiles",
        "comment on table import_runs is 'no'",
        "alter publication supabase_realtime drop table notification_inbox",
        "revoke select (version) on supabase_migrations.schema_migrations from service_role",
        "update import_settings set value = '31' where name = 'changes_days'",
        "update storage.buckets set public = true where id = 'exports'",
    ],
)
def test_what_they_say_otherwise_is_noticed(read, found, mistake):
    with read.transaction(force_rollback=True):
        read.execute(mistake)
        assert everything(read) != found


def test_a_body_that_differs_is_noticed(read, found):
    [body] = read.execute(
        "select pg_get_functiondef('import_internal.close_run(uuid, text)'::regprocedure)"
    ).fetchone().values()  # fmt: skip
    with read.transaction(force_rollback=True):
        read.execute(body.replace("finished_at", "started_at", 1))
        assert everything(read) != found


def test_each_has_its_place_in_the_order():
    assert all(re.fullmatch(r"\d\d_[a-z_]+\.sql", file.name) for file in FILES)
    assert len({file.name[:2] for file in FILES}) == len(FILES)


# How a migration speaks to a database that has something already.
UPGRADE = re.compile(
    r"(do|drop|create or replace|notify|update|delete)\b|.*\bif (not )?exists\b", re.IGNORECASE
)


def test_they_say_what_there_is_and_not_how_it_came():
    lines = {(file.name, line) for file in FILES for line in statements(file.read_text())}
    assert len(lines) > 1000
    assert {(name, line) for name, line in lines if UPGRADE.match(line)} == set()


def statements(text):
    """Give the lines outside of function bodies."""
    bodies = text.split("$$")
    assert len(bodies) % 2 == 1
    return "".join(bodies[::2]).splitlines()
