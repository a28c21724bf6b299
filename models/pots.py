"""What is still refundable: every unit, every shipment's postage and every payment is a pot (F13, C2).

Pots are filled once from the order and then only drawn from: ``draw`` reserves (in flight), ``settle`` turns what
was reserved into refunded, ``release`` gives it back. A pot never gives more than it holds. Units of a line that were
paid alike share one row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal

from models.errors import MoneyRefused, PotExceeded
from models.money import split, to_text
from models.orders import Order, OrderLine, Shipment

SPLIT_RULE: Final = "largest-remainder/1"
"""The name under which the way of splitting is stored with each order (F13)."""

Account = Literal["unit", "postage", "payment"]
Key = tuple[Account, int | str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPot:
    """Units of one line that were paid alike; ``goods`` + ``tax`` is what the customer paid for one of them.

    ``units_out`` are refunded or about to be; ``withheld`` is what a reasoned reduction kept of theirs (F16),
    ``raised`` what exchanges for dearer goods collected on top of their price (G6).
    """

    line_no: int
    rank: int
    units: int
    goods: int
    tax: int
    units_out: int = 0
    in_flight: int = 0
    refunded: int = 0
    withheld: int = 0
    raised: int = 0

    @property
    def key(self) -> Key:
        """Its identity among the pots of the order."""
        return ("unit", self.line_no, self.rank)

    @property
    def paid(self) -> int:
        """What the customer paid for all its units, and for dearer ones that he has instead of them (G6)."""
        return self.units * (self.goods + self.tax) + self.raised

    @property
    def tax_charged(self) -> int:
        """The tax in that; a price difference has it at the rate of the goods."""
        each = self.goods + self.tax
        return self.units * self.tax + (self.raised * self.tax // each if each else 0)

    @property
    def left(self) -> int:
        """What can still be refunded of it."""
        return self.paid - self.in_flight - self.refunded - self.withheld

    @property
    def units_left(self) -> int:
        """How many of its units were not refunded yet."""
        return self.units - self.units_out


@dataclass(frozen=True, slots=True, kw_only=True)
class PostagePot:
    """First postage of one shipment, after what was given away of it, and the tax on it."""

    shipment_no: str
    line_nos: tuple[int, ...]
    postage: int
    tax: int = 0
    in_flight: int = 0
    refunded: int = 0

    @property
    def key(self) -> Key:
        """Its identity among the pots of the order."""
        return ("postage", self.shipment_no, 0)

    @property
    def paid(self) -> int:
        """What the customer paid for it."""
        return self.postage + self.tax

    @property
    def left(self) -> int:
        """What can still be refunded of it."""
        return self.paid - self.in_flight - self.refunded


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPot:
    """One payment, which never gives back more than it took (F17)."""

    payment_no: str
    method: str
    amount: int
    in_flight: int = 0
    refunded: int = 0
    paid_at: datetime
    collected_by: str | None = None  # the case that collected it; None = it came with the order

    @property
    def key(self) -> Key:
        """Its identity among the pots of the order."""
        return ("payment", self.payment_no, 0)

    @property
    def paid(self) -> int:
        """What it took."""
        return self.amount

    @property
    def left(self) -> int:
        """What it can still give back."""
        return self.amount - self.in_flight - self.refunded


Pot = UnitPot | PostagePot | PaymentPot


@dataclass(frozen=True, slots=True, kw_only=True)
class Pots:
    """All pots of an order, from which every case of every kind draws."""

    currency: str
    units: tuple[UnitPot, ...] = ()
    postage: tuple[PostagePot, ...] = ()
    payments: tuple[PaymentPot, ...] = ()
    split_rule: str = SPLIT_RULE
    granted: tuple[tuple[str, str, int], ...] = ()  # by other cases of the order: what, within whose limit, how much

    @property
    def paid(self) -> int:
        """What goods, tax and postage came to, as the order says."""
        return sum(pot.paid for pot in self.units) + sum(pot.paid for pot in self.postage)

    @property
    def refundable(self) -> int:
        """What can still be refunded: never more than the payments have left (C2)."""
        goods_and_postage = sum(pot.left for pot in self.units) + sum(pot.left for pot in self.postage)
        return min(goods_and_postage, self.payable)

    @property
    def payable(self) -> int:
        """What the payments have left to give back."""
        return sum(pot.left for pot in self.payments)

    def of_line(self, line_no: int) -> tuple[UnitPot, ...]:
        """The unit pots of one line, in the order in which its units are refunded."""
        return tuple(sorted((p for p in self.units if p.line_no == line_no), key=lambda pot: pot.rank))


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """An amount to take from one pot; of a unit pot also how many units go out and what is withheld of them.

    ``withheld`` below zero is what was withheld before and is drawn now (F21).
    """

    account: Account
    line_no: int | None = None
    rank: int | None = None
    shipment_no: str | None = None
    payment_no: str | None = None
    units: int = 0
    amount: int
    withheld: int = 0

    @property
    def key(self) -> Key:
        """The identity of the pot it draws from."""
        if self.account == "unit":
            return ("unit", self.line_no or 0, self.rank or 0)
        return (self.account, (self.shipment_no if self.account == "postage" else self.payment_no) or "", 0)


# ── filling: once, when the order is imported (F13) ───────────────────────────────────────────────


def pots_of(order: Order) -> Pots:
    """Split an order's discounts, tax and postage onto its units and shipments, once and for all (F13)."""
    discounts = _discounts_by_line(order)
    units = [
        _full(line.line_no, rank, units, goods, tax)
        for line, share in zip(order.lines, discounts, strict=True)
        for rank, (units, goods, tax) in enumerate(_shares(line, share))
    ]
    payments = _payment_pots(order)
    return Pots(currency=order.currency, units=tuple(units), postage=_postage_pots(order), payments=payments)


