"""Public holidays and make-up days of a country for a calendar file that says `holidays_from` instead of dates.

The dates come from the package `holidays`. Over them lies the shop's own knowledge of the country
(`calendars/overrides/CN.yaml`), for a notice that is out before the package knows it; over both lie the dates of the
calendar file itself. What is made of all three is a plain `models.business_time.Calendar` with every date in it, so
nothing below the loading knows where a date came from.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib.metadata import version
from types import MappingProxyType
from typing import Annotated, Any, Self

from holidays import country_holidays, list_supported_countries
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from models.business_time import WEEKDAYS, Weekday
from models.commands import Word
from models.playbook import Part

#: Dates are laid out for these years: as far back as a case can reach, as far ahead as a target (ten years) and more.
YEARS = range(2018, 2051)
#: Countries whose government publishes each year's make-up days in a notice of its own, some weeks before the year.
NOTICE_EVERY_YEAR = frozenset({"CN"})

_SUBSTITUTED = re.compile(r"\(substituted from (\d\d)/(\d\d)/(\d{4})\)")
_ONE_DAY = timedelta(days=1)
_SATURDAY = 5


# ── what files may say ────────────────────────────────────────────────────────────────────────────


def _known(country: str) -> str:
    if country not in list_supported_countries():
        raise ValueError(f"{country[:20]!r} is no country that is known; write two letters such as CN")
    return country


class HolidaysFrom(Part):
    """`holidays_from` of a calendar file: whose public holidays it takes over."""

    country: Annotated[Word, AfterValidator(_known)] = Field(description="two letters, such as `CN` or `GB`")
    subdivision: Word | None = Field(None, description="a part of it with holidays of its own, such as `ENG`")
    make_up: Weekday | None = Field(
        None, description="make-up days have this weekday's hours; left out = those of the weekday they stand in for"
    )

    @model_validator(mode="after")
    def _part_of_it(self) -> Self:
        try:
            country_holidays(self.country, subdiv=self.subdivision, years=())
        except NotImplementedError:
            raise ValueError(f"{self.subdivision!r} is no part of {self.country} that is known; leave it out") from None
        return self

    @property
    def places(self) -> tuple[str, ...]:
        """The names of the override files that hold for it, the general one first."""
        return (self.country, *((f"{self.country}-{self.subdivision}",) if self.subdivision else ()))


def _plain_date(value: object) -> object:
    return value.date() if isinstance(value, datetime) else value


_Day = Annotated[date, BeforeValidator(_plain_date)]


class Override(Part):
    """A day, or days from one to another, on which a country works or does not, whatever the package says."""

    on: _Day | None = Field(None, alias="date", description="one day")
    first: _Day | None = Field(None, alias="from", description="or the first of several")
    last: _Day | None = Field(None, alias="to", description="and the last of them")
    working: bool = Field(description="`true`: a make-up day; `false`: free")
    like: Weekday | None = Field(None, description="a make-up day has this weekday's hours")
    hours: tuple[tuple[Word, Word], ...] | None = Field(None, description="or these hours")
    source: Word = Field(description="where that is written: the notice and its number")

    @model_validator(mode="after")
    def _one_way_of_saying_it(self) -> Self:
        if (self.on is None) == (self.first is None or self.last is None):
            raise ValueError("name one date, or from and to")
        if self.first and self.last and self.last < self.first:
            raise ValueError(f"the days end on {self.last}, before they begin on {self.first}")
        if not self.working and (self.like or self.hours):
            raise ValueError("a free day has no hours; leave like and hours out")
        if self.like and self.hours:
            raise ValueError("name like or hours, not both")
        return self

    @property
    def days(self) -> tuple[date, ...]:
        """Every day that it is about."""
        first, last = self.on or self.first, self.on or self.last
        assert first is not None
        assert last is not None
        return tuple(first + n * _ONE_DAY for n in range((last - first).days + 1))


class Overrides(Part):
    """`calendars/overrides/CN.yaml`: what a country has published and the package does not know yet."""

    published: tuple[Annotated[int, Field(ge=1900, le=2200)], ...] = Field(
        (), description="years whose notice is in here in full, so that nobody is warned of them any more"
    )
    days: tuple[Override, ...] = Field((), description="the days that the notice names")


# ── what is made of them ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Source:
    """Where the dates of a calendar come from. `provisional`: years whose make-up days nobody has published yet."""

    country: str | None = None
    subdivision: str | None = None
    package: str | None = None
    overrides: tuple[str, ...] = ()
    provisional: tuple[int, ...] = ()
    names: Mapping[date, str] = field(default_factory=lambda: MappingProxyType({}))

    def provisional_between(self, first: int, last: int) -> tuple[int, ...]:
        """The provisional years among those from the first to the last."""
        return tuple(year for year in self.provisional if first <= year <= last)


@dataclass(frozen=True, slots=True)
class Published:
    """What the package knows of a country: free days with their names, and make-up days with the day they replace."""

    free: Mapping[date, str]
    make_up: Mapping[date, date | None]


@lru_cache(maxsize=32)
def published(country: str, subdivision: str | None) -> Published:
    """The public holidays and make-up days of a country in the years that are laid out."""
    found = country_holidays(country, subdiv=subdivision, years=YEARS, language="en_US")
    free = {day: name for day, name in sorted(found.items()) if day.year in YEARS}
    instead = {_day_in(match): day for day, name in free.items() if (match := _SUBSTITUTED.search(name))}
    worked = sorted(day for day in getattr(found, "weekend_workdays", ()) if day.year in YEARS)
    make_up = {day: instead.get(day) for day in worked}
    if country in NOTICE_EVERY_YEAR:
        free = {**free, **_weekends_beside(free, make_up)}
    return Published(free=MappingProxyType(free), make_up=MappingProxyType(make_up))


def _day_in(match: re.Match[str]) -> date:
    month, day, year = map(int, match.groups())
    return date(year, month, day)


def _weekends_beside(free: Mapping[date, str], make_up: Iterable[date]) -> dict[date, str]:
    """The weekend days that touch a holiday: a notice counts them in, and a team that works on Saturdays is free."""
    found: dict[date, str] = {}
    worked = frozenset(make_up)
    for step in (_ONE_DAY, -_ONE_DAY):
        for day in free:
            beside = day + step
            while beside.weekday() >= _SATURDAY and beside not in worked and beside not in free:
                found[beside] = "weekend"
                beside += step
    return found


@dataclass(frozen=True, slots=True)
class Taken:
    """A calendar file with the dates it took over, ready to be read as a calendar, and where they come from."""

    document: dict[str, Any]
    source: Source


def taken_over(document: Mapping[str, Any], asked: HolidaysFrom, overrides: Mapping[str, Overrides]) -> Taken:
    """The file with every date of its country: package, below overrides, below the file's own dates."""
    known = published(asked.country, asked.subdivision)
    own = {name: value for name, value in document.items() if name != "holidays_from"}
    weekly = own.get("weekly") if isinstance(own.get("weekly"), dict) else {}
    assert isinstance(weekly, dict)
    free = set(known.free)
    hours = {day: _hours(weekly, asked.make_up, instead) for day, instead in known.make_up.items()}
    mine = [overrides[place] for place in asked.places if place in overrides]
    for override in (one for file in mine for one in file.days):
        for day in override.days:
            free.discard(day)
            hours.pop(day, None)
            if override.working:
                hours[day] = _override_hours(weekly, asked, override)
            else:
                free.add(day)
    own_free, own_hours = frozenset(_own_free(own.get("holidays"))), own.get("special_hours")
    if own_hours is None or isinstance(own_hours, dict):
        taken = {day: value for day, value in hours.items() if day not in own_free}
        own["special_hours"] = {**taken, **_by_date(own_hours or {})}
    if own.get("holidays") is None or isinstance(own["holidays"], list):  # own ones first: complaints count them
        own["holidays"] = [*(own.get("holidays") or ()), *sorted(free)]
    return Taken(document=own, source=_source(asked, known, overrides))


