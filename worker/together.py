"""Calls that come close together, made as one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from worker.connection import TransientError

# Seconds for which the first call waits for others.
_MOMENT = 0.002
# Of a call: several at once keep more than one core of the database busy.
_MOST = 4

Asked = dict[str, object]
Answer = dict[str, Any]


class Together:
    """Collects what is asked within a moment, and asks it in one call.

    Args:
        ask: makes the call; an answer for each that is asked, in order.

    """

    def __init__(self, ask: Callable[[list[Asked]], Awaitable[list[Answer]]]) -> None:
        self._ask = ask
        self._gathering: list[tuple[Asked, asyncio.Future[Answer]]] = []

    async def ask(self, asked: Asked) -> Answer:
        """Ask, with whoever asks within the same moment.

        Raises:
            TransientError: there was no answer. Whatever else the call raises, whoever made it
                raises it, and the others this: each finds out by itself.

        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        here = self._gathering
        here.append((asked, answer))
        if len(here) == _MOST:
            self._gathering = []
        if len(here) == 1:
            await self._ask_for(here)
        return await answer

    async def _ask_for(self, all_of_us: list[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        try:
            try:
                await asyncio.sleep(_MOMENT)
            finally:
                if self._gathering is all_of_us:
                    self._gathering = []
            answers = await self._ask([asked for asked, _ in all_of_us])
            for (_, waiting), answer in zip(all_of_us, answers, strict=True):
                if not waiting.done():  # it was cancelled
                    waiting.set_result(answer)
        finally:
            for _, waiting in all_of_us[1:]:
                if not waiting.done():
                    waiting.set_exception(TransientError("asked together with one that failed"))
