"""``python -m worker doctor``, as an operator types it when one of the three troubles is there.

The three are those that people come with: "stuck at Processing", "notifications not working" and
"import failed". Each is provoked, and named in one run, with a worker that goes on working.
"""

import json

import pytest

from devstack.faults import Faults, HttpRule
from tests.acceptance.processes import logged, wait_until, worker_process


@pytest.fixture
def doctor(terminal, stack):
    def run(*arguments, **changes):
        return terminal.run("doctor", *arguments, environment=stack.worker_environment | changes)

    return run


@pytest.fixture
def worker(stack, database, tmp_path):
    database.execute("delete from import_workers")
    database.execute("delete from inventory_duplicates")  # other tests'
    with worker_process(stack, tmp_path) as (process, log):
        wait_until(lambda: any(line["state"] == "live" for line in logged(log, "listener_state")))
        yield process
    database.execute("delete from import_workers")


@pytest.mark.usefixtures("worker")
def test_a_healthy_stack_is_said_to_be_one(doctor):
    result = doctor()
    assert result.returncode == 0, result.stdout
    assert "All is well. (17 checks, " in result.stdout
    assert "→" not in result.stdout
    told = json.loads(doctor("--json").stdout)
    assert told["exit_code"] == 0
    assert len(told["checks"]) == 17
    assert not any(check["is_wrong"] or check["findings"] for check in told["checks"])
    setup = json.loads(doctor("--json", "--setup").stdout)
    assert "workers" not in {check["name"] for check in setup["checks"]}


def wrong(result):
    assert result.returncode == 1, result.stdout
    assert "✗" in result.stdout
    return result.stdout.splitlines()[-1]


def test_stuck_at_processing_because_the_worker_was_killed(doctor, worker, dealer, database):
    job_id = dealer.insert_job([{}], status="processing")
    worker.kill()
    worker.wait()
    database.execute("update import_workers set alive_until = now() - interval '1 s'")
    dealer.execute(
        "insert into import_runs"
        " (job_id, organization_id, attempt, worker_id, lease_seconds, lease_expires_at)"
        " select %s, %s, 1, id, 60, now() - interval '1 minute' from import_workers",
        job_id,
        dealer.organization_id,
    )
    result = doctor()
    assert wrong(result) == "To be mended: workers, runs."
    assert "fell silent (it was killed, or lost its network)" in result.stdout
    assert f"→ python -m worker jobs release {job_id}" in result.stdout


@pytest.mark.usefixtures("worker")
def test_stuck_at_processing_because_a_browser_set_it(doctor, dealer):
    job_id = dealer.insert_job([{}], status="processing")
    dealer.execute(
        "update scheduled_jobs set created_at = now() - interval '5 minutes',"
        " scheduled_time = now() - interval '5 minutes' where id = %s",
        job_id,
    )
    result = doctor()
    assert wrong(result) == "To be mended: due jobs."
    assert "because a browser set it to processing and left; the oldest for 5 min" in result.stdout
    assert f"→ python -m worker jobs release {job_id}" in result.stdout


@pytest.mark.usefixtures("worker")
def test_notifications_do_not_work(doctor, stack, database):
    table = "public.scheduled_jobs"
    database.execute(f"alter publication supabase_realtime drop table {table}")
    try:
        result = doctor()
    finally:
        database.execute(f"alter publication supabase_realtime add table {table}")
    assert wrong(result) == "To be mended: publication, realtime."
    assert f"alter publication supabase_realtime add table {table}" in result.stdout
    with stack.faults.injected(Faults(realtime="refused")):
        assert wrong(doctor()) == "To be mended: realtime."


@pytest.mark.usefixtures("worker")
def test_an_import_failed_because_it_kills_workers(doctor, dealer):
    job_id = dealer.insert_job([{}], status="failed")
    for attempt in range(1, 6):
        dealer.execute(
            "insert into import_runs (job_id, organization_id, attempt, worker_id, lease_seconds,"
            " lease_expires_at, finished_at, outcome)"
            " values (%s, %s, %s, 'w', 60, now(), now(), 'lease_expired')",
            job_id,
            dealer.organization_id,
            attempt,
        )
    dealer.execute("update scheduled_jobs set completed_at = now() where id = %s", job_id)
    result = doctor()
    assert wrong(result) == "To be mended: deaths."
    assert f"1 job killed two workers or more: {job_id}" in result.stdout
    assert f"→ python -m worker jobs show {job_id}" in result.stdout


def test_it_cannot_look(doctor):
    result = doctor(SUPABASE_URL="example.test")
    assert result.returncode == 2
    assert "SUPABASE_URL is not a URL" in result.stdout
    result = doctor(SUPABASE_SECRET_KEY="sb_secret_wrong")
    assert result.returncode == 2
    assert "The project does not know the key" in result.stdout
    assert "sb_secret_wrong" not in result.stdout + result.stderr


@pytest.mark.usefixtures("worker")
def test_a_probe_that_could_not_be_made_is_said(doctor, stack):
    refused = HttpRule(path="/rest/v1/scheduled_jobs", method="POST", action="status", status=403)
    with stack.faults.injected(Faults(http=(refused,))):
        result = doctor()
    assert result.returncode == 0
    assert "could not be looked at (the probe: it was refused with code" in result.stdout
    assert "All is well" not in result.stdout
