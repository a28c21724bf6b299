"""Step 2, the goods: sent back, booked in, intercepted, recalled, delivered."""

import pytest

from models.errors import RuleRefused, StateRefused
from models.next_step import next_step
from tests.builders import DAY
from tests.models.story import Story, confirmed, found, returned
from tests.shipped import shipped

UNSENT = {"parcel": "unprinted"}
PRINTED = {"parcel": "printed"}
GONE = {"parcel": "gone"}


def test_goods_are_sent_back_and_booked_in() -> None:
    story = returned()
    assert story.road == ["requested", "awaiting_return", "return_in_transit", "received"]
    assert (story.case.goods, story.case.advanced_freight, story.case.waybills) == ("here", 1200, ("SF77",))
    assert "goods_unasked" not in story.happened


def test_with_a_label_of_ours_nothing_is_advanced_F11() -> None:
    story = Story().do("agent", "authorise_return", label="L-1")
    assert story.do("customer", "ship_return", carrier="sf", waybill="SF77", freight="12.00").case.advanced_freight == 0


def test_a_number_that_was_entered_wrongly_is_put_right_and_is_the_cases_no_more_G1() -> None:
    story = Story().do("agent", "authorise_return")
    story.do("customer", "ship_return", carrier="sf", waybill="SF77", freight="12.00")
    due = story.case.due_at
    story.do("customer", "ship_return", carrier="zto", waybill="ZT78")
    assert (story.state, story.case.waybills, story.case.return_waybill) == ("return_in_transit", ("ZT78",), "ZT78")
    assert (story.case.carrier, story.case.advanced_freight, story.case.due_at) == ("zto", 1200, due)
    assert story.do("agent", "ship_return", carrier="zto", waybill="ZT79", freight="9.00").case.advanced_freight == 900
    assert "goods_unasked" not in story.happened


def test_goods_that_were_not_asked_for_are_booked_in_all_the_same_G12() -> None:
    story = Story().do("warehouse", "book_in", waybill="SF01")
    assert story.state == "received"
    assert "goods_unasked" in story.happened


def test_goods_that_come_while_an_offer_lies_on_the_table_set_it_aside_G12() -> None:
    story = Story().do("agent", "make_offer", amount="5.00").do("warehouse", "book_in")
    assert (story.state, story.case.offer) == ("received", None)


def test_a_second_box_after_the_inspection_is_recorded_and_moves_nothing_G12() -> None:
    story = confirmed().do("agent", "make_offer", options=[{"type": "exchange"}]).do("warehouse", "book_in", boxes=1)
    assert story.state == "offered"
    assert story.do("customer", "accept_offer").state == "exchanging", "the offer still stands"


def test_a_second_box_while_something_waits_for_approval_leaves_the_question_open() -> None:
    story = confirmed(lines={1: 2, 2: 4}).do("agent", "make_offer", amount="20.00")
    story.do("warehouse", "book_in")
    assert story.state == "awaiting_approval"
    assert story.do("manager", "deny").state == "fault_confirmed"


def test_goods_after_the_end_open_the_case_again_G12() -> None:
    story = Story().do("agent", "authorise_return").wait(7 * DAY)
    assert story.state == "closed"
    before = story.case.version
    story.do("warehouse", "book_in", waybill="SF77")
    assert story.state == "received"
    assert story.case.version == before + 2
    assert story.happened[-3:] == ["reopen", "goods_unasked", "book_in"]


def test_a_new_return_is_inspected_anew() -> None:
    """Dissatisfied with the repair: what comes back the second time is not taken for inspected."""
    story = confirmed().do("agent", "choose_remedy", remedy="repair").do("workshop", "finish_repair", report="new seal")
    story.do("warehouse", "ship_back", carrier="sf", waybill="SF80").do(
        "courier", "record_delivery", outcome="delivered"
    )
    story.do("agent", "complete_callback", satisfied=False)
    story.do("agent", "authorise_return").do("customer", "ship_return", carrier="sf", waybill="SF81")
    assert story.do("warehouse", "book_in").state == "received"


# ── before and after shipping (L7) ──


def test_not_printed_the_refund_runs_at_once_L7() -> None:
    story = Story(lines={1: 2, 2: 4}, facts=UNSENT, goods="nowhere").do("agent", "choose_remedy", remedy="refund")
    assert story.state == "refunding"
    assert story.owed_out == {"refund": 34760}


