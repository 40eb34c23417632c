"""Who may do what, asked through PostgREST with real tokens and judged by what is in the tables.

A status says what PostgREST thinks happened; only the row says what did.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import jwt
import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from worker.job import KINDS

ROLES = ("anon", "colleague", "creator", "stranger", "service_role")
ALL = "every column"

# What is not here is refused. `creator` and `colleague` are users of the row's organization, the
# creator being the one the row names; `stranger` is a user of another. For a table whose columns
# a role may change, the set of them, or ALL.
MEMBERS = {"colleague": ALL, "creator": ALL}
MEMBERS_BUT_NOT_AWAY = {"colleague": {"-organization_id"}, "creator": {"-organization_id"}}
SERVICE = {"service_role": ALL}
CREATOR = {"creator": ALL}
MAY = {
    # The CRM's own.
    "organizations": {
        "select": MEMBERS | SERVICE,
        "insert": SERVICE,
        "update": {"service_role": {"-id"}},  # its users refer to it
        "delete": SERVICE,
    },
    "profiles": {  # the row is the creator's
        "select": CREATOR | SERVICE,
        "insert": SERVICE,
        "update": SERVICE,
        "delete": SERVICE,
    },
    **{
        table: {
            "select": MEMBERS | SERVICE,
            "insert": MEMBERS | SERVICE,
            "update": MEMBERS_BUT_NOT_AWAY | SERVICE,
            "delete": MEMBERS | SERVICE,
        }
        for table in ("inventory", "contacts", "bids", "quotes", "organization_settings")
    },
    # The contract. The row is a pending job.
    "scheduled_jobs": {
        "select": MEMBERS | SERVICE,
        "insert": CREATOR | SERVICE,
        "update": {
            "creator": {
                "status",  # to cancelled; TRANSITIONS has the others
                "scheduled_time",
                "file_name",
                "repeat_type",
                "repeat_interval",
                "repeat_custom_unit",
                "repeat_end_date",
                "repeat_days_of_week",
                "repeat_days_of_month",
            }
        }
        | SERVICE,
        "delete": CREATOR | SERVICE,
    },
    # The worker's.
    **{
        table: {
            "select": MEMBERS | SERVICE,
            "insert": SERVICE,
            "update": SERVICE,
            "delete": SERVICE,
        }
        for table in (
            "import_runs",
            "import_errors",
            "import_memory",
            "import_changes",
            "import_daily",
            "merged_contacts",
        )
    },
    # The row is the creator's, of a person's channel; webhooks are in test_channels.py.
    "notification_channels": {
        "select": CREATOR | SERVICE,
        "insert": CREATOR | SERVICE,
        "update": {
            "creator": {"events", "scope", "language", "is_enabled"},
            "service_role": {"-url", "-secret"},  # a person's channel has neither
        },
        "delete": CREATOR | SERVICE,
    },
    "notification_inbox": {
        "select": CREATOR | SERVICE,
        "insert": SERVICE,
        "update": {"creator": {"read_at"}, "service_role": {"-notification_id"}},
        "delete": CREATOR | SERVICE,
    },
    "import_notifications": dict.fromkeys(("select", "insert", "update", "delete"), SERVICE),
    "notification_deliveries": {
        "select": SERVICE,
        "insert": SERVICE,
        # Refers to what is there, and ends as a whole.
        "update": {"service_role": {"-notification_id", "-channel_id", "-status", "-ended_at"}},
        "delete": SERVICE,
    },
    "import_templates": {
        "select": MEMBERS | SERVICE,
        "insert": MEMBERS | SERVICE,
        # The organization is not among them, for it is changed into another one here.
        "update": {role: {"data_type", "name", "mapping", "options", "columns"} for role in MEMBERS}
        | SERVICE,
        "delete": MEMBERS | SERVICE,
    },
    **{
        table: dict.fromkeys(("select", "insert", "update", "delete"), SERVICE)
        for table in ("import_batches", "import_settings")
    },
    "import_history": {"select": MEMBERS | SERVICE},
    # Users see lines here who are admins of the organization: test_analytics.py.
    "import_analysts": {"select": SERVICE},
    "import_finished_runs": {"select": SERVICE},
    # Set by admins, who are in test_judgement.py.
    "import_guards": {
        "select": MEMBERS | SERVICE,
        "insert": SERVICE,
        "update": SERVICE,
        "delete": SERVICE,
    },
    "inventory_duplicates": {"select": MEMBERS | SERVICE, "update": SERVICE, "delete": SERVICE},
    # Whoever is signed in reads that somebody is there (the view), and nothing else about it.
    "import_workers": dict.fromkeys(("select", "insert", "update", "delete"), SERVICE),
    "import_operations": {"select": SERVICE, "insert": SERVICE},
    "import_service_status": {"select": MEMBERS | {"stranger": ALL} | SERVICE},
}
# From which status to which. The creator's own job; nobody else but service_role changes a status.
TRANSITIONS = {("creator", "pending"): {"cancelled"}, ("creator", "processing"): {"cancelled"}}
STATUSES = ("pending", "processing", "completed", "failed", "cancelled")
SIGNED_IN = {"colleague", "creator", "stranger"}
# Functions that can be called at all; triggers and the owner's tools can't, by anybody.
CALLABLE = {
    "claim_import_jobs": {"service_role"},
    "read_ahead": {"service_role"},
    "read_job_records": {"service_role"},
    "begin_import": {"service_role"},
    "apply_inventory_batch": {"service_role"},
    "apply_contacts_batch": {"service_role"},
    "apply_bids_batch": {"service_role"},
    "import_short_jobs": {"service_role"},
    "report_progress": {"service_role"},
    "finish_import": {"service_role"},
    "finish_preview": {"service_role"},
    "begin_export": {"service_role"},
    "read_export_page": {"service_role"},
    "read_export_template": {"service_role"},
    "finish_export": {"service_role"},
    "release_import": {"service_role"},
    "recall_mappings": {"service_role"},
    "begin_undo": {"service_role"},
    "apply_undo_batch": {"service_role"},
    "list_items": {"service_role"},
    "find_missing_items": {"service_role"},
    "judge_import": {"service_role"},
    "zero_missing_items": {"service_role"},
    # What imports did to items that the policies let them see.
    "item_history": SIGNED_IN | {"service_role"},
    "prune_imports": {"service_role"},
    "restore_inventory_duplicate": {"service_role"},
    "merge_inventory_duplicates": {"service_role"},
    "merge_contacts": {"service_role"},
    "unmerge_contacts": {"service_role"},
    # Runs as its caller: test_a_user_is_told_of_their_own_contacts_only.
    "contact_duplicates": SIGNED_IN | {"service_role"},
    "report_worker": {"service_role"},
    "import_waits": {"service_role"},
    "import_queue": {"service_role"},
    "import_health": {"service_role"},
    "import_schema": {"service_role"},
    # Lines of the organization that the caller is an admin of: test_analytics.py.
    "import_figures": SIGNED_IN | {"service_role"},
    "import_reasons": SIGNED_IN | {"service_role"},
    "import_failing_files": SIGNED_IN | {"service_role"},
    # These read nothing.
    "refusal_reasons": SIGNED_IN | {"service_role"},
    "file_series": SIGNED_IN | {"service_role"},
    "import_time_zone": {"service_role"},
    "operate_import": {"service_role"},
    "claim_notifications": {"service_role"},
    "settle_notification": {"service_role"},
    "replay_notifications": {"service_role"},
    "test_notification": {"service_role"},
    "unsubscribe_notifications": {"service_role"},
    "notification_health": {"service_role"},
}

KEYS = {
    "import_batches": ("job_id", "first_row"),
    "import_errors": ("job_id", "row_number"),
    "import_memory": ("organization_id", "data_type", "columns_key"),
    "import_templates": ("organization_id", "data_type", "name"),
    "import_settings": ("name",),
    "import_guards": ("organization_id",),
    "import_history": ("job_id",),
    "import_analysts": ("organization_id",),
    "import_finished_runs": ("run_id",),
    "organization_settings": ("organization_id",),
    "import_daily": ("organization_id", "day", "data_type", "kind"),
}
# Of no organization and no job.
OF_NOBODY = {"import_workers", "import_service_status"}
TIME = "2031-05-06T07:08:09+00:00"
# A new value that any row takes, by type; what constraints narrow down, by column.
NEW_VALUES = {
    "text": "changed",
    "integer": 7,
    "bigint": 7,
    "numeric": 7.5,
    "double precision": 7.5,
    "jsonb": {"changed": True},
    "date": "2031-05-06",
    "boolean": True,
    "text[]": ["changed"],
    "integer[]": [7],
    "bigint[]": [7],
    "timestamp with time zone": TIME,
    "uuid": "0e000000-0000-4000-8000-00000000000e",
}
NARROWED = {
    ("scheduled_jobs", "job_type"): "export",
    ("scheduled_jobs", "data_type"): "bids",
    ("scheduled_jobs", "status"): "cancelled",
    ("scheduled_jobs", "repeat_type"): "daily",
    ("scheduled_jobs", "repeat_custom_unit"): "days",
    ("import_runs", "kind"): "undo",
    ("import_runs", "outcome"): "failed",
    ("import_runs", "mode"): "update",
    ("import_workers", "listener"): "down",
    ("notification_channels", "kind"): "in_app",
    ("notification_channels", "events"): ["import.failed"],
    ("notification_channels", "scope"): "organization",
    ("notification_channels", "language"): "fr",
    ("import_notifications", "event"): "import.held",
    ("notification_deliveries", "kind"): "email",
}


def now_and(seconds):
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


@dataclass(frozen=True)
class World:
    """A dealer's organization and another one, and everybody who might ask for something."""

    dealer: object
    other: object
    http: httpx.Client

    def headers(self, role: str) -> dict[str, str]:
        keys = self.dealer.stack.keys
        tokens = {
            "creator": lambda: self.dealer.creator_token,
            "colleague": lambda: self.dealer.colleague_token,
            "stranger": lambda: self.other.creator_token,
        }
        if role == "service_role":
            return {"apikey": keys.secret}
        if role == "anon":
            return {"apikey": keys.publishable}
        return {"apikey": keys.publishable, "Authorization": f"Bearer {tokens[role]()}"}

    def request(self, role: str, method: str, path: str, **options: object) -> httpx.Response:
        return self.http.request(method, path, headers=self.headers(role), **options)

    def job(self, **columns: object) -> dict[str, object]:
        """A job as the frontend sends it."""
        return {
            "organization_id": self.dealer.organization_id,
            "created_by": str(self.dealer.creator_id),
            "job_type": "import",
            "data_type": "inventory",
            "scheduled_time": now_and(3600),
            "status": "pending",
            "file_name": "stock.csv",
            "file_data": {"records": []},
        } | columns

    def row(self, table: str) -> dict[str, object]:
        """A new row of the dealer's organization; of the creator's, where it is somebody's."""
        row = {"organization_id": self.dealer.organization_id} | {
            "organizations": {"id": f"{self.dealer.organization_id}_new", "name": "New"},
            "profiles": {"id": str(uuid4())},
            "inventory": {"id": str(uuid4()), "name": "Saw", "sku": uuid4().hex},
            "contacts": {"id": str(uuid4()), "name": "Ann"},
            "bids": {"id": str(uuid4()), "client_name": "Ann", "project_name": "Deck"},
            "quotes": {"id": str(uuid4()), "quote_number": "Q-1"},
            "organization_settings": {},
            "scheduled_jobs": self.job(),
            "import_runs": {
                "id": str(uuid4()),
                "attempt": 1,
                "worker_id": "w",
                "lease_seconds": 60,
                "lease_expires_at": now_and(60),
                "finished_at": now_and(0),
                "outcome": "completed",
                "updated": 9,
            },
            "import_batches": {"first_row": 1, "last_row": 9},
            "import_errors": {"row_number": 1, "message": "name is missing"},
            "import_memory": {
                "data_type": "inventory",
                "columns_key": uuid4().hex,
                "mapping": {"Code": "sku"},
                "options": {},
                "columns": ["Code"],
                "is_corrected": False,
            },
            "import_templates": {
                "data_type": "inventory",
                "name": uuid4().hex,
                "mapping": {"Code": "sku"},
            },
            "import_changes": {
                "id": uuid4().int >> 70,
                "first_row": 1,
                "data_type": "inventory",
                "row_count": 1,
            },
            "import_settings": {
                "name": f"{self.dealer.organization_id}_{uuid4()}",
                "value": {"days": 1},
                "description": "made for a test",
            },
            "import_guards": {
                "refused_percent": 5,
                "leap_percent": 50,
                "leaping_items_percent": 5,
            },
            "import_history": {"status": "completed"},
            "import_analysts": {},
            "import_finished_runs": {"kind": "import"},
            "import_daily": {
                "day": date.fromordinal(700_000 + uuid4().int % 700_000).isoformat(),
                "data_type": "contacts",
                "kind": "import",
            },
            "merged_contacts": {
                "id": str(uuid4()),
                "kept_id": str(uuid4()),
                "contact": {},
                "filled": {},
                "moved": {},
            },
            "import_workers": {
                "id": f"{self.dealer.organization_id}-{uuid4()}",
                "version": "1",
                "host": "h",
                "alive_until": now_and(90),
                "listener": "live",
                "times_deaf": 0,
                "concurrency": 2,
                "runs": 0,
            },
            "import_service_status": {"is_alive": True},
            "notification_channels": {
                "profile_id": str(self.dealer.creator_id),
                "kind": "email",
                "is_enabled": False,
            },
            "import_notifications": {
                "id": str(uuid4()),
                "event": "import.failed",
                "key": uuid4().hex,
                "data": {},
            },
            "notification_deliveries": {
                "id": str(uuid4()),
                "kind": "webhook",
                "next_try_at": now_and(3600),
                "expires_at": now_and(7200),
            },
            "notification_inbox": {
                "id": str(uuid4()),
                "profile_id": str(self.dealer.creator_id),
                "event": "import.failed",
                "data": {},
            },
            "import_operations": {
                "id": str(uuid4()),
                "operator": "o",
                "action": "retry",
                "status_before": "failed",
                "status_after": "pending",
            },
            "inventory_duplicates": {
                "id": str(uuid4()),
                "kept_id": str(uuid4()),
                "sku": "A",
                "item": {},
            },
        }[table]
        if table in OF_NOBODY | {
            *("organizations", "import_batches", "import_settings", "notification_deliveries")
        }:
            del row["organization_id"]
        if table in {"notification_deliveries", "notification_inbox"}:
            row["notification_id"] = self.arrange("import_notifications")["id"]
        if table == "notification_deliveries":
            hook = {"profile_id": None, "kind": "webhook", "url": "https://x.example.com"}
            row["channel_id"] = self.arrange("notification_channels", **hook)["id"]
        if table in {
            *("import_runs", "import_batches", "import_errors", "import_changes"),
            "import_operations",
        }:
            row["job_id"] = self.far_job()
        return row

    def far_job(self) -> str:
        """A job that no claim takes during a test."""
        return str(self.dealer.insert_job([], scheduled_in=3600))

    def arrange(self, table: str, **columns: object) -> dict[str, object]:
        """Put a row there, past everything that guards it; return its key."""
        if table == "organizations":
            return {"id": self.dealer.organization_id}
        if table == "profiles":
            return {"id": str(self.dealer.creator_id)}
        if table == "import_history":  # tells of jobs by their runs
            run = self.arrange("import_runs")
            job_id = "select job_id from import_runs where id = %s"
            return {"job_id": str(self.dealer.scalar(job_id, run["id"]))}
        if table == "import_finished_runs":
            return {"run_id": self.arrange("import_runs")["id"]}
        if table in {"import_service_status", "import_analysts"}:
            return dict.fromkeys(KEYS.get(table, ()), self.dealer.organization_id)
        row = self.row(table) | columns
        if table in {"scheduled_jobs", "notification_channels"}:
            row = {"id": str(uuid4())} | row
        statement = sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join([sql.Placeholder()] * len(row)),
        )
        values = [Jsonb(value) if isinstance(value, dict) else value for value in row.values()]
        self.dealer.connection.execute(statement, values)
        return {name: row[name] for name in KEYS.get(table, ("id",))}

    def look(self, table: str) -> list[dict[str, object]]:
        """Everything that the two organizations have in a table, as it is."""
        condition = {
            "organizations": "id like any(%(patterns)s)",
            "import_settings": "name like any(%(patterns)s)",
            "import_batches": (
                "job_id in (select id from scheduled_jobs"
                " where organization_id like any(%(patterns)s))"
            ),
            "import_workers": "id like any(%(patterns)s)",
            "notification_deliveries": (
                "channel_id in (select id from notification_channels"
                " where organization_id like any(%(patterns)s))"
            ),
            "import_service_status": "false",  # what it is made of is looked at by itself
        }.get(table, "organization_id like any(%(patterns)s)")
        patterns = [f"{d.organization_id}%" for d in (self.dealer, self.other)]
        found = self.dealer.connection.execute(
            f"select to_jsonb(t) as row from {table} t where {condition} order by t::text",  # noqa: S608
            {"patterns": patterns},
        )
        return [row["row"] for row in found]

    def the_job(self, key: dict[str, object]) -> dict[str, object] | None:
        return self.dealer.job(UUID(str(key["id"])))


