"""Refunds that were paid and came back: the bank returned them, or the provider did (T2, C2)."""

from collections.abc import Callable

import pytest

from models.errors import DataRefused, RuleRefused
from tests.models.story import Story, confirmed

CLOSED = "account_closed"


def paid() -> Story:
    """A refund of 129.00 that finance has paid."""
    return confirmed(freight=None).do("agent", "choose_remedy", remedy="refund").pay_all()


def bounced(story: Story) -> Story:
    return story.do("system", "bounce_refund", payout_id=story.case.payouts[0].key, code=CLOSED)


def over() -> Story:
    return paid().do("agent", "complete_callback", satisfied=True)


def test_it_waits_for_another_way_under_a_key_of_its_own() -> None:
    story = bounced(paid())
    first, again = story.case.payouts
    assert (first.state, again.state) == ("bounced", "failed")
    assert again.key != first.key
    assert (again.amount, again.draws, again.authority) == (first.amount, first.draws, first.authority)
    assert (story.case.state, story.case.waiting_for) == ("refunding", "customer")
    assert (story.case.money.refund, story.case.money.paid) == (first.amount, 0)


def test_named_another_account_it_is_paid_once_more_and_never_twice() -> None:
    story = bounced(paid())
    story.do("customer", "provide_account", kind="bank", account="62**17", real_name="王小明").pay_all()
    assert story.case.state == "resolved"
    assert (story.case.money.paid, [p.state for p in story.case.payouts]) == (12900, ["bounced", "done"])
    assert story.case.order is not None
    pots = story.case.order.pots
    assert sum(pot.refunded for pot in pots.payments) == 12900
    assert {pot.in_flight for pot in pots.units} | {pot.in_flight for pot in pots.payments} == {0}


def test_it_opens_a_case_that_was_over_and_goes_straight_to_the_money() -> None:
    story = over()
    assert story.case.is_final
    bounced(story)
    assert (story.case.state, story.case.reopened) == ("refunding", 1)
    story.do("customer", "provide_account", kind="bank", account="62**17", real_name="王小明").pay_all()
    assert story.case.state == "resolved"


def test_a_case_that_is_about_something_else_by_now_stays_there() -> None:
    story = over().do("manager", "reopen", reason="坏了另一处")
    assert bounced(story).case.state == "requested"
    assert [p.state for p in story.case.open_payouts] == ["failed"]


def test_the_books_take_it_back_and_everybody_who_has_to_hears_of_it() -> None:
    story = paid()
    decision = story.decision("system", "bounce_refund", payout_id=story.case.payouts[0].key, code=CLOSED)
    moves = [(move.kind, move.amount) for move in decision.effects.money]
    assert moves == [("bounce", 12900), ("draw", 12900)]
    (back,) = decision.effects.postings
    assert (back.debit, back.credit, back.purpose, back.amount) == ("shop", "customer", "refund", 12900)
    assert {one.to for one in decision.effects.messages} >= {"owner", "finance"}


@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        (lambda story: story, "only what was paid can come back"),
        (lambda story: bounced(story.pay_all()), "only what was paid can come back"),
    ],
)
def test_only_what_was_paid_can_come_back_and_once(prepare: Callable[[Story], Story], why: str) -> None:
    story = prepare(confirmed(freight=None).do("agent", "choose_remedy", remedy="refund"))
    with pytest.raises(RuleRefused, match=why):
        bounced(story)


def test_what_is_no_payout_of_the_case_is_refused() -> None:
    with pytest.raises(DataRefused, match="no payout"):
        paid().do("finance", "bounce_refund", payout_id="AC-1:refund:99", code=CLOSED)


def test_a_refund_that_a_platform_paid_cannot_come_back_to_us() -> None:
    story = confirmed(freight=None).do(
        "platform", "platform_ruling", ruling="refunded", amount="129.00", reference="T1"
    )
    with pytest.raises(RuleRefused, match="never left us"):
        bounced(story)
