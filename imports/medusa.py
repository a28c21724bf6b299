"""The ``medusa`` format: orders as the admin API of Medusa v2 tells them (``GET /admin/orders`` with its relations).

Needed are ``items`` with their totals, ``shipping_methods``, ``payment_collections.payments`` with captures and
refunds, ``fulfillments`` with labels and items. Amounts are numbers in whole units of the currency. Medusa computes tax
without rounding; where the exact totals of items and postage make the order's, the cents are given to them by largest
remainder, as everywhere here (F13). Where they do not, the order is refused.
A promotion on every line is the order's, with its code; one on some lines stays with these.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from imports.shapes import Format, RefusedRow, Row
from imports.storefront import (
    Json,
    Sold,
    SoldLine,
    SoldPayment,
    SoldShipment,
    amount,
    child,
    count,
    currency_of,
    customer,
    joined,
    method,
    objects,
    order_from,
    refuse,
    ship_to,
    spread,
    text,
)
from models.money import exponent
from models.orders import Order

SOURCE: Final = "medusa"


def order_of(body: Json) -> Order:
    """One order of Medusa's admin API; ``OrderInvalid`` says what of it cannot be taken."""
    return order_from(_sold(body))


def _sold(order: Json) -> Sold:
    currency = currency_of(order.get("currency_code"))
    items = objects(order, "items")
    methods = objects(order, "shipping_methods")
    paid = _paid(order, [*items, *methods], currency)
    lines = [_line(item, currency, part) for item, part in zip(items, paid, strict=False)]
    if _amount(order, currency, "credit_line_total"):
        refuse("credit_line_total", "credit lines are not of goods or postage; settle the order in Medusa")
    postage, off, tax = _shipping(methods, paid[len(items) :], currency)
    payments = list(_payments(order, currency))
    return Sold(
        source=SOURCE,
        order_no=text(order.get("display_id")) or text(order.get("id")) or "",
        currency=currency,
        total=_amount(order, currency, "total"),
        facts=_facts(order, payments),
        lines=lines,
        codes=spread(lines, _codes(items, currency)),
        postage=postage,
        postage_discount=off,
        postage_tax=tax,
        payments=payments,
        paid_in_full=order.get("payment_status") in ("captured", "partially_refunded", "refunded"),
        refunded=sum(payment.refunded for payment in payments),
        shipments=list(_shipments(order)),
    )


def _amount(parent: Json, currency: str, name: str) -> int:
    """A total, rounded to what can be paid; the exact one is in ``raw_…`` where a number has lost digits."""
    exact = child(parent, f"raw_{name}").get("value")
    return amount(exact if exact is not None else parent.get(name), currency, name, rounded=True)


def _exact(parent: Json, name: str) -> Decimal:
    told = child(parent, f"raw_{name}").get("value")
    told = parent.get(name) if told is None else told
    try:
        exact = Decimal(str(told))
    except InvalidOperation:
        refuse(
            name, "is missing or no amount; ask Medusa for the order with its totals (fields=*items,*shipping_methods)"
        )
    if not exact.is_finite() or exact < 0:
        refuse(name, f"is {told}, and cannot be less than nothing")
    return exact


def _paid(order: Json, parts: Sequence[Json], currency: str) -> list[int]:
    """What each item and postage came to with tax, in amounts that can be paid and that make the order's total."""
    exact = [_exact(part, "total").scaleb(exponent(currency)) for part in parts]
    whole = _exact(order, "total").scaleb(exponent(currency))
    total = _amount(order, currency, "total")
    floors = [int(each) for each in exact]
    short = total - sum(floors)
    if abs(sum(exact) - whole) >= 1 or not 0 <= short <= len(parts):
        return [int(each.to_integral_value(ROUND_HALF_UP)) for each in exact]  # they disagree, and so will their sum
    by_rest = sorted(range(len(parts)), key=lambda i: floors[i] - exact[i])
    for i in by_rest[:short]:
        floors[i] += 1
    return floors


def _line(item: Json, currency: str, paid: int) -> SoldLine:
    quantity = count(item.get("quantity"), "items.quantity")
    included = item.get("is_tax_inclusive") is True
    each = _amount(item, currency, "unit_price")
    if included:
        goods, tax = paid, min(_amount(item, currency, "tax_total"), paid)
    else:
        goods = min(_rounded(_exact(item, "total") - _exact(item, "tax_total"), currency), paid)
        tax = paid - goods
    if goods > each * quantity:
        refuse("items.total", f"of {text(item.get('id'))} is more than its price times its units")
    variant = text(item.get("variant_id")) or text(item.get("id"))
    return SoldLine(
        key=text(item.get("id")) or "",
        sku=text(item.get("variant_sku")) or (variant or "")[:100],
        name=joined(item.get("product_title") or item.get("title"), item.get("variant_title"), by=" · ") or "",
        category=text(item.get("product_type")),
        unit_price=each,
        quantity=quantity,
        discount=each * quantity - goods,
        tax=tax,
        tax_included=included,
    )


