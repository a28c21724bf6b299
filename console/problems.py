"""Refusals as pages, and as fragments for a page that is there already; the words are the error's own."""

import logging
from html import escape
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.problems import problem_of, translated
from console import access
from console.kept import Kept, kept
from console.language import N_
from console.refusals.roles import ROLE_WORDS as ROLE_WORDS
from console.visit import Expired, Forged, NotYours, OwnPasswordFirst, Visit
from models.errors import AftercareError

log = logging.getLogger("aftercare.console")

#: Status → what it means for whoever reads it.
TITLES: Final = {
    400: N_("This cannot be read"),
    403: N_("This is not open to you"),
    404: N_("There is nothing here"),
    405: N_("That cannot be done at this address"),
    409: N_("Something is in the way"),
    413: N_("This is too large"),
    415: N_("This kind of file is not read here"),
    422: N_("Something is missing or wrong"),
    429: N_("Too many tries"),
    500: N_("Something went wrong on our side"),
    503: N_("A part of the service is away"),
}

#: What may be over when the same form is sent again; its `command_id` has one effect, however often it arrives.
MAY_PASS: Final = frozenset({409, 429, 500, 503})


def install(app: FastAPI) -> None:
    """Let every refusal of the console be a page."""
    app.add_exception_handler(Expired, _to_sign_in)  # type: ignore[arg-type]
    app.add_exception_handler(Forged, _forged)  # type: ignore[arg-type]
    app.add_exception_handler(OwnPasswordFirst, _choose_first)  # type: ignore[arg-type]
    app.add_exception_handler(NotYours, _not_yours)  # type: ignore[arg-type]
    for kind in (AftercareError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, refused)


async def _to_sign_in(request: Request, error: Expired) -> Response:
    """Sign in first, and come back; what was typed goes with it, and is sent afterwards."""
    here: Visit = request.state.visit
    if request.method != "GET":
        found = await kept(here)
        if found is not None:
            return waiting(here, found, here.tongue.say("You are signed out. Nothing you typed is lost."))
        return shown(here, 403, here.tongue.say("You are signed out. Sign in in another tab, go back, and send again."))
    if here.wants_part:
        return shown(here, 403, here.tongue.say("You are signed out. Sign in in another tab and send this again."))
    return RedirectResponse(here.url("sign_in", {"onward": here.own_address(here.here)}), 303)


def waiting(
    here: Visit, found: Kept, words: str, wrong: str = "", name: str = "", code: int = 403, title: str = ""
) -> Response:
    """A form that waits to be sent again: by its button, or with the sign-in where nobody is signed in.

    With a `title` of its own it was refused for another reason than that nobody is signed in.
    """
    values = {"kept": found, "told": found.told(here), "words": words, "wrong": wrong, "name": name}
    values |= {"title": title or here.tongue.say("Not sent yet"), "again": bool(title)}
    return here.page("kept.html", part="parts/kept.html", code=code, **values)


async def _forged(request: Request, error: Forged) -> Response:
    here: Visit = request.state.visit
    found = await kept(here) if error.older else None
    if found is not None:
        told = here.tongue.say("The form is older than your session. Check what you typed, and send it.")
        return waiting(here, found, told)
    told = here.tongue.say("The form is older than your session. Go back, load the page again, and send it once more.")
    return shown(here, 403, told)


async def _choose_first(request: Request, error: OwnPasswordFirst) -> Response:
    here: Visit = request.state.visit
    return here.go(here.url("account"), here.tongue.say("Choose a password of your own first."))


async def _not_yours(request: Request, error: NotYours) -> Response:
    here: Visit = request.state.visit
    asked = [here.tongue.say(ROLE_WORDS[role.value]) for role in access.whom_to_ask(error.page)]
    told = here.tongue.say("It is open to: %(roles)s. Ask one of them.", roles=here.tongue.listed(asked, "or"))
    return shown(here, 403, told)


async def refused(request: Request, error: Exception) -> Response:
    """Whatever was raised, as a page or as a problem document."""
    here: Visit | None = getattr(request.state, "visit", None)
    problem = translated(error)
    if here is None or not _reads_pages(request):
        return problem_of(problem)
    told = "" if isinstance(error, HTTPException) else here.told(problem)
    answer = await _to_be_repeated(here, problem.status, told) or shown(here, problem.status, told)
    for name, value in (getattr(error, "headers", None) or {}).items():
        answer.headers[name] = value
    wait = problem.extra.get("retry_after")
    if wait or problem.status == 503:
        answer.headers["Retry-After"] = str(wait or 5)
    return answer


async def _to_be_repeated(here: Visit, status: int, told: str) -> Response | None:
    """A form that came to nothing through no fault of what was typed: it is shown, and can be sent once more."""
    if here.request.method != "POST" or status not in MAY_PASS:
        return None
    title = here.tongue.say("Not done, or not known to be done")
    try:
        found = await kept(here)
        return (
            waiting(here, found, told or here.tongue.say(TITLES[status]), code=status, title=title) if found else None
        )
    except Exception:  # the page itself is broken, or what was sent cannot be read: it is refused without it
        log.exception("what was typed cannot be shown again")
        return None


def _reads_pages(request: Request) -> bool:
    """Programs are told in their own way."""
    return "text/html" in request.headers.get("accept", "") or request.headers.get("hx-request") == "true"


def shown(here: Visit, status: int, words: str) -> Response:
    """A refusal as a page, or as a fragment where a page asked for one."""
    title = here.tongue.say(TITLES.get(status, TITLES[500]))
    values = {"status": status, "title": title, "words": words}
    try:
        return here.page("error.html", part="parts/error.html", code=status, **values)
    except Exception:  # the page itself is broken: say it without one
        log.exception("the page of a refusal is broken")
        return HTMLResponse(f"<h1>{escape(title)}</h1><p>{escape(words)}</p>", status)
