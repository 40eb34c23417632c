"""The claim finds what looking at every job would find, in that order, and nobody waits for it."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from worker.job import KINDS

ORACLE = (Path(__file__).parent.parent / "data" / "claim_that_looks_at_all.sql").read_text()
ORGANIZATIONS = 4
USER = UUID(int=2**64)
FILE_DATA = [
    {"records": [{"sku": "A"}, {"sku": "B"}], "mapping": {"SKU": "sku"}},
    {"records": [], "options": {"mode": "update", "dry_run": True}},
    {"source": {"bucket": "imports", "path": "a.csv"}, "options": {"preview": True, "mode": "x"}},
    {"records": "none", "mapping": [], "undo": {}},
    {"export_options": {"entity": "bids"}, "options": {"dry_run": True, "mode": "create"}},
    ["records"],
    None,
]


class History:
    """Jobs and runs in one transaction, in which now() stands still; nothing of it stays."""

    def __init__(self, connection):
        self.connection = connection
        self.jobs = []
        connection.execute("delete from scheduled_jobs")
        connection.execute("delete from import_internal.waiting")
        connection.execute(ORACLE)
        connection.execute(
            "insert into organizations (id, name) select 'org_' || n, 'Test'"
            " from generate_series(0, %s) n",
            [ORGANIZATIONS - 1],
        )
        connection.execute(
            "insert into profiles (id, organization_id) values (%s, 'org_0')", [USER]
        )

    def insert(self, organization, seconds, status, job_type, file_data, created_by=None):
        # No two at one time: which of them is first, nobody promises.
        number = len(self.jobs)
        self.jobs.append(UUID(int=number))
        when = timedelta(seconds=seconds, microseconds=number)
        self.connection.execute(
            "insert into scheduled_jobs (id, organization_id, job_type, data_type, scheduled_time,"
            " created_at, status, file_data, created_by)"
            " values (%s, %s, %s, 'inventory', now() + %s, now() - %s, %s, %s, %s)",
            [
                *(self.jobs[number], f"org_{organization}", job_type, when),
                *(timedelta(microseconds=number), status, Jsonb(file_data)),
                created_by,
            ],
        )

    def claim(self, max_jobs):
        with self.connection.transaction(force_rollback=True):
            expected = self._claimed_by("pg_temp", max_jobs)
        assert self._claimed_by("public", max_jobs) == expected

    def _claimed_by(self, schema, max_jobs):
        claim = sql.Identifier(schema, "claim_import_jobs")
        kinds = sql.SQL(", kinds => {}").format(list(KINDS)) if schema == "public" else sql.SQL("")
        answer = self.connection.execute(
            sql.SQL("select {}('w', 60, %s{}) as answer").format(claim, kinds), [max_jobs]
        ).fetchone()["answer"]
        for job in answer["jobs"]:
            # Each run has its own, and a job given again the version of its transaction.
            del job["run_id"], job["version"]
        runs = self.connection.execute(
            "select job_id, organization_id, attempt, worker_id, lease_seconds, lease_expires_at,"
            " row_count, outcome, finished_at, kind, dry_run, guards, mode from import_runs"
        ).fetchall()
        statuses = self.connection.execute(
            "select id, status, started_at, progress, error_message from scheduled_jobs order by id"
        ).fetchall()
        return answer, Counter(map(repr, runs)), list(map(_without_run, statuses))

    def finish(self, number):
        self._live("select finish_import(id, 'failed', 'over') from one", number)

    def release(self, number, seconds):
        self._live("select release_import(id, %(seconds)s) from one", number, seconds=seconds)

    def die(self, number):
        self._live(
            "update import_runs r set lease_expires_at = now() - interval '1 second'"
            " from one where r.id = one.id",
            number,
        )

    def hurry(self, number):
        self._one(
            "import_runs where retry_at > now()",
            "update import_runs r set retry_at = now() from one where r.id = one.id",
            number,
        )

    def cancel(self, number):
        self._pending("update scheduled_jobs j set status = 'cancelled'", number)

    def move(self, number, seconds):
        when = timedelta(seconds=seconds, microseconds=100 + number)
        self._pending(
            "update scheduled_jobs j set scheduled_time = now() + %(when)s", number, when=when
        )

    def delete(self, number):
        # With its runs a job would take along when its organization was served.
        self._one(
            "scheduled_jobs where id not in (select job_id from import_runs)",
            "delete from scheduled_jobs j using one where j.id = one.id",
            number,
        )

    def _live(self, statement, number, **values):
        self._one("import_runs where finished_at is null", statement, number, **values)

    def _pending(self, statement, number, **values):
        statement = f"{statement} from one where j.id = one.id"
        self._one("scheduled_jobs where status = 'pending'", statement, number, **values)

    def _one(self, of, statement, number, **values):
        # Of those that there are, in turns.
        self.connection.execute(
            f"with several as (select id, row_number() over (order by organization_id, id) - 1 as n"  # noqa: S608
            f" from {of}), one as (select id from several"
            " where n = %(number)s %% (select greatest(count(*), 1) from several))"
            f" {statement}",
            {"number": number, **values},
        )


def _without_run(row):
    """Leave out the run's id, by which a job that was given up is known to the operator."""
    message = row["error_message"] or ""
    return row | {"error_message": message.partition(" and name run ")[0]}


