"""A refund that is less than all of it, for use or damage by the customer on a change of mind (F16)."""

from typing import Any

import pytest

from models.commands import DATA
from models.errors import DataRefused, RoleRefused, RuleRefused
from models.lifecycle import Action
from models.pots import UnitPot
from tests.models.story import Story, found, returned

WORN: dict[str, Any] = {"reduction_percent": 20, "reduction_reason": "limescale inside, the base is scratched"}


def inspected(kind: str = "change_of_mind", cause: str = "customer", grade: str = "used", **over: Any) -> Story:
    """A kettle at 129.00 that came back, as it was found."""
    story = returned(kind, freight=None, **over)
    return story.do("warehouse", "pass_inspection", lines=[found(cause, "customer", grade=grade)])


def kettle(story: Story) -> UnitPot:
    assert story.case.order is not None
    return story.case.order.pots.of_line(1)[0]


def test_what_is_withheld_stays_in_the_pots_and_is_said_with_its_source() -> None:
    story = inspected().do("agent", "choose_remedy", remedy="refund", **WORN)
    assert (story.state, story.owed_out) == ("refunding", {"refund": 10320})  # 129.00 - 20 % = 103.20
    assert (kettle(story).withheld, kettle(story).units_out, kettle(story).left) == (2580, 1, 12900)
    assert story.case.plan is not None
    assert "25.80 CNY withheld: 20 % for use or damage (F16)." in story.case.plan.sources
    chosen = story.effects.entries[-1]
    assert chosen.data["reduction_reason"] == WORN["reduction_reason"]
    story.pay_all()
    assert (kettle(story).withheld, kettle(story).refunded, story.case.money.paid) == (2580, 10320, 10320)


@pytest.mark.parametrize(
    ("role", "percent", "state"),
    [
        ("agent", 20, "refunding"),
        ("agent", 21, "awaiting_approval"),
        ("supervisor", 21, "awaiting_approval"),
        ("manager", 80, "refunding"),
    ],
)
def test_above_the_playbooks_percentage_a_manager_decides(role: str, percent: int, state: str) -> None:
    story = inspected().do(role, "choose_remedy", remedy="refund", **{**WORN, "reduction_percent": percent})
    assert story.state == state


def test_a_manager_approves_what_was_asked_and_never_his_own() -> None:
    asked = {**WORN, "reduction_percent": 50}
    story = inspected().do("supervisor", "choose_remedy", remedy="refund", by="wang", **asked)
    with pytest.raises(RoleRefused):
        story.do("manager", "approve")
    story.do("manager", "approve", by="ma")
    assert story.owed_out == {"refund": 6450}


def test_the_limit_is_the_playbooks() -> None:
    story = inspected(rules={"reduction_percent_limit": 10})
    assert story.do("agent", "choose_remedy", remedy="refund", **WORN).state == "awaiting_approval"


@pytest.mark.parametrize(
    ("cause", "grade"),
    [
        ("none_found", "new"),
        ("none_found", "opened"),  # trying on is not use
        ("transit", "damaged"),
        ("manufacturing", "damaged"),
        ("seller", "wrong_item"),
    ],
)
def test_nothing_is_withheld_where_no_use_or_damage_by_the_customer_was_found(cause: str, grade: str) -> None:
    with pytest.raises(RuleRefused, match="F16"):
        inspected(cause=cause, grade=grade).do("manager", "choose_remedy", remedy="refund", **WORN)


@pytest.mark.parametrize("grade", ["used", "damaged"])
def test_traces_of_use_are_enough_where_no_fault_was_found(grade: str) -> None:
    story = inspected(cause="none_found", grade=grade).do("agent", "choose_remedy", remedy="refund", **WORN)
    assert story.owed_out == {"refund": 10320}


def test_nothing_is_withheld_before_the_goods_were_seen() -> None:
    with pytest.raises(RuleRefused, match="F16"):
        Story("change_of_mind").do("manager", "choose_remedy", remedy="refund", **WORN)


def test_a_fault_that_was_asked_for_is_no_change_of_mind() -> None:
    story = returned("quality_fault").do("warehouse", "refute_fault", lines=[found("customer", "customer")])
    with pytest.raises(RuleRefused, match="change of mind"):
        story.do("manager", "choose_remedy", remedy="refund", **WORN)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"remedy": "refund", "reduction_percent": 10}, "reduction_reason"),
        ({"remedy": "exchange", **WORN}, "reduction_percent"),
        ({"remedy": "refund", **WORN, "reduction_percent": 101}, "reduction_percent"),
        ({"remedy": "refund", **WORN, "reduction_percent": "20"}, "reduction_percent"),
    ],
)
def test_a_reduction_that_cannot_be_is_refused_with_its_field(data: dict[str, Any], field: str) -> None:
    with pytest.raises(DataRefused) as refused:
        inspected().do("agent", "choose_remedy", **data)
    assert [error["field"] for error in refused.value.extra["errors"]] == [field]


@pytest.mark.parametrize(("percent", "state"), [(20, "offered"), (30, "awaiting_approval")])
def test_a_reduced_refund_can_be_offered_beside_the_goods_going_back(percent: int, state: str) -> None:
    worn = {**WORN, "reduction_percent": percent}
    story = inspected().do("agent", "make_offer", options=[{"type": "refund", **worn}])
    assert story.state == state
    if state == "awaiting_approval":
        story.do("manager", "approve")
    story.do("customer", "accept_offer")
    assert story.owed_out == {"refund": 12900 * (100 - percent) // 100}


def test_a_reduced_refund_that_is_taken_back_gives_back_what_was_withheld() -> None:
    story = inspected().do("agent", "choose_remedy", remedy="refund", **WORN).do("customer", "withdraw", reason="no")
    assert (story.state, kettle(story).withheld, kettle(story).units_out) == ("returning_goods", 0, 0)


def test_the_schema_of_the_data_tells_of_it() -> None:
    assert "reduction_percent" in DATA[Action.CHOOSE_REMEDY].model_json_schema()["properties"]
