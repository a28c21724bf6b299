"""An order that comes back with refunds that we made ourselves: they are known, and change nothing (C2, T21).

Storefronts tell an order less what was paid back over there, whoever paid it. What is less since the order was here
last is ours as long as we refunded that much: of each line where the lines are told, else of the order. Anything
beyond it was paid over there and not by us, and nobody here knows for what: that is said, with what to do.
"""

from collections import Counter

from models.errors import Conflict, OrderInvalid
from models.money import to_text
from models.orders import Order, Shipment
from models.pots import Pots, pots_of

_FACTS = ("channel", "customer", "ship_to", "invoice")
_TIMES = ("shipped_at", "delivered_at", "paid_at")


def paid_back_since(before: Order, after: Order) -> int:
    """How much less an order costs and was paid than before, where these are the same; else nothing."""
    back = _paid(before) - _paid(after)
    return back if back > 0 and back == before.total - after.total else 0


def _paid(order: Order) -> int:
    return order.total_paid if order.payments else order.total


def as_it_was(before: Order, after: Order, drawn: Pots, refunded: int) -> Order | None:
    """The order with its money as it was here and whatever else is new of it, where all that is less of it was
    refunded by us; None where it was not. ``refunded`` is what our cases paid of it and beside it."""
    back = paid_back_since(before, after)
    if not 0 < back <= refunded or not _less_of_the_same(before, after) or _line_beyond(before, after, drawn):
        return None
    facts = {name: getattr(after, name) for name in _FACTS}
    times = {name: getattr(after, name) or getattr(before, name) for name in _TIMES}
    told = before.model_copy(update={**facts, **times})
    try:
        whole = told.model_copy(update={"shipments": _shipments(before, after)}).model_dump(exclude_unset=True)
        return Order.model_validate(whole)
    except OrderInvalid:  # a new parcel and an old one cannot both hold what was refunded meanwhile
        return told


def names_no_lines(before: Order, after: Order) -> bool:
    """Whether a refund is told as an amount off the whole order."""
    return sum(one.amount for one in after.discounts) > sum(one.amount for one in before.discounts)


def not_ours(before: Order, after: Order, drawn: Pots, refunded: int) -> Conflict:
    """What to do about money that was paid back over there and not by us (T21)."""
    line_no = _line_beyond(before, after, drawn)
    ours = min(refunded, _drawn(drawn, line_no)) if line_no else refunded
    of = f"line {line_no} of order {after.order_no}" if line_no else f"order {after.order_no}"
    back = _fallen(before, after)[line_no] if line_no else paid_back_since(before, after)
    told, known = (f"{to_text(one, before.currency)} {before.currency}" for one in (back, ours))
    return Conflict(
        f"{told} of {of} was paid back in {after.channel}, and {known} of it by a case here, so its money was left as "
        "it was. Book what else was paid back in a case of these goods, with platform_ruling (refunded, its amount "
        "and reference), and send the order again."
    )


def _less_of_the_same(before: Order, after: Order) -> bool:
    """Whether nothing but money and units was taken off."""
    pairs = [(before.line(line.line_no), line) for line in after.lines]
    same = all(was and (was.sku, was.unit_price) == (now.sku, now.unit_price) for was, now in pairs)
    return same and (before.currency, before.postage) == (after.currency, after.postage)


def _line_beyond(before: Order, after: Order, drawn: Pots) -> int | None:
    """The first line of which more was paid back than our cases took from it, where the lines are told."""
    if names_no_lines(before, after):
        return None
    fallen = _fallen(before, after)
    # A storefront shares a discount out by roundings of its own, and tells the shares once units are gone.
    spare = 1 if before.discounts else 0
    beyond = (n for n, less in fallen.items() if less > _drawn(drawn, n) + spare * _units(before, n))
    return next(iter(sorted(beyond)), None)


def _fallen(before: Order, after: Order) -> Counter[int]:
    """By line, how much less it costs now."""
    fallen = Counter[int]()
    for order, sign in ((before, 1), (after, -1)):
        for pot in pots_of(order).units:
            fallen[pot.line_no] += sign * pot.paid
    return fallen


def _drawn(drawn: Pots, line_no: int) -> int:
    return sum(pot.in_flight + pot.refunded for pot in drawn.of_line(line_no))


def _units(order: Order, line_no: int) -> int:
    line = order.line(line_no)
    return line.quantity if line else 0


def _shipments(before: Order, after: Order) -> tuple[Shipment, ...]:
    """What is new of the parcels, with what was in them: units that were paid back were delivered all the same."""
    told = {one.shipment_no: one for one in after.shipments}
    known = {one.shipment_no for one in before.shipments}
    kept = (
        told[one.shipment_no].model_copy(update={"lines": one.lines}) if one.shipment_no in told else one
        for one in before.shipments
    )
    return (*kept, *(one for one in after.shipments if one.shipment_no not in known))
