"""Step 4, the remedy: refund, exchange, repair, and the money behind them."""

from typing import Any

import pytest

from models.accounting.settlement import SettlementAsk, settlement
from models.errors import DataRefused, PreviewStale, RoleRefused, RuleRefused
from tests.builders import NOW, an_order
from tests.models.story import Story, confirmed, found, returned

FREE: dict[str, Any] = {"postage": 0, "payments": [{"payment_no": "P1", "method": "alipay", "amount": 33760}]}


def refuted(**over: Any) -> Story:
    """Goods here, the customer's own doing."""
    story = returned(**over)
    return story.do("warehouse", "refute_fault", lines=[found("customer", "customer")])


# ── refund ──


def test_the_refund_road() -> None:
    story = (
        confirmed()
        .do("agent", "choose_remedy", remedy="refund")
        .pay_all()
        .do("agent", "complete_callback", satisfied=True)
    )
    assert story.road == [
        *("requested", "awaiting_return", "return_in_transit", "received", "fault_confirmed"),
        *("refunding", "resolved", "closed"),
    ]
    assert story.case.money.paid == 14100  # 129.00 + 12.00 freight
    assert story.case.order is not None
    assert sum(pot.refunded for pot in story.case.order.pots.payments) == 12900


def test_a_refund_is_paid_back_from_the_newest_payment_first_F17() -> None:
    twice = [
        {"payment_no": "P1", "method": "alipay", "amount": 34000, "paid_at": NOW.replace(day=1)},
        {"payment_no": "P2", "method": "wechat", "amount": 760, "paid_at": NOW.replace(day=2)},
    ]
    story = confirmed(order=an_order(payments=twice)).do("agent", "choose_remedy", remedy="refund")
    refunds = [(p.payment_no, p.amount) for p in story.open_payouts if p.purpose == "refund"]
    assert refunds == [("P2", 760), ("P1", 12140)]  # 760 + 12140 = 12900
    first, second, _ = story.open_payouts
    story.do("finance", "record_refund", payout_id=first.key, reference="wx 1")
    assert story.state == "refunding"
    story.do("finance", "record_refund", payout_id=second.key, reference="ali 1").pay_all()
    assert story.state == "resolved"


def test_a_payout_is_recorded_once() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="refund")
    key = story.open_payouts[0].key
    story.do("finance", "record_refund", payout_id=key, reference="ali 1")
    with pytest.raises(RuleRefused, match="done already, with reference 'ali 1'"):
        story.do("finance", "record_refund", payout_id=key, reference="ali 2")
    with pytest.raises(DataRefused, match="no payout"):
        story.do("finance", "record_refund", payout_id="AC-1:refund:99", reference="ali 2")


def test_a_closed_account_is_asked_for_and_named_anew_R1() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="refund")
    story.do("finance", "fail_refund", payout_id=story.open_payouts[0].key, code="account_closed")
    assert story.case.waiting_for == "customer"
    story.do("customer", "provide_account", kind="bank", account="62**17", real_name="王小明")
    assert story.case.waiting_for == "finance"
    assert {p.account for p in story.open_payouts} == {"bank 62**17"}
    assert story.pay_all().state == "resolved"


def test_whoever_named_an_account_neither_pays_to_it_nor_confirms_it_however_he_spells_himself_R1() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="refund")
    key = story.open_payouts[0].key
    story.do("agent", "provide_account", by="Zhou", kind="bank", account="62**17", real_name="王", customer_agrees=True)
    with pytest.raises(RoleRefused, match="cannot pay to it"):
        story.do("finance", "record_refund", by="zhou ", payout_id=key, reference="ali 1")
    kept: dict[str, Any] = {"kind": "store_credit", "account": "c-88", "real_name": "王", "customer_agrees": True}
    story.do("agent", "provide_account", by="Zhou", **kept)
    with pytest.raises(RoleRefused, match="cannot confirm it"):
        story.do("finance", "confirm_account", by="zhou")
    story.do("finance", "confirm_account", by="wu")


def test_first_postage_goes_back_with_the_last_of_its_lines_F14() -> None:
    story = confirmed(lines={1: 2, 2: 4}).do("manager", "choose_remedy", remedy="refund")
    assert story.owed_out == {"refund": 34760, "freight": 1200}  # 258.00 + 79.60 + 10.00


def test_what_was_shown_is_what_is_done_F20() -> None:
    shown = confirmed().do("agent", "choose_remedy", remedy="refund").case.plan
    assert shown is not None
    confirmed().do("agent", "choose_remedy", remedy="refund", preview_id=shown.preview_id)
    with pytest.raises(PreviewStale):
        confirmed(freight="13.00").do("agent", "choose_remedy", remedy="refund", preview_id=shown.preview_id)


