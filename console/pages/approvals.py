"""What is above somebody's limit and waits for a yes or a no: who asked, for what, how much."""

from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.responses import Response

from api.oversight.approving import to_approve
from console import labels, people
from console.cases import approving
from console.pages.cases import kinds, why
from console.visit import Here, Visit
from models.errors import AftercareError

router = APIRouter()
PAGE: Final = 20


@router.get("/approvals", name="approvals")
async def approvals(here: Here, cursor: str | None = None) -> Response:
    """What waits for me, the nearest deadline first."""
    return await _queue(here, cursor)


async def _queue(here: Visit, cursor: str | None = None, code: int = 200, **more: Any) -> Response:
    found = await to_approve(here.desk, here.roles, here.me.id, cursor, PAGE)
    values = {
        "rows": [(case, approving.asked(here, case), _why_not(here, case)) for case in found["items"]],
        "following": found["next_cursor"] and here.url("approvals", {"cursor": found["next_cursor"]}),
        "kinds": kinds(here),
        "labels": labels,
        "names": await people.names(here),
        "cursor": cursor or "",
        "command_id": uuid4().hex,
        "wrong": {},
        "typed": {},
        **more,
    }
    return here.page("approvals/page.html", part="approvals/_list.html", code=code, **values)


def _why_not(here: Visit, case: dict[str, Any]) -> str:
    """Why this person may not decide it; empty when he may."""
    answer = case["approve"]
    return "" if answer["allowed"] else why(here, answer["reasons"]) or here.tongue.say("not now")


@router.post("/approvals/{case_no}", name="decide_approval")
async def decide_approval(here: Here, case_no: str) -> Response:
    """Yes or no; the same form sent twice decides it once. Whoever decides stays on his page of the list."""
    form = await here.form()
    decision, note, cursor = form.text("decision"), form.text("note"), form.text("cursor") or None
    if decision not in ("approve", "deny") or (decision == "deny" and not note):
        told = here.tongue.say("Say why not: whoever asked reads it.")
        return await _queue(here, cursor, 422, wrong={case_no: told}, typed={case_no: note})
    data = {"note": note} if note else {}
    command = {"action": decision, "command_id": form.text("command_id") or uuid4().hex, "data": data}
    try:
        await here.desk.command(case_no, command, here.caller)
    except AftercareError as refused:
        return await _queue(here, cursor, refused.status, wrong={case_no: here.told(refused)}, typed={case_no: note})
    say = here.tongue.say
    done = say("%(case)s: approved.", case=case_no) if decision == "approve" else say("%(case)s: denied.", case=case_no)
    return here.go(here.url("approvals", {"cursor": cursor}), done)
