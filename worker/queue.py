"""The job protocol over PostgREST: claim, read, apply, progress, finish, release.

Each call is one database function (supabase/migrations/*_import_functions.sql says what it
promises), each retried here while the trouble is transient. All are safe to repeat: the database
recognizes a call whose answer was lost. A claim is the exception, so the poll repeats it.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal
from uuid import UUID

import httpx
import structlog
from postgrest import APIError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from supabase import AsyncClient, AsyncClientOptions, acreate_client
from worker.exceptions import (
    DatabaseUnavailableError,
    JobCancelledError,
    RequestRefusedError,
    RunLostError,
)
from worker.job import BatchResult, Claim, Job, Progress, RowError, RunResult

log = structlog.get_logger()

# How long a call is repeated before the job is given back.
_RETRY_SECONDS = 20.0

# Troubles that pass by themselves, as the code that PostgREST (or what stands before it) gives.
# https://www.postgresql.org/docs/17/errcodes-appendix.html
# https://docs.postgrest.org/en/v12/references/errors.html
_TRANSIENT = re.compile(
    r"08...|40...|53...|57..."  # connection, rollback (deadlock), resources, operator (timeout)
    r"|55P03"  # lock not available
    r"|PGRST00[0-3]"  # no connection, schema cache reloading, pool exhausted
    r"|408|429|5\d\d"  # HTTP statuses
)


# Longer than the database lets a statement run (60 s at most on hosted projects), so that it is
# the database that gives up first and says so.
_TIMEOUT = httpx.Timeout(70, connect=10)


@asynccontextmanager
async def connect(supabase_url: str, key: str) -> AsyncIterator[AsyncClient]:
    """Open the official client on HTTP connections that are closed afterwards."""
    async with httpx.AsyncClient(http2=True, timeout=_TIMEOUT, follow_redirects=True) as http:
        options = AsyncClientOptions(httpx_client=http, auto_refresh_token=False)
        yield await acreate_client(supabase_url, key, options)


class _TransientError(Exception):
    """Worth another try."""


class JobQueue:
    """The jobs of one database, for one worker."""

    def __init__(self, client: AsyncClient, worker_id: str, lease_seconds: int) -> None:
        self._client = client
        self._worker_id = worker_id
        self._lease_seconds = lease_seconds

    async def claim(self, max_jobs: int, orphan_after_seconds: int) -> Claim:
        """Take up to max_jobs due jobs, each of another organization.

        Raises:
            DatabaseUnavailableError, RequestRefusedError.

        """
        try:
            answer = await self._call_once(
                "claim_import_jobs",
                worker_id=self._worker_id,
                lease_seconds=self._lease_seconds,
                max_jobs=max_jobs,
                orphan_after_seconds=orphan_after_seconds,
            )
        except _TransientError as error:
            raise DatabaseUnavailableError(str(error)) from error
        return Claim(
            jobs=tuple(Job.from_json(job) for job in answer["jobs"]),
            next_due_in=answer["next_due_in"],
        )

    async def read_records(self, run_id: UUID, first_row: int, row_count: int) -> list[object]:
        """Read a page of the job's records, fewer than row_count at the end."""
        records: list[object] = await self._call(
            "read_job_records", run_id=str(run_id), first_row=first_row, row_count=row_count
        )
        return records

    async def apply_batch(
        self,
        function: str,
        run_id: UUID,
        span: range,
        rows: Sequence[dict[str, object]],
        errors: Sequence[RowError],
    ) -> BatchResult:
        """Apply the rows numbered by span in one transaction."""
        counts = await self._call(
            function,
            run_id=str(run_id),
            first_row=span[0],
            last_row=span[-1],
            rows=rows,
            errors=[error.as_json() for error in errors],
        )
        return BatchResult(**counts)

    async def report_progress(self, run_id: UUID, progress: Progress | None) -> str:
        """Extend the lease, show progress if there is some, and return the job's status."""
        status: str = await self._call(
            "report_progress",
            run_id=str(run_id),
            progress=None if progress is None else progress.as_json(),
        )
        return status

    async def finish(
        self,
        run_id: UUID,
        outcome: Literal["completed", "failed", "cancelled"],
        message: str | None = None,
    ) -> RunResult:
        """End the run and its job."""
        result = await self._call(
            "finish_import", run_id=str(run_id), outcome=outcome, message=message
        )
        return RunResult(**result)

    async def release(self, run_id: UUID, retry_in: float | None = None) -> str:
        """Give the job back, to be claimed at once or after retry_in seconds; its new status."""
        status: str = await self._call("release_import", run_id=str(run_id), retry_in=retry_in)
        return status

    async def _call(self, function: str, **arguments: object) -> Any:  # noqa: ANN401 - JSON
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_TransientError),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            stop=stop_after_delay(_RETRY_SECONDS),
            before_sleep=_log_retry(function),
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    return await self._call_once(function, **arguments)
        except _TransientError as error:
            raise DatabaseUnavailableError(str(error)) from error
        raise AssertionError  # tenacity returns or raises

    async def _call_once(self, function: str, **arguments: object) -> Any:  # noqa: ANN401 - JSON
        try:
            return (await self._client.rpc(function, arguments).execute()).data
        except httpx.TransportError as error:
            raise _TransientError(type(error).__name__) from error
        except APIError as error:
            raise _translate(function, error) from error


def _translate(function: str, error: APIError) -> Exception:
    """Name what a refusal means. Texts hold codes only: PostgREST's details quote values."""
    code = str(error.code or "")
    match code:
        case "PT404" | "PT409":
            return RunLostError(error.message)
        case "PT410":
            return JobCancelledError(error.message)
    if _TRANSIENT.fullmatch(code):
        return _TransientError(f"code {code}")
    return RequestRefusedError(f"{function}: code {code}")


def _log_retry(function: str) -> Any:  # noqa: ANN401 - tenacity's hook type
    def log_it(state: RetryCallState) -> None:
        cause = state.outcome.exception() if state.outcome else None
        log.warning(
            "call_retried", function=function, attempt=state.attempt_number, cause=str(cause)
        )

    return log_it
