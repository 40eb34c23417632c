"""How imports, exports and undos went, as the database's functions tell it."""

from dataclasses import dataclass
from typing import Any

from supabase import AsyncClient

from worker.operating.answers import ask

# PostgREST's own bound of an answer is 1,000 lines unless somebody raised it; a page is asked for
# until one is not full.
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Period:
    """Which figures: of days, the last of which is today in a zone; of an organization, or all."""

    days: int
    time_zone: str
    organization_id: str | None = None


class Figures:
    """One project's figures. Every method raises DatabaseUnavailableError, RequestRefusedError."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def time_zone(self) -> str:
        """Tell in which zone days begin where nobody names one."""
        return str(await ask("import_time_zone", self._client.rpc("import_time_zone")))

    async def sums(self, period: Period) -> list[dict[str, Any]]:
        """Give sums and times by day, by organization and type, and by kind: import_figures."""
        return await self._lines("import_figures", period)

    async def reasons(self, period: Period) -> list[dict[str, Any]]:
        """Give why rows were refused, the most frequent reason first: import_reasons."""
        return await self._lines("import_reasons", period)

    async def failing_files(self, period: Period) -> list[dict[str, Any]]:
        """Give files whose imports failed twice or more: import_failing_files."""
        return await self._lines("import_failing_files", period)

    async def _lines(self, function: str, period: Period) -> list[dict[str, Any]]:
        arguments = {
            "days": period.days,
            "time_zone": period.time_zone,
            "of_organization": period.organization_id,
        }
        lines: list[dict[str, Any]] = []
        while True:
            query = self._client.rpc(function, arguments).range(len(lines), len(lines) + _PAGE - 1)
            page = await ask(function, query)
            lines += page
            if len(page) < _PAGE:
                return lines
