"""``python -m worker jobs`` and ``stats``, as an operator types them."""

import json
from uuid import uuid4

import pytest

from devstack.faults import Faults, HttpRule
from tests import warm
from tests.acceptance.processes import wait_until, worker_process


@pytest.fixture
def environment(stack):
    return stack.worker_environment


@pytest.fixture
def command(terminal, environment):
    def run(*arguments, typed="", **changes):
        return terminal.run(*arguments, environment=environment | changes, typed=typed)

    return run


def test_list_and_show(command, stack, dealer, tmp_path):
    records = [{"SKU": "A-1", "Item Name": "[b]Bolt"}, {"SKU": "A-2", "Item Name": ""}]
    job_id = dealer.insert_job(None, file_name="stock.csv", file_data={"records": records})
    with worker_process(stack, tmp_path):
        wait_until(lambda: dealer.status(job_id) == "completed")
        listed = command("jobs", "--organization", dealer.organization_id)
        assert listed.returncode == 0
        assert listed.stdout.split("\t")[:5] == [
            str(job_id), dealer.organization_id, "inventory", "completed", "1"
        ]  # fmt: skip
        shown = command("jobs", "show", job_id).stdout
        assert f"Job {job_id}: stock.csv" in shown
        assert "1 created, 0 updated, 1 refused, 0 not reached" in shown
        assert "columns: SKU → sku, Item Name → name" in shown
        assert "row 2: " in shown
        told = json.loads(command("jobs", "show", job_id, "--json").stdout)
        assert told["runs"][0]["created"] == 1
    filters = ("--organization", dealer.organization_id, "--status", "failed", "--limit", "5")
    assert command("jobs", "list", *filters).stdout == "There are no such jobs.\n"
    assert json.loads(command("jobs", "list", *filters, "--json").stdout) == []
    stats = command("stats").stdout
    assert f"\n{dealer.organization_id}\tinventory\t1\t0\t1\t0\t1\t" in stats
    assert "seven days:\n" in stats
    lines = json.loads(command("stats", "--json").stdout)["today"]
    assert dealer.organization_id in {line["organization_id"] for line in lines}


def test_what_cannot_be_undone_is_asked_for(command, dealer):
    job_id = dealer.insert_job([{}], scheduled_in=3600)
    asked = command("jobs", "cancel", job_id, "--as", "ann", typed="no\n")
    assert asked.returncode == 1
    assert "What landed stays, and the rest is not imported." in asked.stdout
    assert "Nothing was done." in asked.stdout
    assert dealer.job(job_id)["status"] == "pending"
    assert command("jobs", "cancel", job_id, "--as", "ann", typed="yes\n").returncode == 0
    assert dealer.job(job_id)["status"] == "cancelled"
    retried = command("jobs", "retry", job_id, "--as", "bob")
    assert "The job is pending. Recorded in import_operations, by bob." in retried.stdout
    done = command("jobs", "cancel", job_id, "--yes")
    assert done.returncode == 0
    operators = "select array_agg(operator order by at) from import_operations where job_id = %s"
    ann, bob, somebody = dealer.scalar(operators, job_id)
    assert (ann, bob) == ("ann", "bob")
    assert "@" in somebody
    again = command("jobs", "cancel", job_id, "--yes")
    assert (again.returncode, again.stdout) == (1, "The job is over: it is cancelled.\n")
    dealer.execute("delete from import_operations where job_id = %s", job_id)


def test_what_is_not_there_or_not_said(command):
    assert command("jobs", "show", uuid4()).stdout == "There is no such job.\n"
    unsaid = command("jobs", "cancel")
    assert (unsaid.returncode, unsaid.stdout) == (
        1, "Which job? python -m worker jobs cancel ID\n"
    )  # fmt: skip
    assert "invalid UUID value" in command("jobs", "show", "7").stderr
    refused = command("jobs", SUPABASE_SECRET_KEY="sb_secret_wrong")
    assert refused.returncode == 2
    assert "sb_secret_wrong" not in refused.stdout + refused.stderr


def test_an_answer_that_was_lost_is_not_asked_for_twice(command, stack, dealer):
    job_id = dealer.insert_job([{}], scheduled_in=3600)
    lost = HttpRule(path="rpc/operate_import", action="lose_answer", count=1)
    with stack.faults.injected(Faults(http=(lost,))):
        result = command("jobs", "cancel", job_id, "--yes")
    assert result.returncode == 2
    assert "look with `jobs show` whether it was done" in result.stdout
    assert dealer.job(job_id)["status"] == "cancelled"
    dealer.execute("delete from import_operations where job_id = %s", job_id)


# Where Realtime is away, its client tries five times, for 15 seconds, before anybody is told of it.
SOON = """
from functools import partial
from worker.cli import watch
watch.AsyncRealtimeClient = partial(watch.AsyncRealtimeClient, initial_backoff=0.01)
"""


@pytest.mark.parametrize("realtime", ["normal", "refused"])
def test_watch(environment, stack, dealer, tmp_path, realtime):
    log = tmp_path / "watch.log"
    job_id = dealer.insert_job([{}], scheduled_in=3600, file_name="watched.csv")
    arguments = ["jobs", "watch", "--organization", dealer.organization_id]
    with stack.faults.injected(Faults(realtime=realtime)):
        process = warm.start("worker", *arguments, environment=environment, output=log, before=SOON)
        try:
            wait_until(lambda: f"{job_id}  {dealer.organization_id}" in log.read_text())
            dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", job_id)
            wait_until(lambda: "inventory  cancelled" in log.read_text())
        finally:
            process.terminate()
            process.wait()
    assert len(log.read_text().splitlines()) == 2
