"""Callbacks, and the ways a case ends or begins again."""

from typing import Any

import pytest

from models.decide import linked, money_refused, refused_signal
from models.errors import DataRefused, RoleRefused, RuleRefused
from tests.builders import DAY
from tests.models.story import Story, confirmed, returned


def resolved(**over: Any) -> Story:
    return confirmed(**over).do("agent", "choose_remedy", remedy="refund").pay_all()


# ── callbacks ──


def test_a_satisfied_customer_closes_the_case_T5() -> None:
    story = resolved().do("agent", "complete_callback", satisfied=True, scores={"polite": 5, "solved": 4})
    assert (story.state, story.case.closed_by) == ("closed", "agent")


def test_a_dissatisfied_one_opens_it_again_one_level_up_T5() -> None:
    story = resolved().do("agent", "complete_callback", satisfied=False, words="still leaks")
    assert (story.state, story.case.escalation, story.case.reopened) == ("requested", 1, 1)
    assert (story.case.remedy, story.case.plan, story.case.inspected) == (None, None, False)
    assert story.case.goods == "nowhere", "what came back was refunded, so it is ours now"
    assert story.told("supervisor") == ["A customer is dissatisfied after the remedy."]


def test_three_misses_close_the_case_as_unreachable_T5() -> None:
    story = resolved().do("agent", "miss_callback").do("agent", "miss_callback")
    assert (story.state, story.case.callback_misses) == ("resolved", 2)
    assert story.do("agent", "miss_callback").state == "closed"


def test_nothing_stays_open_behind_a_closed_case() -> None:
    """A payout, the invoice (G9) and a loaner (G8) come first."""
    story = confirmed(facts={"has_invoice": True}).do("agent", "lend_loaner", serial="L-7")
    story.do("agent", "choose_remedy", remedy="exchange").do(
        "warehouse", "ship_replacement", carrier="sf", waybill="S1"
    )
    story.do("courier", "record_delivery", outcome="delivered")
    for wanted, next_step in (
        ("payout", story.pay_all),
        ("invoice", lambda: story.do("agent", "settle_invoice", result="endorsed")),
        ("Loaner L-7", lambda: story.do("warehouse", "return_loaner")),
    ):
        with pytest.raises(RuleRefused, match=wanted):
            story.do("agent", "complete_callback", satisfied=True)
        next_step()
    assert story.do("agent", "complete_callback", satisfied=True).state == "closed"


# ── withdraw, reject, close ──


def test_before_the_goods_are_in_a_withdrawal_simply_ends_it() -> None:
    for story in (Story(), Story().do("agent", "authorise_return"), Story().do("agent", "make_offer", amount="5.00")):
        assert story.do("customer", "withdraw", reason="works again").state == "withdrawn"


def test_later_the_goods_go_back_and_no_money_moves() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="refund").do("customer", "withdraw", reason="keep it")
    assert (story.state, story.owed_out, story.case.money.refund) == ("returning_goods", {}, 0)
    assert story.case.order is not None
    assert story.case.order.pots.refundable == 34760, "all of it can be refunded again"
    assert [m.kind for m in story.effects.money] == ["draw", "draw", "release", "release"]


def test_a_withdrawal_takes_what_is_on_the_table_or_waits_for_approval_along() -> None:
    offered = confirmed().do("agent", "make_offer", options=[{"type": "answer", "text": "Descale it."}])
    asked = confirmed(freight="60.00").do("agent", "choose_remedy", remedy="refund")
    assert (offered.state, asked.state) == ("offered", "awaiting_approval")
    for story in (offered, asked):
        story.do("customer", "withdraw", reason="keep it")
        assert (story.state, story.case.offer, story.case.pending) == ("returning_goods", None, None)


def test_once_money_is_sent_a_withdrawal_is_too_late() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="refund")
    story.do("finance", "record_refund", payout_id=story.open_payouts[0].key, reference="ali 1")
    with pytest.raises(RuleRefused, match="sent already"):
        story.do("customer", "withdraw", reason="keep it")


def test_what_was_paid_for_a_withdrawn_remedy_is_told_to_finance() -> None:
    dearer = {"sku": "K2", "unit_price": "149.00"}
    story = confirmed().do("agent", "choose_remedy", remedy="exchange", replacement=dearer)
    story.do("finance", "record_payment", amount="5.00", reference="b 1").do("customer", "withdraw", reason="no")
    assert story.told("finance") == ["The customer paid 5.00 CNY that is not owed (any more): pay it back."]


