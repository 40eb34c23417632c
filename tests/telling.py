"""People who asked to be told, and what came of it: for tests."""

from datetime import UTC, datetime
from uuid import UUID

from worker.job import Begun, RowError
from worker.operating.notifying.delivery import Delivery


def ask(dealer, kind="in_app", person=None, **columns):
    """Let somebody ask; the channel's id."""
    row = {
        "organization_id": dealer.organization_id,
        "profile_id": None if kind == "webhook" else (person or dealer.creator_id),
        "kind": kind,
        "url": "https://hooks.example.com/x" if kind == "webhook" else None,
    } | columns
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    return dealer.scalar(
        f"insert into notification_channels ({names}) values ({places}) returning id",  # noqa: S608
        *row.values(),
    )


def channel(dealer, channel_id):
    return dealer.connection.execute(
        "select * from notification_channels where id = %s", [channel_id]
    ).fetchone()


def entries(dealer):
    """What was told of an organization, the oldest first."""
    return dealer.connection.execute(
        "select * from import_notifications where organization_id = %s order by created_at",
        [dealer.organization_id],
    ).fetchall()


def inbox(dealer, person):
    return dealer.connection.execute(
        "select * from notification_inbox where organization_id = %s and profile_id = %s"
        " order by created_at",
        [dealer.organization_id, person],
    ).fetchall()


def deliveries(dealer):
    return dealer.connection.execute(
        "select d.* from notification_deliveries d"
        " join import_notifications n on n.id = d.notification_id"
        " where n.organization_id = %s order by n.created_at, d.id",
        [dealer.organization_id],
    ).fetchall()


def add_address(dealer, person, *, name="own", is_confirmed=True):
    """Let Auth know a person by an address, which it returns: one can be one person's alone."""
    address = f"{name}-{person}@x.test"
    dealer.execute(
        "insert into auth.users (id, aud, role, email, email_confirmed_at, created_at, updated_at)"
        " values (%s, 'authenticated', 'authenticated', %s, case when %s then now() end,"
        " now(), now())",
        person,
        address,
        is_confirmed,
    )
    return address


async def end_job(dealer, queue, outcome="completed", message=None, *, good=2, bad=1):
    """Claim the dealer's oldest job and end it."""
    job = await dealer.claim(queue)
    if outcome == "completed":
        await queue.begin(job.run_id, Begun(good + bad, {}, []))
        rows = [
            {"row_number": n, "sku": f"A-{n}", "name": "Saw", "search_keywords": ""}
            for n in range(1, good + 1)
        ]
        errors = [
            RowError(n, n, "name", "name is missing", {"secret": "4711"})
            for n in range(good + 1, good + bad + 1)
        ]
        span = range(1, good + bad + 1)
        await queue.apply_batch("apply_inventory_batch", job.run_id, span, rows, errors)
    await queue.finish(job.run_id, outcome, message)
    return job


def a_delivery(**fields):
    """A delivery of an import that ended, as a claim gives it."""
    given = {
        "id": UUID("0c1d0000-0000-4000-8000-0000000000d1"),
        "attempt": 1,
        "kind": "webhook",
        "notification_id": UUID("0c1d0000-0000-4000-8000-0000000000e1"),
        "event": "import.completed",
        "organization_id": "org_cedar",
        "created_at": datetime(2026, 11, 27, 7, 30, tzinfo=UTC),
        "channel_id": UUID("0c1d0000-0000-4000-8000-0000000000c1"),
        "data": {
            "kind": "import", "data_type": "inventory", "file_name": "stock.csv",
            "job_id": "0c1d0000-0000-4000-8000-0000000000a1", "rows": 2000, "created": 1200,
            "changed": 770, "unchanged": 0, "refused": 30, "unprocessed": 0,
            "reasons": ["Row 3: quantity: '4711x' is not a number", "… and 29 more"],
        },
        "organization": "Cedar",
        "address": "olivia@cedar.test",
        "unsubscribe_token": "tok",
        "url": "https://hooks.example.com/x",
        "secrets": ("whsec_" + "bmV3" * 8,),
    }  # fmt: skip
    return Delivery(**given | fields)