@pytest.fixture(scope="module")
def http(stack):
    with httpx.Client(base_url=f"{stack.url}/rest/v1/", timeout=30) as client:
        yield client


@pytest.fixture
def make_world(make_dealer, http):
    worlds = []

    def make():
        worlds.append(World(make_dealer(), make_dealer(), http))
        return worlds[-1]

    yield make
    for made in worlds:
        for forget in (
            "delete from organizations where id = %s || '_new'",
            "delete from import_settings where name like %s || '%%' or name = 'changed'",
        ):
            made.dealer.execute(forget, made.dealer.organization_id)


@pytest.fixture
def world(make_world):
    return make_world()


def columns_of(world, table):
    """Read a table's columns and their types from the catalog: a new one is tested by itself."""
    found = world.dealer.connection.execute(
        """
        select attname, format_type(atttypid, null) as type
        from pg_attribute
        where attrelid = %s::regclass and attnum > 0 and not attisdropped
        order by attnum
        """,
        [f"public.{table}"],
    )
    return {row["attname"]: row["type"] for row in found}


def new_value(world, table, column, column_type):
    if (table, column) in NARROWED:
        return NARROWED[table, column]
    if column == "organization_id":
        return world.other.organization_id
    if column in {"created_by", "owner_id", "profile_id"}:
        return str(world.dealer.colleague_id)
    if column == "job_id":
        return world.far_job()
    if column_type == "uuid":
        return str(uuid4())  # one role's is not in the way of another's
    return NEW_VALUES[column_type]


