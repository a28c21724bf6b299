"""Clocks: an append-only log, and the instants computed from it."""

from datetime import UTC, datetime, timedelta

import pytest

from models.clocks import (
    Clock,
    cancelled,
    met,
    next_alarm_at,
    paused,
    pending_alarms,
    restarted,
    resumed,
    started,
    used_seconds,
)
from models.playbook import ClockRule
from models.procedure.playbook_parts import Chain, Level, as_chain
from models.time.arming import armed
from tests.builders import CALENDARS, NOW, WORKING

LEVELS = (
    Level(percent=75, level=0, targets=("owner",)),
    Level(percent=100, level=1, targets=("on_duty", "owner")),
    Level(percent=150, level=2, targets=("supervisor",)),
)
#: A list of levels and no more: once, and then daily.
CHAIN = Chain.model_validate(as_chain(LEVELS))
MINUTE = timedelta(minutes=1)


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of March 2026 in Shanghai; the 6th is a Friday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def clock_at(at: datetime, target: int = 9 * 3600, **rule: object) -> Clock:
    return started(ClockRule.model_validate({"clock": "triage", "target": target, "calendar": "shop", **rule}), 1, at)


def test_a_weekend_costs_only_its_working_minutes_T1() -> None:
    """Friday 17:50 → Monday 10:10 on 9–18: 10 + 70 minutes."""
    assert used_seconds(clock_at(local(6, 17, 50)), WORKING, local(9, 10, 10)) == 80 * 60


@pytest.mark.parametrize(
    ("spans", "used"),
    [
        ([(4, 9, 4, 10)], 3600),
        ([(4, 9, 4, 10), (4, 12, 4, 13)], 7200),  # paused 10–12
        ([(4, 17, 5, 10)], 7200),  # 17–18 and 9–10
        ([(7, 9, 8, 18)], 0),  # a weekend
    ],
)
def test_time_used_is_the_sum_of_the_running_spans_T10(spans: list[tuple[int, int, int, int]], used: int) -> None:
    clock = clock_at(local(*spans[0][:2]))
    for i, (d1, h1, d2, h2) in enumerate(spans):
        clock = resumed(clock, local(d1, h1)) if i else clock
        clock = paused(clock, local(d2, h2))
    assert used_seconds(clock, WORKING, local(20, 12)) == used


def test_a_resumed_clock_is_due_by_what_was_left_T1() -> None:
    clock = paused(clock_at(local(4, 9), target=3 * 3600), local(4, 11))
    assert (clock.due_at, pending_alarms(clock), clock.paused_since) == (None, (), local(4, 11))
    again = armed(resumed(clock, local(6, 17, 30)), CHAIN, CALENDARS)
    assert again.due_at == local(9, 9, 30)  # 30 minutes on Friday, 30 on Monday


def test_warnings_and_levels_are_percents_of_the_target_on_its_calendar_T8() -> None:
    clock = armed(clock_at(local(4, 9), target=4 * 3600), CHAIN, CALENDARS)
    assert [(a.name, a.at) for a in clock.alarms or ()] == [
        ("warning", local(4, 12)),
        ("due", local(4, 13)),
        ("level 1", local(4, 13)),
        ("level 2", local(4, 15)),
    ]


def test_a_customers_clock_reminds_and_does_not_escalate() -> None:
    clock = armed(
        clock_at(local(4, 9), target=7 * 86400, calendar="all_hours", outcome="close", remind=2 * 86400),
        CHAIN,
        CALENDARS,
    )
    assert [(a.name, a.at) for a in clock.alarms or ()] == [("remind", local(9, 9)), ("due", local(11, 9))]


def test_arming_twice_changes_nothing_and_an_unknown_calendar_runs_at_all_hours() -> None:
    clock = armed(clock_at(NOW, calendar="nowhere"), CHAIN, CALENDARS)
    assert armed(clock, CHAIN, {}) is clock
    assert clock.due_at == NOW + timedelta(hours=9)


def test_a_clock_whose_alarms_have_all_rung_comes_back_a_day_later_T12() -> None:
    clock = armed(clock_at(NOW, target=60, calendar="all_hours"), CHAIN, CALENDARS)
    for alarm in clock.alarms or ():
        clock = clock.noted("reached", alarm.at, alarm.name)
    back = armed(resumed(paused(clock, NOW + 2 * MINUTE), NOW + 9 * MINUTE), CHAIN, CALENDARS)
    assert [(a.name, a.at, a.level, a.targets) for a in pending_alarms(back)] == [
        ("again 1", NOW + timedelta(days=1, minutes=9), 2, ("supervisor",))
    ]


def test_a_paused_clock_is_met_when_it_was_paused() -> None:
    clock = met(paused(clock_at(local(4, 9)), local(4, 10)), local(5, 9))
    assert (clock.state, clock.log[-1].at) == ("met", local(4, 10))
    assert cancelled(clock_at(NOW), NOW).alarms == ()


def test_a_new_cycle_ends_the_old_one() -> None:
    rule = ClockRule(clock="callback", target=172800)
    first = started(rule, 1, NOW)
    one, two = restarted((first,), rule, NOW + MINUTE)
    assert (one.state, two.state, two.cycle) == ("met", "running", 2)


def test_the_next_alarm_is_the_earliest_of_all_and_an_acknowledged_one_waits_T8() -> None:
    clocks = [armed(clock_at(NOW, target=t, calendar="all_hours"), CHAIN, CALENDARS) for t in (3600, 600)]
    assert next_alarm_at(clocks) == NOW + timedelta(seconds=450)  # 75 % of ten minutes
    rung = clocks[1].noted("reached", NOW, "warning").noted("breached", NOW, "due")
    assert next_alarm_at([rung], NOW + timedelta(hours=4)) == NOW + timedelta(hours=4)
    assert next_alarm_at([]) is None
