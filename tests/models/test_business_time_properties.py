"""What holds for every calendar, every zone and every moment."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from models.business_time import WEEKDAYS, Calendar, between, calc, due_at, roll_backward, roll_forward

# Zones with odd clocks: half an hour of summer time, changes at midnight, months of Ramadan, a day left out.
ZONES = [
    "UTC", "Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Lord_Howe", "America/Havana",
    "America/St_Johns", "Africa/Cairo", "Africa/Casablanca", "America/Nuuk", "Pacific/Apia", "Asia/Kathmandu",
]  # fmt: skip


def clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


@st.composite
def hours(draw: st.DrawFn, unit: int = 60) -> list[list[str]]:
    """A day's intervals, perhaps none, which may touch."""
    ends = draw(st.lists(st.integers(0, 86_400 // unit), min_size=2, max_size=6, unique=True).map(sorted))
    pairs = [[clock(a * unit), clock(b * unit)] for a, b in pairwise(ends)]
    return pairs[:: draw(st.sampled_from([1, 2]))] if draw(st.booleans()) else []


# Dates around which the clock of one of these zones changes, or a day is missing.
ODD_DATES = [
    date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5), date(2009, 11, 1),
    date(2011, 12, 30), date(2024, 3, 30), date(2024, 4, 26), date(2020, 4, 19), date(2020, 5, 31),
]  # fmt: skip
DATES = st.dates(date(2005, 12, 1), date(2032, 2, 1)) | st.sampled_from(ODD_DATES)
MOMENTS = st.builds(
    lambda day, second: datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second),
    DATES,
    st.integers(-86_400, 2 * 86_400),
)
DURATIONS = st.integers(1, 10 * 86_400)
PATIENT = settings(deadline=None)  # a busy machine is no failure


@st.composite
def calendars(draw: st.DrawFn, zones: list[str] = ZONES, unit: int = 60) -> Calendar:
    """A calendar with hours on at least one weekday."""
    weekly = {day: draw(hours(unit=unit)) for day in WEEKDAYS}
    morning, evening = draw(st.integers(0, 11)), draw(st.integers(13, 24))
    weekly[draw(st.sampled_from(WEEKDAYS))] = [[clock(morning * 3600), clock(evening * 3600)]]
    first = draw(DATES)
    return Calendar.model_validate(
        {
            "timezone": draw(st.sampled_from(zones)),
            "weekly": weekly,
            "holidays": [
                *draw(st.lists(DATES, max_size=3)),
                {"from": first, "to": first + timedelta(days=draw(st.integers(0, 20)))},
            ],
            "special_hours": draw(st.dictionaries(DATES, hours(unit=unit), max_size=3)),
            "breaks": draw(st.dictionaries(DATES, hours(unit=unit), max_size=3)),
        }
    )


@PATIENT
@given(calendars(), MOMENTS, DURATIONS)
def test_what_was_added_is_what_is_measured(calendar: Calendar, start: datetime, seconds: int) -> None:
    due = due_at(calendar, start, seconds)
    assert due > start
    assert between(calendar, start, due) == seconds


@PATIENT
@given(calendars(), MOMENTS, DURATIONS)
def test_what_was_taken_off_is_what_is_measured(calendar: Calendar, start: datetime, seconds: int) -> None:
    earlier = due_at(calendar, start, -seconds)
    assert earlier < start
    assert between(calendar, earlier, start) == seconds


@PATIENT
@given(calendars(), MOMENTS, DURATIONS)
def test_an_answer_touches_open_time(calendar: Calendar, start: datetime, seconds: int) -> None:
    """The second before a due time is open, and so is the second after a time gone back to."""
    due, earlier = due_at(calendar, start, seconds), due_at(calendar, start, -seconds)
    assert between(calendar, due - timedelta(seconds=1), due) == 1
    assert between(calendar, earlier, earlier + timedelta(seconds=1)) == 1


@PATIENT
@given(calendars(), MOMENTS, DURATIONS, DURATIONS)
def test_adding_is_associative(calendar: Calendar, start: datetime, one: int, other: int) -> None:
    assert due_at(calendar, due_at(calendar, start, one), other) == due_at(calendar, start, one + other)
    assert due_at(calendar, due_at(calendar, start, -one), -other) == due_at(calendar, start, -one - other)


@PATIENT
@given(calendars(), MOMENTS, MOMENTS, DURATIONS, DURATIONS)
def test_later_or_longer_is_never_due_earlier(
    calendar: Calendar, one: datetime, other: datetime, short: int, long: int
) -> None:
    (early, late), (short, long) = sorted((one, other)), sorted((short, long))
    assert due_at(calendar, early, short) <= due_at(calendar, late, short)
    assert due_at(calendar, early, short) <= due_at(calendar, early, long)
    assert due_at(calendar, early, -long) <= due_at(calendar, late, -short)


@PATIENT
@given(calendars(), MOMENTS, MOMENTS, MOMENTS)
def test_measures_add_up_and_turn_round(calendar: Calendar, a: datetime, b: datetime, c: datetime) -> None:
    assert between(calendar, a, b) + between(calendar, b, c) == between(calendar, a, c)
    assert between(calendar, a, b) == -between(calendar, b, a)


@PATIENT
@given(calendars(), MOMENTS)
def test_rolling_lands_in_hours_and_passes_none(calendar: Calendar, at: datetime) -> None:
    forward, backward = roll_forward(calendar, at), roll_backward(calendar, at)
    assert backward <= at <= forward
    assert between(calendar, backward, forward) == 0
    assert between(calendar, forward, forward + timedelta(seconds=1)) == 1
    assert roll_forward(calendar, forward) == forward
    assert (forward == at) == (between(calendar, at, at + timedelta(seconds=1)) == 1)


@PATIENT
@given(calendars(), MOMENTS, DURATIONS, st.integers(0, 100), DURATIONS)
def test_a_pause_costs_its_open_time(
    calendar: Calendar, start: datetime, target: int, percent: int, pause: int
) -> None:
    """T1: a clock stopped after part of its target is later by the open time of the pause."""
    used = target * percent // 101
    paused = due_at(calendar, start, used)
    resumed = paused + timedelta(seconds=pause)
    due = due_at(calendar, resumed, target - used)
    assert between(calendar, start, due) == target + between(calendar, paused, resumed)


def open_by_the_wall_clock(calendar: Calendar, at: datetime) -> bool:
    """The rule read naively, for zones whose clock never changes."""
    written = calendar.model_dump()
    wall = at.astimezone(ZoneInfo(calendar.timezone))
    time, day = clock(wall.hour * 3600 + wall.minute * 60 + wall.second), wall.date()

    def inside(intervals: list[list[str]]) -> bool:
        return any(opens <= time[: len(opens)] and time < closes for opens, closes in intervals)

    free = any(first <= day <= last for first, last in calendar.holidays)
    usual = [] if free else written["weekly"].get(WEEKDAYS[day.weekday()], [])
    return inside(written["special_hours"].get(day, usual)) and not inside(written["breaks"].get(day, []))


NEAR = st.datetimes(datetime(2026, 1, 20), datetime(2026, 3, 10), timezones=st.just(UTC)).map(
    lambda at: at.replace(minute=at.minute // 10 * 10, second=0, microsecond=0)
)


@settings(max_examples=60, deadline=None)
@given(calendars(zones=["UTC", "Asia/Shanghai", "Asia/Tokyo"], unit=600), NEAR, st.integers(0, 600))
def test_measuring_agrees_with_looking_at_the_wall_clock(calendar: Calendar, start: datetime, steps: int) -> None:
    ten_minutes = timedelta(minutes=10)
    looked = sum(open_by_the_wall_clock(calendar, start + n * ten_minutes) for n in range(steps))
    assert between(calendar, start, start + steps * ten_minutes) == looked * 600


@PATIENT
@given(calendars())
def test_a_calendar_survives_being_written_down(calendar: Calendar) -> None:
    assert Calendar.model_validate(calendar.model_dump(mode="json")) == calendar
    assert Calendar.model_validate_json(calendar.model_dump_json()) == calendar
    assert hash(Calendar.model_validate(calendar.model_dump())) == hash(calendar)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("09:00"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
A_CALENDAR = {"timezone": "Asia/Shanghai", "weekly": {"mon": [["09:00", "18:00"]]}}


@PATIENT
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "calendar": JUNK
            | st.just(A_CALENDAR)
            | st.fixed_dictionaries({}, optional=dict.fromkeys(Calendar.model_fields, JUNK)),
            "op": JUNK | st.sampled_from(["add", "between", "roll_forward", "roll_backward"]),
            "start": JUNK | st.just("2026-10-26T09:00:00Z") | st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
            "end": JUNK | st.just("2026-10-27T09:00:00Z"),
            "duration_seconds": JUNK,
        },
    )
    | JUNK
)
def test_calc_answers_anything_with_a_result_or_an_error(request: object) -> None:
    answer = calc(request)
    assert answer.keys() in ({"result"}, {"error"})


