"""Playbooks: what is in force, what is wrong with a changed set, one kind's procedure and its road drawn."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from api.drawings.road import DRAWINGS
from api.procedure.roads import road
from console import labels
from console.visit import Here, Visit

router = APIRouter()


@router.get("/playbooks", name="playbooks")
async def playbooks(here: Here) -> Response:
    """The kinds in force with their versions, and what keeps a changed set from taking their place."""
    found = here.desk.playbooks()
    rows = sorted(found["items"], key=lambda one: str(one["kind"]))
    return here.page("playbooks/page.html", found=rows, problems=here.desk.playbook_mistakes())


@router.get("/playbooks/{kind}", name="playbook")
async def playbook(here: Here, kind: str) -> Response:
    """One kind's procedure, as new cases get it."""
    book = here.desk.playbook_of(kind)
    say = here.tongue.say
    by_role = (
        (say("Refunds"), book.procedure.refund_limits),
        (say("Compensation"), book.procedure.compensation_limits),
    )
    limits = [(words, {str(role): _sums(here, sums) for role, sums in found.items()}) for words, found in by_role]
    return here.page("playbooks/one.html", book=book.model_dump(mode="json"), limits=limits, labels=labels)


def _sums(here: Visit, by_currency: Mapping[str, str]) -> str:
    """One limit in each currency."""
    return " · ".join(here.tongue.money({"amount": amount, "currency": name}) for name, amount in by_currency.items())


@router.get("/playbooks/{kind}/road.svg", name="playbook_road")
async def playbook_road(here: Here, kind: str) -> Response:
    """The road of a kind as a drawing; as an image it may have styles of its own."""
    headings = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    drawn = DRAWINGS["svg"](road(here.desk.playbook_of(kind)))
    return Response(drawn, media_type="image/svg+xml", headers=headings)
