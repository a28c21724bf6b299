"""Refunds that a payment provider carries out: once, whatever becomes of its answers.

The provider is the contract server: real signatures, real wire formats, a ledger of what it paid.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from activities.gateways.register import Register
from models.commands import Actor
from models.errors import RuleRefused
from models.lifecycle import Role
from tests.activities.gateways.houses import ProviderHouse, alipay_house, stripe_house, wechatpay_house
from tests.activities.gateways.ledger import Decision, Taken
from tests.activities.gateways.provider import Fault
from tests.roads import SATISFIED, WITH_OUR_LABEL, found
from tests.world import World, a_world

HOUSES: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "alipay": alipay_house,
    "stripe": stripe_house,
    "wechatpay": wechatpay_house,
}
BROKEN = ("confirm_fault", "warehouse", found("manufacturing", "seller"))
REFUND = ("choose_remedy", "agent", {"remedy": "refund"})
QIAN = Actor(id="qian", role=Role.FINANCE)


@dataclass
class Bank:
    """A shop whose orders are paid through a provider, and that provider."""

    shop: World
    house: ProviderHouse

    async def sold(self) -> str:
        """An order of 347.60 that was paid through the provider."""
        payment = {"payment_no": f"P-{self.shop.orders}", "method": self.house.name, "amount": 34760}
        reference = f"pi_T{self.shop.orders:010}"
        taken = Taken(reference, str(payment["payment_no"]), 34760, "CNY")
        self.house.ledger.took(taken)
        return await self.shop.sold(payments=[{**payment, "reference": reference}])

    async def confirmed(self) -> str:
        """A case about a broken kettle of such an order, ready for its remedy."""
        case_no = await self.shop.opened("quality_fault", await self.sold())
        await self.shop.drive(case_no, *WITH_OUR_LABEL, BROKEN)
        return case_no

    async def refunded(self) -> str:
        case_no = await self.confirmed()
        await self.shop.drive(case_no, REFUND)
        return case_no

    async def taken(self) -> None:
        """Wait until the provider has taken a refund."""
        async with asyncio.timeout(20):
            while not self.house.ledger.refunds:
                await asyncio.sleep(0.02)

    @property
    def paid(self) -> list[int]:
        """What the provider has paid in all."""
        return [refund.amount for refund in self.house.ledger.paid]


#: One provider in the default suite; the contract suite of the gateways shows there that the others answer alike.
EACH = [pytest.param(name, marks=() if name == "stripe" else pytest.mark.slow) for name in HOUSES]


@pytest_asyncio.fixture(params=EACH)
async def bank(request: pytest.FixtureRequest, skipping: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[Bank]:
    with HOUSES[request.param]() as house:
        gateways = {"register": Register(lambda key: None), house.name: house.gateway}
        async with a_world(skipping.client, tmp_path, skipping, gateways=gateways) as (shop, _):
            yield Bank(shop, house)


async def until(bank: Bank, case_no: str, state: str, minutes: float = 0) -> dict[str, Any]:
    """Let minutes pass, and wait until the case is there."""
    if minutes:
        await bank.shop.pass_time(minutes=minutes)
    return await bank.shop.reaches(case_no, state)


def payout_of(case: dict[str, Any]) -> dict[str, Any]:
    (payout,) = case["payouts"]
    return dict(payout)


async def test_the_provider_pays_and_the_case_goes_on_by_itself(bank: Bank) -> None:
    case_no = await bank.refunded()
    case = await until(bank, case_no, "resolved")
    assert (payout_of(case)["state"], bank.paid) == ("done", [12900])
    assert payout_of(case)["reference"]
    assert case["money"]["paid"]["amount"] == "129.00"
    assert (await bank.shop.drive(case_no, SATISFIED))["state"] == "closed"


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.GARBAGE_AFTER, Fault.BAD_SIGNATURE])
async def test_a_lost_answer_is_asked_for_and_paid_once(bank: Bank, fault: Fault) -> None:
    case_no = await bank.confirmed()
    bank.house.tell(send=fault)
    await bank.shop.drive(case_no, REFUND)
    case = await until(bank, case_no, "resolved", minutes=2)
    assert (payout_of(case)["state"], bank.paid) == ("done", [12900])
    assert bank.shop.actions(case_no).count("payout_unknown") <= 1


async def test_what_is_being_worked_on_is_asked_about_until_it_is_done(bank: Bank) -> None:
    case_no = await bank.confirmed()
    bank.house.decide(Decision.PROCESS)
    await bank.shop.drive(case_no, REFUND)
    await bank.taken()
    bank.house.settle()
    case = await until(bank, case_no, "resolved", minutes=10)
    assert (payout_of(case)["state"], bank.paid) == ("done", [12900])


async def test_a_closed_account_becomes_a_task_and_finance_pays_another_way(bank: Bank) -> None:
    case_no = await bank.confirmed()
    bank.house.decide(Decision.ACCOUNT_CLOSED)
    await bank.shop.drive(case_no, REFUND)
    await bank.shop.until_seen(case_no, "fail_refund")
    case = await bank.shop.desk.case(case_no)
    assert (payout_of(case)["state"], case["waiting_for"], bank.paid) == ("failed", "customer", [])
    await bank.shop.act(case_no, "provide_account", "customer", kind="bank", account="6222", real_name="王小明")
    await bank.shop.paid(case_no)
    assert (await bank.shop.desk.case(case_no))["state"] == "resolved"
    assert bank.paid == []


async def test_what_may_have_left_the_house_is_not_taken_back(bank: Bank) -> None:
    case_no = await bank.confirmed()
    bank.house.decide(Decision.PROCESS)
    await bank.shop.drive(case_no, REFUND)
    await bank.shop.until_seen(case_no, "payout_sent")
    with pytest.raises(RuleRefused, match="sent already"):
        await bank.shop.act(case_no, "withdraw", reason="I keep it.")


async def test_after_three_lost_answers_a_human_sees_it_and_it_is_still_asked_for(bank: Bank) -> None:
    case_no = await bank.confirmed()
    bank.house.tell(send=Fault.LOST_AFTER, ask=Fault.NONE)
    losing = partial(bank.house.tell, ask=Fault.GARBAGE_BEFORE)
    losing()
    await bank.shop.drive(case_no, REFUND)
    for tries in (1, 2, 3):
        await bank.shop.until_seen(case_no, "payout_unknown", tries)
        assert payout_of(await bank.shop.desk.case(case_no))["state"] == "unknown"
        if tries < 3:
            losing()
            await bank.shop.pass_time(minutes=(2, 6)[tries - 1])  # asked after one minute, and then after five
    bank.house.tell()
    case = await until(bank, case_no, "resolved", minutes=40)
    assert (payout_of(case)["state"], bank.paid) == ("done", [12900])


async def test_finance_asks_the_provider_now_and_nothing_is_sent_by_that(bank: Bank) -> None:
    case_no = await bank.confirmed()
    bank.house.tell(send=Fault.LOST_BEFORE)
    await bank.shop.drive(case_no, REFUND)
    await bank.shop.until_seen(case_no, "payout_unknown")
    key = payout_of(await bank.shop.desk.case(case_no))["id"]
    for times in (2, 3):  # it never arrived, and asking does not change that
        bank.house.tell()
        assert (await bank.shop.desk.ask_payout(key, QIAN))["state"] == "unknown"
        await bank.shop.until_seen(case_no, "payout_unknown", times)
        assert bank.paid == []
    case = await until(bank, case_no, "resolved", minutes=2)  # its own turn sends it
    assert (payout_of(case)["state"], bank.paid) == ("done", [12900])
    assert (await bank.shop.desk.ask_payout(key, QIAN))["state"] == "done"


async def test_what_the_provider_finished_meanwhile_is_known_as_soon_as_somebody_asks(bank: Bank) -> None:
    case_no = await bank.confirmed()
    bank.house.decide(Decision.PROCESS)
    await bank.shop.drive(case_no, REFUND)
    await bank.taken()
    bank.house.settle()
    key = payout_of(await bank.shop.desk.case(case_no))["id"]
    async with asyncio.timeout(20):  # no time passes, so that it is not its turn that tells
        while (await bank.shop.desk.ask_payout(key, QIAN))["state"] != "done":
            await asyncio.sleep(0.02)
    assert (await bank.shop.desk.case(case_no))["state"] == "resolved"
    assert bank.paid == [12900]


async def test_an_ask_that_comes_too_late_is_answered_and_not_refused(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was under way when finance looked, and was paid before the case heard that it is asked about."""
    case_no = await bank.confirmed()
    bank.house.decide(Decision.PROCESS)
    await bank.shop.drive(case_no, REFUND)
    await bank.taken()
    desk, key = bank.shop.desk, payout_of(await bank.shop.desk.case(case_no))["id"]
    before = await desk._payout(key)
    assert before.state != "done"
    bank.house.settle()
    await until(bank, case_no, "resolved", minutes=40)
    for steps in ((), (SATISFIED,)):  # while the case runs, and after its end
        await bank.shop.drive(case_no, *steps)
        now = await desk._payout(key)
        monkeypatch.setattr(desk, "_payout", AsyncMock(side_effect=[before, now]))
        assert (await desk.ask_payout(key, QIAN))["state"] == "done"
        monkeypatch.undo()
    assert bank.paid == [12900]
