"""Payment providers tell us by themselves: what their own books say reaches the case, and nothing else does (R1, T21).

The provider is the contract server; its calls are kept as they come, and read by the worker's reader.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from activities.gateways.register import Register
from activities.hooks import HookReader, Providers
from activities.notices import configured
from models.errors import AftercareError
from models.tables import hooks_in
from playbooks.loading.load import SHIPPED
from playbooks.loading.shelf import Shelf
from store.accounting.audit import audit_money
from store.engine import reading, writing
from store.outside import hooks
from store.outside.hooks import Hook
from tests.activities.gateways.ledger import Decision, Taken
from tests.activities.gateways.provider import Fault
from tests.activities.notices.callers import CALLERS, SETTINGS, Call, Caller, stripe_event
from tests.roads import GOODS_IN, SATISFIED, found
from tests.workflows.test_paying import EACH, HOUSES, REFUND, Bank, payout_of
from tests.world import a_world
from worker import opener_of

NOTIFIERS = configured(SETTINGS)


class Counter:
    """Where a provider's calls come in, and are read."""

    def __init__(self, bank: Bank) -> None:
        self.bank, self.shop, self.calls = bank, bank.shop, 0
        self.name = bank.house.name
        providers = Providers(NOTIFIERS, {self.name: bank.house.gateway})
        self.reader = HookReader(self.shop.client, self.shop.engine, {}, lambda: self.shop.now, providers=providers)

    @property
    def caller(self) -> Caller:
        return CALLERS[self.name]

    async def told(self, call: Call, call_id: str | None = None) -> Hook:
        """A call comes, is read, and what was to be said of it is said."""
        self.calls += 1
        now = await self.shop.look_at_the_clock()
        with writing(self.shop.engine) as session:
            found, _ = hooks.receive(session, self.name, call_id or f"call-{self.calls}", {}, call.body, now)
        return await self.read(found)

    async def read(self, hook_id: str) -> Hook:
        await self.shop.look_at_the_clock()
        await self.reader.round()
        with reading(self.shop.engine) as session:
            return hooks.load(session, hook_id)

    async def refund_said(self, key: str, said: str) -> Hook:
        return await self.told(self.caller.refund("c", key, said, self.shop.now, False))

    async def case(self, case_no: str) -> dict[str, Any]:
        return dict(await self.shop.desk.case(case_no))

    async def processing(self) -> tuple[str, str]:
        """A refund that the provider has and works on, as its case knows: the case, and the payout."""
        case_no = await self.bank.confirmed()
        self.bank.house.decide(Decision.PROCESS)
        await self.shop.drive(case_no, REFUND)
        await self.bank.taken()
        # Its first answer is in when it can be asked about: before, the case has its own question under way.
        await self.shop.pass_time(minutes=2)
        return case_no, payout_of(await self.case(case_no))["id"]

    async def paid(self) -> tuple[str, str]:
        case_no = await self.bank.refunded()
        case = await self.shop.reaches(case_no, "resolved")
        return case_no, payout_of(case)["id"]


@pytest_asyncio.fixture(params=EACH)
async def counter(
    request: pytest.FixtureRequest, skipping: WorkflowEnvironment, tmp_path: Path
) -> AsyncIterator[Counter]:
    with HOUSES[request.param]() as house:
        gateways = {"register": Register(lambda key: None), house.name: house.gateway}
        async with a_world(skipping.client, tmp_path, skipping, gateways=gateways) as (shop, _):
            yield Counter(Bank(shop, house))


async def test_what_the_provider_finished_is_known_as_soon_as_it_calls(counter: Counter) -> None:
    case_no, key = await counter.processing()
    counter.bank.house.settle()
    hook = await counter.refund_said(key, "paid")
    case = await counter.shop.reaches(case_no, "resolved")
    assert (payout_of(case)["state"], counter.bank.paid, hook.state) == ("done", [12900], "done")
    assert case_no in str(hook.words)


async def test_a_call_is_not_believed_but_asked_about(counter: Counter) -> None:
    case_no, key = await counter.processing()
    await counter.refund_said(key, "paid")  # and it is not
    await counter.shop.until_seen(case_no, "ask_payout")
    assert payout_of(await counter.case(case_no))["state"] == "sent"
    _, paid = await counter.paid()
    for said in counter.caller.says:
        hook = await counter.refund_said(paid, said)
        assert hook.state == "done", hook.words
    assert "bounce_refund" not in counter.shop.actions(case_no)


