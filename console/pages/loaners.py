"""Devices that are lent: which one, to whom, until when; back on the shelf, or lost (G8)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.responses import Response

from api.goods import lending
from api.routes.answers import as_csv
from console import labels, people
from console.cases.doing import do
from console.language import N_
from console.listing import MOST_IN_A_FILE, cut
from console.visit import Form, Here, Visit

router = APIRouter()
PAGE: Final = 50
TABS: Final = {
    "out": N_("lent"),
    "overdue": N_("overdue"),
    "back": N_("taken back"),
    "lost": N_("lost"),
}
WENT: Final = {
    "restock": N_("back to stock"),
    "refurbish": N_("refurbish"),
    "scrap": N_("scrap"),
    "lost": N_("lost"),
}
COLUMNS: Final = (
    *("serial", "sku", "case_no", "order_no", "customer", "out", "lent_by", "lent_at", "until", "returned_by"),
    *("returned_at", "went_to", "lost", "reason"),
)


@router.get("/loaners", name="loaners")
async def loaners(here: Here, which: str = "out", q: str = "", cursor: str | None = None) -> Response:
    """Devices by where they are: those lent now the longest first, those that are not any more the latest first."""
    return await _list(here, which, q, cursor)


async def _list(
    here: Visit, which: str, q: str = "", cursor: str | None = None, code: int = 200, **more: Any
) -> Response:
    which = which if which in TABS else "out"
    rows, following = await _page(here, which, q, cursor)
    values = {
        "found": [{**row, "late": _is_late(here, row)} for row in rows],
        "following": following and here.url("loaners", {"which": which, "q": q, "cursor": following}),
        "which": which,
        "q": q,
        "tabs": TABS,
        "went": WENT,
        "names": await people.names(here),
        "labels": labels,
        "command_id": uuid4().hex,
        "errors": {},
        "typed": {},
        **more,
    }
    return here.page("loaners/page.html", part="loaners/_list.html", code=code, **values)


async def _page(here: Visit, which: str, q: str, cursor: str | None) -> tuple[Sequence[dict[str, Any]], str | None]:
    """A page of a tab, and the cursor of the next one. What is over is read a page at a time, however much it is."""
    if which in ("back", "lost"):
        found = await lending.over(here.desk, which == "lost", q.strip()[:100], cursor, PAGE)
        return found["items"], found["next_cursor"]
    return cut(await _out(here, which, q), cursor, PAGE)


async def _out(here: Visit, which: str, q: str) -> list[dict[str, Any]]:
    """The devices that are lent and that the words mention, in their number, article, or case."""
    wanted = q.strip().casefold()
    named = ("serial", "sku", "case_no", "order_no")
    rows = [
        one for one in await lending.out(here.desk) if any(wanted in str(one[name] or "").casefold() for name in named)
    ]
    return [row for row in rows if which == "out" or _is_late(here, row)]


async def _rows(here: Visit, which: str, q: str) -> list[dict[str, Any]]:
    """All rows of a tab, for its file."""
    rows, following = await _page(here, which, q, None)
    every = list(rows)
    while following and len(every) < MOST_IN_A_FILE:
        rows, following = await _page(here, which, q, following)
        every += rows
    return every


def _is_late(here: Visit, row: Mapping[str, Any]) -> bool:
    return bool(row["out"] and row["until"]) and datetime.fromisoformat(row["until"]) <= here.now


@router.get("/loaners.csv", name="loaners_csv")
async def loaners_csv(here: Here, which: str = "out", q: str = "") -> Response:
    """A tab as a spreadsheet; names are masked."""
    which = which if which in TABS else "out"
    return as_csv(await _rows(here, which, q), f"loaners-{which}", COLUMNS)


@router.post("/loaners/{case_no}/back", name="loaner_back")
async def loaner_back(here: Here, case_no: str) -> Response:
    """It is here again, and goes where it was found fit for."""
    form = await here.form()
    went_to = form.text("disposition") if form.text("disposition") in ("restock", "refurbish", "scrap") else ""
    told = here.tongue.say("%(serial)s is back.", serial=form.text("serial"))
    return await _ended(here, case_no, form, went_to, told)


@router.post("/loaners/{case_no}/lost", name="loaner_lost")
async def loaner_lost(here: Here, case_no: str) -> Response:
    """It will not come back; a manager says so, and why."""
    form = await here.form()
    told = here.tongue.say("%(serial)s is lost.", serial=form.text("serial"))
    return await _ended(here, case_no, form, "lost", told)


async def _ended(here: Visit, case_no: str, form: Form, went_to: str, told: str) -> Response:
    data = {"serial": form.text("serial"), "disposition": went_to, "note": form.text("note")}
    outcome = await do(here, case_no, "return_loaner", data, form)
    if not outcome.done:
        typed = {**form.keep(), "case_no": case_no, "went_to": went_to}
        return await _list(here, "out", case_no, code=outcome.code, errors=outcome.errors, typed=typed)
    return here.go(here.url("loaners", {"which": form.text("which")}), told)
