"""Who may be granted what: eligibility and overrides, warranty, the law, returns that are not worth it (12, 13)."""

from datetime import timedelta
from typing import Any

import pytest

from models.actions.planning import choices_of
from models.case import Case
from models.errors import RoleRefused, RuleRefused
from models.procedure.eligibility import Earlier, Eligible, Reason
from tests.builders import DAY, NOW
from tests.models.procedure.test_law import THREE_GUARANTEES
from tests.models.story import Story, confirmed, found, returned

LATE = Reason(rule="days_since_delivery", answer="no", zh="签收后第9天", en="day 9 after delivery, of 7", line_no=1)
FINAL_SALE = Reason(rule="final_sale", answer="no", zh="不退不换", en="it was sold as final", line_no=2)
DOUBT = Reason(rule="keep_its", answer="human", zh="多次补偿", en="3 keep-it refunds in 90 days")
FINE = Reason(rule="quantity", answer="yes", zh="购买2件", en="1 of the 2 that were bought", line_no=1)
NOT_ELIGIBLE = Eligible(answer="no", reasons=(FINE, LATE, DOUBT, FINAL_SALE))
DOUBTFUL = Eligible(answer="human", reasons=(FINE, DOUBT))


# ── what is not eligible is granted by an override only ──


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("authorise_return", {}),
        ("make_offer", {"amount": "5.00"}),
        ("make_offer", {"options": [{"type": "answer"}]}),
        ("choose_remedy", {"remedy": "refund"}),
        ("choose_remedy", {"remedy": "exchange"}),
        ("choose_remedy", {"remedy": "keep_it", "amount": "5.00"}),
    ],
)
@pytest.mark.parametrize("role", ["agent", "manager", "director"])
def test_nobody_grants_what_is_not_eligible_without_an_override(action: str, data: dict[str, Any], role: str) -> None:
    story = Story(eligible=NOT_ELIGIBLE)
    with pytest.raises(
        RuleRefused, match="line 1: day 9 after delivery, of 7; line 2: it was sold as final"
    ) as refused:
        story.do(role, action, **data)
    assert [reason["rule"] for reason in refused.value.extra["reasons"]] == ["days_since_delivery", "final_sale"]
    story.do("supervisor", "override_eligibility", reason="he was in hospital").do("manager", action, **data)


@pytest.mark.parametrize("state_of_mind", ["answered", "rejected", "evidence"])
def test_what_grants_nothing_needs_no_override(state_of_mind: str) -> None:
    story = Story(eligible=NOT_ELIGIBLE)
    if state_of_mind == "answered":
        assert story.do("agent", "choose_remedy", remedy="none").state == "resolved"
    elif state_of_mind == "rejected":
        assert story.do("agent", "reject", reason="too late").state == "rejected"
    else:
        assert story.do("agent", "request_evidence", what=["the receipt"]).state == "awaiting_evidence"


def test_goods_that_came_unasked_go_back_without_an_override() -> None:
    story = Story(eligible=NOT_ELIGIBLE).do("warehouse", "book_in").do("warehouse", "refute_fault", lines=[found()])
    assert story.do("agent", "choose_remedy", remedy="goods_back").state in ("returning_goods", "awaiting_payment")


@pytest.mark.parametrize("eligible", [DOUBTFUL, Eligible(answer="yes", reasons=(FINE,)), None])
def test_a_doubt_warns_and_does_not_block(eligible: Eligible | None) -> None:
    assert Story(eligible=eligible).do("agent", "authorise_return").state == "awaiting_return"


def test_an_override_says_who_why_and_when_and_stays_visible() -> None:
    story = Story(eligible=NOT_ELIGIBLE)
    story.now += DAY
    story.do("supervisor", "override_eligibility", reason="he was in hospital until yesterday")
    override = story.case.override
    assert override is not None
    assert (override.by, override.role, override.reason, override.at) == (
        "chen",
        "supervisor",
        "he was in hospital until yesterday",
        NOW + DAY,
    )
    assert story.case.eligible == NOT_ELIGIBLE, "what the rules said is not painted over"
    assert (story.happened[-1], story.state) == ("override_eligibility", "requested")
    story.do("agent", "authorise_return").do("customer", "ship_return", carrier="sf", waybill="S1")
    assert story.case.override == override


