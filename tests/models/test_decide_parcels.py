"""Where is my parcel: looked for, lost and claimed, held, found and followed; second orders; announced money (G, L)."""

from typing import Any

import pytest

from models.case import Announced
from models.errors import DataRefused, RuleRefused
from tests.builders import DAY, NOW, a_case, an_order
from tests.models.story import Story, confirmed, found, procedure, returned

#: What the shipped findings say of a lost parcel.
LOST = {"lost": {"parcel": "lost", "claim": "courier"}, "on_shelf": {"parcel": "pulled"}, "stuck": {"parcel": "gone"}}


def looked_for(check: str = "courier", parcel: str = "gone", **over: Any) -> Story:
    """A parcel that is being looked for; replacement and return cost 10.00 and 12.00 here."""
    rules = {"goods_come_back": False, "findings": LOST, **over.pop("rules", {})}
    story = Story(rules=rules, facts={"parcel": parcel}, goods="nowhere", **over)
    return story.do("agent", "investigate", check=check)


def claims(story: Story) -> list[tuple[str, int, str]]:
    return [(claim.against, claim.amount, claim.state) for claim in story.case.claims]


def parcel(story: Story) -> str:
    assert story.case.order is not None
    return story.case.order.parcel


# ── lost: claimed by itself, goods value and freight (L5) ──


@pytest.mark.parametrize(
    ("lines", "amount"),
    [
        ({1: 1}, 13900),  # 129.00 + 10.00 freight
        ({1: 2, 2: 4}, 34760),  # 258.00 + 79.60 + 10.00
        ({2: 3}, 6970),  # 59.70 + 10.00
    ],
)
def test_a_lost_parcel_is_claimed_from_the_courier_with_goods_and_freight_L5(
    lines: dict[int, int], amount: int
) -> None:
    story = looked_for(lines=lines).do("courier", "report_finding", finding="lost")
    assert claims(story) == [("courier", amount, "claimed")]
    opened = next(entry for entry in story.effects.entries if entry.action == "open_claim")
    assert (opened.actor.role, opened.data["against"]) == ("system", "courier")


def test_it_is_claimed_once_however_often_it_is_reported_L5() -> None:
    story = looked_for().do("courier", "report_finding", finding="lost").do("agent", "investigate", check="courier")
    story.do("courier", "report_finding", finding="lost")
    assert claims(story) == [("courier", 13900, "claimed")]
    assert story.happened.count("open_claim") == 1


def test_the_customer_does_not_wait_for_the_courier_L5() -> None:
    story = looked_for(lines={1: 2, 2: 4}).do("courier", "report_finding", finding="lost")
    story.do("manager", "choose_remedy", remedy="refund")
    assert (story.state, story.owed_out) == ("refunding", {"refund": 34760})  # with the first postage (F27)
    again = looked_for().do("courier", "report_finding", finding="lost").do("agent", "choose_remedy", remedy="reship")
    assert (again.state, again.case.money.customer_owes) == ("exchanging", 0)


def test_a_parcel_is_claimed_by_what_it_cost_also_when_a_part_was_refunded() -> None:
    """A keep-it of 5.00 before does not make the courier's debt smaller."""
    story = Story(rules={"findings": LOST, "goods_come_back": False}, facts={"parcel": "gone"})
    story.do("agent", "choose_remedy", remedy="keep_it", amount="5.00").pay_all()
    story.do("agent", "complete_callback", satisfied=False).do("agent", "investigate", check="courier")
    assert claims(story.do("courier", "report_finding", finding="lost")) == [("courier", 13900, "claimed")]


def test_a_finding_without_a_rule_changes_no_parcel() -> None:
    story = looked_for().do("courier", "report_finding", finding="delayed", until=(NOW + DAY).isoformat())
    assert (parcel(story), claims(story), story.case.finding) == ("gone", [], "delayed")
    assert story.case.found_until == NOW + DAY


def test_the_date_of_a_finding_lies_ahead() -> None:
    with pytest.raises(DataRefused, match="to come"):
        looked_for().do("courier", "report_finding", finding="delayed", until=NOW.isoformat())


