"""A return that drops the order below the threshold of a promotion (F21)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.accounting.promotions import promotions_of
from models.accounting.settlement import Settlement, SettlementAsk, settlement
from models.orders import Order
from models.pots import Pots, draw, pots_of, release, settle
from tests.builders import NOW, an_order, order_facts
from tests.models.story import returned

SPRING = {"code": "SPRING", "amount": 5000, "funded_by": "shop", "threshold": 30000}


def sold(discounts: Any = (SPRING,), **over: Any) -> Order:
    """A coat at 200.00, two shirts at 50.00; 50.00 off from 300.00 on, which the lines bear 33.33 and 16.67."""
    lines = [
        {"line_no": 1, "sku": "COAT", "unit_price": 20000, "quantity": 1},
        {"line_no": 2, "sku": "SHIRT", "unit_price": 5000, "quantity": 2},
    ]
    paid = 30000 - sum(one["amount"] for one in discounts)
    payments = [{"payment_no": "P1", "method": "alipay", "amount": paid}]
    return an_order(**{"lines": lines, "discounts": discounts, "postage": 0, "payments": payments, **over})


def refund(order: Order, pots: Pots, *lines: tuple[int, int], **ask: Any) -> Settlement:
    asked = {"remedy": "refund", "party_liable": "customer", "promotions": promotions_of(order), **ask}
    return settlement(pots, True, SettlementAsk(lines=lines, **asked))


@pytest.mark.parametrize(
    ("discounts", "lines", "keeps", "clawed"),
    [
        ((SPRING,), ((2, 1),), 4166, 0),  # 250.00 < 300.00 stay, and had 33.33 + 8.33 of the 50.00
        ((SPRING,), ((1, 1),), 16667, 15000),
        ((SPRING,), ((1, 1), (2, 2)), 25000, 25000),  # nothing stays, nothing is withheld
        (({**SPRING, "threshold": 25000},), ((2, 1),), 4166, 4166),  # 250.00 stay, which is enough
        (({**SPRING, "threshold": None},), ((2, 1),), 4166, 4166),
        (({**SPRING, "funded_by": "platform"},), ((2, 1),), 4166, 4166),
        (({**SPRING, "threshold": 30001},), ((2, 1),), 4166, 4166),  # it was never reached
    ],
)
def test_what_a_return_gives_with_and_without_the_claw_back(
    discounts: Any, lines: Any, keeps: int, clawed: int
) -> None:
    order = sold(discounts)
    assert refund(order, pots_of(order), *lines, promotions=()).refund == keeps
    assert refund(order, pots_of(order), *lines).refund == clawed


def test_what_is_withheld_and_given_back_is_said() -> None:
    order = sold()
    first = refund(order, pots_of(order), (1, 1))
    assert "16.67 CNY withheld: what stays is below the threshold of a promotion that it had (F21)." in first.sources
    rest = refund(order, draw(pots_of(order), first.draws), (2, 2))
    assert rest.refund == 10000  # 83.33 paid for both shirts, and 16.67 that were withheld
    assert "16.67 CNY of a promotion, withheld before: goes back (F21)." in rest.sources


def test_taking_a_refund_back_withholds_again() -> None:
    order = sold()
    first = refund(order, pots_of(order), (1, 1))
    pots = draw(pots_of(order), first.draws)
    rest = refund(order, pots, (2, 2))
    assert release(draw(pots, rest.draws), rest.draws) == pots
    assert release(pots, first.draws) == pots_of(order)


def test_what_never_arrived_claws_nothing_back_F27() -> None:
    order = sold()
    assert refund(order, pots_of(order), (1, 1), never_delivered=True).refund == 16667


@pytest.mark.parametrize(("says", "refunded"), [("keep", 16667), ("claw_back", 15000)])
def test_the_playbook_says_which(says: str, refunded: int) -> None:
    order = sold()
    facts = {"promotions": promotions_of(order)}
    story = returned("change_of_mind", order=order, freight=None, facts=facts, rules={"promotion": says})
    line = {"line_no": 1, "quantity": 1, "grade": "new", "cause": "none_found", "party_liable": "customer"}
    story.do("warehouse", "pass_inspection", lines=[{**line, "disposition": "restock"}])
    assert story.do("agent", "choose_remedy", remedy="refund").owed_out == {"refund": refunded}


def test_what_goes_back_from_several_payments_can_fail_and_be_taken_back_one_by_one_F17() -> None:
    """The coat came back first; for the shirts, what was withheld comes from two payments of 10.00 and 90.00."""
    amounts = (1000, 9000, 15000)
    payments = [
        {"payment_no": f"P{i}", "method": "alipay", "amount": amount, "paid_at": NOW.replace(day=1 + i)}
        for i, amount in enumerate(amounts)
    ]
    order = sold(payments=payments)
    first = refund(order, pots_of(order), (1, 1))
    pots = settle(draw(pots_of(order), first.draws), first.draws)
    facts = {"promotions": promotions_of(order), "pots": pots}
    story = returned("change_of_mind", order=order, lines={2: 2}, freight=None, rules={"promotion": "claw_back"})
    assert story.case.order is not None
    story.case = story.case.model_copy(update={"order": story.case.order.model_copy(update=facts)})
    line = {"line_no": 2, "quantity": 2, "grade": "new", "cause": "none_found", "party_liable": "customer"}
    story.do("warehouse", "pass_inspection", lines=[{**line, "disposition": "restock"}])
    story.do("agent", "choose_remedy", remedy="refund")
    assert [payout.amount for payout in story.open_payouts] == [9000, 1000]
    for payout in story.open_payouts:
        assert story.case.order is not None
        after = release(story.case.order.pots, payout.draws)
        assert min(pot.left for pot in after.units) >= 0
    story.do("customer", "withdraw", reason="never mind")
    assert story.case.order is not None
    assert story.case.order.pots == pots


def test_a_case_without_the_new_facts_goes_on_as_before() -> None:
    facts = order_facts(sold())
    assert facts.promotions == ()
    assert type(facts).model_validate(facts.model_dump(mode="json", exclude={"promotions"})) == facts


@given(st.data(), st.integers(0, 5000), st.integers(0, 30000), st.integers(1, 12000), st.integers(1, 5))
def test_returning_everything_in_any_split_gives_back_exactly_what_was_paid(
    data: st.DataObject, off: int, threshold: int, price: int, quantity: int
) -> None:
    lines = [
        {"line_no": 1, "sku": "COAT", "unit_price": 20000, "quantity": 1, "tax": 1234},
        {"line_no": 2, "sku": "SHIRT", "unit_price": price, "quantity": quantity},
    ]
    off = min(off, price)
    order = an_order(lines=lines, discounts=[{**SPRING, "amount": off, "threshold": threshold}], payments=[])
    pots, paid, taxes, charged = pots_of(order), 0, 0, 1234
    while any(pot.units_left for pot in pots.units):
        left = {no: sum(pot.units_left for pot in pots.of_line(no)) for no in (1, 2)}
        number = data.draw(st.sampled_from([no for no, units in left.items() if units]))
        got = refund(order, pots, (number, data.draw(st.integers(1, left[number]))))
        pots = settle(draw(pots, got.draws), got.draws)
        paid, taxes = paid + got.refund, taxes + got.tax
        assert sum(pot.withheld for pot in pots.units) + paid <= pots.paid
        assert taxes <= charged
    clipped = sum(pot.withheld for pot in pots.units)
    assert clipped == 0
    assert paid == sum(pot.paid for pot in pots.units)
