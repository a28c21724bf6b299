"""Loops beside the workflows: a round again and again until the worker ends, whatever one round comes to."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError

logger = logging.getLogger("aftercare.rounds")


@asynccontextmanager
async def rounds(
    what: str, one: Callable[[], Awaitable[object]], every: float = 1.0, rest: float = 5.0
) -> AsyncIterator[None]:
    """Go round in the background until the block ends: `every` so many seconds, after a `rest` when a part is away.

    `what` names the loop in the log. A round that fails is logged, and the next one is tried.
    """
    running = asyncio.create_task(_again(what, one, every, rest), name=what)
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])


def in_threads(*steps: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    """A round of steps that wait for the database, each in a thread, one after the other."""

    async def one() -> None:
        for step in steps:
            await asyncio.to_thread(step)

    return one


async def _again(what: str, one: Callable[[], Awaitable[object]], every: float, rest: float) -> None:
    while True:
        try:
            await one()
            await asyncio.sleep(every)
        except (SQLAlchemyError, RPCError) as away:
            logger.warning("%s waits: a part is away (%s)", what, type(away).__name__)
            await asyncio.sleep(rest)
        except Exception:
            # A round that nobody foresaw would else be the last one, and nobody would be told of it.
            logger.exception("a round of %s failed; it goes on", what)
            await asyncio.sleep(rest)
