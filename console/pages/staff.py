"""The staff list for managers: who is with us as what, how they are reached, their rotas and open cases (T11)."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from api.documents.duty import RotaAsk, StaffAsk
from api.people.duty import Duty
from api.people.sign_in import PEOPLE
from console.pages.duty import actor, moment, told_by
from console.problems import ROLE_WORDS
from console.visit import Form, Here, Visit
from models.errors import Conflict, Forbidden, Invalid, NotFound

router = APIRouter()
TEXTS: Final = ("name", "language", "timezone", "phone", "email")


@router.get("/staff", name="staff")
async def staff(here: Here) -> Response:
    """Everybody who was ever on the list."""
    return await _list(here)


async def _list(here: Visit, code: int = 200, **more: Any) -> Response:
    found = (await Duty(here.desk).people(actor(here)))["items"]
    users = await asyncio.to_thread(here.house.door.users)
    listed = {one["id"] for one in found}
    return here.page(
        "staff/page.html",
        code=code,
        found=sorted(found, key=lambda one: (not one["with_us"], one["name"])),
        users={one.id for one in users if one.is_active},
        unlisted=[one for one in users if one.is_active and one.id not in listed],
        **{"typed": {}, "errors": {}, "chosen": (), **_words(here), **more},
    )


def _words(here: Visit) -> dict[str, Any]:
    roles = [(role.value, here.tongue.say(ROLE_WORDS[role.value])) for role in PEOPLE]
    return {"roles": roles, "role_words": ROLE_WORDS}


@router.post("/staff", name="add_staff")
async def add_staff(here: Here) -> Response:
    """Put somebody on the list under the id that they sign in with."""
    form = await here.form()
    id, say = form.text("id").casefold(), here.tongue.say
    known = {one["id"] for one in (await Duty(here.desk).people(actor(here)))["items"]}
    errors = _missing(here, form)
    if not id or not id.isprintable() or len(id) > 60 or set(id) & set("/ ?#%"):
        errors["id"] = say("Use up to 60 letters and digits without spaces: the name they sign in with.")
    elif id in known:
        errors["id"] = say("Somebody of this id is on the list already.")
    if not errors:
        errors = await _saved(here, id, {"name": form.text("name"), "roles": tuple(form.texts("roles"))})
    if errors:
        return await _list(here, 422, typed=form.keep(), chosen=form.texts("roles"), errors=errors)
    return here.go(here.url("staff_person", person=id), here.tongue.say("Added. Give them a rota, if they have one."))


def _missing(here: Visit, form: Form) -> dict[str, str]:
    found = {}
    if not form.text("name"):
        found["name"] = here.tongue.say("Say what they are called.")
    if not form.texts("roles"):
        found["roles"] = here.tongue.say("Choose at least one role.")
    return found


async def _saved(here: Visit, id: str, said: Mapping[str, Any]) -> dict[str, str]:
    """Write it down; answers what is wrong with it."""
    try:
        await Duty(here.desk).put_person(id, StaffAsk.model_validate(said), actor(here))
    except (ValidationError, Invalid, NotFound, Conflict, Forbidden) as refused:
        return told_by(here, refused, {})
    return {}


@router.get("/staff/{person}", name="staff_person")
async def staff_person(here: Here, person: str) -> Response:
    """One of them, with what they were, their rotas and open cases."""
    return await _one(here, person)


async def _one(here: Visit, person: str, code: int = 200, **more: Any) -> Response:
    found = await Duty(here.desk).person(person, actor(here))
    plan = here.desk.playbook_set.duty
    rotas = [(name, f"{name} ({len(pattern)})") for name, pattern in plan.rotas.items()]
    return here.page(
        "staff/person.html",
        code=code,
        one=found,
        rotas=rotas,
        names={name: here.tongue.of(shift.names.model_dump()) for name, shift in plan.shifts.items()},
        today=here.tongue.local(here.now).date().isoformat(),
        **{"typed": {}, "errors": {}, "wrong": "", "chosen": found["roles"], **_words(here), **more},
    )


@router.post("/staff/{person}", name="save_staff")
async def save_staff(here: Here, person: str) -> Response:
    """Change what is said of somebody; addresses that are left empty stay as they were."""
    form = await here.form()
    errors = _missing(here, form)
    said, wrong = _said(here, form)
    errors |= wrong
    if not errors:
        errors = await _saved(here, person, said)
    if errors:
        kept = {"typed": form.keep(), "errors": errors, "wrong": "person", "chosen": form.texts("roles")}
        return await _one(here, person, 422, **kept)
    return here.go(here.url("staff_person", person=person), here.tongue.say("Saved."))


def _said(here: Visit, form: Form) -> tuple[dict[str, Any], dict[str, str]]:
    said: dict[str, Any] = {name: form.text(name) or None for name in TEXTS}
    said["roles"] = tuple(form.texts("roles"))
    errors = {}
    quiet = (form.text("quiet_from"), form.text("quiet_until"))
    said["quiet_hours"] = quiet if all(quiet) else None
    if any(quiet) and not all(quiet):
        errors["quiet_from"] = here.tongue.say("Say both when the quiet hours begin and when they end.")
    if form.text("channels"):
        said["channels"] = tuple(line.strip() for line in form.text("channels").splitlines() if line.strip())
    for field, told in (("since", form.text("since")), ("until", form.text("until"))):
        if told and moment(here, told) is None:
            errors[field] = here.tongue.say("This is no time.")
        elif told:
            said[field] = moment(here, told)
    if form.text("stays") == "on":
        said["until"] = None
    return said, errors


@router.post("/staff/{person}/rota", name="give_rota")
async def give_rota(here: Here, person: str) -> Response:
    """A rota from a day on; what was before stays as it was."""
    form = await here.form()
    own = form.text("pattern").replace(",", " ").split()
    ask: dict[str, Any] = {"person": person, "rota": tuple(own) if own else form.text("rota")}
    ask |= {"first_day": form.text("first_day"), "last_day": form.text("last_day") or None}
    ask["begin_at"] = form.text("begin_at") or 1
    errors = {}
    if not ask["rota"]:
        errors["rota"] = here.tongue.say("Choose a rota, or write the shifts of its days.")
    if not ask["first_day"]:
        errors["first_day"] = here.tongue.say("Say from which day on.")
    if not errors and not await _given(here, person, form):
        try:
            await Duty(here.desk).put_rota(RotaAsk.model_validate(ask), actor(here))
        except (ValidationError, Invalid, NotFound) as refused:
            errors = told_by(here, refused, {})
    if errors:
        return await _one(here, person, 422, typed=form.keep(), errors=errors, wrong="rota")
    return here.go(here.url("staff_person", person=person), here.tongue.say("The rota is written down."))


async def _given(here: Visit, person: str, form: Form) -> bool:
    """Whether this form was sent before: it says how many rotas there were when its page was made."""
    known = len((await Duty(here.desk).person(person, actor(here)))["rotas"])
    return form.text("after").isdecimal() and int(form.text("after")[:6]) < known
