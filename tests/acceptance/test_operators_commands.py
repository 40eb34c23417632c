"""``python -m worker prune`` and ``duplicates``, as an operator types them; and an idle worker."""

import pytest

from tests.acceptance.processes import PATIENCE, wait_until, worker_process


@pytest.fixture
def worker(terminal, stack):
    """Run a command of the worker; what it said, and its exit code."""

    environment = stack.worker_environment | {"COLUMNS": "200"}

    def run(*arguments, key=stack.keys.secret, typed=""):
        return terminal.run(
            *arguments, environment=environment | {"SUPABASE_SECRET_KEY": key}, typed=typed
        )

    return run


@pytest.fixture
def old_job(dealer):
    return dealer.insert_job(
        dealer.records(3), status="completed", completed_at="2026-01-01", created_at="2026-01-01"
    )


def has_records(dealer, job_id):
    return "records" in dealer.job(job_id)["file_data"]


def test_a_dry_run_says_what_would_go_and_prune_removes_it(worker, dealer, old_job):
    said = worker("prune", "--dry-run")
    assert said.returncode == 0, said.stderr
    told = {line.split(maxsplit=1)[1]: line.split()[0] for line in said.stdout.splitlines()}
    assert told["jobs' rows would be removed"] == "1"
    assert "runs, summed up by day would be removed" in told
    assert has_records(dealer, old_job)
    said = worker("prune")
    assert said.returncode == 0, said.stderr
    assert "1 jobs' rows removed" in said.stdout
    assert not has_records(dealer, old_job)


def test_with_a_wrong_key_it_says_so(worker):
    said = worker("prune", key="sb_secret_of_nobody")
    assert said.returncode == 1
    assert "check SUPABASE_URL, the key" in said.stdout + said.stderr


def test_an_idle_worker_prunes_by_itself(stack, dealer, old_job, tmp_path):
    # A step each five seconds would do it, too.
    soon = "from worker.operating import pruning; pruning._STEP_SECONDS = 0.05"
    with worker_process(stack, tmp_path, before=soon) as (process, _):
        wait_until(lambda: not has_records(dealer, old_job))
        process.terminate()
        assert process.wait(timeout=PATIENCE) == 0


@pytest.fixture
def items(dealer):
    """An item that stayed and one that was set aside; their ids."""
    kept = dealer.scalar(
        "insert into inventory (organization_id, sku, name) values (%s, 'A[1]', 'Saw')"
        " returning id",
        dealer.organization_id,
    )
    gone = dealer.scalar(
        "insert into inventory_duplicates (id, organization_id, sku, kept_id, item)"
        " select gen_random_uuid(), organization_id, sku, id,"
        ' to_jsonb(i) || \'{"name": "Old [saw]", "cost": 5}\' from inventory i where id = %s'
        " returning id",
        kept,
    )
    return kept, gone


def test_items_that_were_set_aside(worker, dealer, items):
    kept, gone = items
    of = ("--organization", dealer.organization_id)
    listed = worker("duplicates", "list", *of).stdout
    assert all(word in listed for word in ("A[1]", "Saw", "Old [saw]", str(gone)))
    assert "1 items are set aside." in listed
    assert "0 items" in worker("duplicates", "list", "--organization", "nobody").stdout

    asked = worker("duplicates", "merge", *of, typed="n\n")
    assert (asked.returncode, "1 items will be merged" in asked.stdout) == (1, True)
    assert dealer.inventory("cost") == [{"cost": None}]
    assert "1 merged." in worker("duplicates", "merge", *of, typed="y\n").stdout
    assert dealer.inventory("cost") == [{"cost": 5}]
    assert "0 merged." in worker("duplicates", "merge", *of, "--yes").stdout

    refused = worker("duplicates", "restore", kept, *of)
    assert (refused.returncode, "is set aside for this organization" in refused.stdout) == (1, True)
    restored = worker("duplicates", "restore", gone, "--sku", "B", *of)
    assert f"Item {gone} is B again." in restored.stdout
    assert [row["sku"] for row in dealer.inventory("sku")] == ["A[1]", "B"]


def test_contacts_that_may_be_one(worker, dealer):
    ids = [
        str(
            dealer.scalar(
                "insert into contacts (organization_id, name, email, phone)"
                " values (%s, %s, 'ann@x.ca', %s) returning id",
                *(dealer.organization_id, name, phone),
            )
        )
        for name, phone in (("Ann [1]", None), ("Ann Lee", "4165551234"))
    ]
    of = ("--organization", dealer.organization_id)
    listed = worker("duplicates", "contacts", "list", *of).stdout
    assert all(word in listed for word in ("email ann@x.ca", "Ann [1]", "Ann Lee", *ids))
    assert "1 groups of contacts may be one contact each." in listed
    merged = worker("duplicates", "contacts", "merge", *ids, *of)
    assert "Filled: phone; 0 rows of other tables moved along." in merged.stdout
    assert worker("duplicates", "contacts", "merge", *ids, *of).returncode == 1
    back = worker("duplicates", "contacts", "undo", ids[1], *of)
    assert f"Contact {ids[1]} is back, and 0 rows with it." in back.stdout
    names = "select array_agg(name order by name) from contacts where organization_id = %s"
    assert dealer.scalar(names, dealer.organization_id) == ["Ann Lee", "Ann [1]"]
