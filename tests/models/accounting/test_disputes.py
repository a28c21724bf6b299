"""A customer's bank takes a payment back: the bank's day, the order's money, and how it ends (T20, T21, C2)."""

from datetime import timedelta
from typing import Any

import pytest

from models.accounting.ledger import balances
from models.clocks import DISPUTE
from models.errors import DataRefused, RuleRefused
from tests.models.story import Story, confirmed

REF = "dp_1"


def said(story: Story, result: str, **more: Any) -> Story:
    return story.do("system", "record_dispute", reference=REF, result=result, **more)


def opened(story: Story | None = None, amount: str = "129.00", **more: Any) -> Story:
    story = story or confirmed(freight=None)
    due = story.now + timedelta(days=7)
    return said(story, "opened", **{"amount": amount, "respond_by": due.isoformat(), **more})


def refunded() -> Story:
    return confirmed(freight=None).do("agent", "choose_remedy", remedy="refund").pay_all()


def sums(story: Story) -> tuple[int, int]:
    """What of the order's payments is on its way back, and what is gone."""
    assert story.case.order is not None
    payments = story.case.order.pots.payments
    return sum(pot.in_flight for pot in payments), sum(pot.refunded for pot in payments)


def test_while_it_lasts_the_order_has_none_of_the_money_to_give_C2() -> None:
    story = opened()
    (payout,) = story.case.payouts
    assert (payout.state, payout.disputed, payout.amount) == ("sent", REF, 12900)
    assert sums(story) == (12900, 0)
    assert story.case.state == "fault_confirmed"
    assert story.told("finance")
    assert "dispute" in str(story.told("manager")).lower()


def test_a_refund_that_has_not_left_stays_here() -> None:
    story = opened(confirmed(freight=None).do("agent", "choose_remedy", remedy="refund"))
    assert [(p.state, p.disputed) for p in story.case.payouts] == [("cancelled", None), ("sent", REF)]
    assert sums(story) == (12900, 0)
    assert story.case.money.refund == 12900


@pytest.mark.parametrize("amount", ["129.00", "1.00"])
def test_nobody_but_the_bank_ends_it(amount: str) -> None:
    story = opened(amount=amount)
    key = story.case.payouts[0].key
    for action, more in (("record_refund", {"reference": "x"}), ("fail_refund", {"code": "x"}), ("ask_payout", {})):
        with pytest.raises(RuleRefused, match="bank's to decide"):
            story.do("finance", action, payout_id=key, **more)
    assert said(story, "lost").open_payouts == ()


def test_the_banks_day_is_a_clock_of_its_own_that_our_answer_meets_T20() -> None:
    story = opened()
    (clock,) = (one for one in story.case.clocks if one.clock == DISPUTE)
    assert (clock.target, clock.apart, clock.state) == (7 * 86_400, True, "running")
    story.do("finance", "record_dispute", reference=REF, result="answered", evidence=["waybill", "signature"])
    (clock,) = (one for one in story.case.clocks if one.clock == DISPUTE)
    assert clock.state == "met"
    with pytest.raises(RuleRefused, match="answered already"):
        said(story, "answered")


@pytest.mark.parametrize("result", ["lost", "accepted"])
def test_lost_it_is_the_orders_refund_paid_by_the_bank(result: str) -> None:
    story = said(opened(confirmed(freight=None).do("agent", "choose_remedy", remedy="refund")), result)
    assert story.case.state == "resolved"
    assert (sums(story), story.case.money.paid, story.case.money.charged_back) == ((0, 12900), 12900, 0)
    (payout,) = (p for p in story.case.payouts if p.state == "done")
    assert (payout.reference, payout.paid_by) == (REF, "aftercare")
    with pytest.raises(RuleRefused, match="already"):
        said(story, result)


def test_lost_after_we_had_refunded_it_is_a_loss_that_the_customer_owes_T21() -> None:
    story = opened(refunded(), amount="129.00")
    before = story.case.money
    order = story.case.order
    assert order is not None
    drawn = sum(p.amount for p in story.case.open_payouts)
    said(story, "lost")
    assert story.case.money.charged_back == 12900 - drawn
    assert story.case.money.refund == before.refund
    posted = balances(story.effects.postings)
    assert (sum(posted.values()), posted["shop"]) == (0, -2 * 12900)


def test_won_the_money_is_the_orders_again_and_what_is_right_is_decided_anew() -> None:
    story = said(opened(confirmed(freight=None).do("agent", "choose_remedy", remedy="refund")), "won")
    assert (sums(story), story.case.money.refund, story.case.state) == ((0, 0), 0, "requested")
    assert [p.state for p in story.case.payouts] == ["cancelled", "cancelled"]


def test_won_after_it_was_lost_it_comes_back_out_of_the_books_and_lost_again_it_is_drawn_again() -> None:
    story = said(said(opened(), "lost"), "won")
    assert (sums(story), story.case.money.refund, story.case.money.paid) == ((0, 0), 0, 0)
    assert [p.state for p in story.case.payouts] == ["bounced"]
    said(story, "lost")
    assert (sums(story), story.case.money.paid) == ((0, 12900), 12900)


def test_an_inquiry_takes_no_money_until_it_becomes_a_dispute() -> None:
    story = opened(inquiry=True)
    assert (story.case.payouts, sums(story)) == ((), (0, 0))
    opened(story)
    assert sums(story) == (12900, 0)
    with pytest.raises(RuleRefused, match="recorded already"):
        opened(story)
    asked = said(opened(inquiry=True), "lost")
    assert (asked.case.money.charged_back, sums(asked)) == (0, (0, 0))


def test_it_opens_a_case_that_was_over() -> None:
    story = refunded().do("agent", "complete_callback", satisfied=True)
    assert story.case.is_final
    opened(story)
    assert (story.case.state, story.case.reopened) == ("requested", 1)


def test_what_is_not_known_or_says_no_amount_is_refused() -> None:
    with pytest.raises(RuleRefused, match="record first that it was opened"):
        said(confirmed(), "won")
    for more in ({"amount": None}, {"amount": "0.00"}):
        with pytest.raises(DataRefused):
            opened(**more)
