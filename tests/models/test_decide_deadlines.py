"""Deadlines that people move: extended with a reason, counted anew on changed calendars, and reminders (T9, T10)."""

from datetime import timedelta
from typing import Any

import pytest

from models.errors import DataRefused, RoleRefused
from models.lifecycle import State
from tests.builders import DAY, HOUR, NOW
from tests.models.story import Story
from tests.models.test_decide_time import on_a_ten_hour_clock, rang


def log_of(story: Story, clock: str) -> list[tuple[str, str | None, str | None]]:
    """What happened to the last cycle of a clock."""
    entries = next(c for c in reversed(story.case.clocks) if c.clock == clock).log
    return [(entry.what, entry.note, entry.cause) for entry in entries]


def extend(story: Story, **data: Any) -> Story:
    return story.do("manager", "extend", **{"reason": "the supplier answers on Friday", **data})


def test_a_deadline_is_moved_by_seconds_and_its_levels_move_with_it_T12() -> None:
    story = extend(on_a_ten_hour_clock().wait(2 * HOUR), by_seconds=10 * 3600)
    assert story.case.due_at == NOW + 20 * HOUR
    assert log_of(story, "triage")[1:] == [("rebased", "was triage, 36000 s on all_hours", "change")]
    assert rang(story.wait(DAY)) == [("warned", 15), ("breached", 20), ("escalated", 20)]


def test_a_deadline_is_moved_to_an_instant_and_its_target_follows_T12() -> None:
    story = extend(on_a_ten_hour_clock().wait(2 * HOUR), until=(NOW + 40 * HOUR).isoformat())
    clock = story.case.state_clock
    assert clock is not None
    assert (clock.due_at, clock.target) == (NOW + 40 * HOUR, 40 * 3600)
    assert rang(story.wait(40 * HOUR))[0] == ("warned", 30)


def test_a_clock_that_was_moved_and_then_paused_goes_on_with_what_was_left_T1() -> None:
    story = extend(on_a_ten_hour_clock(), until=(NOW + 20 * HOUR).isoformat()).wait(5 * HOUR)
    story.do("agent", "request_evidence").wait(DAY).do("customer", "submit_evidence", text="here")
    assert story.case.due_at == NOW + 29 * HOUR + 15 * HOUR


def test_the_customers_time_is_extended_too_and_the_case_closes_at_its_new_end() -> None:
    story = Story().do("agent", "authorise_return").wait(DAY)
    extend(story, by_seconds=3 * 86400).wait(8 * DAY)
    assert (story.state, rang(story)[-1]) == ("awaiting_return", ("reminded", 8 * 24))
    assert story.wait(DAY).state == "closed"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"until": (NOW + DAY).isoformat(), "by_seconds": 60},
        {"until": (NOW + HOUR).isoformat()},
        {"until": (NOW - HOUR).isoformat()},
        {"until": "2090-01-01T00:00:00Z"},
        {"by_seconds": 0},
        {"by_seconds": 10 * 365 * 86400},
    ],
)
def test_an_extension_is_one_later_time_within_reach(data: dict[str, Any]) -> None:
    with pytest.raises(DataRefused):
        extend(on_a_ten_hour_clock(), **data)


def test_only_a_manager_moves_deadlines() -> None:
    with pytest.raises(RoleRefused):
        Story().do("supervisor", "extend", by_seconds=60, reason="a little more time")


def test_clocks_are_counted_anew_once_for_each_version_of_the_calendars_T10() -> None:
    story = Story().wait(timedelta(minutes=5)).do("agent", "message", text="Hello")
    before = story.case.due_at
    for _ in range(2):
        story.do("manager", "rebase_calendar", version="2026-10")
    assert [what for what, _, _ in log_of(story, "triage")] == ["started", "rebased"]
    assert log_of(story, "triage")[-1] == ("rebased", "calendars 2026-10", "change")
    assert story.case.due_at == before, "the calendars have not changed"
    assert log_of(story, "first_answer")[-1][0] == "met", "a cycle that is over never changes"


@pytest.mark.parametrize(("names", "counted"), [([], True), (["shop_cn"], True), (["uk"], False)])
def test_only_clocks_on_the_calendars_that_changed_are_counted_anew(names: list[str], counted: bool) -> None:
    story = Story().do("system", "rebase_calendar", version="v2", calendars=names)
    assert (log_of(story, "triage")[-1][0] == "rebased") == counted


def test_a_clock_of_all_hours_has_no_calendar_to_change() -> None:
    story = on_a_ten_hour_clock().do("system", "rebase_calendar", version="v2")
    assert [what for what, _, _ in log_of(story, "triage")] == ["started"]


def test_whoever_is_awaited_is_reminded() -> None:
    story = Story().do("agent", "remind", note="he asked twice")
    assert story.told("on_duty") == ["Reminder: he asked twice"]
    story.do("agent", "take").do("supervisor", "remind")
    assert story.told("owner")[-1] == "Reminder: the case waits for the agent."
    story.do("agent", "investigate", check="warehouse").do("system", "remind")
    assert story.told("warehouse")[-1] == "Reminder: the case waits for the warehouse."


def test_a_reminder_to_the_customer_is_a_message_of_ours() -> None:
    story = Story().do("agent", "authorise_return")
    assert story.case.state is State.AWAITING_RETURN
    story.do("customer", "customer_message", text="where to?").do("agent", "remind", note="Shelf 4, Nowhere Lane")
    assert story.told("customer") == ["Reminder: Shelf 4, Nowhere Lane"]
    assert [c.state for c in story.case.clocks if c.clock == "next_answer"] == ["met"]
