"""The occurrences of a repeating job: they read the same rows, which are stored once."""

import pytest

from worker.job import Begun, RowError

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def occur(queue, dealer):
    """Run the job that is due, and let its next occurrence be due; what it read, and its job."""

    async def occur():
        job = await dealer.claim(queue)
        read = await queue.read_records(job.run_id, 1, 2000)
        count = job.row_count
        await queue.begin(job.run_id, Begun(count, {}, []))
        rows = [
            {"row_number": number, "sku": f"S{number}", "name": "Saw", "search_keywords": ""}
            for number in range(1, count + 1)
        ]
        await queue.apply_batch("apply_inventory_batch", job.run_id, range(1, count + 1), rows, [])
        await queue.finish(job.run_id, "completed")
        make_due(dealer)
        return job, read

    return occur


def make_due(dealer):
    dealer.execute(
        "update scheduled_jobs set scheduled_time = now() - interval '1 second'"
        " where organization_id = %s and status = 'pending'",
        dealer.organization_id,
    )


def copies(dealer):
    """Count the rows that are stored, in whatever place."""
    return dealer.scalar(
        """
        select coalesce(sum(jsonb_array_length(j.file_data -> 'records')), 0) + (
          select coalesce(sum(s.row_count), 0) from import_internal.shared_rows s
          where s.id in (
            select r.rows_id from import_internal.repeats r
            join scheduled_jobs o on o.id = r.job_id where o.organization_id = %(org)s))
        from scheduled_jobs j where j.organization_id = %(org)s
        """.replace("%(org)s", f"'{dealer.organization_id}'")
    )


async def test_every_occurrence_reads_them_and_none_copies_them(dealer, occur):
    records = dealer.records(3)
    first = dealer.insert_job(records, repeat_type="daily")
    for _ in range(4):
        job, read = await occur()
        assert read == records
        assert job.row_count == 3
    assert copies(dealer) == 6  # the first job's, which its user inserted, and the shared ones
    assert dealer.job(first)["file_data"]["records"] == records
    others = dealer.connection.execute(
        "select file_data from scheduled_jobs where organization_id = %s and id <> %s",
        [dealer.organization_id, first],
    ).fetchall()
    assert [row["file_data"] for row in others] == [{"mapping": {}}] * 4


async def test_a_page_of_them(queue, dealer, occur):
    records = dealer.records(5)
    dealer.insert_job(records, repeat_type="daily")
    await occur()
    job = await dealer.claim(queue)
    assert await queue.read_records(job.run_id, 3, 2) == records[2:4]
    assert await queue.read_records(job.run_id, 5, 2) == records[4:]


@pytest.mark.parametrize("act", ["delete", "cancel"])
async def test_whatever_becomes_of_the_first_job_the_others_have_their_rows(dealer, occur, act):
    records = dealer.records(2)
    first = dealer.insert_job(records, repeat_type="daily")
    await occur()
    dealer.execute(
        "delete from scheduled_jobs where id = %s"
        if act == "delete"
        else "update scheduled_jobs set status = 'cancelled' where id = %s",
        first,
    )
    for _ in range(2):
        _, read = await occur()
        assert read == records


async def test_an_occurrence_in_the_middle_may_be_deleted(dealer, occur):
    records = dealer.records(2)
    dealer.insert_job(records, repeat_type="daily")
    await occur()
    second, _ = await occur()
    dealer.execute("delete from scheduled_jobs where id = %s", second.job_id)
    _, read = await occur()
    assert read == records


async def test_a_failed_occurrence_that_is_started_again_reads_them(queue, dealer, occur):
    records = dealer.records(2)
    dealer.insert_job(records, repeat_type="daily")
    await occur()
    job = await dealer.claim(queue)
    await queue.finish(job.run_id, "failed", "The file is broken.")
    dealer.execute("update scheduled_jobs set status = 'pending' where id = %s", job.job_id)
    again, read = await occur()
    assert again.job_id == job.job_id
    assert read == records


async def test_a_refused_row_is_kept_as_it_came(queue, dealer, occur):
    """Also one that only the database refuses: it is looked up where the rows are."""
    records = dealer.records(2)
    dealer.insert_job(records, repeat_type="daily")
    await occur()
    job = await dealer.claim(queue)
    rows = [{"row_number": 1, "sku": "B", "name": "Saw", "search_keywords": "", "quantity": 1e12}]
    refused = [RowError(2, 2, "name", "name is missing", records[1])]
    result = await queue.apply_batch(
        "apply_inventory_batch", job.run_id, range(1, 3), rows, refused
    )
    assert result.failed == 2
    assert [error["row"] for error in dealer.errors()] == records


@pytest.mark.parametrize(
    "file_data",
    [
        {"source": {"bucket": "imports", "path": "x/y.csv"}, "options": {"mode": "update"}},
        {"records": "text", "mapping": {}},
        ["records"],
        "text",
        None,
    ],
    ids=str,
)
async def test_what_has_no_rows_is_passed_on_as_it_is(queue, dealer, file_data):
    dealer.insert_job(None, repeat_type="daily", file_data=file_data)
    job = await dealer.claim(queue)
    await queue.finish(job.run_id, "failed", "The file is broken.")
    make_due(dealer)
    after = await dealer.claim(queue)
    assert after.row_count is None
    assert dealer.job(after.job_id)["file_data"] == file_data


async def test_no_user_can_name_rows_of_anothers(queue, make_dealer):
    """Whose rows an occurrence reads stands where no user writes."""
    owner, thief = make_dealer(), make_dealer()
    first = owner.insert_job(owner.records(2), repeat_type="daily")
    job = await owner.claim(queue)
    await queue.finish(job.run_id, "failed", "The file is broken.")
    rows_id = owner.scalar("select rows_id from import_internal.repeats where follows = %s", first)
    forged = {"rows_id": str(rows_id), "records_of": str(first)}
    thief.insert_job(None, file_data=forged)
    stolen = await thief.claim(queue)
    assert stolen.row_count is None
    assert await queue.read_records(stolen.run_id, 1, 10) == []
