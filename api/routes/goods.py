"""Goods in."""

from api.auth import actor_of
from api.documents import Scanned
from api.routes.answers import Json, documented
from api.routes.checked import CallerHere, DeskHere, checked_router
from api.schemas import Scan
from models.lifecycle import Action

router = checked_router("goods")


@router.post(
    "/parcels/scan",
    summary="A parcel came in",
    response_class=Json,
    responses=documented(Scanned, 409, body=True),
)
async def scan_parcel(scan: Scan, caller: CallerHere, desk: DeskHere) -> Json:
    """Known by case, waybill or order: its case moves on. Unknown: it goes on the shelf (G1, G2)."""
    return Json(await desk.scan(scan.code, scan.note, actor_of(caller, action=Action.BOOK_IN)))
