"""Opening a case: the order by what the customer can say, then what is wrong; the rules answer before it is saved."""

from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from api.auth import actor_of
from api.documents.requests import OpenCase
from console import labels
from console.language import N_
from console.pages.cases import kinds
from console.visit import Form, Here, Visit
from models.commands import errors_of
from models.errors import Conflict, Invalid, NotFound

router = APIRouter()
MOST: Final = 20
WANTED: Final = ("refund", "exchange", "repair", "keep_it", "reship", "substitute", "visit", "adjust_price", "none")
CHANNELS: Final = {
    "phone": N_("phone"),
    "chat": N_("chat"),
    "email": N_("e-mail"),
    "shop": N_("shop"),
    "platform": N_("platform"),
    "regulator": N_("authority"),
}


@router.get("/cases/new", name="new_case")
async def new_case(here: Here, q: str = "", order_no: str = "", without: bool = False) -> Response:
    """Find the order, then say what is wrong."""
    if order_no or without:
        return await _form(here, order_no)
    text = q.strip()[:200]
    found = await here.desk.find_orders(text, MOST) if text else []
    if len(found) == 1 and found[0]["order_no"] == text:
        return await _form(here, text)
    return here.page("opening/find.html", q=text, found=found, most=MOST)


@router.post("/cases/new", name="open_case")
async def open_case(here: Here) -> Response:
    """Look at what the rules say, or open it."""
    form = await here.form()
    order_no = form.text("order_no")
    try:
        ask = _ask(form)
        if form.text("do") == "check" or not ask.get("kind"):
            return await _checked(here, form, ask)
        wanted = OpenCase.model_validate(ask)
        case, _ = await here.desk.open_case(wanted, actor_of(here.caller), f"{here.me.id} {form.text('command_id')}")
    except ValidationError as refused:
        errors = {one["field"]: here.complaint(one["message"]) for one in errors_of(refused)}
        return await _form(here, order_no, form, errors, code=422)
    except Conflict as refused:
        held = {"held": refused.extra.get("case_no"), "code": 409}
        return await _form(here, order_no, form, {"": here.told(refused)}, **held)
    except (Invalid, NotFound) as refused:
        errors = here.wrong(refused)
        return await _form(here, order_no, form, errors, code=refused.status)
    return here.go(here.url("case", case_no=case["case_no"]), here.tongue.say("The case is open."))


def _ask(form: Form) -> dict[str, Any]:
    """What is asked for, as the desk reads it."""
    lines = []
    for line_no in form.texts("line"):
        quantity = form.text(f"quantity.{line_no}") or "1"
        if line_no.isdecimal():
            lines.append({"line_no": int(line_no), "quantity": int(quantity) if quantity.isdecimal() else quantity})
    named = ("order_no", "kind", "wanted", "description", "channel")
    ask: dict[str, Any] = {name: form.text(name) for name in named if form.text(name)}
    contact = {name: form.text(f"contact.{name}") for name in ("name", "phone") if form.text(f"contact.{name}")}
    return {**ask, "lines": lines, **({"contact": contact} if contact else {})}


async def _checked(here: Visit, form: Form, ask: dict[str, Any]) -> Response:
    """The form with what the rules say to it, and with the kinds that its words speak for."""
    words, order_no = str(ask.get("description", "")), form.text("order_no")
    proposed = await here.desk.propose(words, order_no or None) if words else []
    values: dict[str, Any] = {"proposed": proposed}
    if ask.get("kind"):
        values["checked"] = await here.desk.check(OpenCase.model_validate(ask))
    elif not proposed:
        told = here.tongue.say("Say which kind of case it is: the words say too little.")
        return await _form(here, order_no, form, {"kind": told}, code=422)
    elif form.text("do") == "open":
        values["errors"] = {"kind": here.tongue.say("Choose the kind: these are likely by the words.")}
        values["code"] = 422
    return await _form(here, order_no, form, **values)


async def _form(
    here: Visit, order_no: str, form: Form | None = None, errors: dict[str, str] | None = None, **more: Any
) -> Response:
    order = await here.desk.order(order_no) if order_no else None
    typed = form.keep() if form else {}
    proposed = more.get("proposed") or []
    shown = {"checked": None, "held": None, **more}
    shown.pop("code", None)
    values = {
        **shown,
        "order": order,
        "typed": typed,
        "chosen": set(form.texts("line")) if form else set(),
        "errors": errors or {},
        "command_id": typed.get("command_id") or uuid4().hex,
        "kinds": sorted(kinds(here).items(), key=lambda one: one[1]),
        "kind_words": kinds(here),
        "kind": typed.get("kind") or (proposed[0]["kind"] if proposed and form else ""),
        "wanted": [(one, here.tongue.say(labels.choice("wanted", one))) for one in WANTED],
        "channels": [(name, here.tongue.say(told)) for name, told in CHANNELS.items()],
        "proposed": proposed,
        "labels": labels,
    }
    return here.page("opening/form.html", part="opening/_form.html", code=int(more.get("code", 200)), **values)
