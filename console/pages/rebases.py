"""Open cases counted anew under a changed calendar or playbook: looked at, confirmed, followed and stopped (T10)."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from api.auth import actor_of
from api.documents.requests import RebaseAsk, RebaseConfirmation
from api.procedure import rebasing
from console import labels
from console.language import N_
from console.visit import Form, Here, Visit
from models.commands import errors_of
from models.errors import NotFound, PreviewStale
from models.lifecycle import Action

router = APIRouter()
STATES: Final = {
    "running": N_("running"),
    "stopped": N_("stopped"),
    "done": N_("done"),
    "superseded": N_("overtaken by another change"),
}


@router.get("/rebases", name="rebases")
async def rebases(here: Here) -> Response:
    """What was counted anew lately, by whom and why."""
    return here.page("rebases/page.html", found=await rebasing.listed(here.desk), **_words(here))


@router.get("/rebase", name="rebase_preview")
async def rebase_preview(here: Here, calendar: str = "", playbook: str = "") -> Response:
    """What the calendars or a playbook in force would do to open cases; nothing moves."""
    return await _preview(here, {"calendar": calendar, "playbook": playbook})


async def _preview(here: Visit, scope: Mapping[str, str], code: int = 200, **more: Any) -> Response:
    found = more.pop("found", None) or await rebasing.preview(here.desk, _ask(scope))
    shown = {"found": found, "scope": scope, "errors": {}, "typed": {}, **_words(here), **more}
    return here.page("rebases/preview.html", code=code, **shown)


def _ask(scope: Mapping[str, str]) -> RebaseAsk:
    try:
        return RebaseAsk(**_asked(scope))
    except ValidationError:
        raise NotFound("There is no such calendar or kind of case: its address is wrong.") from None


def _asked(scope: Mapping[str, str]) -> dict[str, Any]:
    calendars = (scope["calendar"],) if scope["calendar"] else ()
    return {"calendars": calendars, "playbook": scope["playbook"] or None}


@router.post("/rebase", name="confirm_rebase")
async def confirm_rebase(here: Here) -> Response:
    """Have it done, if it is still what was shown; the same form sent twice is one rebase."""
    form = await here.form()
    scope = {name: form.text(name) for name in ("calendar", "playbook")}
    if not form.text("reason"):
        errors = {"reason": here.tongue.say("Say why: the timeline of every case tells it.")}
        return await _preview(here, scope, 422, errors=errors, typed=form.keep())
    try:
        found = await rebasing.confirm(here.desk, _confirmation(scope, form), _actor(here))
    except PreviewStale as refused:
        told = here.tongue.say("Something changed meanwhile: this is the new preview. Look at it, and confirm again.")
        preview = refused.extra["preview"]
        return await _preview(here, scope, 409, found=preview, errors={"": told}, typed=form.keep())
    except ValidationError as refused:
        told = here.complaint(errors_of(refused)[0]["message"])
        return await _preview(here, scope, 422, errors={"reason": told}, typed=form.keep())
    return here.go(here.url("rebase", rebase_id=found["id"]))


def _confirmation(scope: Mapping[str, str], form: Form) -> RebaseConfirmation:
    return RebaseConfirmation(**_asked(scope), preview_id=form.text("preview_id"), reason=form.text("reason"))


def _actor(here: Visit) -> Any:
    return actor_of(here.caller, action=Action.REBASE_PLAYBOOK)


@router.get("/rebases/{rebase_id}", name="rebase")
async def rebase(here: Here, rebase_id: str) -> Response:
    """How far it is, and which cases refused."""
    found = await rebasing.progress(here.desk, rebase_id)
    return here.page("rebases/one.html", part="rebases/_one.html", found=found, **_words(here))


@router.post("/rebases/{rebase_id}/stop", name="stop_rebase")
async def stop_rebase(here: Here, rebase_id: str) -> Response:
    """No further case is told; what was done stays done."""
    await rebasing.stop(here.desk, rebase_id)
    told = here.tongue.say("It stops after the cases that were told already; another preview shows the rest.")
    return here.go(here.url("rebase", rebase_id=rebase_id), told)


def _words(here: Visit) -> dict[str, Any]:
    kinds = {kind: here.tongue.of(book.names.model_dump()) for kind, book in here.desk.playbook_set.kinds.items()}
    return {
        "states": STATES,
        "kinds": kinds,
        "clock_name": lambda name: here.tongue.say(labels.CLOCKS[name]) if name in labels.CLOCKS else name,
        "case_url": lambda case_no: here.url("case", case_no=case_no),
    }
