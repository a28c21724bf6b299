"""What the storefronts' orders have in common: amounts as they write them, and how what was sold becomes an order.

A reader fills a ``Sold`` in minor units; ``order_from`` takes off what was paid back over there, and refuses an order
whose figures do not come to what the file says was asked and paid. Nothing is rounded away or guessed.

What was refunded there is not in the order any more (an order refunded elsewhere must not be refunded again):

- where the file says which units it was for and the sums agree, those units are gone from their line;
- otherwise the amount is taken off the whole order, as a discount whose code says ``refunded in shopify``;
- an order refunded in full keeps its lines, each of which costs nothing, and has no payment.

Either way the payment is smaller by it, so the order's amounts sum to what of the payments is left.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from pydantic import ValidationError

from models.errors import MoneyRefused, OrderInvalid
from models.money import exponent, to_minor, to_text
from models.orders import Customer, Discount, Order, OrderLine, Payment, Shipment, ShippedLine, ShipTo

Json = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class SoldLine:
    """A line as it was sold; ``across`` is its share of discounts on the whole order, ``discount`` all others.

    ``rounding`` is what the price of one unit, times the units, comes to more than was asked.
    """

    key: str
    sku: str
    name: str = ""
    category: str | None = None
    unit_price: int
    quantity: int
    discount: int = 0
    across: int = 0
    rounding: int = 0
    tax: int = 0
    tax_included: bool = False
    final_sale: bool = False

    @property
    def net(self) -> int:
        """What it came to after every discount."""
        return self.unit_price * self.quantity - self.discount - self.across - self.rounding


@dataclass(slots=True, kw_only=True)
class SoldPayment:
    """Money taken for the order, and what of it went back over there."""

    payment_no: str
    method: str
    reference: str | None = None
    amount: int
    refunded: int = 0
    paid_at: datetime | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundedUnits:
    """Units of a line that were paid back over there, and the money of them; tax beside ``goods`` or inside it."""

    key: str
    quantity: int
    goods: int
    tax: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldShipment:
    """A parcel with the lines in it by their keys; none means all."""

    shipment_no: str
    carrier: str | None = None
    waybill: str | None = None
    label_printed_at: str | None = None
    shipped_at: datetime | str | None = None
    delivered_at: str | None = None
    lines: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True, kw_only=True)
class Sold:
    """An order as a storefront tells it, in minor units. ``codes`` are the discounts that ``across`` adds up to."""

    source: str
    order_no: str
    currency: str
    total: int
    facts: dict[str, Any]
    lines: list[SoldLine]
    codes: list[tuple[str, int]] = field(default_factory=list)
    postage: int = 0
    postage_discount: int = 0
    postage_tax: int = 0
    payments: list[SoldPayment] = field(default_factory=list)
    paid_in_full: bool = False
    refunded: int = 0
    refunded_units: list[RefundedUnits] = field(default_factory=list)
    refunded_postage: int = 0
    refunded_postage_tax: int = 0
    shipments: list[SoldShipment] = field(default_factory=list)

    @property
    def sum(self) -> int:
        """What its figures come to."""
        goods = sum(line.net + (0 if line.tax_included else line.tax) for line in self.lines)
        return goods + self.postage - self.postage_discount + self.postage_tax


# ── reading what a storefront writes ──────────────────────────────────────────────────────────────


def refuse(field_name: str, message: str) -> NoReturn:
    """Refuse an order for one of its fields."""
    raise OrderInvalid(f"{field_name}: {message}", [{"field": field_name, "message": message}])


def amount(value: object, currency: str, name: str, rounded: bool = False) -> int:
    """An amount written as text or number; ``rounded`` where a storefront writes more digits than can be paid."""
    if value is None or value == "":
        return 0
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        refuse(name, "is no amount")
    try:
        exact = Decimal(value)
        if not exact.is_finite():
            refuse(name, "is no amount")
        if rounded:
            exact = exact.quantize(Decimal(1).scaleb(-exponent(currency)), rounding="ROUND_HALF_UP")
        return to_minor(f"{exact:f}", currency)
    except (InvalidOperation, MoneyRefused) as refused:
        refuse(name, refused.detail if isinstance(refused, MoneyRefused) else f"{str(value)[:40]!r} is no amount")


def currency_of(value: object) -> str:
    """The order's currency in capitals; refuses what is none."""
    code = str(value or "").upper()
    try:
        exponent(code)
    except MoneyRefused as refused:
        refuse("currency", refused.detail)
    return code


