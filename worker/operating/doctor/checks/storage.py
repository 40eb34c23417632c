"""The bucket of import files."""

import httpx
from storage3.exceptions import StorageApiError

from worker.connection import TransientError
from worker.operating.doctor.check import Check, Finding
from worker.operating.doctor.patient import Patient
from worker.storage import BUCKET

_FILE = 'psql "<connection string>" -f supabase/migrations/20261125000200_import_files.sql'
_MEBIBYTE = 1 << 20


async def look(patient: Patient) -> list[Finding]:
    """Ask Storage for the bucket; its policies are the schema's."""
    try:
        bucket = await patient.client.storage.get_bucket(BUCKET)
    except StorageApiError as error:
        if str(error.status) in {"400", "404"}:
            return [Finding("error", f"There is no bucket {BUCKET} in Storage.", _FILE)]
        said = f"Storage refuses the worker: status {error.status}."
        return [Finding("error", said, "look at Storage in the dashboard")]
    except (httpx.RequestError, TransientError) as error:
        said = f"Storage did not answer: {type(error).__name__}."
        return [Finding("error", said, "look at Storage in the dashboard")]
    if bucket.public:
        said = f"The bucket {BUCKET} is public: whoever knows a file's name can read it."
        return [Finding("error", said, _FILE)]
    limit = patient.settings.worker_file_limit_mb
    if bucket.file_size_limit is not None and bucket.file_size_limit < limit * _MEBIBYTE:
        allowed = bucket.file_size_limit // _MEBIBYTE
        said = f"The bucket {BUCKET} takes files up to {allowed:,} MB, the worker {limit:,} MB."
        return [
            Finding("note", said, f"raise the bucket's limit, or WORKER_FILE_LIMIT_MB={allowed}")
        ]
    return []


CHECK = Check("storage", "the bucket imports", look)
