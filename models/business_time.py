"""Working time: calendars, and adding, measuring and rolling time on them (handbook section 9).

A calendar is written in wall time of its own zone; all arithmetic is on instants, so elapsed time counts
over a clock change. Intervals are half-open and on whole seconds. For each month that is asked for, the open
intervals are laid out once with running sums; a question is then two look-ups, however long the target is.
"""

import hashlib
import json
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from reprlib import repr as shown
from typing import Annotated, Any, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from models.errors import AftercareError, CalendarInvalid, Invalid, NoOpeningFound

__all__ = ["Calendar", "due_at", "between", "roll_forward", "roll_backward", "calc"]

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 86_400
REACH_YEARS = 100
"""How far from its start a question looks for open hours before it answers `NoOpeningFound`."""

_MONTHS_KEPT = 240
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_SECOND = timedelta(seconds=1)
# The outermost years stay free, so that no zone's offset can push a moment out of what datetime holds.
_FIRST_YEAR, _LAST_YEAR = 2, 9998


# ── what a calendar file may say ──────────────────────────────────────────────────────────────────


class Interval(NamedTuple):
    """From opening up to, not including, closing. In seconds: of the day, or of the epoch once placed."""

    opens: int
    closes: int


class Days(NamedTuple):
    """From the first day to the last, both included."""

    first: date
    last: date


def _read_time(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        # YAML reads an unquoted 12:30 as the number 750; guessing back would hide other mistakes.
        raise ValueError(f'{shown(value)} is not a time of day; write times in quotes, like "12:30"')
    match = re.fullmatch(r"(\d\d):(\d\d)(?::(\d\d))?", value, re.ASCII) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'{shown(value)} is not a time of day; write it like "09:00" or "24:00"')
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    second = hours * 3600 + minutes * 60 + seconds
    if minutes > 59 or seconds > 59 or second > DAY:
        raise ValueError(f"{value} is not on the clock; times run from 00:00 to 24:00")
    return second


def _write_time(second: int) -> str:
    minutes, seconds = divmod(second, 60)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text


def _read_interval(value: object) -> Interval:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise ValueError(f"{shown(value)} is not a pair [open, close]")
    if isinstance(value, Interval):
        return value
    opens, closes = _read_time(value[0]), _read_time(value[1])
    if closes <= opens:
        raise ValueError(
            f"{value[0]} to {value[1]} closes before it opens; hours over midnight are written as two, "
            "up to 24:00 and on the next day from 00:00"
        )
    return Interval(opens, closes)


def _read_intervals(value: object) -> tuple[Interval, ...]:
    if not isinstance(value, (list, tuple)):
        raise ValueError("a list of [open, close] is needed; [] means closed")
    return tuple(sorted(_read_interval(item) for item in value))


def _not_overlapping(intervals: tuple[Interval, ...]) -> tuple[Interval, ...]:
    for earlier, later in pairwise(intervals):
        if later.opens < earlier.closes:
            raise ValueError(f"the hours from {_write_time(later.opens)} overlap the ones before them")
    return intervals


def _write_intervals(intervals: tuple[Interval, ...]) -> list[list[str]]:
    return [[_write_time(opens), _write_time(closes)] for opens, closes in intervals]


def _read_date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise ValueError(f'{shown(value)} is not a date; write it like "2026-10-01"')
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{value} is not a date in the calendar: {error}") from None


def _read_days(value: object) -> Days:
    if isinstance(value, Days):
        return value
    if not isinstance(value, dict):
        return Days(_read_date(value), _read_date(value))
    if value.keys() != {"from", "to"}:
        raise ValueError("a range of holidays has exactly the fields from and to")
    days = Days(_read_date(value["from"]), _read_date(value["to"]))
    if days.last < days.first:
        raise ValueError(f"the range ends on {days.last}, before it begins on {days.first}")
    return days


def _write_days(days: Days) -> str | dict[str, str]:
    if days.first == days.last:
        return days.first.isoformat()
    return {"from": days.first.isoformat(), "to": days.last.isoformat()}


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{shown(name)} is no time zone; use an IANA name like Asia/Shanghai") from None
    return name


_Hours = Annotated[
    tuple[Interval, ...],
    BeforeValidator(_read_intervals),
    AfterValidator(_not_overlapping),
    PlainSerializer(_write_intervals),
]
_Breaks = Annotated[tuple[Interval, ...], BeforeValidator(_read_intervals), PlainSerializer(_write_intervals)]
_Date = Annotated[date, BeforeValidator(_read_date)]
_Holiday = Annotated[Days, BeforeValidator(_read_days), PlainSerializer(_write_days)]


