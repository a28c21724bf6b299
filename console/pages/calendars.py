"""Calendars: working hours, and the year drawn with its holidays and make-up days (section 9)."""

import calendar as gregorian
from collections import defaultdict
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from console.language import N_
from console.visit import Here, Visit
from models.business_time import WEEKDAYS as DAYS
from models.business_time import Calendar, Interval
from models.errors import NotFound
from models.time.calendar_year import CalendarDay, year_of

router = APIRouter()
FIRST_YEAR, LAST_YEAR = 2000, 2099
KINDS: Final = {
    "working": N_("working day"),
    "off": N_("day off"),
    "holiday": N_("holiday"),
    "special": N_("hours of its own, such as a make-up day"),
    "break": N_("with a break"),
}
WEEKDAYS: Final = {
    "mon": N_("Mon"),
    "tue": N_("Tue"),
    "wed": N_("Wed"),
    "thu": N_("Thu"),
    "fri": N_("Fri"),
    "sat": N_("Sat"),
    "sun": N_("Sun"),
}


@router.get("/calendars", name="calendars")
async def calendars(here: Here) -> Response:
    """The calendars in force, and what is not sure of them."""
    found = await here.desk.calendars()
    return here.page("calendars/page.html", found=found["items"], warnings=found["warnings"])


@router.get("/calendars/{name}", name="calendar")
async def calendar(here: Here, name: str, year: str = "") -> Response:
    """One calendar with a year of it drawn."""
    known = here.desk.playbook_set.calendars.get(name)
    if known is None:
        raise NotFound(f"There is no calendar '{name}'.")
    this_year = here.tongue.local(here.now).year
    wanted = int(year) if year.isascii() and year.isdigit() and FIRST_YEAR <= int(year[:4]) <= LAST_YEAR else this_year
    days = year_of(known, wanted)
    rows = (await here.desk.calendars())["items"]
    about = next(row for row in rows if row["name"] == name)
    return here.page(
        "calendars/year.html",
        about=about,
        year=wanted,
        first_year=FIRST_YEAR,
        last_year=LAST_YEAR,
        provisional=wanted in about["provisional_years"],
        months=months_of(here, days),
        kinds=KINDS,
        week=_week(here, known),
        odd=[_told(here, day) for day in days if not day.is_ordinary],
        working=sum(day.is_open for day in days),
    )


def months_of(here: Visit, days: tuple[CalendarDay, ...], before: tuple[CalendarDay, ...] = ()) -> list[dict[str, Any]]:
    """Twelve months of weeks from Monday on; an empty place is a day of another month.

    With the same year `before` a change, each day that becomes something else is marked and says what it was.
    """
    was = {day.on: day for day in before}
    by_month: dict[int, list[CalendarDay]] = defaultdict(list)
    for day in days:
        by_month[day.on.month].append(day)
    return [
        {
            "name": here.tongue.locale.months["stand-alone"]["abbreviated"][month],
            "before": gregorian.monthrange(of[0].on.year, month)[0],
            "days": [_marked(here, day, was.get(day.on, day)) for day in of],
        }
        for month, of in sorted(by_month.items())
    ]


def _marked(here: Visit, day: CalendarDay, before: CalendarDay) -> dict[str, Any]:
    changed = day != before
    return {**_told(here, day), "was": _told(here, before) if changed else None}


def _told(here: Visit, day: CalendarDay) -> dict[str, Any]:
    weekday = here.tongue.say(list(WEEKDAYS.values())[day.on.weekday()])
    hours = hours_told(here, day.hours)
    return {"on": day.on, "kind": day.kind, "date": f"{day.on:%Y-%m-%d} {weekday}", "hours": hours}


def hours_told(here: Visit, hours: tuple[Interval, ...]) -> str:
    """Hours of a day in words; nothing for none."""
    return here.tongue.listed([_interval(one) for one in hours])


def _interval(one: Interval) -> str:
    return "–".join(f"{second // 3600:02d}:{second % 3600 // 60:02d}" for second in (one.opens, one.closes))


def _week(here: Visit, known: Calendar) -> list[tuple[str, str]]:
    say = here.tongue.say
    told = {day: hours_told(here, known.weekly.get(day, ())) for day in DAYS}
    return [(say(WEEKDAYS[day]), told[day] or say("no hours")) for day in DAYS]
