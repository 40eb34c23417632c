"""What the database says about a scenario: read once, judged elsewhere."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from tests.faults.scenario import Scenario


@dataclass(frozen=True)
class Evidence:
    """What the database says about a scenario."""

    events: list[dict[str, object]]
    jobs: dict[UUID, dict[str, object]]
    runs: dict[UUID, dict[str, object]]
    inventory: list[dict[str, object]]
    writes: Counter
    errors: dict[UUID, set[int]]
    ledger: Counter

    @classmethod
    def about(cls, scenario: Scenario) -> "Evidence":
        rows = scenario.ground.database.rows
        ids = [organization.organization_id for organization in scenario.organizations]
        errors: dict[UUID, set[int]] = {}
        for row in rows(
            "select job_id, row_number from import_errors where organization_id = any(%s)", ids
        ):
            errors.setdefault(row["job_id"], set()).add(row["row_number"])
        return cls(
            events=rows(
                "select * from fault_suite.events where organization_id = any(%s) order by seq", ids
            ),
            jobs={
                row["id"]: row
                for row in rows(
                    "select id, status, scheduled_time, started_at, created_at, completed_at,"
                    " record_count, error_message, progress, scheduled_time <= now() as is_due"
                    " from scheduled_jobs where organization_id = any(%s)",
                    ids,
                )
            },
            runs={
                row["id"]: row
                for row in rows("select * from import_runs where organization_id = any(%s)", ids)
            },
            inventory=rows(
                "select organization_id, sku, name, description, category, quantity, unit_price,"
                " search_keywords from inventory where organization_id = any(%s)",
                ids,
            ),
            writes=Counter(
                {
                    (row["organization_id"], row["sku"]): row["times"]
                    for row in rows(
                        "select organization_id, sku, count(*) as times from fault_suite.writes"
                        " where organization_id = any(%s) group by 1, 2",
                        ids,
                    )
                }
            ),
            errors=errors,
            ledger=Counter(
                {
                    row["job_id"]: row["batches"]
                    for row in rows(
                        "select b.job_id, count(*) as batches from import_batches b"
                        " join scheduled_jobs j on j.id = b.job_id"
                        " where j.organization_id = any(%s) group by 1",
                        ids,
                    )
                }
            ),
        )
