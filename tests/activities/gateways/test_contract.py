"""The contract of every gateway in the map: one payment a key, whatever the other side does.

A gateway that is added is tried here by itself, once it has a house.
"""

import asyncio
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from activities.gateways import GATEWAYS
from tests.activities.gateways.houses import DECISIONS, FAULTS, HOUSES, House, Houses, ProviderHouse, known
from tests.activities.gateways.ledger import Decision
from tests.activities.gateways.provider import QUICK, Fault
from tests.activities.gateways.wire import APIV3_KEY, SHOP, STRIPE_KEY

HANGS = (Fault.HANG_BEFORE, Fault.HANG_AFTER, Fault.HANG_DRIPPING)


def test_every_gateway_of_the_map_has_a_house_and_says_what_it_can_do():
    assert set(HOUSES) == set(FAULTS) == set(DECISIONS) == set(GATEWAYS)


def each(can: Mapping[str, tuple[Any, ...]], only: Iterable[Any] = ()) -> list[tuple[str, Any]]:
    """Every gateway with everything that it can have."""
    return [(name, one) for name in GATEWAYS for one in can[name] if not only or one in only]


# ── what goes well ────────────────────────────────────────────────────────────────────────────────


async def test_a_payout_is_paid_once_and_told_under_its_reference(house: House):
    order = house.order(12_900)
    await house.gateway.pay(order)
    house.settle()
    answer = await house.gateway.ask(order)
    assert (answer.state, house.paid(order)) == ("done", [12_900])
    assert answer.reference


async def test_however_often_it_is_paid_and_asked_one_payment_leaves(house: House):
    order = house.order(4_700)
    for _ in range(4):
        await house.gateway.pay(order)
        await house.gateway.ask(order)
        house.settle()
        house.forget()
    answers = [await house.gateway.pay(order), await house.gateway.ask(order)]
    assert house.paid(order) == [4_700]
    assert {(answer.state, answer.reference) for answer in answers} == {("done", answers[0].reference)}


async def test_eight_workers_at_once_pay_it_once(house: House):
    order = house.order(8_800)
    await asyncio.gather(*(house.gateway.pay(order) for _ in range(8)))
    assert (await known(house, order)).state == "done"
    assert house.paid(order) == [8_800]


async def test_asking_sends_nothing(house: House):
    order, before = house.order(), house.sent()
    answers = [await house.gateway.ask(order) for _ in range(3)]
    assert house.sent() == before
    assert house.paid(order) == []
    assert {answer.state for answer in answers} <= {"refused", "processing"}


async def test_two_payouts_of_one_payment_are_two(house: House):
    first, second = house.order(1_000), house.order(1_000)
    await house.gateway.pay(first)
    await house.gateway.pay(second)
    assert {(await known(house, order)).state for order in (first, second)} == {"done"}
    assert (house.paid(first), house.paid(second)) == ([1_000], [1_000])


@pytest.mark.parametrize("name", [name for name in GATEWAYS if Decision.PROCESS in DECISIONS[name]])
async def test_what_is_being_worked_on_is_processing_until_it_is_paid(name: str, houses: Houses):
    house = houses(name)
    order = house.order(3_300)
    house.decide(Decision.PROCESS)
    assert (await house.gateway.pay(order)).state == "processing"
    under_way = await house.gateway.ask(order)
    # Alipay's query says nothing of a refund that is not there yet.
    assert under_way.never_arrived if name == "alipay" else under_way.state == "processing"
    assert house.paid(order) == []
    assert (await house.gateway.pay(order)).state == "processing"
    house.settle()
    assert (await house.gateway.ask(order)).state == "done"
    assert house.paid(order) == [3_300]


# ── what goes wrong on the way ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("name", "fault"), each(FAULTS))
async def test_whatever_happens_to_the_request_it_ends_in_one_payment(name: str, fault: Fault, houses: Houses):
    house = houses(name)
    order = house.order(12_900)
    house.tell(send=fault)
    answer = await house.gateway.pay(order)
    assert answer.state != "refused", answer
    assert answer.state != "done" or house.paid(order) == [12_900]
    house.land()
    assert (await known(house, order)).state == "done"
    assert house.paid(order) == [12_900]


@pytest.mark.parametrize(("name", "fault"), each(FAULTS))
async def test_whatever_happens_to_the_question_nothing_false_is_told(name: str, fault: Fault, houses: Houses):
    house = houses(name)
    order = house.order(7_400)
    await house.gateway.pay(order)
    house.settle()
    house.tell(ask=fault)
    answer = await house.gateway.ask(order)
    assert answer.state in ("done", "unknown"), answer
    assert (await house.gateway.ask(order)).state == "done"
    assert house.paid(order) == [7_400]


NOT_LOST = (Fault.NONE, Fault.TWICE, Fault.FORGED_REFUSAL)