def where(key):
    return {column: f"eq.{value}" for column, value in key.items()}


# Whose row is the dealer, or the one that an organization or a person can have.
ONE_OF_EACH = {
    "organizations", "profiles", "organization_settings", "import_guards",
    "notification_channels", "notification_deliveries",
}  # fmt: skip
EACH_TABLE = pytest.mark.parametrize("table", MAY)


@pytest.fixture
def world_for(make_world, world):
    """A world for a row of a table: the same for all, but where there can be one row alone."""
    return lambda table: make_world() if table in ONE_OF_EACH else world


def allowed(table, action):
    return {role: role in MAY[table].get(action, {}) for role in ROLES}


def test_the_table_above_has_every_table_there_is(database):
    tables = database.execute(
        "select relname from pg_class where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'p', 'v', 'm', 'f')"
    )
    assert {row["relname"] for row in tables} == set(MAY)


@EACH_TABLE
def test_select(world, table):
    key = world.arrange(table)
    answers = {role: world.request(role, "GET", table, params=where(key)) for role in ROLES}
    seen = {role: len(said.json()) if said.is_success else 0 for role, said in answers.items()}
    assert seen == {role: int(may) for role, may in allowed(table, "select").items()}, [
        said.text for said in answers.values()
    ]


@EACH_TABLE
def test_insert(world_for, table):
    landed, succeeded = {}, {}
    for role in ROLES:
        here = world_for(table)
        row = here.row(table)
        before = here.look(table)
        answer = here.request(role, "POST", table, json=row)
        landed[role] = len(here.look(table)) - len(before)
        succeeded[role] = answer.is_success
    assert landed == {role: int(may) for role, may in allowed(table, "insert").items()}
    assert succeeded == allowed(table, "insert")


