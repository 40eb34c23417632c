"""/livez, /readyz and /metrics of a real worker; the alerts and the dashboard, asked of them."""

import json
import re
import signal

import httpx
import pytest
import yaml

from devstack import ports
from devstack.faults import Faults, HttpRule
from tests.acceptance.processes import PROJECT, logged, wait_until, worker_process
from tests.acceptance.promql import Scrapes, metric_names

DEPLOY = PROJECT / "deploy"
[GROUP] = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text())["groups"]
RULES = {rule["alert"]: rule["expr"] for rule in GROUP["rules"]}
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
STATEMENTS = dict(
    re.findall(
        r"^-- (\w+)\n(.+?);$", (DEPLOY / "sql" / "alerts.sql").read_text(), re.MULTILINE | re.DOTALL
    )
)


# A claim is late 20 seconds after a poll. Nobody here has to wait for so long.
SOON = "from worker import service; service._CLAIM_SECONDS = 2"


class Endpoints:
    def __init__(self, port, client):
        self.port = port
        self._client = client

    def get(self, path):
        return self._client.get(f"http://127.0.0.1:{self.port}{path}")

    def metrics(self):
        return self.get("/metrics").raise_for_status().text

    def failing(self):
        return self.get("/readyz").json()["failing"]


@pytest.fixture
def worker(stack, database, tmp_path):
    database.execute("delete from import_workers")
    port = ports.choose(0, "")
    settings = {"WORKER_HTTP_PORT": str(port), "WORKER_POLL_SECONDS": "1"}
    with (
        worker_process(stack, tmp_path, before=SOON, **settings) as (process, log),
        httpx.Client(timeout=60) as client,
    ):
        wait_until(lambda: logged(log, "endpoints_served"))
        yield Endpoints(port, client), process, log
    database.execute("delete from import_workers")


def fires(*texts):
    return {alert for alert, expression in RULES.items() if Scrapes(*texts).ask(expression)}


def fires_in_sql(database):
    return {
        alert for alert, statement in STATEMENTS.items() if database.execute(statement).fetchall()
    }


def test_a_worker_that_is_well_and_one_that_stops(stack, dealer, worker):
    endpoints, process, log = worker
    wait_until(lambda: endpoints.get("/readyz").status_code == 200)
    assert endpoints.get("/readyz").json() == {"ready": True, "failing": {}}
    hold = Faults(http=(HttpRule(path="apply_inventory_batch", action="hold"),))
    with stack.faults.injected(hold):
        dealer.insert_job(dealer.records(2000))
        stack.faults.wait_until_held(4)
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: logged(log, "worker_stopping"))
        assert endpoints.get("/livez").status_code == 200
        answer = endpoints.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["failing"] == {"stopping": "the worker lets its last batches land"}
    assert process.wait(timeout=120) == 0


def test_what_is_in_the_way_is_named(stack, worker):
    endpoints, _, _ = worker
    with stack.faults.injected(Faults(realtime="refused")):
        stack.faults.drop_sockets()
        wait_until(lambda: "HTTP 503" in endpoints.failing().get("listener", ""))
        assert endpoints.get("/livez").status_code == 200
    wait_until(lambda: endpoints.failing() == {})
    away = HttpRule(path="/rest/v1/", action="status")
    with stack.faults.injected(Faults(http=(away,))):
        wait_until(lambda: set(endpoints.failing()) == {"claim"})
        text = endpoints.metrics()
        assert Scrapes(text).ask("import_database_up") == {(): 0}
        assert "import_oldest_due_job_age_seconds" not in text
    wait_until(lambda: endpoints.failing() == {})


def test_every_question_has_an_answer(worker, dealer):
    """Else an expression on a name that nobody has would never fire."""
    endpoints, _, _ = worker
    job_id = dealer.insert_job([*dealer.records(5), {"sku": "x"}])
    wait_until(lambda: dealer.status(job_id) == "completed")
    wait_until(lambda: "import_last_success_timestamp_seconds 0" not in endpoints.metrics())
    scrapes = Scrapes(endpoints.metrics())
    targets = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    counted_when_it_happens = {"import_call_retries_total"}
    for expression in (*RULES.values(), *targets):
        assert metric_names(expression) <= scrapes.names() | counted_when_it_happens, expression
        scrapes.ask(expression)
    assert scrapes.ask('sum by (result) (import_rows_total{data_type="inventory"})') == {
        (("result", "created"),): 5,
        (("result", "updated"),): 0,
        (("result", "failed"),): 1,
    }
    text = endpoints.metrics()
    assert dealer.organization_id not in text
    assert str(job_id) not in text


def test_nothing_fires_while_all_is_well(worker, dealer, database):
    endpoints, _, _ = worker
    wait_until(lambda: endpoints.failing() == {})
    before = endpoints.metrics()
    job_id = dealer.insert_job(dealer.records(10))
    wait_until(lambda: dealer.status(job_id) == "completed")
    wait_until(lambda: fires_in_sql(database) == set())
    assert fires(before, endpoints.metrics()) == set()
    assert set(STATEMENTS) == set(RULES) - {"ImportDatabaseAway"}


