"""The passing of time: reminders, warnings, levels, ends, pauses, and what was noticed late."""

from datetime import timedelta
from typing import Any

import pytest

from models.decide import pass_time
from tests.builders import DAY, HOUR, NOW
from tests.models.story import Story, confirmed, procedure, returned

#: A triage clock of ten hours that never sleeps, so that its percents are whole hours and a half.
TEN_HOURS = {"clock": "triage", "target": 36000, "calendar": "all_hours", "outcome": "escalate"}


def on_a_ten_hour_clock(**chain: Any) -> Story:
    shipped = procedure().model_dump()
    clocks = {**shipped["clocks"], "requested": TEN_HOURS}
    always = {**shipped["escalation"], "calendar": "all_hours", "team": "all_hours", **chain}
    return Story(rules={"clocks": clocks, "first_answer": None, "escalation": always})


def rang(story: Story) -> list[tuple[str, float]]:
    """What the clocks brought about, and after how many hours."""
    facts = ("warned", "reminded", "breached", "escalated", "refused", "search_opened")
    return [(e.action, (e.at - NOW) / HOUR) for e in story.effects.entries if e.action in facts]


def test_nothing_is_due_yet() -> None:
    assert pass_time(Story().case, NOW) is None


def test_levels_at_75_100_150_and_200_percent_three_times_more_and_then_daily_T8() -> None:
    story = on_a_ten_hour_clock().wait(5 * DAY)
    turns = [10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65]  # in steps of half the target
    daily = [89, 113]
    assert rang(story) == [("warned", 7.5), ("breached", 10), *(("escalated", hour) for hour in (*turns, *daily))]
    assert story.case.escalation == 3
    assert len(story.told("supervisor")) == 4
    assert len(story.told("manager")) == 4 + 2
    assert story.case.alarm_at == NOW + 137 * HOUR


def test_a_list_of_levels_runs_once_and_then_daily() -> None:
    """The form of playbooks before the chain had hours and turns: cases that were opened with it keep it."""
    levels = procedure().model_dump()["escalation"]["levels"]
    clocks = {**procedure().model_dump()["clocks"], "requested": TEN_HOURS}
    story = Story(rules={"clocks": clocks, "first_answer": None, "escalation": levels}).wait(3 * DAY)
    hours = [hour for what, hour in rang(story) if what == "escalated"]
    assert hours == [10, 15, 20, 44, 68]
    assert len(story.told("manager")) == 3  # at 200 %, and a day and two days later


def test_what_fell_due_while_nobody_looked_is_noticed_late_and_once_T10() -> None:
    story = on_a_ten_hour_clock()
    story.now = NOW + 16 * HOUR
    story.look()
    late = [(e.action, e.data["noticed_late"]) for e in story.effects.entries if "noticed_late" in e.data]
    assert late == [("warned", True), ("breached", True), ("escalated", True), ("escalated", True)]
    assert pass_time(story.case, story.now) is None
    assert [e.late for e in story.case.clocks[0].log[1:]] == [True] * 4
    story.wait(4 * HOUR)
    assert story.effects.entries[-1].data["noticed_late"] is False


@pytest.mark.parametrize(("seconds", "late"), [(0, False), (2, False), (12, True)])
def test_a_short_stop_over_a_deadline_is_late_and_a_busy_moment_is_not_T10(seconds: int, late: bool) -> None:
    story = on_a_ten_hour_clock()
    story.now = NOW + 7.5 * HOUR + timedelta(seconds=seconds)
    story.look()
    assert [(e.action, e.data["noticed_late"]) for e in story.effects.entries[-1:]] == [("warned", late)]


def test_an_acknowledged_chain_stands_still_for_four_hours_and_then_the_same_level_comes_back_T8() -> None:
    story = on_a_ten_hour_clock().wait(14 * HOUR)
    story.do("agent", "acknowledge").wait(3.9 * HOUR)
    assert story.case.escalation == 1, "level 2 was due an hour after it was acknowledged"
    before = len(story.told("on_duty"))
    story.wait(0.1 * HOUR)
    assert (story.case.escalation, rang(story)[-1]) == (1, ("escalated", 18))
    assert len(story.told("on_duty")) == before + 1, "to whoever is on duty by then"
    assert story.effects.entries[-1].data["noticed_late"] is False, "it was held back, not overlooked"
    assert [hour for what, hour in rang(story.wait(DAY)) if what == "escalated"][:4] == [10, 18, 23, 28]


def test_in_a_list_of_levels_the_next_one_comes_when_the_quiet_time_is_over() -> None:
    levels = procedure().model_dump()["escalation"]["levels"]
    clocks = {**procedure().model_dump()["clocks"], "requested": TEN_HOURS}
    story = Story(rules={"clocks": clocks, "first_answer": None, "escalation": levels}).wait(14 * HOUR)
    story.do("agent", "acknowledge").wait(4 * HOUR)
    assert (story.case.escalation, rang(story)[-1]) == (2, ("escalated", 18))


def test_an_acknowledgement_is_counted_in_the_teams_working_time_T8() -> None:
    """At 14 hours it is midnight: four hours of shop_cn end at 13:30."""
    story = on_a_ten_hour_clock(team="shop_cn").wait(14 * HOUR).do("agent", "acknowledge")
    assert story.case.acknowledged_until == NOW + 14 * HOUR + timedelta(hours=13, minutes=30)


