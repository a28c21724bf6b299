"""Whether the books agree: what the nightly audit of all of them found, and the hourly looks at what was touched."""

from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from api.accounting import auditing
from console.language import N_
from console.visit import Here, Visit

router = APIRouter()
#: Which book a finding is about.
SORTS: Final = {
    "cap": N_("more than was paid"),
    "limit": N_("above a limit"),
    "pot": N_("what is refundable"),
    "move": N_("movements of money"),
    "payout": N_("payouts"),
    "ledger": N_("the ledger"),
    "case": N_("the case"),
    "balance": N_("store credit"),
}
#: An audit that was asked for begins within so long, or not at all.
BEGINS_WITHIN: Final = timedelta(minutes=1)


@router.get("/books", name="books")
async def books(here: Here, asked: str = "") -> Response:
    """Do they agree, when were they looked at last, and what does not agree."""
    found = await auditing.books(here.desk)
    waits = found["running"] or _is_to_begin(here, asked, found["last_begun_at"])
    values: dict[str, Any] = {"found": found, "last": found["last_audit"], "waits": waits, "sorts": SORTS}
    return here.page("books/page.html", part="books/_found.html", **values)


def _is_to_begin(here: Visit, asked: str, begun: str | None) -> bool:
    """Whether an audit that somebody asked for has not begun yet."""
    try:
        at = datetime.fromisoformat(asked)
        return here.now - at < BEGINS_WITHIN and (begun is None or datetime.fromisoformat(begun) < at)
    except (ValueError, TypeError):  # no time, or none with its offset
        return False


@router.post("/books/audit", name="begin_audit")
async def begin_audit(here: Here) -> Response:
    """Look through all books now; a second press finds the first one's run."""
    await here.form()
    asked = here.now.isoformat()
    await auditing.begin(here.desk)
    return here.go(here.url("books", {"asked": asked}), here.tongue.say("All books are being looked through."))
