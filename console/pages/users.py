"""Who signs in: added with a password that is shown once, their roles, and where they are signed in."""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.documents.requests import Number
from api.people.sign_in import PEOPLE, User
from console.pages.account import ended
from console.problems import ROLE_WORDS
from console.visit import Form, Here, Visit
from models.errors import Conflict, Forbidden, Invalid, NotFound
from models.lifecycle import Role

router = APIRouter()


@router.get("/users", name="users")
async def users(here: Here) -> Response:
    """Everybody who signs in."""
    return await _list(here)


async def _list(here: Visit, code: int = 200, **more: Any) -> Response:
    found = sorted(await _everybody(here), key=lambda one: (not one.is_active, one.id))
    shown = {"typed": {}, "errors": {}, "chosen": (), "passwords": here.house.door.passwords, **more}
    return here.page("users/page.html", code=code, found=found, **shown, **_words(here))


async def _everybody(here: Visit) -> tuple[User, ...]:
    return await asyncio.to_thread(here.house.door.users)


def _words(here: Visit) -> dict[str, Any]:
    mine = [role for role in PEOPLE if role is not Role.DIRECTOR or Role.DIRECTOR in here.roles]
    return {"roles": [(role.value, here.tongue.say(ROLE_WORDS[role.value])) for role in mine], "role_words": ROLE_WORDS}


@router.post("/users", name="add_user")
async def add_user(here: Here) -> Response:
    """Add somebody. The password is on the answer and nowhere else; sent twice, the second says that he is there."""
    form = await here.form()
    errors, roles = _wrong_roles(here, form), [Role(one) for one in form.texts("roles") if one in set(PEOPLE)]
    if not form.text("id"):
        errors["id"] = here.tongue.say("Say under which name they sign in.")
    if not errors:
        try:
            given = form.text("id"), roles, here.now, form.text("name") or None
            user, password = await asyncio.to_thread(here.house.door.add, *given)
            return _shown_once(here, user, password)
        except Conflict:
            errors["id"] = here.tongue.say("Somebody signs in under this name already; give them a new password there.")
        except Invalid:
            errors["id"] = here.tongue.say("Use up to 60 of the letters a-z, digits and - _ . @, without spaces.")
    return await _list(here, 422, typed=form.keep(), chosen=form.texts("roles"), errors=errors)


def _wrong_roles(here: Visit, form: Form) -> dict[str, str]:
    """What is wrong with the roles of a form: only a director makes directors."""
    given = form.texts("roles")
    if not given or not set(given) <= {role.value for role in PEOPLE}:
        return {"roles": here.tongue.say("Choose at least one role.")}
    if Role.DIRECTOR.value in given and Role.DIRECTOR not in here.roles:
        return {"roles": here.tongue.say("Only a director gives the role of a director.")}
    return {}


def _shown_once(here: Visit, user: User, password: str) -> Response:
    if not password:
        told = here.tongue.say("Added. They sign in through the identity provider; then say here who they are.")
        return here.go(here.url("user", user_id=user.id), told)
    return here.page("users/password.html", user=user, password=password)


@router.get("/users/{user_id}", name="user")
async def user(here: Here, user_id: str) -> Response:
    """One of them: roles, and where he is signed in."""
    return await _one(here, await _known(here, user_id))


async def _one(here: Visit, found: User, code: int = 200, **more: Any) -> Response:
    door = here.house.door
    sittings = await asyncio.to_thread(door.sittings, found.id, here.now)
    shown = {
        "errors": {},
        "chosen": found.roles,
        "sittings": sittings,
        "why_not": _why_not(here, found),
        "mark": await asyncio.to_thread(door.password_mark, found.id),
        "passwords": door.passwords,
        "others": await _without_provider(here, found),
        "groups_rule": _groups_rule(here, found),
        **more,
    }
    return here.page("users/user.html", code=code, one=found, **shown, **_words(here))


def _groups_rule(here: Visit, found: User) -> bool:
    """Whether the provider's groups say his roles, so that other ones would hold until his next sign-in only."""
    provider = here.house.provider
    return provider is not None and provider.terms.roles_claim is not None and found.subject is not None


async def _without_provider(here: Visit, found: User) -> list[User]:
    """The users that somebody who came through the provider without roles may be; nobody for all others."""
    if found.subject is None or found.roles:
        return []
    everybody = await _everybody(here)
    return [one for one in everybody if one.subject is None and one.is_active and _why_not(here, one) is None]


async def _known(here: Visit, id: str) -> User:
    found = next((one for one in await _everybody(here) if one.id == id), None)
    if found is None:
        raise NotFound(f"Nobody signs in as '{id}'.")
    return found


