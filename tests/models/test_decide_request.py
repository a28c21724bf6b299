"""Step 1, the request: evidence, investigation, offers and answers."""

from typing import Any

import pytest

from models.errors import DataRefused, RuleRefused
from tests.builders import DAY, an_order
from tests.models.story import Story

#: A return costs 12.00 in this zone and a replacement 10.00, so a keep-it is measured by 22.00 (K2).
AGENTS_TOP, MANAGERS_TOP = "11.00", "22.00"


def test_evidence_is_asked_for_and_comes() -> None:
    story = (
        Story().do("agent", "request_evidence", what=["a photo"]).do("customer", "submit_evidence", photos=["p.jpg"])
    )
    assert story.road == ["requested", "awaiting_evidence", "requested"]
    assert story.case.evidence == ("p.jpg",)


def test_missing_evidence_warns_and_never_blocks() -> None:
    assert Story().do("agent", "authorise_return").state == "awaiting_return"


def test_an_investigation_waits_for_whom_it_asks_and_may_ask_the_next() -> None:
    """L: warehouse, then courier, then the person who may have signed."""
    story = Story().do("agent", "investigate", check="warehouse")
    assert story.case.waiting_for == "warehouse"
    story.do("agent", "investigate", check="courier")
    assert story.case.waiting_for == "courier"
    assert [c.cycle for c in story.case.clocks if c.clock == "investigation"] == [1, 2], "each question has its time"
    assert story.do("courier", "report_finding", finding="delayed").state == "requested"


def test_a_parcel_found_lost_is_refunded_in_full_with_its_postage_F27() -> None:
    story = Story(lines={1: 2, 2: 4}, rules={"goods_come_back": False}, facts={"parcel": "gone"})
    story.do("agent", "investigate", check="courier").do("courier", "report_finding", finding="lost")
    story.do("manager", "choose_remedy", remedy="refund")
    assert story.state == "refunding"
    assert story.owed_out == {"refund": 34760}  # 2 x 129.00 + 4 x 19.90 + 10.00 postage


# ── the keep-it offer ──


def test_an_accepted_keep_it_is_paid_without_goods_moving_K4() -> None:
    story = Story().do("agent", "make_offer", amount="8.00").do("customer", "accept_offer")
    assert story.owed_out == {"refund": 800}
    story.pay_all()
    assert story.road == ["requested", "offered", "refunding", "resolved"]
    assert story.case.goods == "customer"


def test_a_declined_keep_it_leads_to_the_return_K3() -> None:
    assert Story().do("agent", "make_offer", amount="8.00").do("customer", "decline_offer").state == "awaiting_return"


def test_a_counter_offer_leads_back_to_the_agent_K3() -> None:
    story = Story().do("agent", "make_offer", amount="8.00").do("customer", "decline_offer", counter="10.00")
    assert story.state == "requested"
    assert story.effects.entries[-1].data == {"counter": "10.00"}


def test_silence_is_a_no_and_the_case_goes_on_to_the_return_K3() -> None:
    story = Story().do("agent", "make_offer", amount="8.00").wait(2 * DAY)
    assert story.state == "awaiting_return"
    assert story.effects.entries[-1].actor.role == "system"


def test_three_rounds_and_no_more_K3() -> None:
    story = Story()
    for amount in ("6.00", "7.00", "8.00"):
        story.do("agent", "make_offer", amount=amount).do("customer", "decline_offer", counter="10.00")
    with pytest.raises(RuleRefused, match="no more rounds"):
        story.do("agent", "make_offer", amount="9.00")


@pytest.mark.parametrize(
    ("role", "amount", "state"),
    [
        ("agent", AGENTS_TOP, "offered"),  # 50 % of 22.00
        ("agent", "11.01", "awaiting_approval"),
        ("supervisor", "11.01", "awaiting_approval"),
        ("manager", MANAGERS_TOP, "offered"),
    ],
)
def test_how_far_a_keep_it_may_go_K2(role: str, amount: str, state: str) -> None:
    assert Story().do(role, "make_offer", amount=amount).state == state


@pytest.mark.parametrize("role", ["agent", "manager"])
def test_nobody_offers_more_than_the_freight_that_is_saved_K2(role: str) -> None:
    with pytest.raises(RuleRefused, match=r"22\.00 CNY"):
        Story().do(role, "make_offer", amount="22.01")


def test_choosing_a_keep_it_without_an_offer_has_the_same_limit_K2() -> None:
    assert Story().do("agent", "choose_remedy", remedy="keep_it", amount="11.01").state == "awaiting_approval"
    with pytest.raises(RuleRefused, match="at most"):
        Story().do("manager", "choose_remedy", remedy="keep_it", amount="100.00")


def test_exact_amounts_have_no_such_limit_K2() -> None:
    exact = {"keep_it": {"exact": True}}
    assert Story(rules=exact).do("agent", "make_offer", amount="100.00").state == "offered"
    assert Story().do("agent", "choose_remedy", remedy="adjust_price", amount="100.00").state == "refunding"


def test_where_no_freight_is_known_a_manager_decides_a_keep_it() -> None:
    nothing = {"return_rate": 0, "replacement_rate": 0}
    assert Story(facts=nothing).do("agent", "make_offer", amount="5.00").state == "awaiting_approval"
    assert Story(facts=nothing).do("manager", "make_offer", amount="5.00").state == "offered"


