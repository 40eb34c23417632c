"""The job protocol over PostgREST: claim, read, begin, apply, progress, finish, release.

Each call is one database function (supabase/migrations/*_import_functions.sql says what it
promises), repeated here while the trouble is transient. All are safe to repeat: the database
recognizes a call whose answer was lost. A claim is made once, for the poll repeats it; what a lost
answer brought comes with the next one.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeVar
from uuid import UUID

import httpx
import structlog
from postgrest import APIError
from supabase import AsyncClient, AsyncClientOptions, acreate_client
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from worker.exceptions import (
    DatabaseUnavailableError,
    JobCancelledError,
    JobRefusedError,
    RequestRefusedError,
    RunLostError,
)
from worker.job import BatchResult, Claim, Job, Progress, RowError, RunResult

log = structlog.get_logger()

Answer = TypeVar("Answer", dict[str, Any], list[object], str)

_JOB_STATUSES = {"pending", "processing", "completed", "failed", "cancelled"}

# A call that failed this long after its first try is not tried again.
_RETRY_SECONDS = 20.0
# Statements of the service role may take 60 s on hosted projects: let the database give up first.
_STATEMENT_SECONDS = 65.0

# Troubles that pass by themselves: these statuses, whoever gives them; and these codes behind other
# statuses, of which 25006 is a database that is read-only until its disk has grown.
# https://www.postgresql.org/docs/17/errcodes-appendix.html
# https://docs.postgrest.org/en/v12/references/errors.html
_TRANSIENT_STATUS = {408, 425, 429, *range(500, 600)}
_TRANSIENT_CODE = re.compile(r"08...|40...|53...|57...|58...|55P03|25006|PGRST00[0-3]")


@asynccontextmanager
async def connect(supabase_url: str, key: str) -> AsyncIterator[AsyncClient]:
    """Open the official client on HTTP connections that are closed afterwards."""
    async with httpx.AsyncClient(
        # Not HTTP/2: one connection that hangs would starve the lease of every run.
        timeout=httpx.Timeout(_STATEMENT_SECONDS, connect=10),
        event_hooks={"response": [_raise_if_transient]},
    ) as http:
        options = AsyncClientOptions(httpx_client=http, auto_refresh_token=False)
        yield await acreate_client(supabase_url, key, options)


class _TransientError(Exception):
    """Worth another try, after retry_after seconds if the server named a time."""

    def __init__(self, cause: str, retry_after: float = 0) -> None:
        super().__init__(cause)
        self.retry_after = retry_after


async def _raise_if_transient(response: httpx.Response) -> None:
    """Judge before the postgrest client forgets the status and the Retry-After header."""
    if response.is_success:
        return
    status, code = response.status_code, _code(await response.aread())
    # PostgREST's answer when PostgreSQL dies under a statement: 400, with an empty code.
    died = status == httpx.codes.BAD_REQUEST and not code
    if status in _TRANSIENT_STATUS or _TRANSIENT_CODE.fullmatch(code) or died:
        retry_after = response.headers.get("Retry-After", "")
        seconds = min(float(retry_after), 10) if retry_after.isdecimal() else 0
        raise _TransientError(f"status {status}, code {code or 'none'}", seconds)


def _code(body: bytes) -> str:
    """Read the code of PostgREST's error; empty where there is none."""
    try:
        error = json.loads(body)
    except ValueError:
        return ""
    return str(error.get("code") or "") if isinstance(error, dict) else ""