class Calendar(BaseModel):
    """When a team works: weekly hours, holidays, dates with hours of their own, and breaks, in one time zone.

    Read one with `Calendar.model_validate(mapping)`; what is wrong comes back as one `CalendarInvalid` that
    names every field. Dumped, it has the form it was written in. A weekday left out is closed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    timezone: Annotated[str, AfterValidator(_known_zone)]
    weekly: dict[Weekday, _Hours]
    holidays: tuple[_Holiday, ...] = ()
    special_hours: dict[_Date, _Hours] = {}
    breaks: dict[_Date, _Breaks] = {}

    @model_validator(mode="wrap")
    @classmethod
    def _say_what_is_wrong(cls, data: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return read(data)
        except ValidationError as error:
            wrong = [_complaint(item["loc"], item["msg"]) for item in error.errors()]
            raise CalendarInvalid("; ".join(wrong), errors=wrong) from None

    @classmethod
    def always(cls, timezone: str = "UTC") -> "Calendar":
        """The calendar that never closes: plain calendar time."""
        return cls.model_validate({"timezone": timezone, "weekly": {day: [["00:00", "24:00"]] for day in WEEKDAYS}})

    @property
    def working_day_seconds(self) -> int:
        """What "1 working day" means as a target: the most common open length of a weekday with hours."""
        lengths = [sum(closes - opens for opens, closes in self.weekly.get(day, ())) for day in WEEKDAYS]
        worked = Counter(length for length in lengths if length)
        if not worked:
            raise NoOpeningFound("no weekday of the calendar has hours, so it has no working day; add some")
        return worked.most_common(1)[0][0]

    @cached_property
    def fingerprint(self) -> str:
        """A short mark of what it says: the same for the same open hours, however they were written (T10)."""
        said = self.model_dump(mode="json", exclude={"holidays"})
        said["free"] = [(first.isoformat(), last.isoformat()) for first, last in _joined(self.holidays)]
        text = json.dumps(said, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @cached_property
    def timeline(self) -> "Timeline":
        """The calendar laid out in time; equal calendars share one."""
        return _timeline(self)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __copy__(self) -> Self:
        # A copy is made to be changed, so it must not keep what was computed of the calendar before.
        copy = super().__copy__()
        for name in ("fingerprint", "timeline"):
            copy.__dict__.pop(name, None)
        return copy


def _joined(holidays: Sequence[Days]) -> list[Days]:
    """The same free days as the longest ranges, in order."""
    joined: list[Days] = []
    for days in sorted(holidays):
        if joined and days.first.toordinal() <= joined[-1].last.toordinal() + 1:
            days = Days(joined[-1].first, max(joined.pop().last, days.last))
        joined.append(days)
    return joined


def _complaint(where: tuple[int | str, ...], message: str) -> str:
    path = ".".join(str(part) for part in where if part != "[key]") or "calendar"
    return f"{path}: {message.removeprefix('Value error, ')}"


# ── the open intervals of a month as instants, in seconds of the epoch ────────────────────────────


@dataclass(frozen=True, slots=True)
class Month:
    """One month in its zone. `worked[i]` is the open time of the month before its interval `i` begins."""

    begins: int
    ends: int
    opens: tuple[int, ...]
    closes: tuple[int, ...]
    worked: tuple[int, ...]
    total: int

    def is_open(self, at: int) -> bool:
        i = bisect_right(self.opens, at) - 1
        return i >= 0 and at < self.closes[i]

    def worked_until(self, at: int) -> int:
        """Open seconds of this month before `at`."""
        i = bisect_right(self.opens, at) - 1
        return self.worked[i] + min(at, self.closes[i]) - self.opens[i] if i >= 0 else 0

    def earliest(self, worked: int) -> int:
        """The first moment by which so much was worked, 0 < worked <= total; a closing stays a closing."""
        i = bisect_left(self.worked, worked) - 1
        return self.opens[i] + worked - self.worked[i]

    def latest(self, worked: int) -> int:
        """The last moment until which so much was worked, 0 <= worked < total; an opening stays an opening."""
        i = bisect_right(self.worked, worked) - 1
        return self.opens[i] + worked - self.worked[i]


class Timeline:
    """A calendar laid out in time, month by month, each made once when first asked for."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.zone = ZoneInfo(calendar.timezone)
        self.weekly = [calendar.weekly.get(day, ()) for day in WEEKDAYS]
        self.holidays = frozenset(days.first for days in calendar.holidays if days.first == days.last)
        self.ranges = tuple(days for days in calendar.holidays if days.first != days.last)
        self.month: Callable[[int], Month] = lru_cache(maxsize=_MONTHS_KEPT)(self._lay_out)

    def find(self, at: int) -> int:
        """The number of the month that holds this moment."""
        day = _EPOCH + timedelta(seconds=at)
        number = day.year * 12 + day.month - 1
        month = self.month(number)
        return number - (at < month.begins) + (at >= month.ends)

    def onward(self, number: int, step: Literal[1, -1]) -> Iterator[Month]:
        """The months from this one as far as we look, one way or the other."""
        edge = (_LAST_YEAR + 1) * 12 if step > 0 else _FIRST_YEAR * 12 - 1
        reach = range(number, edge, step)[: REACH_YEARS * 12]
        return map(self.month, reach)

    def _lay_out(self, number: int) -> Month:
        year, month = divmod(number, 12)
        first = date(year, month + 1, 1).toordinal()
        after = date(year + (month == 11), (month + 1) % 12 + 1, 1).toordinal()
        placed = [span for day in range(first, after) for span in self._open_on(date.fromordinal(day))]
        worked = tuple(accumulate((closes - opens for opens, closes in placed), initial=0))
        return Month(
            begins=self._instant(date.fromordinal(first), 0),
            ends=self._instant(date.fromordinal(after), 0),
            opens=tuple(span.opens for span in placed),
            closes=tuple(span.closes for span in placed),
            worked=worked[:-1],
            total=worked[-1],
        )

    def _open_on(self, day: date) -> list[Interval]:
        hours = self._hours_on(day)
        if not hours:
            return []
        begins, ends = self._instant(day, 0), self._instant(day, DAY)
        breaks = self.calendar.breaks.get(day, ())
        if ends - begins == DAY and not breaks:
            return [Interval(begins + opens, begins + closes) for opens, closes in hours]
        # On a night of a clock change an end can fall out of its day or behind its own close.
        placed = [Interval(max(begins, opens), min(ends, closes)) for opens, closes in self._place(day, hours)]
        return _without(_united(placed), _united(self._place(day, breaks)))

    def _hours_on(self, day: date) -> tuple[Interval, ...]:
        special = self.calendar.special_hours.get(day)
        if special is not None:
            return special
        if day in self.holidays or any(first <= day <= last for first, last in self.ranges):
            return ()
        return self.weekly[day.weekday()]

    def _place(self, day: date, intervals: Sequence[Interval]) -> list[Interval]:
        return [Interval(self._instant(day, opens), self._instant(day, closes)) for opens, closes in intervals]

    def _instant(self, day: date, second: int) -> int:
        """A wall time as an instant. Of two equal ones the first; one skipped moves forward with the clock.

        Both are what Python's `fold=0` means.
        """
        wall = datetime.combine(day, time()) + timedelta(seconds=second)
        offset = self.zone.utcoffset(wall) or timedelta(0)
        return (day.toordinal() - _EPOCH_ORDINAL) * DAY + second - offset // _SECOND