def _why_not(here: Visit, other: User) -> str | None:
    """Why this person may not change the other: nobody changes what he himself may, and directors stand above."""
    if other.id == here.me.id:
        return here.tongue.say("Nobody changes what they themselves may do: ask another manager.")
    if Role.DIRECTOR in other.roles and Role.DIRECTOR not in here.roles:
        return here.tongue.say("Only a director changes a director.")
    return None


async def _to_change(here: Visit, id: str) -> User:
    """The other, if this person may change him. Raises Forbidden."""
    other = await _known(here, id)
    why_not = _why_not(here, other)
    if why_not:
        raise Forbidden(why_not)
    return other


@router.post("/users/{user_id}/roles", name="user_roles")
async def user_roles(here: Here, user_id: str) -> Response:
    """Other roles, from his next page on."""
    form, other = await here.form(), await _to_change(here, user_id)
    errors = _wrong_roles(here, form)
    if errors:
        return await _one(here, other, 422, errors=errors, chosen=form.texts("roles"))
    try:
        await asyncio.to_thread(here.house.door.give_roles, other.id, [Role(one) for one in form.texts("roles")])
    except Conflict as refused:
        return await _one(here, other, 409, errors={"": here.told(refused)}, chosen=form.texts("roles"))
    return here.go(here.url("user", user_id=other.id), here.tongue.say("Saved."))


@router.post("/users/{user_id}/password", name="user_password")
async def user_password(here: Here, user_id: str) -> Response:
    """A new password, shown once; he is signed out everywhere."""
    form, other = await here.form(), await _to_change(here, user_id)
    try:
        password = await asyncio.to_thread(here.house.door.new_password, other.id, form.text("instead_of"))
    except Conflict:  # the same form once more: a page that was loaded again, or a second press
        told = here.tongue.say("A new password was made already and shown once. If it is lost, make another here.")
        return await _one(here, other, 409, errors={"": told})
    return _shown_once(here, other, password)


@router.post("/users/{user_id}/tie", name="tie_user")
async def tie_user(here: Here, user_id: str) -> Response:
    """Somebody new from the identity provider is a user who was there before."""
    form, waiting = await here.form(), await _to_change(here, user_id)
    others = {one.id for one in await _without_provider(here, waiting)}
    if form.text("to") not in others:
        return await _one(here, waiting, 422, errors={"to": here.tongue.say("Choose the user that they are.")})
    tied = await asyncio.to_thread(here.house.door.tie, waiting.id, form.text("to"))
    told = here.tongue.say("From now on the provider lets them in as %(who)s.", who=tied.id)
    return here.go(here.url("user", user_id=tied.id), told)


@router.post("/users/{user_id}/disable", name="disable_user")
async def disable_user(here: Here, user_id: str) -> Response:
    """Let him in no more; his name stays in what he did."""
    other = await _to_change(here, user_id)
    try:
        await asyncio.to_thread(here.house.door.disable, other.id, here.now)
    except Conflict as refused:
        return await _one(here, other, 409, errors={"": here.told(refused)})
    return here.go(here.url("user", user_id=other.id), here.tongue.say("Let in no more, and signed out everywhere."))


@router.post("/users/{user_id}/enable", name="enable_user")
async def enable_user(here: Here, user_id: str) -> Response:
    """Let him in again."""
    other = await _to_change(here, user_id)
    await asyncio.to_thread(here.house.door.enable, other.id)
    return here.go(here.url("user", user_id=other.id), here.tongue.say("Let in again."))


@router.post("/users/{user_id}/sessions/{sitting_id}/end", name="end_user_session")
async def end_user_session(here: Here, user_id: str, sitting_id: Number) -> Response:
    """Out of one browser: a lost telephone, a desk that was left open."""
    other = await _to_change(here, user_id)
    was_there = await asyncio.to_thread(here.house.door.end_sitting, other.id, sitting_id)
    return here.go(here.url("user", user_id=other.id), ended(here, was_there))


@router.post("/users/{user_id}/sign-out", name="sign_user_out")
async def sign_user_out(here: Here, user_id: str) -> Response:
    """Out of every browser."""
    other = await _to_change(here, user_id)
    ended = await asyncio.to_thread(here.house.door.sign_out_everywhere, other.id)
    told = here.tongue.say_many("Signed out in one browser.", "Signed out in %(count)s browsers.", ended)
    return here.go(
        here.url("user", user_id=other.id), told if ended else here.tongue.say("They were signed in nowhere.")
    )