#: How the slots of a unit pot are filled, in the order of its fields.
_PUT = tuple(UnitPot.__dict__[name].__set__ for name in UnitPot.__dataclass_fields__)
_put_line, _put_rank, _put_units, _put_goods, _put_tax = _PUT[:5]
_put_out, _put_flying, _put_refunded, _put_withheld, _put_raised = _PUT[5:]


def _full(line_no: int, rank: int, units: int, goods: int, tax: int) -> UnitPot:
    """A pot of units from which nothing was drawn.

    A frozen value's own constructor takes twice as long, and an order of 1,000 lines has thousands of them.
    """
    pot = object.__new__(UnitPot)
    _put_line(pot, line_no)
    _put_rank(pot, rank)
    _put_units(pot, units)
    _put_goods(pot, goods)
    _put_tax(pot, tax)
    _put_out(pot, 0)
    _put_flying(pot, 0)
    _put_refunded(pot, 0)
    _put_withheld(pot, 0)
    _put_raised(pot, 0)
    return pot


#: The payment of an order that says that it was paid and not how.
UNNAMED = "paid"


def _payment_pots(order: Order) -> tuple[PaymentPot, ...]:
    """The order's payments; one for all of it where the shop says only that it was paid, or that it was shipped."""
    if not order.payments and (order.paid_at or order.shipped_at or order.arrived_at):
        at = order.paid_at or order.placed_at
        return (PaymentPot(payment_no=UNNAMED, method="unnamed", amount=order.total, paid_at=at),)
    return tuple(
        PaymentPot(
            payment_no=payment.payment_no,
            method=payment.method,
            amount=payment.amount,
            paid_at=payment.paid_at or order.paid_at or order.placed_at,
        )
        for payment in order.payments
    )


def _discounts_by_line(order: Order) -> list[int]:
    """What each line bears of the order's discounts: by line price less its own discount, ties to the earlier."""
    weights = [line.net for line in order.lines]
    shares = [0] * len(weights)
    for discount in order.discounts:
        shares = [a + b for a, b in zip(shares, split(discount.amount, weights), strict=True)]
    if any(share > weight for share, weight in zip(shares, weights, strict=True)):
        # Roundings of several discounts fell onto one line and exceed its price; as one sum they cannot.
        return split(sum(discount.amount for discount in order.discounts), weights)
    return shares