numbers = st.integers(0, 30)  # which one of those there are
# Of a job, in seconds from now: on both sides of an orphan's, of a page's, and of now.
times = st.sampled_from([-2000, -1000, -500, -100, -80, -1, 1, 100])
INSERTS = st.tuples(
    st.just(History.insert),
    st.integers(0, ORGANIZATIONS - 1),
    times,
    st.sampled_from(["pending"] * 6 + ["processing"]),
    st.sampled_from(["import"] * 3 + ["export"]),
    st.sampled_from(FILE_DATA),
    st.sampled_from([USER, None]),
)
CLAIMS = st.tuples(st.just(History.claim), st.integers(0, 3))
OPERATIONS = st.one_of(
    INSERTS,
    CLAIMS,
    st.tuples(st.just(History.finish), numbers),
    st.tuples(st.just(History.release), numbers, st.sampled_from([None, 0, 600])),
    st.tuples(st.just(History.die), numbers),
    st.tuples(st.just(History.hurry), numbers),
    st.tuples(st.just(History.cancel), numbers),
    st.tuples(st.just(History.delete), numbers),
    st.tuples(st.just(History.move), numbers, times),
)
HISTORIES = st.builds(
    lambda inserts, operations: [*inserts, *operations],
    st.lists(INSERTS, min_size=4, max_size=20),
    # What is done, and who sees it.
    st.lists(st.tuples(OPERATIONS, CLAIMS), min_size=5, max_size=30).map(
        lambda pairs: [operation for pair in pairs for operation in pair]
    ),
)