def changeable(world, table, role):
    """The columns that a role may change."""
    columns = set(columns_of(world, table))
    expected = MAY[table].get("update", {}).get(role, set())
    if expected == ALL:
        return columns
    if any(column.startswith("-") for column in expected):
        return columns - {column[1:] for column in expected}
    return expected


@EACH_TABLE
def test_update_of_each_column(world, make_world, table):
    changed = {role: set() for role in ROLES}
    for role in ROLES:
        here, key = make_world(), None
        for column, column_type in columns_of(world, table).items():
            if key is None:  # what the last column changed is no row for this one
                here = make_world() if table in ONE_OF_EACH else here
                key = here.arrange(table)
                before = here.look(table)
            value = new_value(here, table, column, column_type)
            here.request(role, "PATCH", table, params=where(key), json={column: value})
            if here.look(table) != before:
                changed[role].add(column)
                key = None
    wrong = {role: changed[role] ^ changeable(world, table, role) for role in ROLES}
    assert not any(wrong.values()), wrong  # too many, or too few


@EACH_TABLE
def test_delete(world_for, table):
    gone = {}
    for role in ROLES:
        here = world_for(table)
        key = here.arrange(table)
        before = here.look(table)
        answer = here.request(role, "DELETE", table, params=where(key))
        gone[role] = len(before) - len(here.look(table)), answer.text
    assert {role: count for role, (count, _) in gone.items()} == {
        role: int(may) for role, may in allowed(table, "delete").items()
    }, gone


