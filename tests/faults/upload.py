"""One upload in 39 jobs, its workers killed 20 times: it ends as an undisturbed one does."""

import random

from tests.faults.files import File, make_file
from tests.faults.kills import busy_workers
from tests.faults.scenario import BATCH_ROWS, Organization, Scenario, hold

_PARTS, _PART_ROWS, _KILLS = 39, 2000, 20
_APPLY = "apply_inventory_batch"


def upload(scenario: Scenario) -> None:
    parts, rows, kills = (4, 150, 2) if scenario.ground.short else (_PARTS, _PART_ROWS, _KILLS)
    seed = scenario.chance.random()
    files = [_part(seed, number, rows) for number in range(parts)]
    fleet = scenario.ground.fleet
    fleet.ensure(2)
    disturbed, undisturbed = scenario.organization(), scenario.organization()
    for file in files:
        scenario.job(undisturbed, 0, file=file)
    scenario.settle(600)

    # Spread over the upload: so many batches at the most from one kill to the next.
    share = parts * rows // BATCH_ROWS // (kills + 1)
    with scenario.faults(hold(_APPLY)):
        for file in files:
            scenario.job(disturbed, 0, file=file)
        while scenario.injected < kills and not scenario.problems:
            fleet.ensure(2)
            passes = scenario.chance.randint(share // 2, share - 4)
            # A job must not die with its last attempt: then the next one's turn comes.
            while scenario.hold_next(_APPLY, passes) and not (victims := busy_workers(scenario)):
                passes = 1
            if scenario.unfinished():
                scenario.kill(victims[0])
            else:
                scenario.problems.append(f"the upload was over after {scenario.injected} kills")
    fleet.ensure(2)
    scenario.settle(600)
    one, other = _outcome(scenario, disturbed), _outcome(scenario, undisturbed)
    if one != other:
        scenario.problems.append(f"the killed upload ends as {one}, the undisturbed as {other}")


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