@pytest.mark.parametrize(
    ("needed", "role", "may"),
    [
        ("supervisor", "agent", False),
        ("supervisor", "supervisor", True),
        ("supervisor", "director", True),
        ("manager", "supervisor", False),
        ("manager", "manager", True),
        ("agent", "agent", True),
    ],
)
def test_the_playbook_names_the_role_that_overrides(needed: str, role: str, may: bool) -> None:
    story = Story(eligible=NOT_ELIGIBLE, rules={"override_role": needed})
    if may:
        assert story.do(role, "override_eligibility", reason="an old customer").case.override is not None
    else:
        with pytest.raises(RoleRefused, match=f"Only a {needed}"):
            story.do(role, "override_eligibility", reason="an old customer")
        assert story.case.override is None


@pytest.mark.parametrize("eligible", [None, Eligible(answer="yes", reasons=(FINE,))])
def test_there_is_nothing_to_override_where_nothing_speaks_against_it(eligible: Eligible | None) -> None:
    with pytest.raises(RuleRefused, match="nothing to override"):
        Story(eligible=eligible).do("director", "override_eligibility", reason="to be sure")


def test_what_waited_for_approval_is_looked_at_again() -> None:
    """The kind changed its mind meanwhile: an approval cannot grant what an agent could not."""
    story = confirmed(freight="60.00").do("agent", "choose_remedy", remedy="refund")
    assert story.state == "awaiting_approval"
    story.case = story.case.model_copy(update={"eligible": NOT_ELIGIBLE})
    with pytest.raises(RuleRefused, match="not eligible"):
        story.do("manager", "approve")


# ── habitual claims (K6) ──


@pytest.mark.parametrize(
    ("had", "role", "state"),
    [
        (2, "agent", "offered"),
        (3, "agent", "awaiting_approval"),
        (3, "supervisor", "awaiting_approval"),
        (3, "manager", "offered"),
    ],
)
def test_after_two_keep_its_another_one_is_a_managers_K6(had: int, role: str, state: str) -> None:
    assert Story(earlier=Earlier(keep_its=had)).do(role, "make_offer", amount="5.00").state == state


def test_exact_amounts_of_a_habitual_claimant_are_a_managers_too_K6() -> None:
    story = Story(rules={"keep_it": {"exact": True}}, earlier=Earlier(keep_its=3))
    assert story.do("agent", "choose_remedy", remedy="keep_it", amount="5.00").state == "awaiting_approval"
    assert Story(earlier=Earlier(keep_its=3)).do("agent", "authorise_return").state == "awaiting_return"


# ── out of warranty (F10) ──


@pytest.mark.parametrize(
    ("in_warranty", "owes", "state"),
    [
        (None, 0, "repairing"),  # F9
        (True, 0, "repairing"),  # F9
        (False, 6000, "awaiting_payment"),  # F10: 30.00 + 20.00 + 10.00 freight, though it broke by itself
    ],
)
def test_out_of_warranty_the_customer_pays_the_quote_whatever_broke_F10(
    in_warranty: bool | None, owes: int, state: str
) -> None:
    story = confirmed(in_warranty=in_warranty).do("workshop", "quote_repair", parts="30.00", labour="20.00")
    story.do("customer", "accept_quote")
    assert (story.case.lines[0].cause, story.case.lines[0].party_liable) == ("manufacturing", "seller")
    assert (story.state, story.case.money.customer_owes) == (state, owes)