async def test_the_same_call_and_one_of_an_unknown_refund_change_nothing(counter: Counter) -> None:
    case_no, key = await counter.paid()
    before = counter.shop.stored(case_no).version
    call = counter.caller.refund("c", key, "paid", counter.shop.now, False)
    first, again = await counter.told(call, "once"), await counter.told(call, "once")
    assert first.id == again.id
    assert counter.shop.stored(case_no).version == before
    for stranger in ("AC-26-999999:refund:1", f"{case_no}:refund:99", "R-17"):
        hook = await counter.refund_said(stranger, "paid")
        assert (hook.state, hook.events) == ("done", 0)
        assert "No payout of ours" in str(hook.words)


@pytest.mark.parametrize("over", [False, True])
async def test_money_that_bounced_opens_the_case_and_is_paid_another_way(counter: Counter, over: bool) -> None:
    if "refused" not in counter.caller.says:
        pytest.skip("it never says so")
    case_no, key = await counter.paid()
    if over:
        await counter.shop.drive(case_no, SATISFIED)
        await counter.shop.ended(case_no)
    counter.bank.house.ledger.bounce()
    hook = await counter.refund_said(key, "refused")
    assert "came back" in str(hook.words)
    case = await counter.shop.reaches(case_no, "refunding")
    assert [one["state"] for one in case["payouts"]] == ["bounced", "failed"]
    again = await counter.refund_said(key, "refused")
    assert (again.state, again.events) == ("done", 0)
    await counter.shop.act(case_no, "provide_account", "customer", kind="bank", account="6222", real_name="王小明")
    await counter.shop.paid(case_no)
    case = await counter.case(case_no)
    assert (case["state"], case["money"]["paid"]["amount"]) == ("resolved", "129.00")
    assert counter.bank.paid == []


async def test_while_the_provider_is_away_a_call_waits_and_holds_up_nobody(counter: Counter) -> None:
    if "refused" not in counter.caller.says:
        pytest.skip("nothing that it says contradicts our books")
    case_no, key = await counter.paid()
    counter.bank.house.ledger.bounce()
    counter.bank.house.tell(ask=Fault.GARBAGE_BEFORE)
    hook = await counter.refund_said(key, "refused")
    assert (hook.state, hook.tries) == ("received", 1)
    assert "does not answer" in str(hook.words)
    other = await counter.refund_said("R-17", "paid")
    assert other.state == "done"
    await counter.shop.pass_time(minutes=2)
    hook = await counter.read(hook.id)
    assert (hook.state, hook.tries) == ("done", 2), hook.words
    await counter.shop.reaches(case_no, "refunding")


async def test_what_cannot_be_read_is_kept_and_said(counter: Counter) -> None:
    hook = await counter.told(Call({}, b"{" if counter.name != "alipay" else b"msg_method=%FF"), "odd")
    assert hook.state in ("unreadable", "done")
    with reading(counter.shop.engine) as session:
        left = session.execute(hooks_in.select().where(hooks_in.c.state == "received")).all()
    assert left == []


# ── payments ──────────────────────────────────────────────────────────────────────────────────────


async def owing(counter: Counter) -> str:
    """A case that waits for the 12.00 of freight of an exchange that is nobody's fault but his (F8, F12)."""
    case_no = await counter.shop.opened("change_of_mind", wanted="exchange")
    as_new = found("none_found", "customer", "opened")
    as_new["lines"][0]["cause"] = "customer"
    steps = (("pass_inspection", "warehouse", as_new), ("choose_remedy", "agent", {"remedy": "exchange"}))
    case = await counter.shop.drive(case_no, *GOODS_IN, *steps)
    assert (case["state"], case["money"]["customer_owes"]["amount"]) == ("awaiting_payment", "12.00")
    return case_no


async def paid_for(counter: Counter, case_no: str, amount: int, reference: str = "pi_T77", known: bool = True) -> Hook:
    if known:
        counter.bank.house.ledger.took(Taken(reference, "SHOP-7", amount, "CNY"))
    call = counter.caller.payment("c", reference, case_no, amount + 1, counter.shop.now)  # what it says counts nothing
    return await counter.told(call)