@pytest.mark.parametrize(("name", "fault"), each(FAULTS, [fault for fault in QUICK if fault not in NOT_LOST]))
async def test_a_lost_or_unreadable_answer_is_unknown(name: str, fault: Fault, houses: Houses):
    house = houses(name)
    order = house.order()
    house.tell(send=fault)
    answer = await house.gateway.pay(order)
    assert (answer.state, answer.refused_for) == ("unknown", None)
    assert answer.code
    assert answer.words
    house.land()


@pytest.mark.parametrize("fault", HANGS)
async def test_a_provider_that_hangs_costs_its_time_out_and_is_asked(remote: ProviderHouse, fault: Fault):
    hasty = remote.with_patience(0.4)
    order = remote.order(2_600)
    remote.tell(send=fault)
    started = asyncio.get_running_loop().time()
    answer = await hasty.pay(order)
    took = asyncio.get_running_loop().time() - started
    assert answer.state == "unknown"
    assert answer.code == "no_answer"
    assert 0.3 < took < 5
    assert (await remote.gateway.ask(order)).state == ("refused" if fault is Fault.HANG_BEFORE else "done")
    assert (await known(remote, order)).state == "done"
    assert remote.paid(order) == [2_600]


@pytest.mark.parametrize("name", ["alipay", "wechatpay"])
async def test_an_answer_signed_by_somebody_else_counts_as_none(name: str, houses: Houses):
    house = houses(name)
    order = house.order()
    house.tell(send=Fault.BAD_SIGNATURE)
    paid = await house.gateway.pay(order)
    house.tell(ask=Fault.BAD_SIGNATURE)
    asked = await house.gateway.ask(order)
    assert [(paid.state, paid.code), (asked.state, asked.code)] == [("unknown", "wrong_signature")] * 2
    assert (await house.gateway.ask(order)).state == "done"


@pytest.mark.parametrize("name", [name for name in GATEWAYS if Fault.LATE in FAULTS[name]])
async def test_a_request_that_lands_late_after_it_was_sent_again_pays_nothing_more(name: str, houses: Houses):
    house = houses(name)
    order = house.order(5_500)
    for _ in range(3):
        house.tell(send=Fault.LATE)
        await house.gateway.pay(order)
    assert (await known(house, order)).state == "done"
    house.land()
    house.settle()
    assert house.paid(order) == [5_500]
    assert (await house.gateway.ask(order)).state == "done"


async def test_a_forged_refusal_is_not_believed(remote: House):
    order = remote.order()
    remote.tell(send=Fault.FORGED_REFUSAL)
    answer = await remote.gateway.pay(order)
    assert answer.state in ("done", "unknown")
    assert (await remote.gateway.ask(order)).state == "done"


# ── what is refused ───────────────────────────────────────────────────────────────────────────────


REFUSALS = {Decision.ACCOUNT_CLOSED: "account", Decision.BALANCE_SHORT: "balance"}


@pytest.mark.parametrize(("name", "decision"), each(DECISIONS, REFUSALS))
async def test_a_refusal_has_its_code_in_plain_words(name: str, decision: Decision, houses: Houses):
    house = houses(name)
    order = house.order()
    house.decide(decision)
    answer = await house.gateway.pay(order)
    if name == "register":  # people refuse when they come to it, in a word of their own
        house.settle()
        answer = await house.gateway.ask(order)
    assert (answer.state, house.paid(order)) == ("refused", [])
    assert answer.refused_for == REFUSALS[decision] or (name, answer.code) == ("register", "balance_short")
    assert answer.code
    assert answer.words is not None
    assert re.search("[一-龥]", answer.words.of("zh-CN"))
    assert not re.search("[一-龥]", answer.words.of("en"))
    assert (answer.failure or "").startswith("account") == (decision is Decision.ACCOUNT_CLOSED)


async def test_what_was_refused_for_the_balance_is_paid_once_it_is_topped_up(remote: House):
    order = remote.order(9_100)
    for _ in range(3):
        remote.decide(Decision.BALANCE_SHORT)
        assert (await remote.gateway.pay(order)).refused_for == "balance"
    answers = [await remote.gateway.pay(order), await remote.gateway.pay(order), await remote.gateway.ask(order)]
    assert [answer.state for answer in answers] == ["done"] * 3
    assert remote.paid(order) == [9_100]


@pytest.mark.parametrize("name", ["stripe", "wechatpay"])
async def test_what_comes_back_after_all_is_a_refusal(name: str, houses: Houses):
    house = houses(name)
    order = house.order()
    house.decide(Decision.PROCESS)
    assert (await house.gateway.pay(order)).state == "processing"
    house.settle(well=False)
    answer = await house.gateway.ask(order)
    assert (answer.state, answer.refused_for) == ("refused", "account")
    assert house.paid(order) == []


async def test_what_came_back_is_paid_when_it_is_sent_once_more(houses: Houses):
    """Stripe repeats its answer to a key, so that a payout that came back goes out under the next number of its key."""
    house = houses("stripe")
    order = house.order(3_900)
    for _ in range(2):
        house.decide(Decision.ACCOUNT_CLOSED)
        assert (await house.gateway.pay(order)).refused_for == "account"
    answers = [await house.gateway.pay(order), await house.gateway.pay(order), await house.gateway.ask(order)]
    assert [answer.state for answer in answers] == ["done"] * 3
    assert house.paid(order) == [3_900]


