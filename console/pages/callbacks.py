"""Callbacks: whom to call today, the survey, tries in vain, and what became of them (T5–T7, T17)."""

import logging
from collections.abc import Mapping
from datetime import time
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from api.auth import actor_of
from api.documents.requests import CallbackDone, CallbackMissed
from api.people import called, calling
from api.routes.answers import as_csv
from console import labels, people
from console.language import N_
from console.pages.cases import kinds, script_of
from console.visit import Form, Here, Visit
from models.commands import errors_of
from models.errors import AftercareError
from models.lifecycle import Action
from models.oversight.callbacks import AFTER_REMEDY, QUESTIONS

router = APIRouter()
log = logging.getLogger("aftercare.console")
PAGE: Final = 50
#: Rows that are read at once for a spreadsheet, the most of one, and its columns.
BATCH: Final = 200
MOST_IN_A_FILE: Final = 20_000
COLUMNS: Final = (
    *("id", "occasion", "case_no", "order_no", "kind", "person", "state", "due_at", "overdue", "tries", "last_try_at"),
    *("ended_at", "ended_by", "satisfied", *QUESTIONS, "words"),
)
#: What the list shows, in the order of its tabs.
TABS: Final = {
    "today": N_("To call today"),
    "overdue": N_("Overdue"),
    "all": N_("All to come"),
    "tried": N_("Tried in vain"),
    "answered": N_("Answered"),
    "unreachable": N_("Not reached"),
}
OVER: Final = frozenset({"answered", "unreachable"})
STATES: Final = {
    "due": N_("to be called"),
    "answered": N_("answered"),
    "unreachable": N_("not reached"),
    "dropped": N_("not needed any more"),
}
ASKED: Final = {
    "polite": N_("Were we polite?"),
    "promise_kept": N_("Did we keep what we promised?"),
    "competent": N_("Did we know what we were doing?"),
    "solved": N_("Is the problem solved?"),
}
CHANNELS: Final = {"phone": N_("phone"), "message": N_("message"), "visit": N_("in person")}


@router.get("/callbacks", name="callbacks")
async def callbacks(here: Here, show: str = "today", whose: str = "", cursor: str | None = None) -> Response:
    """The callbacks of a tab, of everybody or of those whom I handled."""
    tab = show if show in TABS else "today"
    mine = here.me.id if whose == "mine" else None
    found = await _found(here, tab, mine, cursor)
    query = {"show": "" if tab == "today" else tab, "whose": whose}
    return here.page(
        "callbacks/page.html",
        part="callbacks/_list.html",
        **await _words(here),
        found=found,
        faces=await called.faces(here.desk, [one["id"] for one in found["items"]]),
        following=found["next_cursor"] and here.url("callbacks", {**query, "cursor": found["next_cursor"]}),
        tab=tab,
        whose=whose,
        first=await called.first(here.desk, mine),
    )


async def _found(here: Visit, tab: str, person: str | None, cursor: str | None, limit: int = PAGE) -> dict[str, Any]:
    if tab in OVER:
        return await called.over(here.desk, tab, person, cursor, limit)
    wanted: calling.Wanted = "overdue" if tab == "overdue" else "today" if tab == "today" else "all"
    return await calling.due(here.desk, wanted, person, None, cursor, limit, tab == "tried")


@router.get("/callbacks.csv", name="callbacks_csv")
async def callbacks_csv(here: Here, show: str = "today", whose: str = "") -> Response:
    """A tab as a spreadsheet, with the scores of those that were answered; names and numbers are not in it."""
    tab, mine, cursor = show if show in TABS else "today", here.me.id if whose == "mine" else None, None
    rows: list[dict[str, Any]] = []
    while len(rows) < MOST_IN_A_FILE:
        found = await _found(here, tab, mine, cursor, BATCH)
        rows, cursor = rows + [_row(one) for one in found["items"]], found["next_cursor"]
        if cursor is None:
            break
    return as_csv(rows, f"callbacks-{tab}-{here.now:%Y-%m-%d}", COLUMNS)


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    survey = one.get("survey") or {}
    told = {**one, **survey.get("scores", {}), "satisfied": survey.get("satisfied"), "words": survey.get("words")}
    return {name: told.get(name) for name in COLUMNS}


async def _words(here: Visit) -> dict[str, Any]:
    known = {"tabs": TABS, "states": STATES, "asked": ASKED, "channels": CHANNELS, "questions": QUESTIONS}
    return {**known, "labels": labels, "kinds": kinds(here), "names": await people.names(here)}


# ── one ───────────────────────────────────────────────────────────────────────────────────────────


@router.get("/callbacks/{callback_id}", name="callback")
async def callback(here: Here, callback_id: str, whose: str = "") -> Response:
    """Whom to call, what to say, what was tried, and the survey."""
    return await _page(here, callback_id, whose)


