"""A refund becomes store credit, the next order draws it, and what was paid with it goes back to it (R1, R2, K2)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from activities.gateways.gateway import Gateway
from activities.gateways.register import Register
from activities.gateways.store_credit import StoreCredit
from activities.payments import BalanceBook
from models.errors import CommandRefused, Conflict, RoleRefused, RuleRefused
from store.accounting.audit import audit_money
from store.engine import make_engine
from tests.builders import NOW
from tests.roads import BROKEN, WITH_OUR_LABEL
from tests.world import World, a_world

CONFIRMED = (*WITH_OUR_LABEL, ("confirm_fault", "warehouse", BROKEN))
HIS_BALANCE = {"kind": "store_credit", "account": "c-88", "real_name": "王小明"}


@pytest_asyncio.fixture
async def till(skipping: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[World]:
    """A shop that credits balances by itself; finance's queue pays everything else."""
    url = f"sqlite:///{tmp_path / 'aftercare.db'}"
    book = make_engine(url)
    gateways: dict[str, Gateway] = {
        "register": Register(lambda key: None),
        "store_credit": StoreCredit(BalanceBook(book, lambda: NOW)),
    }
    async with a_world(skipping.client, tmp_path, skipping, database=url, gateways=gateways) as (shop, _):
        yield shop
    book.dispose()


async def refunding(shop: World, order_no: str | None = None) -> str:
    case_no = await shop.opened("quality_fault", order_no)
    await shop.drive(case_no, *CONFIRMED, ("choose_remedy", "agent", {"remedy": "refund"}))
    return case_no


async def balance(shop: World) -> list[str]:
    return [one["amount"] for one in (await shop.desk.balance("c-88"))["balances"]]


async def test_the_customer_takes_store_credit_and_pays_his_next_order_with_it(till: World) -> None:
    case_no = await refunding(till)
    await till.act(case_no, "provide_account", "customer", **HIS_BALANCE)
    assert (await till.desk.case(case_no))["next_step"]["action"] == "confirm_account"
    await till.act(case_no, "confirm_account", "finance")
    case = await till.reaches(case_no, "resolved")
    assert (case["money"]["paid"]["amount"], await balance(till)) == ("129.00", ["129.00"])
    rest = {"payment_no": "P2", "method": "alipay", "amount": 34760 - 12900}
    paying = [{"payment_no": "P1", "method": "store_credit", "amount": 12900}, rest]
    with pytest.raises(Conflict, match="has 129"):
        await till.sold(payments=[{**paying[0], "amount": 12901}, {**rest, "amount": 34760 - 12901}])
    second = await till.sold(payments=paying)
    assert await balance(till) == ["0.00"]
    back = await refunding(till, second)  # newest payment first: 129.00 of what was paid by Alipay (F17)
    await till.paid(back)
    assert audit_money(till.engine).findings == ()


async def test_what_was_paid_with_credit_goes_back_to_the_balance_by_itself(till: World) -> None:
    first = await refunding(till)
    await till.act(first, "provide_account", "customer", **HIS_BALANCE)
    await till.act(first, "confirm_account", "finance")
    await till.reaches(first, "resolved")
    rest = {"payment_no": "P1", "method": "alipay", "amount": 34760 - 12900, "paid_at": NOW}
    credit = {"payment_no": "P2", "method": "store_credit", "amount": 12900}
    second = await refunding(till, await till.sold(payments=[rest, credit]))
    case = await till.reaches(second, "resolved")
    assert [payout["state"] for payout in case["payouts"]] == ["done"]
    assert await balance(till) == ["129.00"]
    entries = (await till.desk.balance("c-88"))["entries"]
    assert [entry["what"] for entry in entries] == ["credited", "used", "credited"]
    assert audit_money(till.engine).findings == ()


async def test_it_takes_his_consent_and_a_second_pair_of_eyes(till: World) -> None:
    case_no = await refunding(till)
    with pytest.raises(RuleRefused, match="consent"):
        await till.act(case_no, "provide_account", "agent", **HIS_BALANCE)
    await till.act(case_no, "provide_account", "agent", customer_agrees=True, **HIS_BALANCE)
    with pytest.raises(RoleRefused, match="somebody else"):
        await till.act(case_no, "confirm_account", "agent")
    (payout,) = (await till.desk.case(case_no))["payouts"]
    with pytest.raises(CommandRefused, match="credited by itself"):
        await till.act(case_no, "record_refund", "finance", payout_id=payout["id"], reference="by hand")
    await till.act(case_no, "confirm_account", "manager")
    await till.reaches(case_no, "resolved")
    assert await balance(till) == ["129.00"]


async def test_overpaid_postage_is_settled_on_the_next_order_K2(till: World) -> None:
    case_no = await till.opened("price_adjustment")
    wanted = {"remedy": "adjust_price", "amount": "8.00", "as_credit": True}
    with pytest.raises(RuleRefused, match="consent"):
        await till.act(case_no, "choose_remedy", "manager", **wanted)
    await till.act(case_no, "choose_remedy", "manager", customer_agrees=True, **wanted)
    await till.act(case_no, "confirm_account", "finance")
    await till.reaches(case_no, "resolved")
    assert await balance(till) == ["8.00"]