def test_a_user_is_told_of_their_own_contacts_only(world):
    for organization in (world.dealer, world.other):
        for _ in range(2):
            organization.execute(
                "insert into contacts (organization_id, name, email) values (%s, 'A', 'a@x.ca')",
                organization.organization_id,
            )
    named = {d: {"of_organization": d.organization_id} for d in (world.dealer, world.other)}
    for role, own in (("creator", world.dealer), ("stranger", world.other)):
        for arguments, organization in ((named[own], own), ({}, own)):
            [group] = world.request(role, "POST", "rpc/contact_duplicates", json=arguments).json()
            assert group["organization_id"] == organization.organization_id
    for role, another in (("stranger", world.dealer), ("creator", world.other)):
        assert (
            world.request(role, "POST", "rpc/contact_duplicates", json=named[another]).json() == []
        )


def test_a_user_sees_their_own_profile_and_organization_only(world):
    [profile] = world.request("colleague", "GET", "profiles").json()
    assert profile["id"] == str(world.dealer.colleague_id)
    [organization] = world.request("colleague", "GET", "organizations").json()
    assert organization["id"] == world.dealer.organization_id


# Functions and schemas.


def functions(database):
    """Everything in public that is no extension's."""
    return database.execute(
        """
        select p.oid, p.proname, p.prorettype = 'trigger'::regtype as is_trigger,
               (coalesce(p.proargnames, '{}')::text[])[1:p.pronargs] as names,
               array(select format_type(t, null) from unnest(p.proargtypes) t) as types
        from pg_proc p
        where p.pronamespace = 'public'::regnamespace
          and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
        """
    ).fetchall()


def test_no_function_is_missing_above(database):
    names = [function["proname"] for function in functions(database)]
    assert set(CALLABLE) <= set(names)
    assert len(names) == len(set(names))  # else one name would stand for two


@pytest.mark.parametrize("role", ROLES)
def test_every_function(world, database, role):
    world.arrange("scheduled_jobs")
    arguments = {
        "uuid": str(uuid4()),
        "text": "x",
        "integer": 0,
        "double precision": 1,
        "uuid[]": [],
        "text[]": [],
        "jsonb": [],
        "boolean": True,
    }
    before = world.look("scheduled_jobs")
    callable_ones = set()
    for function in functions(database):
        named = zip(function["names"], function["types"], strict=True)
        answer = world.request(
            role,
            "POST",
            f"rpc/{function['proname']}",
            json={name: arguments[kind] for name, kind in named},
        )
        refused = not answer.is_success and answer.json()["code"] in {"42501", "PGRST202"}
        if not refused:
            callable_ones.add(function["proname"])
        in_database = role if role in {"anon", "service_role"} else "authenticated"
        granted = database.execute(
            "select has_function_privilege(%s, %s, 'execute') as granted",
            [in_database, function["oid"]],
        ).fetchone()["granted"]
        # A trigger function can't be called, only fired, whoever may execute it.
        assert granted == (not refused) or function["is_trigger"], function["proname"]
    assert callable_ones == {name for name, roles in CALLABLE.items() if role in roles}
    assert world.look("scheduled_jobs") == before


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("schema", "path"),
    [("import_internal", "rpc/hold_live_run"), ("import_internal", "rpc/upsert_inventory"),
     ("auth", "users"), ("auth", "rpc/uid"), ("storage", "objects"), ("pg_catalog", "pg_authid"),
     ("supabase_migrations", "schema_migrations")],
)  # fmt: skip
def test_other_schemas_are_out_of_reach(world, role, schema, path):
    profile = {"Accept-Profile": schema, "Content-Profile": schema}
    for method in ("GET", "POST"):
        headers = world.headers(role)
        asked = world.http.request(
            method, path, headers=headers | profile, **({"json": {}} if method == "POST" else {})
        )
        assert (asked.status_code, asked.json()["code"]) == (406, "PGRST106")
        without = world.http.request(
            method, path, headers=headers, **({"json": {}} if method == "POST" else {})
        )
        assert without.status_code in {401, 404}


def test_rows_land_in_the_organization_of_the_job_whatever_they_say(world):
    """No argument of a worker's function says whose rows they are; what a row says is not read."""
    job_id = world.dealer.insert_job([{"sku": "A"}, {"sku": "B"}])
    claim = world.request(
        "service_role",
        "POST",
        "rpc/claim_import_jobs",
        json={"worker_id": "w", "lease_seconds": 60, "max_jobs": 50},
    ).json()
    [run_id] = [job["run_id"] for job in claim["jobs"] if job["job_id"] == str(job_id)]
    theirs = {"organization_id": world.other.organization_id}
    answer = world.request(
        "service_role",
        "POST",
        "rpc/apply_inventory_batch",
        json={
            "run_id": run_id,
            "first_row": 1,
            "last_row": 2,
            "rows": [{"row_number": 1, "sku": "A", "name": "A", "search_keywords": ""} | theirs],
            "errors": [{"row_number": 2, "message": "no", "row": theirs} | theirs],
        },
    )
    assert answer.json() == {"created": 1, "updated": 0, "unchanged": 0, "failed": 1}
    ours = {world.dealer.organization_id}
    for table in ("inventory", "import_errors", "import_runs"):
        assert {row["organization_id"] for row in world.look(table)} == ours


# What can be forged on a job.


