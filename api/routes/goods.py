"""Goods in: the warehouse's door, and the shelf of boxes whose case is not known (G1, G2)."""

from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from api.auth import actor_of
from api.documents.goods import (
    DescribeAsk,
    DisposeAsk,
    MatchAsk,
    ParcelPage,
    ParcelShown,
    ParcelWhole,
    PhotoShown,
    Scan,
    ScannedShown,
    SendBackAsk,
    photo_address,
)
from api.documents.requests import EnvelopeActor, Number
from api.goods.filing import file_document, file_name
from api.limits import read_upload
from api.routes.answers import Cursor, Filter, Json, Limit, documented
from api.routes.checked import CallerHere, DeskHere, checked_router, roles_shown
from api.routes.files import FILE_ANSWERS, FILE_BODY, FILE_HEADINGS, SENT_AS
from files.kinds import LARGEST
from models.goods.parcels import ParcelState
from models.lifecycle import Action
from store.goods.parcels import ParcelFilters

router = checked_router("goods")

States = Annotated[list[ParcelState] | None, Query(description="any of these")]


@router.post(
    "/parcels/scan",
    summary="A parcel came in",
    response_class=Json,
    responses=documented(ScannedShown, 404, 409, body=True),
)
async def scan_parcel(scan: Scan, caller: CallerHere, desk: DeskHere) -> Json:
    """Known by slip, waybill or order: its case moves on. Unknown: it goes on the shelf (G1, G2).

    The same box again is the same box. A code that fits several cases moves none of them: the problem names them in
    `case_nos` and `choices`, and the same scan with `case_nos` books it in, also for more than one.
    """
    actor = actor_of(caller, _named(scan.actor), Action.BOOK_IN)
    return Json(await desk.goods.scan(scan, actor, roles_shown(caller)))


def _named(actor: EnvelopeActor | None) -> dict[str, Any] | None:
    """Whom a call names as the one who acts, as commands do."""
    return None if actor is None else actor.model_dump(mode="json", exclude_none=True)


@router.get("/parcels", summary="Boxes that came in", response_class=Json, responses=documented(ParcelPage))
async def list_parcels(
    desk: DeskHere,
    state: States = None,
    case_no: Filter = None,
    waybill: Annotated[
        str | None, Field(max_length=100), Query(description="or any other code that was scanned")
    ] = None,
    overdue: Annotated[bool, Query(description="on the shelf past its deadline")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """The longest here first; the shelf is `state=on_shelf`."""
    filters = ParcelFilters(state=tuple(state or ()), case_no=case_no, waybill=waybill, overdue=overdue)
    return Json(await desk.goods.page(filters, cursor, limit))


@router.get("/parcels/{parcel_id}", summary="One box", response_class=Json, responses=documented(ParcelWhole, 404))
async def get_parcel(parcel_id: Number, desk: DeskHere) -> Json:
    """While it lies on the shelf with the cases that it may belong to, and what speaks for each."""
    return Json(await desk.goods.show(parcel_id))


@router.patch(
    "/parcels/{parcel_id}",
    summary="What more is known of it",
    response_class=Json,
    responses=documented(ParcelWhole, 404, 409, body=True),
)
async def describe_parcel(parcel_id: Number, ask: DescribeAsk, desk: DeskHere) -> Json:
    """Its weight, a remark, its sender: while it lies on the shelf. What is left out stays as it is."""
    return Json(await desk.goods.describe(parcel_id, ask))


@router.post(
    "/parcels/{parcel_id}/match",
    summary="Whose it is",
    response_class=Json,
    responses=documented(ScannedShown, 404, 409, body=True),
)
async def match_parcel(parcel_id: Number, ask: MatchAsk, caller: CallerHere, desk: DeskHere) -> Json:
    """Its cases move as if it had been scanned for them when it came. One that no case takes stays on the shelf."""
    actor = actor_of(caller, _named(ask.actor), Action.BOOK_IN)
    return Json(await desk.goods.match(parcel_id, ask, actor, roles_shown(caller)))


@router.post(
    "/parcels/{parcel_id}/dispose",
    summary="Dispose of it",
    response_class=Json,
    responses=documented(ParcelShown, 404, 409, body=True),
)
async def dispose_parcel(parcel_id: Number, ask: DisposeAsk, caller: CallerHere, desk: DeskHere) -> Json:
    """After its time on the shelf; before it only whom the shop's settings name."""
    return Json(await desk.goods.end(parcel_id, "disposed", ask.reason, actor_of(caller)))


@router.post(
    "/parcels/{parcel_id}/send_back",
    summary="Send it back",
    response_class=Json,
    responses=documented(ParcelShown, 404, 409, body=True),
)
async def send_parcel_back(parcel_id: Number, ask: SendBackAsk, caller: CallerHere, desk: DeskHere) -> Json:
    """To its sender, after its time on the shelf; before it only whom the shop's settings name."""
    actor = actor_of(caller)
    return Json(await desk.goods.end(parcel_id, "sent_back", ask.reason, actor, ask.carrier, ask.waybill))


@router.post(
    "/parcels/{parcel_id}/files",
    summary="Add a photo of it",
    response_class=Json,
    responses=documented(PhotoShown, 404, body=True),
    openapi_extra=FILE_BODY,
)
async def add_parcel_file(request: Request, parcel_id: Number, caller: CallerHere, desk: DeskHere) -> Json:
    """Its cases have it too. The same photo twice is one photo."""
    upload = await read_upload(request, None, LARGEST, SENT_AS)
    try:
        kept = await desk.goods.add_photo(parcel_id, upload.file, actor_of(caller, action=Action.BOOK_IN))
    finally:
        upload.close()
    shown: dict[str, Any] = {**file_document(kept), "url": photo_address(parcel_id, kept.id)}
    return Json(shown)


@router.get(
    "/parcels/{parcel_id}/files/{file_id}",
    summary="Fetch a photo of it",
    response_class=Response,
    responses=FILE_ANSWERS,
)
async def get_parcel_file(
    parcel_id: Number,
    file_id: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")],
    desk: DeskHere,
    size: Annotated[Literal["full", "small"], Query(description="small: at most 320 pixels, for lists")] = "full",
) -> Response:
    """A photo of another box is not found."""
    content, kind = await desk.goods.photo(parcel_id, file_id, size == "small")
    shown = "inline" if kind.startswith("image/") else "attachment"
    disposition = f'{shown}; filename="{file_name(file_id, kind)}"'
    return Response(content, media_type=kind, headers={**FILE_HEADINGS, "Content-Disposition": disposition})
