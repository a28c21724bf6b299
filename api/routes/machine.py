"""The machine and the playbooks, as they are in force."""

from typing import Annotated, Literal

from fastapi import Query
from starlette.responses import Response

from api.auth import actor_of
from api.documents.answers import LifecycleShown, PlaybookShown, RebasePreview, RebaseShown, Rows
from api.documents.requests import Number, RebaseAsk, RebaseConfirmation
from api.drawings.lifecycle import mermaid, svg
from api.drawings.road import DRAWINGS
from api.procedure import rebasing
from api.procedure.roads import road
from api.routes.answers import Json, documented
from api.routes.checked import CallerHere, DeskHere, checked_router
from models.lifecycle import Action

router = checked_router("reference")

_MACHINE = documented(LifecycleShown)
_DRAWN = {"text/plain": {"schema": {"type": "string"}}, "image/svg+xml": {"schema": {"type": "string"}}}


@router.get(
    "/lifecycle",
    summary="The life of a case",
    response_class=Json,
    responses={**_MACHINE, 200: {**_MACHINE[200], "content": _DRAWN}},
)
async def get_lifecycle(
    desk: DeskHere, format: Annotated[Literal["json", "mermaid", "svg"], Query(description="how it is told")] = "json"
) -> Response:
    """States, transitions, and per action its roles and the JSON Schema of its `data`; or the same as a drawing."""
    if format == "mermaid":
        return Response(mermaid(), media_type="text/plain; charset=utf-8")
    if format == "svg":
        return Response(svg(), media_type="image/svg+xml")
    return Json(desk.lifecycle())


@router.get("/playbooks", summary="Kinds of case", response_class=Json, responses=documented(Rows))
async def list_playbooks(desk: DeskHere) -> Json:
    """What is loaded, in which version."""
    return Json(desk.playbooks())


@router.get("/calendars", summary="Calendars", response_class=Json, responses=documented(Rows))
async def list_calendars(desk: DeskHere) -> Json:
    """Their zone, where their holidays come from, and which years nobody has published yet."""
    return Json(await desk.calendars())


_PLAYBOOK = documented(PlaybookShown, 404)


@router.get(
    "/playbooks/{kind}",
    summary="One playbook",
    response_class=Json,
    responses={**_PLAYBOOK, 200: {**_PLAYBOOK[200], "content": _DRAWN}},
)
async def get_playbook(
    kind: Number,
    desk: DeskHere,
    format: Annotated[Literal["json", "mermaid", "svg"], Query(description="how it is told")] = "json",
) -> Response:
    """The playbook as new cases of this kind get it; or its road as a drawing."""
    if format == "json":
        return Json(desk.playbook(kind))
    drawn = DRAWINGS[format](road(desk.playbook_of(kind)))
    return Response(drawn, media_type="image/svg+xml" if format == "svg" else "text/plain; charset=utf-8")


# ── rebases ───────────────────────────────────────────────────────────────────────────────────────


@router.post(
    "/rebase/preview",
    summary="Preview a rebase",
    response_class=Json,
    responses=documented(RebasePreview, body=True),
)
async def preview_rebase(ask: RebaseAsk, desk: DeskHere) -> Json:
    """What the calendars, or a playbook, that are in force now would do to cases that are open; nothing moves (T10)."""
    return Json(await rebasing.preview(desk, ask))


@router.post(
    "/rebase",
    summary="Confirm a rebase",
    response_class=Json,
    status_code=202,
    responses=documented(RebaseShown, 409, body=True, status=202, said="under way"),
)
async def confirm_rebase(ask: RebaseConfirmation, caller: CallerHere, desk: DeskHere) -> Json:
    """Tell the cases of a preview to count their clocks anew; refused when it is not any more what was shown."""
    actor = actor_of(caller, action=Action.REBASE_PLAYBOOK)
    return Json(await rebasing.confirm(desk, ask, actor), 202)


@router.get(
    "/rebase/{rebase_id}", summary="How far a rebase is", response_class=Json, responses=documented(RebaseShown, 404)
)
async def get_rebase(rebase_id: Number, desk: DeskHere) -> Json:
    """How many cases were told, and what became of them."""
    return Json(await rebasing.progress(desk, rebase_id))


@router.post(
    "/rebase/{rebase_id}/stop",
    summary="Stop a rebase",
    response_class=Json,
    responses=documented(RebaseShown, 404),
)
async def stop_rebase(rebase_id: Number, desk: DeskHere) -> Json:
    """Tell no further case; a new preview shows what is left."""
    return Json(await rebasing.stop(desk, rebase_id))
