"""A refund whose worker dies, or whose database or provider is lost, between every two of its steps: paid once.

Time is real here: a death is noticed by time-outs of ten seconds. `pytest -m slow -s -k interrupted` tells the counts.
One walk meets every point once, at one provider after the other; `AFTERCARE_LOOPS=8` walks so often, so that each
point is met with every provider, on PostgreSQL and on SQLite, with a database that is lost and one that stays away.
"""

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine
from temporalio.client import Client

from activities.gateways.gateway import Gateway
from activities.gateways.register import Register
from activities.gateways.store_credit import StoreCredit
from activities.payments import BalanceBook, Payments
from embedded import TemporalServer
from models.lifecycle import Role
from playbooks.loading.in_force import Fixed
from store.accounting import credit
from store.accounting.audit import audit_money
from store.engine import make_engine, reading, upgrade, writing
from tests.activities.gateways.houses import HOUSES, ProviderHouse
from tests.activities.gateways.ledger import Taken
from tests.activities.gateways.provider import Fault
from tests.databases import DIALECTS, postgres_database, postgres_server, sqlite_database
from tests.roads import SATISFIED, WITH_OUR_LABEL, found
from tests.shipped import shipped
from tests.world import ACTORS, World, start_numbers_at
from worker import case_worker

ROOT = Path(__file__).parents[2]
BROKEN = ("confirm_fault", "warehouse", found("manufacturing", "seller"))
#: Whose balance store credit is taken of, as the orders of tests name him.
CUSTOMER = "c-88"
#: More points than a refund has; the loop ends at the first that it does not come to.
MOST = 40
#: Where each loop's case numbers begin: the shops of a session share a Temporal.
NUMBERS = count(700_000, 1_000)
#: Who pays: the providers behind HTTP, and our own register of balances.
PROVIDERS = ("stripe", "alipay", "wechatpay")
PAYERS = (*PROVIDERS, "store_credit")
LOOPS = int(os.environ.get("AFTERCARE_LOOPS", "1"))
#: Each walk on a database, and what it loses at every odd and at every even point.
WALKS = [
    (loop, loses, DIALECTS[(loop + 1) % 2])
    for loop in range(LOOPS)
    for loses in (("die", "die"), ("lose", "miss") if loop % 4 < 2 else ("miss", "lose"))
]
#: Two time-outs, and the minute after which a provider is asked again, in seconds.
PATIENCE = 100.0
#: How long the last point may take to be told after the refund is seen to be paid.
AFTERWARDS = 4.0


