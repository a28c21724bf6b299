"""The postman: hands over what decisions wanted told, for as long as the worker runs.

It is a loop of the worker and no workflow: letters are written in the commit's transaction, and telling them needs
no history of its own.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from activities.channels import Channel
from store.engine import reading, writing
from store.outbox import hand_over, waiting

logger = logging.getLogger("aftercare.outbox")

#: How often it looks, and how long it rests when the database is away, in seconds.
ROUND = 1.0
REST = 5.0


def deliver(engine: Engine, channel: Channel) -> int:
    """Hand over everything that waits; answers how many letters it was."""
    with reading(engine) as session:
        if not waiting(session):
            return 0
    told = 0
    while True:
        with writing(engine) as session:
            batch = hand_over(session, channel.tell, datetime.now(UTC))
        told += batch
        if not batch:
            return told


@asynccontextmanager
async def postman(engine: Engine, channel: Channel) -> AsyncIterator[None]:
    """Deliver in the background until the block ends; what waits then is told at the next start."""
    rounds = asyncio.create_task(_rounds(engine, channel))
    try:
        yield
    finally:
        rounds.cancel()
        await asyncio.wait([rounds])


async def _rounds(engine: Engine, channel: Channel) -> None:
    while True:
        try:
            await asyncio.to_thread(deliver, engine, channel)
            await asyncio.sleep(ROUND)
        except SQLAlchemyError as away:
            logger.warning("messages wait: the database is away (%s)", type(away).__name__)
            await asyncio.sleep(REST)
