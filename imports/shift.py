"""Moving the dates of orders, so that a sample or an old export can be worked on as if it were from yesterday."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from models.orders import Order, Payment, Shipment


def shift_dates(orders: Iterable[Order], last_is: date) -> list[Order]:
    """The orders with all their dates moved by the same whole days, so that the last one lies on that day in UTC."""
    kept = list(orders)
    last = max((at for order in kept for at in _dates(order)), default=None)
    if last is None:
        return kept
    by = last_is - last.astimezone(UTC).date()
    return [_moved_order(order, by) for order in kept]


def _dates(order: Order) -> Iterator[datetime]:
    own = (order.placed_at, order.paid_at, order.shipped_at, order.delivered_at)
    paid = (payment.paid_at for payment in order.payments)
    sent = (
        at
        for shipment in order.shipments
        for at in (shipment.label_printed_at, shipment.shipped_at, shipment.delivered_at)
    )
    yield from (at for at in (*own, *paid, *sent) if at)


def _moved_order(order: Order, by: timedelta) -> Order:
    moved = _moved(order, by, "placed_at", "paid_at", "shipped_at", "delivered_at")
    moved["payments"] = tuple(_moved_payment(payment, by) for payment in order.payments)
    moved["shipments"] = tuple(_moved_shipment(shipment, by) for shipment in order.shipments)
    return order.model_copy(update=moved)


def _moved_payment(payment: Payment, by: timedelta) -> Payment:
    return payment.model_copy(update=_moved(payment, by, "paid_at"))


def _moved_shipment(shipment: Shipment, by: timedelta) -> Shipment:
    return shipment.model_copy(update=_moved(shipment, by, "label_printed_at", "shipped_at", "delivered_at"))


def _moved(value: object, by: timedelta, *names: str) -> dict[str, Any]:
    # Only what is there: a field that was never given must stay so, or the order would no longer equal itself.
    return {name: at + by for name in names if (at := getattr(value, name))}
