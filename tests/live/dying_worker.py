"""A worker that dies, or loses its database, at one chosen point of a refund; a process of its own.

Points are counted from its start: before and after every transaction is committed and, for a death, before and after
every call to a payment provider. `python -m tests.live.dying_worker ADDRESS DATABASE SETTINGS POINT die|lose|miss`;
SETTINGS are those of the providers, as JSON.
"""

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime
from itertools import count

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.gateways import GATEWAYS, Room
from activities.gateways.gateway import Gateway, PayoutOrder
from activities.gateways.register import Register
from activities.payments import BalanceBook, Payments
from models.accounting.payments import Answer
from playbooks.loading.in_force import Fixed
from settings import Settings
from store.engine import make_engine
from tests.shipped import shipped
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

    def before_a_commit(self, connection: Connection) -> None:
        """PostgreSQL really loses the connection that is to commit; what SQLite has is a file."""
        if self._is_away("before a commit"):
            if connection.dialect.name == "postgresql":
                connection.connection.driver_connection.close()  # type: ignore[union-attr]
                return
            raise OperationalError("COMMIT", {}, Exception("the connection was lost"))

    def after_a_commit(self, _session: Session) -> None:
        """The commit is done, and its answer does not come back."""
        if self._is_away("after a commit"):
            raise OperationalError("COMMIT", {}, Exception("the connection was lost"))

    def _is_away(self, what: str) -> bool:
        if time.monotonic() < self.away_until:
            return True
        if not self._has_come(what):
            return False
        self.away_until = time.monotonic() + (MISSED if self.how == "miss" else 0)
        return True

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


def gateways_of(engine: Engine, settings: Settings, fate: Fate) -> dict[str, Gateway]:
    """The adapters as the settings of a shop would make them, watched; the register has nothing to send."""
    made: dict[str, Gateway] = {"register": Register(lambda key: None)}
    room = Room(settings, lambda key: None, BalanceBook(engine, lambda: datetime.now(UTC)))
    for name in ("stripe", "alipay", "wechatpay", "store_credit"):
        gateway = GATEWAYS[name].make(room)
        assert gateway is not None, name
        made[name] = Watched(gateway, fate)
    return made


async def main(address: str, database: str, settings: str, point: str, how: str) -> None:
    """Work until the point has come, or for good."""
    fate = Fate(int(point), how)
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    engine = make_engine(database)
    event.listen(engine, "commit", fate.before_a_commit)
    event.listen(Session, "after_commit", fate.after_a_commit)
    gateways = gateways_of(engine, Settings(**json.loads(settings)), fate)
    playbooks = Fixed(shipped())
    async with case_worker(client, engine, playbooks, Payments(engine, gateways), max_cached_workflows=0):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
