"""Reports: the numbers of a month or week, drawn beside their table, each leading to its cases (T13)."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.responses import Response

from api.auth import reads_every_report
from api.oversight import reporting
from api.oversight.reporting import Span
from api.routes.answers import as_csv
from console import labels, people
from console.language import N_
from console.pages.opening import CHANNELS
from console.visit import Here, Visit
from models.errors import Invalid
from models.oversight.report_words import DIMENSIONS
from models.oversight.reports import read_cell

router = APIRouter()
#: Rows of a section that are drawn as bars; the table has all of them.
DRAWN: Final = 12
#: The number that a section is drawn by, where it is not its first.
DRAWN_BY: Final = {
    **dict.fromkeys(("cost", "cost_by_kind"), "cost_per_case"),
    **dict.fromkeys(("clocks", "clocks_by_kind", "clocks_by_staff"), "on_time_share"),
    "sample": "sampled",
}
NAMES: Final = {
    "monthly": N_("Month-end summary"),
    "weekly": N_("Problems of the week"),
    "remedies": N_("Remedies"),
    "clocks": N_("Clocks kept"),
    "staff": N_("Score sheet of the staff"),
    "causes": N_("Causes"),
    "sample": N_("Sample to check"),
}
#: The day of the next month by which the score sheet is ready (T13).
SCORED_BY: Final = 8
MOST_IN_A_FILE: Final = 20_000
#: What a list behind a number has: the source of its cell → words.
SOURCES: Final = {
    "opened": N_("Cases opened"),
    "opened_products": N_("Cases opened, by product"),
    "ended": N_("Cases ended"),
    "clocks": N_("Turns of clocks that ended"),
    "breaches": N_("Clocks that ended late"),
    "still_late": N_("Clocks that run late"),
    "callbacks": N_("Callbacks after a remedy"),
    "surveys": N_("Surveys answered"),
    "complaints": N_("Complaints about somebody"),
    "worked": N_("Cases that somebody worked on"),
    "uneven": N_("Money and goods that do not meet"),
    "before": N_("Cases opened before the period"),
    "sample": N_("Sample to check"),
}
#: What a list is narrowed to, where reports have no name for it, and the values of one that have no words elsewhere.
ALSO_BY: Final = {"outcome": N_("How it ended"), "satisfied": N_("Satisfied"), "occasion": N_("Occasion")}
VALUES: Final = {
    "on_time": N_("on time"),
    "delay": N_("by delay"),
    "change": N_("by a change"),
    "yes": N_("yes"),
    "no": N_("no"),
    "unreachable": N_("not reached"),
    "page": N_("customer's page"),
    "0-7": N_("up to 7 days"),
    "8-30": N_("8 to 30 days"),
    "31-90": N_("31 to 90 days"),
    "91+": N_("more than 90 days"),
}
#: What stands where something has no value, by what it is.
WITHOUT: Final = {
    "cause": N_("not established yet"),
    "party": N_("not established yet"),
    "staff": N_("nobody"),
    "person": N_("nobody"),
    "courier": N_("none named"),
    "remedy": N_("none chosen"),
    "currency": N_("without money"),
}
UNEVEN: Final = {
    "refunded_not_returned": N_("refunded, not returned"),
    "returned_not_refunded": N_("returned, not refunded"),
}
_SECONDS: Final = {"minutes": 60, "seconds": 1}
#: Fields whose words are not those of everything else: dimension → the field of a case.
FIELDS: Final = {"cause": "cause", "party": "party_liable", "remedy": "remedy"}


@router.get("/reports", name="reports")
async def reports(here: Here) -> Response:
    """To the summary of this month; whoever reads only the own numbers, to those."""
    name = "monthly" if reads_every_report(here.caller) else "staff"
    return here.go(here.url("report", name=name))


@router.get("/reports/{name}", name="report")
async def report(here: Here, name: str, month: str = "", week: str = "", kept: bool = False) -> Response:
    """One report of one period; a month also as it was kept on the first of the next one."""
    span = span_of(name, month, week)
    made = await reporting.report(here.desk, name, span, here.caller, kept)
    period = dict(span) or ({"week": made["period"]} if name == "weekly" else {"month": made["period"]})
    names = await people.names(here)
    return here.page(
        "reports/page.html",
        made=made,
        name=name,
        names=[
            (one, told) for one, told in NAMES.items() if reads_every_report(here.caller) or one == reporting.OWN_SHEET
        ],
        period=period,
        before=_beside(here, name, made, -1),
        after=None if not made["complete"] else _beside(here, name, made, 1),
        charts={part["name"]: _bars(here, part, names) for part in made["sections"]},
        drawn_by=lambda part: _drawn_by(here, part),
        name_of=lambda dim, value: named(here, dim, value, names),
        told=lambda value, unit: _told(here, value, unit),
        cell_of=lambda link: parse_qs(urlsplit(link).query)["cell"][0],
        explained=lambda number: here.tongue.of(number.get("explained") or {"en": number["meaning"]}),
        kept=kept,
        was_kept=name == "monthly" and await reporting.was_kept(here.desk, made["period"]),
        scored_by=_scored_by(here, made) if name == "staff" else None,
    )


def _scored_by(here: Visit, made: Mapping[str, Any]) -> date:
    """T13: the day by which the score sheet of a month is ready."""
    return date.fromisoformat(f"{beside(here, made, 1)}-{SCORED_BY:02d}")


def span_of(name: str, month: str, week: str) -> Span:
    """The period of an address; both at once is none. Raises Invalid."""
    if month and week:
        raise Invalid("Choose a month or a week.")
    return Span(month or None, week or None, None, None)


def _beside(here: Visit, name: str, made: Mapping[str, Any], way: int) -> str:
    """The address of the period before or after."""
    if name == "weekly":
        year, number, _ = (_first_day(here, made) + timedelta(weeks=way)).isocalendar()
        return here.url("report", {"week": f"{year}-W{number:02d}"}, name=name)
    return here.url("report", {"month": beside(here, made, way)}, name=name)


def beside(here: Visit, made: Mapping[str, Any], way: int) -> str:
    """The month so many months away from that of a report."""
    first = _first_day(here, made)
    there = date(first.year + (first.month - 1 + way) // 12, (first.month - 1 + way) % 12 + 1, 1)
    return f"{there:%Y-%m}"


def _first_day(here: Visit, made: Mapping[str, Any]) -> date:
    return here.tongue.local(made["from"]).astimezone(ZoneInfo(made["timezone"])).date()


def _bars(here: Visit, part: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, float, str]]:
    """A number of a section as bars: words, length, told. A section of one row needs none.

    Money is drawn by itself in every currency only: bars of yen beside bars of yuan would say nothing.
    """
    drawn_by = DRAWN_BY.get(part["name"], part["numbers"][0]["name"] if part["numbers"] else "")
    units = {number["name"]: number["unit"] for number in part["numbers"]}
    found = [(_of(here, one, names), one["values"].get(drawn_by)) for one in part["rows"]]
    known = [(words, value) for words, value in found if words and value is not None]
    currencies = {value["currency"] for _, value in known if isinstance(value, Mapping)}
    if len(known) < 2 or len(currencies) > 1 or not any(_size(value) for _, value in known):
        return []
    return [(words, _size(value), _told(here, value, units[drawn_by])) for words, value in known[:DRAWN]]


def _drawn_by(here: Visit, part: Mapping[str, Any]) -> str:
    """What the bars of a section are, in words."""
    titles = {number["name"]: here.tongue.of(number["title"]) for number in part["numbers"]}
    return titles[DRAWN_BY.get(part["name"], part["numbers"][0]["name"])]


def _size(value: Any) -> float:
    if isinstance(value, Mapping):
        return max(0.0, float(value["amount"]))
    return max(0.0, float(value or 0))


def _of(here: Visit, row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What a row is about, in a line; a product by its name, and what nobody has said is left out."""
    told = (
        row.get("name") if dim == "sku" and row.get("name") else named(here, dim, value, names)
        for dim, value in row["of"].items()
        if value is not None or dim != "supplier"
    )
    return " · ".join(str(one) for one in told)


