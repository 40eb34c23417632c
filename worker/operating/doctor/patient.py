"""What the checks ask: the settings, the database's own account of itself, the clock."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from postgrest import APIError
from supabase import AsyncClient

from worker.config import Settings
from worker.connection import TransientError


class NotAnsweredError(Exception):
    """The database refused a call, or did not answer. The text says how, without a value."""

    def __init__(self, cause: str, code: str = "") -> None:
        super().__init__(cause)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What a database function told."""

    told: dict[str, Any]
    # By the asker's clock, in seconds since 1970.
    asked_at: float
    answered_at: float


class Patient:
    """A project as the worker's settings lead to it."""

    def __init__(self, settings: Settings, client: AsyncClient, clock: Callable[[], float]) -> None:
        self.settings = settings
        self.client = client
        self.clock = clock
        self._asked: dict[str, asyncio.Task[Answer]] = {}

    async def ask(self, function: str) -> Answer:
        """Call a database function without arguments, once however many checks ask.

        Raises:
            NotAnsweredError.

        """
        if function not in self._asked:
            self._asked[function] = asyncio.create_task(self._ask(function))
        return await self._asked[function]

    async def _ask(self, function: str) -> Answer:
        asked_at = self.clock()
        told = await answered(self.client.rpc(function, {}))
        return Answer(told, asked_at, self.clock())


async def answered(query: Any) -> Any:  # noqa: ANN401 - the client's builders and rows have no common type
    """Make a request; its rows.

    Raises:
        NotAnsweredError.

    """
    try:
        return (await query.execute()).data
    except APIError as error:
        code = str(error.code or "unknown")
        raise NotAnsweredError(f"it was refused with code {code}", code) from None
    except TransientError as error:
        raise NotAnsweredError(str(error)) from None
    except httpx.RequestError as error:
        raise NotAnsweredError(type(error).__name__) from None