@settings(max_examples=settings.default.max_examples // 2)
@given(HISTORIES)
def test_a_claim_takes_what_looking_at_every_job_would_take(database, history):
    with database.transaction(force_rollback=True):
        here = History(database)
        for act, *arguments in history:
            act(here, *arguments)
        while True:
            here.claim(2)
            live = database.execute("select id from import_runs where finished_at is null")
            runs = [row["id"] for row in live]
            if not runs:
                break
            for run_id in runs:
                database.execute("select finish_import(%s, 'failed', 'over')", [run_id])
        due = database.execute(
            "select count(*) as count from scheduled_jobs where status = 'pending'"
            " and (job_type = 'import' or created_by is null"
            " or scheduled_time <= now() - interval '90 seconds') and scheduled_time <= now()"
            " and id not in (select job_id from import_runs where retry_at > now())"
        ).fetchone()
        assert due == {"count": 0}


def test_places_of_thousands_who_wait_no_more_are_cleared_away_claim_by_claim(database):
    with database.transaction(force_rollback=True):
        here = History(database)
        database.execute(
            "insert into import_internal.waiting (organization_id, due_at)"
            " select 'gone_' || n, '-infinity' from generate_series(1, 250) n"
        )
        here.insert(0, -1, "pending", "import", None)
        answers = [
            database.execute("select claim_import_jobs('w', 60, 2) as answer").fetchone()["answer"]
            for _ in range(3)
        ]
    assert [len(answer["jobs"]) for answer in answers] == [0, 0, 1]
    assert [answer["next_due_in"] for answer in answers] == [0, 0, None]


def test_a_claim_looks_at_few_rows_though_it_was_planned_when_there_were_none(stack):
    with psycopg.connect(stack.db_url) as connection:
        History(connection)
        connection.execute("analyze scheduled_jobs, import_runs, import_internal.waiting")
        claim = "select claim_import_jobs('w', 60, 8) as answer"
        connection.execute(claim)
        connection.execute(
            "insert into organizations (id, name) select 'of_' || n, 'Test'"
            " from generate_series(1, 1000) n"
        )
        connection.execute(
            "insert into scheduled_jobs (organization_id, job_type, data_type, scheduled_time)"
            " select 'of_' || 1 + n % 1000, 'import', 'inventory', now() - interval '1 hour'"
            " from generate_series(1, 4000) n"
        )
        before = looked_at(connection)
        [answer] = connection.execute(claim).fetchone()
        after = looked_at(connection)
        connection.rollback()
    assert len(answer["jobs"]) == 8
    rows = {table: after[table] - before[table] for table in after}
    assert 8 <= rows["scheduled_jobs"] < 500
    assert 8 <= rows["waiting"] < 500


def looked_at(connection):
    """Count the rows that this transaction has looked at, by table."""
    return dict(
        connection.execute(
            "select relname, seq_tup_read + idx_tup_fetch from pg_stat_xact_all_tables"
            " where relname in ('scheduled_jobs', 'waiting')"
        ).fetchall()
    )


def places(dealer):
    return dealer.connection.execute(
        "select * from import_internal.waiting where organization_id = %s",
        [dealer.organization_id],
    ).fetchall()


async def claimed(queue, dealer):
    claim = await queue.claim(50, orphan_after_seconds=900)
    return [job.job_id for job in claim.jobs if job.organization_id == dealer.organization_id]


@pytest.fixture
def others(stack):
    """Two more connections, each with a transaction of its own; what would wait fails."""
    with (
        psycopg.connect(stack.db_url, row_factory=dict_row) as one,
        psycopg.connect(stack.db_url, row_factory=dict_row) as other,
    ):
        for connection in (one, other):
            connection.execute("set lock_timeout = '5s'")
        yield one, other


def insert(connection, dealer, seconds):
    return connection.execute(
        "insert into scheduled_jobs (organization_id, job_type, data_type, scheduled_time)"
        " values (%s, 'import', 'inventory', now() + %s) returning id",
        [dealer.organization_id, timedelta(seconds=seconds)],
    ).fetchone()["id"]


async def test_a_place_goes_when_nothing_is_left_and_waits_for_what_comes_later(queue, dealer):
    job_id = dealer.insert_job(dealer.records(1))
    dealer.insert_job(dealer.records(1))
    assert len(places(dealer)) == 1
    dealer.execute("delete from scheduled_jobs where id <> %s", job_id)
    assert await claimed(queue, dealer) == [job_id]
    assert [place["served_at"] is None for place in places(dealer)] == [False]
    dealer.execute("select finish_import(id, 'failed', 'over') from import_runs")
    later = datetime.now(UTC) + timedelta(hours=1)
    dealer.insert_job(dealer.records(1), scheduled_time=later)
    assert await claimed(queue, dealer) == []
    assert [place["due_at"] for place in places(dealer)] == [later]
    dealer.execute(
        "update scheduled_jobs set status = 'cancelled' where organization_id = %s",
        dealer.organization_id,
    )
    dealer.execute(
        "update import_internal.waiting set due_at = now() where organization_id = %s",
        dealer.organization_id,
    )
    assert await claimed(queue, dealer) == []
    assert places(dealer) == []


@pytest.mark.parametrize(
    "before", [[], [-60], [3600]], ids=["no place", "a due one", "a later one"]
)
async def test_jobs_that_are_inserted_at_once_wait_for_nobody(queue, dealer, others, before):
    for seconds in before:
        dealer.insert_job(dealer.records(1), scheduled_in=seconds)
    one, other = others
    jobs = [insert(one, dealer, -20), insert(other, dealer, -10), insert(one, dealer, -5)]
    dealer.execute("delete from scheduled_jobs where organization_id = %s", dealer.organization_id)
    # The claim waits neither, finds nothing, and leaves be what the two rely on.
    assert await claimed(queue, dealer) == []
    one.commit()
    other.commit()
    for job_id in jobs:
        assert await claimed(queue, dealer) == [job_id]
        dealer.execute("select finish_import(id, 'failed', 'over') from import_runs"
                       " where job_id = %s", job_id)  # fmt: skip
    assert await claimed(queue, dealer) == []
    assert places(dealer) == []


async def test_a_job_that_comes_while_a_place_goes_has_one_of_its_own(queue, dealer, others):
    dealer.insert_job(dealer.records(1))
    dealer.execute("delete from scheduled_jobs where organization_id = %s", dealer.organization_id)
    one, other = others
    one.execute("select claim_import_jobs('w', 60, 50)")
    job_id = insert(other, dealer, -1)
    other.commit()
    one.commit()
    assert len(places(dealer)) == 1
    assert await claimed(queue, dealer) == [job_id]


async def test_a_job_that_is_restored_with_triggers_off_is_claimed(stack, queue, dealer):
    with psycopg.connect(stack.admin_db_url, row_factory=dict_row) as admin:
        admin.execute("set session_replication_role = replica")
        job_id = insert(admin, dealer, -1)
    assert await claimed(queue, dealer) == [job_id]


async def test_a_claim_reads_file_data_of_the_jobs_it_takes_alone_and_once(stack, make_dealer):
    dealers = [make_dealer() for _ in range(6)]
    for dealer in dealers:
        records = [{"sku": uuid4().hex, "name": uuid4().hex} for _ in range(4_000)]
        for _ in range(3):
            dealer.insert_job(records)
    with psycopg.connect(stack.db_url, autocommit=True) as connection:
        [(one_job,)] = connection.execute(
            "select id from scheduled_jobs where organization_id = %s limit 1",
            [dealers[0].organization_id],
        ).fetchall()
        once = blocks_of_file_data(
            connection, "select length(file_data::text) from scheduled_jobs where id = %s", one_job
        )
        taken = blocks_of_file_data(connection, "select claim_import_jobs('w', 60, %s)", 2)
    assert once > 30
    assert once < taken < 2.5 * once


def blocks_of_file_data(connection, statement, value):
    """Count the blocks of scheduled_jobs' large values that a statement looks at."""
    looked = (
        "select toast_blks_hit + toast_blks_read from pg_statio_all_tables"
        " where relid = 'scheduled_jobs'::regclass"
    )
    counts = []
    for act in (lambda: None, lambda: connection.execute(statement, [value])):
        act()
        connection.execute("select pg_stat_force_next_flush()")
        counts += connection.execute(looked).fetchone()
    return counts[1] - counts[0]
