"""Foreign keys to inventory without an index."""

from worker.operating.doctor.account import health
from worker.operating.doctor.check import Check, Finding
from worker.operating.doctor.patient import Patient


async def look(patient: Patient) -> list[Finding]:
    """Read the catalog: each deleted item would read such a table whole."""
    return [
        Finding(
            "error",
            f"The foreign key {key['referencing_table']} ({key['columns']}) to inventory has no "
            "index: each item that is deleted reads that whole table.",
            f'psql "<connection string>" -c "create index concurrently on '
            f'{key["referencing_table"]} ({key["columns"]})"',
        )
        for key in (await health(patient))["unindexed_references"]
    ]


CHECK = Check("foreign keys", "indexes on foreign keys to inventory", look)
