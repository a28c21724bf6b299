"""One's own account: password, language, keys, and where one is signed in."""

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from api.documents.requests import Number
from api.limits import TooManyAttempts
from api.people.sign_in import WrongPassword
from console.language import LANGUAGES
from console.pages.sign_in import too_many
from console.visit import LANGUAGE_COOKIE, Here, Visit
from models.errors import Invalid

router = APIRouter()
YEAR = 365 * 86_400


@router.get("/account", name="account")
async def account(here: Here) -> Response:
    """What one can change about oneself."""
    return await _page(here)


async def _page(here: Visit, errors: dict[str, str] | None = None, status: int = 200) -> Response:
    sittings = await asyncio.to_thread(here.house.door.sittings, here.me.id, here.now)
    door = here.house.door
    has_password = door.passwords and bool(await asyncio.to_thread(door.password_mark, here.me.id))
    return here.page("account.html", code=status, sittings=sittings, errors=errors or {}, has_password=has_password)


@router.post("/account", name="save_account")
async def save_account(here: Here) -> Response:
    """Language and keys."""
    form = await here.form()
    language = form.text("language")
    wishes = {"keys": form.text("keys") == "on", **({"language": language} if language in LANGUAGES else {})}
    await asyncio.to_thread(here.house.door.prefer, here.me.id, **wishes)
    there = here.own_address(form.text("onward")) if form.text("onward") else here.url("account")
    answer = here.go(there, here.tongue.say("Saved."))
    if language in LANGUAGES:
        here.cookie(answer, LANGUAGE_COOKIE, language, YEAR)
    return answer


@router.post("/account/password", name="change_password")
async def change_password(here: Here) -> Response:
    """A password of one's own."""
    form = await here.form()
    assert here.sitting is not None
    if form.raw("new") != form.raw("again"):
        return await _page(here, {"again": here.tongue.say("The two are not the same.")}, 422)
    try:
        await asyncio.to_thread(
            here.house.door.change_password,
            *(here.me, form.raw("old"), form.raw("new"), here.sitting.id, here.now, here.address),
        )
    except TooManyAttempts as refused:
        wait = int(refused.extra.get("retry_after", 60))
        answer = await _page(here, {"old": too_many(here, wait)}, 429)
        answer.headers["Retry-After"] = str(wait)
        return answer
    except WrongPassword:
        return await _page(here, {"old": here.tongue.say("The password you have now is another.")}, 422)
    except Invalid:
        told = here.tongue.say("Use 10 to 200 characters, another password than before, and not your name.")
        return await _page(here, {"new": told}, 422)
    return here.go(here.url("home"), here.tongue.say("Your password is changed; other browsers are signed out."))


@router.post("/account/sessions/{sitting_id}/end", name="end_session")
async def end_session(here: Here, sitting_id: Number) -> Response:
    """Out of one other browser, such as one that was left open somewhere."""
    assert here.sitting is not None
    if sitting_id == here.sitting.id:
        return here.go(here.url("account"), here.tongue.say("This is the browser you are using: sign out instead."))
    was_there = await asyncio.to_thread(here.house.door.end_sitting, here.me.id, sitting_id)
    return here.go(here.url("account"), ended(here, was_there))


def ended(here: Visit, was_there: bool) -> str:
    """What became of the browser that was to be signed out."""
    say = here.tongue.say
    return say("That browser is signed out.") if was_there else say("That browser was signed out already.")


@router.post("/account/sign-out-everywhere", name="sign_out_everywhere")
async def sign_out_everywhere(here: Here) -> Response:
    """Out of every browser but this one."""
    assert here.sitting is not None
    ended = await asyncio.to_thread(here.house.door.sign_out_everywhere, here.me.id, here.sitting.id)
    told = here.tongue.say_many("Signed out in one other browser.", "Signed out in %(count)s other browsers.", ended)
    return here.go(here.url("account"), told if ended else here.tongue.say("You are signed in nowhere else."))
