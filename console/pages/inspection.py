"""What is in the boxes: the queue, and a result in a few clicks for each item (G3, G4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.responses import Response

from api.auth import actor_of
from api.goods.filing import address_of
from api.lookup import CaseFilters
from console import labels, people
from console.language import N_
from console.pages.cases import kinds, why
from console.visit import Form, Here, Visit
from models.errors import AftercareError, DataRefused
from models.lifecycle import Action

router = APIRouter()
PAGE: Final = 50


@dataclass(frozen=True)
class Usual:
    """What is found most often, as one click: everything that the result of an item is made of."""

    words: str
    grade: str
    cause: str
    party_liable: str
    disposition: str


#: A choice of its own, `other`, opens the single fields.
USUAL: Final[Mapping[str, Usual]] = {
    "as_new": Usual(N_("as new, back to stock"), "new", "none_found", "seller", "restock"),
    "opened": Usual(N_("opened, in order"), "opened", "none_found", "seller", "refurbish"),
    "faulty": Usual(N_("faulty from the start"), "damaged", "manufacturing", "supplier", "supplier"),
    "transit": Usual(N_("broken on the way"), "damaged", "transit", "courier", "scrap"),
    "customer": Usual(N_("used or broken by the customer"), "used", "customer", "customer", "customer"),
    "wrong_item": Usual(N_("not our item"), "wrong_item", "customer", "customer", "customer"),
    "sent_wrong": Usual(N_("we sent the wrong item"), "wrong_item", "seller", "seller", "restock"),
    "empty": Usual(N_("the box is empty"), "empty", "none_found", "customer", "scrap"),
}
PARTS: Final = ("grade", "cause", "party_liable", "disposition")
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "grade": ("new", "opened", "used", "damaged", "wrong_item", "empty"),
    "cause": ("manufacturing", "transit", "seller", "customer", "none_found"),
    "party_liable": ("seller", "customer", "courier", "supplier", "platform"),
    "disposition": ("restock", "refurbish", "scrap", "supplier", "customer"),
}
VERDICTS: Final = {
    "confirm_fault": N_("Fault confirmed"),
    "refute_fault": N_("No fault found"),
    "pass_inspection": N_("In order, no fault was asked for"),
}


@router.get("/inspection", name="inspection")
async def inspection(here: Here, cursor: str | None = None, code: str = "") -> Response:
    """What is here and was not looked at, the nearest deadline first; a box that is scanned leads to its form."""
    scanned = code.strip()[:100]
    asked = await here.desk.goods.here(scanned) if scanned else None
    if asked and len(asked["waiting"]) == 1:
        return here.go(here.url("inspect", case_no=asked["waiting"][0]["case_no"]))
    found = await here.desk.cases(CaseFilters(state=("received",)), "due_at", cursor, PAGE)
    return here.page(
        "inspection/page.html",
        part="inspection/_list.html",
        found=found["items"],
        following=found["next_cursor"] and here.url("inspection", {"cursor": found["next_cursor"]}),
        products=await here.desk.goods.products([one["case_no"] for one in found["items"]]),
        names=await people.names(here),
        scanned=scanned,
        asked=asked,
        kinds=kinds(here),
        labels=labels,
    )


@router.get("/inspection/{case_no}", name="inspect")
async def inspect(here: Here, case_no: str) -> Response:
    """What should be in it, and what is."""
    return await _form(here, case_no)


async def _form(
    here: Visit,
    case_no: str,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    code: int = 200,
    photos: Sequence[str] = (),
) -> Response:
    case = await here.desk.case(case_no, here.roles, here.me.id)
    actions = {one["action"]: one for one in case["actions"]}
    allowed = [name for name in VERDICTS if actions[name]["allowed"] and here.may_act(name)]
    say = here.tongue.say
    return here.page(
        "inspection/form.html",
        code=code,
        case=case,
        allowed=allowed,
        why=why(here, actions["confirm_fault"]["reasons"]),
        verdicts=VERDICTS,
        usual=USUAL,
        choices={part: [(one, say(labels.choice(part, one))) for one in values] for part, values in CHOICES.items()},
        typed=typed or {},
        errors=errors or {},
        photos=[(one, one.rpartition("/")[2]) for one in photos],
        command_id=(typed or {}).get("command_id") or uuid4().hex,
        kinds=kinds(here),
        labels=labels,
    )


@router.post("/inspection/{case_no}", name="do_inspect")
async def do_inspect(here: Here, case_no: str) -> Response:
    """Write down what was found; units that are left out go to a linked case by themselves."""
    form = await here.form()
    typed, verdict = form.keep(), form.text("verdict")
    case = await here.desk.case(case_no, here.roles, here.me.id)
    data, errors = _found(here, form, case["lines"])
    if verdict not in VERDICTS:
        errors[""] = here.tongue.say("Say what the result is.")
    photos, unkept = await _photos(here, case_no, form)
    errors |= unkept
    if errors:
        return await _form(here, case_no, typed, errors, 422, photos)
    try:
        told = {**data, **({"photos": photos} if photos else {})}
        command = {"action": verdict, "command_id": form.text("command_id") or uuid4().hex, "data": told}
        await here.desk.command(case_no, command, here.caller)
    except DataRefused as refused:
        wrong = {_field(name, data): words for name, words in here.wrong(refused).items()}
        return await _form(here, case_no, typed, wrong or {"": here.told(refused)}, 422, photos)
    except AftercareError as refused:
        return await _form(here, case_no, typed, {"": here.told(refused)}, refused.status, photos)
    return here.go(here.url("inspection"), here.tongue.say("%(case)s is inspected.", case=case_no))


async def _photos(here: Visit, case_no: str, form: Form) -> tuple[list[str], dict[str, str]]:
    """Keep the photos with the case, also when something else of the form is wrong: no browser sends them twice.

    Answers where they are, with those that were kept the time before, and what is wrong with one that cannot be kept.
    """
    actor, own = actor_of(here.caller, action=Action.ATTACH), address_of(case_no, "")
    kept = [one for one in form.texts("kept_photo") if one.startswith(own) and one.removeprefix(own).isalnum()]
    for one in form.files("photos"):
        try:
            kept.append(str((await here.desk.add_file(case_no, one.file, one.filename, actor))["url"]))
        except AftercareError as refused:
            return kept, {"photos": f"{one.filename}: {here.told(refused)}"}
    return list(dict.fromkeys(kept)), {}


def _found(here: Visit, form: Form, lines: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, str]]:
    """What was entered as the data of the action, and what is wrong with it by field."""
    errors: dict[str, str] = {}
    found, missing = [], []
    for line in lines:
        number = line["line_no"]
        here_now = _units(here, form, f"quantity-{number}", errors)
        gone = _units(here, form, f"missing-{number}", errors)
        if here_now:
            result = _result(here, form, number, errors)
            found.append({"line_no": number, "quantity": here_now, **result})
        if gone:
            missing.append({"line_no": number, "quantity": gone})
    if not found and not errors:
        errors[""] = here.tongue.say("Enter at least one item that is here. An empty box is a result too.")
    told = {"lines": found, "missing": missing, "note": form.text("note")}
    if form.text("extra"):
        told["extra"] = [{"what": form.text("extra"), "quantity": _units(here, form, "extra_quantity", errors) or 1}]
    return {name: value for name, value in told.items() if value}, errors


def _units(here: Visit, form: Form, name: str, errors: dict[str, str]) -> int:
    text = form.text(name) or "0"
    if text.isascii() and text.isdigit() and len(text) < 7:
        return int(text)
    errors[name] = here.tongue.say("A number of units, please.")
    return 0


def _result(here: Visit, form: Form, number: int, errors: dict[str, str]) -> dict[str, str]:
    """The result of an item: a usual one, changed where a single field says otherwise."""
    usual = USUAL.get(form.text(f"usual-{number}"))
    told = {part: form.text(f"{part}-{number}") or (getattr(usual, part) if usual else "") for part in PARTS}
    if not all(told[part] in CHOICES[part] for part in PARTS):
        errors[f"usual-{number}"] = here.tongue.say("Say what it is like.")
    return told


def _field(name: str, data: Mapping[str, Any]) -> str:
    """`lines.0.quantity` of the action as the field of the form."""
    parts = name.split(".")
    if len(parts) > 1 and parts[0] in ("lines", "missing") and parts[1].isdigit():
        rows = data.get(parts[0], [])
        if int(parts[1]) < len(rows):
            prefix = "quantity" if parts[0] == "lines" else "missing"
            return f"{prefix}-{rows[int(parts[1])]['line_no']}"
    return parts[0] if parts[0] in ("note", "extra") else ""
