"""In and out, and the language before anybody is known."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from api.limits import TooManyAttempts
from api.people.provider import IdentityProvider, SignInFailed, Why
from api.people.sign_in import User, WrongPassword
from console import problems
from console.kept import Kept, carried
from console.language import LANGUAGES, N_
from console.visit import LANGUAGE_COOKIE, SESSION_COOKIE, TRIP_COOKIE, Here, Visit
from models.errors import NotFound

router = APIRouter()
#: A browser keeps its session's secret this long; the session itself may be over before.
COOKIE_SECONDS = 7 * 86_400
YEAR = 365 * 86_400
#: A browser that left for the identity provider is known so long.
TRIP_SECONDS = 15 * 60
#: Why a sign-in through the provider came to nothing → what to do about it.
FAILED: Final[Mapping[Why, str]] = {
    "lost": N_("This sign-in was begun in another browser, took too long, or was used already. Begin again."),
    "declined": N_("%(provider)s did not let you in, or you stopped there. Try again, or ask whoever runs it."),
    "refused": N_("%(provider)s refused what it was asked. Tell whoever runs Aftercare: the reason is in its log."),
    "untrusted": N_("What %(provider)s answered cannot be trusted, so nobody was let in. Tell whoever runs Aftercare."),
    "away": N_("%(provider)s does not answer. Try again in a moment."),
    "no_roles": N_(
        "You are known here as “%(who)s” now, and have no role yet. Ask a manager for one; then sign in again."
    ),
    "shut_out": N_("“%(who)s” is not let in any more. Ask a manager."),
}


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
    name, onward, kept = form.text("name"), form.text("onward"), carried(here, form)
    browser = here.request.headers.get("user-agent", "")
    try:
        secret, user = await asyncio.to_thread(
            here.house.door.sign_in, name, form.raw("password"), here.address, browser, here.now
        )
    except WrongPassword:
        return _form(here, onward, name, here.tongue.say("The name or the password is wrong."), 422, kept)
    except TooManyAttempts as refused:
        wait = int(refused.extra.get("retry_after", 60))
        answer = _form(here, onward, name, too_many(here, wait), 429, kept)
        answer.headers["Retry-After"] = str(wait)
        return answer
    there = here.url("account") if user.must_change else here.own_address(onward)
    answer = here.go(there)
    if kept and not user.must_change:
        inside = replace(here, user=user, secret=secret)
        told = here.tongue.say("You are signed in again. Check what you typed, and send it.")
        answer = problems.waiting(inside, kept, told, code=200)
    here.cookie(answer, SESSION_COOKIE, secret, COOKIE_SECONDS)
    return answer


def too_many(here: Visit, wait: int) -> str:
    """What somebody is told who tried too often."""
    told = N_("Too many tries with a wrong password. Wait %(time)s, or ask for a new password.")
    return here.tongue.say(told, time=here.tongue.length(wait))


def _form(
    here: Visit, onward: str, name: str = "", wrong: str = "", status: int = 200, kept: Kept | None = None
) -> Response:
    if kept is not None:
        told = here.tongue.say("You are signed out. Nothing you typed is lost.")
        return problems.waiting(here, kept, told, wrong, name, status)
    provider, passwords = here.house.provider, here.house.door.passwords
    there = (provider.terms.name, here.url("provider_sign_in", {"onward": onward})) if provider else None
    shown: dict[str, Any] = {"name": name, "wrong": wrong, "provider": there, "passwords": passwords}
    return here.page("sign_in.html", code=status, onward=onward, **shown)


# ── through an identity provider ──────────────────────────────────────────────────────────────────


@router.get("/sign-in/provider", name="provider_sign_in")
async def provider_sign_in(here: Here, onward: str = "") -> Response:
    """Off to the identity provider; this browser alone can bring the answer back."""
    provider, browser = _provider(here), here.request.cookies.get(TRIP_COOKIE) or secrets.token_urlsafe(24)
    back, there = here.whole_url("provider_back"), here.own_address(onward)
    try:
        away = await asyncio.to_thread(provider.set_out, back, there, browser, here.now)
    except SignInFailed as failed:
        return _failed(here, failed, onward)
    answer = here.go(away)
    here.cookie(answer, TRIP_COOKIE, browser, TRIP_SECONDS)
    return answer


@router.get("/sign-in/provider/back", name="provider_back")
async def provider_back(here: Here) -> Response:
    """Back from the identity provider: let him in, or say why not."""
    provider, told = _provider(here), dict(here.request.query_params)
    browser, back = here.request.cookies.get(TRIP_COOKIE, ""), here.whole_url("provider_back")
    try:
        who, onward = await asyncio.to_thread(provider.come_back, back, told, browser, here.now)
        match_email = provider.terms.match_email
        user, let_in = await asyncio.to_thread(here.house.door.meet, who, match_email, here.now)
        if not let_in:
            raise SignInFailed("shut_out" if user.roles else "no_roles", f"{user.id} is not let in.", user.id)
    except SignInFailed as failed:
        return _failed(here, failed)
    return await _let_in(here, user, onward)


def _provider(here: Visit) -> IdentityProvider:
    if here.house.provider is None:
        raise NotFound("No identity provider is set up here: sign in with a password.")
    return here.house.provider


async def _let_in(here: Visit, user: User, onward: str) -> Response:
    browser = here.request.headers.get("user-agent", "")
    if here.sitting is not None:  # whoever sat here before has left
        await asyncio.to_thread(here.house.door.sign_out, here.sitting.id)
    secret = await asyncio.to_thread(here.house.door.let_in, user, here.address, browser, here.now)
    answer = here.go(here.own_address(onward))
    here.cookie(answer, SESSION_COOKIE, secret, COOKIE_SECONDS)
    return answer


def _failed(here: Visit, failed: SignInFailed, onward: str = "") -> Response:
    name = _provider(here).terms.name
    wrong = here.tongue.say(FAILED[failed.why], provider=name, who=failed.who)
    return _form(here, onward, wrong=wrong, status=503 if failed.why == "away" else 403)


@router.get("/session", name="session")
async def session(here: Here) -> Response:
    """Who is signed in, and what his forms carry: asked by a page before it sends what would be lost if nobody were.

    Headings and no body: no other site can read them, as none is allowed to (CORS).
    """
    headers = {"X-Person": here.user.id, "X-Form-Token": here.csrf} if here.user else {}
    return Response(status_code=204, headers=headers)


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
