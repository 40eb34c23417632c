"""What an operator asks and does about jobs, by the database's functions and tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from supabase import AsyncClient

from worker.connection import TransientError
from worker.exceptions import JobRefusedError, RequestRefusedError
from worker.operating.answers import answer, ask
from worker.operating.words import span

Action = Literal["cancel", "retry", "release"]

# Never file_data: that of one job can be megabytes.
_COLUMNS = (
    "id,organization_id,job_type,data_type,status,file_name,creator_name,created_at,scheduled_time,"
    "started_at,completed_at,record_count,progress,error_message,repeat_type"
)
_ERRORS_SHOWN = 10
_REFUSALS = {"PT404": JobRefusedError, "PT409": JobRefusedError}


@dataclass(frozen=True, slots=True)
class Filters:
    """Which jobs to list; None is for all."""

    organization_id: str | None = None
    status: str | None = None
    data_type: str | None = None
    most: int = 20


class Desk:
    """One project's jobs. Every method raises DatabaseUnavailableError and RequestRefusedError."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def jobs(self, filters: Filters) -> list[dict[str, Any]]:
        """List jobs, the newest first."""
        query = self._client.table("scheduled_jobs").select(_COLUMNS)
        for column in ("organization_id", "status", "data_type"):
            if (value := getattr(filters, column)) is not None:
                query = query.eq(column, value)
        ordered = query.order("created_at", desc=True).order("id").limit(filters.most)
        return list(await _ask("jobs", ordered))

    async def job(self, job_id: UUID) -> dict[str, Any]:
        """Tell everything of a job: itself, "runs", "errors", and what it "waits" for, in words.

        Raises:
            JobRefusedError: there is none.

        """
        tables = self._client.table
        found = await _ask("jobs", tables("scheduled_jobs").select(_COLUMNS).eq("id", str(job_id)))
        if not found:
            raise JobRefusedError("There is no such job.")
        runs = tables("import_runs").select("*").eq("job_id", str(job_id)).order("started_at")
        errors = tables("import_errors").select("row_number,message").eq("job_id", str(job_id))
        first = errors.order("row_number").limit(_ERRORS_SHOWN)
        waits = await _ask(
            "import_waits", self._client.rpc("import_waits", {"job_id": str(job_id)})
        )
        job: dict[str, Any] = found[0]
        return job | {
            "runs": await _ask("runs", runs),
            "errors": await _ask("errors", first),
            "waits": None if waits is None else in_words(waits),
        }

    async def operate(self, job_id: UUID, action: Action, operator: str) -> str:
        """Do something to a job, in somebody's name; its status afterwards.

        Raises:
            JobRefusedError: it is in no state for that.

        """
        arguments = {"job_id": str(job_id), "action": action, "operator": operator}
        # Once: done twice it would be recorded twice, or refused.
        try:
            return str(
                await _ask_once("operate_import", self._client.rpc("operate_import", arguments))
            )
        except TransientError as error:
            raise RequestRefusedError(
                f"no answer ({error}): look with `jobs show` whether it was done"
            ) from None


def in_words(wait: Mapping[str, Any]) -> str:
    """Say what a job waits for, as import_waits tells it."""
    until = str(wait["until"] or "")[:19].replace("T", " ")
    for_long = f" (due for {span(wait['seconds'])})" if wait["seconds"] > 0 else ""
    said = {
        "schedule": f"its time, {until} UTC",
        "retry": f"another try at {until} UTC, because the last one met a database in trouble",
        "organization": f"job {wait['other_job_id']} of its organization, which is being done",
        "page": "its creator's open page, which may run it; else a worker does soon",
        "lease": f"the lease of run {wait['run_id']}, whose worker is gone, until {until} UTC",
        "worker": "a worker: none is alive",
        "capacity": "a worker with room: every one has as many jobs as it takes",
        "adoption": "a worker to adopt it, because a browser set it to processing and left",
        "claim": "nothing: the next look of a worker takes it",
        "run": f"nothing: {wait['worker_id']} has it (run {wait['run_id']})",
    }
    return said[wait["reason"]] + for_long


async def _ask(name: str, query: Any) -> Any:  # noqa: ANN401 - the client's builders and rows have no common type
    return await ask(name, query, _REFUSALS)


async def _ask_once(name: str, query: Any) -> Any:  # noqa: ANN401 - the same
    return (await answer(name, query, _REFUSALS)).data


def shown(jobs: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Give jobs as the cells of a table: id, organization, type, status, rows, due, file."""
    return [
        (
            job["id"],
            job["organization_id"],
            f"{job['data_type']} export" if job["job_type"] == "export" else job["data_type"],
            job["status"],
            _rows(job),
            job["scheduled_time"][:19].replace("T", " "),
            job["file_name"] or "",
        )
        for job in jobs
    ]


def _rows(job: Mapping[str, Any]) -> str:
    if job["status"] == "processing" and job["progress"]:
        return f"{job['progress'].get('current', 0):,}/{job['progress'].get('total', 0):,}"
    return "" if job["record_count"] is None else f"{job['record_count']:,}"