def count(value: object, name: str) -> int:
    """A whole number of units, however it is written."""
    try:
        exact = Decimal(str(value))
        if exact.is_finite() and exact == exact.to_integral_value() and abs(exact) <= 1_000_000:
            return int(exact)
    except InvalidOperation:
        pass
    refuse(name, f"{str(value)[:40]!r} is not a whole number of units")


def objects(parent: Json, name: str) -> list[Json]:
    """A list of objects, empty when absent; refuses anything else."""
    found = parent.get(name)
    if found in (None, ""):
        return []
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        refuse(name, "is not a list of objects")
    return found


def child(parent: Json, name: str) -> Json:
    """An object inside another, empty when absent."""
    found = parent.get(name)
    return found if isinstance(found, Mapping) else {}


def text(value: object) -> str | None:
    """A name or number as text, None when there is nothing in it."""
    told = "" if value is None else str(value).strip()
    return told or None


def joined(*parts: object, by: str = ", ") -> str | None:
    """The parts that are filled, in one line."""
    return by.join(part for each in parts if (part := text(each))) or None


def price_each(total: int, quantity: int) -> int:
    """The price of one unit by which so many come to at least the total; what it is too much is a discount."""
    return -(-total // quantity)


def method(source: str, name: object) -> str:
    """How it was paid, by the gateway's name; another program's credit is not the credit that is kept here (R2)."""
    told = (text(name) or "other").lower().replace(" ", "_")[:100]
    return f"{source}_{told}" if told == "store_credit" else told


# ── from what was sold to an order ────────────────────────────────────────────────────────────────


def order_from(sold: Sold) -> Order:
    """The order that is left of what was sold; ``OrderInvalid`` says which figures contradict each other."""
    _check(sold)
    left = _less_refunds(sold)
    numbers = {line.key: n for n, line in enumerate(sold.lines, 1)}
    try:
        return Order(
            order_no=sold.order_no,
            channel=sold.source,
            currency=sold.currency,
            lines=tuple(_line(numbers[line.key], line) for line in left.lines),
            discounts=tuple(Discount(code=code[:200], amount=part) for code, part in left.codes if part),
            postage=left.postage,
            postage_discount=left.postage_discount,
            postage_tax=left.postage_tax,
            payments=tuple(_payments(left)),
            shipments=tuple(_shipments(left, numbers)),
            **sold.facts,
        )
    except ValidationError as refused:
        first = refused.errors(include_url=False)[0]
        refuse(".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, "))


def _check(sold: Sold) -> None:
    if sold.sum != sold.total:
        refuse(
            "total",
            f"the lines, discounts, postage and tax come to {_money(sold, sold.sum)} and the file says "
            f"{_money(sold, sold.total)}; fees, tips or duties are perhaps missing from the export",
        )
    paid = sum(payment.amount for payment in sold.payments)
    if paid > sold.total or (sold.paid_in_full and paid != sold.total):
        refuse("payments", f"come to {_money(sold, paid)} of {_money(sold, sold.total)}; export the payments with it")
    if any(not line.quantity > 0 for line in sold.lines) or not sold.lines:
        refuse("lines", "there is a line without units, or none at all")
    if len({line.key for line in sold.lines}) < len(sold.lines):
        refuse("lines", "two of them have the same number")
    if not 0 <= sold.refunded <= paid:
        refuse("refunds", f"come to {_money(sold, sold.refunded)} of {_money(sold, paid)} that was paid")


def _money(sold: Sold, minor: int) -> str:
    return f"{to_text(minor, sold.currency)} {sold.currency}"


def _line(number: int, line: SoldLine) -> OrderLine:
    return OrderLine(
        line_no=number,
        sku=line.sku,
        name=line.name[:200],
        category=line.category,
        unit_price=line.unit_price,
        quantity=line.quantity,
        discount=line.discount + line.rounding,
        tax=line.tax,
        tax_included=line.tax_included,
        final_sale=line.final_sale,
    )


def _less_refunds(sold: Sold) -> Sold:
    if not sold.refunded:
        return sold
    paid = _payments_left(sold)
    if sold.refunded == sold.total:
        return replace(_all_given_back(sold), payments=paid)
    exact = _less_units(sold)
    less = exact if exact is not None and exact.sum == sold.total - sold.refunded else _less_amount(sold)
    return replace(less, payments=paid)


