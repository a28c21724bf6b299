"""An exchange in advance: the deposit comes in, stands in for the old goods, and goes back or is kept (G5, F19)."""

from datetime import timedelta
from typing import Any

import pytest

from models.accounting.ledger import balances, cost_of_case
from models.case import Case, Money
from models.errors import DataRefused, RuleRefused
from models.procedure.playbook_parts import AdvanceExchange
from tests.builders import DAY
from tests.models.story import Story, found

ALLOWED = {"advance_exchange": AdvanceExchange(deposit_percent=100, return_days=10, remind_days=2)}
KETTLE = 12900  # what one of them cost
WAYBILL = {"carrier": "sf", "waybill": "SF78"}


def asked(rules: dict[str, Any] | None = None, kind: str = "quality_fault", **data: Any) -> Story:
    """A case whose customer wants the new one before the old one is back."""
    story = Story(kind, rules={**ALLOWED, **(rules or {})}, wanted="exchange")
    return story.do("agent", "choose_remedy", remedy="exchange", in_advance=True, **data)


def secured(**over: Any) -> Story:
    return asked(**over).do("finance", "record_payment", amount="129.00", reference="ICBC-1")


def delivered(**over: Any) -> Story:
    """The new one is with the customer, and so is the old one."""
    story = secured(**over).do("warehouse", "ship_replacement", **WAYBILL)
    return story.do("courier", "record_delivery", outcome="delivered")


def back(cause: str = "manufacturing", party: str = "seller", freight: str = "12.00", **over: Any) -> Story:
    """The old one is here and judged."""
    story = delivered(**over).do("customer", "ship_return", freight=freight, carrier="sf", waybill="SF79")
    story.do("warehouse", "book_in")
    action = "refute_fault" if cause == "customer" else "confirm_fault"
    return story.do("warehouse", action, lines=[found(cause, party)])


def held(case: Case) -> int:
    money = case.money
    return money.deposit_taken - money.deposit_kept - money.deposit


def test_the_deposit_is_collected_before_anything_leaves() -> None:
    story = asked()
    assert (story.state, story.case.to_collect) == ("awaiting_payment", KETTLE)
    story.do("finance", "record_payment", amount="100.00", reference="ICBC-1")
    assert (story.state, story.case.to_collect) == ("awaiting_payment", 2900)
    story.do("finance", "record_payment", amount="29.00", reference="ICBC-2")
    assert (story.state, held(story.case)) == ("exchanging", KETTLE)


def test_a_hold_secures_it_too_and_nothing_is_booked() -> None:
    story = asked().do("finance", "record_payment", amount="129.00", reference="auth 9", held=True)
    assert (story.state, held(story.case), story.effects.postings) == ("exchanging", 0, ())


def test_after_the_new_one_is_there_the_old_one_is_awaited_for_the_days_of_the_playbook() -> None:
    story = delivered()
    clock = story.case.state_clock
    assert (story.state, story.case.goods) == ("awaiting_return", "customer")
    assert clock is not None
    assert (clock.target, clock.remind, clock.outcome) == (10 * 86_400, 2 * 86_400, "close")


def test_the_deposit_goes_back_in_full_with_the_freight_when_the_fault_was_ours_F2() -> None:
    story = back().do("agent", "settle_deposit")
    assert (story.state, story.owed_out) == ("refunding", {"deposit": KETTLE, "freight": 1200})
    story.pay_all()
    assert (story.state, held(story.case)) == ("resolved", 0)
    sums = balances(story.effects.postings)
    assert sum(sums.values()) == 0
    assert cost_of_case(story.effects.postings).deposit == 0


#: Fault of the customer: his freight in, and the way out of the new one (10.00) comes off the deposit (F4→F8).
KEPT = [
    ({}, 11900, 1000, 0),  # 129.00 - 10.00 of freight
    ({"keep": "30.00", "reason": "the lid is missing"}, 9900, 1000, 2000),  # 10.00 of freight, 20.00 for the lid
    ({"keep": "10.00"}, 11900, 1000, 0),
    ({"keep": "0.00"}, 12900, 0, 0),
]


@pytest.mark.parametrize(("data", "goes_back", "freight", "fee"), KEPT)
def test_what_inspection_finds_moves_the_freight_and_what_is_kept_has_a_reason_F19(
    data: dict[str, Any], goes_back: int, freight: int, fee: int
) -> None:
    story = back("customer", "customer").do("agent", "settle_deposit", customer_agrees=True, **data)
    assert story.owed_out == {"deposit": goes_back}
    cost = cost_of_case(story.pay_all().effects.postings)
    assert (cost.received, cost.other, cost.deposit) == (freight, -fee, 0)


