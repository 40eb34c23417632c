"""One upload in 39 jobs, its workers killed 20 times: it ends as an undisturbed one does."""

import random

from tests.faults.files import File, make_file
from tests.faults.kills import kill_who_is_held
from tests.faults.scenario import Organization, Scenario, hold
from tests.faults.workers import BATCH_SIZE, IN_FLIGHT

_PARTS, _PART_ROWS, _KILLS = 39, 2000, 20


def upload(scenario: Scenario) -> None:
    parts, rows, kills = (4, 150, 2) if scenario.ground.short else (_PARTS, _PART_ROWS, _KILLS)
    seed = scenario.chance.random()
    files = [_part(seed, number, rows) for number in range(parts)]
    fleet = scenario.ground.fleet
    fleet.ensure(2)
    disturbed, undisturbed = scenario.organization(), scenario.organization()
    for file in files:
        scenario.job(undisturbed, 0, file=file)
    scenario.settle()

    # Spread over the upload's batches: each death in its share of them, and so none too late.
    share = parts * rows // BATCH_SIZE // (kills + 1)
    with scenario.faults(hold(skip=_some(scenario, share))):
        for file in files:
            scenario.job(disturbed, 0, file=file)
        for number in range(kills):
            fleet.ensure(2)
            kill_who_is_held(scenario)
            if number < kills - 1:
                scenario.change_faults(hold(skip=_some(scenario, share)))
    fleet.ensure(2)
    scenario.settle()
    one, other = _outcome(scenario, disturbed), _outcome(scenario, undisturbed)
    if one != other:
        scenario.problems.append(f"the killed upload ends as {one}, the undisturbed as {other}")


def _some(scenario: Scenario, share: int) -> int:
    """Choose how many batches to let pass: at least half a share, so that no job dies too often."""
    return scenario.chance.randint(share // 2, share - IN_FLIGHT)


def _part(seed: float, number: int, rows: int) -> File:
    """Make a part that updates some items of the part before it."""
    first = 1 + number * rows - (100 if number else 0)
    return make_file(
        random.Random(seed + number),  # noqa: S311 - to be repeated
        f"upload_part{number + 1}.csv",
        range(first, first + rows),
        repeated=0.01,
    )


def _outcome(scenario: Scenario, organization: Organization) -> tuple[object, ...]:
    """Sum up what an upload left: the items, and the counts of its parts."""
    [row] = scenario.ground.database.rows(
        "select count(*) as items, md5(string_agg(concat_ws('|', sku, name, description, category,"
        " quantity, unit_price, search_keywords), ',' order by sku)) as checksum"
        " from inventory where organization_id = %s",
        organization.organization_id,
    )
    counts = scenario.ground.database.rows(
        "select j.file_name, r.created, r.updated, r.failed, r.unprocessed from import_runs r"
        " join scheduled_jobs j on j.id = r.job_id"
        " where j.organization_id = %s and r.outcome = 'completed' order by j.scheduled_time",
        organization.organization_id,
    )
    return row["items"], row["checksum"], [tuple(part.values()) for part in counts]
