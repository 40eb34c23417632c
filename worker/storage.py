"""Files in Supabase Storage: a dealer's upload comes in, refused rows and exports go out."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import httpx
import structlog
from storage3.exceptions import StorageApiError
from supabase import AsyncClient

from worker.connection import TransientError, retried
from worker.exceptions import DatabaseUnavailableError, JobRefusedError, RequestRefusedError
from worker.job import Job

log = structlog.get_logger()

BUCKET = "imports"
EXPORTS = "exports"

_SIGNED_SECONDS = 3600
_MEBIBYTE = 1 << 20


class FileStore:
    """A bucket: of import files, unless another one is named."""

    def __init__(self, client: AsyncClient, limit_mb: int, bucket: str = BUCKET) -> None:
        self._buckets = client.storage
        self._bucket = client.storage.from_(bucket)
        assert client.options.httpx_client is not None  # noqa: S101 - connect() set it
        self._http = client.options.httpx_client
        self._limit_mb = limit_mb
        # Bytes of a file, also when it is unpacked.
        self.most_bytes = limit_mb * _MEBIBYTE

    async def download(self, path: str, into: Path) -> str:
        """Stream a file into a local one; its SHA-256.

        Raises:
            JobRefusedError: it is not there, or larger than the limit.
            DatabaseUnavailableError, RequestRefusedError.

        """
        return await retried("download", lambda: self._download(path, into))

    async def upload(
        self, path: str, file: Path, content_type: str = "text/csv; charset=utf-8"
    ) -> None:
        """Store a local file, in the place of an earlier one.

        Raises:
            JobRefusedError: it is larger than Storage takes.
            DatabaseUnavailableError, RequestRefusedError.

        """
        await retried("upload", lambda: self._upload(path, file, content_type))

    async def remove(self, bucket: str, paths: Sequence[str]) -> None:
        """Remove files of any bucket; those that are not there are no trouble.

        Raises:
            DatabaseUnavailableError, RequestRefusedError.

        """
        await retried("remove", lambda: self._remove(bucket, paths))

    async def _remove(self, bucket: str, paths: Sequence[str]) -> None:
        try:
            await self._buckets.from_(bucket).remove(list(paths))
        except StorageApiError as error:
            raise _translate("remove", error) from None
        except httpx.RequestError as error:
            raise TransientError(type(error).__name__) from None

    async def _download(self, path: str, into: Path) -> str:
        digest = hashlib.sha256()
        size = 0
        try:
            signed = await self._bucket.create_signed_url(path, _SIGNED_SECONDS)
            async with self._http.stream("GET", str(signed["signedURL"])) as response:
                response.raise_for_status()
                with into.open("wb") as file:
                    async for chunk in response.aiter_bytes():
                        size += len(chunk)
                        if size > self.most_bytes:
                            raise JobRefusedError(
                                f"The file is larger than {self._limit_mb:,} MB. "
                                "Please split it and upload the parts."
                            )
                        digest.update(chunk)
                        file.write(chunk)
        except (StorageApiError, httpx.HTTPStatusError) as error:
            raise _translate("download", error) from None
        except httpx.RequestError as error:
            raise TransientError(type(error).__name__) from None
        return digest.hexdigest()

    async def _upload(self, path: str, file: Path, content_type: str) -> None:
        try:
            await self._bucket.upload(path, file, {"content-type": content_type, "upsert": "true"})
        except StorageApiError as error:
            raise _translate("upload", error) from None
        except httpx.RequestError as error:
            raise TransientError(type(error).__name__) from None


def _translate(act: str, error: StorageApiError | httpx.HTTPStatusError) -> Exception:
    """Name what a refusal means, without the path that Storage's message quotes."""
    status = str(error.status if isinstance(error, StorageApiError) else error.response.status_code)
    if act == "download" and status in {"400", "404"}:
        return JobRefusedError(
            "The uploaded file is not in Storage any more. Please upload it again."
        )
    if act == "upload" and status == "413":
        return JobRefusedError(
            "The file is larger than this project's Storage takes. Please leave out some of the "
            "rows, or raise the limit in Storage > Settings."
        )
    return RequestRefusedError(f"{act}: status {status}")


def path_for_result(job: Job, folder: str) -> str | None:
    """Give the path of what a job leaves as a file; None where it would be another's folder."""
    if not is_plain_name(job.organization_id):
        return None
    return f"{job.organization_id}/{folder}/{job.job_id}.csv"


async def store_result(store: FileStore, path: str, file: Path, event: str) -> str | None:
    """Store what the database holds as well; its path, or None.

    So it is no reason to call the job a failure when Storage does not take it: `event` is logged.
    """
    try:
        await store.upload(path, file)
    except (DatabaseUnavailableError, RequestRefusedError) as error:
        log.warning(event, cause=str(error))
        return None
    return path


def is_plain_name(name: str) -> bool:
    """Whether a part of a path goes nowhere else, also when somebody decodes it once more."""
    decoded = unquote(name)
    return decoded not in {"", ".", ".."} and not re.search(r"[/\\]", decoded)