async def _page(
    here: Visit,
    callback_id: str,
    whose: str,
    code: int = 200,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    reveal: bool = False,
) -> Response:
    mine = here.me.id if whose == "mine" else None
    one = await called.one(here.desk, callback_id, mine, reveal)
    case = await here.desk.case(one["case_no"], here.roles, here.me.id) if one["case_no"] else None
    order = await here.desk.order(one["order_no"]) if one["order_no"] else None
    return here.page(
        "callbacks/one.html",
        code=code,
        **await _words(here),
        one=one,
        case=case,
        order=order,
        script=script_of(case, order, here.house.locale) if case else "",
        good_now=_good_now(here, one["good_hours"]),
        whose=whose,
        errors=errors or {},
        typed=typed or {},
        revealed=reveal,
        command_id=uuid4().hex,
    )


def _good_now(here: Visit, hours: list[list[str]]) -> bool:
    now = here.tongue.local(here.now).time()
    return any(time.fromisoformat(opens) <= now < time.fromisoformat(closes) for opens, closes in hours)


@router.post("/callbacks/{callback_id}/number", name="callback_number")
async def callback_number(here: Here, callback_id: str) -> Response:
    """The telephone in full; who looked is logged."""
    form = await here.form()
    log.info("%s looked at the telephone of the callback %s", here.me.id, callback_id)
    return await _page(here, callback_id, form.text("whose"), reveal=True)


@router.post("/callbacks/{callback_id}/done", name="callback_done")
async def callback_done(here: Here, callback_id: str) -> Response:
    """The customer was reached and asked: the survey (T7). Who is not content has his case opened one level up (T5)."""
    form = await here.form()
    errors = _missing(here, form)
    if errors:
        return await _page(here, callback_id, form.text("whose"), 422, errors, form.keep())
    try:
        told = CallbackDone.model_validate(_answers(form))
        actor = actor_of(here.caller, action=Action.COMPLETE_CALLBACK)
        kept = await calling.done(here.desk, callback_id, told, actor)
    except ValidationError as wrong:
        errors = {"": here.complaint(errors_of(wrong)[0]["message"])}
        return await _page(here, callback_id, form.text("whose"), 422, errors, form.keep())
    except AftercareError as refused:
        return await _page(here, callback_id, form.text("whose"), refused.status, {"": here.told(refused)}, form.keep())
    return await _onward(here, callback_id, form, _said(here, told.satisfied, kept))


def _missing(here: Visit, form: Form) -> dict[str, str]:
    if form.text("satisfied") in ("yes", "no"):
        return {}
    return {"satisfied": here.tongue.say("Say whether the customer is satisfied.")}


def _answers(form: Form) -> dict[str, Any]:
    scores = {name: int(form.text(f"scores.{name}")) for name in QUESTIONS if form.text(f"scores.{name}").isdecimal()}
    return {
        "satisfied": form.text("satisfied") == "yes",
        "scores": scores,
        "words": form.text("words") or None,
        "channel": form.text("channel") or None,
        "no_more_calls": form.text("no_more_calls") == "on",
    }


def _said(here: Visit, satisfied: bool, kept: Mapping[str, Any]) -> str:
    if satisfied:
        return here.tongue.say("Recorded: the customer is satisfied.")
    if kept["occasion"] == AFTER_REMEDY:
        return here.tongue.say("Recorded: the customer is not satisfied. The case is open again, one level up.")
    return here.tongue.say("Recorded: the customer is not satisfied. Open a case, so that somebody looks after it.")


@router.post("/callbacks/{callback_id}/missed", name="callback_missed")
async def callback_missed(here: Here, callback_id: str) -> Response:
    """Nobody was reached: tried again on another day, given up after the last try (T5)."""
    form = await here.form()
    seen = form.text("tries")
    try:
        told = CallbackMissed.model_validate({"channel": form.text("by") or None, "note": form.text("note") or None})
        actor = actor_of(here.caller, action=Action.MISS_CALLBACK)
        now = await calling.missed(here.desk, callback_id, told, actor, int(seen) if seen.isdecimal() else None)
    except ValidationError as wrong:
        errors = {"note": here.complaint(errors_of(wrong)[0]["message"])}
        return await _page(here, callback_id, form.text("whose"), 422, errors, form.keep())
    except AftercareError as refused:
        return await _page(here, callback_id, form.text("whose"), refused.status, {"": here.told(refused)}, form.keep())
    return await _onward(here, callback_id, form, _tried(here, now))


def _tried(here: Visit, now: Mapping[str, Any]) -> str:
    if now["state"] != "due":
        return here.tongue.say("Recorded. It was the last try: the customer counts as not reached.")
    return here.tongue.say("Recorded. It is tried again: %(when)s.", when=here.tongue.day_and_time(now["due_at"]))


async def _onward(here: Visit, callback_id: str, form: Form, notice: str) -> Response:
    """To the next call where somebody goes from call to call, else to the list."""
    whose = form.text("whose")
    if form.text("onward") == "next":
        one = await called.one(here.desk, callback_id, here.me.id if whose == "mine" else None)
        if one["next"]:
            return here.go(here.url("callback", {"whose": whose}, callback_id=one["next"]), notice)
    return here.go(here.url("callbacks", {"whose": whose}), notice)
