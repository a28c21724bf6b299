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
from console import labels
from console.language import N_
from console.visit import Here, Visit
from models.errors import Invalid

router = APIRouter()
#: Rows of a section that are drawn as bars; the table has all of them.
DRAWN: Final = 12
NAMES: Final = {
    "monthly": N_("Month-end summary"),
    "weekly": N_("Problems of the week"),
    "remedies": N_("Remedies"),
    "clocks": N_("Clocks kept"),
    "staff": N_("Score sheet of the staff"),
    "causes": N_("Causes"),
}
UNEVEN: Final = {
    "refunded_not_returned": N_("refunded, not returned"),
    "returned_not_refunded": N_("returned, not refunded"),
}
UNITS: Final = {"percent": "%", "minutes": N_("min"), "seconds": N_("s")}


@router.get("/reports", name="reports")
async def reports(here: Here) -> Response:
    """To the summary of this month; whoever reads only the own numbers, to those."""
    name = "monthly" if reads_every_report(here.caller) else "staff"
    return here.go(here.url("report", name=name))


@router.get("/reports/{name}", name="report")
async def report(here: Here, name: str, month: str = "", week: str = "") -> Response:
    """One report of one period."""
    span = span_of(name, month, week)
    made = await reporting.report(here.desk, name, span, here.caller)
    period = dict(span) or ({"week": made["period"]} if name == "weekly" else {"month": made["period"]})
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
        charts={part["name"]: _bars(here, part) for part in made["sections"]},
        name_of=lambda value: _name(here, value),
        told=lambda value, unit: _told(here, value, unit),
        cell_of=lambda link: parse_qs(urlsplit(link).query)["cell"][0],
    )


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


def _bars(here: Visit, part: Mapping[str, Any]) -> list[tuple[str, float, str]]:
    """The first number of a section as bars: words, length, told. A section of one row needs none."""
    if len(part["rows"]) < 2 or not part["numbers"]:
        return []
    first = part["numbers"][0]
    found = [(_of(here, one["of"]), one["values"].get(first["name"]), first["unit"]) for one in part["rows"][:DRAWN]]
    drawn = [(words, _size(value), _told(here, value, unit)) for words, value, unit in found if words]
    return drawn if any(size for _, size, _ in drawn) else []


def _size(value: Any) -> float:
    if isinstance(value, Mapping):
        return max(0.0, float(value["amount"]))
    return max(0.0, float(value or 0))


def _of(here: Visit, of: Mapping[str, Any]) -> str:
    return " · ".join(_name(here, value) for value in of.values())


def _name(here: Visit, value: Any) -> str:
    if isinstance(value, Mapping):
        return here.tongue.of(value)
    kinds = here.desk.playbook_set.kinds
    if value in kinds:
        return here.tongue.of(kinds[value].names.model_dump())
    known = {**labels.CHOICES, **labels.STATES, **labels.CLOCKS, **UNEVEN}
    return here.tongue.say(known[value]) if value in known else str(value if value is not None else "–")


def _told(here: Visit, value: Any, unit: str) -> str:
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        return here.tongue.money(value)
    number = here.tongue.number(float(value) if isinstance(value, str) else value)
    return f"{number} {here.tongue.say(UNITS[unit])}" if unit in UNITS else number


@router.get("/reports/{name}/csv", name="report_csv")
async def report_csv(here: Here, name: str, month: str = "", week: str = "") -> Response:
    """One row per number."""
    made = await reporting.report(here.desk, name, span_of(name, month, week), here.caller)
    return as_csv(reporting.flat(made), f"{name}-{made['period']}", reporting.COLUMNS)


@router.get("/reports/{name}/cases", name="report_cases")
async def report_cases(
    here: Here, name: str, cell: str, month: str = "", week: str = "", cursor: str | None = None
) -> Response:
    """The cases behind a number."""
    span = span_of(name, month, week)
    found = await reporting.entries(here.desk, name, cell, span, here.caller, cursor)
    query = {**dict(span), "cell": cell}
    following = found["next_cursor"] and here.url("report_cases", {**query, "cursor": found["next_cursor"]}, name=name)
    kinds = {kind: here.tongue.of(book.names.model_dump()) for kind, book in here.desk.playbook_set.kinds.items()}
    return here.page(
        "reports/cases.html",
        found=found,
        name=name,
        title=NAMES.get(name, name),
        back=here.url("report", dict(span), name=name),
        following=following,
        kinds=kinds,
        labels=labels,
    )