def test_who_was_asked_is_remembered_in_order() -> None:
    story = looked_for("warehouse", parcel="printed").do("warehouse", "report_finding", finding="handed_over")
    story.do("agent", "investigate", check="courier").do("courier", "report_finding", finding="stuck")
    story.do("agent", "investigate", check="courier").do("courier", "report_finding", finding="stuck")
    assert story.case.checked == ("warehouse", "courier")


def test_found_on_the_shelf_it_is_sent_again_without_being_stopped_L1() -> None:
    story = looked_for("warehouse", parcel="printed").do("warehouse", "report_finding", finding="on_shelf")
    assert parcel(story) == "pulled"
    assert story.do("agent", "choose_remedy", remedy="reship").state == "exchanging"


# ── found, and followed until it is delivered (L16) ──


@pytest.mark.parametrize(
    ("outcome", "state", "where", "goods"),
    [
        ("delivered", "resolved", "delivered", "customer"),
        ("refused", "received", "pulled", "here"),
        ("lost", "requested", "lost", "nowhere"),
        ("signed_by_other", "requested", "gone", "nowhere"),  # where it really is, is still to be found out
    ],
)
def test_a_parcel_that_was_found_is_followed_to_its_end_L16(outcome: str, state: str, where: str, goods: str) -> None:
    story = looked_for().do("courier", "record_delivery", outcome=outcome)
    assert (story.state, parcel(story), story.case.goods) == (state, where, goods)
    assert story.case.check is None


@pytest.mark.parametrize("outcome", ["lost", "signed_by_other"])
def test_what_the_courier_records_is_a_finding_like_any_other(outcome: str) -> None:
    """The playbook's steps ask for the finding, whoever reported it."""
    story = looked_for().do("courier", "record_delivery", outcome=outcome)
    assert (story.case.finding, story.case.checked) == (outcome, ("courier",))
    assert claims(story) == ([("courier", 13900, "claimed")] if outcome == "lost" else [])


def test_a_parcel_that_is_lost_while_it_is_called_back_is_claimed_and_refunded_in_full() -> None:
    story = Story(rules={"findings": LOST}, facts={"parcel": "gone"}, goods="nowhere", lines={1: 2, 2: 4})
    story.do("manager", "choose_remedy", remedy="refund").do("courier", "record_delivery", outcome="lost")
    assert (story.state, parcel(story), claims(story)) == ("requested", "lost", [("courier", 34760, "claimed")])
    story.do("manager", "choose_remedy", remedy="refund")
    assert (story.state, story.owed_out) == ("refunding", {"refund": 34760})


# ── delivered to our dock and not booked in (G14) ──


def on_its_way() -> Story:
    story = Story().do("agent", "authorise_return")
    return story.do("customer", "ship_return", carrier="sf", waybill="SF77")


@pytest.mark.parametrize("outcome", ["delivered", "signed_by_other"])
def test_what_lies_at_our_dock_is_ours_to_find_G14(outcome: str) -> None:
    story = on_its_way().do("courier", "record_delivery", outcome=outcome)
    assert (story.state, story.case.waiting_for) == ("return_in_transit", "warehouse")
    assert story.case.at_dock_since == NOW
    story.now += DAY
    story.do("courier", "record_delivery", outcome=outcome)
    assert story.case.at_dock_since == NOW, "since the first time that it was said"
    story.do("warehouse", "book_in")
    assert story.state == "received"
    assert story.case.at_dock_since is None


@pytest.mark.parametrize("outcome", ["lost", "refused"])
def test_a_return_that_is_lost_on_its_way_is_searched_for_G14(outcome: str) -> None:
    story = on_its_way().do("courier", "record_delivery", outcome=outcome)
    assert (story.state, story.case.at_dock_since, story.case.waiting_for) == ("return_in_transit", None, "courier")
    assert "search_opened" in story.happened


