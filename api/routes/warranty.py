"""Warranty cards: looked up by serial number, card or order, and issued."""

from api.auth import actor_of
from api.documents.warranty import CardAsk, CardList, CardShown
from api.goods import warranty
from api.routes.answers import Filter, Json, documented
from api.routes.checked import CallerHere, DeskHere, checked_router

router = checked_router("warranty")


@router.get("/warranty", summary="Look up warranty cards", response_class=Json, responses=documented(CardList))
async def find_warranty(desk: DeskHere, serial: Filter = None, card_no: Filter = None, order_no: Filter = None) -> Json:
    """Whether a device is under warranty, until when, and how many days repairs have added."""
    return Json(await warranty.look_up(desk, serial, card_no, order_no))


@router.post(
    "/warranty", summary="Issue a warranty card", response_class=Json, responses=documented(CardShown, 409, body=True)
)
async def issue_warranty(card: CardAsk, caller: CallerHere, desk: DeskHere) -> Json:
    """The same card again is the same; delivered devices with a serial number get theirs by themselves."""
    return Json(await warranty.issue(desk, card, actor_of(caller)))
