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
from models.errors import Conflict, Invalid, NotFound, PreviewStale

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
        wanted, key = OpenCase.model_validate(ask), f"{here.me.id} {form.text('command_id')}"
        case, _ = await here.desk.open_case(wanted, actor_of(here.caller), key, form.text("shown"))
    except PreviewStale:
        return await _checked(here, form, ask, code=409, look_first=True)
    except ValidationError as refused:
        errors = {one["field"]: here.complaint(one["message"]) for one in errors_of(refused)}
        return await _form(here, order_no, form, errors, code=422)
    except Conflict as refused:
        if refused.extra.get("opened"):  # back in the browser, and sent again with something else in it
            return await _form(here, order_no, form, opened=refused.extra["opened"], anew=True, code=409)
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
    if form.text("do") == "open" and form.text("kind_by_words"):
        ask.setdefault("kind", form.text("kind_by_words"))  # it was shown with what the rules say to it
    contact = {name: form.text(f"contact.{name}") for name in ("name", "phone") if form.text(f"contact.{name}")}
    return {**ask, "lines": lines, **({"contact": contact} if contact else {})}


@router.post("/cases/new/check", name="check_case")
async def check_case(here: Here) -> Response:
    """What the rules say to the form as it stands, for the form itself to show while it is filled in."""
    form = await here.form()
    try:
        ask = _ask(form)
        values = await _judged(here, form, {**ask, "kind": form.text("kind")})
    except (ValidationError, Conflict, Invalid, NotFound):
        values = {}  # something is missing yet; it is said when the form is sent
    return here.page("opening/_verdict.html", **{"proposed": [], "checked": None, **values, **_words(here)})


def _words(here: Visit) -> dict[str, Any]:
    return {"labels": labels, "kind_words": kinds(here)}


async def _judged(here: Visit, form: Form, ask: dict[str, Any]) -> dict[str, Any]:
    """The kinds that the words speak for, and what the rules say to the kind that was chosen, or else to the first."""
    words, order_no = str(ask.get("description", "")), form.text("order_no")
    proposed = await here.desk.propose(words, order_no or None) if words else []
    kind = ask.get("kind") or (proposed[0]["kind"] if proposed else "")
    values: dict[str, Any] = {"proposed": proposed, "judged_kind": kind, "by_words": not ask.get("kind")}
    if kind and (ask.get("lines") or not order_no):
        values["checked"], values["shown"] = await here.desk.shown(OpenCase.model_validate({**ask, "kind": kind}))
    return values


async def _checked(here: Visit, form: Form, ask: dict[str, Any], **more: Any) -> Response:
    """The form with what the rules say to it, and with the kinds that its words speak for."""
    values, order_no = {**(await _judged(here, form, ask)), **more}, form.text("order_no")
    proposed = values["proposed"]
    if ask.get("kind"):
        values.setdefault("checked", await here.desk.check(OpenCase.model_validate(ask)))
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
    shown = {"checked": None, "held": None, "shown": "", "look_first": False, "by_words": False, "opened": None, **more}
    shown.pop("code", None)
    values = {
        **shown,
        "order": order,
        "free": await here.desk.free_units(order_no) if order else {},
        "typed": typed,
        "chosen": set(form.texts("line")) if form else set(),
        "errors": errors or {},
        "command_id": uuid4().hex if more.get("anew") else typed.get("command_id") or uuid4().hex,
        "kinds": sorted(kinds(here).items(), key=lambda one: one[1]),
        "kind": typed.get("kind") or (proposed[0]["kind"] if proposed and form else ""),
        "wanted": [(one, here.tongue.say(labels.choice("wanted", one))) for one in WANTED],
        "channels": [(name, here.tongue.say(told)) for name, told in CHANNELS.items()],
        "proposed": proposed,
        **_words(here),
    }
    return here.page("opening/form.html", part="opening/_form.html", code=int(more.get("code", 200)), **values)
