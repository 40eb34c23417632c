"""Calls that come close together. Its own: no server can be made to be asked at one moment."""

import asyncio

import pytest

from worker.connection import TransientError
from worker.exceptions import RequestRefusedError
from worker.together import Together


class Asked:
    """Answers with what was asked, once it may; or raises."""

    def __init__(self, error=None):
        self.calls = []
        self.error = error
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, all_asked):
        self.calls.append([asked["n"] for asked in all_asked])
        await self.may_answer.wait()
        if self.error:
            raise self.error
        return [{"answer": asked["n"]} for asked in all_asked]


async def test_whoever_asks_in_the_same_moment_shares_a_call():
    asked = Asked()
    together = Together(asked)
    answers = await asyncio.gather(*(together.ask({"n": n}) for n in range(3)))
    assert answers == [{"answer": n} for n in range(3)]
    assert await together.ask({"n": 3}) == {"answer": 3}
    assert asked.calls == [[0, 1, 2], [3]]


async def test_more_than_four_make_several_calls_side_by_side():
    asked = Asked()
    asked.may_answer.clear()
    together = Together(asked)
    asking = [asyncio.create_task(together.ask({"n": n})) for n in range(9)]
    while len(asked.calls) < 3:
        await asyncio.sleep(0)
    asked.may_answer.set()
    assert await asyncio.gather(*asking) == [{"answer": n} for n in range(9)]
    assert asked.calls == [[0, 1, 2, 3], [4, 5, 6, 7], [8]]


async def test_whoever_comes_while_a_call_is_under_way_makes_another():
    asked = Asked()
    asked.may_answer.clear()
    together = Together(asked)
    first = asyncio.create_task(together.ask({"n": 1}))
    while not asked.calls:
        await asyncio.sleep(0)
    second = asyncio.create_task(together.ask({"n": 2}))
    while len(asked.calls) < 2:
        await asyncio.sleep(0)
    asked.may_answer.set()
    assert [await first, await second] == [{"answer": 1}, {"answer": 2}]


async def test_a_call_that_fails_is_raised_by_one_and_tried_again_by_the_others():
    together = Together(Asked(RequestRefusedError("no")))
    asking = (together.ask({"n": n}) for n in range(3))
    raised = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(error) for error in raised] == [
        RequestRefusedError,
        TransientError,
        TransientError,
    ]


@pytest.mark.parametrize("is_under_way", [False, True])
async def test_one_that_is_cancelled_leaves_the_others_to_ask_again(is_under_way):
    asked = Asked()
    asked.may_answer.clear()
    together = Together(asked)
    first, second = (asyncio.create_task(together.ask({"n": n})) for n in range(2))
    while is_under_way and not asked.calls:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(TransientError):
        await second
    asked.may_answer.set()
    assert await together.ask({"n": 2}) == {"answer": 2}


async def test_one_that_only_waits_may_be_cancelled_without_the_others():
    asked = Asked()
    together = Together(asked)
    first, second = (asyncio.create_task(together.ask({"n": n})) for n in range(2))
    await asyncio.sleep(0)
    second.cancel()
    assert await first == {"answer": 0}
