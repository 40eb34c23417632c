"""An upload in parts, undone, its workers killed on the way: everything is as it was before."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from tests.faults.files import MARK
from tests.faults.kills import MOST_DEATHS, kill_who_is_held
from tests.faults.scenario import Organization, Scenario, hold
from tests.faults.waiting import wait_until
from tests.faults.workers import BATCH_SIZE

_PARTS, _PART_ROWS, _KILLS = 39, 2000, 20


def undo(scenario: Scenario) -> None:
    """Import a list, then other prices and new items, and take those back in spite of all."""
    parts, rows, kills = (2, 150, 2) if scenario.ground.short else (_PARTS, _PART_ROWS, _KILLS)
    scenario.ground.fleet.ensure(2)
    organization = scenario.organization()
    # What the other kinds are judged by is what files say, not what was taken back.
    scenario.organizations.remove(organization)
    spans = [range(n * rows, (n + 1) * rows) for n in range(parts)]
    _finish(scenario, [_insert(scenario, organization, _records(span, 100)) for span in spans])
    before = _checksum(scenario, organization)
    # A third of each part is new.
    moved = [range(span.start + rows // 3, span.stop + rows // 3) for span in spans]
    jobs = [_insert(scenario, organization, _records(span, 177)) for span in reversed(moved)]
    _finish(scenario, jobs)

    groups = -(-kills // MOST_DEATHS)
    size = -(-parts // groups)
    undone = []
    for first in range(0, parts, size):
        deaths = min(MOST_DEATHS, kills - scenario.injected)
        # The newest first.
        named = jobs[::-1][first : first + size]
        undone.append(_undo(scenario, organization, named, deaths, rows // BATCH_SIZE * len(named)))
    _finish(scenario, undone)

    if _checksum(scenario, organization) != before:
        scenario.problems.append("the items are not as they were before the upload")
    [counts] = scenario.ground.database.rows(
        "select sum(updated) as undone, sum(failed) as kept from import_runs"
        " where job_id = any(%s) and outcome = 'completed'",
        undone,
    )
    if (counts["undone"], counts["kept"]) != (_changed(scenario, jobs), 0):
        scenario.problems.append(f"{counts} of {_changed(scenario, jobs)} rows")
    scenario.besides = (2 * parts + len(undone), 3 * parts * rows)


def _undo(
    scenario: Scenario, organization: Organization, named: Sequence[UUID], deaths: int, batches: int
) -> UUID:
    """Have an undo's workers killed so often, at batches or at their answers; its job."""
    share = batches // (deaths + 1)

    def held() -> object:
        answered = scenario.chance.random() < 0.5
        skip = scenario.chance.randint(0, share - 1)
        return hold("rpc/apply_undo_batch", skip=skip, answered=answered)

    file_data = {"undo": {"job_ids": [str(job_id) for job_id in named]}}
    if not deaths:
        return _insert(scenario, organization, None, file_data)
    with scenario.faults(held()):
        job_id = _insert(scenario, organization, None, file_data)
        for death in range(deaths):
            scenario.ground.fleet.ensure(1)
            kill_who_is_held(scenario)
            if death < deaths - 1:
                scenario.change_faults(held())
    scenario.ground.fleet.ensure(1)
    _finish(scenario, [job_id])
    return job_id


def _finish(scenario: Scenario, jobs: Sequence[UUID]) -> None:
    over = "select count(*) from scheduled_jobs where id = any(%s) and status = 'completed'"
    if not wait_until(lambda: scenario.ground.database.scalar(over, list(jobs)) == len(jobs)):
        scenario.problems.append("not all jobs were completed")


def _changed(scenario: Scenario, jobs: Sequence[UUID]) -> int:
    """Count rows that did something."""
    return scenario.ground.database.scalar(
        "select sum(row_count) from import_changes where job_id = any(%s)", list(jobs)
    )


def _checksum(scenario: Scenario, organization: Organization) -> object:
    [row] = scenario.ground.database.rows(
        "select count(*) as items, md5(string_agg(concat_ws('|', id, sku, name, description,"
        " category, quantity, unit_price, search_keywords), ',' order by sku)) as checksum"
        " from inventory where organization_id = %s",
        organization.organization_id,
    )
    return row


def _records(span: range, cents: int) -> list[dict[str, str]]:
    return [
        {"sku": f"U-{n:06}", "name": f"{MARK}item {n}", "unit_price": f"{(n + cents) / 100:.2f}"}
        for n in span
    ]


def _insert(
    scenario: Scenario,
    organization: Organization,
    records: list[dict[str, str]] | None,
    file_data: dict[str, object] | None = None,
) -> UUID:
    job_id = uuid4()
    scenario.ground.database.rows(
        "insert into scheduled_jobs (id, organization_id, created_by, job_type, data_type,"
        " scheduled_time, status, file_data)"
        " values (%s, %s, %s, 'import', 'inventory', clock_timestamp(), 'pending', %s)",
        job_id,
        organization.organization_id,
        organization.creator_id,
        Jsonb(file_data or {"records": records, "mapping": {}}),
    )
    return job_id
