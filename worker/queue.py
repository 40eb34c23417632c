"""The job protocol over PostgREST: claim, read, begin, apply, export, progress, finish, release.

Each call is one database function (supabase/migrations/ says what it promises), repeated here while
the trouble is transient. All are safe to repeat: the database recognizes a call whose answer was
lost. A claim is made once, for the poll repeats it; what a lost answer brought comes with the next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Literal, TypeVar
from uuid import UUID

import aiohttp
import httpx
from postgrest import APIError
from supabase import AsyncClient

from worker.connection import (
    STATEMENT_SECONDS,
    TransientError,
    as_json,
    from_json,
    is_transient,
    retried,
)
from worker.exceptions import (
    DatabaseUnavailableError,
    JobCancelledError,
    JobRefusedError,
    KeywordsNeededError,
    RequestRefusedError,
    RunLostError,
)
from worker.job import (
    KINDS,
    BatchResult,
    Begun,
    Claim,
    ExportPage,
    Insert,
    Job,
    Progress,
    Pruned,
    RowError,
    RunResult,
    UndoPlan,
    ZeroStep,
)
from worker.memory import Memory
from worker.presence import Presence
from worker.together import Together

Answer = TypeVar("Answer", dict[str, Any], list[Any], str)

# Functions after which a run is over.
_ENDINGS = {"finish_import", "finish_preview", "finish_export", "release_import"}
_JOB_STATUSES = {"pending", "processing", "completed", "failed", "cancelled"}


class JobQueue:
    """The jobs of one database, for one worker."""

    def __init__(self, client: AsyncClient, worker_id: str, lease_seconds: int) -> None:
        self._client = client
        self._worker_id = worker_id
        self._lease_seconds = lease_seconds
        self._short_jobs = Together(self._import_short_jobs)
        # Runs that came in an answer, and whose end none has confirmed.
        self._held: set[str] = set()
        # For calls that the lease or the poll waits for: short enough to try again in time.
        self._quick_seconds = min(10.0, lease_seconds / 4)

    async def claim(
        self,
        max_jobs: int,
        orphan_after_seconds: int,
        export_after_seconds: int = 90,
    ) -> Claim:
        """Take up to max_jobs due jobs, each of another organization.

        Runs that the database has in this worker's name, and that no answer brought, come again.

        Args:
            max_jobs: how many there is room for.
            orphan_after_seconds: as in Settings.
            export_after_seconds: as in Settings.

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
                held=list(self._held),
                export_after_seconds=export_after_seconds,
                kinds=KINDS,
            )
        except TransientError as error:
            raise DatabaseUnavailableError(str(error)) from None
        self._held.update(job["run_id"] for job in answer["jobs"])
        return Claim(
            jobs=tuple(Job.from_json(job) for job in answer["jobs"]),
            recent=tuple(Insert.from_json(insert) for insert in answer["recent"]),
            next_due_in=answer["next_due_in"],
        )

    async def read_records(self, run_id: UUID, first_row: int, row_count: int) -> list[object]:
        """Read a page of the job's records, fewer than row_count at the end."""
        return await self._call(
            "read_job_records",
            list,
            STATEMENT_SECONDS,
            run_id=str(run_id),
            first_row=first_row,
            row_count=row_count,
        )

    async def read_ahead(self, job: Job) -> Job | None:
        """Read what is to be done after a job of ours, its records with it; None: nothing.

        Asked once, for nothing depends on it.

        Raises:
            TransientError: there was no answer.

        """
        answer = await self._call_once(
            "read_ahead", dict, self._quick_seconds, run_id=str(job.run_id)
        )
        return job.succeeded_by(answer) if answer else None

    async def recall(
        self, run_id: UUID, template: str | None, options: Mapping[str, object]
    ) -> Memory:
        """Tell what the run's organization has mapped before.

        Args:
            run_id: the run.
            template: the name of one that the job asks for.
            options: what the job says itself.

        """
        answer = await self._call(
            "recall_mappings", dict, STATEMENT_SECONDS, run_id=str(run_id), template=template
        )
        return Memory.from_json(options, answer)

    async def begin(self, run_id: UUID, begun: Begun) -> str:
        """Say what the run is about to apply, before its first batch; the job's status.

        Raises:
            JobRefusedError: an earlier run applied rows of another version.

        """
        return await self._call(
            "begin_import", str, STATEMENT_SECONDS, run_id=str(run_id), **begun.as_json()
        )

    async def apply_batch(
        self,
        function: str,
        run_id: UUID,
        span: range,
        rows: Sequence[dict[str, object]],
        errors: Sequence[RowError],
    ) -> BatchResult:
        """Apply the rows numbered by span in one transaction.

        Raises:
            KeywordsNeededError: there are none with the rows, and they are not there already.

        """
        counts = await self._call(
            function,
            dict,
            STATEMENT_SECONDS,
            run_id=str(run_id),
            first_row=span[0],
            last_row=span[-1],
            rows=rows,
            errors=[error.as_json() for error in errors],
        )
        return BatchResult.from_json(counts)

    async def import_short(  # noqa: PLR0913, PLR0917 - what begin, apply_batch and finish are told
        self,
        run_id: UUID,
        begun: Begun | None,
        row_count: int,
        rows: Sequence[dict[str, object]],
        errors: Sequence[RowError],
        message: str | None,
    ) -> tuple[BatchResult | None, RunResult | None]:
        """Begin, apply all rows of a job as one batch, and finish unless some were refused.

        Jobs that are imported at the same time share a call.

        Returns:
            how the rows ended (None: a call before this one finished the run), and the run (None:
            it is not finished).

        """
        asked: dict[str, object] = {
            "run_id": str(run_id),
            "begun": None if begun is None else begun.as_json(),
            "last_row": row_count,
            "rows": rows,
            "errors": [error.as_json() for error in errors],
            "message": message,
        }
        answer = await self._until_answered(
            "import_short_jobs", asked, partial(self._ask_for_short, asked)
        )
        batch, result = answer["batch"], answer["result"]
        if result is not None:
            self._held.discard(str(run_id))
        return (
            None if batch is None else BatchResult.from_json(batch),
            None if result is None else RunResult.from_json(result),
        )

    async def _ask_for_short(self, asked: dict[str, object]) -> dict[str, Any]:
        answer = await self._short_jobs.ask(asked)
        if "code" in answer:
            raise _translated("import_short_jobs", answer["code"], answer["message"])
        return answer

    async def _import_short_jobs(self, jobs: list[dict[str, object]]) -> list[dict[str, Any]]:
        return await self._call_once("import_short_jobs", list, STATEMENT_SECONDS, jobs=jobs)

    async def begin_undo(self, run_id: UUID) -> UndoPlan:
        """Reserve what the run is to take back; the same again for a later attempt.

        Raises:
            JobRefusedError: it may not be taken back, or not any more; the text says why.

        """
        plan = await self._call("begin_undo", dict, STATEMENT_SECONDS, run_id=str(run_id))
        return UndoPlan.from_json(plan)

    async def apply_undo_batch(self, run_id: UUID, span: range) -> BatchResult:
        """Take the rows numbered by span back in one transaction; those that failed were kept."""
        counts = await self._call(
            "apply_undo_batch",
            dict,
            STATEMENT_SECONDS,
            run_id=str(run_id),
            first_row=span[0],
            last_row=span[-1],
        )
        return BatchResult.from_json(counts)

    async def read_kept(self, job_id: UUID) -> list[dict[str, Any]]:
        """Read what an undo kept so far, in order: as import_internal.keep_kept tells it."""
        return [error["row"] for error in await self._read_errors(job_id, "row")]

    async def list_items(self, run_id: UUID, skus: Sequence[str]) -> None:
        """Note SKUs of the run's file, before its first batch."""
        await self._call("list_items", dict, STATEMENT_SECONDS, run_id=str(run_id), skus=skus)

    async def find_missing_items(self, run_id: UUID) -> int:
        """Settle which items the file lacks, once all its SKUs are noted; how many."""
        answer = await self._call("find_missing_items", dict, STATEMENT_SECONDS, run_id=str(run_id))
        return int(answer["missing"])

    async def judge(self, run_id: UUID) -> None:
        """Have the guards judge what was rehearsed; from then on batches are written.

        Raises:
            JobRefusedError: they hold the import.

        """
        answer = await self._call("judge_import", dict, STATEMENT_SECONDS, run_id=str(run_id))
        if answer["held"] is not None:
            raise JobRefusedError(answer["held"])

    async def zero_missing_items(self, run_id: UUID, max_items: int) -> ZeroStep:
        """Set the quantity of at most max_items missing items to 0, after the last batch."""
        answer = await self._call(
            "zero_missing_items",
            dict,
            STATEMENT_SECONDS,
            run_id=str(run_id),
            max_items=max_items,
        )
        return ZeroStep.from_json(answer)

    async def read_errors(self, job_id: UUID) -> dict[int, str]:
        """Read what was refused so far: problem by row number as the owner sees it."""
        errors = await self._read_errors(job_id, "message")
        return {error["row_number"]: error["message"] for error in errors}

    async def _read_errors(self, job_id: UUID, column: str) -> list[dict[str, Any]]:
        """Read a column of all that was refused, beside the row_number, in its order."""
        errors: list[dict[str, Any]] = []
        after = 0
        while page := await retried(
            "read_errors", partial(self._read_page_of_errors, job_id, column, after)
        ):
            errors += page
            after = page[-1]["row_number"]
        return errors

    async def _read_page_of_errors(self, job_id: UUID, column: str, after_row: int) -> list[Any]:
        errors = self._client.table("import_errors").select(f"row_number,{column}")
        query = errors.eq("job_id", str(job_id)).gt("row_number", after_row).order("row_number")
        return await self._answer("import_errors", _rows(query), list, STATEMENT_SECONDS)

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
            outcome: how it ended; a job that a user cancelled stays cancelled, and of one that is
                "completed" without a row that got in the database says "failed".
            message: for the dealer, when it failed, or when nothing got in.
            failed_rows_path: where the refused rows lie in the bucket imports.

        """
        result = await self._call(
            "finish_import",
            dict,
            STATEMENT_SECONDS,
            run_id=str(run_id),
            outcome=outcome,
            message=message,
            failed_rows_path=failed_rows_path,
        )
        return RunResult.from_json(result)

    async def finish_preview(
        self, run_id: UUID, preview: Mapping[str, object], notes: Sequence[str]
    ) -> RunResult:
        """End the run of a preview, and its job: completed, with what was found.

        Args:
            run_id: the run.
            preview: docs/PREVIEW.md has its keys.
            notes: as begin takes them.

        """
        result = await self._call(
            "finish_preview",
            dict,
            STATEMENT_SECONDS,
            run_id=str(run_id),
            preview=dict(preview),
            notes=list(notes),
        )
        return RunResult.from_json(result)

    async def begin_export(
        self, run_id: UUID, entity: str, filters: Mapping[str, object]
    ) -> int | None:
        """Say what is to be exported; its rows, None where the table or a column is not there."""
        answer = await self._call(
            "begin_export",
            dict,
            STATEMENT_SECONDS,
            run_id=str(run_id),
            entity=entity,
            filter=dict(filters),
        )
        total: int | None = answer["total"]
        return total

    async def read_export_page(  # noqa: PLR0913, PLR0917 - the function's own arguments
        self,
        run_id: UUID,
        entity: str,
        columns: Sequence[str],
        filters: Mapping[str, object],
        after_id: str | None,
        row_count: int,
    ) -> ExportPage:
        """Read the next rows after an id, fewer than row_count at the end."""
        page = await self._call(
            "read_export_page",
            dict,
            STATEMENT_SECONDS,
            run_id=str(run_id),
            entity=entity,
            columns=list(columns),
            filter=dict(filters),
            after_id=after_id,
            row_count=row_count,
        )
        return ExportPage.from_json(page)

    async def read_export_template(self, run_id: UUID, template_id: str) -> dict[str, Any] | None:
        """Read a custom export's template, of the run's organization; None: there is none."""
        answer = await self._call(
            "read_export_template",
            dict,
            STATEMENT_SECONDS,
            run_id=str(run_id),
            template_id=template_id,
        )
        template = answer["template"]
        return template if isinstance(template, dict) else None

    async def finish_export(
        self, run_id: UUID, record_count: int, export_path: str, notes: Sequence[str]
    ) -> RunResult:
        """End the run and its job well.

        Args:
            run_id: the run.
            record_count: rows in the file.
            export_path: where it lies in the bucket exports.
            notes: for whoever asked for it, in sentences.

        """
        result = await self._call(
            "finish_export",
            dict,
            STATEMENT_SECONDS,
            run_id=str(run_id),
            record_count=record_count,
            export_path=export_path,
            notes=list(notes),
        )
        return RunResult.from_json(result)

    async def release(self, run_id: UUID, retry_in: float | None = None) -> str:
        """Give the job back, to be claimed at once or after retry_in seconds; its new status."""
        return await self._call(
            "release_import", str, self._quick_seconds, run_id=str(run_id), retry_in=retry_in
        )

    async def prune(self, what: str, after: object, most: int, *, dry_run: bool) -> Pruned:
        """Remove a few of what is older than it is kept.

        Args:
            what: the kind, as prune_imports calls it.
            after: where to go on, as the step before said; None: at the start.
            most: how many at most.
            dry_run: only count them.

        """
        answer = await self._call(
            "prune_imports",
            dict,
            STATEMENT_SECONDS,
            what=what,
            after=after,
            most=most,
            dry_run=dry_run,
        )
        return Pruned.from_json(answer)

    async def read_queue(self) -> dict[str, Any]:
        """Read the queue in numbers, as import_queue tells them."""
        try:
            return await self._call_once("import_queue", dict, self._quick_seconds)
        except TransientError as error:
            raise DatabaseUnavailableError(str(error)) from None

    async def report_worker(self, presence: Presence, *, is_stopping: bool) -> int:
        """Say that this worker is there, or that it goes; how many there are."""
        answer = await self._call(
            "report_worker",
            dict,
            self._quick_seconds,
            worker_id=self._worker_id,
            **asdict(presence),
            is_stopping=is_stopping,
        )
        return int(answer["alive"])

    async def _call(
        self, function: str, kind: type[Answer], within: float, **arguments: object
    ) -> Answer:
        """Call a database function until it answers, for some 20 seconds; within is a try's limit.

        Raises:
            RunLostError, JobCancelledError, JobRefusedError, RequestRefusedError: what the answer
                says.
            DatabaseUnavailableError: there was none.

        """
        call = partial(self._call_once, function, kind, within, **arguments)
        answer = await self._until_answered(function, arguments, call)
        if function in _ENDINGS:
            self._held.discard(str(arguments["run_id"]))
        return answer

    async def _until_answered(
        self, function: str, arguments: Mapping[str, object], call: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """Try a call again and again; a run that is over is not held any more."""
        try:
            return await retried(function, call)
        except RunLostError:
            self._held.discard(str(arguments["run_id"]))
            raise

    async def _call_once(
        self, function: str, kind: type[Answer], within: float, **arguments: object
    ) -> Answer:
        return await self._answer(function, self._post(function, arguments), kind, within)

    async def _post(self, function: str, arguments: Mapping[str, object]) -> object:
        """Call a function as the client would, but for the writer of the body."""
        call = self._client.rpc(function, {}).request
        # PostgREST then hands the body to PostgreSQL as it is; else it would look through the JSON
        # for the arguments' names, which took three times as long as the rest of its work.
        params = call.params.set("columns", ",".join(arguments)) if arguments else call.params
        response = await call.session.request(
            call.http_method,
            str(call.path),
            content=as_json(arguments),
            params=params,
            headers={**call.headers, "Content-Type": "application/json"},
        )
        answer = from_json(response.content)
        if response.is_success:
            return answer
        problem = answer if isinstance(answer, dict) else {}
        raise APIError({"code": str(response.status_code)} | problem)

    async def _answer(
        self, name: str, asking: Awaitable[object], kind: type[Answer], within: float
    ) -> Answer:
        # `from None` throughout: what the libraries say can quote a row.
        try:
            async with asyncio.timeout(within):
                answer = await asking
        except (httpx.RequestError, aiohttp.ClientError, TimeoutError) as error:
            raise TransientError(type(error).__name__) from None
        except APIError as error:
            raise _translated(name, str(error.code or ""), error.message) from None
        if not isinstance(answer, kind) or (kind is str and answer not in _JOB_STATUSES):
            # A page of somebody's between us and PostgREST, with status 200.
            raise TransientError(f"an answer of type {type(answer).__name__}")
        return answer


async def _rows(query: Any) -> object:  # noqa: ANN401 - the client's builders have no common type
    return (await query.execute()).data


def _translated(function: str, code: str, message: str | None) -> Exception:
    """Name what a refusal means, in codes only: PostgREST's details quote values."""
    if is_transient(code):
        return TransientError(f"code {code}")
    match code:
        case "PT404" | "PT409":
            return RunLostError(message)
        case "PT410":
            return JobCancelledError()
        case "PT412":
            return JobRefusedError(message)
        case "IMKEY":
            return KeywordsNeededError()
    return RequestRefusedError(f"{function}: code {code or 'unknown'}")
