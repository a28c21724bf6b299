"""Parcels on their way that are looked after: told to those who can be asked, missed when nothing is heard (L2).

A row is there from the moment that somebody names a waybill until the parcel has arrived; when it is looked at next is
kept with it, so that nothing has to be searched.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.orders import Order, Shipment
from models.tables import orders, parcel_watch
from store.documents import put_new

_w = parcel_watch.c
#: How long a worker may take for a parcel; then another one takes it.
LEASE = timedelta(minutes=5)


class Watched(BaseModel):
    """One parcel that is looked after. `silence` is a kind of case; `told_of` is what people were told of."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    waybill: str
    carrier: str | None
    zone: str | None
    phone_tail: str | None
    order_no: str | None
    case_no: str | None
    since: datetime
    shipped: bool
    registered_with: str | None
    asked_at: datetime | None
    tries: int
    silent_since: datetime | None
    silence: str | None
    told_of: str | None
    words: str | None


def of_orders(session: Session, found: Sequence[Order]) -> None:
    """Look after the parcels of orders that have not arrived; what has arrived is left alone."""
    rows = [_row(order, shipment) for order in found for shipment in order.shipments if shipment.waybill]
    fresh = [row for row, over in rows if not over and row["since"] is not None]
    put_new(session, parcel_watch, list({row["waybill"]: row for row in fresh}.values()))


def _row(order: Order, shipment: Shipment) -> tuple[dict[str, Any], bool]:
    left = shipment.shipped_at or (order.shipped_at if not shipment.lines else None)
    since = left or shipment.label_printed_at
    phone = "".join(c for c in order.ship_to.phone or order.customer.phone or "" if c.isdigit())
    row = {
        "waybill": shipment.waybill,
        "carrier": shipment.carrier,
        "zone": order.ship_to.zone,
        "phone_tail": phone[-4:] if len(phone) >= 4 else None,
        "order_no": order.order_no,
        "case_no": None,
        "since": since,
        "shipped": left is not None,
        "next_at": since,
    }
    return row, bool(shipment.delivered_at or order.delivered_at)


def again_of(session: Session, order: Order) -> None:
    """An order changed: new parcels are looked after, known ones are looked at anew, arrived ones no more."""
    of_orders(session, [order])
    for shipment in order.shipments:
        if shipment.waybill:
            row, over = _row(order, shipment)
            changed = {"over": True} if over else {"shipped": row["shipped"], "next_at": row["since"]}
            if over or row["since"] is not None:
                here = update(parcel_watch).where(_w.waybill == shipment.waybill, _w.order_no == order.order_no)
                session.execute(here.values(**changed))


def of_case(session: Session, case_no: str, waybills: Collection[str], at: datetime) -> None:
    """Look after parcels that a case names: the customer's, or what was sent to him."""
    named: dict[str, Any] = {"carrier": None, "zone": None, "phone_tail": None, "order_no": None, "case_no": case_no}
    rows = [{**named, "waybill": one, "since": at, "shipped": True, "next_at": at} for one in dict.fromkeys(waybills)]
    put_new(session, parcel_watch, rows)


def let_go(session: Session, case_no: str, waybills: Collection[str]) -> None:
    """Numbers that a case does not name any more are not looked after for it."""
    here = update(parcel_watch).where(_w.case_no == case_no, _w.waybill.in_(waybills))
    session.execute(here.values(over=True))


def heard_of(session: Session, waybill: str, at: datetime) -> None:
    """Something new is known: it is silent no more, and looked at again."""
    news = {"next_at": at, "silent_since": None, "silence": None, "over": False}
    session.execute(update(parcel_watch).where(_w.waybill == waybill).values(**news))


def due(session: Session, now: datetime, most: int) -> tuple[Watched, ...]:
    """Take parcels that are to be looked at now and that nobody else looks at."""
    found = select(parcel_watch).where(_w.over.is_(False), _w.next_at <= now).order_by(_w.next_at, _w.waybill)
    rows = session.execute(found.limit(most).with_for_update(skip_locked=True)).all()
    taken = [row.waybill for row in rows]
    if taken:
        session.execute(update(parcel_watch).where(_w.waybill.in_(taken)).values(next_at=now + LEASE))
    return tuple(Watched.model_validate(row) for row in rows)


def any_due(session: Session, now: datetime) -> bool:
    """Whether any parcel is to be looked at."""
    found = select(_w.waybill).where(_w.over.is_(False), _w.next_at <= now).limit(1)
    return session.execute(found).first() is not None


def keep(session: Session, waybill: str, **changed: Any) -> None:
    """Write down what came of looking at it."""
    session.execute(update(parcel_watch).where(_w.waybill == waybill).values(**changed))


def load(session: Session, waybill: str) -> Watched | None:
    """A parcel as it is looked after, or None."""
    row = session.execute(select(parcel_watch).where(_w.waybill == waybill)).first()
    return None if row is None else Watched.model_validate(row)


def silent(session: Session) -> list[dict[str, Any]]:
    """L2: parcels of which nothing is heard for longer than is usual on their lane, the longest silent first."""
    columns = (_w.waybill, _w.carrier, _w.zone, _w.order_no, _w.case_no, _w.silence, _w.silent_since, _w.words)
    joined = parcel_watch.outerjoin(orders, orders.c.order_no == _w.order_no)
    found = select(*columns, orders.c.customer_id).select_from(joined)
    missed = found.where(_w.silence.is_not(None), _w.over.is_(False))
    return [dict(row._mapping) for row in session.execute(missed.order_by(_w.silent_since, _w.waybill))]
