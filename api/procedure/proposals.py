"""Help with the kind of a case to be opened: the likeliest ones from the customer's words (handbook section 3)."""

from collections.abc import Iterable
from typing import Any

from api.opening import arrived, claimable
from models.errors import Invalid
from models.orders import Order
from models.playbook import Playbook
from models.procedure.classify import Proposal, propose
from playbooks.loading.load import Playbooks

#: How many kinds are proposed.
MOST = 3
#: What remains of the score of a kind that this order cannot have now.
UNFIT = 0.5


def proposals(text: str, playbooks: Playbooks, order: Order | None = None) -> list[dict[str, Any]]:
    """The likeliest kinds, best first, each with the words that speak for it.

    Knowing the order, kinds that it cannot have now come down: nothing that was delivered is out of stock, and what
    has not arrived cannot be returned. They are not left out, since the customer may know more than we.
    """
    found = propose(text, playbooks.kinds.values(), limit=len(playbooks.kinds))
    shown = [_document(one, playbooks.kinds[one.kind], order) for one in found]
    return sorted(shown, key=lambda one: -float(one["score"]))[:MOST]


def unnamed(found: Iterable[dict[str, Any]]) -> Invalid:
    """The refusal of a case without a kind, with what it may be."""
    listed = list(found)
    likely = f"the likeliest by the description are {', '.join(one['kind'] for one in listed)}"
    told = f"Say which kind of case it is: {likely if listed else 'the description says too little to propose one'}."
    return Invalid(told, proposals=listed, errors=[{"field": "kind", "message": told}])


def _document(one: Proposal, book: Playbook, order: Order | None) -> dict[str, Any]:
    suits = order is None or fits(order, book)
    return {
        "kind": one.kind,
        "names": book.names.model_dump(),
        "subcategory": _subcategory(book, one.subcategory),
        "score": round(one.score if suits else one.score * UNFIT, 3),
        "matched": list(one.matched),
        "fits": suits,
    }


def _subcategory(book: Playbook, key: str | None) -> dict[str, str] | None:
    sub = book.subcategory_of(key)
    return {"key": sub.key, "zh": sub.zh, "en": sub.en} if sub else None


def fits(order: Order, book: Playbook) -> bool:
    """Whether this order can have such a case now."""
    if book.eligibility.before_dispatch and arrived(order, book):
        return False
    return not book.needs_order or any(claimable(order, book).values())