def _shares(line: OrderLine, order_discount: int) -> list[tuple[int, int, int]]:
    """Runs of (units, goods, tax) as each unit was paid: both discounts and the tax split by themselves."""
    quantity, discount = line.quantity, line.discount
    net = line.unit_price * quantity - discount - order_discount
    tax = min(line.tax, net) if line.tax_included else line.tax
    inside = tax if line.tax_included else 0
    if quantity == 1:
        return [(1, net - inside, tax)]
    rows = _runs(quantity, line.unit_price, (discount, order_discount, inside), tax)
    if rows[0][1] < 0:  # the first units bear the spare cents and are worth least
        # On very cheap units the cents of two discounts can exceed one unit's price; of their sum they cannot.
        return _less_inside(_runs_of(quantity, net, tax), line.tax_included)
    return rows


def _runs(quantity: int, price: int, less: tuple[int, int, int], tax: int) -> list[tuple[int, int, int]]:
    """Give every unit its equal share of what is taken off its price, the spare cents to the earlier units.

    Units that come out alike are together. This is the inside of a loop over thousands of lines, hence its plainness.
    """
    each_a, a = divmod(less[0], quantity)
    each_b, b = divmod(less[1], quantity)
    each_c, c = divmod(less[2], quantity)
    each_tax, t = divmod(tax, quantity)
    whole, start, rows = price - each_a - each_b - each_c, 0, []
    for end in sorted({a, b, c, t, quantity}) if a or b or c or t else (quantity,):
        if end > start:
            goods = whole - (start < a) - (start < b) - (start < c)
            rows.append((end - start, goods, each_tax + (start < t)))
            start = end
    return rows


def _runs_of(quantity: int, net: int, tax: int) -> list[tuple[int, int, int]]:
    """The same where one sum is shared out, and nothing is taken off."""
    each, spare = divmod(net, quantity)
    each_tax, t = divmod(tax, quantity)
    ends = sorted({spare, t, quantity} - {0})
    starts = [0, *ends[:-1]]
    return [
        (end - start, each + (start < spare), each_tax + (start < t)) for start, end in zip(starts, ends, strict=True)
    ]


def _less_inside(rows: list[tuple[int, int, int]], tax_included: bool) -> list[tuple[int, int, int]]:
    return [(units, goods - tax, tax) if tax_included else (units, goods, tax) for units, goods, tax in rows]


def first_shares(total: int, quantity: int, units: int) -> int:
    """What the first so many of a line's units have of a total that is shared equally by all of them."""
    each, spare = divmod(total, quantity)
    return each * units + min(units, spare)


def _postage_pots(order: Order) -> tuple[PostagePot, ...]:
    shipments: Sequence[Shipment | None] = order.shipments or (None,)
    equal = [1] * len(shipments)
    paid, given = split(order.postage, equal), split(order.postage_discount, equal)
    taxes = split(order.postage_tax, equal)
    every_line = tuple(line.line_no for line in order.lines)
    return tuple(
        PostagePot(
            shipment_no=shipment.shipment_no if shipment else "0",
            line_nos=_carried(shipment) or every_line,
            postage=paid[i] - given[i],
            tax=taxes[i],
        )
        for i, shipment in enumerate(shipments)
    )


def _carried(shipment: Shipment | None) -> tuple[int, ...]:
    return tuple(dict.fromkeys(line.line_no for line in shipment.lines)) if shipment else ()


# ── drawing ───────────────────────────────────────────────────────────────────────────────────────


def draw(pots: Pots, draws: Iterable[Draw]) -> Pots:
    """Reserve these amounts: they are in flight, and their units out. Refuses with ``PotExceeded``, all or none."""
    return _apply(pots, draws, _reserve)


def settle(pots: Pots, draws: Iterable[Draw]) -> Pots:
    """Turn what was reserved by these draws into refunded."""
    return _apply(pots, draws, _pay_out)


def release(pots: Pots, draws: Iterable[Draw]) -> Pots:
    """Give back what these draws had reserved, because it will not be paid."""
    return _apply(pots, draws, _give_back)


def bounce(pots: Pots, draws: Iterable[Draw]) -> Pots:
    """Take back what these draws had refunded, because the money came back to us."""
    return _apply(pots, draws, _came_back)


#: How a price difference was paid, as far as the books know: by whatever its reference says.
DIFFERENCE: Final = "difference"


