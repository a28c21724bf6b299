"""An order that changes after it was split: what is spoken for keeps its share, and only the rest is split anew (F13).

A line is spoken for once money was drawn for it, a unit of it is out, or an open case holds one. Such a line keeps
its price, quantity, discount and tax, and every unit of it the share it was given when the order came in. What the
order's discounts then still have to give falls on the lines that are free.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from models.errors import Conflict
from models.money import to_text
from models.orders import Discount, Order, OrderLine
from models.pots import PostagePot, Pot, Pots, UnitPot, pots_of

_SETTLE = "Send it as it was, or settle the difference in a case."
_OF_POSTAGE = {"postage", "postage_discount", "postage_tax"}
_OF_LINE = {"quantity", "unit_price", "discount", "tax", "tax_included"}


def resplit(before: Order, after: Order, drawn: Pots, held: Collection[int]) -> Pots:
    """The pots of goods and postage of a changed order; ``held`` are the lines that open cases hold.

    Raises Conflict, naming the line or postage, when the change contradicts what was paid back or is in a case.
    Payments are not looked at: they are those of the pots that were there.
    """
    kept = {pot.line_no for pot in drawn.units if _is_touched(pot)} | set(held)
    _check_kept(before, after, kept)
    units = tuple(pot for pot in drawn.units if pot.line_no in kept) + _split_rest(after, drawn, kept)
    by_line = {line.line_no: place for place, line in enumerate(after.lines)}
    ordered = tuple(sorted(units, key=lambda pot: (by_line[pot.line_no], pot.rank)))
    return replace(drawn, units=ordered, postage=_postage(before, after, drawn))


def _is_touched(pot: Pot) -> bool:
    return pot.left < pot.paid or (isinstance(pot, UnitPot) and (pot.units_out > 0 or pot.raised > 0))


def _check_kept(before: Order, after: Order, kept: Collection[int]) -> None:
    if before.currency != after.currency:
        raise Conflict(
            f"Order {after.order_no} has refunds or open cases in {before.currency}; "
            f"its currency can no longer change to {after.currency}. {_SETTLE}"
        )
    for line_no in sorted(kept):
        was, now = before.line(line_no), after.line(line_no)
        if was is None or now is None:
            raise _spoken_for(after, line_no, "be removed")
        changed = [name for name, value in _money(was).items() if _money(now)[name] != value]
        if changed:
            raise _spoken_for(after, line_no, f"change its {' and '.join(changed)}")


def _money(line: OrderLine) -> Mapping[str, object]:
    return line.model_dump(include=_OF_LINE)


def _spoken_for(order: Order, line_no: int, what: str) -> Conflict:
    return Conflict(
        f"Line {line_no} of order {order.order_no} has refunds or an open case, so it can no longer {what}. {_SETTLE}"
    )


def _split_rest(after: Order, drawn: Pots, kept: Collection[int]) -> tuple[UnitPot, ...]:
    """The lines that are free, with what of the order's discounts the others do not bear already."""
    free = tuple(line for line in after.lines if line.line_no not in kept)
    rest = sum(discount.amount for discount in after.discounts) - _borne(after, drawn, kept)
    room = sum(line.net for line in free)
    if not 0 <= rest <= room:
        raise Conflict(
            f"The discounts of order {after.order_no} can no longer change by that much: lines with refunds or open "
            f"cases keep their share, and {to_text(rest, after.currency)} {after.currency} would fall on the others, "
            f"which cost {to_text(room, after.currency)}. {_SETTLE}"
        )
    if not free:
        return ()
    discounts = (Discount(amount=rest),) if rest else ()
    return pots_of(after.model_copy(update={"lines": free, "discounts": discounts, "payments": ()})).units


def _borne(after: Order, drawn: Pots, kept: Collection[int]) -> int:
    """What the lines that are kept were given of the order's discounts when they were split."""
    due = sum(line.net + (0 if line.tax_included else line.tax) for line in after.lines if line.line_no in kept)
    return due - sum(pot.paid - pot.raised for pot in drawn.units if pot.line_no in kept)


def _postage(before: Order, after: Order, drawn: Pots) -> tuple[PostagePot, ...]:
    if before.model_dump(include=_OF_POSTAGE) == after.model_dump(include=_OF_POSTAGE):
        return drawn.postage  # split once, however the shipments change (F13)
    if any(map(_is_touched, drawn.postage)):
        raise Conflict(f"Postage of order {after.order_no} was refunded, so it can no longer change. {_SETTLE}")
    return pots_of(after).postage