def test_out_of_warranty_the_way_in_is_the_customers_too_F10() -> None:
    ours = confirmed(in_warranty=True).do("agent", "choose_remedy", remedy="repair")
    his = confirmed(in_warranty=False).do("agent", "choose_remedy", remedy="repair")
    assert (ours.owed_out, his.owed_out) == ({"freight": 1200}, {})
    assert his.case.plan is not None
    assert his.case.plan.rule == "F10"


def test_out_of_warranty_changes_repairs_only_F10() -> None:
    story = confirmed(in_warranty=False).do("agent", "choose_remedy", remedy="refund")
    assert story.owed_out == {"refund": 12900, "freight": 1200}


# ── not worth a return (section 12) ──


@pytest.mark.parametrize(
    ("limit", "lines", "state"),
    [
        ("129.01", {1: 1}, "refunding"),  # 129.00 is less
        ("129.00", {1: 1}, "awaiting_approval"),  # not less: the goods come first, or a manager decides
        ("200.00", {1: 2}, "awaiting_approval"),  # 258.00 together
        ("50.00", {2: 2}, "refunding"),  # 39.80
    ],
)
def test_below_the_threshold_it_is_refunded_without_a_return(limit: str, lines: dict[int, int], state: str) -> None:
    story = Story(lines=lines, rules={"not_worth_return": {"CNY": limit}})
    assert story.do("agent", "choose_remedy", remedy="refund").state == state
    if state == "refunding":
        assert (story.pay_all().state, story.case.goods) == ("resolved", "customer")


def test_a_declined_offer_leads_to_no_return_that_is_not_worth_it() -> None:
    story = Story(lines={2: 1}, rules={"not_worth_return": {"CNY": "30.00"}})
    story.do("agent", "make_offer", amount="5.00").do("customer", "decline_offer")
    assert story.state == "requested"


# ── the law (section 13) ──


def under_law(days: int, wanted: str = "refund", **over: Any) -> Story:
    """Confirmed so many days after the shop's day of receipt."""
    received = (NOW + timedelta(hours=8)).date() - timedelta(days=days)
    facts = {"received_on": received, "timezone": "Asia/Shanghai"}
    return confirmed(rules={"law": THREE_GUARANTEES}, facts=facts, wanted=wanted, **over)


def passed_over(story: Story) -> list[dict[str, Any]]:
    return [entry.data for entry in story.effects.entries if entry.action == "legal_choice_passed_over"]


@pytest.mark.parametrize(
    ("days", "wanted", "chosen", "noted"),
    [
        (7, "refund", "repair", ["refund", "exchange", "repair"]),
        (7, "refund", "refund", None),
        (8, "refund", "repair", None),  # no right to a refund any more
        (8, "exchange", "repair", ["exchange", "repair"]),
        (8, "exchange", "refund", ["exchange", "repair"]),  # even more generous is not what he asked for
        (16, "repair", "exchange", ["repair"]),
        (16, "exchange", "repair", None),
        (400, "repair", "exchange", None),
    ],
)
def test_another_remedy_than_the_legal_choice_is_told_to_a_supervisor(
    days: int, wanted: str, chosen: str, noted: list[str] | None
) -> None:
    story = under_law(days, wanted).do("agent", "choose_remedy", remedy=chosen)
    assert passed_over(story) == ([{"choices": noted}] if noted else [])
    told = [f"The customer asked for '{wanted}' and has a right to it (cn), and got '{chosen}'."] if noted else []
    assert story.told("supervisor") == told


def test_with_his_consent_nothing_is_passed_over() -> None:
    story = under_law(5).do("agent", "choose_remedy", remedy="repair", customer_agrees=True)
    assert (story.state, passed_over(story), story.told("supervisor")) == ("repairing", [], [])


def test_the_choices_follow_the_shops_own_midnight() -> None:
    """Received on 25 February; day 7 ends on 4 March at midnight in Shanghai, 16:00 in Greenwich."""
    story = under_law(7)
    before, after = story.now + timedelta(hours=13, seconds=3599), story.now + timedelta(hours=14)
    assert choices_of(story.case, before) == ("refund", "exchange", "repair")
    assert choices_of(story.case, after) == ("exchange", "repair")