@pytest.mark.parametrize(
    "column",
    [
        *({"status": status} for status in STATUSES if status != "pending"),
        {"status": "running"},
        {"status": None},
        {"progress": {"current": 1, "total": 1, "percent": 100}},
        {"progress": None},
        {"record_count": 5},
        {"error_message": "forged"},
        {"completed_at": TIME},
        {"started_at": TIME},
        {"created_at": TIME},
        {"id": NEW_VALUES["uuid"]},
        {"created_by": "colleague"},
        {"created_by": "stranger"},
        {"created_by": None},
        {"organization_id": "other"},
        {"organization_id": None},
        {"job_type": "delete"},
        {"data_type": "profiles"},
        {"repeat_type": "hourly"},
        {"repeat_custom_unit": "years"},
        {"scheduled_time": None},
        {"scheduled_time": "infinity"},
        {"scheduled_time": "-infinity"},
    ],
    ids=str,
)
def test_an_insert_forges_nothing(world, column):
    people = {
        "colleague": str(world.dealer.colleague_id),
        "stranger": str(world.other.creator_id),
        "other": world.other.organization_id,
    }
    row = world.job() | {
        name: people.get(value, value) if isinstance(value, str) else value
        for name, value in column.items()
    }
    answer = world.request("creator", "POST", "scheduled_jobs", json=row)
    assert world.look("scheduled_jobs") == [], answer.text
    assert answer.status_code in {400, 403}


def test_an_upsert_cannot_do_what_an_insert_and_an_update_cannot(world):
    key = world.arrange("scheduled_jobs", status="completed", record_count=5)
    before = world.the_job(key)
    for forged in (key, key | {"status": "pending"}, key | {"record_count": 6}):
        answer = world.http.post(
            "scheduled_jobs",
            json=world.job() | forged,
            headers=world.headers("creator") | {"Prefer": "resolution=merge-duplicates"},
        )
        assert answer.status_code == 403
    assert world.the_job(key) == before
    assert len(world.look("scheduled_jobs")) == 1


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("role", ROLES[:-1])
def test_transitions(world, role, before):
    allowed = TRANSITIONS.get((role, before), set())
    for after in STATUSES:
        key = world.arrange("scheduled_jobs", status=before)
        old = world.the_job(key)
        # As the frontend cancels, with the time of it; without it for what it never sends.
        change = {"status": after} | ({"completed_at": TIME} if after == "cancelled" else {})
        world.request(role, "PATCH", "scheduled_jobs", params=where(key), json=change)
        new = world.the_job(key)
        if after in allowed:
            assert new == old | {"status": after, "completed_at": datetime.fromisoformat(TIME)}
        else:
            assert new == old


SCHEDULE = {
    "scheduled_time": TIME,
    "file_name": "other.csv",
    "repeat_type": "custom",
    "repeat_interval": 2,
    "repeat_custom_unit": "weeks",
    "repeat_end_date": TIME,
    "repeat_days_of_week": ["monday"],
    "repeat_days_of_month": [1, 15],
}


@pytest.mark.parametrize("status", STATUSES)
def test_a_schedule_can_be_edited_while_pending_only(world, status):
    for change in (*({name: value} for name, value in SCHEDULE.items()), SCHEDULE):
        key = world.arrange("scheduled_jobs", status=status)
        before = world.the_job(key)
        world.request("creator", "PATCH", "scheduled_jobs", params=where(key), json=change)
        after = world.the_job(key)
        assert (after != before) == (status == "pending"), change


@pytest.mark.parametrize(
    "change",
    [
        {"status": "cancelled", "progress": {"percent": 100}},
        {"status": "cancelled", "record_count": 1},
        {"status": "cancelled", "error_message": "forged"},
        {"scheduled_time": TIME, "file_data": {"records": [1]}},
        {"scheduled_time": TIME, "completed_at": TIME},
        {"scheduled_time": TIME, "created_by": None},
        {"scheduled_time": "infinity"},
        {"status": "pending", "completed_at": TIME},
    ],
    ids=str,
)
def test_one_forged_column_spoils_an_update_whole(world, change):
    key = world.arrange("scheduled_jobs")
    before = world.the_job(key)
    answer = world.request("creator", "PATCH", "scheduled_jobs", params=where(key), json=change)
    assert world.the_job(key) == before
    assert answer.status_code in {400, 403}


@pytest.mark.parametrize("name", SCHEDULE)
def test_cancelling_what_runs_changes_nothing_else(world, name):
    key = world.arrange("scheduled_jobs", status="processing")
    before = world.the_job(key)
    change = {"status": "cancelled", name: SCHEDULE[name]}
    world.request("creator", "PATCH", "scheduled_jobs", params=where(key), json=change)
    assert world.the_job(key) == before


def mixed_jobs(world):
    """A pending job of each of three people; of the creator's, also one in each other status."""
    jobs = {
        "colleague": world.arrange("scheduled_jobs", created_by=world.dealer.colleague_id),
        "stranger": world.arrange(
            "scheduled_jobs",
            created_by=world.other.creator_id,
            organization_id=world.other.organization_id,
        ),
        # Theirs, but of an organization that they left.
        "left": world.arrange("scheduled_jobs", organization_id=world.other.organization_id),
    }
    return jobs | {status: world.arrange("scheduled_jobs", status=status) for status in STATUSES}


def test_an_update_without_a_filter_reaches_own_unfinished_jobs_only(world):
    jobs = mixed_jobs(world)
    before = {name: world.the_job(key) for name, key in jobs.items()}
    world.request("creator", "PATCH", "scheduled_jobs", json={"status": "cancelled"})
    changed = {name for name, key in jobs.items() if world.the_job(key) != before[name]}
    assert changed == {"pending", "processing"}


