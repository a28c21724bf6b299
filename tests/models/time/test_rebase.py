"""What a change of calendars would do to running clocks, counted from the columns that SQL keeps of them (T10)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.business_time import Calendar
from models.clocks import Clock, paused, recounted, resumed, started
from models.playbook import ALL_HOURS, Chain, ClockRule
from models.procedure.playbook_parts import Level
from models.time.arming import armed
from models.time.rebase import Moved, RunningClock, due_under, moved, preview_of
from tests.builders import CALENDARS, HOUR, NOW, WORKING
from tests.models.test_business_time_properties import MOMENTS, calendars

CHAIN = Chain(levels=(Level(level=0, percent=75, targets=("owner",)),))
#: The shop's calendar with Thursday, 5 March 2026 free; NOW is Wednesday the 4th, 10:00, on 9 to 18.
THURSDAY_FREE = Calendar.model_validate({**WORKING.model_dump(mode="json"), "holidays": ["2026-03-05"]})


def row_of(clock: Clock, case_no: str = "AC-26-000001") -> RunningClock:
    """A clock as its row has it."""
    since = next(entry.at for entry in reversed(clock.log) if entry.what in ("started", "resumed"))
    return RunningClock(
        case_no=case_no,
        clock=clock.clock,
        cycle=clock.cycle,
        calendar=clock.calendar,
        target=clock.target,
        due_at=clock.due_at,
        running_since=since,
        log=[[int(entry.at.timestamp()), entry.what, entry.note] for entry in clock.log],
        due_by="until" if clock.until else "closing" if clock.to_closing else None,
    )


def a_clock(target: int = 9 * 3600, calendar: str = "shop", **more: Any) -> Clock:
    clock = started(ClockRule(clock="triage", target=target, calendar=calendar), 1, NOW, **more)
    return armed(clock, CHAIN, CALENDARS)


@pytest.mark.parametrize(
    ("target", "becomes"),
    [
        (8 * 3600, timedelta(hours=8)),  # due on Wednesday at 18:00, before the free day
        (9 * 3600, timedelta(days=2)),  # due on Thursday at 10:00, now on Friday at 10:00
        (18 * 3600, timedelta(days=5)),  # due on Friday at 10:00, now on Monday
    ],
)
def test_a_holiday_added_tomorrow_moves_what_is_due_after_it_by_a_day(target: int, becomes: timedelta) -> None:
    assert due_under(row_of(a_clock(target)), THURSDAY_FREE) == NOW + becomes


def test_an_instant_that_somebody_set_is_no_calendars_business() -> None:
    until = NOW + 30 * HOUR
    clock = armed(a_clock().changed(NOW, until=until), CHAIN, CALENDARS)
    assert clock.due_at == until
    assert due_under(row_of(clock), THURSDAY_FREE) == until


def test_the_end_of_the_working_day_is_that_of_the_other_calendar() -> None:
    late = {day: [["09:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    longer = Calendar.model_validate({**WORKING.model_dump(mode="json"), "weekly": late})
    clock = a_clock(to_closing=True)
    assert clock.due_at == NOW + 8 * HOUR
    assert due_under(row_of(clock), longer) == NOW + 10 * HOUR


@settings(deadline=None)
@given(calendars(), calendars(), MOMENTS, st.lists(st.integers(1, 5 * 86_400), max_size=4), st.integers(1, 20 * 86_400))
def test_the_preview_is_what_the_commit_will_count(
    old: Calendar, new: Calendar, start: datetime, spans: list[int], target: int
) -> None:
    """Whatever pauses a clock had, and whichever calendars: the row is enough to tell what will come of it."""
    before, after = ({"shop": one, ALL_HOURS: Calendar.always()} for one in (old, new))
    clock = armed(started(ClockRule(clock="triage", target=target, calendar="shop"), 1, start), CHAIN, before)
    at = start
    for number, span in enumerate(spans):
        at += timedelta(seconds=span)
        clock = paused(clock, at) if number % 2 == 0 else armed(resumed(clock, at), CHAIN, before)
    if clock.state == "paused":
        clock = armed(resumed(clock, at), CHAIN, before)
    done = armed(recounted(clock, "another", frozenset(), at), CHAIN, after)
    assert due_under(row_of(clock), new) == done.due_at


def test_the_mark_of_a_calendar_is_that_of_its_open_hours() -> None:
    """Dates in one range or one by one are the same calendar; another day is another."""
    written = WORKING.model_dump(mode="json")
    ranged = Calendar.model_validate({**written, "holidays": [{"from": "2026-03-05", "to": "2026-03-07"}]})
    listed = Calendar.model_validate({**written, "holidays": ["2026-03-06", "2026-03-07", "2026-03-05"]})
    assert ranged.fingerprint == listed.fingerprint
    assert len({one.fingerprint for one in (WORKING, ranged, THURSDAY_FREE, Calendar.always())}) == 4


# ── the sums ──────────────────────────────────────────────────────────────────────────────────────


def a_move(case_no: str, hours: float, due_in: float = 5, clock: str = "triage", breached: bool = False) -> Moved:
    """A clock that is due in so many hours and would move by so many."""
    due = NOW + due_in * HOUR
    row = row_of(a_clock())._replace(case_no=case_no, clock=clock, due_at=due, breached=breached)
    becomes = due + hours * HOUR
    fixed = Calendar.always()
    row = row._replace(target=round((becomes - NOW).total_seconds()) or 1, running_since=NOW)
    if becomes <= NOW:
        row = row._replace(running_since=becomes - HOUR, target=3600)
    return moved(row, fixed, NOW)


def test_the_sums_are_by_case_and_by_clock() -> None:
    moves = [
        a_move("A", -1),  # earlier
        a_move("B", -1),  # earlier by its triage, later by its update: it counts as earlier
        a_move("B", 2, clock="customer_update"),
        a_move("C", 3),
        a_move("D", 0),
        a_move("E", -6),  # was due in 5 hours, is due an hour ago
        a_move("F", -1, due_in=-2),  # overdue already: not by this change
        a_move("G", -6, breached=True),
    ]
    found = preview_of(moves, {"shop": "v2"}, NOW)
    assert found.cases.model_dump() == {"open": 7, "earlier": 5, "later": 1, "same": 1, "overdue_at_once": 1}
    assert found.by_clock["customer_update"].later == 1
    assert [one.case_no for one in found.overdue] == ["E"]
    assert found.sentence == "7 open cases: 5 earlier, 1 later, 1 as before, 1 overdue at once"


def test_every_difference_makes_another_id() -> None:
    moves = [a_move("A", -1), a_move("B", 2)]
    ids = {
        preview_of(moves, {"shop": "v2"}, NOW).id,
        preview_of(moves, {"shop": "v3"}, NOW).id,  # another calendar
        preview_of(moves[:1], {"shop": "v2"}, NOW).id,  # a case was closed
        preview_of([moves[0], a_move("B", 3)], {"shop": "v2"}, NOW).id,  # another instant
        preview_of([a_move("A", -1), a_move("C", 2)], {"shop": "v2"}, NOW).id,  # another case
    }
    assert len(ids) == 5
    assert preview_of(moves, {"shop": "v2"}, NOW + HOUR).id == preview_of(moves, {"shop": "v2"}, NOW).id


def test_nothing_to_do_is_said_so() -> None:
    assert preview_of([], {}, NOW).sentence == "0 open cases: none moves, 0 overdue at once"


def test_a_thousand_late_cases_are_counted_and_some_are_named() -> None:
    found = preview_of((a_move(f"AC-{n:04}", -6) for n in range(100)), {}, NOW)
    assert (found.cases.overdue_at_once, len(found.overdue)) == (100, 20)
