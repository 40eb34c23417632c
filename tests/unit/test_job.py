from dataclasses import fields
from uuid import UUID

import pytest

from worker.job import Job, Progress


@pytest.mark.parametrize(
    ("current", "total", "percent"),
    [
        (0, 10, 0),
        (1, 3, 33),
        (2, 3, 66),
        (199, 200, 99),
        (77_999, 78_000, 99),
        (200, 200, 100),
        (0, 0, 100),
        (11, 10, 100),
    ],
)
def test_percent_is_100_only_at_the_end(current, total, percent):
    progress = Progress(current, total)
    assert progress.as_json() == {"current": current, "total": total, "percent": percent}


def test_a_job_as_the_claim_gives_it():
    run, job = UUID(int=1), UUID(int=2)
    claimed = {
        "run_id": str(run),
        "job_id": str(job),
        "organization_id": "org_1",
        "data_type": "inventory",
        "kind": "import",
        "attempt": 2,
        "row_count": 250,
        "version": "1742",
        "records": None,
        "mapping": {"Item #": "sku"},
        "source": None,
        "options": {"dry_run": True},
        "dry_run": True,
        "guards": {"refused_percent": 5},
        "may_switch_off_guards": False,
        "file_name": "items.csv",
        "applied": [[1, 60], [61, 100], [201, 240], [241, 250]],
        "lease_seconds": 60,
        "age_seconds": 1.5,
        "waited_seconds": 0.5,
        "took_over": True,
        "a key of a newer database": True,
    }
    assert Job.from_json(claimed) == Job(
        run_id=run,
        job_id=job,
        organization_id="org_1",
        data_type="inventory",
        kind="import",
        attempt=2,
        row_count=250,
        version="1742",
        records=None,
        mapping={"Item #": "sku"},
        source=None,
        options={"dry_run": True},
        dry_run=True,
        guards={"refused_percent": 5},
        may_switch_off_guards=False,
        file_name="items.csv",
        applied=(range(1, 101), range(201, 251)),
        lease_seconds=60,
        age_seconds=1.5,
        waited_seconds=0.5,
        took_over=True,
    )


def test_a_database_of_the_first_release_tells_no_version_of_a_job():
    names = [field.name for field in fields(Job) if field.name != "version"]
    claimed = dict.fromkeys(names) | {"run_id": str(UUID(int=1)), "job_id": str(UUID(int=2))}
    assert Job.from_json(claimed | {"applied": []}).version is None
