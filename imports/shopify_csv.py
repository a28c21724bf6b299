"""The CSV that Shopify's admin exports: an order is several rows, of which only the first says what is the order's.

The file has no tax of a line and no part of a payment, so:

- tax is inside the prices when subtotal and shipping make the total, and beside them when the taxes do too;
- it belongs to the lines marked taxable, and to shipping, where the rates named in ``Tax 1 Name`` … (``VAT 20%``) come
  to it; where they do not, or where both readings fit, the order is refused: export it as JSON;
- several payment methods, or a part paid back, say how much in JSON only; one method takes the total;
- a discount that the goods do not show (a code for free shipping) was on shipping.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from imports.cells import CellRefused, read_cell
from imports.shapes import RefusedRow, Row
from imports.storefront import (
    Sold,
    SoldLine,
    SoldPayment,
    amount,
    count,
    currency_of,
    customer,
    joined,
    method,
    order_from,
    refuse,
    ship_to,
)
from models.errors import OrderInvalid
from models.money import split
from models.orders import Order

REQUIRED: Final = (
    "Name", "Financial Status", "Currency", "Subtotal", "Shipping", "Taxes", "Total", "Created at",
    "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku",
)  # fmt: skip
COLUMNS: Final = (
    *REQUIRED,
    "Email", "Phone", "Paid at", "Fulfillment Status", "Fulfilled at", "Discount Code", "Discount Amount",
    "Shipping Method", "Lineitem taxable", "Lineitem discount", "Billing Name", "Billing Phone", "Shipping Name",
    "Shipping Company", "Shipping Address1", "Shipping Address2", "Shipping City", "Shipping Zip", "Shipping Province",
    "Shipping Country", "Shipping Phone", "Cancelled at", "Payment Method", "Payment Reference", "Refunded Amount",
    "Outstanding Balance", "Id", "Duties", "Tax 1 Name", "Tax 2 Name", "Tax 3 Name", "Tax 4 Name", "Tax 5 Name",
)  # fmt: skip
_RATE = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,4})?) ?%")
_PAID = frozenset({"paid", "partially_refunded", "refunded"})
_NO_MONEY = frozenset({"pending", "authorized", "voided", "expired", ""})
_AS_JSON = "export the order as JSON"


def folded(heading: str) -> str:
    """A heading without regard to case and spaces."""
    return " ".join(heading.split()).lower()


def key(number: str) -> str:
    """An order's name without its ``#``."""
    return number.strip().removeprefix("#")


def read_order(order_no: str, rows: Sequence[Row | RefusedRow]) -> Iterator[Order | RefusedRow]:
    """The order of these rows; one that cannot be read refuses them all."""
    broken = [row for row in rows if isinstance(row, RefusedRow)]
    good = [row for row in rows if isinstance(row, Row)]
    try:
        if broken:
            raise OrderInvalid(f"left out with its order, of which line {broken[0].line} was refused; mend that one")
        yield order_from(_sold(order_no, good))
    except (OrderInvalid, CellRefused) as refused:
        reason = refused.detail if isinstance(refused, OrderInvalid) else str(refused)
        yield from broken
        yield from (RefusedRow(row.line, order_no, reason) for row in good)


def _sold(order_no: str, rows: Sequence[Row]) -> Sold:
    head = _head(rows)
    currency = currency_of(head.get("Currency"))
    lines = [_line(row, currency) for row in rows if "Lineitem quantity" in row.cells]
    told = {
        name: amount(head.get(name), currency, name)
        for name in ("Subtotal", "Shipping", "Taxes", "Total", "Discount Amount", "Refunded Amount")
    }
    sold = Sold(
        source="shopify",
        order_no=order_no,
        currency=currency,
        total=told["Total"],
        facts=_facts(head),
        lines=lines,
        postage=told["Shipping"],
    )
    _discount(sold, told, head.get("Discount Code", ""))
    _taxes(sold, told, rows, [head[name] for name in head if name.startswith("Tax ")])
    _pay(sold, head, told)
    return sold


def _head(rows: Sequence[Row]) -> dict[str, str]:
    """What the rows say of the order: each thing once, or the same again."""
    head: dict[str, str] = {}
    for row in rows:
        for name, told in row.cells.items():
            if name.startswith("Lineitem") or name == "Name":
                continue
            if head.setdefault(name, told) != told:
                refuse(name, f"is {told[:40]!r} on line {row.line} and {head[name][:40]!r} above; make them the same")
    return head


def _line(row: Row, currency: str) -> SoldLine:
    cells = row.cells
    return SoldLine(
        key=str(row.line),
        sku=cells.get("Lineitem sku") or f"name:{cells.get('Lineitem name', '')}"[:100],
        name=cells.get("Lineitem name", ""),
        unit_price=amount(cells.get("Lineitem price"), currency, "Lineitem price"),
        quantity=count(cells.get("Lineitem quantity"), "Lineitem quantity"),
        discount=amount(cells.get("Lineitem discount"), currency, "Lineitem discount"),
    )


