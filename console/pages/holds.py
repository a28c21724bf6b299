"""Orders that cases hold back: what the warehouse sees before it prints a label or lets a parcel go (L14)."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from api.goods import holding
from console import labels, people
from console.language import N_
from console.pages.cases import kinds
from console.visit import Here

router = APIRouter()
PAGE: Final = 50
#: Hold → what it asks of whoever packs; only the case lifts it.
MEANS: Final = {
    "do_not_print": N_("Print no label for it."),
    "do_not_ship": N_("It stays here, whether its label is printed or not."),
    "await_difference": N_("It waits here until the customer has paid the difference."),
    "pull": N_("Take it out of what is ready to leave, and report it in the case."),
    "reserve": N_("Put the wanted item aside; it may not go to anybody else."),
}
#: A hold that stops nothing from leaving.
HARMLESS: Final = frozenset({"reserve"})
PARCELS: Final = {
    "unprinted": N_("not printed"),
    "printed": N_("printed"),
    "gone": N_("has left"),
    "delivered": N_("delivered"),
}


@router.get("/holds", name="holds")
async def holds(here: Here, code: str = "", cursor: str | None = None) -> Response:
    """What is held back, and whether the order of a label may leave."""
    code = code.strip()[:100]
    found = await holding.held(here.desk, cursor, PAGE)
    return here.page(
        "holds/page.html",
        part="holds/_list.html",
        found=found["items"],
        following=found["next_cursor"] and here.url("holds", {"cursor": found["next_cursor"]}),
        scanned=code,
        answer=_answer(await holding.asked(here.desk, code)) if code else None,
        means=MEANS,
        parcels=PARCELS,
        kinds=kinds(here),
        names=await people.names(here),
        labels=labels,
    )


def _answer(found: dict[str, Any] | None) -> dict[str, Any]:
    """What a scanned label is told: its word, its tone, and what holds it."""
    if found is None:
        return {"word": N_("Not known here"), "tone": "info", "icon": "box", "items": (), "order_no": None}
    stops = [one for one in found["items"] if not HARMLESS.issuperset(one["holds"])]
    word, tone, icon = (N_("Hold it back"), "bad", "hand") if stops else (N_("May leave"), "good", "check")
    return {"word": word, "tone": tone, "icon": icon, **found}