def _source(asked: HolidaysFrom, known: Published, overrides: Mapping[str, Overrides]) -> Source:
    return Source(
        country=asked.country,
        subdivision=asked.subdivision,
        package=f"holidays {version('holidays')}",
        overrides=tuple(place for place in asked.places if place in overrides),
        provisional=tuple(_provisional(asked, known, overrides)),
        names=known.free,
    )


def _provisional(asked: HolidaysFrom, known: Published, overrides: Mapping[str, Overrides]) -> Iterator[int]:
    """Years of a country with a notice every year in which nobody works on a weekend: it is not out yet."""
    if asked.country not in NOTICE_EVERY_YEAR:
        return
    told = {day.year for day in known.make_up}
    told |= {year for place in asked.places if place in overrides for year in overrides[place].published}
    yield from (year for year in YEARS if year not in told)


def _hours(weekly: Mapping[Any, Any], named: Weekday | None, instead: date | None) -> Any:
    """The hours of a make-up day: of the named weekday, of the day it stands in for, else of an ordinary day."""
    day = named or (WEEKDAYS[instead.weekday()] if instead else None)
    if day is None or not weekly.get(day):
        lists = [hours for hours in weekly.values() if hours]
        return max(lists, key=lists.count, default=[])
    return weekly[day]


def _override_hours(weekly: Mapping[Any, Any], asked: HolidaysFrom, override: Override) -> Any:
    if override.hours is not None:
        return [list(pair) for pair in override.hours]
    return _hours(weekly, override.like or asked.make_up, None)


def _own_free(holidays: object) -> Iterator[date]:
    """The days that the file itself calls free; what cannot be read is complained about later."""
    for item in holidays if isinstance(holidays, list) else ():
        ends = (item.get("from"), item.get("to")) if isinstance(item, dict) else (item, item)
        first, last = (_as_date(end) for end in ends)
        if first and last:
            yield from (first + n * _ONE_DAY for n in range(min((last - first).days, 3660) + 1))


def _by_date(hours: Mapping[Any, Any]) -> dict[Any, Any]:
    return {_as_date(day) or day: value for day, value in hours.items()}


def _as_date(value: object) -> date | None:
    if isinstance(value, datetime):
        return None
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