def _payments_left(sold: Sold) -> list[SoldPayment]:
    """The payments less what each gave back; a refund that names none is the only payment's."""
    named = sum(payment.refunded for payment in sold.payments)
    if named == sold.refunded:
        told = sold.payments
    elif len(sold.payments) == 1:
        told = [replace(sold.payments[0], refunded=sold.refunded)]
    else:
        refuse("refunds", "do not say which of several payments they were made from; export the transactions with it")
    if any(payment.refunded > payment.amount for payment in told):
        refuse("refunds", "give back more from a payment than it took")
    return [replace(payment, amount=payment.amount - payment.refunded, refunded=0) for payment in told]


def _all_given_back(sold: Sold) -> Sold:
    lines = [
        replace(line, discount=line.unit_price * line.quantity, across=0, rounding=0, tax=0) for line in sold.lines
    ]
    return replace(sold, lines=lines, codes=[], postage_discount=sold.postage, postage_tax=0)


def _less_units(sold: Sold) -> Sold | None:
    """Without the units that were paid back, or None when the file does not say it to the cent."""
    lines = {line.key: _on_its_own(line) for line in sold.lines}
    for part in sold.refunded_units:
        line = lines.get(part.key)
        less = _without(line, part) if line else None
        if less is None:
            return None
        lines[part.key] = less
    postage = sold.postage_discount + sold.refunded_postage
    tax = sold.postage_tax - sold.refunded_postage_tax
    left = [line for line in lines.values() if line.quantity]
    if not left or postage > sold.postage or tax < 0:
        return None
    return replace(sold, lines=left, codes=[], postage_discount=postage, postage_tax=tax)


def _on_its_own(line: SoldLine) -> SoldLine:
    return replace(line, discount=line.discount + line.across + line.rounding, across=0, rounding=0)


def _without(line: SoldLine, part: RefundedUnits) -> SoldLine | None:
    quantity, net, tax = line.quantity - part.quantity, line.net - part.goods, line.tax - part.tax
    discount = line.unit_price * quantity - net
    if quantity < 0 or discount < 0 or net < 0 or tax < 0 or (not quantity and (net or tax)):
        return None
    return replace(line, quantity=quantity, discount=discount, tax=tax)


def _less_amount(sold: Sold) -> Sold:
    """With what was paid back taken off all goods, and of postage what goes beyond them."""
    goods = sum(line.net for line in sold.lines)
    off = min(sold.refunded, goods)
    rest = sold.refunded - off
    if rest > sold.postage - sold.postage_discount:
        refuse("refunds", "gave tax back and do not say for which lines; export the refunds with their lines")
    codes = [*sold.codes, (f"refunded in {sold.source}", off)]
    return replace(sold, codes=codes, postage_discount=sold.postage_discount + rest)


def _payments(sold: Sold) -> Iterator[Payment]:
    for payment in sold.payments:
        if payment.amount:
            yield Payment.model_validate(
                {
                    "payment_no": payment.payment_no,
                    "method": payment.method,
                    "reference": payment.reference,
                    "amount": payment.amount,
                    "paid_at": payment.paid_at,
                }
            )


def _shipments(sold: Sold, numbers: Mapping[str, int]) -> Iterator[Shipment]:
    left = {line.key: line.quantity for line in sold.lines}
    for parcel in sold.shipments:
        held = [(key, min(units, left[key])) for key, units in parcel.lines if left.get(key)]
        if parcel.lines and not held:
            continue  # all that was in it was given back
        yield Shipment.model_validate(
            {
                "shipment_no": parcel.shipment_no,
                "carrier": parcel.carrier,
                "waybill": parcel.waybill,
                "label_printed_at": parcel.label_printed_at,
                "shipped_at": parcel.shipped_at,
                "delivered_at": parcel.delivered_at,
                "lines": [ShippedLine(line_no=numbers[key], quantity=units) for key, units in held if units > 0],
            }
        )


def spread(lines: Sequence[SoldLine], codes: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """The discounts that lie on every line with a price, taken off the lines and put on the order; else none.

    A discount on some lines only stays with those, for on the whole order it would be shared by all of them.
    """
    given = sum(line.discount for line in lines)
    everywhere = all(line.discount > 0 for line in lines if line.unit_price)
    if not given or not everywhere or not codes:
        return []
    told = [(codes[0][0], given)] if len(codes) == 1 else list(codes)
    if sum(part for _, part in told) != given:
        return []
    for line in lines:
        line.across, line.discount = line.discount, 0
    return told


def customer(**about: object) -> Customer:
    """Whom it was sold to, in fields that are filled or absent."""
    return Customer.model_validate({name: text(value) for name, value in about.items()})


def ship_to(**about: object) -> ShipTo:
    """Where it went."""
    return ShipTo.model_validate({name: text(value) for name, value in about.items()})
