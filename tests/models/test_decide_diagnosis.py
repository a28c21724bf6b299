"""Step 3, the diagnosis: what was found, who is liable, and lines that go their own way."""

from typing import Any

import pytest

from models.errors import DataRefused, RuleRefused, StateRefused
from tests.builders import an_order
from tests.models.story import Story, found, returned


@pytest.mark.parametrize(
    ("action", "state", "verdict"),
    [
        ("confirm_fault", "fault_confirmed", "confirmed"),
        ("refute_fault", "fault_refuted", "refuted"),
        ("pass_inspection", "inspected", "passed"),
    ],
)
def test_reason_given_fault_found_and_party_liable_are_three_fields_F19(action: str, state: str, verdict: str) -> None:
    story = (
        returned().do("agent", "add_issue", issue="leaks").do("warehouse", action, lines=[found("transit", "courier")])
    )
    line = story.case.lines[0]
    assert story.state == state
    assert (line.issues, line.cause, line.party_liable, line.verdict) == (("leaks",), "transit", "courier", verdict)


def test_an_official_report_confirms_the_fault_without_the_goods_G11() -> None:
    with pytest.raises(StateRefused):
        Story().do("agent", "confirm_fault", lines=[found()])
    story = Story().do("agent", "confirm_fault", lines=[found()], report="SP-2026-77")
    assert (story.state, story.case.goods) == ("fault_confirmed", "customer")
    assert story.do("agent", "choose_remedy", remedy="refund").state == "refunding"


def test_an_outside_expert_decides_G11() -> None:
    story = returned().do("warehouse", "send_to_expert", expert="the lab")
    assert story.case.waiting_for == "expert"
    assert story.do("expert", "confirm_fault", lines=[found()]).state == "fault_confirmed"


def test_units_that_were_not_named_go_to_a_linked_case_by_themselves_G3() -> None:
    story = returned(lines={1: 2, 2: 3}).do("warehouse", "confirm_fault", lines=[found(quantity=1)])
    assert [(x.line_no, x.quantity) for x in story.case.lines] == [(1, 1)]
    child = story.effects.splits[0].case
    assert [(x.line_no, x.quantity) for x in child.lines] == [(1, 1), (2, 3)]
    assert (child.state, child.inspected, child.goods, child.links) == (
        "received",
        False,
        "here",
        (story.case.case_no,),
    )
    assert (child.advanced_freight, child.payouts, child.processed) == (0, (), ())


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([found(quantity=2)], "the case holds 1 of line 1"),
        ([found(), found()], "named twice"),
        ([found(line_no=2)], "the case holds 0 of line 2"),
        ([], "at least 1 item"),
    ],
)
def test_only_what_the_case_holds_is_inspected(lines: list[Any], message: str) -> None:
    with pytest.raises(DataRefused, match=message):
        returned().do("warehouse", "confirm_fault", lines=lines)


FREE: dict[str, Any] = {"postage": 0, "payments": [{"payment_no": "P1", "method": "alipay", "amount": 33760}]}


@pytest.mark.parametrize(
    ("kind", "action", "cause", "party", "free", "rule", "refund", "freight"),
    [
        ("quality_fault", "confirm_fault", "manufacturing", "seller", True, "F1", 12900, 1200),
        ("quality_fault", "confirm_fault", "manufacturing", "supplier", False, "F3", 12900, 1200),
        ("quality_fault", "refute_fault", "customer", "customer", True, "F5", 12900, 0),
        ("quality_fault", "refute_fault", "customer", "customer", False, "F7", 12900, 0),
        ("quality_fault", "refute_fault", "none_found", "seller", False, "F7", 12900, 1200),  # G4: the way in is ours
        ("change_of_mind", "pass_inspection", "none_found", "customer", False, "F7", 12900, 0),
        ("change_of_mind", "pass_inspection", "none_found", "seller", True, "F5", 12900, 0),
    ],
)
def test_freight_follows_what_was_found_F19(
    kind: str, action: str, cause: str, party: str, free: bool, rule: str, refund: int, freight: int
) -> None:
    story = returned(kind, order=an_order(**FREE) if free else an_order())
    story.do("warehouse", action, lines=[found(cause, party)]).do("agent", "choose_remedy", remedy="refund")
    assert story.case.plan is not None
    assert story.case.plan.rule == rule
    assert story.owed_out == {"refund": refund, **({"freight": freight} if freight else {})}


def test_lines_with_different_parties_liable_are_not_settled_together_F19() -> None:
    story = returned(lines={1: 1, 2: 1})
    lines = [found(), found("customer", "customer", line_no=2)]
    story.do("warehouse", "confirm_fault", lines=lines)
    with pytest.raises(RuleRefused, match="different parties liable"):
        story.do("agent", "choose_remedy", remedy="refund")
    story.do("agent", "choose_remedy", remedy="refund", lines=[{"line_no": 1, "quantity": 1}])
    assert (story.state, story.owed_out) == ("refunding", {"refund": 12900, "freight": 1200})
    child = story.effects.splits[0].case
    assert (child.state, [x.line_no for x in child.lines], child.inspected) == ("fault_confirmed", [2], True)


def test_refuted_the_goods_go_back_at_the_customers_cost_G4() -> None:
    story = returned().do("warehouse", "refute_fault", lines=[found("customer", "customer")])
    story.do("agent", "choose_remedy", remedy="goods_back")
    assert (story.state, story.case.money.customer_owes) == ("awaiting_payment", 1000)
    story.do("finance", "record_payment", amount="10.00", reference="bank 1")
    story.do("warehouse", "ship_back", carrier="sf", waybill="SF1").do(
        "courier", "record_delivery", outcome="delivered"
    )
    assert story.do("agent", "complete_callback", satisfied=True).state == "closed"