async def test_more_than_was_paid_is_refused(remote: House):
    order = remote.order(12_900, paid=20_000)
    second = replace(order, key=f"{order.key}-again")
    assert (await remote.gateway.pay(order)).state == "done"
    answer = await remote.gateway.pay(second)
    assert (answer.state, answer.refused_for) in (("refused", "limit"), ("refused", "other"))
    assert remote.paid(order) == [12_900]


@pytest.mark.parametrize("name", [name for name in GATEWAYS if name != "register"])
async def test_a_key_that_was_used_for_another_amount_is_for_somebody_to_look_at(name: str, houses: Houses):
    house = houses(name)
    order = house.order(1_200)
    await house.gateway.pay(order)
    other = replace(order, amount=1_300)
    answers = [await house.gateway.pay(other), await house.gateway.ask(other)]
    assert [(answer.state, answer.code) for answer in answers] == [("unknown", "amount_differs")] * 2
    assert house.paid(order) == [1_200]


async def test_a_key_that_was_used_for_another_payment_pays_nothing_and_is_not_taken_for_paid(remote: House):
    """Two shops of one merchant, or one that began again with an empty database, may come to the same key."""
    first, second = remote.order(2_500), remote.order(2_500)
    await remote.gateway.pay(first)
    mixed_up = replace(second, key=first.key)
    answers = [await remote.gateway.pay(mixed_up), await remote.gateway.ask(mixed_up)]
    paid = remote.paid(second)
    assert [answer.state == "done" for answer in answers] == [bool(paid)] * 2
    assert paid in ([], [2_500])  # Alipay's numbers belong to one payment, so that there it is another refund
    assert remote.paid(first) == [2_500]


async def test_a_payment_that_the_provider_does_not_know_is_refused(remote: House):
    order = remote.order()
    assert order.payment is not None
    stray = replace(order.payment, payment_no="P-STRAY", reference="pi_STRAY")
    answer = await remote.gateway.pay(replace(order, payment=stray))
    assert (answer.state, answer.refused_for, answer.never_arrived) == ("refused", "not_found", False)


# ── money and secrets ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "currency", "amount", "paid"),
    [
        ("register", "JPY", 1_234, True),  # ¥1234
        ("register", "CNY", 1_234, True),  # 12.34
        ("register", "KWD", 1_234, True),  # 1.234
        ("store_credit", "JPY", 1_234, True),
        ("store_credit", "CNY", 1_234, True),
        ("store_credit", "KWD", 1_234, True),
        ("stripe", "JPY", 1_234, True),
        ("stripe", "CNY", 1_234, True),
        ("stripe", "KWD", 1_230, True),  # 1.230: thousandths in tens only
        ("stripe", "KWD", 1_234, False),
        ("stripe", "ISK", 1_234, True),  # sent as 123400, which Stripe reads as 1234 krónur
        ("stripe", "UGX", 1_234, True),  # the same
        ("stripe", "MGA", 1_200, True),  # 12.00, sent as 12: Stripe knows no parts of an ariary
        ("stripe", "MGA", 1_234, False),
        ("alipay", "JPY", 1_234, True),  # "1234"
        ("alipay", "CNY", 1_234, True),  # "12.34"
        ("alipay", "CNY", 1, True),  # "0.01"
        ("alipay", "KWD", 1_234, False),  # two digits at most
        ("wechatpay", "CNY", 1_234, True),
        ("wechatpay", "JPY", 1_234, False),  # domestic refunds are in yuan
        ("wechatpay", "KWD", 1_234, False),
    ],
)
async def test_every_currency_arrives_as_the_amount_it_is_or_is_refused(
    name: str, currency: str, amount: int, paid: bool, houses: Houses
):
    house = houses(name)
    order, before = house.order(amount, currency), house.sent()
    answer = await house.gateway.pay(order)
    house.settle()
    if paid:
        assert (await house.gateway.ask(order)).state == "done"
        assert house.paid(order) == [amount]
    else:
        assert (answer.state, answer.code) == ("refused", "currency_not_taken")
        assert (house.sent() - before, house.paid(order)) == (0, [])


async def test_no_key_is_ever_logged(remote: ProviderHouse, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    for fault in (Fault.NONE, Fault.LOST_BEFORE, Fault.TROUBLE_AFTER, Fault.GARBAGE_AFTER):
        remote.tell(send=fault)
        await remote.gateway.pay(remote.order())
    secrets = [STRIPE_KEY, APIV3_KEY, *SHOP.private_pem.splitlines()[1:-1]]
    assert [secret for secret in secrets if secret in caplog.text] == []
    assert [secret for secret in secrets if secret in repr(vars(remote.gateway))] == []
