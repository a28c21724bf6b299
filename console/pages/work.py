"""My work: what needs me now, and one case after the other."""

from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.responses import Response

from api.people.work import in_order, my_work
from console import labels, people
from console.cases import chips
from console.language import N_
from console.pages.cases import kinds
from console.visit import Form, Here, Visit
from models.errors import DataRefused

router = APIRouter()
#: Section → its title, and what stands there when it is empty; the last is closed until it is opened.
TITLES: Final = {
    "overdue": N_("Overdue"),
    "today": N_("Due today"),
    "answered": N_("Customer answered"),
    "unassigned": N_("Unassigned"),
    "later": N_("Due later"),
    "waiting": N_("Waiting for others"),
}
#: Why somebody passes a case on to later; the manager reads it in the timeline.
#: The cases that somebody has just left for later: their numbers in a cookie of this browser, for some hours.
SKIPPED_COOKIE: Final = "aftercare_skipped"
SKIPPED_FOR: Final = 4 * 3600
MOST_SKIPPED: Final = 40
REASONS: Final = (
    N_("I wait for a colleague"),
    N_("I need another language or special knowledge"),
    N_("The customer cannot be reached now"),
    N_("Something more urgent"),
)


@router.get("/work", name="work")
async def work(here: Here) -> Response:
    """What needs me now, the nearest deadline first."""
    return here.page("work/page.html", part="work/_list.html", **await _seen(here))


async def _seen(here: Visit) -> dict[str, Any]:
    sections = await _sections(here)
    order, skipped = in_order(sections), _skipped(here)
    waiting = [one["due_at"] for one in sections["waiting"] if one["due_at"]]
    return {
        "sections": sections,
        "titles": TITLES,
        "count": len(order),
        "late": len(sections["overdue"]),
        "mine": sum(one["owner"] == here.me.id for name in sections if name != "waiting" for one in sections[name]),
        "next_case": next((one for one in order if one not in skipped), order[0] if order else None),
        "skipped": skipped,
        "next_waiting": min(waiting, default=None),
        "kinds": kinds(here),
        "names": await people.names(here),
        "labels": labels,
        "chips": chips,
    }


async def _sections(here: Visit) -> dict[str, list[dict[str, Any]]]:
    today = here.now.astimezone(here.tongue.zone).date()
    midnight = datetime.combine(today + timedelta(days=1), time(), here.tongue.zone)
    return await my_work(here.desk, here.me.id, here.me.roles, midnight)


@router.get("/work/next", name="work_next")
async def work_next(here: Here, after: str = "") -> Response:
    """The first case that needs me, or the one after another."""
    order, skipped = in_order(await _sections(here)), _skipped(here)
    place = order.index(after) + 1 if after in order else 0
    others = [one for one in (*order[place:], *order[:place]) if one != after]
    following = [one for one in others if one not in skipped] or ([] if after else others)
    if not following:
        left = here.tongue.say("What is left now you have left for later.")
        return here.go(here.url("work"), left if others else here.tongue.say("Nothing more needs you now."))
    return here.go(here.url("case", {"from": "work"}, case_no=following[0]))


def _skipped(here: Visit) -> list[str]:
    return [one for one in here.request.cookies.get(SKIPPED_COOKIE, "").split(".") if one][-MOST_SKIPPED:]


@router.get("/work/skip/{case_no}", name="work_skip_form")
async def work_skip_form(here: Here, case_no: str) -> Response:
    """Why it is left for later; of a case that is there."""
    await here.desk.case_number(case_no)
    return _skip_page(here, case_no)


@router.post("/work/skip/{case_no}", name="work_skip")
async def work_skip(here: Here, case_no: str) -> Response:
    """Leave a case for later, with a reason that stands in its timeline; on to the next."""
    form = await here.form()
    reason = form.text("other") or form.text("reason")
    if not reason:
        return _skip_page(here, case_no, form, here.tongue.say("Say why."))
    if len(reason) > 500:
        return _skip_page(here, case_no, form, here.tongue.say("A reason has at most 500 characters."))
    note = {"note": here.tongue.say("Skipped: %(reason)s", reason=reason)}
    command = {"action": "note", "command_id": form.text("command_id") or uuid4().hex, "data": note}
    try:
        await here.desk.command(case_no, command, here.caller)
    except DataRefused:
        return _skip_page(here, case_no, form, here.tongue.say("This cannot be read: use plain text."))
    answer = here.go(here.url("work_next", {"after": case_no}))
    kept = [*(one for one in _skipped(here) if one != case_no), case_no][-MOST_SKIPPED:]
    here.cookie(answer, SKIPPED_COOKIE, ".".join(kept), SKIPPED_FOR)
    return answer


def _skip_page(here: Visit, case_no: str, form: Form | None = None, wrong: str = "") -> Response:
    reasons = [(here.tongue.say(words), here.tongue.say(words)) for words in REASONS]
    values: dict[str, Any] = {"case_no": case_no, "reasons": reasons, "wrong": wrong, "command_id": uuid4().hex}
    values["typed"] = form.keep() if form else {}
    return here.page("work/skip.html", code=422 if wrong else 200, **values)