def _united(intervals: Sequence[Interval]) -> list[Interval]:
    united: list[Interval] = []
    for opens, closes in sorted(intervals):
        if united and opens <= united[-1].closes:
            before = united.pop()
            opens, closes = before.opens, max(before.closes, closes)
        if opens < closes:
            united.append(Interval(opens, closes))
    return united


def _without(intervals: list[Interval], breaks: Sequence[Interval]) -> list[Interval]:
    for begins, ends in breaks:
        around = [(Interval(o, min(c, begins)), Interval(max(o, ends), c)) for o, c in intervals]
        intervals = [part for pair in around for part in pair if part.opens < part.closes]
    return intervals


_timeline = lru_cache(maxsize=64)(Timeline)


# ── the questions ─────────────────────────────────────────────────────────────────────────────────


def due_at(calendar: Calendar, start: datetime, seconds: int) -> datetime:
    """The moment, in UTC, by which so much working time has passed since `start` (section 9).

    Time that ends exactly at closing stays at closing. Negative seconds go back, and what ends exactly at
    opening stays there. Zero outside hours gives the next opening. Raises `NoOpeningFound`.
    """
    if seconds == 0:
        return roll_forward(calendar, start)
    timeline, at = calendar.timeline, _seconds(start)
    number = timeline.find(at)
    worked = timeline.month(number).worked_until(at) + seconds
    found = _count_on(timeline, number, worked) if seconds > 0 else _count_back(timeline, number, worked)
    if found is None:
        raise NoOpeningFound(f"the calendar has too few open hours for that {_reach_from(start)}")
    return _moment(found)