def choices(case: Case, after_days: int) -> tuple[str, ...]:
    return choices_of(case, NOW + after_days * DAY)


def test_two_failed_repairs_are_counted() -> None:
    story = under_law(20, "repair")
    for failures, expected in ((1, ("repair",)), (2, ("exchange", "repair"))):
        story.do("agent", "choose_remedy", remedy="repair").do("workshop", "fail_repair", reason="still leaks")
        assert story.case.failed_repairs == failures
        assert choices(story.case, 0) == expected
    assert story.state == "fault_confirmed"


def test_failed_repairs_of_earlier_cases_count_too() -> None:
    story = under_law(20, "repair", earlier=Earlier(failed_repairs=1))
    story.do("agent", "choose_remedy", remedy="repair").do("workshop", "fail_repair", reason="still leaks")
    assert choices(story.case, 0) == ("exchange", "repair")


def test_time_in_repair_runs_from_its_beginning_until_the_goods_leave() -> None:
    story = under_law(5).do("agent", "choose_remedy", remedy="repair", customer_agrees=True)
    for days, role, action, data, so_far in (
        (2, "workshop", "report_shortage", {}, 0),  # a part is missing: it is in repair all the same
        (3, "workshop", "stock_arrived", {}, 0),
        (1, "workshop", "finish_repair", {"report": "new seal"}, 0),
        (1, "warehouse", "ship_back", {"carrier": "sf", "waybill": "S9"}, 7),  # 2 + 3 + 1 + 1
        (2, "courier", "record_delivery", {"outcome": "delivered"}, 7),
    ):
        story.now += days * DAY
        story.do(role, action, **data)
        assert story.case.repair_seconds == so_far * 86_400, action
    assert (story.case.repair_since, story.state) == (None, "resolved")
    assert choices(story.case, 9) == ("refund", "exchange", "repair")  # day 5 + 9 − 7 = 7
    assert choices(story.case, 10) == ("exchange", "repair")  # day 8


def test_time_in_repair_counts_while_it_is_repaired() -> None:
    story = under_law(5).do("agent", "choose_remedy", remedy="repair", customer_agrees=True)
    assert choices(story.case, 2) == ("refund", "exchange", "repair")
    assert choices(story.case, 30) == ("refund", "exchange", "repair"), "the days in repair do not count as his"
    waited = under_law(100).do("agent", "choose_remedy", remedy="repair", customer_agrees=True)
    assert choices(waited.case, 30) == ("repair",)
    assert choices(waited.case, 31) == ("exchange", "repair"), "more than 30 days in repair"


def test_days_in_repair_of_a_repair_that_failed_are_kept() -> None:
    story = under_law(5).do("agent", "choose_remedy", remedy="repair", customer_agrees=True)
    story.now += 4 * DAY
    story.do("workshop", "fail_repair", reason="the board is gone")
    assert (story.case.repair_seconds, story.case.repair_since) == (4 * 86_400, None)
    story.now += DAY
    story.do("agent", "choose_remedy", remedy="repair", customer_agrees=True)
    story.now += DAY
    story.do("workshop", "finish_repair", report="new board").do("warehouse", "ship_back", carrier="sf", waybill="S9")
    assert story.case.repair_seconds == 5 * 86_400  # 4 + 1, not the day between


def test_out_of_stock_turns_an_exchange_into_a_refund() -> None:
    story = under_law(10, "exchange").do("agent", "choose_remedy", remedy="exchange")
    story.do("warehouse", "report_shortage")
    assert choices(story.case, 0) == ("refund", "exchange", "repair")


def test_without_a_law_or_a_date_nothing_can_be_insisted_on() -> None:
    assert choices(returned().case, 0) == ()
    assert choices(Story(rules={"law": THREE_GUARANTEES}).case, 0) == ()
    assert choices(Story(rules={"law": THREE_GUARANTEES}, bare=True).case, 0) == ()