def test_freight_above_three_times_the_rate_is_a_managers_F11() -> None:
    story = confirmed(freight="50.00").do("agent", "choose_remedy", remedy="refund")
    assert story.state == "awaiting_approval"
    story.do("manager", "approve")
    assert story.owed_out == {"refund": 12900, "freight": 5000}
    assert confirmed(freight="36.00").do("agent", "choose_remedy", remedy="refund").state == "refunding"


def test_a_refund_before_the_goods_are_here_is_a_managers() -> None:
    assert Story().do("agent", "choose_remedy", remedy="refund").state == "awaiting_approval"
    assert Story().do("manager", "choose_remedy", remedy="refund").state == "refunding"


def test_nothing_is_refunded_twice_C2() -> None:
    """Two kettles were bought, one is in the case: afterwards it is not refunded with the other one's money (F18)."""
    story = confirmed().do("agent", "choose_remedy", remedy="refund").pay_all()
    story.do("agent", "complete_callback", satisfied=False)
    with pytest.raises(RuleRefused, match="refunded line 1 already"):
        story.do("director", "choose_remedy", remedy="refund")
    with pytest.raises(RuleRefused, match=r"0\.00 CNY is left of what was paid"):
        story.do("agent", "choose_remedy", remedy="adjust_price", amount="5.00")


def test_what_was_given_for_goods_that_stayed_is_no_part_of_their_refund_F18() -> None:
    """One of two plates at 100.00: 2.00 to keep it, then it comes back all the same, and 98.00 go with it."""
    order = an_order(lines=[{"line_no": 1, "sku": "PLATE", "unit_price": 10000, "quantity": 2}], postage=0)
    story = Story("wrong_item", order=order).do("agent", "make_offer", amount="2.00").do("customer", "accept_offer")
    story.pay_all().do("agent", "complete_callback", satisfied=True).do("manager", "reopen", reason="it broke")
    story.do("agent", "authorise_return").do("customer", "ship_return", carrier="sf", waybill="S1")
    story.do("warehouse", "book_in").do("warehouse", "confirm_fault", lines=[found()])
    story.do("agent", "choose_remedy", remedy="refund")
    assert story.owed_out == {"refund": 9800}
    assert story.case.plan is not None
    assert "less what this case gave for it before" in story.case.plan.sources[0]
    order_now = story.pay_all().case.order
    assert order_now is not None
    other = settlement(order_now.pots, True, SettlementAsk(remedy="refund", lines=((1, 1),)))
    assert other.refund == 10000, "the other plate is another case's, and was not touched"


# ── exchange ──


@pytest.mark.parametrize(
    ("party", "free", "rule", "owes"),
    [
        ("seller", True, "F2", 0),
        ("seller", False, "F4", 0),
        ("customer", True, "F6", 0),
        ("customer", False, "F8", 1000),
    ],
)
def test_who_pays_for_the_replacement(party: str, free: bool, rule: str, owes: int) -> None:
    """The handbook's worked examples: replacement freight 10.00."""
    order = an_order(**FREE) if free else an_order()
    story = confirmed(order=order) if party == "seller" else refuted(order=order)
    story.do("agent", "choose_remedy", remedy="exchange")
    assert story.case.plan is not None
    assert (story.case.plan.rule, story.case.money.customer_owes) == (rule, owes)
    assert story.state == ("awaiting_payment" if owes else "exchanging")


def test_a_playbook_may_have_the_customer_pay_both_ways_F22() -> None:
    for both, owes in ((True, 1000), (False, 0)):
        story = returned("change_of_mind", order=an_order(**FREE), rules={"customer_pays_both_ways": both})
        story.do("warehouse", "pass_inspection", lines=[found("none_found", "customer")])
        story.do("agent", "choose_remedy", remedy="exchange")
        assert story.case.money.customer_owes == owes


@pytest.mark.parametrize(
    ("price", "state", "owes", "refund"),
    [
        ("149.00", "awaiting_payment", 2000, 0),  # 149.00 - 129.00
        ("129.00", "exchanging", 0, 0),
        ("99.00", "exchanging", 0, 3000),  # 129.00 - 99.00
    ],
)
def test_the_price_difference_is_collected_before_or_refunded_G6(
    price: str, state: str, owes: int, refund: int
) -> None:
    story = confirmed(freight=None).do(
        "agent", "choose_remedy", remedy="exchange", replacement={"sku": "K2", "unit_price": price}
    )
    assert (story.state, story.case.money.customer_owes) == (state, owes)
    assert story.owed_out == ({"refund": refund} if refund else {})