def _count_on(timeline: Timeline, number: int, worked: int) -> int | None:
    for month in timeline.onward(number, 1):
        if worked <= month.total:
            return month.earliest(worked)
        worked -= month.total
    return None


def _count_back(timeline: Timeline, number: int, worked: int) -> int | None:
    worked -= timeline.month(number).total
    for month in timeline.onward(number, -1):
        worked += month.total
        if worked >= 0:
            return month.latest(worked)
    return None


def between(calendar: Calendar, start: datetime, end: datetime) -> int:
    """The open seconds from `start` to `end`; negative when the end comes first."""
    timeline, at, until = calendar.timeline, _seconds(start), _seconds(end)
    if until < at:
        return -between(calendar, end, start)
    first, last = timeline.find(at), timeline.find(until)
    passed = sum(timeline.month(number).total for number in range(first, last))
    return passed + timeline.month(last).worked_until(until) - timeline.month(first).worked_until(at)


def roll_forward(calendar: Calendar, at: datetime) -> datetime:
    """The moment itself inside hours, else the next opening; a closing is outside. Raises `NoOpeningFound`."""
    timeline, moment = calendar.timeline, _seconds(at)
    for month in timeline.onward(timeline.find(moment), 1):
        worked = month.worked_until(moment)
        if worked < month.total:
            return _moment(month.latest(worked))
    raise NoOpeningFound(f"the calendar never opens {_reach_from(at)}")


def roll_backward(calendar: Calendar, at: datetime) -> datetime:
    """The moment itself inside hours, else the previous closing. Raises `NoOpeningFound`."""
    timeline, moment = calendar.timeline, _seconds(at)
    number = timeline.find(moment)
    if timeline.month(number).is_open(moment):
        return _moment(moment)
    for month in timeline.onward(number, -1):
        worked = month.worked_until(moment)
        if worked > 0:
            return _moment(month.earliest(worked))
    raise NoOpeningFound(f"the calendar is never open {_reach_from(at)}")


def _reach_from(at: datetime) -> str:
    return f"within {REACH_YEARS} years of {at.isoformat()}; add hours to it or ask for less"


def _seconds(at: datetime) -> int:
    if at.utcoffset() is None:
        raise Invalid("a moment needs a time zone; give it with its offset from UTC")
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise NoOpeningFound(f"calendars reach from the year {_FIRST_YEAR} to {_LAST_YEAR}, not to {at.year}")
    return (at - _EPOCH) // _SECOND


def _moment(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)


# ── `aftercare calendar calc` ─────────────────────────────────────────────────────────────────────


def calc(request: object) -> dict[str, object]:
    """Answer one question of `aftercare calendar calc`: `{"result": …}` or `{"error": …}`; never raises.

    The question is `{calendar, op: add|between|roll_forward|roll_backward, start, duration_seconds | end}`.
    Moments are answered with the offset of the calendar's zone.
    """
    try:
        return {"result": _answer(request)}
    except AftercareError as error:
        return {"error": error.detail}


def _answer(request: object) -> str | int:
    if not isinstance(request, dict):
        raise Invalid("a question is an object with calendar, op and start")
    calendar = Calendar.model_validate(_needed(request, "calendar"))
    start, op = _read_moment(request, "start"), _needed(request, "op")
    match op:
        case "between":
            return between(calendar, start, _read_moment(request, "end"))
        case "add":
            result = due_at(calendar, start, _read_duration(request))
        case "roll_forward":
            result = roll_forward(calendar, start)
        case "roll_backward":
            result = roll_backward(calendar, start)
        case _:
            raise Invalid(f"op: {shown(op)} is none of add, between, roll_forward, roll_backward")
    return _written(result, ZoneInfo(calendar.timezone))


def _written(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    # Before standard time some offsets had seconds, which RFC 3339 cannot write.
    whole = not (local.utcoffset() or timedelta(0)) % timedelta(minutes=1)
    return (local if whole else moment).isoformat()


def _needed(request: dict[Any, Any], field: str) -> object:
    if field not in request:
        raise Invalid(f"{field}: missing")
    return request[field]


def _read_moment(request: dict[Any, Any], field: str) -> datetime:
    value = _needed(request, field)
    try:
        moment = datetime.fromisoformat(value.upper()) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise Invalid(f"{field}: {shown(value)} is not a moment with offset; write it like 2026-11-02T09:00:00+08:00")
    return moment


def _read_duration(request: dict[Any, Any]) -> int:
    value = _needed(request, "duration_seconds")
    if not isinstance(value, int) or isinstance(value, bool):
        raise Invalid(f"duration_seconds: {shown(value)} is not a whole number of seconds")
    return value
