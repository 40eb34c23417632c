"""What the database answers to an operator, and what its refusals mean."""

import asyncio
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import httpx
from postgrest import APIError

from worker.connection import STATEMENT_SECONDS, TransientError, retried
from worker.exceptions import ImportWorkerError, RequestRefusedError

Refusals = Mapping[str, type[ImportWorkerError]]
_NONE: Refusals = MappingProxyType({})


async def ask(name: str, query: Any, refusals: Refusals = _NONE) -> Any:  # noqa: ANN401 - the client's builders and answers have no common type
    """Make a request that may be made twice until it is answered, for some 20 seconds; its data.

    Raises:
        DatabaseUnavailableError: there was no answer. Else as `answer`.

    """
    return (await retried(name, partial(answer, name, query, refusals))).data


async def answer(name: str, query: Any, refusals: Refusals = _NONE) -> Any:  # noqa: ANN401 - the client's builders and answers have no common type
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
