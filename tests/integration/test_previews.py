"""How a preview ends, asked through PostgREST, and who may read what it found."""

import httpx
import pytest

from worker.exceptions import JobRefusedError, RequestRefusedError, RunLostError

PREVIEW = {"rows_looked_at": 2, "columns": [{"header": "Item #", "field": "sku"}]}
NOTES = ["Read as UTF-16 text."]


@pytest.fixture
async def previewed(queue, dealer):
    """A preview's job in the hands of a worker."""

    async def claimed(**columns):
        records = dealer.records(2)
        file_data = {"records": records, "options": {"preview": True}}
        dealer.insert_job(None, file_data=file_data, **columns)
        return await dealer.claim(queue)

    return claimed


async def test_a_preview_is_kept_and_counts_as_no_import(queue, dealer, previewed):
    job = await previewed()
    assert job.kind == "preview"
    answers = [await queue.finish_preview(job.run_id, PREVIEW, NOTES) for _ in range(2)]
    assert answers[0] == answers[1]  # the first answer was lost
    assert (answers[0].outcome, answers[0].created, answers[0].updated) == ("completed", 0, 0)
    [run] = dealer.runs(job.job_id)
    assert (run["kind"], run["outcome"]) == ("preview", "completed")
    assert (run["preview"], run["notes"], run["mapping"]) == (PREVIEW, NOTES, None)
    assert (run["created"], run["updated"], run["failed"]) == (0, 0, 0)
    row = dealer.job(job.job_id)
    assert (row["status"], row["record_count"], row["error_message"]) == ("completed", 0, None)
    assert row["progress"] == {"current": 2, "total": 2, "percent": 100}
    assert row["completed_at"] is not None


async def test_a_preview_that_was_cancelled_keeps_nothing(queue, dealer, previewed):
    job = await previewed()
    dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", job.job_id)
    for _ in range(2):
        assert (await queue.finish_preview(job.run_id, PREVIEW, NOTES)).outcome == "cancelled"
    [run] = dealer.runs(job.job_id)
    assert (run["outcome"], run["preview"]) == ("cancelled", None)
    assert dealer.job(job.job_id)["status"] == "cancelled"


async def test_a_preview_of_a_run_that_is_over_is_refused(queue, dealer, previewed):
    job = await previewed()
    await queue.release(job.run_id)
    with pytest.raises(RunLostError):
        await queue.finish_preview(job.run_id, PREVIEW, NOTES)
    again = await dealer.claim(queue)
    assert (again.kind, again.attempt) == ("preview", 1)
    dealer.execute("delete from scheduled_jobs where id = %s", again.job_id)
    with pytest.raises(RunLostError):
        await queue.finish_preview(again.run_id, PREVIEW, NOTES)


async def test_only_a_preview_ends_as_one(queue, dealer):
    job_id = dealer.insert_job(dealer.records(1))
    job = await dealer.claim(queue)
    assert job.kind == "import"
    with pytest.raises(RequestRefusedError):
        await queue.finish_preview(job.run_id, PREVIEW, NOTES)
    assert dealer.job(job_id)["status"] == "processing"


async def test_a_preview_is_not_completed_as_an_import_is(queue, dealer, previewed):
    job = await previewed()
    with pytest.raises((RequestRefusedError, JobRefusedError)):
        await queue.finish(job.run_id, "completed")
    assert (await queue.finish(job.run_id, "failed", "The file is empty.")).outcome == "failed"
    row = dealer.job(job.job_id)
    assert (row["error_message"], row["record_count"]) == ("The file is empty.", 0)


async def test_a_preview_that_kills_five_workers_fails_and_says_so(queue, dealer, previewed):
    job = await previewed()
    for _ in range(4):
        dealer.expire_lease(job.run_id)
        job = await dealer.claim(queue)
    dealer.expire_lease(job.run_id)
    await queue.claim(50, orphan_after_seconds=900)
    row = dealer.job(job.job_id)
    assert row["status"] == "failed"
    assert row["error_message"].startswith("The preview was started 5 times")
    assert str(job.run_id) in row["error_message"]


async def test_a_repeating_preview_goes_on_repeating(queue, dealer, previewed):
    job = await previewed(repeat_type="daily")
    await queue.finish_preview(job.run_id, PREVIEW, NOTES)
    pending = (
        "select count(*) from scheduled_jobs where organization_id = %s and status = 'pending'"
        " and import_internal.kind_of(job_type, file_data) = 'preview'"
    )
    assert dealer.scalar(pending, dealer.organization_id) == 1


async def test_a_preview_is_its_organizations(stack, queue, dealer, make_dealer, previewed):
    job = await previewed()
    await queue.finish_preview(job.run_id, PREVIEW, NOTES)
    other = make_dealer()
    seen = {}
    async with httpx.AsyncClient(base_url=f"{stack.url}/rest/v1/") as http:
        for who, token in {
            "creator": dealer.creator_token,
            "colleague": dealer.colleague_token,
            "stranger": other.creator_token,
            "anon": None,
        }.items():
            headers = {"apikey": stack.keys.publishable}
            if token:
                headers["Authorization"] = f"Bearer {token}"
            params = {"select": "preview,notes", "job_id": f"eq.{job.job_id}"}
            answer = await http.get("import_runs", params=params, headers=headers)
            seen[who] = answer.json() if answer.is_success else answer.json()["code"]
            forged = await http.patch(
                "import_runs", params=params, headers=headers, json={"preview": {}}
            )
            assert forged.is_error
    theirs = [{"preview": PREVIEW, "notes": NOTES}]
    assert seen == {"creator": theirs, "colleague": theirs, "stranger": [], "anon": "42501"}
    assert dealer.runs(job.job_id)[0]["preview"] == PREVIEW