class Shop:
    """A shop whose worker can be taken away, and those who pay its refunds."""

    def __init__(
        self, server: TemporalServer, database: str, folder: Path, houses: Mapping[str, ProviderHouse]
    ) -> None:
        self.address = server.address
        self.client: Client = server.client
        self.database = database
        self.engine: Engine = make_engine(self.database)
        upgrade(self.engine)
        start_numbers_at(self.engine, next(NUMBERS))
        self.houses = houses
        self.book = BalanceBook(self.engine, lambda: datetime.now(UTC))
        self.log = (folder / "worker.log").open("wb")
        self.world = World(self.client, self.engine, shipped())
        self.payers: dict[str, str] = {}

    def worker(self) -> Any:
        """A worker that nothing happens to."""
        gateways: dict[str, Gateway] = {"register": Register(lambda key: None), "store_credit": StoreCredit(self.book)}
        gateways |= {name: house.gateway for name, house in self.houses.items()}
        payments = Payments(self.engine, gateways)
        return case_worker(self.client, self.engine, Fixed(shipped()), payments, max_cached_workflows=0)

    async def doomed(self, point: int, loses: str) -> Process:
        """A worker in a process of its own, which waits for work when this answers."""
        settings = {name: value for house in self.houses.values() for name, value in house.settings.items()}
        told = json.dumps(settings, default=lambda secret: secret.get_secret_value())
        arguments = (self.address, self.database, told, str(point), loses)
        module = "tests.live.dying_worker"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments, stdout=PIPE, stderr=self.log, cwd=ROOT
        )
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
        return process

    async def confirmed(self, payer: str) -> str:
        """A case about a broken kettle of an order that was paid through this provider, or out of a balance."""
        number = self.world.orders
        payment = {"payment_no": f"P-{number}", "method": payer, "amount": 34760, "reference": f"pi_T{number:010}"}
        if payer == "store_credit":
            self.given(f"gift:{number}", 34760)
        else:
            self.houses[payer].ledger.took(Taken(f"pi_T{number:010}", f"P-{number}", 34760, "CNY"))
        case_no = await self.world.opened("quality_fault", await self.world.sold(payments=[payment]))
        await self.world.drive(case_no, *WITH_OUR_LABEL, BROKEN)
        self.payers[case_no] = payer
        return case_no

    def given(self, key: str, amount: int) -> None:
        """A present of the shop, which no payout explains, and the audit says so."""
        present = credit.Wanted(
            key=key, customer_id=CUSTOMER, currency="CNY", what="credited", amount=amount, why="present"
        )
        with writing(self.engine) as session:
            credit.write(session, present, datetime.now(UTC))

    def paid_for(self, case_no: str, payment_no: str) -> list[int]:
        """What left for a case, by the books of whoever paid it."""
        payer = self.payers[case_no]
        if payer == "store_credit":
            with reading(self.engine) as session:
                entries = credit.entries(session, CUSTOMER)
            return [one.amount for one in entries if one.what == "credited" and one.key.startswith(f"{case_no}:")]
        ledger = self.houses[payer].ledger
        return [one.amount for one in ledger.refunds if one.payment.payment_no == payment_no and one.status == "paid"]

    async def refund(self, case_no: str) -> None:
        """Ask for the refund without waiting for an answer, which a dead worker could not give."""
        agent = ACTORS[Role.AGENT].model_dump()
        envelope = {"action": "choose_remedy", "actor": agent, "command_id": "r1", "data": {"remedy": "refund"}}
        await self.world.handle(case_no).signal("command", envelope)

    async def until_resolved(self, case_no: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.world.stored(case_no).state != "resolved":
            assert time.monotonic() < deadline, (case_no, self.world.stored(case_no), self.world.actions(case_no))
            await asyncio.sleep(0.05)

    async def proven(self, case_no: str, where: str) -> None:
        """One payment of the right amount at the provider, every entry of the timeline there, and the case goes on."""
        case = await self.world.desk.case(case_no)
        (payout,) = case["payouts"]
        assert self.paid_for(case_no, payout["payment_no"]) == [12900], where
        assert payout["state"] == "done", where
        assert payout["reference"], where
        assert case["money"]["paid"]["amount"] == "129.00", where
        assert (await self.world.drive(case_no, SATISFIED))["state"] == "closed", where
        timeline = self.world.timeline(case_no)
        assert [entry.seq for entry in timeline] == list(range(1, len(timeline) + 1)), where
        counted = Counter(entry.action for entry in timeline)
        once = ("choose_remedy", "payout_sent", "record_refund")
        assert [counted[action] for action in (*once, "refused")] == [1, 1, 1, 0], (where, counted)

    def balanced(self, name: str) -> None:
        """Every refund left once, and the books of all of them agree."""
        audited = audit_money(self.engine)
        assert [one for one in audited.findings if "gift:" not in one.detail] == []
        left = sum(len(house.ledger.paid) for house in self.houses.values())
        left += sum(payer == "store_credit" for payer in self.payers.values())
        assert audited.payouts == left == len(self.payers)
        by_payer = ", ".join(f"{payer} {number}" for payer, number in sorted(Counter(self.payers.values()).items()))
        told = f"{audited.payouts} payouts, {left} payments ({by_payer}), {audited.postings} postings, no finding"
        sys.stdout.write(f"{name}: {told}\n")


@asynccontextmanager
async def a_shop(server: TemporalServer, database: str, folder: Path) -> AsyncIterator[Shop]:
    """A shop that leaves nothing behind on the server that it shares, also when a refund has come to grief."""
    with ExitStack() as open_houses:
        houses = {name: open_houses.enter_context(HOUSES[name]()) for name in PROVIDERS}
        shop = Shop(server, database, folder, cast(Mapping[str, ProviderHouse], houses))
        try:
            yield shop
        finally:
            await shop.world.leave_nothing_running()
            shop.engine.dispose()
            shop.log.close()


@contextmanager
def a_database(dialect: str, request: pytest.FixtureRequest) -> Iterator[str]:
    if dialect == "sqlite":
        with sqlite_database() as url:
            yield url
    else:
        with postgres_database(request.getfixturevalue("postgres")) as url:
            yield url


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as url:
        yield url


async def accident(shop: Shop, case_no: str, point: int, loses: str) -> str | None:
    """A refund by a worker that something happens to; answers where, or None if the refund has fewer points."""
    process = await shop.doomed(point, loses)
    assert process.stdout is not None
    said = asyncio.ensure_future(process.stdout.readline())
    try:
        await shop.refund(case_no)
        while not said.done() and shop.world.stored(case_no).state != "resolved":
            await asyncio.wait((said,), timeout=0.05)
        await asyncio.wait((said,), timeout=AFTERWARDS)
        where = (await said).decode().strip() if said.done() else None
        if where and loses != "die":
            await shop.until_resolved(case_no)
    finally:
        said.cancel()
        if process.returncode is None:
            process.kill()
        await process.wait()
    return where


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("loop", "loses", "dialect"), WALKS)
async def test_a_refund_is_paid_once_wherever_it_is_interrupted(
    server: TemporalServer,
    tmp_path: Path,
    loop: int,
    loses: tuple[str, str],
    dialect: str,
    request: pytest.FixtureRequest,
) -> None:
    """Every point, in a loop, until the refund has no more of them."""
    name = f"{'/'.join(sorted(set(loses)))} on {dialect}"
    with a_database(dialect, request) as url:
        async with a_shop(server, url, tmp_path) as shop:
            for point in range(1, MOST):
                payer, lost = PAYERS[(point + loop) % len(PAYERS)], loses[point % 2]
                async with shop.worker():
                    case_no = await shop.confirmed(payer)
                where = await accident(shop, case_no, point, lost)
                async with shop.worker():
                    await shop.until_resolved(case_no)
                    await shop.proven(case_no, f"{lost} at point {point} with {payer}: {where}")
                if where is None:
                    break
                sys.stdout.write(f"{lost} on {dialect} at point {point}, {where}, with {payer}: paid once\n")
            shop.balanced(name)
    assert where is None
    assert point - 1 >= (10 if "die" in loses else 6)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_refund_is_paid_once_wherever_the_provider_is_interrupted(
    server: TemporalServer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Its connection breaks before or after it has done what it was asked for; a minute later it is asked again."""
    faults = [{kind: fault} for kind in ("ask", "send") for fault in (Fault.LOST_BEFORE, Fault.LOST_AFTER)]
    with a_database("postgresql", request) as url:
        async with a_shop(server, url, tmp_path) as shop:
            async with shop.worker():
                told = [(payer, fault) for fault in faults for payer in PROVIDERS]
                cases = [await interrupted(shop, payer, fault) for payer, fault in told]
                for case_no, where in zip(cases, told, strict=True):
                    await shop.until_resolved(case_no)
                    await shop.proven(case_no, str(where))
            shop.balanced("provider on postgresql")


async def interrupted(shop: Shop, payer: str, fault: dict[str, Fault]) -> str:
    """A case whose refund the provider leaves in the dark."""
    case_no = await shop.confirmed(payer)
    shop.houses[payer].tell(**fault)
    await shop.refund(case_no)
    await shop.world.until_seen(case_no, "payout_unknown")
    return case_no