def named(here: Visit, dim: str, value: Any, names: Mapping[str, str]) -> str:
    """A value of what a row is about, in words: kinds, people, couriers, causes and so on by what they are called."""
    if value is None:
        return here.tongue.say(WITHOUT[dim]) if dim in WITHOUT else "–"
    if isinstance(value, Mapping):
        return here.tongue.of(value)
    if dim in ("staff", "person"):
        return names.get(value, value)
    if dim == "courier":
        courier = here.desk.playbook_set.couriers.courier(value)
        return here.tongue.of({"zh": courier.zh, "en": courier.en}) if courier else str(value)
    kinds = here.desk.playbook_set.kinds
    if dim == "kind" and value in kinds:
        return here.tongue.of(kinds[value].names.model_dump())
    return _in_words(here, dim, str(value))


def _in_words(here: Visit, dim: str, value: str) -> str:
    if dim in ("sku", "supplier", "case_no", "currency"):
        return value
    known = {**labels.STATES, **labels.CLOCKS, **UNEVEN, **CHANNELS, **VALUES}
    words = known.get(value) if dim not in FIELDS else None
    return here.tongue.say(words or labels.choice(FIELDS.get(dim, dim), value))


def _told(here: Visit, value: Any, unit: str) -> str:
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        return here.tongue.money(value)
    if unit in _SECONDS:
        return here.tongue.length(round(float(value)) * _SECONDS[unit])
    number = here.tongue.number(float(value) if isinstance(value, str) else value)
    return f"{number} %" if unit == "percent" else number


