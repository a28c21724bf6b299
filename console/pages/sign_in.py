"""In and out, and the language before anybody is known."""

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from api.limits import TooManyAttempts
from api.people.sign_in import WrongPassword
from console.language import LANGUAGES
from console.visit import LANGUAGE_COOKIE, SESSION_COOKIE, Here, Visit

router = APIRouter()
#: A browser keeps its session's secret this long; the session itself may be over before.
COOKIE_SECONDS = 7 * 86_400
YEAR = 365 * 86_400


@router.get("/sign-in", name="sign_in")
async def sign_in(here: Here, onward: str = "") -> Response:
    """The form."""
    if here.user is not None:
        return here.go(here.own_address(onward))
    return _form(here, onward)


@router.post("/sign-in", name="do_sign_in")
async def do_sign_in(here: Here) -> Response:
    """Let somebody in, and on to where he wanted to go."""
    form = await here.form()
    name, onward = form.text("name"), form.text("onward")
    browser = here.request.headers.get("user-agent", "")
    try:
        secret, user = await asyncio.to_thread(
            here.house.door.sign_in, name, form.raw("password"), here.address, browser, here.now
        )
    except WrongPassword:
        return _form(here, onward, name, here.tongue.say("The name or the password is wrong."), 422)
    except TooManyAttempts as refused:
        wait = int(refused.extra.get("retry_after", 60))
        told = here.tongue.say(
            "Too many tries with a wrong password. Wait %(time)s, or ask for a new password.",
            time=here.tongue.length(wait),
        )
        answer = _form(here, onward, name, told, 429)
        answer.headers["Retry-After"] = str(wait)
        return answer
    there = here.url("account") if user.must_change else here.own_address(onward)
    answer = here.go(there)
    here.cookie(answer, SESSION_COOKIE, secret, COOKIE_SECONDS)
    return answer


def _form(here: Visit, onward: str, name: str = "", wrong: str = "", status: int = 200) -> Response:
    return here.page("sign_in.html", code=status, onward=onward, name=name, wrong=wrong)


@router.post("/sign-out", name="sign_out")
async def sign_out(here: Here) -> Response:
    """Out, in this browser."""
    assert here.sitting is not None
    await asyncio.to_thread(here.house.door.sign_out, here.sitting.id)
    answer = here.go(here.url("sign_in"))
    here.cookie(answer, SESSION_COOKIE, "", None)
    return answer


@router.post("/language", name="choose_language")
async def choose_language(here: Here) -> Response:
    """Another language in this browser, and for whoever is signed in everywhere."""
    form = await here.form()
    language = form.text("language")
    answer = here.go(here.own_address(form.text("onward")))
    if language in LANGUAGES:
        here.cookie(answer, LANGUAGE_COOKIE, language, YEAR)
        if here.user is not None:
            await asyncio.to_thread(here.house.door.prefer, here.user.id, language=language)
    return answer