def collect(pots: Pots, draws: Iterable[Draw], case_no: str, at: datetime) -> Pots:
    """What an exchange for dearer goods collected becomes part of what was paid for their units, by payments of its own
    (G6, F17), so that they go back together (C2)."""
    for one in draws:
        if one.account == "payment":
            new = PaymentPot(
                payment_no=one.payment_no or "",
                method=DIFFERENCE,
                amount=one.amount,
                paid_at=at,
                collected_by=case_no,
            )
            pots = replace(pots, payments=(*pots.payments, new))
        else:
            raised = (replace(pot, raised=pot.raised + one.amount) if pot.key == one.key else pot for pot in pots.units)
            pots = replace(pots, units=tuple(raised))
    return pots


def _apply(pots: Pots, draws: Iterable[Draw], change: Callable[[Pot, Draw, str], Pot]) -> Pots:
    every: list[Pot] = [*pots.units, *pots.postage, *pots.payments]
    by_key = {pot.key: pot for pot in every}
    for one in draws:
        pot = by_key.get(one.key)
        if pot is None:
            raise MoneyRefused(f"The order has no {_named(one)} to take money from.")
        if min(one.amount, one.units, one.amount + one.withheld) < 0:
            raise MoneyRefused(f"What is taken from {_named(one)} cannot be negative.")
        by_key[one.key] = change(pot, one, pots.currency)
    changed = list(by_key.values())
    return replace(
        pots,
        units=tuple(pot for pot in changed if isinstance(pot, UnitPot)),
        postage=tuple(pot for pot in changed if isinstance(pot, PostagePot)),
        payments=tuple(pot for pot in changed if isinstance(pot, PaymentPot)),
    )


def _reserve(pot: Pot, one: Draw, currency: str) -> Pot:
    _need(one, one.amount + one.withheld, pot.left, currency)
    if not isinstance(pot, UnitPot):
        return replace(pot, in_flight=pot.in_flight + one.amount)
    if one.units > pot.units_left:
        raise _too_many(pot.line_no, one.units, pot.units_left)
    _need(one, -one.withheld, pot.withheld, currency)
    return replace(
        pot,
        in_flight=pot.in_flight + one.amount,
        units_out=pot.units_out + one.units,
        withheld=pot.withheld + one.withheld,
    )


def _pay_out(pot: Pot, one: Draw, currency: str) -> Pot:
    _need(one, one.amount, pot.in_flight, currency)
    return replace(pot, in_flight=pot.in_flight - one.amount, refunded=pot.refunded + one.amount)


def _came_back(pot: Pot, one: Draw, currency: str) -> Pot:
    _need(one, one.amount, pot.refunded, currency)
    flying = replace(pot, refunded=pot.refunded - one.amount, in_flight=pot.in_flight + one.amount)
    return _give_back(flying, one, currency)


def _give_back(pot: Pot, one: Draw, currency: str) -> Pot:
    _need(one, one.amount, pot.in_flight, currency)
    if not isinstance(pot, UnitPot):
        return replace(pot, in_flight=pot.in_flight - one.amount)
    _need(one, one.withheld, pot.withheld, currency)
    if one.units > pot.units_out:
        raise _too_many(pot.line_no, one.units, pot.units_out)
    return replace(
        pot,
        in_flight=pot.in_flight - one.amount,
        units_out=pot.units_out - one.units,
        withheld=pot.withheld - one.withheld,
    )


def _need(one: Draw, asked: int, left: int, currency: str) -> None:
    if asked > left:
        raise _exceeded(_named(one), asked, left, currency, another_has_it=one.units > 0 and not left)


def _exceeded(pot: str, asked: int, left: int, currency: str, another_has_it: bool = False) -> PotExceeded:
    told = f"{to_text(asked, currency)} {currency} was asked of {pot}, which has {to_text(left, currency)} left."
    if another_has_it:  # the line may have others, whose share differs by the rounding
        told = f"{to_text(asked, currency)} {currency} was asked of a unit of {pot} that another case has by now."
        told += " Choose the remedy again: it is settled with the units that are left."
    return PotExceeded(told, pot=pot, asked=asked, left=left)


