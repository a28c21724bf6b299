"""Loops beside the workflows go on, whatever one round comes to."""

import asyncio
import logging

import pytest
from sqlalchemy.exc import OperationalError

from activities.rounds import in_threads, rounds

AWAY = OperationalError("SELECT 1", {}, Exception("the database is away"))


@pytest.mark.parametrize(
    ("trouble", "told"), [(AWAY, "the kettle waits: a part is away"), (ZeroDivisionError("a cup"), "it goes on")]
)
async def test_a_round_that_fails_is_logged_and_the_next_one_is_tried(
    trouble: Exception, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    went, again = [0], asyncio.Event()

    async def one() -> None:
        went[0] += 1
        if went[0] == 1:
            raise trouble
        again.set()

    with caplog.at_level(logging.WARNING):
        async with rounds("the kettle", one, every=0, rest=0), asyncio.timeout(10):
            await again.wait()
    assert told in caplog.text


async def test_it_ends_with_its_block() -> None:
    went: list[str] = []
    first = asyncio.Event()
    loop = asyncio.get_running_loop()
    steps = (lambda: went.append("address"), lambda: went.append("send"), lambda: loop.call_soon_threadsafe(first.set))
    async with rounds("the first post", in_threads(*steps), every=0), asyncio.timeout(10):
        await first.wait()
        assert "the first post" in {task.get_name() for task in asyncio.all_tasks()}
    assert went[:2] == ["address", "send"]
    assert "the first post" not in {task.get_name() for task in asyncio.all_tasks()}
