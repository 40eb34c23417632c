"""Many workers on one queue, and workers whose clock is wrong."""

from tests.faults.scenario import Scenario


def eight_workers(scenario: Scenario) -> None:
    """Eight workers, many jobs of many organizations: nobody in the way of anybody."""
    organizations = [scenario.organization() for _ in range(scenario.size(8, 20))]
    jobs = [
        scenario.job(organization, scenario.chance.randint(20, scenario.size(60, 300)), again=5)
        for part in range(scenario.size(3, 5))
        for organization in organizations
    ]
    scenario.ground.fleet.ensure(8)
    scenario.injected += 1
    scenario.settle()
    _expect_parts_in_order(scenario, [job.job_id for job in jobs])
    scenario.ground.fleet.retire()


def _expect_parts_in_order(scenario: Scenario, in_order: list) -> None:
    """Nothing was killed, so each organization's jobs ran one after another as they came."""
    place = {job_id: index for index, job_id in enumerate(in_order)}
    opened: dict[str, list[int]] = {}
    for event in scenario.ground.database.rows(
        "select organization_id, job_id from fault_suite.events"
        " where what = 'opened' and job_id = any(%s) order by seq",
        in_order,
    ):
        opened.setdefault(event["organization_id"], []).append(place[event["job_id"]])
    for organization, places in opened.items():
        if places != sorted(places):
            scenario.problems.append(f"{organization}: parts did not run in order")


def clock_off(scenario: Scenario) -> None:
    """Ten minutes fast, ten minutes slow: only the database's clock counts."""
    fleet = scenario.ground.fleet
    fleet.retire()
    fleet.start(FAULTS_CLOCK=600, WORKER_BATCH_SIZE=20, wait=False)
    fleet.start(FAULTS_CLOCK=-600, WORKER_BATCH_SIZE=20)
    for _ in range(scenario.size(1, 3)):
        organizations = [scenario.organization() for _ in range(4)]
        for organization in organizations:
            scenario.job(organization, 100)
            # One that a fast clock would take for due, and a slow one would leave for long.
            scenario.job(
                organization, 100, scheduled_in=scenario.chance.uniform(1, scenario.size(1, 3))
            )
        scenario.injected += 2
        scenario.settle()
    fleet.retire()
