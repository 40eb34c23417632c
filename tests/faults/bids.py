"""Bids, which nothing tells apart: each row of each job must be there once, whoever dies."""

from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from devstack.faults import HttpRule
from tests.faults.files import MARK
from tests.faults.kills import MOST_DEATHS, kill_who_is_held
from tests.faults.scenario import Organization, Scenario, hold
from tests.faults.waiting import wait_until
from tests.faults.workers import BATCH_SIZE, IN_FLIGHT


def bids(scenario: Scenario) -> None:
    """Kill workers in the middle of jobs of bids."""
    kills, rows = scenario.size(3, 20), scenario.size(300, 1000)
    fleet, database = scenario.ground.fleet, scenario.ground.database
    organization = scenario.organization()
    # What the other kinds are judged by are items.
    scenario.organizations.remove(organization)
    over = "select status = 'completed' from scheduled_jobs where id = %s"
    jobs = 0
    while scenario.injected < kills:
        deaths = min(MOST_DEATHS, kills - scenario.injected)
        with scenario.faults(_hold_a_batch(scenario, rows)):
            job_id = _insert(scenario, organization, rows)
            jobs += 1
            for death in range(deaths):
                fleet.ensure(1)
                kill_who_is_held(scenario)
                if death < deaths - 1:
                    scenario.change_faults(_hold_a_batch(scenario, rows))
        fleet.ensure(1)
        if not wait_until(lambda j=job_id: database.scalar(over, j)):
            scenario.problems.append("the bids were not all imported")
    landed = "select count(*) from bids where organization_id = %s"
    copies = database.scalar(
        "select count(*) from (select from bids where organization_id = %s"
        " group by project_name having count(*) > 1) doubled",
        organization.organization_id,
    )
    total = database.scalar(landed, organization.organization_id)
    if copies or total != jobs * rows:
        scenario.problems.append(f"{total} bids of {jobs * rows} rows, {copies} of them twice")
    scenario.besides = (jobs, jobs * rows)


def _hold_a_batch(scenario: Scenario, rows: int) -> HttpRule:
    """Hold one of the next batches, or its answer, so that its worker can be killed meanwhile.

    It goes on afterwards: it may land when another worker has taken over.
    """
    # So few pass that each of a job's deaths finds a batch; those in flight land as well.
    share = rows // BATCH_SIZE // MOST_DEATHS
    skip = scenario.chance.randint(0, share - IN_FLIGHT)
    answered = scenario.chance.random() < 0.5
    return hold("rpc/apply_bids_batch", skip=skip, answered=answered)


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