def test_a_delete_without_a_filter_reaches_own_jobs_only(world):
    jobs = mixed_jobs(world)
    world.request("creator", "DELETE", "scheduled_jobs")
    gone = {name for name, key in jobs.items() if world.the_job(key) is None}
    assert gone == set(STATUSES)


# Tokens.


def as_bearer(world, token):
    return {"apikey": world.dealer.stack.keys.publishable, "Authorization": f"Bearer {token}"}


def claims(world, **changes):
    now = int(datetime.now(UTC).timestamp())
    user = {"sub": str(world.dealer.creator_id), "role": "authenticated", "exp": now + 60}
    return {"aud": "authenticated", "iat": now} | user | changes


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(
            lambda w: w.dealer.stack.token(str(w.dealer.creator_id), ttl=-60), id="expired"
        ),
        pytest.param(
            lambda w: jwt.encode(claims(w), "another-secret-of-at-least-32-characters"),
            id="signed with another secret",
        ),
        pytest.param(lambda w: jwt.encode(claims(w), None, algorithm="none"), id="not signed"),
        pytest.param(
            lambda w: jwt.encode(claims(w, role="service_role"), "a" * 32),
            id="service_role signed with another secret",
        ),
        pytest.param(lambda _: "garbage", id="garbage"),
        pytest.param(
            lambda w: jwt.encode(claims(w, role="postgres"), w.dealer.stack.jwt_secret),
            id="a role that no request may be",
        ),
    ],
)
def test_a_bad_token_opens_nothing(world, forge):
    world.arrange("scheduled_jobs")
    before = world.look("scheduled_jobs")
    headers = as_bearer(world, forge(world))
    asked = world.http.get("scheduled_jobs", headers=headers)
    assert asked.status_code in {401, 403}
    assert world.http.post("scheduled_jobs", json=world.job(), headers=headers).is_error
    assert world.http.delete("scheduled_jobs", headers=headers).is_error
    assert world.look("scheduled_jobs") == before


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda w: w.dealer.stack.token(), id="without a subject"),
        pytest.param(lambda w: w.dealer.stack.token(""), id="with an empty subject"),
        pytest.param(lambda w: w.dealer.stack.token("creator"), id="with a subject that is no id"),
        pytest.param(lambda w: w.dealer.stack.token(str(uuid4())), id="without a profile"),
        pytest.param(
            lambda w: w.dealer.stack.token(
                str(uuid4()), organization_id=w.dealer.organization_id, user_metadata={
                    "role": "service_role", "organization_id": w.dealer.organization_id}),
            id="that claims an organization",
        ),
    ],
)  # fmt: skip
def test_a_token_that_says_too_little_sees_nothing_and_writes_nothing(world, forge):
    world.arrange("scheduled_jobs")
    before = world.look("scheduled_jobs")
    headers = as_bearer(world, forge(world))
    seen = world.http.get("scheduled_jobs", headers=headers)
    assert seen.is_error or seen.json() == []
    assert world.http.post("scheduled_jobs", json=world.job(), headers=headers).is_error
    world.http.patch("scheduled_jobs", json={"status": "cancelled"}, headers=headers)
    world.http.delete("scheduled_jobs", headers=headers)
    assert world.look("scheduled_jobs") == before


def test_what_users_write_about_themselves_gives_them_no_role(world):
    world.arrange("scheduled_jobs", organization_id=world.other.organization_id)
    token = world.dealer.stack.token(
        str(world.dealer.creator_id),
        user_metadata={"role": "service_role"},
        app_metadata={"role": "service_role"},
    )
    headers = as_bearer(world, token)
    assert world.http.get("scheduled_jobs", headers=headers).json() == []
    called = world.http.post("rpc/finish_import", headers=headers, json={
        "run_id": str(uuid4()), "outcome": "completed"})  # fmt: skip
    assert called.json()["code"] == "42501"


# What a user could do to the worker, and so to everybody else.


def claim(connection, **arguments):
    given = {
        "worker_id": "w",
        "lease_seconds": 60,
        "max_jobs": 50,
        "kinds": list(KINDS),
    } | arguments
    return connection.execute(
        "select claim_import_jobs(%(worker_id)s, %(lease_seconds)s, %(max_jobs)s,"
        " kinds => %(kinds)s) as claim",
        given,
    ).fetchone()["claim"]


@pytest.fixture
def as_worker(stack):
    """A connection as the worker's requests have it; waits for locks for a second at most."""
    with psycopg.connect(stack.db_url, row_factory=psycopg.rows.dict_row) as connection:
        connection.execute("set role service_role; set lock_timeout = '1s'")
        connection.commit()
        yield connection
        connection.rollback()


@pytest.mark.parametrize(
    "file_data",
    [
        None,
        [],
        [{"records": [{}]}],
        "text",
        7,
        {},
        {"records": None},
        {"records": {}},
        {"records": "text"},
        {"records": []},
        {"records": [], "mapping": []},
        {"records": [None, 1, "text", [], {}]},
    ],
    ids=str,
)
def test_no_file_data_stops_a_claim(world, as_worker, file_data):
    row = world.job(file_data=file_data, scheduled_time=now_and(-1))
    assert world.request("creator", "POST", "scheduled_jobs", json=row).status_code == 201
    jobs = claim(as_worker)["jobs"]
    [job] = [job for job in jobs if job["organization_id"] == world.dealer.organization_id]
    records = file_data.get("records") if isinstance(file_data, dict) else None
    assert job["row_count"] == (len(records) if isinstance(records, list) else None)
    assert (job["mapping"], job["source"], job["options"]) == (None, None, {})
    assert job["dry_run"] is False
    page = as_worker.execute(
        "select read_job_records(%s, 1, 100) as page", [job["run_id"]]
    ).fetchone()["page"]
    if job["row_count"] is not None:
        assert page == records


