"""Orders: taken in one by one or by the file, shown, and what a remedy would come to."""

from collections.abc import Awaitable
from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from api.documents.answers import ImportShown, OrderPut, OrderShown, PreviewShown
from api.documents.requests import Number, OrderSent, PreviewAsk
from api.limits import IMPORT_BYTES, Upload, read_upload
from api.progress import NDJSON, Told, with_progress
from api.routes.answers import Json, documented
from api.routes.checked import DeskHere, checked_router
from models.commands import Printable
from models.errors import Invalid
from models.orders import document_to_order

router = checked_router("orders")
# An order number comes from elsewhere and may hold a slash, so it is the rest of the path.

_FILE = {"type": "string", "format": "binary"}
_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": _FILE, "format": {"type": "string"}, "dry_run": {"type": "boolean"}},
}
_IMPORT_BODY = {
    "requestBody": {
        "required": True,
        "description": f"the file, up to {IMPORT_BYTES // (1024 * 1024)} MB: CSV (UTF-8 or GBK), XLSX or JSON",
        "content": {
            "multipart/form-data": {"schema": _FORM},
            "text/csv": {"schema": {"type": "string"}},
            "application/json": {"schema": {}},
            "application/octet-stream": {"schema": _FILE},
        },
    }
}
_TRUE = ("1", "true", "yes", "on")


@router.post(
    "/orders/import",
    summary="Import a file of orders",
    response_class=Json,
    responses=documented(ImportShown, body=True),
    openapi_extra=_IMPORT_BODY,
)
async def import_orders(
    request: Request,
    desk: DeskHere,
    format: Annotated[str | None, Field(max_length=40), Query(examples=["aftercare", "shopify"])] = None,
    dry_run: Annotated[bool | None, Query(description="read and check only; store nothing")] = None,
    filename: Annotated[
        str | None, Field(max_length=200), Printable, Query(description="of a file sent as the body")
    ] = None,
) -> Response:
    """Idempotent by order number; refused rows are named with line and reason, and the rest is taken.

    With `Accept: application/x-ndjson` the answer is a line of progress for each batch, and the report in the last one.
    """
    upload = await read_upload(request, filename)
    wanted = format or upload.fields.get("format") or "aftercare"
    dry = _is_dry(upload) if dry_run is None else dry_run
    if NDJSON in request.headers.get("accept", ""):

        def work(told: Told) -> Awaitable[dict[str, Any]]:
            return desk.import_orders(upload.file, upload.filename, wanted, dry, told)

        return StreamingResponse(with_progress(work, upload.close), media_type=NDJSON)
    try:
        return Json(await desk.import_orders(upload.file, upload.filename, wanted, dry))
    finally:
        upload.close()


def _is_dry(upload: Upload) -> bool:
    return upload.fields.get("dry_run", "").strip().lower() in _TRUE


@router.put(
    "/orders/{order_no:path}",
    summary="Send an order",
    response_class=Json,
    responses=documented(OrderPut, 404, 409, body=True),
)
async def put_order(order_no: str, order: OrderSent, desk: DeskHere) -> Json:
    """The same again is `unchanged`; a newer state is `updated`, unless it contradicts money already moved."""
    if order.order_no != order_no:
        told = f"is {order.order_no!r} in the body and another one in the address"
        raise Invalid(f"order_no: {told}", errors=[{"field": "order_no", "message": told}])
    return Json({"order_no": order_no, "result": await desk.put_order(document_to_order(order))})


@router.get(
    "/orders/{order_no:path}",
    summary="Show an order",
    response_class=Json,
    responses=documented(OrderShown, 404),
)
async def get_order(order_no: Number, desk: DeskHere) -> Json:
    """The order as it came, with its cases, its holds and what is still refundable."""
    return Json(await desk.order(order_no))


@router.post(
    "/orders/{order_no:path}/refund-preview",
    summary="What a remedy would come to",
    response_class=Json,
    responses=documented(PreviewShown, 404, 409, body=True),
)
async def preview_refund(order_no: Number, ask: PreviewAsk, desk: DeskHere) -> Json:
    """Moves nothing. `preview_id` in `choose_remedy` makes sure that what was shown is what is done (F20)."""
    return Json(await desk.preview(order_no, ask))
