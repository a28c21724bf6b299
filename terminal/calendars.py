"""Commands about calendars: which are in force, how a year looks, and what a change would do to open cases."""

import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from models.errors import NotFound

if TYPE_CHECKING:  # heavy: only the commands that need them wait for them
    from api.procedure.publishing import Compared
    from models.business_time import Interval
    from models.time.calendar_year import CalendarDay

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
    year: Annotated[int | None, typer.Option(min=1970, max=2199, help="1970 to 2199; default: this one.")] = None,
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

    folder: Path = load_settings().playbooks_in_use or SHIPPED
    return load_playbooks(folder)


# ── into force ────────────────────────────────────────────────────────────────────────────────────


@calendar.command("publish")
def publish_calendar(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A changed <name>.yaml.", exists=True, dir_okay=False)],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who puts it into force.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask on a terminal.")] = False,
    json: AsJson = False,
) -> None:
    """Put a changed calendar into force: checked, compared, copied into the shop's folder, and recorded."""
    from api.procedure import publishing
    from playbooks.loading.candidate import calendar_file
    from terminal import places, shown
    from terminal.playbooks import as_told, make_sure, published_into, written

    place, who, why = published_into(), written("--by", by), written("--reason", reason)
    _ = place.to_publish  # whether there is a folder to publish into is said before anything else
    name, content = calendar_file(file.name), file.read_bytes()
    with places.database() as engine:
        asked = publishing.compared(engine, place, name, content, publishing.current(place))
        if not json:
            _show_changes(asked)
            make_sure(asked, asked.is_new and not yes, file.stem)
        done = publishing.publish(engine, place, asked, content, who, why, datetime.now(UTC))
    if json:
        days = [{"on": one.on.isoformat(), "before": one.before.kind, "after": one.after.kind} for one in asked.days]
        shown.as_json({"name": file.stem, **as_told(done), "days": days})
        return
    shown.say(f"{file.stem} is in force in version {done.after}; open cases keep their deadlines.")
    shown.say(f"What it would do to them: aftercare calendar rebase --calendar {file.stem} --dry-run")


def _show_changes(asked: "Compared") -> None:
    from terminal import shown

    week = [(one.day, _spans(one.before), _spans(one.after)) for one in asked.week]
    days = [(f"{one.on} {one.on:%a}", _becomes(one.before), _becomes(one.after)) for one in asked.days]
    if week or days:
        shown.table(("day", "was", "is"), [*week, *days])


def _becomes(day: "CalendarDay") -> str:
    return " · ".join(part for part in (_KINDS.get(day.kind, day.kind), _spans(day.hours)) if part)


def _spans(hours: "tuple[Interval, ...]") -> str:
    return ", ".join("–".join(f"{at // 3600:02}:{at // 60 % 60:02}" for at in span) for span in hours) or "closed"


@calendar.command("history")
def show_history(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as shop_cn.")], json: AsJson = False
) -> None:
    """Who put which version of a calendar into force, when and why."""
    from store.engine import reading
    from store.procedure import calendars as kept
    from terminal import places, shown

    with places.database() as engine, reading(engine) as session:
        acts = kept.acts(session, name)
    if not acts:
        raise NotFound(f"Nobody has published a calendar '{name}' here.")
    if json:
        shown.as_json({"items": [act.model_dump(mode="json") for act in acts], "next_cursor": None})
        return
    rows = ((act.number, shown.when(act.at.isoformat()), act.before, act.after, act.by, act.reason) for act in acts)
    shown.table(("#", "when", "before", "after", "by", "reason"), rows, right=("#",))


# ── rebase ────────────────────────────────────────────────────────────────────────────────────────


@calendar.command("rebase")
def rebase(
    name: Annotated[list[str] | None, typer.Option("--calendar", metavar="NAME", help="Only clocks on it.")] = None,
    playbook: Annotated[str | None, typer.Option(metavar="KIND", help="Or cases of a kind, on its playbook.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do; this is the default.")] = False,
    confirm: Annotated[str | None, typer.Option(metavar="PREVIEW", help="Do what that preview showed.")] = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; each case logs it.")] = None,
    status: Annotated[str | None, typer.Option(metavar="REBASE", help="How far one is.")] = None,
    stop: Annotated[str | None, typer.Option(metavar="REBASE", help="Tell no further case.")] = None,
    json: AsJson = False,
) -> None:
    """Count open cases anew on changed calendars, or put them under a changed playbook; first look, then confirm."""
    from terminal import remote, shown

    if sum(asked is not None for asked in (confirm, status, stop)) + dry_run > 1:
        raise typer.BadParameter("use one of --dry-run, --confirm, --status and --stop.")
    if confirm is not None and not (reason or "").strip():
        raise typer.BadParameter("say why; each case logs it.", param_hint="--reason")
    scope: dict[str, Any] = {"calendars": name or [], **({"playbook": playbook} if playbook else {})}
    with remote.remote() as api:
        if status is not None or stop is not None:
            path = f"/rebase/{quote(status or stop or '', safe='')}"
            document = api.get(path) if stop is None else api.post(f"{path}/stop")
        elif confirm is not None:
            document = _followed(api, api.post("/rebase", {**scope, "preview_id": confirm, "reason": reason}), json)
        else:
            document = api.post("/rebase/preview", scope)
    if json:
        shown.as_json(document)
    elif "preview_id" in document:
        _show_preview(document)
    else:
        shown.say(_how_far(document))
        lines = document["refusals"].items()
        if lines:
            shown.table(("case", "why not"), lines)


def _followed(api: Any, document: dict[str, Any], json: bool) -> dict[str, Any]:
    """The rebase at its end, with a bar meanwhile where somebody looks; Ctrl-C leaves it going on."""
    from terminal import shown

    if json:
        return document
    with shown.progress("Rebasing") as told:
        while document["state"] == "running":
            told(document["told"] + document["gone"], document["total"])
            time.sleep(0.5)
            document = api.get(f"/rebase/{document['id']}")
    return document


def _show_preview(document: dict[str, Any]) -> None:
    from terminal import shown

    shown.say(document["sentence"])
    rows = [(name, *(counts[column] for column in _COUNTS)) for name, counts in document["by_clock"].items()]
    if rows:
        shown.table(("clock", "open", "earlier", "later", "as before", "overdue at once"), rows)
    late = document["overdue"]
    if late:
        shown.say("Overdue at once:")
        shown.table(
            ("case", "clock", "was due", "would be due"),
            ((one["case_no"], one["clock"], shown.when(one["due_at"]), shown.when(one["becomes"])) for one in late),
        )
    if document["open"]:
        shown.say(f"Nothing was changed. To do it: --confirm {document['preview_id']} --reason '…'")


def _how_far(document: dict[str, Any]) -> str:
    told = f"{document['state']}: {document['rebased']} of {document['total']} cases rebased"
    more = ("refused", "gone", "silent")
    return told + "".join(f", {document[name]} {name}" for name in more if document[name])


_COUNTS = ("open", "earlier", "later", "same", "overdue_at_once")
