"""Whether a worker is there, seen from outside while a real one comes and goes."""

import os
import signal

import pytest

from devstack.faults import Faults, HttpRule
from tests.acceptance.processes import logged, wait_until, worker_process


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where workers leave their pulse: a machine of this test's own."""
    directory = tmp_path / "tmp"
    directory.mkdir()
    monkeypatch.setenv("TMPDIR", str(directory))


@pytest.fixture
def is_alive(database):
    def ask():
        row = database.execute("select is_alive from import_service_status").fetchone()
        return row["is_alive"]

    database.execute("delete from import_workers")
    yield ask
    database.execute("delete from import_workers")


@pytest.fixture
def health(terminal):
    """Ask as a platform does, which gives it no settings."""

    def ask():
        without_settings = {name: os.environ[name] for name in ("PATH", "TMPDIR")}
        done = terminal.run("health", environment=without_settings)
        return done.returncode, done.stdout

    return ask


@pytest.mark.usefixtures("temporary")
def test_a_worker_is_there_from_its_start_to_its_end(
    stack, dealer, database, tmp_path, is_alive, health
):
    assert health() == (1, "There is no worker on this machine.\n")
    hold = Faults(http=(HttpRule(path="apply_inventory_batch", action="hold"),))
    dealer.insert_job(dealer.records(2000))
    with stack.faults.injected(hold), worker_process(stack, tmp_path) as (process, log):
        stack.faults.wait_until_held(4)
        wait_until(is_alive)
        assert health() == (0, "The worker is well.\n")
        [row] = database.execute("select * from import_workers").fetchall()
        [started] = logged(log, "worker_started")
        assert row["id"] == started["worker_id"]
        assert (row["concurrency"], row["stopped_at"]) == (2, None)
        # While it waits for its batches it is well, and there.
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: logged(log, "worker_stopping"))
        assert health()[0] == 0
        assert is_alive()
        stack.faults.clear()
        assert process.wait(timeout=120) == 0
    assert not is_alive()
    [row] = database.execute("select * from import_workers").fetchall()
    assert (row["runs"], row["stopped_at"]) == (0, row["alive_until"])
    assert health()[0] == 1


@pytest.mark.usefixtures("temporary")
def test_a_worker_that_was_killed_is_told_dead(stack, database, tmp_path, is_alive, health):
    with worker_process(stack, tmp_path) as (process, _):
        wait_until(is_alive)
        process.kill()
        process.wait()
    assert health()[0] == 1
    [row] = database.execute("select * from import_workers").fetchall()
    # Nothing of it goes on, so within two minutes of its end the view says so.
    assert (row["alive_until"] - row["last_seen_at"]).total_seconds() < 120
    database.execute("update import_workers set alive_until = alive_until - interval '90 s'")
    assert not is_alive()


@pytest.mark.usefixtures("temporary")
def test_a_worker_works_where_nobody_takes_its_word(stack, dealer, tmp_path):
    """A database that has not had this release's migrations, or the call fails for good."""
    refused = HttpRule(
        path="rpc/report_worker", action="status", status=404, body='{"code": "PGRST202"}'
    )
    job_id = dealer.insert_job(dealer.records(10))
    with (
        stack.faults.injected(Faults(http=(refused,))),
        worker_process(stack, tmp_path) as (process, log),
    ):
        wait_until(lambda: dealer.status(job_id) == "completed")
        wait_until(lambda: logged(log, "worker_not_reported"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 0
    assert logged(log, "worker_not_reported")[0]["cause"] == "report_worker: code PGRST202"