@pytest.mark.parametrize("data", [{}, {"amount": "0.00"}, {"options": [{"type": "keep_it"}]}, {"amount": "1.234"}])
def test_an_offer_is_for_something(data: dict[str, Any]) -> None:
    with pytest.raises(DataRefused):
        Story().do("agent", "make_offer", **data)


# ── other options ──


def test_an_accepted_refund_waits_for_the_goods_where_the_playbook_wants_them() -> None:
    story = Story().do("agent", "make_offer", options=[{"type": "refund"}]).do("customer", "accept_offer")
    assert story.state == "awaiting_return"
    assert story.owed_out == {}


def test_goods_on_their_way_are_waited_for_too() -> None:
    """Sent unasked while the offer lay on the table: the refund does not run ahead of them."""
    story = Story().do("agent", "make_offer", options=[{"type": "refund"}])
    story.do("customer", "ship_return", carrier="sf", waybill="SF77").do("customer", "accept_offer")
    assert story.state == "awaiting_return"


def test_a_refund_is_offered_by_what_it_comes_to_and_by_no_other_amount_F13() -> None:
    """The customer would read one sum and be paid another."""
    for rules in ({}, {"goods_come_back": False}):
        with pytest.raises(DataRefused, match=r"comes to 129\.00 CNY"):
            Story(rules=rules).do("agent", "make_offer", options=[{"type": "refund", "amount": "30.00"}])
        story = Story(rules=rules).do("agent", "make_offer", options=[{"type": "refund", "amount": "129.00"}])
        assert story.state == "offered"


def test_an_offer_that_pays_more_than_its_maker_may_decide_waits_for_approval() -> None:
    dear = an_order(
        lines=[{"line_no": 1, "sku": "OVEN", "unit_price": 90000, "quantity": 1}],
        payments=[{"payment_no": "P1", "method": "alipay", "amount": 91000}],
    )
    story = Story(order=dear, rules={"goods_come_back": False})
    story.do("agent", "make_offer", options=[{"type": "refund"}])
    assert story.state == "awaiting_approval"
    story.do("manager", "approve").do("customer", "accept_offer")
    assert story.owed_out == {"refund": 91000}


def test_an_option_that_is_not_on_the_table_cannot_be_accepted() -> None:
    with pytest.raises(DataRefused, match="no such option"):
        Story().do("agent", "make_offer", amount="5.00").do("customer", "accept_offer", option=2)


def test_a_customer_can_wait_before_any_remedy_is_chosen_and_what_he_ordered_is_sent_L10() -> None:
    story = Story(rules={"goods_come_back": False}).do("agent", "make_offer", options=[{"type": "wait"}])
    assert story.do("customer", "accept_offer").state == "awaiting_stock"
    assert story.do("warehouse", "stock_arrived").state == "exchanging"
    assert story.case.remedy == "reship"


def test_who_waits_gets_the_goods_even_if_a_refund_was_chosen_before_L10() -> None:
    story = Story("out_of_stock", facts={"parcel": "gone"}).do("agent", "choose_remedy", remedy="refund")
    story.do("courier", "record_delivery", outcome="lost").do("agent", "make_offer", options=[{"type": "wait"}])
    assert story.do("customer", "accept_offer").state == "awaiting_stock"
    assert story.do("warehouse", "stock_arrived").state == "exchanging"


def test_the_customer_waits_for_stock_and_gets_it_G5() -> None:
    story = Story(rules={"goods_come_back": False}).do("agent", "choose_remedy", remedy="reship")
    story.do("warehouse", "report_shortage").do("agent", "make_offer", options=[{"type": "wait"}, {"type": "refund"}])
    assert story.do("customer", "accept_offer", option=1).state == "awaiting_stock"
    assert story.do("warehouse", "stock_arrived").state == "exchanging"


def test_who_takes_another_product_does_not_wait_for_the_one_that_is_out_of_stock_G5() -> None:
    story = Story(rules={"goods_come_back": False}).do("agent", "choose_remedy", remedy="reship")
    blue = {"sku": "KETTLE-17-BLUE", "unit_price": "129.00"}
    options = [{"type": "substitute", "replacement": blue}, {"type": "wait"}]
    story.do("warehouse", "report_shortage").do("agent", "make_offer", options=options)
    assert story.do("customer", "accept_offer", option=1).state == "exchanging"


def test_a_shortage_is_talked_about_anew_whatever_was_declined_before_G5() -> None:
    story = Story(rules={"goods_come_back": False})
    story.do("agent", "make_offer", amount="5.00").do("customer", "decline_offer")
    story.do("agent", "choose_remedy", remedy="reship")
    assert story.case.rounds == 1
    story.do("warehouse", "report_shortage")
    assert (story.case.rounds, story.case.agreed) == (0, None)


def test_an_answer_meets_the_answer_clock_and_a_final_one_resolves() -> None:
    story = Story().do("agent", "answer", text="Descale it.")
    assert story.state == "requested"
    assert [c.state for c in story.case.clocks if c.clock == "first_answer"] == ["met"]
    assert story.do("agent", "answer", text="Then it works.", final=True).state == "resolved"
    assert story.case.remedy == "none"


def test_no_answer_is_final_while_the_customers_goods_are_on_their_way() -> None:
    story = Story().do("customer", "ship_return", carrier="sf", waybill="SF77")
    with pytest.raises(RuleRefused, match="goods"):
        story.do("agent", "answer", text="It works.", final=True)