def test_a_level_may_have_a_quiet_time_of_its_own() -> None:
    chain = procedure().model_dump()["escalation"]["levels"]
    chain[1]["acknowledge"] = 3600
    story = on_a_ten_hour_clock(levels=chain).wait(11 * HOUR).do("agent", "acknowledge").wait(HOUR)
    assert rang(story)[-1] == ("escalated", 12)


def test_our_clock_pauses_while_the_customer_has_the_word_and_goes_on_where_it_stood_T1() -> None:
    story = on_a_ten_hour_clock().wait(6 * HOUR).do("agent", "make_offer", amount="5.00").wait(20 * HOUR)
    assert rang(story) == []
    story.do("customer", "decline_offer", counter="9.00")
    assert story.case.due_at == NOW + 30 * HOUR  # 26 h + the 4 h that were left
    assert story.wait(9 * HOUR).case.escalation == 2  # 100 % at 30 h, 150 % at 35 h; 200 % would be at 40 h
    assert [c.cycle for c in story.case.clocks if c.clock == "triage"] == [1]


def test_a_clock_that_had_said_all_before_its_pause_still_comes_back_T12() -> None:
    story = on_a_ten_hour_clock().wait(21 * HOUR).do("agent", "make_offer", amount="5.00")
    story.do("customer", "decline_offer", counter="9.00")
    assert story.case.alarm_at is not None
    assert story.wait(2 * DAY).happened[-1] == "escalated"


def test_the_first_answer_is_met_by_the_first_thing_that_reaches_the_customer_T2() -> None:
    late = Story().wait(HOUR)
    assert "first_answer ran out." in [e.note for e in late.effects.entries]
    prompt = Story().do("agent", "message", text="Hello").wait(HOUR)
    assert "first_answer ran out." not in [e.note for e in prompt.effects.entries]


# ── what the end of a clock does ──


def test_a_customer_who_never_ships_is_reminded_and_the_case_closes_itself() -> None:
    story = Story().do("agent", "authorise_return").wait(5 * DAY)
    assert rang(story)[-1] == ("reminded", 5 * 24)
    assert story.told("customer") == ["return_shipped ends soon."]
    assert story.wait(2 * DAY).state == "closed"
    assert (story.case.closed_by, story.case.alarm_at) == ("system", None)


def test_a_parcel_that_does_not_come_is_searched_for_and_escalates_G14() -> None:
    story = Story().do("agent", "authorise_return").do("customer", "ship_return", carrier="sf", waybill="S1")
    story.wait(11 * DAY)
    assert story.state == "return_in_transit"
    assert story.happened.count("search_opened") == 1
    assert story.case.escalation == 3
    assert story.do("warehouse", "book_in").state == "received"


def test_an_unreachable_customer_is_tried_three_times_and_the_case_closes_T5() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="refund").pay_all()
    start = story.now
    story.wait(2 * DAY)
    assert (story.state, story.case.callback_misses, story.case.escalation) == ("resolved", 1, 0)
    story.wait(4 * DAY)
    assert (story.state, story.case.closed_at) == ("closed", start + 6 * DAY)


def test_what_a_rule_forbids_now_is_tried_again_every_day() -> None:
    """The invoice is still open (G9): the case cannot close itself, says so, and closes once it can."""
    story = confirmed(facts={"has_invoice": True}).do("agent", "choose_remedy", remedy="refund").pay_all()
    story.wait(7 * DAY)
    assert (story.state, story.case.failing_step) == ("resolved", "miss_callback")
    assert any("invoice" in told for told in story.told("owner"))
    story.do("finance", "settle_invoice", result="credited").wait(4 * DAY)
    assert story.state == "closed"


def with_a_failing_step() -> Story:
    story = confirmed(facts={"has_invoice": True}).do("agent", "choose_remedy", remedy="refund").pay_all()
    return story.wait(7 * DAY)


def test_a_failing_step_that_is_tried_again_does_what_it_can_and_says_nothing_twice_T12() -> None:
    story = with_a_failing_step()
    told = len(story.told("owner"))
    story.do("system", "retry")
    assert (story.state, story.case.failing_step, len(story.told("owner"))) == ("resolved", "miss_callback", told)
    story.do("finance", "settle_invoice", result="credited").do("system", "retry")
    assert (story.state, story.case.failing_step, story.case.closed_by) == ("closed", None, "system")


def test_a_step_whose_deadline_was_moved_meanwhile_is_not_taken_early() -> None:
    story = with_a_failing_step().do("finance", "settle_invoice", result="credited")
    story.do("manager", "extend", by_seconds=30 * 86400, reason="the customer is abroad").do("agent", "retry")
    assert (story.state, story.case.failing_step) == ("resolved", None)


@pytest.mark.parametrize("outcome", ["close", "decline", "try_again"])
def test_an_outcome_that_fits_no_action_here_still_comes_back_T12(outcome: str) -> None:
    """A playbook may name an outcome that leads nowhere; the case is not forgotten for it."""
    clocks = {**procedure().model_dump()["clocks"], "received": {**TEN_HOURS, "clock": "look", "outcome": outcome}}
    story = returned(rules={"clocks": clocks}).wait(5 * DAY)
    assert story.state == "received"
    assert story.case.alarm_at is not None
    assert story.case.alarm_at > story.now


def test_a_year_without_anybody_never_leaves_an_open_case_without_an_alarm() -> None:
    story = Story().wait(365 * DAY)
    assert story.case.alarm_at is not None
    assert story.case.alarm_at <= story.now + DAY
