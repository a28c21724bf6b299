"""Commands about calendars: which are in force, how a year looks, and what a change would do to open cases."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

calendar = typer.Typer(help="Working time.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON, for programs.")]
#: How a day is drawn in the view of a year.
_MARKS = {"working": "·", "off": " ", "holiday": "H", "special": "W", "break": "b"}
_KINDS = {"holiday": "free", "special": "hours of its own", "break": "break"}


@calendar.command("list")
def list_calendars(json: AsJson = False) -> None:
    """The calendars in force, where their holidays come from, and which years are not published yet."""
    from playbooks.loading.notices import calendar_rows, warnings
    from terminal import shown

    found, now = _in_force(), datetime.now(UTC)
    rows, told = calendar_rows(found, now), warnings(found, now)
    if json:
        shown.as_json({"items": rows, "next_cursor": None, "warnings": list(told)})
        return
    lines = ((row["name"], row["timezone"], _length(row), _origin(row), _years(row)) for row in rows)
    shown.table(("calendar", "time zone", "working day", "holidays from", "provisional"), lines)
    for words in told:
        shown.say(f"WARNING: {words}.")


@calendar.command("show")
def show_calendar(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as shop_cn.")],
    year: Annotated[int | None, typer.Option(min=2, max=9998, help="Default: this one.")] = None,
    json: AsJson = False,
) -> None:
    """A year of a calendar: its hours, holidays, make-up days, and whether it is published yet."""
    from playbooks.loading.notices import calendar_of_year
    from terminal import shown

    document = calendar_of_year(_in_force(), name, year or datetime.now(UTC).year)
    if json:
        shown.as_json(document)
        return
    shown.say(f"{name} · {document['timezone']} · {document['year']}: {document['working_days']} working days")
    if document["holidays_from"]:
        shown.say(f"holidays from {_origin(document)}")
    for day, hours in document["weekly"].items():
        shown.say(f"  {day}  {_hours(hours) or 'closed'}")
    _draw(document)
    if document["provisional"]:
        shown.say(f"WARNING: {document['year']} is PROVISIONAL, its make-up days are not published yet.")


def _draw(document: dict[str, Any]) -> None:
    """The months as rows of marks, and below them every day that is not as its weekday says."""
    from terminal import shown

    year, closed = document["year"], {day for day, hours in document["weekly"].items() if not hours}
    odd = {day["date"]: day for day in document["days"]}
    shown.say()
    shown.say("      " + "".join(f"{n:<3}" for n in range(1, 32)))
    for month in range(1, 13):
        marks = (_mark(year, month, n, odd, closed) for n in range(1, 32))
        shown.say(f"{date(year, month, 1):%b}   {''.join(f'{mark:<3}' for mark in marks)}".rstrip())
    shown.say("      · working   H free   W hours of its own   b break")
    shown.say()
    lines = ((day["date"], _weekday(day), _KINDS[day["kind"]], _told(day)) for day in document["days"])
    shown.table(("date", "", "", ""), lines)


def _mark(year: int, month: int, day: int, odd: dict[str, Any], closed: set[str]) -> str:
    try:
        on = date(year, month, day)
    except ValueError:
        return " "
    if (found := odd.get(on.isoformat())) is not None:
        return _MARKS[found["kind"]]
    return _MARKS["off" if f"{on:%a}".lower() in closed else "working"]


def _weekday(day: dict[str, Any]) -> str:
    return f"{date.fromisoformat(day['date']):%a}"


def _told(day: dict[str, Any]) -> str:
    hours = _hours(day["breaks"] if day["kind"] == "break" else day["hours"])
    return " · ".join(part for part in (day["name"] or "", hours) if part)


def _hours(pairs: list[list[str]]) -> str:
    return ", ".join(f"{opens}–{closes}" for opens, closes in pairs)


def _length(row: dict[str, Any]) -> str:
    minutes = row["working_day_seconds"] // 60
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")


def _origin(row: dict[str, Any]) -> str:
    found = row["holidays_from"]
    if not found:
        return "its own file"
    place = "-".join(part for part in (found["country"], found["subdivision"]) if part)
    more = "".join(f" + overrides/{name}.yaml" for name in found["overrides"])
    return f"{place}, {found['package']}{more}"


def _years(row: dict[str, Any]) -> str:
    return ", ".join(str(year) for year in row["provisional_years"])


def _in_force() -> Any:
    from playbooks.loading.load import SHIPPED, load_playbooks
    from settings import load_settings

    folder: Path = load_settings().playbooks or SHIPPED
    return load_playbooks(folder)
