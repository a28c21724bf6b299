"""Promotions that depend on the order's value, when a return drops it below their threshold (F21).

The discount that the kept goods had is withheld from the refund. Goods that come back later were then paid in full, so
what was withheld for them goes back with them: refunding all of it still gives back exactly what was paid.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from models.money import split
from models.orders import Order
from models.pots import Draw, Pots, first_shares


class PromotedLine(NamedTuple):
    """A line's units, what they cost before the promotion, and what the promotion took off them."""

    line_no: int
    quantity: int
    value: int
    discount: int


class Promotion(NamedTuple):
    """A discount of the shop's, and the order value that it was given for."""

    threshold: int
    lines: tuple[PromotedLine, ...]


def promotions_of(order: Order) -> tuple[Promotion, ...]:
    """The order's discounts with a threshold, shared out onto its lines as its pots are; platforms claw back theirs."""
    values = [line.net for line in order.lines]
    return tuple(
        Promotion(
            discount.threshold,
            tuple(
                PromotedLine(line.line_no, line.quantity, line.net, share)
                for line, share in zip(order.lines, split(discount.amount, values), strict=True)
            ),
        )
        for discount in order.discounts
        if discount.threshold and discount.funded_by == "shop" and sum(values) >= discount.threshold
    )


def clawed_back(pots: Pots, going: Mapping[int, int], promotions: Iterable[Promotion]) -> int:
    """What these units' return takes of the promotions; below zero is what was withheld before and goes back now."""
    out: dict[int, int] = {}
    for pot in pots.units:
        out[pot.line_no] = out.get(pot.line_no, 0) + pot.units_out
    after = {line_no: units + going.get(line_no, 0) for line_no, units in out.items()}
    total = 0
    for promotion in promotions:
        (value, discount), (value_after, discount_after) = _kept(promotion, out), _kept(promotion, after)
        if value < promotion.threshold:
            total -= discount - discount_after
        elif value_after < promotion.threshold:
            total += discount_after
    return total


def _kept(promotion: Promotion, out: Mapping[int, int]) -> tuple[int, int]:
    """Value and discount of the units that stay, when so many of each line are out."""
    value = discount = 0
    for line in promotion.lines:
        units = out.get(line.line_no, 0)
        value += line.value - first_shares(line.value, line.quantity, units)
        discount += line.discount - first_shares(line.discount, line.quantity, units)
    return value, discount


def released(pots: Pots, promotions: Iterable[Promotion], amount: int) -> tuple[Draw, ...]:
    """Draws that turn so much of what was withheld of the promoted lines into a refund."""
    lines = {line.line_no for promotion in promotions for line in promotion.lines}
    draws: list[Draw] = []
    for pot in pots.units:
        part = min(amount, pot.withheld) if pot.line_no in lines else 0
        amount -= part
        if part:
            draws.append(Draw(account="unit", line_no=pot.line_no, rank=pot.rank, amount=part, withheld=-part))
    return tuple(draws)
