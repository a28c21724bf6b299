"""Reasons to be stuck as facts with their times, and as sentences with their numbers (T12, T14)."""

import itertools
from datetime import datetime
from typing import Any

import pytest

from models.case import Case
from models.clocks import PROMISE, started
from models.lifecycle import State
from models.oversight.stuck import BEGINNING, BIT, END_OF_TIME, REASONS, Held, Times, held, mask_of, named, spans
from models.oversight.stuck_words import Seen, lasting, why
from models.playbook import ClockRule
from store import projection
from tests.builders import CALENDARS, DAY, HOUR, NOW, a_case

NOTHING = Times(due_soon_at=None, silent_at=None, chain_exhausted=False)


def facts(**over: Any) -> dict[str, tuple[datetime | None, datetime]]:
    case = projection.arm(a_case(owner="li", **over), CALENDARS)
    return {fact.reason: (fact.since, fact.until) for fact in held(case, projection.times_of(case, CALENDARS))}


def test_what_will_be_is_known_when_the_clock_is_armed() -> None:
    """One working day from Wednesday 10:00: due soon at 16:45, due Thursday 10:00, silent Friday 10:00."""
    assert facts() == {
        "due_soon": (NOW + 6.75 * HOUR, NOW + 24 * HOUR),
        "overdue": (NOW + 24 * HOUR, END_OF_TIME),
        "silent": (NOW + 48 * HOUR, END_OF_TIME),
    }


def test_an_acknowledged_escalation_counts_again_when_the_acknowledgement_runs_out() -> None:
    assert facts(escalation=2, acknowledged_until=NOW + 4 * HOUR)["escalated_unacked"] == (NOW + 4 * HOUR, END_OF_TIME)


def test_a_promise_is_missed_from_the_minute_it_was_made_for() -> None:
    """T14: "I ask the specialist and call you at 16:00"."""
    rule = ClockRule(clock=PROMISE, target=6 * 3600)
    case = a_case()
    with_promise: Case = case.model_copy(update={"clocks": (*case.clocks, started(rule, 1, NOW, apart=True))})
    armed = projection.arm(with_promise, CALENDARS)
    found = {fact.reason: fact.since for fact in held(armed, projection.times_of(armed, CALENDARS))}
    assert found["promise_missed"] == NOW + 6 * HOUR


def test_a_case_without_a_clock_waits_for_the_customer_without_end_and_is_an_alarm() -> None:
    found = facts(state=State.AWAITING_RETURN, clocks=())
    assert found == {"over_waiting": (None, END_OF_TIME), "no_timer": (None, END_OF_TIME)}


def test_a_closed_case_has_no_reason_at_all() -> None:
    assert held(a_case(state=State.CLOSED, owner=None, escalation=3), NOTHING) == ()


def test_spans_say_at_every_instant_what_the_facts_say() -> None:
    told = (
        Held(reason="due_soon", since=NOW + HOUR, until=NOW + 2 * HOUR),
        Held(reason="overdue", since=NOW + 2 * HOUR),
        Held(reason="no_owner", since=None),
    )
    line = spans(told)
    assert (line[0].since, line[-1].until) == (BEGINNING, END_OF_TIME)
    assert all(before.until == after.since for before, after in itertools.pairwise(line))
    assert [(named(span.mask)) for span in line] == [("no_owner",), ("due_soon", "no_owner"), ("overdue", "no_owner")]


def test_what_was_over_when_somebody_acted_last_is_left_out() -> None:
    told = (
        Held(reason="due_soon", since=NOW - 2 * HOUR, until=NOW - HOUR),
        Held(reason="overdue", since=NOW - HOUR),
        Held(reason="silent", since=NOW + HOUR),
    )
    line = spans(told, NOW)
    assert [(span.since, named(span.mask)) for span in line] == [
        (BEGINNING, ("overdue",)),
        (NOW + HOUR, ("overdue", "silent")),
    ]


def test_no_reason_is_a_line_too() -> None:
    (only,) = spans(())
    assert (only.since, only.until, only.mask) == (BEGINNING, END_OF_TIME, 0)


def test_a_reason_keeps_its_bit_for_ever_because_databases_hold_it() -> None:
    assert REASONS[:13] == (
        *("overdue", "due_soon", "no_owner", "owner_away", "silent", "over_waiting", "callback_missed", "bouncing"),
        *("escalated_unacked", "chain_exhausted", "step_failing", "no_timer", "promise_missed"),
    )
    assert [BIT[reason] for reason in REASONS] == [2**place for place in range(len(REASONS))]
    assert mask_of(()) == sum(BIT.values())
    assert mask_of(("silent", "silent")) == BIT["silent"]


@pytest.mark.parametrize(
    ("span", "zh", "en"),
    [
        (0 * HOUR, "0 分钟", "0 min"),
        (HOUR * 2.5, "2 小时 30 分", "2 h 30 min"),
        (DAY * 3 + HOUR * 4.9, "3 天 4 小时", "3 d 4 h"),
        (-HOUR, "0 分钟", "0 min"),
    ],
)
def test_how_long_is_said_as_people_say_it(span: Any, zh: str, en: str) -> None:
    assert lasting(span) == (zh, en)


SEEN: dict[str, Any] = {
    "state": "requested",
    "waiting_for": "customer",
    "owner": "li",
    "due_at": NOW,
    "opened_at": NOW - 9 * DAY,
    "escalation": 2,
    "reassigned": 4,
    "reopened": 1,
    "callback_misses": 0,
    "failing_step": "close",
    "last_acted_at": NOW - 3 * DAY,
    "back": NOW + 14 * HOUR,
}


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("overdue", "The deadline passed 2 h 0 min ago; the customer is awaited."),
        ("owner_away", "li is off duty and back in 14 h 0 min, which is after the deadline."),
        ("silent", "nobody has acted for 3 d 0 h"),
        ("bouncing", "reassigned 4 times and reopened 1 times"),
        ("escalated_unacked", "level 2"),
        ("step_failing", "'close' has been failing for 2 h 0 min"),
    ],
)
def test_a_reason_says_its_numbers(reason: str, words: str) -> None:
    assert words in why(reason, NOW - 2 * HOUR, Seen(**SEEN), NOW).en


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("over", [{}, {"due_at": None, "owner": None, "back": None, "callback_misses": 2}])
def test_every_reason_has_a_sentence_in_both_languages(reason: str, over: dict[str, Any]) -> None:
    told = why(reason, NOW, Seen(**{**SEEN, **over}), NOW)
    assert told.zh.endswith("。")
    assert told.en.endswith(".")
