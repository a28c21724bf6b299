"""Word to other programs: endpoints, deliveries, tests and replays."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import Depends, Query, Request

from api.documents.requests import Number
from api.documents.webhooks import (
    DeliveryPage,
    DeliveryShown,
    DeliveryWhole,
    EndpointAsk,
    EndpointPage,
    EndpointShown,
    EndpointWithSecret,
    Removed,
    ReplayAsk,
    Replayed,
    RotateAsk,
)
from api.outside.webhooks import Webhooks
from api.routes.answers import Cursor, Json, Limit, documented
from api.routes.checked import CallerHere, checked_router

router = checked_router("webhooks")


async def webhooks_of(request: Request) -> Webhooks:
    """Word to others, as this app has it."""
    found: Webhooks = request.app.state.webhooks
    return found


Here = Annotated[Webhooks, Depends(webhooks_of)]
State = Annotated[Literal["waiting", "delivered", "given_up"] | None, Query(description="how far the delivery is")]


@router.post(
    "/webhooks",
    summary="Tell another program",
    response_class=Json,
    status_code=201,
    responses=documented(EndpointWithSecret, 409, body=True, status=201, said="it is told from now on"),
)
async def add_webhook(ask: EndpointAsk, caller: CallerHere, here: Here) -> Json:
    """The answer holds the secret that deliveries are signed with; it is not shown again."""
    return Json(await here.add(ask, caller.name), status_code=201)


@router.get("/webhooks", summary="Who is told", response_class=Json, responses=documented(EndpointPage))
async def list_webhooks(here: Here) -> Json:
    """All endpoints, with how many deliveries wait for each."""
    return Json(await here.every())


@router.get(
    "/webhooks/{endpoint_id}", summary="One endpoint", response_class=Json, responses=documented(EndpointShown, 404)
)
async def get_webhook(endpoint_id: Number, here: Here) -> Json:
    """Without its secret."""
    return Json(await here.show(endpoint_id))


@router.put(
    "/webhooks/{endpoint_id}",
    summary="Change it",
    response_class=Json,
    responses=documented(EndpointShown, 404, 409, body=True),
)
async def put_webhook(endpoint_id: Number, ask: EndpointAsk, here: Here) -> Json:
    """Another address, other events, another note; the secret stays."""
    return Json(await here.change(endpoint_id, ask))


@router.delete(
    "/webhooks/{endpoint_id}", summary="Tell it no more", response_class=Json, responses=documented(Removed, 404)
)
async def remove_webhook(endpoint_id: Number, here: Here) -> Json:
    """It is gone with its deliveries."""
    return Json(await here.remove(endpoint_id))


@router.post(
    "/webhooks/{endpoint_id}/enable",
    summary="Switch it on again",
    response_class=Json,
    responses=documented(EndpointShown, 404),
)
async def enable_webhook(endpoint_id: Number, here: Here) -> Json:
    """What waits is tried at once; what happened while it was off is not told afterwards."""
    return Json(await here.enable(endpoint_id))


@router.post(
    "/webhooks/{endpoint_id}/rotate",
    summary="A new secret",
    response_class=Json,
    responses=documented(EndpointWithSecret, 404, body=True),
)
async def rotate_webhook(endpoint_id: Number, ask: RotateAsk, here: Here) -> Json:
    """Both secrets sign until the old one ends, so that the receiver can change over without a gap."""
    return Json(await here.rotate(endpoint_id, timedelta(hours=ask.hours)))


@router.post(
    "/webhooks/{endpoint_id}/ping",
    summary="Send a test",
    response_class=Json,
    responses=documented(DeliveryShown, 404, 409),
)
async def ping_webhook(endpoint_id: Number, here: Here) -> Json:
    """Answers the delivery; look at it again a moment later."""
    return Json(await here.ping(endpoint_id))


@router.get(
    "/webhooks/{endpoint_id}/deliveries",
    summary="How it went",
    response_class=Json,
    responses=documented(DeliveryPage, 404),
)
async def list_deliveries(
    endpoint_id: Number, here: Here, state: State = None, cursor: Cursor = None, limit: Limit = 50
) -> Json:
    """The newest first; those that ended are kept for 30 days."""
    return Json(await here.deliveries(endpoint_id, state, cursor, limit))


@router.post(
    "/webhooks/{endpoint_id}/replay",
    summary="Tell it again",
    response_class=Json,
    responses=documented(Replayed, 404, body=True),
)
async def replay_webhook(endpoint_id: Number, ask: ReplayAsk, here: Here) -> Json:
    """What was given up, or everything, since an instant; each under the `webhook-id` that it had."""
    return Json(await here.replay_many(endpoint_id, ask))


@router.get(
    "/deliveries/{delivery_id}", summary="One delivery", response_class=Json, responses=documented(DeliveryWhole, 404)
)
async def get_delivery(delivery_id: Number, here: Here) -> Json:
    """With its body, and what each try came to."""
    return Json(await here.delivery(delivery_id))


@router.post(
    "/deliveries/{delivery_id}/replay",
    summary="Deliver it again",
    response_class=Json,
    responses=documented(DeliveryWhole, 404),
)
async def replay_delivery(delivery_id: Number, here: Here) -> Json:
    """From the beginning, under the same `webhook-id`."""
    return Json(await here.replay(delivery_id))