def test_jobs_that_wait(worker, dealer, database):
    endpoints, _, _ = worker
    job_id = dealer.insert_job([{}], scheduled_in=3600)
    dealer.execute(
        "insert into import_runs (job_id, organization_id, attempt, worker_id, lease_seconds,"
        " lease_expires_at, finished_at, outcome, retry_at)"
        " values (%s, %s, 1, 'w', 60, now(), now(), 'retried', now() + interval '1 hour')",
        job_id,
        dealer.organization_id,
    )
    dealer.execute(
        "update scheduled_jobs set scheduled_time = now() - interval '10 minutes',"
        " created_at = now() - interval '10 minutes' where id = %s",
        job_id,
    )
    assert fires(endpoints.metrics()) - {"ImportListenerDown"} == {
        "ImportJobsWaiting", "ImportJobsRetrying"
    }  # fmt: skip
    assert fires_in_sql(database) - {"ImportWorkersGone"} == {
        "ImportJobsWaiting", "ImportJobsRetrying"
    }  # fmt: skip


def test_realtime_that_is_away(stack, worker, database):
    endpoints, _, _ = worker
    with stack.faults.injected(Faults(realtime="refused")):
        stack.faults.drop_sockets()
        wait_until(lambda: fires(endpoints.metrics()) == {"ImportListenerDown"})
        database.execute(
            "update import_workers set listener = 'down', times_deaf = 4,"
            " started_at = now() - interval '1 hour'"
        )
        assert fires_in_sql(database) == {"ImportListenerDown", "ImportListenerDeaf"}


def test_a_worker_that_was_killed(worker, database):
    endpoints, process, _ = worker
    wait_until(lambda: "ImportWorkersGone" not in fires_in_sql(database))
    last = endpoints.metrics()
    process.kill()
    process.wait()
    with pytest.raises(httpx.ConnectError):
        endpoints.metrics()
    assert fires(last, "") == {"ImportWorkersGone"}
    database.execute("update import_workers set alive_until = now()")
    assert fires_in_sql(database) == {"ImportWorkersGone"}


def test_runs_that_fail_and_workers_that_die(worker, dealer, database):
    endpoints, _, _ = worker
    wait_until(lambda: endpoints.failing() == {})
    before = endpoints.metrics()
    jobs = [dealer.insert_job([]) for _ in range(6)]
    # Three that a dead worker left, each of which had been due for minutes.
    for _ in range(3):
        job_id = dealer.insert_job([{}], scheduled_in=3600)
        dealer.execute(
            "insert into import_runs (job_id, organization_id, attempt, worker_id, lease_seconds,"
            " lease_expires_at, finished_at, outcome)"
            " values (%s, %s, 1, 'w', 60, now(), now(), 'lease_expired')",
            job_id,
            dealer.organization_id,
        )
        dealer.execute("update scheduled_jobs set scheduled_time = now() where id = %s", job_id)
        jobs.append(job_id)
    wait_until(lambda: all(dealer.status(job_id) == "failed" for job_id in jobs))
    wait_until(lambda: "ImportRunsFailing" in fires(before, endpoints.metrics()))
    assert fires(before, endpoints.metrics()) == {"ImportRunsFailing", "ImportTakeovers"}
    assert fires_in_sql(database) == {"ImportRunsFailing", "ImportTakeovers"}


def test_jobs_that_were_picked_up_late(worker, dealer, database):
    endpoints, _, _ = worker
    wait_until(lambda: endpoints.failing() == {})
    before = endpoints.metrics()
    job_id = dealer.insert_job([{}], scheduled_in=3600)
    dealer.execute(
        "update scheduled_jobs set scheduled_time = now() - interval '2 minutes',"
        " created_at = now() - interval '3 minutes' where id = %s",
        job_id,
    )
    wait_until(lambda: dealer.status(job_id) == "failed")
    wait_until(lambda: fires(before, endpoints.metrics()) == {"ImportPickUpSlow"})
    assert fires_in_sql(database) == {"ImportPickUpSlow"}


def test_calls_that_are_tried_again_are_counted(stack, worker, dealer):
    endpoints, _, _ = worker
    twice = HttpRule(path="rpc/import_short_jobs", action="status", status=502, count=2)
    with stack.faults.injected(Faults(http=(twice,))):
        job_id = dealer.insert_job(dealer.records(1))
        wait_until(lambda: dealer.status(job_id) == "completed")
    key = (("function", "import_short_jobs"), ("reason", "status 502"))
    assert Scrapes(endpoints.metrics()).ask("import_call_retries_total") == {key: 2}


def test_a_port_that_is_taken_ends_the_worker(stack, tmp_path, worker):
    endpoints, _, _ = worker
    with worker_process(stack, tmp_path / "..", WORKER_HTTP_PORT=str(endpoints.port)) as (
        process,
        log,
    ):
        assert process.wait(timeout=120) == 1
        assert logged(log, "worker_crashed")[0]["error"] == "OSError"


def test_every_alert_says_what_to_do():
    runbook = (PROJECT / "docs" / "OPERATING.md").read_text()
    for rule in GROUP["rules"]:
        assert rule["annotations"]["runbook"] == f"docs/OPERATING.md#{rule['alert'].lower()}"
        assert f"### {rule['alert']}\n" in runbook
