"""What people have to be told about the calendars in force: years whose make-up days nobody has published yet."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from models.business_time import Calendar
from models.errors import NotFound
from models.time.calendar_year import CalendarDay, year_of
from playbooks.loading.holidays import Source
from playbooks.loading.lengths import nearest
from playbooks.loading.load import Playbooks

#: So far ahead deadlines are expected to lie where no database says how far they do.
USUAL_HORIZON = timedelta(days=120)
_ALL_OWN = Source()

logger = logging.getLogger("aftercare.calendars")


def provisional_years(source: Source, now: datetime, furthest: datetime | None = None) -> tuple[int, ...]:
    """The provisional years from this one to that of the furthest deadline."""
    until = max(now + USUAL_HORIZON, furthest or now)
    return source.provisional_between(now.year, until.year)


def warnings(found: Playbooks, now: datetime, furthest: datetime | None = None) -> tuple[str, ...]:
    """One loud sentence for every calendar and year whose make-up days are not published yet."""
    return tuple(
        f"calendar {name}: {year} is PROVISIONAL. Its make-up days are not published in {source.package}, so deadlines "
        f"in {year} can be days off. When the notice is out, upgrade the package or write it into "
        f"calendars/overrides/{source.country}.yaml, and then run 'aftercare calendar rebase --dry-run'"
        for name, source in found.sources.items()
        for year in provisional_years(source, now, furthest)
    )


def log_warnings(found: Playbooks, now: datetime, furthest: datetime | None = None) -> None:
    """The same for the log of a process that starts."""
    for words in warnings(found, now, furthest):
        logger.warning("%s", words)


def calendar_rows(found: Playbooks, now: datetime, furthest: datetime | None = None) -> list[dict[str, Any]]:
    """The calendars in force: zone, where their dates come from, and which years are provisional."""
    return [
        _row(name, calendar, found.sources.get(name, _ALL_OWN), now, furthest)
        for name, calendar in sorted(found.calendars.items())
    ]


def _row(
    name: str, calendar: Calendar, source: Source, now: datetime, furthest: datetime | None = None
) -> dict[str, Any]:
    return {
        "name": name,
        "timezone": calendar.timezone,
        "working_day_seconds": calendar.working_day_seconds,
        "holidays_from": {
            "country": source.country,
            "subdivision": source.subdivision,
            "package": source.package,
            "overrides": list(source.overrides),
        }
        if source.country
        else None,
        "provisional_years": list(provisional_years(source, now, furthest)),
    }


def calendar_of_year(found: Playbooks, name: str, year: int, now: datetime | None = None) -> dict[str, Any]:
    """One calendar with every day of a year that is not as its weekday says. Raises NotFound with the known names."""
    calendar = found.calendars.get(name)
    if calendar is None:
        raise NotFound(f"There is no calendar {name[:60]!r}; {nearest(name[:60], found.calendars)}.")
    source, days = found.sources.get(name, _ALL_OWN), year_of(calendar, year)
    written = calendar.model_dump(mode="json")
    return {
        **_row(name, calendar, source, now or datetime.now(UTC)),
        "weekly": written["weekly"],
        "year": year,
        "provisional": year in source.provisional,
        "working_days": sum(day.is_open for day in days),
        "days": [_day(day, source.names, written) for day in days if not day.is_ordinary],
    }


def _day(day: CalendarDay, names: Mapping[Any, str], written: dict[str, Any]) -> dict[str, Any]:
    on = day.on.isoformat()
    shown = {"date": on, "kind": day.kind, "hours": _written(day), "name": names.get(day.on)}
    return {**shown, "breaks": written["breaks"].get(on, [])}


def _written(day: CalendarDay) -> list[list[str]]:
    return [[_time(second) for second in interval] for interval in day.hours]


def _time(second: int) -> str:
    minutes, seconds = divmod(second, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