def test_printed_the_warehouse_withdraws_the_parcel_L7() -> None:
    story = Story(facts=PRINTED, goods="nowhere").do("agent", "choose_remedy", remedy="refund")
    assert (story.state, story.owed_out) == ("intercepting", {})
    assert story.do("warehouse", "report_interception", result="pulled").state == "refunding"
    assert story.owed_out == {"refund": 12900}


def test_gone_the_courier_calls_it_back_and_it_is_refunded_when_it_is_here_L7() -> None:
    story = Story("change_of_mind", facts=PRINTED, goods="nowhere").do("agent", "choose_remedy", remedy="refund")
    story.do("warehouse", "report_interception", result="gone")
    assert story.state == "recalling"
    story.do("courier", "record_delivery", outcome="refused")
    assert (story.state, story.case.goods) == ("received", "here")
    story.do("warehouse", "pass_inspection", lines=[found("none_found", "customer")])
    assert story.do("agent", "choose_remedy", remedy="refund").owed_out == {"refund": 12900}


def test_a_parcel_called_back_too_late_is_to_be_sent_back_L16() -> None:
    story = Story(facts=GONE, goods="nowhere").do("agent", "choose_remedy", remedy="refund")
    assert story.state == "recalling"
    story.do("courier", "record_delivery", outcome="delivered")
    assert (story.state, story.case.goods) == ("awaiting_return", "customer")


def test_a_refund_asked_for_before_shipping_cannot_be_taken_back_L7() -> None:
    for facts in (UNSENT, PRINTED, GONE):
        story = Story(facts=facts, goods="nowhere").do("agent", "choose_remedy", remedy="refund")
        with pytest.raises(RuleRefused, match="L7"):
            story.do("customer", "withdraw", reason="changed my mind")


def test_an_offered_refund_of_a_parcel_not_delivered_stops_the_parcel() -> None:
    """Nothing can be sent back that never arrived."""
    story = Story(facts=PRINTED, goods="nowhere").do("agent", "make_offer", options=[{"type": "refund"}])
    assert story.do("customer", "accept_offer").state == "intercepting"


# ── on the way out (L16) ──


def sent_out() -> Story:
    story = confirmed().do("agent", "choose_remedy", remedy="exchange")
    return story.do("warehouse", "ship_replacement", carrier="sf", waybill="SF90")


def test_a_delivered_replacement_resolves() -> None:
    story = sent_out().do("courier", "record_delivery", outcome="delivered")
    assert (story.state, story.case.goods) == ("resolved", "customer")


@pytest.mark.parametrize(
    ("outcome", "state"), [("refused", "received"), ("lost", "requested"), ("signed_by_other", "requested")]
)
def test_a_replacement_that_does_not_arrive_has_a_road_of_its_own(outcome: str, state: str) -> None:
    story = sent_out().do("courier", "record_delivery", outcome=outcome)
    assert (story.state, story.case.remedy) == (state, None)


def test_freight_is_reimbursed_once_however_often_the_remedy_changes_F11() -> None:
    story = sent_out()
    assert story.owed_out == {"freight": 1200}
    story.do("courier", "record_delivery", outcome="lost").do("agent", "choose_remedy", remedy="refund")
    assert story.owed_out == {"freight": 1200, "refund": 12900}


def test_what_cannot_be_is_refused_with_what_can() -> None:
    with pytest.raises(StateRefused) as refused:
        Story().do("warehouse", "ship_back", carrier="sf", waybill="SF1")
    assert "book_in" in refused.value.extra["allowed_actions"]


@pytest.mark.parametrize("outcome", ["lost", "refused"])
def test_a_return_that_the_courier_lost_or_we_refused_is_known_until_it_comes_G14(outcome: str) -> None:
    story = Story().do("agent", "authorise_return").do("customer", "ship_return", carrier="sf", waybill="S1")
    story.do("courier", "record_delivery", outcome=outcome)
    assert (story.state, story.case.way_back) == ("return_in_transit", outcome)
    step = next_step(story.case, shipped().get(story.case.kind), story.now)
    assert step is not None
    assert step["script_name"] == f"return_{outcome}"
    assert step["who"] == {"lost": "manager", "refused": "courier"}[outcome]
    assert story.do("courier", "record_delivery", outcome="delivered").case.way_back == "moving"
    story.do("courier", "record_delivery", outcome=outcome)
    assert story.do("warehouse", "book_in").case.way_back == "moving"
