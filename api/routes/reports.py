"""Reports, the cases behind each of their numbers, and the register of missed clocks (T10, T13)."""

from datetime import date
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import Field
from starlette.responses import Response

from api.auth import actor_of
from api.documents.reports import BreachList, BreachShown, ReportEntries, ReportShown
from api.documents.requests import BreachSaid, Number
from api.drawings.report import svg
from api.oversight import breaches, reporting
from api.oversight.reporting import Span
from api.routes.answers import Cursor, Filter, Json, Limit, as_csv, documented
from api.routes.checked import CallerHere, DeskHere, checked_router
from models.commands import Printable
from models.oversight.breaches import REASONS

router = checked_router("reports")

Name = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
Written = Annotated[
    Literal["json", "csv", "svg"], Query(description="csv opens in a spreadsheet: one row per number; svg is drawn")
]
Tongue = Annotated[Literal["zh", "en"], Query(description="of the words in the drawing")]
Month = Annotated[str | None, Query(pattern=r"^[0-9]{4}-[0-9]{2}$", description="such as 2026-10")]
Week = Annotated[str | None, Query(pattern=r"^[0-9]{4}-W[0-9]{2}$", description="such as 2026-W47, from Monday")]
First = Annotated[date | None, Query(alias="from", description="the first day of the period, with `to`")]
Last = Annotated[date | None, Query(alias="to", description="its last day")]
CellText = Annotated[str, Field(min_length=1, max_length=1000), Printable, Query(description="as a report names it")]
_REPORT = documented(ReportShown, 404)
_CSV = {"content": {kind: {"schema": {"type": "string"}} for kind in ("text/csv", "image/svg+xml")}}


@router.get(
    "/reports/{name}", summary="A report", response_class=Json, responses={**_REPORT, 200: {**_REPORT[200], **_CSV}}
)
async def get_report(
    name: Name,
    caller: CallerHere,
    desk: DeskHere,
    month: Month = None,
    week: Week = None,
    first: First = None,
    last: Last = None,
    kept: Annotated[bool, Query(description="the month as it was kept on the first of the next one")] = False,
    format: Written = "json",
    language: Tongue = "en",
) -> Response:
    """Summaries over cases of a month, a week, or any days of the shop (T13); this month where none is named.

    Managers, supervisors and finance read all of them; everybody else of the staff the own row of `staff`.
    """
    made = await reporting.report(desk, name, Span(month, week, first, last), caller, kept)
    if format == "svg":
        return Response(svg(made, language), media_type="image/svg+xml")
    return (
        as_csv(reporting.flat(made), f"{name}-{made['period']}", reporting.COLUMNS) if format == "csv" else Json(made)
    )


@router.get(
    "/reports/{name}/cases",
    summary="The cases behind a number",
    response_class=Json,
    responses=documented(ReportEntries, 404),
)
async def list_report_cases(
    name: Name,
    cell: CellText,
    caller: CallerHere,
    desk: DeskHere,
    month: Month = None,
    week: Week = None,
    first: First = None,
    last: Last = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """What a number of a report counts: as many entries as it says. A report gives the address of each."""
    return Json(await reporting.entries(desk, name, cell, Span(month, week, first, last), caller, cursor, limit))


# ── missed clocks ─────────────────────────────────────────────────────────────────────────────────


@router.get("/breaches", summary="Missed clocks, one by one", response_class=Json, responses=documented(BreachList))
async def list_breaches(
    desk: DeskHere,
    month: Month = None,
    clock: Filter = None,
    kind: Filter = None,
    staff: Filter = None,
    cause: Annotated[Literal["delay", "change"] | None, Query(description="of the breach")] = None,
    reason: Annotated[
        Literal[(*REASONS, breaches.UNSAID)] | None,  # type: ignore[valid-type]
        Query(description="what was said of it; `none`: nothing yet"),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Those that ended late in a month, the last first; without a month those that run late now, the longest first."""
    narrowed = {"clock": clock, "kind": kind, "staff": staff, "cause": cause, "reason": reason}
    told = {name: str(value) for name, value in narrowed.items() if value}
    return Json(await breaches.register(desk, month, told, cursor, limit))


@router.put(
    "/breaches/{case_no}/{clock}/{cycle}",
    summary="Say why a clock was missed",
    response_class=Json,
    responses=documented(BreachShown, 404, body=True),
)
async def put_breach(
    case_no: Number,
    clock: Number,
    cycle: Annotated[int, Path(ge=1, le=1_000_000)],
    told: BreachSaid,
    caller: CallerHere,
    desk: DeskHere,
) -> Json:
    """Entered later, by who leads; said again it is changed."""
    return Json(await breaches.say(desk, case_no, clock, cycle, told.reason, told.note, actor_of(caller)))