def test_nobody_asked_the_customer_is_written_down_F19() -> None:
    assert "customer_not_asked" in back("customer", "customer").do("agent", "settle_deposit").happened


def test_more_than_the_limit_waits_for_a_manager_who_did_not_ask() -> None:
    story = back("customer", "customer")
    story.do("agent", "settle_deposit", keep="129.00", reason="it is in pieces", customer_agrees=True)
    assert (story.state, story.case.pending and story.case.pending.amount) == ("awaiting_approval", KETTLE)
    story.do("manager", "approve")
    assert (story.state, held(story.case), story.owed_out) == ("resolved", 0, {})


def test_goods_that_never_come_leave_the_deposit_with_us_and_the_case_with_a_person() -> None:
    story = delivered().wait(10 * DAY + timedelta(minutes=1))
    assert (story.state, story.case.money.deposit_kept) == ("requested", KETTLE)
    assert any("never came" in told for told in story.told("manager"))
    assert cost_of_case(story.effects.postings).other == -KETTLE
    with pytest.raises(RuleRefused, match="settle the deposit"):
        story.do("manager", "choose_remedy", remedy="refund")


def test_goods_that_come_after_all_bring_the_deposit_back() -> None:
    story = delivered().wait(10 * DAY + timedelta(minutes=1)).do("agent", "authorise_return")
    story.do("customer", "ship_return", carrier="sf", waybill="SF79").do("warehouse", "book_in")
    story.do("warehouse", "confirm_fault", lines=[found()]).do("agent", "settle_deposit")
    assert story.owed_out == {"deposit": KETTLE}
    assert cost_of_case(story.pay_all().effects.postings).other == 0


def test_a_person_may_also_keep_a_part_of_what_never_came() -> None:
    story = delivered().wait(10 * DAY + timedelta(minutes=1))
    with pytest.raises(DataRefused, match="not here"):
        story.do("agent", "settle_deposit")
    story.do("manager", "settle_deposit", keep="100.00", reason="he sold it")
    assert (story.state, story.owed_out) == ("refunding", {"deposit": 2900})


def test_a_hold_that_is_kept_is_taken_by_finance_before_the_case_can_close() -> None:
    story = asked().do("finance", "record_payment", amount="129.00", reference="auth 9", held=True)
    story.do("warehouse", "ship_replacement", **WAYBILL).do("courier", "record_delivery", outcome="delivered")
    story.wait(10 * DAY + timedelta(minutes=1))
    story.do("manager", "settle_deposit", keep="129.00", reason="nothing came")
    with pytest.raises(RuleRefused, match="deposit"):
        story.do("agent", "complete_callback", satisfied=True)
    story.do("finance", "record_payment", amount="129.00", reference="auth 9 taken", **{"for": "deposit"})
    assert cost_of_case(story.effects.postings).other == -KETTLE
    assert story.do("agent", "complete_callback", satisfied=True).state == "closed"


@pytest.mark.parametrize(("kept", "fee"), [("10.00", 0), ("30.00", 2000)])
def test_freight_that_became_his_is_paid_by_what_finance_takes_of_a_hold_F19(kept: str, fee: int) -> None:
    """As by a deposit that was paid: 10.00 are the way out of the new one, the rest is for the lid."""
    story = asked().do("finance", "record_payment", amount="129.00", reference="auth 9", held=True)
    story.do("warehouse", "ship_replacement", **WAYBILL).do("courier", "record_delivery", outcome="delivered")
    story.do("customer", "ship_return", carrier="sf", waybill="SF79").do("warehouse", "book_in")
    story.do("warehouse", "refute_fault", lines=[found("customer", "customer")])
    story.do("agent", "settle_deposit", keep=kept, reason="the lid is missing", customer_agrees=True)
    story.do("finance", "record_payment", amount=kept, reference="auth 9 taken", **{"for": "deposit"})
    cost = cost_of_case(story.effects.postings)
    assert (story.case.owed, cost.received, cost.other, cost.deposit) == (0, 1000, -fee, 0)


def test_whoever_no_longer_wants_it_before_it_left_gets_his_deposit_back() -> None:
    story = secured().do("customer", "withdraw", reason="it works again")
    assert (story.state, story.owed_out) == ("refunding", {"deposit": KETTLE})
    assert story.pay_all().state == "resolved"


def test_unpaid_at_the_end_what_came_in_goes_back() -> None:
    story = asked().do("finance", "record_payment", amount="100.00", reference="ICBC-1").wait(8 * DAY)
    assert (story.state, story.owed_out) == ("refunding", {"deposit": 10000})


def test_with_the_new_one_out_nobody_withdraws() -> None:
    with pytest.raises(RuleRefused, match="old ones"):
        delivered().do("customer", "withdraw", reason="I keep both")