def test_the_search_is_our_clock_and_the_manager_has_five_days_G14() -> None:
    rules = {
        "dock_search": {
            "target": "9h",
            "calendar": "shop_cn",
            "starts_on": ["record_delivery"],
            "during": ["return_in_transit"],
            "met_by": ["book_in"],
            "tells": ["warehouse"],
        },
        "dock_decision": {
            "target": "5d",
            "starts_on": ["record_delivery"],
            "during": ["return_in_transit"],
            "met_by": ["book_in"],
            "tells": ["manager"],
        },
    }
    story = Story(rules={"side_clocks": rules}).do("agent", "authorise_return")
    story.do("customer", "ship_return", carrier="sf", waybill="SF77")
    story.do("courier", "record_delivery", outcome="delivered")
    assert (story.told("warehouse"), story.told("manager")) == (
        ["dock_search has begun."],
        ["dock_decision has begun."],
    )
    due = {clock.clock: clock.due_at for clock in story.case.clocks if clock.apart and clock.state == "running"}
    assert due["dock_decision"] == NOW + 5 * DAY
    story.do("warehouse", "book_in")
    assert {c.clock: c.state for c in story.case.clocks if c.clock in rules} == {
        "dock_search": "met",
        "dock_decision": "met",
    }


# ── holds (L14) ──


@pytest.mark.parametrize(
    ("where", "held"),
    [("unprinted", True), ("printed", True), ("gone", False), ("delivered", False), ("lost", False)],
)
def test_a_case_on_an_order_that_has_not_left_holds_it_L14(where: str, held: bool) -> None:
    story = Story(rules={"hold": "do_not_ship"}, facts={"parcel": where})
    assert story.case.holds == (("do_not_ship",) if held else ())
    assert story.told("warehouse") == (["Order KETTLE-1: do_not_ship."] if held else [])


def test_without_an_order_or_a_rule_nothing_is_held_L14() -> None:
    assert Story(rules={"hold": "do_not_ship"}, bare=True).case.holds == ()
    assert Story(facts={"parcel": "unprinted"}).case.holds == ()


@pytest.mark.parametrize(
    ("action", "data", "state"),
    [
        ("reject", {"reason": "too late"}, "rejected"),
        ("withdraw", {"reason": "he keeps it"}, "withdrawn"),
        ("answer", {"text": "It leaves at five.", "final": True}, "resolved"),
    ],
)
def test_the_hold_is_lifted_when_the_case_ends_L14(action: str, data: dict[str, Any], state: str) -> None:
    story = Story(rules={"hold": "do_not_ship"}, facts={"parcel": "unprinted"}, goods="nowhere")
    story.do("agent", "place_hold", hold="reserve")
    story.do("agent", "investigate", check="warehouse")
    assert list(story.case.holds) == ["do_not_ship", "reserve"], "as long as the case is open"
    assert (story.do("agent", action, **data).state, list(story.case.holds)) == (state, [])


def test_a_refund_before_shipping_holds_the_parcel_until_it_is_paid_L7_L14() -> None:
    story = Story(rules={"hold": "do_not_ship"}, facts={"parcel": "printed"}, goods="nowhere")
    story.do("agent", "choose_remedy", remedy="refund").do("warehouse", "report_interception", result="pulled")
    assert (story.state, list(story.case.holds)) == ("refunding", ["do_not_ship"])
    assert (story.pay_all().state, list(story.case.holds)) == ("resolved", [])


# ── a second order for the new item (G13) ──


@pytest.mark.parametrize(
    ("cause", "party", "action", "freight"),
    [
        ("manufacturing", "seller", "confirm_fault", 2200),  # 12.00 of the way back + 10.00 postage of the new order
        ("transit", "courier", "confirm_fault", 2200),
        ("customer", "customer", "refute_fault", 0),
    ],
)
def test_the_postage_of_an_order_placed_anew_follows_the_fault_G13(
    cause: str, party: str, action: str, freight: int
) -> None:
    story = returned().do("agent", "link", order_no="KETTLE-2", **{"as": "anew"}, postage="10.00")
    assert story.told("warehouse") == ["Order KETTLE-2 leaves today, before the others (G13)."]
    story.do("warehouse", action, lines=[found(cause, party)]).do("agent", "choose_remedy", remedy="refund")
    assert story.state == "refunding"
    assert story.owed_out == {"refund": 12900, **({"freight": freight} if freight else {})}


