"""The stock ledger: what is where, for whom it is set aside, and what is counted."""

from typing import Annotated

from fastapi import Query, Request
from pydantic import Field

from api.auth import actor_of
from api.documents.requests import Number
from api.documents.stock import ArticleList, ArticleWhole, Carried, Counts, CountsImported, CountsShown
from api.goods import stocking
from api.limits import IMPORT_BYTES, read_upload
from api.routes.answers import Cursor, Filter, Json, Limit, documented
from api.routes.cases import Key
from api.routes.checked import CallerHere, DeskHere, checked_router
from models.commands import Printable
from models.errors import Invalid
from models.lifecycle import Action

router = checked_router("stock")

_FILE = {"type": "string", "format": "binary"}
_FORM = {
    "type": "object",
    "required": ["file", "reason"],
    "properties": {"file": _FILE, "reason": {"type": "string"}, "dry_run": {"type": "boolean"}},
}
_BODY = {
    "requestBody": {
        "required": True,
        "description": f"the file, up to {IMPORT_BYTES // (1024 * 1024)} MB: CSV (UTF-8 or GBK) or XLSX with the "
        "columns sku and quantity, and place and name where they are known",
        "content": {
            "multipart/form-data": {"schema": _FORM},
            "text/csv": {"schema": {"type": "string"}},
            "application/octet-stream": {"schema": _FILE},
        },
    }
}
_TRUE = ("1", "true", "yes", "on")
ReasonText = Annotated[str | None, Field(max_length=500), Printable, Query(description="why it was counted")]


@router.get("/stock", summary="Articles", response_class=Json, responses=documented(ArticleList))
async def list_stock(
    desk: DeskHere, q: Filter = None, awaited: bool = False, cursor: Cursor = None, limit: Limit = 50
) -> Json:
    """What is where, by article. `awaited`: only those that cases wait for."""
    return Json(await stocking.articles(desk, q, awaited, cursor, limit))


@router.put("/stock", summary="Count", response_class=Json, responses=documented(CountsShown, 409, body=True))
async def put_stock(counts: Counts, caller: CallerHere, desk: DeskHere) -> Json:
    """All or none. What was found stands; the difference is booked as a correction, with the reason (G3)."""
    return Json(await stocking.count(desk, counts, actor_of(caller, action=Action.BOOK_IN)))


@router.post(
    "/stock/import",
    summary="Import a file of counts",
    response_class=Json,
    responses=documented(CountsImported, body=True),
    openapi_extra=_BODY,
)
async def import_stock(
    request: Request,
    caller: CallerHere,
    desk: DeskHere,
    reason: ReasonText = None,
    dry_run: Annotated[bool | None, Query(description="read and check only; store nothing")] = None,
    filename: Annotated[
        str | None, Field(max_length=200), Printable, Query(description="of a file sent as the body")
    ] = None,
) -> Json:
    """Refused rows are named with line and reason, and the rest is taken. The same file again changes nothing."""
    upload = await read_upload(request, filename)
    try:
        why = reason or upload.fields.get("reason", "").strip()
        if not why or len(why) > 500 or not why.isprintable():
            told = "reason: say in up to 500 characters why it was counted, such as 'month-end count'."
            raise Invalid(told, errors=[{"field": "reason", "message": told}])
        dry = upload.fields.get("dry_run", "").strip().lower() in _TRUE if dry_run is None else dry_run
        actor = actor_of(caller, action=Action.BOOK_IN)
        return Json(await stocking.take_in(desk, upload.file, upload.filename, why, dry, actor))
    finally:
        upload.close()


@router.post(
    "/stock/{sku:path}/moves",
    summary="Carry goods to another place",
    response_class=Json,
    responses=documented(ArticleWhole, 404, 409, body=True),
)
async def move_stock(
    sku: Number, asked: Carried, caller: CallerHere, desk: DeskHere, idempotency_key: Key = None
) -> Json:
    """Such as refurbished goods to the shelf; cases that wait for them go on. The same `Idempotency-Key` moves once."""
    actor = actor_of(caller, action=Action.BOOK_IN)
    return Json(await stocking.carry(desk, sku, asked, actor, idempotency_key))


@router.get("/stock/{sku:path}", summary="An article", response_class=Json, responses=documented(ArticleWhole, 404))
async def get_stock(sku: Number, desk: DeskHere) -> Json:
    """What is where, for which cases it is set aside, who waits for it in which order, and its latest moves."""
    return Json(await stocking.article(desk, sku))
