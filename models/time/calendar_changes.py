"""In which days two versions of a calendar differ: what somebody looks at before the newer one goes into force."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from models.business_time import WEEKDAYS, Calendar, Interval, Weekday
from models.time.calendar_year import CalendarDay, year_of


@dataclass(frozen=True, slots=True)
class DayChange:
    """A day that was this and becomes that."""

    on: date
    before: CalendarDay
    after: CalendarDay


@dataclass(frozen=True, slots=True)
class WeekChange:
    """The hours of a weekday that become others."""

    day: Weekday
    before: tuple[Interval, ...]
    after: tuple[Interval, ...]


def week_changes(before: Calendar, after: Calendar) -> tuple[WeekChange, ...]:
    """The weekdays that have other hours, from Monday on."""
    pairs = ((day, before.weekly.get(day, ()), after.weekly.get(day, ())) for day in WEEKDAYS)
    return tuple(WeekChange(day, old, new) for day, old, new in pairs if old != new)


def day_changes(before: Calendar, after: Calendar) -> tuple[DayChange, ...]:
    """The days named by either that differ beyond what their weekday says, in their order."""
    return tuple(_differing(before, after))


def _differing(before: Calendar, after: Calendar) -> Iterator[DayChange]:
    ordinary = {change.day for change in week_changes(before, after)}
    named = _named(before) | _named(after)
    for year in sorted({day.year for day in named}):
        for old, new in zip(year_of(before, year), year_of(after, year), strict=True):
            follows_the_week = old.is_ordinary and new.is_ordinary and WEEKDAYS[old.on.weekday()] in ordinary
            if old.on in named and not follows_the_week and _said(before, old) != _said(after, new):
                yield DayChange(old.on, old, new)


def _said(calendar: Calendar, day: CalendarDay) -> object:
    return day.kind, day.hours, calendar.breaks.get(day.on, ())


def _named(calendar: Calendar) -> frozenset[date]:
    free = {
        span.first + timedelta(days=n) for span in calendar.holidays for n in range((span.last - span.first).days + 1)
    }
    return frozenset(free | set(calendar.special_hours) | set(calendar.breaks))
