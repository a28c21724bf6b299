"""Cases that were opened before, with the orders they are about: what a changed playbook is tried on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, literal, select, tuple_
from sqlalchemy.orm import Session

from models.case import Case
from models.orders import Order
from models.tables import cases, orders

_AT_ONCE = 200
_KEY = (cases.c.opened_at, cases.c.case_no)


@dataclass(frozen=True, slots=True)
class PastCase:
    """A case as it stands now, and its order."""

    case: Case
    order: Order | None


class Behind(NamedTuple):
    """Where a look through the cases goes on: behind this one."""

    opened_at: datetime
    case_no: str


def count_since(session: Session, kind: str, since: datetime, until: datetime) -> int:
    """How many cases of a kind were opened in that time."""
    counted = select(func.count()).select_from(cases)
    counted = counted.where(cases.c.kind == kind, cases.c.opened_at >= since, cases.c.opened_at <= until)
    return int(session.execute(counted).scalar_one())


def opened_since(
    session: Session, kind: str, since: datetime, behind: Behind | None = None, limit: int | None = None
) -> Iterator[PastCase]:
    """The cases of a kind that were opened since then, oldest first; read a few at a time.

    With `behind` those after that case, at most `limit` of them.
    """
    found = (
        select(cases.c.document, orders.c.document.label("bought"))
        .select_from(cases.outerjoin(orders, orders.c.order_no == cases.c.order_no))
        .where(cases.c.kind == kind, cases.c.opened_at >= since)
        .order_by(cases.c.opened_at, cases.c.case_no)
        .limit(limit)
    )
    if behind is not None:
        opened, case_no = (literal(value, column.type) for value, column in zip(behind, _KEY, strict=True))
        found = found.where(tuple_(*_KEY) > tuple_(opened, case_no))
    for row in session.execute(found.execution_options(yield_per=_AT_ONCE)):
        order = None if row.bought is None else Order.model_validate(row.bought)
        yield PastCase(Case.model_validate(row.document), order)