def _rounded(exact: Decimal, currency: str) -> int:
    return int(exact.scaleb(exponent(currency)).to_integral_value(ROUND_HALF_UP))


def _codes(items: list[Json], currency: str) -> list[tuple[str, int]]:
    codes: dict[str, int] = {}
    for item in items:
        for part in objects(item, "adjustments"):
            code = text(part.get("code")) or text(part.get("description")) or ""
            codes[code] = codes.get(code, 0) + _amount(part, currency, "amount")
    return list(codes.items())


def _shipping(methods: Sequence[Json], paid: Sequence[int], currency: str) -> tuple[int, int, int]:
    """Postage, what was given away of it, and the tax beside them."""
    postage = off = taxes = 0
    for each, came_to in zip(methods, paid, strict=True):
        tax = min(_amount(each, currency, "tax_total"), came_to)
        asked = _amount(each, currency, "amount") - (tax if each.get("is_tax_inclusive") is True else 0)
        before = max(asked, came_to - tax)
        postage, off, taxes = postage + before, off + before - (came_to - tax), taxes + tax
    return postage, off, taxes


def _facts(order: Json, payments: list[SoldPayment]) -> dict[str, Any]:
    who, to = child(order, "customer"), child(order, "shipping_address")
    name = joined(to.get("first_name"), to.get("last_name"), by=" ")
    where = joined(to.get("postal_code"), to.get("city"), by=" ")
    return {
        "placed_at": order.get("created_at"),
        "paid_at": next((payment.paid_at for payment in payments), None),
        "customer": customer(
            id=order.get("customer_id") or who.get("id"),
            name=joined(who.get("first_name"), who.get("last_name"), by=" ") or name,
            phone=who.get("phone") or to.get("phone"),
            email=order.get("email") or who.get("email"),
            language=order.get("locale"),
            country=(text(to.get("country_code")) or "").upper(),
        ),
        "ship_to": ship_to(
            name=name,
            phone=to.get("phone"),
            address=joined(
                to.get("company"),
                to.get("address_1"),
                to.get("address_2"),
                where,
                to.get("province"),
                (text(to.get("country_code")) or "").upper(),
            ),
        ),
    }


def _payments(order: Json, currency: str) -> Iterator[SoldPayment]:
    for collection in objects(order, "payment_collections"):
        for payment in objects(collection, "payments"):
            captures = objects(payment, "captures")
            if captures:
                taken = sum(_amount(each, currency, "amount") for each in captures)
            else:
                taken = _amount(payment, currency, "amount") if payment.get("captured_at") else 0
            if taken:
                yield SoldPayment(
                    payment_no=text(payment.get("id")) or "",
                    method=method(SOURCE, _provider(payment.get("provider_id"))),
                    reference=text(child(payment, "data").get("id")),
                    amount=taken,
                    refunded=sum(_amount(each, currency, "amount") for each in objects(payment, "refunds")),
                    paid_at=payment.get("captured_at") or next((each.get("created_at") for each in captures), None),
                )


def _provider(told: object) -> str:
    """``pp_stripe_stripe`` and ``pp_system_default`` are stripe and system."""
    return (text(told) or "other").removeprefix("pp_").partition("_")[0]


def _shipments(order: Json) -> Iterator[SoldShipment]:
    for each in objects(order, "fulfillments"):
        if each.get("canceled_at"):
            continue
        label = next(iter(objects(each, "labels")), {})
        yield SoldShipment(
            shipment_no=text(each.get("id")) or "",
            carrier=text(each.get("provider_id")),
            waybill=text(label.get("tracking_number")),
            label_printed_at=label.get("created_at"),
            shipped_at=each.get("shipped_at"),
            delivered_at=each.get("delivered_at"),
            lines=tuple(
                (text(part.get("line_item_id")) or "", count(part.get("quantity"), "fulfillments.items.quantity"))
                for part in objects(each, "items")
            ),
        )


def _no_table(order_no: str, rows: Sequence[Row | RefusedRow]) -> Iterator[Order | RefusedRow]:
    reason = "Medusa's orders come as JSON of its admin API (GET /admin/orders), not as a table"
    yield from (RefusedRow(row.line, order_no, reason) for row in rows)


FORMAT: Final = Format(
    name=SOURCE,
    columns={"display_id": "display_id"},
    required=("display_id",),
    order_column="display_id",
    fold=str.lower,
    key=str.strip,
    read=_no_table,
    refuses_unknown_columns=False,
    of_json=order_of,
)
