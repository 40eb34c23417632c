"""What the database answers to an operator, and what its refusals mean."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
from postgrest import APIError

from worker.connection import STATEMENT_SECONDS, TransientError
from worker.exceptions import ImportWorkerError, RequestRefusedError


async def answer(name: str, query: Any, refusals: Mapping[str, type[ImportWorkerError]]) -> Any:  # noqa: ANN401 - the client's builders and answers have no common type
    """Make a request once; the client's answer.

    Args:
        name: of what is asked, for the log.
        query: the client's, ready to be executed.
        refusals: what it raises for a code, with the database's own sentence.

    Raises:
        TransientError: it is worth another try, if it may be made twice.
        RequestRefusedError: it was refused for anything else.

    """
    try:
        async with asyncio.timeout(STATEMENT_SECONDS):
            return await query.execute()
    except (httpx.RequestError, TimeoutError) as error:
        raise TransientError(type(error).__name__) from None
    except APIError as error:
        if refusal := refusals.get(error.code or ""):
            raise refusal(error.message) from None
        raise RequestRefusedError(f"{name}: code {error.code or 'unknown'}") from None
