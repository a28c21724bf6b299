"""Moments of a working day: when it ends, and when a paid order leaves."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.business_time import Calendar, roll_forward
from models.procedure.playbook_parts import Dispatch
from models.time.working_day import closing_after, leaves_by

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def calendar(zone: str = "Asia/Shanghai", hours: Any = None, days: tuple[str, ...] = WEEK[:5], **over: Any) -> Calendar:
    """Monday to Friday, 9 to 12 and 12:30 to 18."""
    hours = hours or [["09:00", "12:00"], ["12:30", "18:00"]]
    return Calendar.model_validate({"timezone": zone, "weekly": dict.fromkeys(days, hours), **over})


def at(text: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


# Wednesday 4 March 2026; the 6th is a Friday.
@pytest.mark.parametrize(
    ("moment", "closes"),
    [
        ("2026-03-04 10:00", "2026-03-04 18:00"),
        ("2026-03-04 12:10", "2026-03-04 18:00"),  # in the lunch break
        ("2026-03-04 08:59", "2026-03-04 18:00"),  # before opening
        ("2026-03-04 09:00", "2026-03-04 18:00"),
        ("2026-03-04 17:59:59", "2026-03-04 18:00"),
        ("2026-03-04 18:00", "2026-03-05 18:00"),  # half-open: at closing the day is over
        ("2026-03-04 23:59", "2026-03-05 18:00"),
        ("2026-03-05 00:00", "2026-03-05 18:00"),
        ("2026-03-06 18:30", "2026-03-09 18:00"),  # Friday evening → Monday
        ("2026-03-07 12:00", "2026-03-09 18:00"),  # Saturday
    ],
)
def test_the_end_of_the_working_day_inside_and_outside_its_hours_T3(moment: str, closes: str) -> None:
    assert closing_after(calendar(), at(moment)) == at(closes)


@pytest.mark.parametrize(
    ("moment", "closes"),
    [
        ("2026-03-04 23:59:59", "2026-03-05 00:00"),
        ("2026-03-05 00:00", "2026-03-06 00:00"),  # the next day has begun
        ("2026-03-06 12:00", "2026-03-07 00:00"),  # Friday ends with the day
        ("2026-03-07 00:00", "2026-03-10 00:00"),  # and Saturday is no working day
    ],
)
def test_a_day_that_closes_at_24_hours_ends_at_midnight(moment: str, closes: str) -> None:
    late = calendar(hours=[["09:00", "24:00"]])
    assert closing_after(late, at(moment)) == at(closes)


@pytest.mark.parametrize(
    ("moment", "closes"),
    [
        ("2026-10-01 10:00", "2026-10-08 18:00"),  # the holiday week
        ("2026-09-30 17:00", "2026-09-30 18:00"),
        ("2026-10-10 10:00", "2026-10-10 17:00"),  # a Saturday that is worked, with hours of its own
        ("2026-10-09 19:00", "2026-10-10 17:00"),
        ("2026-10-12 15:10", "2026-10-12 18:00"),  # in a break of that day
    ],
)
def test_holidays_moved_working_days_and_breaks(moment: str, closes: str) -> None:
    cn = calendar(
        holidays=[{"from": "2026-10-01", "to": "2026-10-07"}],
        special_hours={"2026-10-10": [["09:00", "17:00"]]},
        breaks={"2026-10-12": [["15:00", "15:30"]]},
    )
    assert closing_after(cn, at(moment)) == at(closes)


@pytest.mark.parametrize(
    ("moment", "closes", "hours_left"),
    [
        ("2026-03-27 09:00", "2026-03-27 18:00", 9),  # Friday before the clock goes forward
        ("2026-03-28 12:00", "2026-03-30 18:00", 53),  # Saturday noon → Monday: 54 hours on the wall, 53 that elapse
        ("2026-10-24 12:00", "2026-10-26 18:00", 55),  # back: 54 on the wall, 55 that elapse
    ],
)
def test_where_the_clock_is_changed_the_wall_decides(moment: str, closes: str, hours_left: int) -> None:
    uk = calendar("Europe/London")
    start, end = at(moment, "Europe/London"), at(closes, "Europe/London")
    assert closing_after(uk, start) == end
    assert end.timestamp() - start.timestamp() == hours_left * 3600


def test_a_working_day_across_the_clock_change_ends_by_the_wall() -> None:
    always_open = calendar("America/New_York", hours=[["00:00", "24:00"]], days=WEEK)
    zone = "America/New_York"
    for day, hours in (("2026-03-08", 23), ("2026-11-01", 25)):
        start = at(f"{day} 00:00", zone)
        assert closing_after(always_open, start).timestamp() - start.timestamp() == hours * 3600


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 20)), st.sampled_from(["Asia/Shanghai", "Europe/London"]))
def test_the_end_of_the_day_lies_ahead_and_is_not_after_the_next_opening_of_another_day(
    moment: datetime, zone: str
) -> None:
    week = calendar(zone)
    start = moment.replace(microsecond=0, tzinfo=ZoneInfo("UTC"))
    end = closing_after(week, start)
    assert end > start
    assert end.astimezone(ZoneInfo(zone)).strftime("%H:%M") == "18:00"
    opens = roll_forward(week, start)
    assert end - opens <= timedelta(hours=9)


# ── when a paid order leaves (L11) ──

CUTOFFS = ("12:00", "15:00", "17:00")


@pytest.mark.parametrize(
    ("paid", "leaves"),
    [
        ("2026-03-04 11:59", "2026-03-04 12:00"),
        ("2026-03-04 12:00", "2026-03-04 12:00"),  # in the moment of the cut-off
        ("2026-03-04 12:00:01", "2026-03-04 15:00"),
        ("2026-03-04 12:20", "2026-03-04 15:00"),  # in the lunch break
        ("2026-03-04 15:00", "2026-03-04 15:00"),
        ("2026-03-04 15:59", "2026-03-04 17:00"),  # orders before 16:00 leave the same day
        ("2026-03-04 17:00", "2026-03-04 17:00"),
        ("2026-03-04 17:00:01", "2026-03-05 12:00"),
        ("2026-03-04 17:01", "2026-03-05 12:00"),  # after 17:00 the next working day
        ("2026-03-04 18:00", "2026-03-05 12:00"),
        ("2026-03-04 23:30", "2026-03-05 12:00"),
        ("2026-03-05 03:00", "2026-03-05 12:00"),  # at night: the first of that day
        ("2026-03-06 16:59", "2026-03-06 17:00"),
        ("2026-03-06 17:01", "2026-03-09 12:00"),  # Friday evening → Monday noon
        ("2026-03-07 12:00", "2026-03-09 12:00"),  # a Saturday's noon is no cut-off
    ],
)
def test_when_an_order_leaves_L11(paid: str, leaves: str) -> None:
    assert leaves_by(Dispatch(cutoffs=CUTOFFS, calendar="shop"), calendar(), at(paid)) == at(leaves)


@pytest.mark.parametrize(
    ("paid", "leaves"),
    [
        ("2026-09-30 17:01", "2026-10-08 12:00"),  # over the holiday week
        ("2026-10-03 09:00", "2026-10-08 12:00"),
        ("2026-10-09 17:01", "2026-10-10 12:00"),  # to a Saturday that is worked
        ("2026-10-10 12:01", "2026-10-10 15:00"),
    ],
)
def test_holidays_wait_and_moved_working_days_do_not_L11(paid: str, leaves: str) -> None:
    hours = [["09:00", "12:00"], ["12:30", "18:00"]]
    cn = calendar(holidays=[{"from": "2026-10-01", "to": "2026-10-07"}], special_hours={"2026-10-10": hours})
    assert leaves_by(Dispatch(cutoffs=CUTOFFS, calendar="shop"), cn, at(paid)) == at(leaves)


def test_the_cutoffs_are_those_of_the_shops_wall_L11() -> None:
    """A customer pays at 9 in the morning in New York, which is 21 o'clock in Shanghai (22 in winter)."""
    paid = at("2026-04-08 09:00", "America/New_York")
    assert leaves_by(Dispatch(cutoffs=CUTOFFS, calendar="shop"), calendar(), paid) == at("2026-04-09 12:00")


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 20)), st.booleans())
def test_an_order_never_leaves_before_it_was_paid_and_always_at_a_cutoff(moment: datetime, breaks: bool) -> None:
    week = calendar(hours=None if breaks else [["09:00", "18:00"]])
    paid = moment.replace(microsecond=0, tzinfo=ZoneInfo("UTC"))
    leaves = leaves_by(Dispatch(cutoffs=CUTOFFS, calendar="shop"), week, paid)
    assert leaves >= paid
    assert leaves.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%H:%M") in CUTOFFS
    later = leaves_by(Dispatch(cutoffs=CUTOFFS, calendar="shop"), week, paid + timedelta(minutes=1))
    assert later >= leaves