def test_a_rejected_case_keeps_nobodys_goods() -> None:
    assert Story().do("agent", "reject", reason="not ours").state == "rejected"
    with pytest.raises(RuleRefused, match="goods_back"):
        Story().do("customer", "ship_return", carrier="sf", waybill="S1").do("agent", "reject", reason="not ours")


@pytest.mark.parametrize("remedy", ["repair", "exchange"])
def test_a_case_with_something_in_flight_is_not_closed(remedy: str) -> None:
    story = confirmed(freight=None).do("agent", "choose_remedy", remedy=remedy)
    with pytest.raises(RuleRefused):
        story.do("manager", "close", reason="tidy up")


def test_unpaid_the_goods_go_back_and_nothing_of_the_plan_is_carried_out() -> None:
    story = confirmed().do(
        "agent", "choose_remedy", remedy="exchange", replacement={"sku": "K2", "unit_price": "149.00"}
    )
    assert story.wait(7 * DAY).state == "returning_goods"
    assert story.owed_out == {}


def test_a_customer_who_says_he_paid_is_not_closed_by_the_clock() -> None:
    story = confirmed().do(
        "agent", "choose_remedy", remedy="exchange", replacement={"sku": "K2", "unit_price": "149.00"}
    )
    story.do("customer", "notify_payment", method="bank", amount="20.00").wait(7 * DAY)
    assert story.state == "awaiting_payment"
    assert "refused" in story.happened
    assert story.do("finance", "record_payment", amount="20.00", reference="b 1").state == "exchanging"


# ── reopen ──


def test_the_customer_reopens_once_after_an_automatic_close() -> None:
    story = Story().do("agent", "authorise_return").wait(7 * DAY)
    assert (story.state, story.case.closed_by) == ("closed", "system")
    story.do("customer", "reopen", reason="I was away").do("agent", "authorise_return").wait(7 * DAY)
    with pytest.raises(RoleRefused, match="once"):
        story.do("customer", "reopen", reason="again")
    assert story.do("agent", "reopen", reason="he called").state == "requested"
    assert story.case.reopened == 2


def test_the_customer_does_not_reopen_what_somebody_closed() -> None:
    with pytest.raises(RoleRefused):
        Story().do("agent", "reject", reason="not ours").do("customer", "reopen", reason="it is")


@pytest.mark.parametrize(("days", "works"), [(30, True), (31, False)])
def test_thirty_days_to_reopen(days: int, works: bool) -> None:
    story = Story().do("agent", "reject", reason="not ours").wait(days * DAY)
    if works:
        assert story.do("agent", "reopen", reason="it is").state == "requested"
    else:
        with pytest.raises(RuleRefused, match="30 days"):
            story.do("agent", "reopen", reason="it is")


def test_what_was_paid_before_stays_in_a_reopened_case() -> None:
    story = resolved().do("agent", "complete_callback", satisfied=True).do("agent", "reopen", reason="second fault")
    assert (story.case.money.paid, len(story.case.payouts), story.case.executed) == (14100, 2, False)


# ── decided outside (T21) ──


def test_a_ruling_replaces_what_was_under_way_and_is_paid_once_T21() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="refund")
    story.do("platform", "platform_ruling", ruling="refund", amount="50.00", reference="tm 9")
    assert (story.state, story.owed_out) == ("refunding", {"freight": 1200, "refund": 5000})
    assert story.pay_all().case.money.paid == 6200


def test_what_a_platform_paid_is_not_paid_again_T21() -> None:
    story = confirmed(freight=None).do(
        "platform", "platform_ruling", ruling="refunded", amount="258.00", reference="tm 9"
    )
    assert (story.state, story.case.money.paid) == ("resolved", 25800)
    story.do("agent", "complete_callback", satisfied=False)
    for remedy, data in {"refund": {}, "keep_it": {"amount": "1.00"}, "adjust_price": {"amount": "1.00"}}.items():
        with pytest.raises(RuleRefused, match=r"decided outside \(refunded, reference tm 9\).*T21"):
            story.do("director", "choose_remedy", remedy=remedy, **data)


def test_a_ruling_that_a_platform_sends_twice_is_booked_once_T21() -> None:
    paid = {"ruling": "refunded", "amount": "50.00", "reference": "tm 9"}
    story = confirmed(freight=None).do("platform", "platform_ruling", **paid)
    with pytest.raises(RuleRefused, match=r"recorded already \(refunded, reference tm 9\)"):
        story.do("platform", "platform_ruling", **paid)
    assert story.case.money.paid == 5000
    story.do("platform", "platform_ruling", ruling="refunded", amount="8.00", reference="tm 10")
    assert story.case.money.paid == 5800