def test_times_far_away_stop_no_claim(world, as_worker):
    for time in ("4713-01-01 BC", "294275-12-31"):
        row = world.job(scheduled_time=time)
        assert world.request("creator", "POST", "scheduled_jobs", json=row).status_code == 201
    answer = claim(as_worker)
    assert any(job["organization_id"] == world.dealer.organization_id for job in answer["jobs"])
    assert isinstance(answer["next_due_in"], float | int)


def test_a_repeat_out_of_all_bounds_stops_no_claim(world, as_worker):
    absurd = {
        "repeat_type": "custom",
        "repeat_interval": -2147483648,
        "repeat_end_date": "infinity",
        "repeat_days_of_week": ["nonsense", None] * 1000,
        "repeat_days_of_month": [-1, 0, 999, None],
    }
    row = world.job(scheduled_time=now_and(-1)) | absurd
    assert world.request("creator", "POST", "scheduled_jobs", json=row).status_code == 201
    jobs = claim(as_worker)["jobs"]
    [run_id] = [j["run_id"] for j in jobs if j["organization_id"] == world.dealer.organization_id]
    finished = as_worker.execute("select finish_import(%s, 'completed') as result", [run_id])
    assert finished.fetchone()["result"]["outcome"] == "failed"  # there are no rows


def claimed(world, as_worker):
    """Claim, and return the dealer's job out of it."""
    jobs = claim(as_worker)["jobs"]
    as_worker.commit()
    [job] = [job for job in jobs if job["organization_id"] == world.dealer.organization_id]
    return job


@pytest.fixture
def user(stack):
    """A connection whose transaction stands for a request that takes its time."""
    with psycopg.connect(stack.db_url) as connection:
        connection.execute("set lock_timeout = '1s'")
        connection.commit()
        yield connection
        connection.rollback()


def test_a_progress_report_waits_for_the_job_before_it_locks_the_run(world, as_worker, user):
    """Everybody locks the job, then its run: a user's delete cascades in that order.

    The other way round the two wait for each other until PostgreSQL kills one of them.
    """
    world.dealer.insert_job([{}])
    job = claimed(world, as_worker)
    as_worker.execute("set lock_timeout = '10s'")
    user.execute("select from scheduled_jobs where id = %s for update", [job["job_id"]])
    with ThreadPoolExecutor() as threads:
        report = threads.submit(
            as_worker.execute, "select report_progress(%s, '{}')", [job["run_id"]]
        )
        waits = "select exists (select from pg_locks where pid = %s and not granted)"
        while not world.dealer.scalar(waits, as_worker.info.backend_pid):
            assert not report.done()
        user.execute("delete from scheduled_jobs where id = %s", [job["job_id"]])
        user.commit()
        assert report.exception(timeout=5).sqlstate == "PT404"


def test_a_takeover_does_not_wait_for_a_batch_in_flight(world, as_worker, user):
    world.dealer.insert_job([{}])
    for attempt in range(1, 6):
        job = claimed(world, as_worker)
        assert job["attempt"] == attempt
        world.dealer.expire_lease(job["run_id"])
    # What a batch holds when it has looked at its job and not yet at its run.
    user.execute("select from scheduled_jobs where id = %s for key share", [job["job_id"]])
    claim(as_worker)
    assert world.dealer.job(UUID(job["job_id"]))["status"] == "processing"
    user.rollback()
    claim(as_worker)
    as_worker.commit()
    assert world.dealer.job(UUID(job["job_id"]))["status"] == "failed"


def test_a_trigger_that_rewrites_skus_does_not_keep_a_batch_for_ever(world, as_worker):
    """Production's inventory may have triggers of its own. Ours must end whatever they do."""
    world.dealer.execute("""
        create function public.upper_sku() returns trigger language plpgsql as
          $$ begin new.sku := upper(new.sku); return new; end $$;
        create trigger upper_sku before insert or update on public.inventory
          for each row execute function public.upper_sku();
    """)
    try:
        world.dealer.insert_job([{}, {}])
        run_id = claimed(world, as_worker)["run_id"]
        for row_number in (1, 2):
            batch = [{"row_number": row_number, "sku": "a", "name": "A", "search_keywords": ""}]
            as_worker.execute("set local statement_timeout = '5s'")
            counts = as_worker.execute(
                "select apply_inventory_batch(%s, %s, %s, %s, '[]') as counts",
                [run_id, row_number, row_number, Jsonb(batch)],
            ).fetchone()["counts"]
            as_worker.commit()
        assert counts == {"created": 0, "updated": 0, "unchanged": 0, "failed": 1}
    finally:
        world.dealer.execute("drop function public.upper_sku() cascade")


def test_of_a_worker_users_read_its_times_only(world):
    """What the view import_service_status is made of; by itself it says no more."""
    world.arrange("import_workers")
    granted = {"started_at", "last_seen_at", "alive_until"}
    for column in columns_of(world, "import_workers"):
        for role in ("creator", "stranger"):
            answer = world.request(role, "GET", "import_workers", params={"select": column})
            assert answer.is_success == (column in granted), (role, column)
        assert world.request("anon", "GET", "import_workers", params={"select": column}).is_error
