"""When inspection finds more the customer's doing than was assumed, he is asked before a refund or a charge (F19)."""

from dataclasses import replace

from models.actions.planning import liable
from models.case import Case, Line
from models.draft import Draft
from models.events import Fact
from models.freight import seller_share


def moved_toward_customer(case: Case, lines: tuple[Line, ...]) -> tuple[int, int] | None:
    """The seller's share in percent as it was assumed, and as it was found, where it became less (F1→F5, F9→F10)."""
    if not any(line.verdict for line in lines):
        return None
    assumed, found = seller_share(case.procedure.party_liable), seller_share(*liable(case, lines))
    return (assumed, found) if found < assumed else None


def mind_the_customers_word(draft: Draft, agrees: bool, lines: tuple[Line, ...]) -> None:
    """F19: settling it without having asked the customer is done, written down, told to the owner, and shown."""
    case = draft.case
    if case.plan is None or agrees:
        return
    moved = moved_toward_customer(case, lines)
    if moved is None:
        return
    assumed, found = moved
    told = f"The seller's share was assumed to be {assumed} % and found to be {found} %; the customer was not asked"
    draft.record(Fact.CUSTOMER_NOT_ASKED, f"{told} (F19).", {"assumed": assumed, "found": found})
    draft.set(plan=replace(case.plan, sources=(*case.plan.sources, f"{told} (F19).")))
    draft.tell("owner", f"{told}: ask him, or say that he agrees (F19).")
