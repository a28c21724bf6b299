"""Cases that were opened before, with the orders they are about: what a changed playbook is tried on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case
from models.orders import Order
from models.tables import cases, orders

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class PastCase:
    """A case as it stands now, and its order."""

    case: Case
    order: Order | None


def opened_since(session: Session, kind: str, since: datetime) -> Iterator[PastCase]:
    """The cases of a kind that were opened since then, oldest first; read a few at a time."""
    found = (
        select(cases.c.document, orders.c.document.label("bought"))
        .select_from(cases.outerjoin(orders, orders.c.order_no == cases.c.order_no))
        .where(cases.c.kind == kind, cases.c.opened_at >= since)
        .order_by(cases.c.opened_at, cases.c.case_no)
    )
    for row in session.execute(found.execution_options(yield_per=_AT_ONCE)):
        order = None if row.bought is None else Order.model_validate(row.bought)
        yield PastCase(Case.model_validate(row.document), order)
