"""A refund whose worker dies, or whose database or provider is lost, between every two of its steps: paid once.

Time is real here: a death is noticed by time-outs of ten seconds. `pytest -m slow -s -k interrupted` tells the counts.
"""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.client import Client

from activities.gateways.register import Register
from activities.payments import Payments
from embedded import TemporalServer
from models.lifecycle import Role
from playbooks.loading.in_force import Fixed
from store.audit import audit_money
from store.engine import make_engine, upgrade
from tests.activities.gateways.houses import ProviderHouse, stripe_house
from tests.activities.gateways.ledger import Taken
from tests.activities.gateways.provider import Fault
from tests.roads import SATISFIED, WITH_OUR_LABEL, found
from tests.world import ACTORS, World, shipped, start_numbers_at
from worker import case_worker

ROOT = Path(__file__).parents[2]
BROKEN = ("confirm_fault", "warehouse", found("manufacturing", "seller"))
#: More points than a refund has; the loop ends at the first that it does not come to.
MOST = 40
#: Where each loop's case numbers begin: the shops of a session share a Temporal.
NUMBERS = {"die": 700_000, "lose": 710_000, "miss": 720_000, "provider": 730_000}
#: Two time-outs, and the minute after which a provider is asked again, in seconds.
PATIENCE = 100.0
#: How long the last point may take to be told after the refund is seen to be paid.
AFTERWARDS = 4.0


class Shop:
    """A shop whose worker can be taken away, and the payment provider of its orders."""

    def __init__(self, server: TemporalServer, folder: Path, house: ProviderHouse, how: str) -> None:
        self.address = server.address
        self.client: Client = server.client
        self.database = f"sqlite:///{folder / 'aftercare.db'}"
        self.engine: Engine = make_engine(self.database)
        upgrade(self.engine)
        start_numbers_at(self.engine, NUMBERS[how])
        self.house = house
        self.log = (folder / "worker.log").open("wb")
        self.how = how
        self.world = World(self.client, self.engine, shipped())

    def worker(self) -> Any:
        """A worker that nothing happens to."""
        gateways = {"register": Register(lambda key: None), "stripe": self.house.gateway}
        payments = Payments(self.engine, gateways)
        return case_worker(self.client, self.engine, Fixed(shipped()), payments, max_cached_workflows=0)

    async def doomed(self, point: int) -> Process:
        """A worker in a process of its own, which waits for work when this answers."""
        arguments = (self.address, self.database, str(self.house.settings["stripe_url"]), str(point), self.how)
        module = "tests.live.dying_worker"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments, stdout=PIPE, stderr=self.log, cwd=ROOT
        )
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
        return process

    async def confirmed(self) -> str:
        """A case about a broken kettle of an order that was paid through the provider."""
        number = self.world.orders
        self.house.ledger.took(Taken(f"pi_T{number:010}", f"P-{number}", 34760, "CNY"))
        payment = {"payment_no": f"P-{number}", "method": "stripe", "amount": 34760, "reference": f"pi_T{number:010}"}
        case_no = await self.world.opened("quality_fault", await self.world.sold(payments=[payment]))
        await self.world.drive(case_no, *WITH_OUR_LABEL, BROKEN)
        return case_no

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
        asked = [refund for refund in self.house.ledger.refunds if refund.payment.payment_no == payout["payment_no"]]
        assert [(refund.amount, refund.status) for refund in asked] == [(12900, "paid")], where
        assert (payout["state"], payout["reference"]) == ("done", f"re_{asked[0].id}"), where
        assert case["money"]["paid"]["amount"] == "129.00", where
        assert (await self.world.drive(case_no, SATISFIED))["state"] == "closed", where
        timeline = self.world.timeline(case_no)
        assert [entry.seq for entry in timeline] == list(range(1, len(timeline) + 1)), where
        counted = Counter(entry.action for entry in timeline)
        once = ("choose_remedy", "payout_sent", "record_refund")
        assert [counted[action] for action in (*once, "refused")] == [1, 1, 1, 0], (where, counted)

    def balanced(self, refunds: int) -> None:
        """The provider paid once for every refund, and the books of all of them agree."""
        audited = audit_money(self.engine)
        assert audited.findings == ()
        assert (audited.payouts, len(self.house.ledger.paid)) == (refunds, refunds)
        said = f"{audited.payouts} payouts, {len(self.house.ledger.paid)} payments, {audited.postings} postings"
        sys.stdout.write(f"{self.how}: {said}, {self.house.sent()} requests to pay, no finding\n")


