"""Calls that come close together, made as one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from worker.connection import TransientError

# Seconds for which the first call waits for others.
_MOMENT = 0.002

Asked = dict[str, object]
Answer = dict[str, Any]


class Together:
    """Collects what is asked within a moment, and asks it in one call.

    Args:
        ask: makes the call; an answer for each that is asked, in order.

    """

    def __init__(self, ask: Callable[[list[Asked]], Awaitable[list[Answer]]]) -> None:
        self._ask = ask
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []

    async def ask(self, asked: Asked) -> Answer:
        """Ask, with whoever asks within the same moment.

        Raises:
            TransientError: there was no answer. Whatever else the call raises, whoever made it
                raises it, and the others this: each finds out by itself.

        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if len(self._waiting) == 1:
            await self._ask_for_all()
        return await answer

    async def _ask_for_all(self) -> None:
        all_of_us = self._waiting
        try:
            await asyncio.sleep(_MOMENT)
            self._waiting = []
            answers = await self._ask([asked for asked, _ in all_of_us])
            for (_, waiting), answer in zip(all_of_us, answers, strict=True):
                if not waiting.done():  # it was cancelled
                    waiting.set_result(answer)
        finally:
            if self._waiting is all_of_us:
                self._waiting = []
            for _, waiting in all_of_us[1:]:
                if not waiting.done():
                    waiting.set_exception(TransientError("asked together with one that failed"))
