"""Which order a payment belongs to, by what its provider calls it: so that word of a payment finds its order (T21)."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.orders import Order
from models.tables import order_payments
from store.documents import put_new


def tie(session: Session, orders: Sequence[Order]) -> None:
    """Remember the payments of new orders."""
    found = {(paid.reference, order.order_no) for order in orders for paid in order.payments if paid.reference}
    put_new(session, order_payments, [{"reference": name, "order_no": order_no} for name, order_no in sorted(found)])


def tie_again(session: Session, order: Order) -> None:
    """Remember the payments of an order that changed."""
    session.execute(delete(order_payments).where(order_payments.c.order_no == order.order_no))
    tie(session, [order])


def order_of(session: Session, references: Collection[str]) -> str | None:
    """The order that was paid by one of these; None where none was, or several were."""
    named = order_payments.c.reference.in_(list(references))
    found = session.execute(select(order_payments.c.order_no).where(named).distinct().limit(2)).scalars().all()
    return found[0] if len(found) == 1 else None
