"""The stock bell: a loop of the worker that tells cases when what they wait for is there, the oldest first (G5).

A case is told by a Signal under an id of the arrival, so that telling again does nothing; only afterwards it counts as
told. What it needs is set aside by its own commit, and where somebody was quicker it simply waits on.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import Engine
from temporalio.client import Client

from activities.asking import Asking, Request
from activities.rounds import rounds
from store.engine import reading, writing
from store.stock import waiting
from store.stock.waiting import Ring

logger = logging.getLogger("aftercare.stock")

#: How often it looks, and how long it rests when a part is away, in seconds.
ROUND = 1.0
REST = 5.0


class StockBell:
    """Tells the cases that can go on, on one store and one Temporal."""

    def __init__(self, client: Client, engine: Engine) -> None:
        self._engine = engine
        self._asking = Asking(client, engine)

    async def ring(self) -> int:
        """Tell all cases whose stock has come; how many. Raises RPCError when Temporal is away."""
        rings = await asyncio.to_thread(self._to_ring)
        await self._asking.ask([_request(ring) for ring in rings])
        if rings:
            await asyncio.to_thread(self._rung, rings)
        return len(rings)

    def _to_ring(self) -> tuple[Ring, ...]:
        with reading(self._engine) as session:
            return waiting.to_ring(session)

    def _rung(self, rings: tuple[Ring, ...]) -> None:
        with writing(self._engine) as session:
            waiting.rung(session, rings)


def _request(ring: Ring) -> Request:
    data = {"note": "What it waits for has come in."}
    return Request(ring.case_no, "stock_arrived", f"stock {ring.mark}", data)


@asynccontextmanager
async def stock_bell(client: Client, engine: Engine) -> AsyncIterator[StockBell]:
    """Ring in the background until the block ends; what has come then is told at the next start."""
    bell = StockBell(client, engine)
    async with rounds("the stock bell", bell.ring, ROUND, REST):
        yield bell