@router.get("/reports/{name}/csv", name="report_csv")
async def report_csv(here: Here, name: str, month: str = "", week: str = "") -> Response:
    """One row per number."""
    made = await reporting.report(here.desk, name, span_of(name, month, week), here.caller)
    return as_csv(reporting.flat(made), f"{name}-{made['period']}", reporting.COLUMNS)


@router.get("/reports/{name}/cases", name="report_cases")
async def report_cases(
    here: Here, name: str, cell: str, month: str = "", week: str = "", cursor: str | None = None
) -> Response:
    """The cases behind a number, and what the number counts."""
    span = span_of(name, month, week)
    found = await reporting.entries(here.desk, name, cell, span, here.caller, cursor)
    query, names = {**dict(span), "cell": cell}, await people.names(here)
    following = found["next_cursor"] and here.url("report_cases", {**query, "cursor": found["next_cursor"]}, name=name)
    kinds = {kind: here.tongue.of(book.names.model_dump()) for kind, book in here.desk.playbook_set.kinds.items()}
    wanted = read_cell(cell)
    return here.page(
        "reports/cases.html",
        found=found,
        name=name,
        title=NAMES.get(name, name),
        about=SOURCES.get(wanted.source, N_("Cases behind a number")),
        narrowed=[(_dimension(here, dim), named(here, dim, value, names)) for dim, value in wanted.narrowed.items()],
        period=month or week,
        back=here.url("report", dict(span), name=name),
        file=here.url("report_cases_csv", query, name=name),
        following=following,
        kinds=kinds,
        names=names,
        labels=labels,
        with_clocks=any(one["clock"] for one in found["items"]),
        with_callbacks=any(one["callback_id"] for one in found["items"]),
    )


def _dimension(here: Visit, dim: str) -> str:
    """What a number is told apart by, as the reports call it."""
    known = DIMENSIONS.get(dim)
    return here.tongue.of({"zh": known[0], "en": known[1]}) if known else here.tongue.say(ALSO_BY.get(dim, dim))


@router.get("/reports/{name}/cases.csv", name="report_cases_csv")
async def report_cases_csv(here: Here, name: str, cell: str, month: str = "", week: str = "") -> Response:
    """The same as a spreadsheet, to the last."""
    span, cursor = span_of(name, month, week), None
    rows: list[dict[str, Any]] = []
    while len(rows) < MOST_IN_A_FILE:
        found = await reporting.entries(here.desk, name, cell, span, here.caller, cursor, 500)
        rows, cursor = rows + found["items"], found["next_cursor"]
        if cursor is None:
            break
    return as_csv(rows, f"{name}-{month or week or 'now'}-{cell.partition('|')[0]}", reporting.ENTRY_COLUMNS)
