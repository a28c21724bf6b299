"""The shelf: boxes whose case is not known, whose they may be, and what becomes of them (G2)."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from api.auth import actor_of
from api.documents.goods import DescribeAsk, DisposeAsk, MatchAsk, SendBackAsk
from api.goods.parcels import ParcelFilters
from console import labels, people
from console.language import N_
from console.visit import Form, Here, Visit
from models.errors import AftercareError, Conflict
from models.lifecycle import Action

router = APIRouter()
PAGE: Final = 50
#: Tab → its words; `overdue` are those of the shelf whose time is over.
TABS: Final = {
    "on_shelf": N_("on the shelf"),
    "overdue": N_("time is over"),
    "booked": N_("booked in"),
    "matched": N_("matched"),
    "disposed": N_("disposed of"),
    "sent_back": N_("sent back"),
}


@router.get("/parcels", name="parcels")
async def parcels(here: Here, which: str = "on_shelf", code: str = "", cursor: str | None = None) -> Response:
    """Boxes that came in, the longest here first."""
    which = which if which in TABS else "on_shelf"
    states: Any = ("on_shelf",) if which == "overdue" else (which,)
    filters = ParcelFilters(state=states, waybill=code.strip()[:100] or None, overdue=which == "overdue")
    found = await here.desk.goods.page(filters, cursor, PAGE)
    query = {"which": which, "code": code, "cursor": found["next_cursor"]}
    return here.page(
        "shelf/page.html",
        part="shelf/_list.html",
        found=found["items"],
        following=found["next_cursor"] and here.url("parcels", query),
        which=which,
        scanned=code,
        tabs=TABS,
        names=await people.names(here),
    )


@router.get("/parcels/{parcel_id}", name="parcel")
async def parcel(here: Here, parcel_id: str) -> Response:
    """One box; while it lies on the shelf with the cases that it may belong to, and why."""
    return await _one(here, parcel_id)


async def _one(here: Visit, parcel_id: str, code: int = 200, **more: Any) -> Response:
    found = await here.desk.goods.show(parcel_id)
    due = found["due_at"]
    values = {
        "parcel": found,
        "tabs": TABS,
        "labels": labels,
        "names": await people.names(here),
        "over": bool(due) and datetime.fromisoformat(due) <= here.now,
        "errors": {},
        "typed": {},
        "describing": False,
        **more,
    }
    return here.page("shelf/parcel.html", code=code, **values)


@router.post("/parcels/{parcel_id}/match", name="parcel_match")
async def parcel_match(here: Here, parcel_id: str) -> Response:
    """It is for these cases; they move as if it had been scanned for them when it came."""
    form = await here.form()
    numbers = tuple(one for text in form.texts("case_no") for one in text.replace(",", " ").split())
    if not numbers:
        return await _one(here, parcel_id, 422, errors={"case_no": here.tongue.say("Say which case it is for.")})
    try:
        await here.desk.goods.match(parcel_id, MatchAsk(case_nos=numbers), actor_of(here.caller, action=Action.BOOK_IN))
    except (AftercareError, ValidationError) as refused:
        return await _wrong(here, parcel_id, form, "case_no", refused)
    told = here.tongue.say("Booked in for %(cases)s.", cases=here.tongue.listed(list(numbers)))
    return here.go(here.url("parcel", parcel_id=parcel_id), told)


@router.post("/parcels/{parcel_id}/dispose", name="parcel_dispose")
async def parcel_dispose(here: Here, parcel_id: str) -> Response:
    """Dispose of it, with a reason."""
    form = await here.form()
    if not form.text("dispose_reason"):
        return await _one(here, parcel_id, 422, errors={"dispose_reason": here.tongue.say("Say why.")})
    try:
        ask = DisposeAsk(reason=form.text("dispose_reason"))
        await here.desk.goods.end(parcel_id, "disposed", ask.reason, actor_of(here.caller))
    except (AftercareError, ValidationError) as refused:
        return await _wrong(here, parcel_id, form, "dispose_reason", refused)
    return here.go(here.url("parcel", parcel_id=parcel_id), here.tongue.say("Disposed of."))


@router.post("/parcels/{parcel_id}/send-back", name="parcel_send_back")
async def parcel_send_back(here: Here, parcel_id: str) -> Response:
    """Send it back to its sender, with a reason."""
    form = await here.form()
    if not form.text("back_reason"):
        return await _one(here, parcel_id, 422, typed=form.keep(), errors={"back_reason": here.tongue.say("Say why.")})
    try:
        ask = SendBackAsk(
            reason=form.text("back_reason"),
            carrier=form.text("carrier") or None,
            waybill=form.text("waybill") or None,
        )
        actor = actor_of(here.caller)
        await here.desk.goods.end(parcel_id, "sent_back", ask.reason, actor, ask.carrier, ask.waybill)
    except (AftercareError, ValidationError) as refused:
        return await _wrong(here, parcel_id, form, "back_reason", refused)
    return here.go(here.url("parcel", parcel_id=parcel_id), here.tongue.say("Sent back."))


async def _wrong(here: Visit, parcel_id: str, form: Form, field: str, refused: Exception) -> Response:
    """The box again, with what was typed and what is wrong with it."""
    if isinstance(refused, AftercareError):
        return await _one(here, parcel_id, refused.status, typed=form.keep(), errors={field: here.told(refused)})
    told = here.tongue.say("This cannot be read: use plain text.")
    return await _one(here, parcel_id, 422, typed=form.keep(), errors={field: told})


# ── what is known of it ──────────────────────────────────────────────────────────────────────────

#: What can be read off a box, in the order in which the form asks for it.
KNOWN: Final = ("note", "grams", "waybill", "sender_name", "sender_phone", "product")


@router.post("/parcels/{parcel_id}/describe", name="parcel_describe")
async def parcel_describe(here: Here, parcel_id: str) -> Response:
    """Its weight, a remark, its sender, and photos, once it lies on the shelf: in one form, as they are found (G2)."""
    form = await here.form()
    told = _new_of(form, await here.desk.goods.show(parcel_id))
    if told or form.files("files"):
        errors = await _described(here, parcel_id, told) or await _photographed(here, parcel_id, form)
    else:
        errors = {"note": here.tongue.say("Write down something about it first.")}
    if errors:
        return await _one(here, parcel_id, 422, typed=form.keep(), errors=errors, describing=True)
    onward = form.text("onward")
    there = here.own_address(onward) if onward else here.url("parcel", parcel_id=parcel_id)
    return here.go(there, here.tongue.say("Written down."))


def _new_of(form: Form, known: dict[str, Any]) -> dict[str, Any]:
    """What the form says that is not known already; the form begins with what is known."""
    before = {**known, "sender_phone": known["phone_tail"], "sender_name": None}
    return {name: told for name in KNOWN if (told := form.text(name)) and told != _in_a_line(before[name])}


def _in_a_line(value: object) -> str:
    return str(value or "").replace("\r", "").replace("\n", "")


async def _described(here: Visit, parcel_id: str, told: dict[str, Any]) -> dict[str, str]:
    """Write it down; answers what is wrong by field."""
    if not told:
        return {}
    grams = told.get("grams", "")
    try:
        ask = DescribeAsk.model_validate({**told, **({"grams": int(grams)} if _is_number(grams) else {})})
        await here.desk.goods.describe(parcel_id, ask)
    except ValidationError as wrong:
        field = str(wrong.errors()[0]["loc"][0])
        if field == "grams":
            return {field: here.tongue.say("Whole grams, please: 1450.")}
        return {field: here.tongue.say("This cannot be read: use plain text.")}
    except Conflict as refused:
        return {"": here.told(refused)}
    return {}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


async def _photographed(here: Visit, parcel_id: str, form: Form) -> dict[str, str]:
    """Keep the photos; answers what is wrong with the first that cannot be kept."""
    actor = actor_of(here.caller, action=Action.BOOK_IN)
    for one in form.files("files"):
        try:
            await here.desk.goods.add_photo(parcel_id, one.file, actor)
        except AftercareError as refused:
            return {"files": f"{one.filename}: {here.told(refused)}"}
    return {}


# ── photos ────────────────────────────────────────────────────────────────────────────────────────


@router.post("/parcels/{parcel_id}/photos", name="parcel_add_photo")
async def parcel_add_photo(here: Here, parcel_id: str) -> Response:
    """Photos of a box; its cases have them too."""
    form = await here.form()
    chosen = form.files("files")
    if not chosen:
        told = here.tongue.say("Choose a photo first.")
        return await _one(here, parcel_id, 422, errors={"files": told})
    wrong = await _photographed(here, parcel_id, form)
    if wrong:
        return await _one(here, parcel_id, 422, errors=wrong)
    done = here.tongue.say_many("One photo kept.", "%(count)s photos kept.", len(chosen))
    onward = form.text("onward")
    return here.go(here.own_address(onward) if onward else here.url("parcel", parcel_id=parcel_id), done)


@router.get("/parcels/{parcel_id}/photos/{file_id}", name="parcel_photo")
async def parcel_photo(here: Here, parcel_id: str, file_id: str, small: bool = False) -> Response:
    """A photo of this box."""
    content, media_type = await here.desk.goods.photo(parcel_id, file_id, small)
    shown = "inline" if media_type.startswith("image/") else "attachment"
    headers = {"Cache-Control": "private, max-age=3600", "Content-Disposition": shown}
    return Response(content, media_type=media_type, headers=headers)