def test_part_of_what_is_owed_leaves_the_case_where_it_is() -> None:
    story = refuted().do("agent", "choose_remedy", remedy="exchange").do("customer", "notify_payment", method="bank")
    assert story.case.waiting_for == "finance"
    story.do("finance", "record_payment", amount="4.00", reference="bank 1")
    assert (story.state, story.case.waiting_for) == ("awaiting_payment", "customer")
    story.do("finance", "record_payment", amount="6.00", reference="bank 2")
    assert (story.state, story.told("finance")) == ("exchanging", [])


def test_a_payment_that_is_not_there_is_the_customers_turn_again_and_his_agent_asks_L12() -> None:
    story = refuted().do("agent", "choose_remedy", remedy="exchange").do("customer", "notify_payment", method="bank")
    story.do("finance", "refute_payment", note="not in this week's statement")
    assert (story.state, story.case.waiting_for) == ("awaiting_payment", "customer")
    assert story.told("owner")[-1] == "The payment that was noted is not there: ask the customer (L12)."
    with pytest.raises(RuleRefused, match="Nobody has said"):
        story.do("finance", "refute_payment")


def test_what_was_paid_too_much_is_told_to_finance() -> None:
    story = refuted().do("agent", "choose_remedy", remedy="exchange")
    story.do("finance", "record_payment", amount="15.00", reference="bank 1")
    assert story.told("finance") == ["The customer paid 5.00 CNY that is not owed (any more): pay it back."]


def test_a_changed_plan_takes_back_the_money_of_the_one_before() -> None:
    cheaper = {"sku": "K0", "unit_price": "99.00"}
    story = confirmed().do("agent", "choose_remedy", remedy="exchange", replacement=cheaper)
    assert story.owed_out == {"refund": 3000, "freight": 1200}
    story.do("warehouse", "report_shortage").do("agent", "choose_remedy", remedy="refund")
    assert story.owed_out == {"refund": 12900, "freight": 1200}
    kinds = [move.kind for move in story.effects.money]
    assert kinds == ["draw", "draw", "release", "release", "draw", "draw"]


def test_no_stock_waits_and_goes_on_G5() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="exchange").do("warehouse", "report_shortage")
    assert story.state == "awaiting_stock"
    assert story.do("warehouse", "stock_arrived").state == "exchanging"
    assert story.owed_out == {"freight": 1200}, "carried out once"


# ── repair ──


def test_a_repair_in_warranty_costs_the_customer_nothing_F9() -> None:
    story = confirmed(kind="warranty_repair").do("agent", "choose_remedy", remedy="repair")
    assert (story.state, story.owed_out) == ("repairing", {"freight": 1200})
    story.do("workshop", "finish_repair", report="new seal").do("warehouse", "ship_back", carrier="sf", waybill="SF9")
    assert (story.state, story.case.goods) == ("delivering", "returned")
    story.do("courier", "record_delivery", outcome="delivered")
    assert (story.state, story.case.goods) == ("resolved", "customer")


def test_a_repair_out_of_warranty_is_quoted_and_collected_first_F10() -> None:
    story = refuted(kind="warranty_repair").do("agent", "quote_repair", parts="30.00", labour="20.00")
    story.do("customer", "accept_quote")
    assert (story.state, story.case.money.customer_owes) == ("awaiting_payment", 6000)  # 30 + 20 + 10 freight
    assert story.do("finance", "record_payment", amount="60.00", reference="b 1").state == "repairing"


def test_a_declined_quote_sends_the_goods_back_and_carries_out_nothing_else_G7() -> None:
    story = refuted(kind="warranty_repair").do("agent", "quote_repair", parts="30.00", labour="20.00")
    story.do("customer", "decline_quote")
    assert (story.state, story.owed_out) == ("returning_goods", {})


def test_a_declined_quote_for_goods_that_never_came_just_ends_G11() -> None:
    story = Story("warranty_repair").do("agent", "refute_fault", lines=[found("customer", "customer")], report="SP-1")
    story.do("agent", "quote_repair", parts="30.00", labour="20.00").do("customer", "decline_quote")
    assert story.state == "resolved"


def test_silence_on_a_quote_is_a_no() -> None:
    story = refuted(kind="warranty_repair").do("agent", "quote_repair", parts="30.00", labour="20.00")
    assert story.case.due_at is not None
    assert story.wait(story.case.due_at).state == "returning_goods"


