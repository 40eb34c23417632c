"""Items that were set aside as duplicates."""

from worker.operating.doctor.account import health
from worker.operating.doctor.check import Check, Finding
from worker.operating.doctor.patient import Patient
from worker.operating.words import counted


async def look(patient: Patient) -> list[Finding]:
    """Count them: somebody should decide some day."""
    count = (await health(patient))["duplicates"]
    if not count:
        return []
    said = f"{counted(count, 'item')} set aside as duplicates of a SKU: nobody has decided on them."
    remedy = (
        'psql "<connection string>" -c "select organization_id, count(*) '
        'from inventory_duplicates where merged_at is null group by 1"'
    )
    return [Finding("note", said, remedy)]


CHECK = Check("duplicates", "items set aside when SKUs were made unique", look)
