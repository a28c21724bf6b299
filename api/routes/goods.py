"""Goods in, and word from couriers, shops and payment providers."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from api.auth import actor_of
from api.documents import Scanned
from api.routes.answers import Json, documented, refused
from api.routes.checked import CallerHere, DeskHere, checked_router
from api.schemas import Scan
from models.errors import NotFound
from models.lifecycle import Action

router = checked_router("goods")
#: Hooks bring a signature of their own instead of a token.
hooks = APIRouter(tags=["goods"])


@router.post(
    "/parcels/scan",
    summary="A parcel came in",
    response_class=Json,
    responses=documented(Scanned, 409, body=True),
)
async def scan_parcel(scan: Scan, caller: CallerHere, desk: DeskHere) -> Json:
    """Known by case, waybill or order: its case moves on. Unknown: it goes on the shelf (G1, G2)."""
    return Json(await desk.scan(scan.code, scan.note, actor_of(caller, action=Action.BOOK_IN)))


@hooks.post("/hooks/{source}", summary="Word from outside", responses={404: refused(404), 422: refused(422)})
async def receive_hook(source: Annotated[str, Field(max_length=100)]) -> None:
    """A source is set up with the secret that signs its calls; from any other nothing is read."""
    raise NotFound("No such source is set up here, so nothing was read. The other calls take the same news.")
