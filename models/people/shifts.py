"""Shifts as data: their hours, what keeps people from cases in them, and rotas as patterns of days (T11, T18)."""

import re
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, field_validator, model_validator

from models.commands import Word
from models.procedure.playbook_parts import Duration, Names, Part

DAY = 86_400
#: A day of a rota without a shift.
OFF = "off"
#: What people without a rota count as: on duty whenever they are not absent, or never.
ALWAYS, NEVER_ON = "always", "never"
_KEPT = frozenset({OFF, ALWAYS, NEVER_ON})
#: The longest pattern of a rota, and the longest that a shift outlasts its hours.
LONGEST_PATTERN, LONGEST_OVERRUN = 366, 6 * 3600

Activity = Literal["warehouse", "handover"]


class Hours(NamedTuple):
    """From a second of the day up to, not including, another; behind midnight it goes on counting."""

    begins: int
    ends: int


class Span(NamedTuple):
    """From an instant up to, not including, another."""

    begins: datetime
    ends: datetime


def _time_of_day(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f'{value} is not a time of day; write times in quotes, like "15:30"')
    found = re.fullmatch(r"(\d\d):(\d\d)", value, re.ASCII) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'{str(value)[:40]!a} is not a time of day; write it like "09:00" or "24:00"')
    hours, minutes = int(found[1]), int(found[2])
    if minutes > 59 or hours * 60 + minutes > 24 * 60:
        raise ValueError(f"{found[0]} is not on the clock; times run from 00:00 to 24:00")
    return hours * 3600 + minutes * 60


def _written(second: int) -> str:
    hours, rest = divmod(second, 3600)
    return f"{hours:02}:{rest // 60:02}"


def _hours(value: object) -> Hours:
    if isinstance(value, Hours):
        return value
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise ValueError('write a pair of times, like ["09:00", "12:00"]')
    begins, ends = (_time_of_day(one) for one in value)
    if begins == ends:
        raise ValueError(f"{value[0]} to {value[1]} is no time at all; a shift around the clock ends at 24:00")
    return Hours(begins, ends if ends > begins else ends + DAY)


def _pairs(value: object) -> object:
    if not isinstance(value, (list, tuple)):
        raise ValueError('write a list of [from, to], like [["09:00", "12:00"]]')
    return tuple(_hours(one) for one in value)


def _one_after_another(hours: tuple[Hours, ...]) -> tuple[Hours, ...]:
    for earlier, later in pairwise(hours):
        if later.begins < earlier.ends:
            raise ValueError(
                f"the hours from {_written(later.begins)} begin before those before them end; write them in order, "
                "and only the last past midnight"
            )
    return hours


def _as_text(hours: tuple[Hours, ...]) -> list[list[str]]:
    return [[_written(one.begins), _written(one.ends - DAY if one.ends > DAY else one.ends)] for one in hours]


_Many = Annotated[
    tuple[Hours, ...],
    BeforeValidator(_pairs),
    AfterValidator(_one_after_another),
    PlainSerializer(_as_text),
]


class Apart(Part):
    """Time within a shift that is no time for cases: on duty, not available (T18)."""

    activity: Activity = Field(description="what is done instead: `warehouse` or `handover`")
    hours: _Many = Field(min_length=1, description="when, within the shift's hours")


class Shift(Part):
    """A shift (T11); hours that end before they begin go past midnight and belong to the day they begin on."""

    names: Names = Field(description="its name on screens")
    hours: _Many = Field(min_length=1, description='its hours, like [["09:00", "12:00"], ["12:30", "16:30"]]')
    apart: tuple[Apart, ...] = Field(default=(), description="time in it that is not for cases (T18)")

    @model_validator(mode="after")
    def _apart_within_hours(self) -> Self:
        for one in (hours for apart in self.apart for hours in apart.hours):
            if not any(own.begins <= one.begins and one.ends <= own.ends for own in self.hours):
                told = f"{_written(one.begins)} to {_written(one.ends % DAY)}"
                raise ValueError(f"{told} is apart, and is not within the shift's hours; put it inside them")
        return self


