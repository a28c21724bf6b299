"""Calls from outside as they came: couriers', storefronts', payment providers'; what nobody could read, read again."""

import json
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from api.documents.requests import Number
from console.language import N_
from console.visit import Here

router = APIRouter()
PAGE: Final = 50
STATES: Final = {
    "": N_("all"),
    "received": N_("not read yet"),
    "unreadable": N_("not understood"),
    "refused": N_("turned down"),
    "done": N_("read"),
}
TONES: Final = {"received": "info", "unreadable": "bad", "refused": "warn", "done": "good"}


@router.get("/calls-in", name="calls_in")
async def calls_in(here: Here, state: str = "", source: str = "", cursor: str = "") -> Response:
    """What came, the newest first."""
    state = state if state in STATES else ""
    page = await here.outside.hooks.page(source or None, state or None, cursor or None, PAGE)
    asked = {"state": state, "source": source, "cursor": page["next_cursor"]}
    following = here.url("calls_in", asked) if page["next_cursor"] else None
    shown: dict[str, Any] = {"state": state, "source": source, "states": STATES, "tones": TONES}
    return here.page("calls_in/page.html", found=page["items"], following=following, **shown)


@router.get("/calls-in/{hook_id}", name="call_in")
async def call_in(here: Here, hook_id: Number) -> Response:
    """One of them with its body."""
    found = await here.outside.hooks.show(hook_id)
    body = _laid_out(found["body"])
    return here.page("calls_in/one.html", one=found, body=body, states=STATES, tones=TONES)


@router.post("/calls-in/{hook_id}/again", name="read_again")
async def read_again(here: Here, hook_id: Number) -> Response:
    """Have it read again; what is known already changes nothing."""
    await here.outside.hooks.replay(hook_id)
    told = here.tongue.say("It is read again; load the page again in a moment.")
    return here.go(here.url("call_in", hook_id=hook_id), told)


def _laid_out(body: str) -> str:
    """JSON with a value a line; anything else as it is."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body
