"""Bids, which nothing tells apart: each row of each job must be there once, whoever dies."""

from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from tests.faults.files import MARK
from tests.faults.kills import MOST_DEATHS, busy_workers
from tests.faults.scenario import PATIENCE_SECONDS, Organization, Scenario
from tests.faults.waiting import wait_until


def bids(scenario: Scenario) -> None:
    """Kill workers in the middle of jobs of bids."""
    kills, rows = scenario.size(3, 20), scenario.size(120, 1000)
    fleet, chance, database = scenario.ground.fleet, scenario.chance, scenario.ground.database
    organization = scenario.organization()
    # What the other kinds are judged by are items.
    scenario.organizations.remove(organization)
    jobs = [_insert(scenario, organization, rows) for _ in range(1 + kills // MOST_DEATHS)]
    landed = "select count(*) from bids where organization_id = %s"
    while scenario.injected < kills and not scenario.problems:
        fleet.ensure(1)
        # Nobody may be killed in a job's last attempt: another job, then.
        if not scenario.unfinished_of(organization):
            jobs.append(_insert(scenario, organization, rows))
        with scenario.held("apply_bids_batch", skip=chance.randint(0, scenario.size(2, 12))):
            if victims := busy_workers(scenario):
                scenario.kill(victims[0])
    fleet.ensure(1)
    over = "select bool_and(status = 'completed') from scheduled_jobs where id = any(%s)"
    if not wait_until(lambda: database.scalar(over, jobs), 2 * PATIENCE_SECONDS):
        scenario.problems.append("the bids were not all imported")
    copies = database.scalar(
        "select count(*) from (select from bids where organization_id = %s"
        " group by project_name having count(*) > 1) doubled",
        organization.organization_id,
    )
    total = database.scalar(landed, organization.organization_id)
    if copies or total != len(jobs) * rows:
        scenario.problems.append(f"{total} bids of {len(jobs) * rows} rows, {copies} of them twice")
    scenario.besides = (len(jobs), len(jobs) * rows)


def _insert(scenario: Scenario, organization: Organization, rows: int) -> UUID:
    job_id = uuid4()
    records = [
        {"clientName": f"{MARK}client", "projectName": f"{job_id} {number}", "total": number}
        for number in range(rows)
    ]
    scenario.ground.database.rows(
        "insert into scheduled_jobs (id, organization_id, created_by, job_type, data_type,"
        " scheduled_time, status, file_data)"
        " values (%s, %s, %s, 'import', 'bids', clock_timestamp(), 'pending', %s)",
        job_id,
        organization.organization_id,
        organization.creator_id,
        Jsonb({"records": records, "mapping": {}}),
    )
    return job_id
