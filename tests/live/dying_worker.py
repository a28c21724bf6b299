"""A worker that dies, or loses its database, at one chosen point of a refund; a process of its own.

Points are counted from its start: before and after every transaction is committed and, for a death, before and after
every call to the payment provider. `python -m tests.live.dying_worker ADDRESS DATABASE STRIPE_URL POINT die|lose|miss`
"""

import asyncio
import os
import sys
import time
from itertools import count
from typing import Any

from pydantic import SecretStr
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.gateways import GATEWAYS, Room
from activities.gateways.gateway import Gateway, PayoutOrder
from activities.gateways.register import Register
from activities.payments import Payments
from models.payments import Answer
from playbooks.loading.in_force import Fixed
from playbooks.loading.load import SHIPPED, load_playbooks
from settings import Settings
from store.engine import make_engine
from tests.activities.gateways.wire import STRIPE_KEY
from worker import case_worker

DIED = 9
#: A database that is missed is away for longer than the quick tries of a commit last, in seconds.
MISSED = 5.0


class Fate:
    """Counts the points that the worker passes, and does at one of them what it is told."""

    def __init__(self, point: int, how: str) -> None:
        self.point = point
        self.how = how
        self.passed = count(1)
        self.away_until = 0.0

    def at_the_database(self, what: str) -> None:
        """A commit begins, or is done."""
        if time.monotonic() < self.away_until:
            raise OperationalError("COMMIT", {}, Exception("there is no connection"))
        if self._has_come(what):
            self.away_until = time.monotonic() + (MISSED if self.how == "miss" else 0)
            raise OperationalError("COMMIT", {}, Exception("the connection was lost"))

    def at_the_provider(self, what: str) -> None:
        """A call leaves, or its answer has come."""
        if self.how == "die":
            self._has_come(what)

    def _has_come(self, what: str) -> bool:
        if next(self.passed) != self.point:
            return False
        sys.stdout.write(f"{what}\n")
        sys.stdout.flush()
        if self.how == "die":
            os._exit(DIED)
        return True


class Watched:
    """A gateway whose calls are points."""

    def __init__(self, gateway: Gateway, fate: Fate) -> None:
        self.name = gateway.name
        self._gateway = gateway
        self._fate = fate

    async def pay(self, order: PayoutOrder) -> Answer:
        self._fate.at_the_provider("before the provider is sent it")
        answer = await self._gateway.pay(order)
        self._fate.at_the_provider("after the provider was sent it")
        return answer

    async def ask(self, order: PayoutOrder) -> Answer:
        self._fate.at_the_provider("before the provider is asked")
        answer = await self._gateway.ask(order)
        self._fate.at_the_provider("after the provider was asked")
        return answer


def stripe_at(url: str) -> Gateway:
    """The adapter as the settings of a shop would make it."""
    made = GATEWAYS["stripe"].make(Room(Settings(stripe_key=SecretStr(STRIPE_KEY), stripe_url=url), lambda key: None))
    assert made is not None
    return made


async def main(address: str, database: str, stripe: str, point: str, how: str) -> None:
    """Work until the point has come, or for good."""
    fate = Fate(int(point), how)
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    engine = make_engine(database)
    event.listen(engine, "commit", lambda connection: fate.at_the_database("before a commit"))
    event.listen(Session, "after_commit", lambda session: fate.at_the_database("after a commit"))
    gateways: dict[str, Any] = {"register": Register(lambda key: None), "stripe": Watched(stripe_at(stripe), fate)}
    playbooks = Fixed(load_playbooks(SHIPPED))
    async with case_worker(client, engine, playbooks, Payments(engine, gateways), max_cached_workflows=0):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
