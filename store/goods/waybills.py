"""Which order a waybill belongs to, and who begins to wait for a parcel of which something may be known already.

What couriers say of a waybill that nobody named is kept; it is told to the case when the case begins to wait for it.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models.case import Case
from models.lifecycle import State
from models.orders import Order
from models.tables import order_waybills, tracking
from store.documents import put_new
from store.goods import watch


def tie(session: Session, orders: Sequence[Order]) -> None:
    """Remember the waybills of new orders."""
    found = {(shipment.waybill, order.order_no) for order in orders for shipment in order.shipments if shipment.waybill}
    put_new(
        session, order_waybills, [{"waybill": waybill, "order_no": order_no} for waybill, order_no in sorted(found)]
    )
    watch.of_orders(session, orders)


def tie_again(session: Session, order: Order) -> None:
    """Remember the waybills of an order that changed; a case that has its parcel called back may wait for them (L7)."""
    session.execute(delete(order_waybills).where(order_waybills.c.order_no == order.order_no))
    tie(session, [order])
    watch.again_of(session, order)
    tell_again(session, [shipment.waybill for shipment in order.shipments if shipment.waybill])


def tell_again(session: Session, waybills: Collection[str]) -> None:
    """Somebody may wait for these parcels only now: what is known of them is told anew."""
    if waybills:
        news = {"pending": True, "version": tracking.c.version + 1}
        session.execute(update(tracking).where(tracking.c.waybill.in_(waybills)).values(news))


def called_back(session: Session, case: Case) -> None:
    """A case that has its order's parcel called back waits for waybills that are not its own (L7)."""
    if case.state is State.RECALLING and case.order is not None:
        here = select(order_waybills.c.waybill).where(order_waybills.c.order_no == case.order.order_no)
        tell_again(session, session.execute(here).scalars().all())
