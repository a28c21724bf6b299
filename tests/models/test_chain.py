"""The chain of T8: hours of its own, turns, levels with nobody on duty, hand-overs; and why a clock was late (T10)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from models.business_time import Calendar
from models.clocks import next_call_at, pending_alarms, started
from models.decide import skipped
from models.effects import Unheard
from models.errors import DataRefused
from models.playbook import ClockRule
from models.time.arming import Calling, armed, next_call
from tests.builders import DAY, HOUR, NOW
from tests.models.story import Story, procedure
from tests.models.test_decide_time import TEN_HOURS, on_a_ten_hour_clock, rang
from tests.shipped import shipped

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVENING = (("20:00", "21:00"),)


def a_rule(hours: int) -> ClockRule:
    return ClockRule(clock="triage", target=hours * 3600, calendar="all_hours", outcome="escalate")


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of March 2026 in Shanghai; the 4th, on which the cases begin at 10:00, is a Wednesday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def at_all_hours(hours: int, severity: str | None = None, **chain: Any) -> Story:
    """A case whose first clock never sleeps, on the shipped chain, which calls nobody at night."""
    shipped = procedure().model_dump()
    clocks = {**shipped["clocks"], "requested": {**TEN_HOURS, "target": hours * 3600}}
    rules = {"clocks": clocks, "first_answer": None, "escalation": {**shipped["escalation"], **chain}}
    return Story(rules=rules, severity=severity)


def when(story: Story, *facts: str) -> list[datetime]:
    return [entry.at for entry in story.effects.entries if entry.action in facts]


def test_a_deadline_of_the_night_is_known_at_once_and_calls_people_in_the_morning_an_hour_apart_T8() -> None:
    """Due at 22:00, 50 % are six hours: levels 2 and 3 would ring at 04:00 and 10:00, the first two of them at 9:00."""
    story = at_all_hours(12).wait(DAY)
    assert when(story, "breached") == [shanghai(4, 22)]
    assert when(story, "escalated") == [shanghai(5, 9), shanghai(5, 10)]
    assert [e.data["noticed_late"] for e in story.effects.entries if e.action == "escalated"] == [False, False]
    assert when(story.wait(2 * HOUR), "escalated")[2:] == [shanghai(5, 11)]


def test_a_critical_case_calls_at_any_hour_T8() -> None:
    story = at_all_hours(12, "critical").wait(DAY)
    assert when(story, "escalated") == [shanghai(4, 22), shanghai(5, 4), shanghai(5, 10)]


def test_a_case_that_becomes_critical_at_night_calls_from_then_on() -> None:
    story = at_all_hours(12).wait(13 * HOUR)
    assert when(story, "escalated") == []
    story.do("agent", "set_severity", severity="critical")
    assert story.case.alarm_at == shanghai(4, 22), "it has been due for an hour"
    assert when(story.wait(timedelta(0)), "escalated") == [shanghai(4, 23)]


def test_a_warning_of_the_night_comes_the_evening_before() -> None:
    """Due at 06:00, 75 % at 01:00: at nine it would be too late."""
    assert when(at_all_hours(20).wait(DAY), "warned") == [shanghai(4, 21)]


def test_working_clocks_climb_by_their_own_percents_and_never_more_than_a_day_apart_in_later_turns() -> None:
    story = Story().do("agent", "message", text="Hello").wait(12 * DAY)
    climbed = [entry.at for entry in story.effects.entries if entry.action == "escalated"]
    assert len(climbed) >= 12
    assert all(timedelta(hours=1) <= b - a <= DAY for a, b in pairwise(climbed[2:]))
    local = [(at + timedelta(hours=8)).hour for at in climbed]
    assert all(9 <= hour <= 21 for hour in local)


def test_levels_may_wait_for_one_another_instead_of_counting_percents() -> None:
    levels = [
        {"level": 1, "wait": 600, "targets": ["on_duty"], "channels": ["phone"]},
        {"level": 2, "wait": 1800, "targets": ["manager"]},
    ]
    story = on_a_ten_hour_clock(levels=levels, repeat=1).wait(12 * HOUR)
    minutes = [round((hour - 10) * 60) for what, hour in rang(story) if what == "escalated"]
    assert minutes == [10, 40, 50, 80]
    assert {m.channels for m in story.effects.messages if m.to == "on_duty"} == {("phone",)}


def test_each_alarm_is_one_fact_of_its_clock_cycle_and_turn_T10() -> None:
    story = Story().wait(40 * DAY)
    facts = [
        (e.data["clock"], e.data["cycle"], e.data["alarm"]) for e in story.effects.entries if "noticed_late" in e.data
    ]
    assert len(facts) == len(set(facts)) > 50


def test_a_pause_in_a_later_turn_goes_on_with_that_turn_T1() -> None:
    story = on_a_ten_hour_clock().wait(26 * HOUR).do("agent", "request_evidence").wait(DAY)
    story.do("customer", "submit_evidence", text="here").wait(DAY)
    names = [e.data["alarm"] for e in story.effects.entries if e.action == "escalated"]
    assert names[:5] == ["level 1", "level 2", "level 3", "round 2 level 1", "round 2 level 2"]
    assert len(names) == len(set(names))


# ── nobody on duty ──


def unheard(alarm: str, clock: str | None = "triage", cycle: int = 1) -> Unheard:
    return Unheard(clock=clock, cycle=cycle if clock else 0, alarm=alarm)


def test_a_level_with_nobody_on_duty_is_skipped_at_once_T8() -> None:
    story = on_a_ten_hour_clock().wait(10 * HOUR)
    decision = skipped(story.case, [unheard("level 1")], story.now)
    assert [entry.action for entry in decision.effects.entries] == ["skipped", "escalated"]
    assert [message.to for message in decision.effects.messages] == ["supervisor"]
    assert decision.case.escalation == 2
    story._take(decision)
    assert [hour for what, hour in rang(story.wait(11 * HOUR)) if what == "escalated"] == [10, 10, 20]


def test_after_the_last_level_nobody_is_left_and_the_next_turn_comes_at_its_time() -> None:
    story = on_a_ten_hour_clock().wait(20 * HOUR)
    story._take(skipped(story.case, [unheard("level 3")], story.now))
    assert story.happened[-1] == "skipped"
    assert story.happened.count("escalated") == 3
    assert story.case.alarm_at == NOW + 25 * HOUR


@pytest.mark.parametrize("alarm", [unheard("level 2"), unheard("level 1", "first_answer"), unheard("level 1", cycle=9)])
def test_an_alarm_that_never_rang_or_of_a_clock_that_is_over_is_not_skipped(alarm: Unheard) -> None:
    story = on_a_ten_hour_clock().wait(10 * HOUR)
    assert skipped(story.case, [alarm], story.now).repeated


def test_an_upset_customer_is_handed_to_the_supervisor_at_once_T8() -> None:
    story = on_a_ten_hour_clock().wait(16 * HOUR)
    assert story.case.escalation == 2
    before = len(story.told("supervisor"))
    story.do("agent", "escalate", reason="he shouts", to="supervisor")
    assert story.told("supervisor")[before:] == ["he shouts"]
    assert story.case.escalation == 2, "it has been there already"
    with pytest.raises(DataRefused):
        story.do("agent", "escalate", reason="he shouts", to="li")


def test_what_is_handed_up_to_nobody_goes_to_the_next_above() -> None:
    story = on_a_ten_hour_clock().do("agent", "escalate", reason="he shouts")
    story._take(skipped(story.case, [unheard("supervisor", None)], story.now))
    assert (story.case.escalation, len(story.told("manager"))) == (2, 1)
    story._take(skipped(story.case, [unheard("director", None)], story.now))
    assert story.happened[-1] == "skipped"


# ── causes, terms, cycles (T10) ──


def by_priority(**over: Any) -> Story:
    """A clock of ten hours, of five for what is urgent and of two for what is critical."""
    shipped = procedure().model_dump()
    rule = {**TEN_HOURS, "by_priority": {"urgent": 5 * 3600}, "by_severity": {"critical": 2 * 3600}, **over}
    always = {**shipped["escalation"], "calendar": "all_hours", "team": "all_hours"}
    clocks = {**shipped["clocks"], "requested": rule}
    return Story(rules={"clocks": clocks, "first_answer": None, "escalation": always})


def causes(story: Story) -> list[tuple[str, str, bool]]:
    kept = [e for e in story.effects.entries if e.action in ("warned", "breached", "escalated")]
    return [(e.data["alarm"], e.data["cause"], e.data["noticed_late"]) for e in kept]


def test_a_priority_raised_past_its_new_target_is_late_by_the_change_and_once_T10() -> None:
    """60 % of ten hours are 120 % of five."""
    story = by_priority().wait(6 * HOUR).do("agent", "set_priority", priority="urgent").wait(timedelta(minutes=1))
    assert causes(story) == [("warning", "change", False), ("due", "change", False), ("level 1", "change", False)]
    breaches = [entry for entry in story.case.clocks[0].log if entry.what == "breached"]
    assert [(entry.cause, entry.late) for entry in breaches] == [("change", False)]
    story.wait(2 * HOUR)
    assert causes(story)[3:] == [("level 2", "delay", False)]
    story.do("agent", "set_priority", priority="low").do("agent", "set_priority", priority="urgent").wait(DAY)
    assert [alarm for alarm, _, _ in causes(story)].count("due") == 1, "a breach is a fact of its cycle"


def test_time_used_is_carried_over_to_the_target_of_another_priority_and_severity_T10() -> None:
    story = by_priority().wait(HOUR).do("agent", "set_priority", priority="urgent")
    assert story.case.due_at == NOW + 5 * HOUR
    story.do("agent", "set_severity", severity="critical")
    assert story.case.due_at == NOW + 2 * HOUR, "the shortest that holds"
    story.do("agent", "set_severity", severity="minor").do("agent", "set_priority", priority="normal")
    assert story.case.due_at == NOW + 10 * HOUR


def test_a_clock_that_starts_later_has_the_length_of_the_cases_priority() -> None:
    story = by_priority().do("agent", "set_priority", priority="urgent").do("agent", "investigate", check="warehouse")
    story.wait(HOUR).do("warehouse", "report_finding", finding="on_shelf")
    assert story.case.due_at == story.now + 5 * HOUR


def test_the_log_says_what_was_applied_T10() -> None:
    story = by_priority().wait(HOUR).do("agent", "set_priority", priority="urgent")
    policies = [entry.policy for entry in story.case.clocks[0].log if entry.policy]
    version = story.case.procedure.version
    assert [(p.target, p.calendar, p.version) for p in policies] == [
        (36000, "all_hours", version),
        (18000, "all_hours", version),
    ]


@pytest.mark.parametrize(("reopen", "left"), [("new", 10), ("resume", 6)])
def test_a_case_that_is_opened_again_has_a_new_cycle_or_goes_on_as_its_clock_says_T10(reopen: str, left: int) -> None:
    story = by_priority(reopen=reopen).wait(4 * HOUR).do("agent", "reject", reason="too late")
    first = story.case.clocks[0]
    story.wait(DAY).do("agent", "reopen", reason="a new photo")
    assert story.case.due_at == story.now + left * HOUR
    assert story.case.clocks[0] == first, "cycles that are over never change"
    assert story.case.clocks[-1].cycle == 2


def test_a_cycle_that_begins_with_all_its_time_used_is_late_by_the_reopening() -> None:
    story = by_priority(reopen="resume").wait(11 * HOUR).do("agent", "reject", reason="too late").wait(DAY)
    story.do("agent", "reopen", reason="a new photo").wait(timedelta(minutes=1))
    assert causes(story)[-3:] == [("warning", "change", False), ("due", "change", False), ("level 1", "change", False)]


def test_a_deadline_extended_after_its_chain_ran_out_is_quiet_until_the_new_one() -> None:
    story = on_a_ten_hour_clock(repeat=0).wait(30 * HOUR)
    story.do("manager", "extend", until=(NOW + 80 * HOUR).isoformat(), reason="the supplier is on holiday")
    assert [hour for what, hour in rang(story.wait(3 * DAY)) if what == "escalated"][3:] == [80]


def test_two_thresholds_in_one_second_are_two_facts_in_their_order_T10() -> None:
    levels = [{"level": 1, "percent": 100, "targets": ["owner"]}, {"level": 2, "percent": 101, "targets": ["manager"]}]
    shipped = procedure().model_dump()
    clocks = {**shipped["clocks"], "requested": {**TEN_HOURS, "target": 60}}
    rules = {"clocks": clocks, "first_answer": None, "escalation": {"levels": levels, "repeat": 0}}
    story = Story(rules=rules).wait(timedelta(seconds=61))
    assert [alarm for alarm, _, _ in causes(story)] == ["due", "level 1", "level 2"]


@pytest.mark.parametrize("acknowledges", [False, True])
@pytest.mark.parametrize("due_in", [2, 12, 40])
def test_the_next_call_that_a_preview_foresees_is_the_one_that_is_armed_T10(due_in: int, acknowledges: bool) -> None:
    """At every step through the turns of the chain, also where its hours change in between."""
    evening = Calendar.model_validate({"timezone": "Asia/Shanghai", "weekly": dict.fromkeys(DAYS, EVENING)})
    for calendars in (shipped().calendars, {**shipped().calendars, "escalation_cn": evening}):
        chain, quiet = procedure().escalation, None
        clock = armed(started(a_rule(due_in), 1, NOW), chain, calendars)
        foreseen: list[datetime] = []
        for step in range(16):
            foreseen.append(next_call(Calling(clock, chain, None, NOW, 0, quiet), calendars))
            clock = armed(clock.model_copy(update={"alarms": None}), chain, calendars, None, quiet)
            assert next_call_at(clock) == foreseen[-1], f"step {step}"
            rings = min(pending_alarms(clock), key=lambda alarm: alarm.at)
            clock = clock.noted("breached" if rings.name == "due" else "reached", rings.at, rings.name)
            quiet = rings.at + 4 * HOUR if acknowledges and step == 5 else quiet
        assert foreseen == sorted(foreseen)
