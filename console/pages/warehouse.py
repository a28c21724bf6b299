"""The warehouse's door: one field for the scanner; what came in is said by a word, a colour and a sound (G1, G12)."""

from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from api.auth import actor_of
from api.documents.goods import Scan
from api.lookup import CaseFilters
from console import labels
from console.language import N_
from console.pages.cases import kinds
from console.visit import Form, Here, Visit
from models.errors import AftercareError, Conflict
from models.lifecycle import Action

router = APIRouter()
#: How many parcels that are expected the empty page names.
EXPECTED: Final = 12
#: What a scan was → its large word, its tone, its sound.
SAID: Final = {
    "booked": (N_("Booked in"), "good", "good"),
    "repeated": (N_("Known already"), "info", "again"),
    "shelf": (N_("On the shelf"), "warn", "shelf"),
    "choose": (N_("Which case?"), "warn", "ask"),
    "wrong": (N_("Not taken in"), "bad", "bad"),
}
_EMPTY: Final[dict[str, Any]] = {
    **dict.fromkeys(("words", "parcel", "refused", "scan_id")),
    **dict.fromkeys(("cases", "proposals", "choices"), ()),
    "typed": {},
}
_WORDS: Final = ("code", "waybill", "note", "sender_name", "sender_phone", "product")
_NUMBERS: Final = ("box", "of", "grams")


@router.get("/warehouse", name="warehouse")
async def warehouse(here: Here, parcel: str = "", said: str = "") -> Response:
    """Scan what comes in."""
    result = await _seen(here, parcel, said) if parcel else None
    return await _station(here, result)


async def _station(here: Visit, result: dict[str, Any] | None, code: int = 200, typed: Any = None) -> Response:
    waiting = await here.desk.cases(CaseFilters(state=("received",)), "due_at", None, 1)
    expected = await here.desk.cases(CaseFilters(state=("return_in_transit",)), "due_at", None, EXPECTED)
    values = {
        "result": {**_EMPTY, **result} if result else None,
        "expected": expected["items"],
        "some_wait": bool(waiting["items"]),
        "scan_id": uuid4().hex,
        "typed": typed or {},
        "kinds": kinds(here),
        "labels": labels,
        "said": SAID,
    }
    return here.page("warehouse/page.html", part="warehouse/_result.html", code=code, **values)


async def _seen(here: Visit, parcel_id: str, said: str) -> dict[str, Any]:
    """A box as the station tells of it, with its case or the cases that it may belong to."""
    parcel = await here.desk.goods.show(parcel_id)
    on_shelf = parcel["state"] == "on_shelf"
    cases = [await here.desk.case(number, here.roles, here.me.id) for number in parcel["case_nos"]]
    told = said if said in SAID else "shelf" if on_shelf else "booked"
    return {"said": told, "parcel": parcel, "cases": cases, "proposals": parcel.get("proposals", [])}


@router.post("/warehouse/scan", name="warehouse_scan")
async def warehouse_scan(here: Here) -> Response:
    """A box came: its case moves, or it lies on the shelf, or somebody says for which of several it is."""
    form = await here.form()
    typed = form.keep(("csrf", "scan_id"))
    try:
        scan = _scan(form)
    except ValidationError as wrong:
        return await _station(here, _refused(_why(here, wrong)), 422, typed)
    actor = actor_of(here.caller, action=Action.BOOK_IN)
    try:
        answer = await here.desk.goods.scan(scan, actor)
    except Conflict as several:
        if not several.extra.get("choices"):
            return await _station(here, _refused(here.told(several)), 409, typed)
        ask = {"said": "choose", "choices": several.extra["choices"], "typed": typed, "scan_id": scan.scan_id}
        return await _station(here, ask, 409, typed)
    except AftercareError as refused:
        return await _station(here, _refused(here.told(refused)), refused.status, typed)
    return await _told(here, answer)


async def _told(here: Visit, answer: dict[str, Any]) -> Response:
    said = "shelf" if answer["unmatched"] else "repeated" if answer["repeated"] else "booked"
    if not here.wants_part:
        return here.go(here.url("warehouse", {"parcel": answer["parcel"]["id"], "said": said}))
    result = await _seen(here, answer["parcel"]["id"], said)
    return await _station(here, {**result, "refused": answer["refused"]})


def _scan(form: Form) -> Scan:
    """What was scanned and typed. Raises ValidationError."""
    told: dict[str, Any] = {name: form.text(name) for name in _WORDS if form.text(name)}
    numbers = {name: form.text(name) for name in _NUMBERS if form.text(name)}
    told |= {name: int(text) if text.isascii() and text.isdigit() else text for name, text in numbers.items()}
    enclosed = {"yes": True, "no": False}.get(form.text("invoice_enclosed"))
    case_nos = form.texts("case_no")
    if case_nos:
        told["case_nos"] = case_nos
    if enclosed is not None:
        told["invoice_enclosed"] = enclosed
    return Scan(scan_id=form.text("scan_id") or None, another=form.text("another") == "yes", **told)


def _refused(words: str) -> dict[str, Any]:
    return {"said": "wrong", "words": words}


def _why(here: Visit, wrong: ValidationError) -> str:
    """What is wrong with a scan, in this language as far as it is known."""
    first = wrong.errors()[0]
    field = str(first["loc"][0]) if first["loc"] else ""
    if not field and "greater" in str(first["msg"]):
        return here.tongue.say("The number of the box is greater than the number of boxes.")
    if not field:
        return here.tongue.say("Scan something, or say in a remark what tells this box from another.")
    name = here.tongue.say(labels.FIELDS.get(field, FIELDS.get(field, field)))
    return here.tongue.say("%(field)s: this cannot be read.", field=name)


#: The fields of a box that no command has.
FIELDS: Final = {
    "grams": N_("Weight in grams"),
    "sender_name": N_("Sender's name"),
    "sender_phone": N_("Sender's phone, or its last four digits"),
    "product": N_("Product"),
}
