"""A year of a calendar, day by day, as people look at it (handbook section 9)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from models.business_time import WEEKDAYS, Calendar, Interval

DayKind = Literal["working", "off", "holiday", "special", "break"]
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One day: an ordinary working day or day off, a holiday, a day with hours of its own, or one with a break."""

    on: date
    kind: DayKind
    hours: tuple[Interval, ...]

    @property
    def is_open(self) -> bool:
        return bool(self.hours)

    @property
    def is_ordinary(self) -> bool:
        """Whether its weekday says all there is to say about it."""
        return self.kind in ("working", "off")


def year_of(calendar: Calendar, year: int) -> tuple[CalendarDay, ...]:
    """Every day of the year; `holiday` also on a day that is off anyway, and hours without the breaks taken out."""
    free = {day for days in calendar.holidays for day in _days(days.first, days.last, year)}
    return tuple(_day(calendar, day, free) for day in _days(date(year, 1, 1), date(year, 12, 31), year))


def _day(calendar: Calendar, day: date, free: set[date]) -> CalendarDay:
    weekly = calendar.weekly.get(WEEKDAYS[day.weekday()], ())
    special = calendar.special_hours.get(day)
    if special:
        return CalendarDay(day, "special", special)
    if special is not None or day in free:
        return CalendarDay(day, "holiday", ())
    if weekly and calendar.breaks.get(day):
        return CalendarDay(day, "break", weekly)
    return CalendarDay(day, "working" if weekly else "off", weekly)


def _days(first: date, last: date, year: int) -> list[date]:
    first, last = max(first, date(year, 1, 1)), min(last, date(year, 12, 31))
    return [first + n * _ONE_DAY for n in range((last - first).days + 1)]