def test_a_ruling_after_money_went_out_is_still_carried_out_T21() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="exchange").pay_all()
    story.do("platform", "platform_ruling", ruling="refund", reference="tm 9")
    assert (story.state, story.owed_out) == ("refunding", {"refund": 12900})


def test_a_rejection_from_outside_sends_back_what_is_here_T21() -> None:
    assert returned().do("platform", "platform_ruling", ruling="rejected", reference="t").state == "returning_goods"
    assert Story().do("platform", "platform_ruling", ruling="rejected", reference="t").state == "rejected"


@pytest.mark.parametrize("amount", [None, "0.00"])
def test_a_paid_ruling_says_how_much(amount: str | None) -> None:
    with pytest.raises(DataRefused):
        Story().do(
            "platform", "platform_ruling", ruling="refunded", reference="t", **({"amount": amount} if amount else {})
        )


# ── corrections ──


def test_a_mistake_is_set_right_while_nothing_has_left() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="refund")
    story.do("manager", "correct", to_state="received", reason="wrong parcel")
    assert (story.state, story.owed_out, story.case.inspected, story.case.remedy) == ("received", {}, False, None)


@pytest.mark.parametrize("to_state", ["closed", "refunding", "nowhere"])
def test_only_some_states_can_be_corrected_to(to_state: str) -> None:
    with pytest.raises(DataRefused, match="can be corrected to"):
        Story().do("manager", "correct", to_state=to_state, reason="oops")


def test_what_has_left_the_house_is_not_corrected() -> None:
    paid = resolved()
    shipped = confirmed().do("agent", "choose_remedy", remedy="exchange")
    shipped.do("warehouse", "ship_replacement", carrier="sf", waybill="S1")
    for story in (paid, shipped, shipped.do("courier", "record_delivery", outcome="delivered")):
        with pytest.raises(RuleRefused, match="left already"):
            story.do("manager", "correct", to_state="received", reason="oops")


# ── what the commit and the wire answer ──


def test_a_repeated_command_changes_nothing() -> None:
    story = Story().do("agent", "note", command_id="n-1", note="calls at 16:00")
    again = story.decision("agent", "note", command_id="n-1", note="calls at 16:00")
    assert again.repeated
    assert again.case is story.case
    assert again.effects.entries == ()


def test_a_refused_signal_is_kept_readable() -> None:
    case = refused_signal(Story().case, "gr\udcffab", "no such \x00 thing", Story().now)
    note = case.effects.entries[0]
    assert (note.action, note.note, note.data) == ("refused", "no such ? thing", {"action": "gr?ab"})


def test_money_that_the_order_has_not_any_more_takes_the_whole_remedy_back_C2() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="refund")
    refund, freight = story.open_payouts
    assert story.case.order is not None
    told = money_refused(story.case, (refund.key,), "another case was first", None, story.now)
    assert (told.case.state, told.case.remedy, told.case.plan) == ("fault_confirmed", None, None)
    assert told.case.open_payouts == ()
    assert (told.case.money.refund, told.case.money.freight) == (0, 0)
    assert [(m.kind, m.key) for m in told.effects.money] == [("release", freight.key)]


def test_an_offer_made_meanwhile_is_off_the_table_when_the_remedys_money_is_refused() -> None:
    """A cheaper kettle is out of stock, something else is offered, and the difference turns out not to be there."""
    cheaper = {"sku": "K2", "quantity": 1, "unit_price": "100.00"}
    story = confirmed().do("agent", "choose_remedy", remedy="exchange", replacement=cheaper)
    difference = story.open_payouts[0]
    story.do("warehouse", "report_shortage").do("agent", "make_offer", options=[{"type": "wait"}])
    told = money_refused(story.case, (difference.key,), "another case was first", None, story.now).case
    assert (told.state, told.offer, told.pending) == ("requested", None, None)


def test_linked_cases_are_noted() -> None:
    assert linked(Story().case, ("AC-2", "AC-3", "AC-2"), Story().now).case.links == ("AC-2", "AC-3")


def test_money_refused_for_a_remedy_that_was_taken_back_meanwhile_changes_nothing() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="refund")
    refund, _ = story.open_payouts
    story.do("manager", "correct", to_state="fault_confirmed", reason="the wrong line")
    assert money_refused(story.case, (refund.key,), "another case was first", None, story.now).repeated
    assert story.case.money.refund == 0