def _facts(head: Mapping[str, str]) -> dict[str, Any]:
    def at(name: str) -> object:
        return read_cell("placed_at", head[name], None) if name in head else None

    def to(part: str) -> str | None:
        return head.get(f"Shipping {part}")

    town = joined((to("Zip") or "").lstrip("'"), to("City"), by=" ")
    return {
        "placed_at": at("Created at"),
        "paid_at": at("Paid at"),
        "shipped_at": at("Fulfilled at") if head.get("Fulfillment Status") == "fulfilled" else None,
        "customer": customer(
            name=head.get("Billing Name") or to("Name"),
            phone=head.get("Phone") or head.get("Billing Phone") or to("Phone"),
            email=head.get("Email"),
            country=to("Country"),
        ),
        "ship_to": ship_to(
            name=to("Name"),
            phone=to("Phone"),
            address=joined(to("Company"), to("Address1"), to("Address2"), town, to("Province"), to("Country")),
        ),
    }


def _discount(sold: Sold, told: Mapping[str, int], code: str) -> None:
    """Put the discount where the subtotal shows it was."""
    off, goods = told["Discount Amount"], sum(line.net for line in sold.lines)
    if goods - off == told["Subtotal"]:
        shares = split(off, [line.net for line in sold.lines])
        for line, share in zip(sold.lines, shares, strict=True):
            line.across = share
        sold.codes = [(code, off)] if off else []
    elif goods != told["Subtotal"]:
        refuse("Subtotal", "is not what the lines less their discounts come to; fees or edits are not in the CSV")
    elif off != sum(line.discount for line in sold.lines):  # else it tells the lines' own discounts again
        sold.postage += off
        sold.postage_discount = off


def _taxes(sold: Sold, told: Mapping[str, int], rows: Sequence[Row], names: Sequence[str]) -> None:
    tax = told["Taxes"]
    if not tax:
        return
    included = told["Subtotal"] + told["Shipping"] == told["Total"]
    taxable = _taxable(sold, rows)
    shares = split(tax, _bearers(sold, taxable, tax, included, _rates(names)))
    for line, share in zip(taxable, shares, strict=False):
        line.tax = share
    if included:
        for line in sold.lines:
            line.tax_included = True
    if len(shares) > len(taxable):
        sold.postage_tax = shares[-1]
        sold.postage -= shares[-1] if included else 0


def _taxable(sold: Sold, rows: Sequence[Row]) -> list[SoldLine]:
    exempt = {str(row.line) for row in rows if row.cells.get("Lineitem taxable", "").lower() == "false"}
    return [line for line in sold.lines if line.key not in exempt and line.net]


def _rates(names: Sequence[str]) -> Decimal | None:
    found = [_RATE.search(name) for name in names]
    return sum((Decimal(rate[1]) for rate in found if rate), Decimal(0)) if found and all(found) else None


def _bearers(sold: Sold, taxable: Sequence[SoldLine], tax: int, included: bool, rate: Decimal | None) -> list[int]:
    """What the tax lies on, as weights: the taxable lines, and shipping last where it is taxed too."""
    goods, shipping = [line.net for line in taxable], sold.postage - sold.postage_discount
    if len(goods) == 1 and not shipping:
        return goods
    readings = [goods] if goods else []
    if shipping:
        readings.append([*goods, shipping])
    fitting = [each for each in readings if rate is not None and _fits(sum(each), len(each), tax, included, rate)]
    if len(fitting) != 1:
        refuse("Taxes", f"the CSV does not say what they were for, and the rates named do not either; {_AS_JSON}")
    return fitting[0]


def _fits(base: int, parts: int, tax: int, included: bool, rate: Decimal) -> bool:
    """Whether the rate comes to the tax; every part was rounded by itself."""
    expected = base * rate / (100 + rate if included else Decimal(100))
    return abs(int(expected.quantize(Decimal(1), ROUND_HALF_UP)) - tax) <= parts


def _pay(sold: Sold, head: Mapping[str, str], told: Mapping[str, int]) -> None:
    status = head.get("Financial Status", "").lower()
    if status in _NO_MONEY or not sold.total:
        return
    name = head.get("Payment Method", "")
    if " + " in name:
        refuse("Payment Method", f"the CSV does not say how much was paid by each of {name[:60]}; {_AS_JSON}")
    left = amount(head.get("Outstanding Balance"), sold.currency, "Outstanding Balance")
    if status not in _PAID and "Outstanding Balance" not in head:
        refuse("Financial Status", f"is {status[:30]}, and the CSV does not say how much was paid; {_AS_JSON}")
    sold.payments = [
        SoldPayment(
            payment_no="1",
            method=method("shopify", name),
            reference=head.get("Payment Reference"),
            amount=sold.total - (0 if status in _PAID else left),
            paid_at=sold.facts["paid_at"],
        )
    ]
    sold.refunded = told["Refunded Amount"]
    if status in ("refunded", "partially_refunded") and not sold.refunded:
        refuse("Refunded Amount", f"is empty, though some was refunded; {_AS_JSON}")