async def test_a_payment_that_names_its_case_is_recorded_as_the_provider_has_it_F12(counter: Counter) -> None:
    case_no = await owing(counter)
    hook = await paid_for(counter, case_no, 1200)
    assert (hook.state, hook.events) == ("done", 1)
    await counter.shop.reaches(case_no, "exchanging")
    assert counter.shop.stored(case_no).money.received == 1200
    again = await paid_for(counter, case_no, 1200)
    assert again.state == "refused"  # nobody waits for it any more
    assert counter.shop.stored(case_no).money.received == 1200


async def test_a_payment_that_the_provider_does_not_have_is_finances_to_look_at(counter: Counter) -> None:
    case_no = await owing(counter)
    hook = await paid_for(counter, case_no, 1200, "pi_NEVER", known=False)
    assert hook.state == "refused"
    assert "has no payment" in str(hook.words)
    hook = await paid_for(counter, "AC-26-999999", 1200)
    assert (hook.state, hook.events) == ("done", 0)
    assert counter.shop.stored(case_no).state == "awaiting_payment"


# ── disputes ──────────────────────────────────────────────────────────────────────────────────────

ON_STRIPE = pytest.mark.parametrize("counter", ["stripe"], indirect=True)


async def disputed(counter: Counter, reference: str, status: str, **more: Any) -> Hook:
    """Stripe has a dispute over the payment in this state, and tells of it."""
    about = {"id": "dp_1", "object": "dispute", "amount": 34760, "currency": "cny", "charge": "ch_1", "status": status}
    about |= {"payment_intent": reference, "reason": "fraudulent", "evidence_details": {"due_by": 1_999_999_999}}
    counter.bank.house.ledger.disputes["dp_1"] = {**about, **more}
    told = {**about, "status": "needs_response"}  # an old call; what Stripe has now is what counts
    return await counter.told(stripe_event("c", "charge.dispute.updated", told, counter.shop.now))


def paid_by(counter: Counter) -> str:
    """What Stripe calls the payment of the last order."""
    return str(counter.bank.house.ledger.payments[-1].reference)


@ON_STRIPE
async def test_a_dispute_takes_the_orders_money_and_its_end_is_booked_T21(counter: Counter) -> None:
    case_no = await counter.bank.confirmed()
    hook = await disputed(counter, paid_by(counter), "needs_response")
    assert f"{case_no}: dispute dp_1 is opened" in str(hook.words)
    await counter.shop.until_seen(case_no, "record_dispute")
    with pytest.raises(AftercareError):
        await counter.shop.drive(case_no, REFUND)
    (dispute,) = (await counter.case(case_no))["disputes"]
    assert (dispute["state"], dispute["amount"]["amount"], dispute["reason"]) == ("opened", "347.60", "fraudulent")
    for _ in range(2):
        await disputed(counter, paid_by(counter), "lost")
    await counter.shop.until_seen(case_no, "record_dispute", 2)
    case = await counter.case(case_no)
    assert (case["disputes"][0]["state"], case["money"]["paid"]["amount"]) == ("lost", "347.60")
    assert counter.shop.actions(case_no).count("record_dispute") == 2
    assert audit_money(counter.shop.engine).findings == ()


@ON_STRIPE
async def test_a_dispute_of_an_order_without_a_case_is_for_people_where_none_is_opened(counter: Counter) -> None:
    order_no = await counter.bank.sold()
    hook = await disputed(counter, paid_by(counter), "needs_response")
    assert hook.state == "refused"
    assert order_no in str(hook.words)
    hook = await disputed(counter, "pi_of_somebody_else", "needs_response")
    assert "of no order here" in str(hook.words)


@ON_STRIPE
async def test_a_dispute_of_an_order_without_a_case_opens_one_and_says_there_what_it_is(counter: Counter) -> None:
    await counter.bank.sold()
    opener = opener_of(counter.shop.client, counter.shop.engine, Shelf(SHIPPED))
    providers = Providers(NOTIFIERS, {"stripe": counter.bank.house.gateway}, opener)
    counter.reader = HookReader(
        counter.shop.client, counter.shop.engine, {}, lambda: counter.shop.now, providers=providers
    )
    hook = await disputed(counter, paid_by(counter), "needs_response")
    case_no = str(hook.words).partition(":")[0]
    await counter.shop.until_seen(case_no, "record_dispute")
    case = await counter.case(case_no)
    assert (case["kind"], case["subcategory"], case["channel"]) == ("complaint", "authority", "bank")
    assert "dispute" in [clock["clock"] for clock in case["clocks"]]