def test_a_failed_repair_is_chosen_anew() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="repair").do("workshop", "fail_repair", reason="burnt")
    assert (story.state, story.case.remedy, story.case.plan) == ("fault_confirmed", None, None)
    assert story.do("agent", "choose_remedy", remedy="refund").owed_out == {"freight": 1200, "refund": 12900}


# ── the other remedies ──


def test_a_keep_it_for_goods_that_are_here_pays_and_sends_them_back() -> None:
    story = confirmed(freight=None).do("agent", "make_offer", amount="8.00").do("customer", "accept_offer")
    assert story.pay_all().state == "returning_goods"


def test_goods_that_are_not_here_cannot_be_sent_back() -> None:
    with pytest.raises(RuleRefused, match="not with us"):
        Story().do("agent", "choose_remedy", remedy="goods_back")


def test_a_case_does_not_end_with_nothing_while_the_goods_are_here() -> None:
    with pytest.raises(RuleRefused, match="goods_back"):
        confirmed().do("agent", "choose_remedy", remedy="none")


def test_a_visit_takes_goods_away_only_with_a_signature_T19() -> None:
    story = Story().do("agent", "choose_remedy", remedy="visit").do("agent", "appoint", at="2026-03-05T10:00:00+08:00")
    story.do("agent", "dispatch", technician="qian").do("technician", "arrive")
    assert story.do("technician", "finish_visit", outcome="no_access").state == "visiting"
    with pytest.raises(DataRefused, match="signature"):
        story.do("technician", "finish_visit", outcome="taken_away")
    story.do("technician", "finish_visit", outcome="taken_away", signature="sig-1")
    assert (story.state, story.case.goods) == ("received", "here")


@pytest.mark.parametrize(
    "data",
    [
        {"remedy": "magic"},
        {"remedy": "keep_it"},
        {"remedy": "keep_it", "amount": "-1.00"},
        {"remedy": "keep_it", "amount": 5.0},
        {"remedy": "refund", "lines": [{"line_no": 1, "quantity": 2}]},
        {"remedy": "refund", "lines": [{"line_no": 9, "quantity": 1}]},
        {"remedy": "refund", "lines": [{"line_no": 1, "quantity": 1}, {"line_no": 1, "quantity": 1}]},
        {"remedy": "refund", "lines": [{"line_no": 1, "quantity": 1.5}]},
        {"remedy": "adjust_price", "amount": "99999999999999"},
        {"remedy": "adjust_price", "amount": "0.001"},
    ],
)
def test_bad_data_is_refused_and_names_its_field(data: dict[str, Any]) -> None:
    with pytest.raises(DataRefused) as refused:
        confirmed().do("agent", "choose_remedy", **data)
    assert refused.value.extra["errors"]


def test_without_an_order_no_money_is_decided() -> None:
    story = Story("quality_fault")
    story.case = story.case.model_copy(update={"order": None, "lines": ()})
    for action, data in (
        ("choose_remedy", {"remedy": "refund"}),
        ("make_offer", {"amount": "5.00"}),
        ("waive_freight", {"amount": "5.00", "reason": "kind"}),
    ):
        with pytest.raises(RuleRefused, match="no order"):
            story.do("manager", action, **data)


@pytest.mark.parametrize("amount", ["30.00", "129.01", "700.00"])
def test_a_refund_that_names_another_amount_than_it_comes_to_is_refused_F13(amount: str) -> None:
    with pytest.raises(DataRefused, match=r"comes to 129\.00 CNY"):
        confirmed().do("manager", "choose_remedy", remedy="refund", amount=amount)


@pytest.mark.parametrize("amount", ["129.00", "141.00"])
def test_a_refund_may_name_what_it_comes_to_alone_or_with_the_freight(amount: str) -> None:
    assert confirmed().do("manager", "choose_remedy", remedy="refund", amount=amount).owed_out["refund"] == 12900


def test_the_same_payment_is_not_recorded_twice() -> None:
    """Finance types it in a second time: the goods would leave for money that never came."""
    dearer = {"sku": "K2", "unit_price": "159.00"}
    story = confirmed().do("agent", "choose_remedy", remedy="exchange", replacement=dearer)
    story.do("finance", "record_payment", amount="15.00", reference="bank 1")
    with pytest.raises(RuleRefused, match="recorded already"):
        story.do("finance", "record_payment", amount="15.00", reference="bank 1 ")
    assert (story.state, story.case.owed) == ("awaiting_payment", 1500)
    assert story.do("finance", "record_payment", amount="15.00", reference="bank 2").state == "exchanging"
