"""Links by which a customer opens one case: made, and taken back."""

from typing import Any

from fastapi import Request

from api.auth import actor_of
from api.customer.links import CaseLink
from api.documents.customer import LinkShown, LinksRevoked
from api.documents.requests import LinkAsk, Number
from api.routes.answers import Json, documented
from api.routes.checked import CallerHere, DeskHere, checked_router
from models.lifecycle import Action

router = checked_router("cases")


@router.post(
    "/cases/{case_no}/link",
    summary="A link for the customer",
    response_class=Json,
    responses=documented(LinkShown, 404, body=True),
)
async def make_link(request: Request, case_no: Number, ask: LinkAsk, caller: CallerHere, desk: DeskHere) -> Json:
    """Whoever has it acts as the customer of this one case, until it expires or is taken back.

    Asked for again on the same day it is the same link, and later one that lasts longer; earlier ones go on until
    their end. `fresh` ends them all at once. Without an address in the settings, it is that of this request.
    """
    made = await desk.link(case_no, actor_of(caller, action=Action.MESSAGE), ask.fresh)
    return Json(link_document(made, str(request.base_url)))


@router.delete(
    "/cases/{case_no}/link",
    summary="End the customer's links",
    response_class=Json,
    responses=documented(LinksRevoked, 404),
)
async def revoke_links(case_no: Number, caller: CallerHere, desk: DeskHere) -> Json:
    """Every link that was made of the case opens nothing from now on."""
    await desk.revoke_links(case_no, actor_of(caller, action=Action.MESSAGE))
    return Json({"case_no": case_no, "revoked": True})


def link_document(link: CaseLink, site: str) -> dict[str, Any]:
    """A link as it is answered; `site` is used where the shop has not said where its customers' pages are."""
    url = link.url or f"{site.rstrip('/')}/c/{link.token}"
    return {"case_no": link.case_no, "url": url, "expires_at": link.expires_at.isoformat()}