# ── nights on which the clock changes, against a second way of finding a wall time ─────────────────

#: Nights of both hemispheres, of half an hour and of midnight, and zones that changed their mind.
CHANGES = [
    ("Europe/London", date(2026, 3, 29)), ("Europe/London", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)), ("America/New_York", date(2026, 11, 1)),
    ("Australia/Sydney", date(2026, 4, 5)), ("Australia/Sydney", date(2026, 10, 4)),
    ("Australia/Lord_Howe", date(2026, 4, 5)), ("Australia/Lord_Howe", date(2026, 10, 4)),  # by half an hour
    ("America/Santiago", date(2026, 4, 5)), ("America/Santiago", date(2026, 9, 6)),  # at midnight
    ("America/St_Johns", date(2026, 3, 8)), ("Asia/Kathmandu", date(2026, 3, 8)),  # 3:30 and 5:45 from UTC
    ("America/Havana", date(2026, 3, 8)), ("Pacific/Apia", date(2011, 12, 30)),  # a day that never was
    ("Asia/Shanghai", date(1988, 4, 17)), ("Europe/Moscow", date(2011, 3, 27)),  # summer time, and its end for good
]  # fmt: skip


@cache
def instant_of(zone: ZoneInfo, wall: datetime) -> datetime:
    """The first minute that shows this wall time; a skipped one is as long after the jump as it is into the gap."""
    first = wall.replace(tzinfo=UTC) - timedelta(hours=30)
    minutes = [first + timedelta(minutes=n) for n in range(60 * 60)]
    shown = [at.astimezone(zone).replace(tzinfo=None) for at in minutes]
    if wall in shown:
        return minutes[shown.index(wall)]
    last = next(n for n, (one, other) in enumerate(pairwise(shown)) if one < wall < other)
    return minutes[last] + (wall - shown[last])


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(CHANGES), st.lists(st.integers(0, 48), min_size=2, max_size=6, unique=True).map(sorted))
def test_hours_on_a_night_of_a_clock_change_are_where_the_wall_clock_shows_them(
    night: tuple[str, date], halves: list[int]
) -> None:
    """Elapsed time counts, a skipped opening moves forward with the clock, of two equal ones the first counts."""
    zone, day = ZoneInfo(night[0]), night[1]
    pairs = [(a, b) for a, b in pairwise(halves)][::2]
    hours = [[clock(a * 1800), clock(b * 1800)] for a, b in pairs]
    calendar = Calendar.model_validate({"timezone": night[0], "weekly": {}, "special_hours": {day.isoformat(): hours}})
    midnight = datetime(day.year, day.month, day.day)
    begins, ends = (instant_of(zone, midnight + timedelta(days=n)) for n in (0, 1))
    spans = [[instant_of(zone, midnight + timedelta(minutes=30 * end)) for end in pair] for pair in pairs]
    open_minutes = {
        at
        for opens, closes in spans
        for n in range(max(0, int((min(closes, ends) - max(opens, begins)).total_seconds()) // 60))
        for at in [max(opens, begins) + timedelta(minutes=n)]
    }
    minutes = [begins + timedelta(minutes=n) for n in range(-60, int((ends - begins).total_seconds()) // 60 + 60)]
    for at in minutes[::7]:
        assert between(calendar, at, at + timedelta(minutes=1)) == 60 * (at in open_minutes), at
    assert between(calendar, begins - timedelta(hours=1), ends + timedelta(hours=1)) == 60 * len(open_minutes)
