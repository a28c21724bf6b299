"""Word from couriers, shops and payment providers, and what couriers said of a waybill."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from api.documents.hooks import EventsAsk, HookPage, HookTaken, HookWhole, WaybillShown
from api.documents.requests import Number
from api.limits import JSON_BYTES, bounded
from api.outside.hooks import Hooks
from api.routes.answers import Cursor, Filter, Json, Limit, documented, refused
from api.routes.checked import CallerHere, checked_router

router = checked_router("goods")
#: Hooks bring a signature of their own instead of a token.
hooks = APIRouter(tags=["goods"])


async def hooks_of(request: Request) -> Hooks:
    """Word from outside, as this app takes it."""
    found: Hooks = request.app.state.hooks
    return found


HooksHere = Annotated[Hooks, Depends(hooks_of)]
State = Annotated[Literal["received", "done", "refused", "unreadable"] | None, Query(description="how far it is")]
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": HookTaken, "description": "kept", "content": {"text/plain": {"schema": {"type": "string"}}}},
    204: {"description": "kept, for those who want no words"},
    **{n: refused(n) for n in (400, 401, 404, 413, 422, 503)},
}


@hooks.post("/hooks/{source}", summary="Word from outside", response_class=Json, responses=_RESPONSES)
async def receive_hook(source: Annotated[str, Field(max_length=100)], request: Request, here: HooksHere) -> Response:
    """Signed as its source signs, it is kept as it came and read afterwards; the same again is kept once."""
    here.known(source)  # of a stranger not even the body is read
    body = b"".join([chunk async for chunk in bounded(request, JSON_BYTES)])
    taken = await here.receive(source, dict(request.headers), body)
    reply = here.reply_of(source)
    return Response(reply.body, reply.status, media_type=reply.media_type) if reply else Json(taken)


@router.get("/hooks", summary="Calls from outside", response_class=Json, responses=documented(HookPage))
async def list_hooks(
    here: HooksHere, source: Filter = None, state: State = None, cursor: Cursor = None, limit: Limit = 50
) -> Json:
    """As they came, the newest first; those that nobody understood say why."""
    return Json(await here.page(source, state, cursor, limit))


@router.get("/hooks/{hook_id}", summary="One of them", response_class=Json, responses=documented(HookWhole, 404))
async def get_hook(hook_id: Number, here: HooksHere) -> Json:
    """With its body."""
    return Json(await here.show(hook_id))


@router.post(
    "/hooks/{hook_id}/replay", summary="Read it again", response_class=Json, responses=documented(HookWhole, 404)
)
async def replay_hook(hook_id: Number, here: HooksHere) -> Json:
    """After a mend, or when its source is set up by now. What is known already changes nothing."""
    return Json(await here.replay(hook_id))


@router.get(
    "/waybills/{waybill}",
    summary="Where a parcel stands",
    response_class=Json,
    responses=documented(WaybillShown, 404),
)
async def get_waybill(waybill: Number, here: HooksHere) -> Json:
    """By everything that was said of it, whoever said it and in whatever order (L16)."""
    return Json(await here.waybill(waybill))


@router.post(
    "/waybills/{waybill}/events",
    summary="What somebody read on the courier's page",
    response_class=Json,
    responses=documented(HookTaken, 404, body=True),
)
async def add_events(
    waybill: Annotated[str, Field(pattern=r"^[!-~]([ -~]{0,98}[!-~])?$")],
    ask: EventsAsk,
    caller: CallerHere,
    here: HooksHere,
) -> Json:
    """As if the courier had told us; read by the worker a moment later."""
    return Json(await here.type_in(waybill, ask, caller.name))