def test_the_postage_of_an_order_placed_anew_is_paid_once_G13() -> None:
    story = returned().do("agent", "link", order_no="KETTLE-2", **{"as": "anew"}, postage="10.00")
    story.do("warehouse", "confirm_fault", lines=[found()]).do("agent", "choose_remedy", remedy="refund").pay_all()
    story.do("agent", "complete_callback", satisfied=False).do("manager", "choose_remedy", remedy="exchange")
    assert story.case.plan is not None
    assert (story.case.plan.freight_reimbursement, story.owed_out) == (0, {})


def test_the_limit_of_the_way_back_is_not_eaten_by_the_postage_G13() -> None:
    """36.00 of the way back are within 3 x 12.00, and the postage comes on top."""
    story = returned(freight="36.00").do("agent", "link", order_no="KETTLE-2", **{"as": "anew"}, postage="10.00")
    story.do("warehouse", "confirm_fault", lines=[found()]).do("agent", "choose_remedy", remedy="refund")
    assert (story.state, story.owed_out) == ("refunding", {"refund": 12900, "freight": 4600})


def test_an_order_given_for_the_replacement_is_linked_and_costs_nothing_more_G13() -> None:
    story = confirmed().do("agent", "link", order_no="KETTLE-2", **{"as": "replacement"}, postage="10.00")
    assert story.case.second_order is not None
    assert (story.case.second_order.order_no, story.case.links) == ("KETTLE-2", ("KETTLE-2",))
    assert story.do("agent", "choose_remedy", remedy="refund").owed_out == {"refund": 12900, "freight": 1200}


@pytest.mark.parametrize("data", [{"as": "anew", "case_no": "AC-26-000009"}, {"as": "replacement"}])
def test_a_second_order_has_a_number_G13(data: dict[str, str]) -> None:
    with pytest.raises(DataRefused):
        Story().do("agent", "link", **data)


# ── money that was announced (L12) ──


def announced() -> Story:
    return Story(
        rules={"collects": True, "goods_come_back": False},
        bare=True,
        wanted=None,
        announced=Announced(amount=12900, currency="CNY", payer="王小明"),
    )


def test_announced_money_is_collected_before_anything_leaves_L12() -> None:
    story = announced().do("agent", "choose_remedy", remedy="reship")
    assert (story.state, story.case.money.customer_owes) == ("awaiting_payment", 12900)
    story.do("customer", "notify_payment", method="bank", bank="ICBC", amount="129.00")
    assert story.case.waiting_for == "finance"
    story.do("finance", "record_payment", amount="100.00", reference="icbc 1")
    assert story.state == "awaiting_payment", "29.00 are still to come"
    story.do("finance", "record_payment", amount="29.00", reference="icbc 2")
    assert story.state == "exchanging"
    assert story.do("warehouse", "ship_replacement", carrier="sf", waybill="SF1").state == "delivering"


@pytest.mark.parametrize(
    ("payments", "state", "owes"),
    [([], "awaiting_payment", 34760), ([{"payment_no": "P1", "method": "bank", "amount": 34760}], "exchanging", 0)],
)
def test_nobody_said_what_will_be_transferred_so_the_order_itself_does_L12(
    payments: list[dict[str, Any]], state: str, owes: int
) -> None:
    order = an_order(shipped_at=None, delivered_at=None, paid_at=None, payments=payments)
    story = Story(
        order=order,
        rules={"collects": True, "goods_come_back": False},
        facts={"parcel": "unprinted", "paid": bool(payments)},
    ).do("agent", "choose_remedy", remedy="reship")
    assert (story.state, story.case.money.customer_owes) == (state, owes)


def test_an_answer_collects_nothing_L12() -> None:
    assert announced().do("agent", "choose_remedy", remedy="none").state == "resolved"


def test_without_an_order_and_without_an_announcement_no_remedy_is_chosen() -> None:
    with pytest.raises(RuleRefused, match="has no order"):
        Story(bare=True).do("agent", "choose_remedy", remedy="reship")


def test_a_kind_that_does_not_collect_asks_for_nothing_L12() -> None:
    told = Announced(amount=12900, currency="CNY")
    case = a_case(order=an_order(), procedure=procedure(goods_come_back=False), announced=told)
    story = Story(rules={"goods_come_back": False})
    story.case = case
    assert story.do("agent", "choose_remedy", remedy="reship").state == "exchanging"
