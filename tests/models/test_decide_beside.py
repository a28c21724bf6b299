"""Beside the road: what is recorded while the case stays where it is."""

from typing import Any

import pytest

from models.commands import Actor
from models.decide import opened
from models.errors import DataRefused, RuleRefused
from models.lifecycle import Action, Role
from tests.builders import DAY, HOUR, NOW, a_case, an_order
from tests.models.examples import EXAMPLES
from tests.models.story import Story, confirmed, found, procedure, returned

#: Those that need something which this case has not: a payout, a procedure, a doubt to override, goods to repair.
NEEDS_MORE = (
    Action.FAIL_REFUND,
    Action.ASK_PAYOUT,
    Action.BOUNCE_REFUND,
    Action.CONFIRM_ACCOUNT,
    Action.GIVE_BACK,
    Action.WAIVE_RECEIVABLE,
    Action.CHANGE_KIND,
    Action.REBASE_PLAYBOOK,
    Action.OVERRIDE_ELIGIBILITY,
    Action.PLAN_REPAIR,
)
BESIDE = [a for a in list(Action)[list(Action).index(Action.TAKE) :] if a not in NEEDS_MORE]
FIRST = {
    Action.KEEP_PROMISE: Action.PROMISE,
    Action.RETURN_LOANER: Action.LEND_LOANER,
    Action.LIFT_HOLD: Action.PLACE_HOLD,
    Action.SETTLE_CLAIM: Action.OPEN_CLAIM,
}


@pytest.mark.parametrize("action", [a for a in BESIDE if a is not Action.SETTLE_INVOICE])
def test_the_state_stays_and_the_timeline_grows(action: Action) -> None:
    story = Story(lines={1: 2}).do("customer", "ship_return", carrier="sf", waybill="S1", freight="12.00")
    if action in FIRST:
        story.do("agent", FIRST[action].value, **EXAMPLES[FIRST[action]])
    version = story.case.version
    story.do("manager", action.value, **EXAMPLES[action])
    assert (story.state, story.case.version, story.happened[-1]) == ("requested", version + 1, action.value)


def test_taking_and_assigning_name_the_owner() -> None:
    story = Story().do("agent", "take").do("agent", "assign", to="mei").do("agent", "assign", to="mei")
    assert (story.case.owner, story.case.reassigned) == ("mei", 1)
    assert story.told("mei") == ["A case was assigned to you."] * 2


def test_a_snoozed_case_is_woken_by_the_customer_and_its_clocks_go_on_T9() -> None:
    story = Story().do("agent", "snooze", until=(NOW + 3 * DAY).isoformat(), reason="he is away")
    until, due = story.case.snoozed_until, story.case.due_at
    assert until == NOW + 3 * DAY
    story.do("customer", "customer_message", text="我回来了")
    assert (story.case.snoozed_until, story.case.due_at) == (None, due)


@pytest.mark.parametrize("action", ["snooze", "promise"])
@pytest.mark.parametrize(
    "at", [NOW.isoformat(), (NOW - DAY).isoformat(), "9999-12-31T23:59:59Z", "tomorrow", "2026-03-05"]
)
def test_only_a_time_to_come_and_within_reach(action: str, at: str) -> None:
    data = {"until": at, "reason": "x"} if action == "snooze" else {"what": "call", "at": at}
    with pytest.raises(DataRefused):
        Story().do("agent", action, **data)


def test_a_promise_even_decades_away_is_answered() -> None:
    with pytest.raises(DataRefused, match="ten years"):
        Story().do("agent", "promise", what="call", at="2090-01-01T00:00:00Z")


def test_a_promise_is_a_clock_of_its_own_T14() -> None:
    story = Story().do("agent", "promise", what="call you", at=(NOW + 6 * HOUR).isoformat())
    story.do("agent", "keep_promise")
    assert [c.state for c in story.case.clocks if c.clock == "promise"] == ["met"]
    with pytest.raises(RuleRefused, match="No promise"):
        story.do("agent", "keep_promise")


def test_a_broken_promise_escalates_T14() -> None:
    story = Story().do("agent", "promise", what="call you", at=(NOW + HOUR).isoformat()).wait(HOUR)
    assert "promise ran out." in [e.note for e in story.effects.entries]


def test_a_second_fault_is_added_never_refused_C1() -> None:
    story = Story().do("customer", "add_issue", issue="leaks").do("agent", "add_issue", issue="scratched", line_no=1)
    assert story.case.lines[0].issues == ("leaks", "scratched")
    with pytest.raises(DataRefused, match="Line 2"):
        story.do("agent", "add_issue", issue="chipped", line_no=2)


def test_lines_that_go_different_ways_become_linked_cases() -> None:
    story = Story(lines={1: 2, 2: 4}).do("agent", "split", lines=[{"line_no": 2, "quantity": 3}])
    assert [(x.line_no, x.quantity) for x in story.case.lines] == [(1, 2), (2, 1)]
    child = story.effects.splits[0].case
    assert [(x.line_no, x.quantity) for x in child.lines] == [(2, 3)]
    assert (child.state, child.case_no, child.due_at) == ("requested", "", story.case.due_at)


@pytest.mark.parametrize(
    "lines", [[{"line_no": 1, "quantity": 1}], [{"line_no": 1, "quantity": 2}], [{"line_no": 9, "quantity": 1}]]
)
def test_something_stays_when_a_case_is_split(lines: list[Any]) -> None:
    with pytest.raises((RuleRefused, DataRefused)):
        Story().do("agent", "split", lines=lines)


