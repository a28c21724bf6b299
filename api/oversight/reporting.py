"""Reports as documents: every number with the address of its cases, and as rows for a spreadsheet (T13)."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from api.auth import Caller, reads_every_report
from api.desk import Desk
from models.errors import Forbidden, Invalid, NotFound
from models.oversight.reports import Cell, Period, days_period, month_period, read_cell, week_period
from store.oversight import months, reports
from store.oversight.reports import Asked

#: What a list behind a number has as a spreadsheet.
ENTRY_COLUMNS = (
    *("case_no", "kind", "state", "staff", "remedy", "opened_at", "ended_at", "clock", "cycle", "callback_id"),
)
#: The report that anybody of the staff reads, narrowed to the own row.
OWN_SHEET = "staff"


class Span(Mapping[str, str]):
    """Which period was asked for, as it stands in an address."""

    def __init__(self, month: str | None, week: str | None, first: date | None, last: date | None) -> None:
        given = {"month": month, "week": week, "from": first and str(first), "to": last and str(last)}
        self._given = {name: value for name, value in given.items() if value}
        self.first, self.last = first, last

    def __getitem__(self, name: str) -> str:
        return self._given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)


async def report(desk: Desk, name: str, span: Span, caller: Caller, kept: bool = False) -> dict[str, Any]:
    """A report with the address of the cases of every number. Raises NotFound, Forbidden, Invalid."""
    asked, named = _asked(desk, name, span, caller)
    if kept:
        document = await desk.read(lambda session: months.kept(session, asked.period.name))
        if name != "monthly" or document is None or "report" not in document:
            raise NotFound(f"Nothing was kept of the report '{name}' for {asked.period.name}; leave out 'kept'.")
        return {**document["report"], "kept": True}  # without addresses: what they list today may differ
    made = await desk.read(lambda session: reports.made(session, name, asked))
    return _linked(made, name, named)


async def was_kept(desk: Desk, month: str) -> bool:
    """Whether a month's numbers were kept as they were on the first of the next one."""
    document = await desk.read(lambda session: months.kept(session, month))
    return bool(document and "report" in document)


async def entries(
    desk: Desk, name: str, cell: str, span: Span, caller: Caller, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """The cases behind a number; `total` is the number. Raises NotFound, Forbidden, Invalid."""
    asked, _ = _asked(desk, name, span, caller)
    if name not in reports.REPORTS:
        raise NotFound(f"There is no report '{name}'; there are {', '.join(reports.REPORTS)}.")
    wanted = read_cell(cell)
    if asked.only is not None and not _own(wanted, asked.only):
        raise Forbidden("This token sees the cases of its own numbers only.")
    found = await desk.read(lambda session: reports.of_cell(session, wanted, asked, cursor, limit))
    return found.model_dump(mode="json")


def _own(cell: Cell, person: str) -> bool:
    return person in (cell.narrowed.get("staff"), cell.narrowed.get("person"))


def _asked(desk: Desk, name: str, span: Span, caller: Caller) -> tuple[Asked, dict[str, str]]:
    """What is asked, and the same as it stands in an address."""
    only = None if reads_every_report(caller) else caller.name
    if only is not None and name != OWN_SHEET:
        raise Forbidden("This token sees its own score sheet only: GET /api/v1/reports/staff.")
    now, books = desk.clock(), desk.playbook_set
    zone = ZoneInfo(books.shop.timezone)
    today = now.astimezone(zone).date()
    period = _period(name, span, today, zone)
    return Asked(period, books.reports, now, only), dict(span) or _now(name, today)


def _now(name: str, today: date) -> dict[str, str]:
    if name == "weekly":
        year, week, _ = today.isocalendar()
        return {"week": f"{year}-W{week:02d}"}
    return {"month": f"{today:%Y-%m}"}


def _period(name: str, span: Span, today: date, zone: ZoneInfo) -> Period:
    """The one period that was named; this month, or this week, where none was."""
    given = dict(span) or _now(name, today)
    if set(given) == {"month"}:
        return month_period(given["month"], zone)
    if set(given) == {"week"}:
        return week_period(given["week"], zone)
    if set(given) == {"from", "to"} and span.first and span.last:
        return days_period(span.first, span.last, zone)
    told = "Name a month, or a week, or the first and last day as from and to."
    raise Invalid(told, errors=[{"field": "month", "message": told}])


# ── as documents ──────────────────────────────────────────────────────────────────────────────────


def _linked(made: dict[str, Any], name: str, named: Mapping[str, str]) -> dict[str, Any]:
    here = f"/api/v1/reports/{name}/cases?{urlencode(named)}&cell="

    def row(one: dict[str, Any]) -> dict[str, Any]:
        return {**one, "links": {number: here + quote(cell, safe="") for number, cell in one["cells"].items()}}

    sections = [{**part, "rows": [row(one) for one in part["rows"]]} for part in made["sections"]]
    return {**made, "kept": False, "sections": sections}


#: What every row for spreadsheets has.
COLUMNS = ("section", "of", "number", "value", "unit", "currency", "cases")


def flat(made: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One row per number, for spreadsheets: what it is of, the number, its unit and currency, and its cases."""
    for part in made["sections"]:
        units = {number["name"]: number["unit"] for number in part["numbers"]}
        for one in part["rows"]:
            of = " · ".join(_shown(value) for value in one["of"].values())
            for number, value in one["values"].items():
                yield _flat_row(part["name"], of, number, value, units[number], one.get("links", {}).get(number))


def _flat_row(section: str, of: str, number: str, value: Any, unit: str, link: str | None) -> dict[str, Any]:
    is_money = isinstance(value, Mapping)
    return {
        "section": section,
        "of": of,
        "number": number,
        "value": value["amount"] if is_money else value,
        "unit": unit,
        "currency": value["currency"] if is_money else None,
        "cases": link,
    }


def _shown(value: object) -> str:
    return "-" if value is None else str(value)
