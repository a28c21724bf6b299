"""Photos and files of a case: sent once, known by their content, fetched by whoever may see the case."""

from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from api.auth import actor_of
from api.callers import is_outside
from api.documents.answers import FileList, FileShown
from api.documents.requests import Number
from api.goods.filing import file_document, file_name
from api.limits import read_upload
from api.routes.answers import Json, documented, refused
from api.routes.checked import CallerHere, DeskHere, checked_router
from files.kinds import EXTENSIONS, LARGEST
from models.commands import Printable
from models.lifecycle import Action, Role

router = checked_router("cases")

_FILE = {"type": "string", "format": "binary"}
_FORM = {"type": "object", "properties": {"file": _FILE}, "required": ["file"]}
#: What a file may be sent as; its content decides what it is.
SENT_AS = frozenset({*EXTENSIONS, "image/heic", "application/octet-stream"})
FILE_BODY = {
    "requestBody": {
        "required": True,
        "description": "a photo (JPEG, PNG, WebP, HEIC) or PDF up to 25 MB, or a film (MP4, MOV, WebM) up to 100 MB",
        "content": {"multipart/form-data": {"schema": _FORM}, "application/octet-stream": {"schema": _FILE}},
    }
}
FILE_ANSWERS: dict[int | str, dict[str, Any]] = {
    **{code: refused(code) for code in (401, 403, 404, 422, 429, 503)},
    200: {"description": "the file", "content": {"application/octet-stream": {"schema": _FILE}}},
}
#: A file is somebody else's content on our address: it is never run, never guessed at, and kept by no cache on the way.
FILE_HEADINGS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=86400, immutable",
}


@router.post(
    "/cases/{case_no}/files",
    summary="Add a photo or file",
    response_class=Json,
    responses=documented(FileShown, 404, 409, body=True, said="kept, and recorded in the case"),
    openapi_extra=FILE_BODY,
)
async def add_case_file(
    request: Request,
    case_no: Number,
    caller: CallerHere,
    desk: DeskHere,
    key: Annotated[
        str | None, Field(max_length=100), Printable, Query(description="which of the playbook's evidence it is")
    ] = None,
) -> Json:
    """Known by content, not by name; pictures lose what the camera wrote into them, HEIC becomes JPEG.

    The same file twice is one file and one entry. What a customer sends is evidence.
    """
    actor = actor_of(caller, action=Action.ATTACH)
    upload = await read_upload(request, None, LARGEST, SENT_AS)
    try:
        return Json(await desk.add_file(case_no, upload.file, upload.filename[:200], actor, key))
    finally:
        upload.close()


@router.get(
    "/cases/{case_no}/files", summary="The files of a case", response_class=Json, responses=documented(FileList, 404)
)
async def list_case_files(case_no: Number, caller: CallerHere, desk: DeskHere) -> Json:
    """In the order in which they came, each with the address that it is fetched from; a customer sees his own."""
    await desk.case(case_no)
    found = await desk.filing.of_case(case_no)
    shown = [kept for kept in found if kept.role == Role.CUSTOMER] if is_outside(caller) else found
    rows = [file_document(kept, case_no) for kept in shown]
    return Json({"items": rows, "next_cursor": None})


@router.get("/cases/{case_no}/files/{file_id}", summary="Fetch a file", response_class=Response, responses=FILE_ANSWERS)
async def get_case_file(
    case_no: Number,
    file_id: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")],
    caller: CallerHere,
    desk: DeskHere,
    size: Annotated[Literal["full", "small"], Query(description="small: at most 320 pixels, for lists")] = "full",
) -> Response:
    """Pictures are shown in place, anything else is saved. A file of another case is not found."""
    if is_outside(caller):
        await desk.filing.mind_his_own(case_no, file_id)
    content, kind = await desk.filing.fetch(case_no, file_id, size == "small")
    shown = "inline" if kind.startswith("image/") else "attachment"
    disposition = f'{shown}; filename="{file_name(file_id, kind)}"'
    return Response(content, media_type=kind, headers={**FILE_HEADINGS, "Content-Disposition": disposition})