@asynccontextmanager
async def a_shop(server: TemporalServer, folder: Path, house: ProviderHouse, how: str) -> AsyncIterator[Shop]:
    """A shop that leaves nothing behind on the server that it shares, also when a refund has come to grief."""
    shop = Shop(server, folder, house, how)
    try:
        yield shop
    finally:
        await shop.world.leave_nothing_running()
        shop.engine.dispose()
        shop.log.close()


async def accident(shop: Shop, case_no: str, point: int) -> str | None:
    """A refund by a worker that something happens to; answers where, or None if the refund has fewer points."""
    process = await shop.doomed(point)
    assert process.stdout is not None
    said = asyncio.ensure_future(process.stdout.readline())
    try:
        await shop.refund(case_no)
        while not said.done() and shop.world.stored(case_no).state != "resolved":
            await asyncio.wait((said,), timeout=0.05)
        await asyncio.wait((said,), timeout=AFTERWARDS)
        where = (await said).decode().strip() if said.done() else None
        if where and shop.how != "die":
            await shop.until_resolved(case_no)
    finally:
        said.cancel()
        if process.returncode is None:
            process.kill()
        await process.wait()
    return where


@pytest.fixture
def house() -> Iterator[ProviderHouse]:
    with stripe_house() as running:
        assert isinstance(running, ProviderHouse)
        yield running


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("how", "at_least"), [("die", 10), ("lose", 6), ("miss", 6)])
async def test_a_refund_is_paid_once_wherever_it_is_interrupted(
    server: TemporalServer, tmp_path: Path, house: ProviderHouse, how: str, at_least: int
) -> None:
    """Every point, in a loop, until the refund has no more of them."""
    async with a_shop(server, tmp_path, house, how) as shop:
        async with shop.worker():
            case_no = await shop.confirmed()
        for point in range(1, MOST):
            where = await accident(shop, case_no, point)
            async with shop.worker():
                await shop.until_resolved(case_no)
                await shop.proven(case_no, f"{how} at point {point}: {where}")
                if where is None:
                    break
                sys.stdout.write(f"{how} at point {point}, {where}: paid once\n")
                case_no = await shop.confirmed()
        shop.balanced(point)
    assert where is None
    assert point - 1 >= at_least


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_refund_is_paid_once_wherever_the_provider_is_interrupted(
    server: TemporalServer, tmp_path: Path, house: ProviderHouse
) -> None:
    """Its connection breaks before or after it has done what it was asked for; a minute later it is asked again."""
    faults = [{kind: fault} for kind in ("ask", "send") for fault in (Fault.LOST_BEFORE, Fault.LOST_AFTER)]
    async with a_shop(server, tmp_path, house, "provider") as shop:
        async with shop.worker():
            cases = [await interrupted(shop, fault) for fault in faults]
            for case_no, fault in zip(cases, faults, strict=True):
                await shop.until_resolved(case_no)
                await shop.proven(case_no, str(fault))
        shop.balanced(len(faults))


async def interrupted(shop: Shop, fault: dict[str, Fault]) -> str:
    """A case whose refund the provider leaves in the dark."""
    case_no = await shop.confirmed()
    shop.house.tell(**fault)
    await shop.refund(case_no)
    await shop.world.until_seen(case_no, "payout_unknown")
    return case_no