@pytest.mark.parametrize("outcome", ["lost", "refused"])
def test_a_new_one_that_never_arrived_is_sent_again_without_another_deposit(outcome: str) -> None:
    story = secured().do("warehouse", "ship_replacement", **WAYBILL)
    story.do("courier", "record_delivery", outcome=outcome)
    assert (story.state, story.case.goods, held(story.case)) == ("requested", "customer", KETTLE)
    assert story.do("agent", "choose_remedy", remedy="exchange", in_advance=True).state == "exchanging"


def test_out_of_stock_the_customer_takes_the_refund_and_the_deposit_goes_back_with_it() -> None:
    story = secured().do("warehouse", "report_shortage")
    story.do("agent", "make_offer", options=[{"type": "wait"}, {"type": "substitute"}])
    story.do("customer", "decline_offer")
    story.do("manager", "choose_remedy", remedy="refund")
    assert story.owed_out == {"refund": KETTLE, "deposit": KETTLE}


def test_a_dearer_new_one_is_paid_for_beside_the_deposit_G6() -> None:
    dearer = {"sku": "KETTLE-20", "quantity": 1, "unit_price": "149.00"}
    story = asked(replacement=dearer)
    assert story.case.to_collect == KETTLE + 2000
    story.do("finance", "record_payment", amount="149.00", reference="ICBC-1")
    assert (story.state, story.case.money.received, held(story.case)) == ("exchanging", 2000, KETTLE)
    story.do("warehouse", "ship_replacement", **WAYBILL).do("courier", "record_delivery", outcome="delivered")
    story.do("customer", "ship_return", carrier="sf", waybill="SF79").do("warehouse", "book_in")
    story.do("warehouse", "confirm_fault", lines=[found()]).do("agent", "settle_deposit")
    assert story.owed_out == {"deposit": KETTLE}


def test_only_where_the_playbook_allows_it_only_an_exchange_and_only_while_he_has_the_goods() -> None:
    with pytest.raises(RuleRefused, match="allows no exchange in advance"):
        asked({"advance_exchange": None})
    with pytest.raises(DataRefused, match="Only an exchange"):
        Story(rules=ALLOWED).do("agent", "choose_remedy", remedy="refund", in_advance=True)
    story = Story(rules=ALLOWED).do("agent", "authorise_return")
    story.do("customer", "ship_return", carrier="sf", waybill="SF77").do("warehouse", "book_in")
    story.do("warehouse", "confirm_fault", lines=[found()])
    with pytest.raises(RuleRefused, match="nothing that a deposit"):
        story.do("agent", "choose_remedy", remedy="exchange", in_advance=True)


def test_as_an_option_of_an_offer_it_is_the_customers_choice() -> None:
    story = Story(rules=ALLOWED, wanted="exchange")
    options = [{"type": "exchange"}, {"type": "exchange", "in_advance": True}]
    story.do("agent", "make_offer", options=options).do("customer", "accept_offer", option=2)
    assert (story.state, story.case.to_collect) == ("awaiting_payment", KETTLE)


# ── what the customer paid too much, and what he owes for freight ─────────────────────────────────


def test_an_overpayment_goes_back_by_a_payout_of_its_own_and_once() -> None:
    story = asked().do("finance", "record_payment", amount="132.00", reference="ICBC-1")
    assert (story.case.overpaid, held(story.case)) == (300, KETTLE)
    story.do("agent", "give_back")
    assert story.owed_out == {"overpayment": 300}
    with pytest.raises(RuleRefused, match="does not owe"):
        story.do("agent", "give_back")
    story.pay_all()
    assert (story.case.overpaid, cost_of_case(story.effects.postings).received) == (0, 0)


def test_an_overpayment_is_kept_as_credit_only_with_his_consent() -> None:
    story = asked().do("finance", "record_payment", amount="132.00", reference="ICBC-1")
    with pytest.raises(RuleRefused, match="consent"):
        story.do("agent", "give_back", as_credit=True)
    story.do("agent", "give_back", as_credit=True, customer_agrees=True)
    (payout,) = story.open_payouts
    assert (payout.to_credit, payout.unconfirmed) == (True, True)


def test_freight_paid_without_cause_is_paid_back_by_the_customer_F24() -> None:
    story = Story(money=Money(receivable=1200))
    story.do("finance", "record_payment", amount="5.00", reference="W1", **{"for": "receivable"})
    assert (story.state, story.case.money.receivable, story.case.money.repaid) == ("requested", 700, 500)
    story.do("finance", "record_payment", amount="9.00", reference="W2", **{"for": "receivable"})
    assert (story.case.money.receivable, story.case.overpaid) == (0, 200)
    with pytest.raises(RuleRefused, match="No receivable"):
        story.do("finance", "record_payment", amount="1.00", reference="W3", **{"for": "receivable"})