def test_what_is_decided_for_all_of_it_is_not_split() -> None:
    dearer = {"sku": "K2", "unit_price": "400.00"}
    paying = confirmed(lines={1: 2}).do("agent", "choose_remedy", remedy="exchange", replacement=dearer)
    assert paying.state == "awaiting_payment"
    offered = Story(lines={1: 2}).do("agent", "make_offer", amount="5.00")
    for story in (paying, offered):
        with pytest.raises(RuleRefused, match="settle that first"):
            story.do("agent", "split", lines=[{"line_no": 1, "quantity": 1}])


def test_only_a_manager_waives_freight_and_never_more_than_was_advanced_F23() -> None:
    story = returned("change_of_mind").do("warehouse", "pass_inspection", lines=[found("none_found", "customer")])
    story.do("agent", "waive_freight", amount="12.00", reason="cheaper than spoilt goods")
    assert (story.owed_out, len(story.told("manager"))) == ({}, 1)
    story.do("manager", "waive_freight", amount="12.00", reason="granted")
    assert story.owed_out == {"goodwill": 1200}
    with pytest.raises(RuleRefused, match="F26"):
        story.do("manager", "waive_freight", amount="0.01", reason="more")


def test_goodwill_and_freight_together_never_exceed_what_was_advanced_F26() -> None:
    story = returned().do("manager", "waive_freight", amount="7.00", reason="kind")
    story.do("warehouse", "confirm_fault", lines=[found()]).do("agent", "choose_remedy", remedy="refund")
    assert story.owed_out == {"goodwill": 700, "freight": 500, "refund": 12900}


def test_waived_freight_is_not_waited_for_any_more_F23() -> None:
    story = returned("change_of_mind", freight=None)
    story.do("warehouse", "pass_inspection", lines=[found("none_found", "customer")])
    story.do("agent", "choose_remedy", remedy="exchange")
    assert (story.state, story.case.money.customer_owes) == ("awaiting_payment", 1000)
    assert story.do("manager", "waive_freight", amount="4.00", reason="kind").state == "awaiting_payment"
    assert story.do("manager", "waive_freight", amount="6.00", reason="kind").state == "exchanging"


def test_claims_and_loaners() -> None:
    story = (
        Story().do("agent", "open_claim", against="courier", amount="129.00").do("agent", "settle_claim", result="paid")
    )
    assert [(c.against, c.amount, c.state) for c in story.case.claims] == [("courier", 12900, "paid")]
    with pytest.raises(RuleRefused, match="No claim"):
        story.do("agent", "settle_claim", result="paid")
    with pytest.raises(DataRefused, match="consent"):
        story.do("agent", "lend_loaner", serial="L-7", consent=False)


def test_a_change_of_kind_carries_the_time_used_over_to_the_new_target_T10() -> None:
    story = Story()
    assert story.case.due_at is not None
    left = story.case.due_at
    clocks = procedure().model_dump()["clocks"]
    clocks["requested"] = {**clocks["requested"], "clock": "sizing", "target": 30 * 60, "calendar": "all_hours"}
    other = procedure("change_of_mind", clocks=clocks).model_dump(mode="json")
    story.now += HOUR
    story.do("agent", "change_kind", kind="change_of_mind", procedure=other)
    clock = story.case.state_clock
    assert clock is not None
    assert (clock.clock, clock.cycle, clock.log[0].at) == ("sizing", 1, NOW)
    assert story.case.due_at == NOW + HOUR / 2 != left
    assert story.case.alarm_at is not None
    assert "procedure" not in story.effects.entries[-1].data


@pytest.mark.parametrize("data", [{"kind": "magic"}, {"kind": "x", "procedure": {"kind": "x"}}])
def test_an_unknown_kind_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(DataRefused):
        Story().do("agent", "change_kind", **data)


def test_an_unknown_subcategory_is_not_told_as_an_unknown_kind() -> None:
    with pytest.raises(DataRefused, match="no kind 'change_of_mind' with a subcategory 'too_blue'"):
        Story().do("agent", "change_kind", kind="change_of_mind", subcategory="too_blue")


def test_a_change_of_contact_says_what_has_changed_C7() -> None:
    with pytest.raises(DataRefused, match="name, phone, email or address"):
        Story().do("agent", "update_contact")
    assert Story().do("customer", "update_contact", phone="•••••0001").case.contact_changed


def test_whoever_is_upset_is_handed_up_at_once_T8() -> None:
    story = Story().do("agent", "escalate", reason="very upset").do("agent", "escalate", reason="still")
    assert (story.case.escalation, story.told("supervisor"), story.told("manager")) == (2, ["very upset"], ["still"])
    story.do("agent", "set_severity", severity="critical")
    assert story.told("director") == ["A critical complaint."]


def test_a_case_takes_no_more_than_can_travel_and_is_closed_all_the_same() -> None:
    """Temporal lets nothing above 2 MB pass, and a case that cannot reach its next run would stand still."""
    story = Story()
    for _ in range(98):
        story.do("customer", "add_issue", issue="漏" * 5000)
    with pytest.raises(RuleRefused, match="as much as a case can"):
        story.do("customer", "add_issue", issue="漏" * 5000).do("customer", "add_issue", issue="漏" * 5000)
    while len(story.case.model_dump_json().encode()) < 1_500_000:
        story.do("customer", "add_issue", issue="漏" * 300)
    story.do("agent", "note", note="enough").do("agent", "take")
    assert story.do("manager", "close", reason="a prank").state == "closed"


def test_an_order_that_no_case_can_carry_opens_none() -> None:
    lines = [{"line_no": n, "sku": f"CUP-{n:04}", "unit_price": 1990, "quantity": 12} for n in range(1, 4001)]
    with pytest.raises(RuleRefused, match="several orders"):
        opened(
            a_case(order=an_order(lines=lines), lines=dict.fromkeys(range(1, 4001), 12)),
            Actor(id="li", role=Role.AGENT),
            NOW,
        )
