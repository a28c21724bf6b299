"""Calendars to the second: the tables of handbook section 9."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from models.business_time import Calendar, between, calc, due_at, roll_backward, roll_forward
from models.errors import CalendarInvalid, Invalid, NoOpeningFound
from tests.shipped import shipped as playbooks_shipped

MINUTE, HOUR = 60, 3600
LONDON, NEW_YORK, SHANGHAI = "Europe/London", "America/New_York", "Asia/Shanghai"


def a_calendar(zone: str = SHANGHAI, **parts: Any) -> Calendar:
    return Calendar.model_validate({"timezone": zone, "weekly": {}} | parts)


def every_day(*hours: list[str], zone: str = SHANGHAI) -> Calendar:
    weekly = {day: list(hours) for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    return a_calendar(zone, weekly=weekly)


def weekdays(*hours: list[str], **parts: Any) -> Calendar:
    return a_calendar(weekly={day: list(hours) for day in ("mon", "tue", "wed", "thu", "fri")}, **parts)


# The example of the contract. 26 October 2026 is a Monday.
SHOP_PARTS: dict[str, Any] = {
    "holidays": ["2026-10-01", {"from": "2026-10-02", "to": "2026-10-07"}],
    "special_hours": {"2026-10-10": [["09:00", "18:00"]]},
    "breaks": {"2026-11-02": [["15:00", "15:30"]]},
}
SHOP = weekdays(["09:00", "12:00"], ["12:30", "18:00"], **SHOP_PARTS)
NINE_TO_SIX = weekdays(["09:00", "18:00"])


def cn(text: str) -> datetime:
    """A wall time in China."""
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("start", "seconds", "due"),
    [
        ("2026-10-26 09:00", 15 * MINUTE, "2026-10-26 09:15"),  # inside one interval
        ("2026-10-26 11:50", 20 * MINUTE, "2026-10-26 12:40"),  # 10 before lunch + 10 after
        ("2026-10-26 11:50", 10 * MINUTE, "2026-10-26 12:00"),  # ends exactly at closing: stays there
        ("2026-10-26 11:50", 10 * MINUTE + 1, "2026-10-26 12:30:01"),  # one second more goes over lunch
        ("2026-10-26 07:00", HOUR, "2026-10-26 10:00"),  # nobody there before 09:00
        ("2026-10-26 12:10", HOUR, "2026-10-26 13:30"),  # asked during lunch
        ("2026-10-26 09:00", 8 * HOUR + 30 * MINUTE, "2026-10-26 18:00"),  # 3 h + 5.5 h = the whole day
        ("2026-10-30 17:50", 20 * MINUTE, "2026-11-02 09:10"),  # Friday 10 + Monday 10
        ("2026-10-31 13:00", 1, "2026-11-02 09:00:01"),  # Saturday
        ("2026-09-30 17:00", 2 * HOUR, "2026-10-08 10:00"),  # over the National Day week
        ("2026-10-09 17:00", 2 * HOUR, "2026-10-10 10:00"),  # Saturday the 10th is a make-up day
        ("2026-10-10 12:00", HOUR, "2026-10-10 13:00"),  # its own hours know no lunch
        ("2026-11-02 14:30", HOUR, "2026-11-02 16:00"),  # 30 + break + 30
        ("2026-11-02 14:30", 30 * MINUTE, "2026-11-02 15:00"),  # a break closes too
    ],
)
def test_adding_working_time(start: str, seconds: int, due: str) -> None:
    assert due_at(SHOP, cn(start), seconds) == cn(due)


@pytest.mark.parametrize(
    ("start", "seconds", "due"),
    [
        ("2026-10-26 09:15", 15 * MINUTE, "2026-10-26 09:00"),  # ends exactly at opening: stays there
        ("2026-10-26 09:15", 15 * MINUTE + 1, "2026-10-23 17:59:59"),  # one second more is Friday's last
        ("2026-10-26 12:40", 20 * MINUTE, "2026-10-26 11:50"),  # 10 after lunch + 10 before
        ("2026-10-26 12:40", 10 * MINUTE, "2026-10-26 12:30"),  # stays at the end of lunch
        ("2026-11-02 09:10", 20 * MINUTE, "2026-10-30 17:50"),  # Monday 10 + Friday 10
        ("2026-10-31 13:00", HOUR, "2026-10-30 17:00"),  # from Saturday
        ("2026-10-08 10:00", 2 * HOUR, "2026-09-30 17:00"),  # back over the National Day week
        ("2026-11-02 16:00", HOUR, "2026-11-02 14:30"),  # 30 + break + 30
    ],
)
def test_going_back_in_working_time(start: str, seconds: int, due: str) -> None:
    assert due_at(SHOP, cn(start), -seconds) == cn(due)


@pytest.mark.parametrize(
    ("at", "forward", "backward"),
    [
        ("2026-10-26 10:00", "2026-10-26 10:00", "2026-10-26 10:00"),  # inside: both stay
        ("2026-10-26 09:00", "2026-10-26 09:00", "2026-10-26 09:00"),  # an opening is inside
        ("2026-10-26 12:00", "2026-10-26 12:30", "2026-10-26 12:00"),  # a closing is outside
        ("2026-10-26 12:29:59", "2026-10-26 12:30", "2026-10-26 12:00"),  # lunch
        ("2026-10-31 13:00", "2026-11-02 09:00", "2026-10-30 18:00"),  # Saturday
        ("2026-10-04 13:00", "2026-10-08 09:00", "2026-09-30 18:00"),  # over the end of a month, both ways
        ("2026-11-02 15:00", "2026-11-02 15:30", "2026-11-02 15:00"),  # a break begins
    ],
)
def test_rolling_into_hours(at: str, forward: str, backward: str) -> None:
    assert roll_forward(SHOP, cn(at)) == cn(forward)
    assert roll_backward(SHOP, cn(at)) == cn(backward)
    assert due_at(SHOP, cn(at), 0) == cn(forward)  # adding zero rolls forward


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        ("2026-10-26 09:00", "2026-10-26 18:00", 8 * HOUR + 30 * MINUTE),  # 9 h less lunch
        ("2026-10-26 12:00", "2026-10-26 12:30", 0),  # lunch
        ("2026-10-26 17:59:59", "2026-10-26 18:00:01", 1),  # the last second of the day
        ("2026-10-31 00:00", "2026-11-02 00:00", 0),  # a weekend
        ("2026-09-30 17:00", "2026-10-10 10:00", 2 * HOUR + 2 * (8 * HOUR + 30 * MINUTE)),  # 1 + Thu + Fri + 1
        ("2026-11-02 09:00", "2026-11-02 18:00", 8 * HOUR),  # 9 h less lunch less a break
        ("2026-10-26 10:00", "2026-10-26 10:00", 0),
        ("2026-10-26 12:40", "2026-10-26 11:50", -20 * MINUTE),  # reversed ends count below zero
    ],
)
def test_measuring_working_time(start: str, end: str, seconds: int) -> None:
    assert between(SHOP, cn(start), cn(end)) == seconds


def test_a_pause_over_the_weekend_costs_ten_and_seventy_minutes() -> None:
    """T1: Friday 17:50 to Monday 10:10 on 9-18."""
    paused, resumed = cn("2026-10-30 17:50"), cn("2026-11-02 10:10")
    assert between(NINE_TO_SIX, paused, resumed) == (10 + 70) * MINUTE

    due_before = due_at(NINE_TO_SIX, cn("2026-10-30 16:50"), 2 * HOUR)  # used 1 h, left 10 + 50 minutes
    assert due_before == cn("2026-11-02 09:50")
    assert due_at(NINE_TO_SIX, due_before, 80 * MINUTE) == due_at(NINE_TO_SIX, resumed, HOUR)


def test_parts_of_a_second_are_dropped() -> None:
    late = cn("2026-10-26 09:00:00.999999")
    assert due_at(SHOP, late, 60) == cn("2026-10-26 09:01")
    assert due_at(SHOP, late, -60) == cn("2026-10-23 17:59")
    assert roll_forward(SHOP, late) == cn("2026-10-26 09:00")
    assert between(SHOP, cn("2026-10-26 09:00"), late) == 0
    assert due_at(Calendar.always(), datetime(1969, 12, 31, 23, 59, 58, 500_000, UTC), 1).second == 59


def test_answers_are_aware_and_in_utc() -> None:
    for answer in (due_at(SHOP, cn("2026-10-26 09:00"), 60), roll_backward(SHOP, cn("2026-10-25 09:00"))):
        assert answer.tzinfo is UTC


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(Invalid, match="needs a time zone"):
        due_at(SHOP, datetime(2026, 10, 26, 9), 60)


# ── midnight ──────────────────────────────────────────────────────────────────────────────────────


def test_a_night_shift_is_written_as_two_days_and_works_through_midnight() -> None:
    night = a_calendar(weekly={"mon": [["22:00", "24:00"]], "tue": [["00:00", "06:00"]]})
    assert due_at(night, cn("2026-10-26 23:00"), 2 * HOUR) == cn("2026-10-27 01:00")
    assert due_at(night, cn("2026-10-26 23:00"), HOUR) == cn("2026-10-27 00:00")
    assert roll_forward(night, cn("2026-10-27 00:00")) == cn("2026-10-27 00:00")
    assert between(night, cn("2026-10-26 00:00"), cn("2026-10-28 00:00")) == 8 * HOUR


def test_closing_at_midnight_on_the_last_of_a_month_stays_at_midnight() -> None:
    saturdays = a_calendar(weekly={"sat": [["20:00", "24:00"]]})  # 31 October 2026 is a Saturday
    assert due_at(saturdays, cn("2026-10-31 20:00"), 4 * HOUR) == cn("2026-11-01 00:00")
    assert roll_backward(saturdays, cn("2026-11-03 12:00")) == cn("2026-11-01 00:00")
    assert roll_forward(saturdays, cn("2026-11-01 00:00")) == cn("2026-11-07 20:00")


def test_a_calendar_that_never_closes_is_plain_time() -> None:
    always, start = Calendar.always(LONDON), datetime(2026, 3, 28, 12, tzinfo=UTC)
    week = timedelta(days=7)  # with the clock change of 29 March in it
    assert due_at(always, start, 7 * 86_400) == start + week
    assert due_at(always, start, -7 * 86_400) == start - week
    assert between(always, start, start + week) == 7 * 86_400
    assert roll_forward(always, start) == roll_backward(always, start) == start


# ── nights on which the clock changes ─────────────────────────────────────────────────────────────

SPRING_UK, AUTUMN_UK = "2026-03-29", "2026-10-25"  # 01:00 → 02:00 · 02:00 → 01:00
SPRING_US, AUTUMN_US = "2026-03-08", "2026-11-01"  # 02:00 → 03:00 · 02:00 → 01:00


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


@pytest.mark.parametrize(
    ("zone", "night", "hours", "first_opening", "seconds"),
    [
        # Elapsed time counts: an hour less in spring, one more in autumn.
        (LONDON, SPRING_UK, ["00:00", "06:00"], "2026-03-29 00:00", 5 * HOUR),
        (LONDON, AUTUMN_UK, ["00:00", "06:00"], "2026-10-24 23:00", 7 * HOUR),
        (NEW_YORK, SPRING_US, ["00:00", "06:00"], "2026-03-08 05:00", 5 * HOUR),
        (NEW_YORK, AUTUMN_US, ["00:00", "06:00"], "2026-11-01 04:00", 7 * HOUR),
        # An opening that does not exist moves forward with the clock: 01:30 → 02:30 and 02:30 → 03:30.
        (LONDON, SPRING_UK, ["01:30", "05:00"], "2026-03-29 01:30", 2 * HOUR + 30 * MINUTE),
        (NEW_YORK, SPRING_US, ["02:30", "06:00"], "2026-03-08 07:30", 2 * HOUR + 30 * MINUTE),
        # Exactly at the jump: 02:00 is 03:00.
        (NEW_YORK, SPRING_US, ["02:00", "06:00"], "2026-03-08 07:00", 3 * HOUR),
        # Of two openings the first: from the first 01:30 to 05:00 is 4.5 h.
        (LONDON, AUTUMN_UK, ["01:30", "05:00"], "2026-10-25 00:30", 4 * HOUR + 30 * MINUTE),
        (NEW_YORK, AUTUMN_US, ["01:30", "05:00"], "2026-11-01 05:30", 4 * HOUR + 30 * MINUTE),
        # A closing is read the same way: the first 01:30.
        (NEW_YORK, AUTUMN_US, ["00:00", "01:30"], "2026-11-01 04:00", HOUR + 30 * MINUTE),
        (NEW_YORK, SPRING_US, ["01:00", "02:30"], "2026-03-08 06:00", HOUR + 30 * MINUTE),
    ],
)
def test_hours_on_the_night_of_a_clock_change(
    zone: str, night: str, hours: list[str], first_opening: str, seconds: int
) -> None:
    calendar = a_calendar(zone, special_hours={night: [hours]})
    before, after = utc(f"{night} 00:00") - timedelta(days=1), utc(f"{night} 00:00") + timedelta(days=2)
    opening = roll_forward(calendar, before)
    assert opening == utc(first_opening)
    assert between(calendar, before, after) == seconds
    assert due_at(calendar, before, seconds) == roll_backward(calendar, after)
    assert due_at(calendar, after, -seconds) == opening


def test_hours_that_fall_into_the_gap_whole_do_not_happen() -> None:
    calendar = every_day(["02:30", "03:00"], zone=NEW_YORK)
    assert roll_forward(calendar, utc(f"{SPRING_US} 05:00")) == utc("2026-03-09 06:30")


def test_hours_pushed_onto_the_next_ones_are_counted_once() -> None:
    # 02:15-02:45 becomes 03:15-03:45, inside 03:00-04:00.
    calendar = a_calendar(NEW_YORK, special_hours={SPRING_US: [["02:15", "02:45"], ["03:00", "04:00"]]})
    assert between(calendar, utc(f"{SPRING_US} 00:00"), utc(f"{SPRING_US} 23:00")) == HOUR


def test_a_break_moves_with_the_clock_too() -> None:
    calendar = a_calendar(
        NEW_YORK,
        special_hours={SPRING_US: [["01:00", "06:00"]]},
        breaks={SPRING_US: [["02:30", "02:45"]]},
    )
    assert due_at(calendar, utc("2026-03-08 07:00"), 30 * MINUTE) == utc("2026-03-08 07:30")  # 03:30 local
    assert roll_forward(calendar, utc("2026-03-08 07:30")) == utc("2026-03-08 07:45")


def test_a_break_that_falls_into_the_gap_whole_takes_nothing_out() -> None:
    night = {"special_hours": {SPRING_US: [["01:00", "06:00"]]}}
    pausing = a_calendar(NEW_YORK, **night, breaks={SPRING_US: [["02:30", "03:00"]]})
    assert between(pausing, utc(f"{SPRING_US} 00:00"), utc(f"{SPRING_US} 23:00")) == 4 * HOUR  # 5 h less the gap


def test_a_date_that_a_zone_left_out_has_no_hours() -> None:
    # Samoa went from Thursday 29 to Saturday 31 December 2011.
    samoa = every_day(["09:00", "17:00"], zone="Pacific/Apia")
    thursday, sunday = utc("2011-12-29 10:00"), utc("2011-12-31 10:00")  # midnight of each in Samoa
    assert between(samoa, thursday, sunday) == 2 * 8 * HOUR


# ── holidays, special hours, breaks ───────────────────────────────────────────────────────────────


def test_special_hours_open_a_holiday() -> None:
    calendar = weekdays(
        ["09:00", "18:00"],
        holidays=[{"from": "2026-10-01", "to": "2026-10-07"}],
        special_hours={"2026-10-05": [["10:00", "12:00"]]},
    )
    assert between(calendar, cn("2026-10-01 00:00"), cn("2026-10-08 00:00")) == 2 * HOUR


def test_empty_special_hours_close_the_day() -> None:
    calendar = weekdays(["09:00", "18:00"], special_hours={"2026-10-26": []})
    assert roll_forward(calendar, cn("2026-10-26 10:00")) == cn("2026-10-27 09:00")


def test_breaks_cut_special_hours_and_may_overlap_each_other_and_the_closed_part() -> None:
    calendar = a_calendar(
        special_hours={"2026-10-26": [["09:00", "18:00"]]},
        breaks={"2026-10-26": [["08:00", "09:30"], ["15:00", "16:00"], ["15:30", "17:00"]]},
    )
    # 9 h less 30 min less 15:00-17:00
    assert between(calendar, cn("2026-10-26 00:00"), cn("2026-10-27 00:00")) == 6 * HOUR + 30 * MINUTE


def test_a_break_can_swallow_the_day() -> None:
    calendar = weekdays(["09:00", "18:00"], breaks={"2026-10-26": [["00:00", "24:00"]]})
    assert roll_forward(calendar, cn("2026-10-26 10:00")) == cn("2026-10-27 09:00")


def test_dates_that_yaml_already_read_are_dates() -> None:
    written = weekdays(["09:00", "18:00"], **SHOP_PARTS)
    read = weekdays(
        ["09:00", "18:00"],
        holidays=[date(2026, 10, 1), {"from": date(2026, 10, 2), "to": date(2026, 10, 7)}],
        special_hours={date(2026, 10, 10): [["09:00", "18:00"]]},
        breaks={date(2026, 11, 2): [["15:00", "15:30"]]},
    )
    assert read == written


def test_a_calendar_is_dumped_as_it_was_written() -> None:
    dumped = SHOP.model_dump(mode="json")
    assert {field: dumped[field] for field in SHOP_PARTS} == SHOP_PARTS
    assert dumped["weekly"]["mon"] == [["09:00", "12:00"], ["12:30", "18:00"]]
    assert Calendar.model_validate(dumped) == SHOP


def test_a_calendar_edited_as_a_copy_answers_anew() -> None:
    assert due_at(NINE_TO_SIX, cn("2026-10-26 17:00"), 2 * HOUR) == cn("2026-10-27 10:00")
    closed_tuesday = weekdays(["09:00", "18:00"], holidays=["2026-10-27"])
    edited = NINE_TO_SIX.model_copy(update={"holidays": closed_tuesday.holidays})
    assert due_at(edited, cn("2026-10-26 17:00"), 2 * HOUR) == cn("2026-10-28 10:00")


def test_a_working_day_is_the_most_common_length_of_a_day() -> None:
    short_friday = {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu")} | {"fri": [["09:00", "15:00"]]}
    assert SHOP.working_day_seconds == 8 * HOUR + 30 * MINUTE
    assert a_calendar(weekly=short_friday).working_day_seconds == 9 * HOUR
    assert Calendar.always().working_day_seconds == 24 * HOUR
    with pytest.raises(NoOpeningFound):
        _ = a_calendar().working_day_seconds


# ── what is refused ───────────────────────────────────────────────────────────────────────────────


def test_a_calendar_without_hours_says_so_instead_of_searching_for_ever() -> None:
    never, now = a_calendar(), cn("2026-10-26 10:00")
    for ask in (roll_forward, roll_backward):
        with pytest.raises(NoOpeningFound, match="100 years"):
            ask(never, now)
    for seconds in (1, 0, -1):
        with pytest.raises(NoOpeningFound):
            due_at(never, now, seconds)
    assert between(never, now, cn("2027-10-26 10:00")) == 0


def test_hours_that_run_out_say_so() -> None:
    once = a_calendar(special_hours={"2026-10-26": [["09:00", "10:00"]]})
    assert due_at(once, cn("2026-01-01 00:00"), HOUR) == cn("2026-10-26 10:00")
    with pytest.raises(NoOpeningFound, match="too few open hours"):
        due_at(once, cn("2026-01-01 00:00"), HOUR + 1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone: 'Mars/Olympus' is no time zone"),
        ({"timezone": ""}, "timezone: '' is no time zone"),
        ({"timezone": "../etc/passwd"}, "is no time zone"),
        ({"weekly": {"monday": []}}, "weekly.monday"),
        ({"weekly": {"mon": [["09:00", "25:00"]]}}, "weekly.mon: 25:00 is not on the clock"),
        ({"weekly": {"mon": [["09:60", "10:00"]]}}, "not on the clock"),
        ({"weekly": {"mon": [["9:00", "10:00"]]}}, "'9:00' is not a time of day"),
        ({"weekly": {"mon": [["09:00", 750]]}}, "750 is not a time of day; write times in quotes"),
        ({"weekly": {"mon": [["18:00", "09:00"]]}}, "closes before it opens"),
        ({"weekly": {"mon": [["09:00", "09:00"]]}}, "closes before it opens"),
        ({"weekly": {"mon": [["09:00", "12:00"], ["11:00", "13:00"]]}}, "the hours from 11:00 overlap"),
        ({"weekly": {"mon": ["09:00", "12:00"]}}, "is not a pair [open, close]"),
        ({"weekly": {"mon": None}}, "weekly.mon: a list of [open, close] is needed"),
        ({"holidays": ["2026-02-30"]}, "holidays.0: 2026-02-30 is not a date in the calendar"),
        ({"holidays": ["1 October"]}, "holidays.0: '1 October' is not a date"),
        ({"holidays": [{"from": "2026-10-07", "to": "2026-10-01"}]}, "before it begins"),
        ({"holidays": [{"from": "2026-10-07"}]}, "exactly the fields from and to"),
        ({"special_hours": {"2026-13-01": []}}, "special_hours.2026-13-01"),
        ({"breaks": {"2026-10-26": [["10:00", "09:00"]]}}, "breaks.2026-10-26"),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_calendar_is_refused_with_the_field_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(CalendarInvalid) as refused:
        Calendar.model_validate({"timezone": SHANGHAI, "weekly": {}} | wrong)
    assert said in refused.value.detail


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(CalendarInvalid) as refused:
        Calendar.model_validate({"weekly": {"mon": [["x", "y"]]}, "holidays": ["z"]})
    assert [line.split(":")[0] for line in refused.value.extra["errors"]] == [
        "timezone",
        "weekly.mon",
        "holidays.0",
    ]


def test_touching_and_unordered_hours_are_fine() -> None:
    calendar = every_day(["12:00", "13:00"], ["09:00", "12:00"])
    assert due_at(calendar, cn("2026-10-26 11:00"), 2 * HOUR) == cn("2026-10-26 13:00")
    assert roll_backward(calendar, cn("2026-10-26 12:00")) == cn("2026-10-26 12:00")


# ── `aftercare calendar calc` ─────────────────────────────────────────────────────────────────────

SHOP_JSON = SHOP.model_dump(mode="json")


@pytest.mark.parametrize(
    ("question", "result"),
    [
        (
            {"op": "add", "start": "2026-11-02T14:30:00+08:00", "duration_seconds": 3600},
            "2026-11-02T16:00:00+08:00",  # over the break
        ),
        (
            {"op": "add", "start": "2026-11-02T01:10:00Z", "duration_seconds": -1200},
            "2026-10-30T17:50:00+08:00",  # asked in UTC, answered in the calendar's zone
        ),
        (
            {"op": "add", "start": "2026-10-31T13:00:00+08:00", "duration_seconds": 0},
            "2026-11-02T09:00:00+08:00",
        ),
        ({"op": "between", "start": "2026-10-26T11:50:00+08:00", "end": "2026-10-26T12:40:00+08:00"}, 1200),
        ({"op": "roll_forward", "start": "2026-10-26T12:00:00+08:00"}, "2026-10-26T12:30:00+08:00"),
        ({"op": "roll_backward", "start": "2026-10-31t13:00:00+08:00"}, "2026-10-30T18:00:00+08:00"),
    ],
)
def test_calc_answers(question: dict[str, object], result: object) -> None:
    assert calc({"calendar": SHOP_JSON} | question) == {"result": result}


def test_calc_answers_with_the_offset_of_that_night() -> None:
    calendar = {"timezone": NEW_YORK, "weekly": {}, "special_hours": {SPRING_US: [["02:30", "06:00"]]}}
    asked = {"calendar": calendar, "op": "roll_forward", "start": "2026-03-07T12:00:00-05:00"}
    assert calc(asked) == {"result": "2026-03-08T03:30:00-04:00"}


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("not an object", "a question is an object"),
        ({}, "calendar: missing"),
        ({"calendar": SHOP_JSON, "op": "add"}, "start: missing"),
        ({"calendar": SHOP_JSON, "start": "2026-10-26T09:00:00Z"}, "op: missing"),
        ({"calendar": SHOP_JSON, "start": "2026-10-26T09:00:00Z", "op": "guess"}, "op: 'guess' is none of"),
        ({"calendar": SHOP_JSON, "start": "2026-10-26T09:00:00", "op": "roll_forward"}, "with offset"),
        ({"calendar": SHOP_JSON, "start": "2026-10-26T09:00:00Z", "op": "between"}, "end: missing"),
        ({"calendar": SHOP_JSON, "start": "2026-10-26T09:00:00Z", "op": "add"}, "duration_seconds: missing"),
        (
            {"calendar": SHOP_JSON, "start": "2026-10-26T09:00:00Z", "op": "add", "duration_seconds": 1.5},
            "not a whole number of seconds",
        ),
        (
            {"calendar": SHOP_JSON, "start": "2026-10-26T09:00:00Z", "op": "add", "duration_seconds": True},
            "not a whole number of seconds",
        ),
        (
            {"calendar": SHOP_JSON, "start": "2026-10-26T09:00:00Z", "op": "add", "duration_seconds": 10**5000},
            "too few open hours",
        ),
        (
            {"calendar": SHOP_JSON, "start": "9999-12-31T23:00:00-12:00", "op": "roll_forward"},
            "calendars reach from the year 2 to 9998",
        ),
        ({"calendar": {"timezone": "x"}, "start": "2026-10-26T09:00:00Z", "op": "add"}, "weekly: Field required"),
    ],
)
def test_calc_says_what_is_wrong(question: object, said: str) -> None:
    assert said in str(calc(question)["error"])


# ── the calendars that ship ───────────────────────────────────────────────────────────────────────


def shipped(name: str) -> Calendar:
    return shipped_calendars()[name]


@cache
def shipped_calendars() -> Mapping[str, Calendar]:
    return playbooks_shipped().calendars


@pytest.mark.parametrize("name", ["shop_cn", "escalation_cn", "uk"])
def test_a_shipped_calendar_reads(name: str) -> None:
    assert shipped(name).working_day_seconds > 0


def test_the_chinese_years_have_as_many_working_days_as_published() -> None:
    calendar = shipped("shop_cn")
    days = (cn("2025-01-01 00:00") + timedelta(days=n) for n in range(730))
    worked = Counter(day.year for day in days if between(calendar, day, day + timedelta(days=1)))
    assert worked == {2025: 248, 2026: 248}


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2026-02-14", 8.5),  # a Saturday, make-up day for Spring Festival
        ("2026-02-16", 0),  # New Year's Eve
        ("2025-10-08", 0),  # the eighth day of the joined National Day and Mid-Autumn holiday
        ("2025-10-11", 8.5),  # a Saturday
        ("2026-10-08", 8.5),
    ],
)
def test_moved_days_of_the_chinese_calendar(day: str, hours: float) -> None:
    start = cn(f"{day} 00:00")
    assert between(shipped("shop_cn"), start, start + timedelta(days=1)) == hours * HOUR


def test_escalations_call_in_the_day_time_of_every_day() -> None:
    calendar = shipped("escalation_cn")
    assert roll_forward(calendar, cn("2026-10-01 03:00")) == cn("2026-10-01 09:00")
    assert roll_forward(calendar, cn("2026-10-03 21:00")) == cn("2026-10-04 09:00")


def test_british_bank_holidays_are_closed() -> None:
    assert roll_forward(shipped("uk"), utc("2026-12-25 10:00")) == utc("2026-12-29 09:00")