def _too_many(line_no: int, asked: int, left: int) -> PotExceeded:
    told = f"{asked} units of line {line_no} were asked for, of which {left} are left to refund."
    return PotExceeded(told, pot=f"line {line_no}", asked=asked, left=left)


def _named(one: Draw) -> str:
    if one.account == "unit":
        return f"line {one.line_no}"
    return f"postage of shipment {one.shipment_no}" if one.account == "postage" else f"payment {one.payment_no}"


# ── what to draw ──────────────────────────────────────────────────────────────────────────────────


def unit_draws(pots: Pots, line_no: int, quantity: int) -> tuple[Draw, ...]:
    """The next units of a line, each with its own share, less what was paid back without goods (F13, K4).

    The last units of a line take exactly what is left of it.
    """
    rows = _rows(pots, line_no)
    if quantity < 1:
        raise MoneyRefused(f"At least one unit of line {line_no} is needed, not {quantity}.")
    left = sum(pot.units_left for pot in rows)
    if quantity > left:
        raise _too_many(line_no, quantity, left)
    if quantity == left:
        return tuple(_unit_draw(pot, pot.units_left, pot.left) for pot in rows if pot.units_left or pot.left)
    draws: list[Draw] = []
    for pot in rows:
        units = min(quantity, pot.units_left)
        quantity -= units
        if units:
            draws.append(_unit_draw(pot, units, min(units * (pot.goods + pot.tax), pot.left)))
    return tuple(draws)


def amount_draws(pots: Pots, line_no: int, amount: int) -> tuple[Draw, ...]:
    """Money of a line without any unit of it: a keep-it offer, an adjusted price (K4).

    It is taken from the units that would be refunded last, which are the likeliest to stay with the customer.
    """
    rows = _rows(pots, line_no)
    left = sum(pot.left for pot in rows)
    if amount > left:
        raise _exceeded(f"line {line_no}", amount, left, pots.currency)
    draws: list[Draw] = []
    for pot in sorted(rows, key=lambda pot: (not pot.units_left, -pot.rank)):
        part = min(amount, pot.left)
        amount -= part
        if part > 0:
            draws.append(_unit_draw(pot, 0, part))
    return tuple(draws)


def postage_draws(
    pots: Pots, line_nos: Iterable[int], returned_line_quantities: Mapping[int, int], override: bool = False
) -> tuple[Draw, ...]:
    """First postage of the shipments that carried these lines, once all units they carried are back (F14).

    ``returned_line_quantities`` are the units that go out with the same refund; ``override`` is the playbook
    saying that postage goes back all the same.
    """
    wanted = set(line_nos)
    out = dict(returned_line_quantities)
    for unit in pots.units:
        out[unit.line_no] = out.get(unit.line_no, 0) - unit.units_left
    return tuple(
        Draw(account="postage", shipment_no=pot.shipment_no, amount=pot.left)
        for pot in pots.postage
        if pot.left > 0
        and wanted & set(pot.line_nos)
        and (override or all(out.get(line_no, 0) >= 0 for line_no in pot.line_nos))
    )


def payment_draws(pots: Pots, amount: int) -> tuple[Draw, ...]:
    """From which payments an amount goes back: the newest first, none gives more than it took (F17)."""
    if amount > pots.payable:
        raise _exceeded("the payments", amount, pots.payable, pots.currency)
    numbered = list(enumerate(pots.payments))
    newest_first = sorted(numbered, key=lambda item: (item[1].paid_at.astimezone(UTC), item[0]), reverse=True)
    draws: list[Draw] = []
    for _, pot in newest_first:
        part = min(amount, pot.left)
        amount -= part
        if part > 0:
            draws.append(Draw(account="payment", payment_no=pot.payment_no, amount=part))
    return tuple(draws)


def _rows(pots: Pots, line_no: int) -> tuple[UnitPot, ...]:
    rows = pots.of_line(line_no)
    if not rows:
        raise MoneyRefused(f"The order has no line {line_no}.")
    return rows


def _unit_draw(pot: UnitPot, units: int, amount: int) -> Draw:
    return Draw(account="unit", line_no=pot.line_no, rank=pot.rank, units=units, amount=amount)
