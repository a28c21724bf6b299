"""Tokens of programs: made with the secret shown once, their last use, withdrawn."""

import asyncio
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.responses import Response

from api.documents.requests import Number
from api.people.tokens import TIES, TokenInfo, may_give
from console.language import N_
from console.refusals.roles import ROLE_WORDS
from console.visit import Here, Visit
from models.errors import Conflict, Forbidden, Invalid
from models.lifecycle import Role

router = APIRouter()
PAGE: Final = 50
#: What a token of a customer or courier is tied to.
TIE_WORDS: Final = {
    "customer_id": N_("the customer with this id"),
    "case_no": N_("this case alone"),
    "carrier": N_("parcels of this carrier"),
}


@router.get("/tokens", name="tokens")
async def tokens(here: Here, state: str = "", after: str = "") -> Response:
    """Those in force, or those that were withdrawn."""
    return await _list(here, state, after)


async def _list(here: Visit, state: str = "", after: str = "", code: int = 200, **more: Any) -> Response:
    every = await asyncio.to_thread(here.outside.tokens.every)
    found = [one for one in every if (one.revoked_at is not None) == (state == "withdrawn")]
    begin = next((at + 1 for at, one in enumerate(found) if one.id == after), 0)
    rows, rest = found[begin : begin + PAGE], found[begin + PAGE :]
    following = here.url("tokens", {"state": state, "after": rows[-1].id}) if rest else None
    shown = {"typed": {}, "errors": {}, "chosen": (), "asked": uuid4().hex, "role_words": ROLE_WORDS, **more}
    roles = [
        (role.value, here.tongue.say(ROLE_WORDS[role.value])) for role in Role if may_give(tuple(here.roles), role)
    ]
    ties = {one.id: _tie(here, one) for one in rows}
    lists: dict[str, Any] = {"found": rows, "following": following, "state": state, "ties": ties, "roles": roles}
    return here.page("tokens/page.html", code=code, for_others=Role.DIRECTOR in here.roles, **lists, **shown)


def _tie(here: Visit, one: TokenInfo) -> str:
    """What a token is tied to, in words; empty for tokens of the house."""
    held = [(name, getattr(one, name)) for name in TIES if getattr(one, name)]
    return ", ".join(f"{here.tongue.say(TIE_WORDS[name])}: {value}" for name, value in held)


@router.post("/tokens", name="make_token")
async def make_token(here: Here) -> Response:
    """A new one: its text is on the answer and nowhere else, and the same form sent again makes no other."""
    form = await here.form()
    roles = [Role(one) for one in form.texts("roles") if one in set(Role)]
    ties = {name: form.text(name) for name in TIES}
    given = form.text("name"), roles, form.text("for_others") == "on", ties, tuple(here.roles), form.text("asked")
    try:
        made, text = await asyncio.to_thread(here.outside.tokens.make, *given)
    except Conflict as refused:
        return await _list(here, code=409, errors={"": here.told(refused)})
    except (Invalid, Forbidden) as refused:
        again: dict[str, Any] = {"typed": form.keep(), "chosen": form.texts("roles"), "errors": here.wrong(refused)}
        return await _list(here, code=refused.status, asked=form.text("asked"), **again)
    return here.page("tokens/shown.html", one=made, text=text, tie=_tie(here, made), role_words=ROLE_WORDS)


@router.post("/tokens/{token_id}/withdraw", name="withdraw_token")
async def withdraw_token(here: Here, token_id: Number) -> Response:
    """End it; its name stays in what was done with it."""
    await asyncio.to_thread(here.outside.tokens.withdraw, token_id)
    return here.go(here.url("tokens"), here.tongue.say("Withdrawn: calls with it are refused from now on."))