class DutyPlan(Part):
    """All shifts of a shop, as `duty.yaml` says them."""

    timezone: Word = Field(default="Asia/Shanghai", description="the zone that hours and days are written in")
    shifts: dict[Word, Shift] = Field(default={}, description="the shifts by name")
    rotas: dict[Word, tuple[Word, ...]] = Field(
        default={}, description="patterns of days by name: a shift a day, or `off`; they repeat"
    )
    without_rota: Word = Field(
        default=ALWAYS, description="when people without a rota are on duty: `always`, `never`, or a shift, every day"
    )
    talking: Duration = Field(
        default=900, description="a shift lasts for so long after a customer's last message in a case of his (T18)"
    )
    longest_overrun: Duration = Field(default=7200, description="how long a shift lasts past its hours, at the most")
    longest_handover: Duration = Field(
        default=3600, description="how long a handover that nobody has accepted keeps both at it"
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"{value[:60]!a} is no time zone; write one like Asia/Shanghai or Europe/London") from None
        return value

    @field_validator("shifts")
    @classmethod
    def _free_names(cls, value: dict[str, Shift]) -> dict[str, Shift]:
        for name in value:
            if name in _KEPT:
                raise ValueError(f"'{name}' has a meaning of its own and cannot name a shift; choose another name")
        return value

    @field_validator("longest_overrun", "longest_handover")
    @classmethod
    def _not_for_days(cls, value: int) -> int:
        if value > LONGEST_OVERRUN:
            raise ValueError("must be at most 6h: a shift does not last for days")
        return value

    def wrong(self) -> tuple[tuple[tuple[str | int, ...], str], ...]:
        """Where the plan speaks of shifts that it has not: the place, and what to do."""
        known = ", ".join((OFF, *sorted(self.shifts)))
        found: list[tuple[tuple[str | int, ...], str]] = []
        for name, days in self.rotas.items():
            if not 1 <= len(days) <= LONGEST_PATTERN:
                found.append((("rotas", name), f"a rota has 1 to {LONGEST_PATTERN} days; write its days"))
            found += [
                (("rotas", name, i), f"there is no shift '{day}'; there are {known}")
                for i, day in enumerate(days)
                if day != OFF and day not in self.shifts
            ]
        if self.without_rota not in (ALWAYS, NEVER_ON, *self.shifts):
            told = f"'{self.without_rota}' is neither {ALWAYS}, {NEVER_ON} nor a shift; there are {known}"
            found.append((("without_rota",), told))
        return tuple(found)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def day_of(self, at: datetime) -> date:
        """The date at an instant where the shop is."""
        return at.astimezone(self.zone).date()

    def spans(self, shift: str, day: date) -> tuple[Span, ...]:
        """When a shift of this day is worked; none for a day off or a shift that the plan has no more."""
        known = self.shifts.get(shift)
        return _placed(known.hours, day, self.zone) if known else ()

    def apart(self, shift: str, day: date, at: datetime) -> Activity | None:
        """What keeps the people of a shift from cases at an instant of it."""
        known = self.shifts.get(shift)
        for one in known.apart if known else ():
            if any(span.begins <= at < span.ends for span in _placed(one.hours, day, self.zone)):
                return one.activity
        return None


def _placed(hours: tuple[Hours, ...], day: date, zone: ZoneInfo) -> tuple[Span, ...]:
    """Hours as instants. Of two equal wall times the first; one skipped moves forward with the clock (section 9)."""
    spans = (Span(_instant(day, one.begins, zone), _instant(day, one.ends, zone)) for one in hours)
    return tuple(span for span in spans if span.begins < span.ends)


def _instant(day: date, second: int, zone: ZoneInfo) -> datetime:
    wall = datetime.combine(day, time(), zone) + timedelta(seconds=second)  # a wall time, whatever the night did
    return wall.astimezone(UTC)
