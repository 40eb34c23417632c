"""Importing and undoing in the database, as a worker does both, without one."""

from psycopg.types.json import Jsonb

from worker.exceptions import JobRefusedError


def numbered(rows):
    return [{"row_number": number} | row for number, row in enumerate(rows, 1)]


async def import_rows(queue, dealer, *rows, data_type="inventory", size=100, **columns):
    """Import rows of a job of their own in batches; its id."""
    given = {"records": [{"n": n} for n in range(len(rows))]} | columns.pop("file_data", {})
    job_id = dealer.insert_job(None, data_type=data_type, file_data=given, **columns)
    job = await dealer.claim(queue)
    assert job.job_id == job_id
    rows = numbered(rows)
    for first in range(0, len(rows), size):
        part = rows[first : first + size]
        span = range(part[0]["row_number"], part[-1]["row_number"] + 1)
        await queue.apply_batch(f"apply_{data_type}_batch", job.run_id, span, part, [])
    await queue.finish(job.run_id, "completed")
    return job_id


def insert_undo(dealer, *job_ids, dry_run=False, **columns):
    file_data = {"undo": {"job_ids": [str(job_id) for job_id in job_ids]}}
    if dry_run:
        file_data["options"] = {"dry_run": True}
    return dealer.insert_job(None, file_data=file_data, **columns)


async def carry_out(queue, dealer):
    """Claim an undo and take back what it names; how it ended."""
    job = await dealer.claim(queue)
    assert job.kind == "undo"
    try:
        plan = await queue.begin_undo(job.run_id)
    except JobRefusedError as error:
        return await queue.finish(job.run_id, "failed", str(error))
    for span in plan.batches:
        await queue.apply_undo_batch(job.run_id, span)
    return await queue.finish(job.run_id, "completed")


async def undo(queue, dealer, *job_ids, **columns):
    """Undo jobs; the undo's row in scheduled_jobs."""
    job_id = insert_undo(dealer, *job_ids, **columns)
    await carry_out(queue, dealer)
    return dealer.job(job_id)


def item(sku, **cells):
    return {"sku": sku, "name": f"Item {sku}", "search_keywords": f"item,{sku.lower()}"} | cells


_LEFT_OUT = ("updated_at", "keywords_generated_at", "updated_by")


def snapshot(dealer, table="inventory"):
    """Every record of a table by its id, times aside that say when it was written."""
    rows = dealer.connection.execute(
        f"select to_jsonb(t) as row from {table} t where organization_id = %s",  # noqa: S608
        [dealer.organization_id],
    )
    records = (row["row"] for row in rows)
    return {
        record["id"]: {name: value for name, value in record.items() if name not in _LEFT_OUT}
        for record in records
    }


def edit(dealer, sku, **values):
    setters = ", ".join(f"{name} = %s" for name in values)
    dealer.execute(
        f"update inventory set {setters}, updated_at = now()"  # noqa: S608
        " where organization_id = %s and sku = %s",
        *(Jsonb(value) if isinstance(value, dict) else value for value in values.values()),
        dealer.organization_id,
        sku,
    )