class JobQueue:
    """The jobs of one database, for one worker."""

    def __init__(self, client: AsyncClient, worker_id: str, lease_seconds: int) -> None:
        self._client = client
        self._worker_id = worker_id
        self._lease_seconds = lease_seconds
        # For calls that the lease or the poll waits for: short enough to try again in time.
        self._quick_seconds = min(10.0, lease_seconds / 4)

    async def claim(
        self, max_jobs: int, orphan_after_seconds: int, held: Iterable[UUID] | None = None
    ) -> Claim:
        """Take up to max_jobs due jobs, each of another organization.

        Args:
            max_jobs: how many there is room for.
            orphan_after_seconds: as in Settings.
            held: the runs that this worker knows of. Others that the database has in its name come
                back, for the answer that brought them was lost; None: they don't.

        Raises:
            DatabaseUnavailableError, RequestRefusedError.

        """
        try:
            answer = await self._call_once(
                "claim_import_jobs",
                dict,
                self._quick_seconds,
                worker_id=self._worker_id,
                lease_seconds=self._lease_seconds,
                max_jobs=max_jobs,
                orphan_after_seconds=orphan_after_seconds,
                held=None if held is None else [str(run_id) for run_id in held],
            )
        except _TransientError as error:
            raise DatabaseUnavailableError(str(error)) from None
        return Claim(
            jobs=tuple(Job.from_json(job) for job in answer["jobs"]),
            next_due_in=answer["next_due_in"],
        )

    async def read_records(self, run_id: UUID, first_row: int, row_count: int) -> list[object]:
        """Read a page of the job's records, fewer than row_count at the end."""
        return await self._call(
            "read_job_records",
            list,
            _STATEMENT_SECONDS,
            run_id=str(run_id),
            first_row=first_row,
            row_count=row_count,
        )

    async def begin(
        self,
        run_id: UUID,
        row_count: int,
        mapping: Mapping[str, str],
        notes: Sequence[str],
        source_version: str | None,
    ) -> str:
        """Say what the run is about to apply, before its first batch; the job's status.

        Args:
            run_id: the run.
            row_count: rows of the job, blank ones not counted.
            mapping: file column → field, as it will be used.
            notes: what was guessed or ignored, in sentences for the dealer.
            source_version: what tells one version of the file from another; None for records.

        Raises:
            JobRefusedError: an earlier run applied rows of another version.

        """
        return await self._call(
            "begin_import",
            str,
            _STATEMENT_SECONDS,
            run_id=str(run_id),
            row_count=row_count,
            mapping=dict(mapping),
            notes=list(notes),
            source_version=source_version,
        )

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
            dict,
            _STATEMENT_SECONDS,
            run_id=str(run_id),
            first_row=span[0],
            last_row=span[-1],
            rows=rows,
            errors=[error.as_json() for error in errors],
        )
        return BatchResult.from_json(counts)

    async def report_progress(self, run_id: UUID, progress: Progress | None) -> str:
        """Extend the lease, show progress if there is some, and return the job's status."""
        return await self._call(
            "report_progress",
            str,
            self._quick_seconds,
            run_id=str(run_id),
            progress=None if progress is None else progress.as_json(),
        )

    async def finish(
        self,
        run_id: UUID,
        outcome: Literal["completed", "failed", "cancelled"],
        message: str | None = None,
        failed_rows_path: str | None = None,
    ) -> RunResult:
        """End the run and its job.

        Args:
            run_id: the run.
            outcome: how it ended; a job that a user cancelled stays cancelled.
            message: for the dealer, when it failed.
            failed_rows_path: where the refused rows lie in the bucket imports.

        """
        result = await self._call(
            "finish_import",
            dict,
            _STATEMENT_SECONDS,
            run_id=str(run_id),
            outcome=outcome,
            message=message,
            failed_rows_path=failed_rows_path,
        )
        return RunResult.from_json(result)

    async def release(self, run_id: UUID, retry_in: float | None = None) -> str:
        """Give the job back, to be claimed at once or after retry_in seconds; its new status."""
        return await self._call(
            "release_import", str, self._quick_seconds, run_id=str(run_id), retry_in=retry_in
        )

    async def _call(
        self, function: str, kind: type[Answer], within: float, **arguments: object
    ) -> Answer:
        """Call a database function until it answers, for _RETRY_SECONDS; within is a try's limit.

        Raises:
            RunLostError, JobCancelledError, JobRefusedError, RequestRefusedError: what the answer
                says.
            DatabaseUnavailableError: there was none.

        """
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_TransientError),
            wait=_wait,
            stop=stop_after_delay(_RETRY_SECONDS),
            before_sleep=_log_retry(function),
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    return await self._call_once(function, kind, within, **arguments)
        except _TransientError as error:
            raise DatabaseUnavailableError(str(error)) from None
        raise AssertionError  # tenacity returns or raises

    async def _call_once(
        self, function: str, kind: type[Answer], within: float, **arguments: object
    ) -> Answer:
        # `from None` throughout: what the libraries say can quote a row.
        try:
            async with asyncio.timeout(within):
                answer = (await self._client.rpc(function, arguments).execute()).data
        except (httpx.RequestError, TimeoutError) as error:
            raise _TransientError(type(error).__name__) from None
        except APIError as error:
            raise _translate(function, error) from None
        if not isinstance(answer, kind) or (kind is str and answer not in _JOB_STATUSES):
            # A page of somebody's between us and PostgREST, with status 200.
            raise _TransientError(f"an answer of type {type(answer).__name__}")
        return answer


def _translate(function: str, error: APIError) -> Exception:
    """Name what a refusal means, in codes only: PostgREST's details quote values."""
    code = str(error.code or "")
    match code:
        case "PT404" | "PT409":
            return RunLostError(error.message)
        case "PT410":
            return JobCancelledError()
        case "PT412":
            return JobRefusedError(error.message)
    return RequestRefusedError(f"{function}: code {code or 'unknown'}")


_BACKOFF = wait_random_exponential(multiplier=0.2, max=5)


def _wait(state: RetryCallState) -> float:
    """Back off with jitter, longer when the server asked for it; seconds."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, _TransientError) else 0
    return max(_BACKOFF(state), asked)


def _log_retry(function: str) -> Any:  # noqa: ANN401 - tenacity's hook type
    def log_it(state: RetryCallState) -> None:
        cause = state.outcome.exception() if state.outcome else None
        log.warning(
            "call_retried", function=function, attempt=state.attempt_number, cause=str(cause)
        )

    return log_it
