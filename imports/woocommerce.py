"""The ``woocommerce`` format: orders as WooCommerce's REST API tells them, or the CSV of its order export.

The CSV is that of *Customer/Order/Coupon Export* in the form with one row per item (``item_sku``, ``item_subtotal`` …).
It names no zone, so it needs a column ``timezone`` (Europe/Berlin), or dates with their offset.

WooCommerce keeps amounts without tax and the tax beside them. Where the shop's prices hold it (``prices_include_tax``,
not told by the CSV), both are put together again. A coupon on every line is the order's, with its code; one on some
lines stays with these. A fee is a line of its own that cannot be returned; a negative one is a discount. The shipment
is known where the plugin *Shipment Tracking* keeps it. Refunds are totals, unless their ``line_items`` come with them
(``GET /orders/<id>/refunds``).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from imports.cells import CellRefused, read_cell, zone_named
from imports.shapes import Format, RefusedRow, Row
from imports.storefront import (
    Json,
    RefundedUnits,
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
    price_each,
    refuse,
    ship_to,
    spread,
    text,
)
from models.errors import OrderInvalid
from models.money import split
from models.orders import Order

SOURCE: Final = "woocommerce"
_UNPAID = frozenset({"pending", "on-hold", "failed", "cancelled", "checkout-draft", "trash"})
_COUPON = re.compile(r"(?:^|\|)(code|amount):([^|]*)")


def order_of(body: Json) -> Order:
    """One order of WooCommerce's REST API; ``OrderInvalid`` says what of it cannot be taken."""
    return order_from(_sold(body))


def _sold(order: Json) -> Sold:
    currency = currency_of(order.get("currency"))
    included = order.get("prices_include_tax") is True
    lines = [_line(item, currency, included) for item in objects(order, "line_items")]
    coupons = [
        (
            text(each.get("code")) or "",
            amount(each.get("discount"), currency, "coupon_lines.discount")
            + (amount(each.get("discount_tax"), currency, "coupon_lines.discount_tax") if included else 0),
        )
        for each in objects(order, "coupon_lines")
    ]
    codes = spread(lines, coupons)
    sold = Sold(
        source=SOURCE,
        order_no=text(order.get("number")) or text(order.get("id")) or "",
        currency=currency,
        total=amount(order.get("total"), currency, "total"),
        facts=_facts(order),
        lines=lines,
        codes=codes,
        postage=amount(order.get("shipping_total"), currency, "shipping_total"),
        postage_tax=amount(order.get("shipping_tax"), currency, "shipping_tax"),
        shipments=list(_shipments(order)),
    )
    for fee in objects(order, "fee_lines"):
        _add_fee(sold, fee, included)
    _pay(sold, order)
    _add_refunds(sold, order, included)
    return sold


def _gross(item: Json, currency: str, included: bool, name: str) -> int:
    """An amount of a line, with its tax where prices hold it."""
    goods = amount(item.get(name), currency, f"line_items.{name}")
    taxed = "subtotal_tax" if name == "subtotal" else "total_tax"
    return goods + (amount(item.get(taxed), currency, f"line_items.{taxed}") if included else 0)


def _line(item: Json, currency: str, included: bool) -> SoldLine:
    quantity = count(item.get("quantity"), "line_items.quantity")
    if quantity < 1:
        refuse("line_items.quantity", f"is {quantity}; an order has units to sell")
    before, after = (_gross(item, currency, included, name) for name in ("subtotal", "total"))
    if after > before:
        refuse("line_items.total", "is more than the subtotal before discounts")
    each = price_each(before, quantity)
    key, product = text(item.get("id")) or "", item.get("variation_id") or item.get("product_id")
    return SoldLine(
        key=key,
        sku=text(item.get("sku")) or (f"product-{product}" if product else f"line-{key}"),
        name=text(item.get("name")) or "",
        unit_price=each,
        quantity=quantity,
        discount=before - after,
        rounding=each * quantity - before,
        tax=amount(item.get("total_tax"), currency, "line_items.total_tax"),
        tax_included=included,
    )


def _add_fee(sold: Sold, fee: Json, included: bool) -> None:
    told = text(fee.get("total")) or "0"
    if told.startswith("-"):
        off = amount(told[1:], sold.currency, "fee_lines.total")
        tax = amount((text(fee.get("total_tax")) or "0").removeprefix("-"), sold.currency, "fee_lines.total_tax")
        if tax and not included:
            refuse("fee_lines", "take tax off, and do not say of which lines; enter the discount as a coupon")
        _take_off(sold, text(fee.get("name")) or "fee", off + tax)
        return
    line = _line(
        {**fee, "quantity": 1, "subtotal": told, "subtotal_tax": fee.get("total_tax")}, sold.currency, included
    )
    line.sku, line.category, line.final_sale = "fee", "fee", True
    line.key = f"fee-{line.key}"
    if line.net:
        sold.lines.append(line)


def _take_off(sold: Sold, name: str, off: int) -> None:
    if off > sum(line.net for line in sold.lines):
        refuse("fee_lines", "take more off than the goods cost")
    for line, share in zip(sold.lines, split(off, [line.net for line in sold.lines]), strict=True):
        line.across += share
    sold.codes.append((name, off))


def _facts(order: Json) -> dict[str, Any]:
    bill, to = child(order, "billing"), child(order, "shipping")
    name = joined(to.get("first_name"), to.get("last_name"), by=" ")
    guest = str(order.get("customer_id")) in ("0", "None", "")
    where = joined(to.get("postcode"), to.get("city"), by=" ")
    return {
        "placed_at": _at(order, "date_created"),
        "paid_at": _at(order, "date_paid"),
        "shipped_at": _at(order, "date_completed"),
        "customer": customer(
            id=None if guest else order.get("customer_id"),
            name=joined(bill.get("first_name"), bill.get("last_name"), by=" ") or name,
            phone=bill.get("phone") or to.get("phone"),
            email=bill.get("email"),
            country=to.get("country") or bill.get("country"),
        ),
        "ship_to": ship_to(
            name=name,
            phone=to.get("phone"),
            address=joined(
                to.get("company"), to.get("address_1"), to.get("address_2"), where, to.get("state"), to.get("country")
            ),
        ),
    }


def _at(order: Json, name: str) -> object:
    """A time: the one in UTC, which is written without saying so."""
    told = text(order.get(f"{name}_gmt"))
    if told is None:
        return order.get(name) or None
    return told if told.endswith("Z") or re.search(r"[+-]\d\d:?\d\d$", told) else f"{told}Z"


def _pay(sold: Sold, order: Json) -> None:
    paid_at = sold.facts["paid_at"]
    status = (text(order.get("status")) or "").removeprefix("wc-")
    if not sold.total or not (paid_at or status not in _UNPAID):
        return
    sold.payments = [
        SoldPayment(
            payment_no="1",
            method=method(SOURCE, order.get("payment_method")),
            reference=text(order.get("transaction_id")),
            amount=sold.total,
            paid_at=paid_at,
        )
    ]


def _add_refunds(sold: Sold, order: Json, included: bool) -> None:
    for refund in objects(order, "refunds"):
        sold.refunded += _positive(refund, sold.currency, "total", "amount")
        for item in objects(refund, "line_items"):
            sold.refunded_units.append(_refunded(item, sold.currency, included))
        for each in objects(refund, "shipping_lines"):
            sold.refunded_postage += _positive(each, sold.currency, "total")
            sold.refunded_postage_tax += _positive(each, sold.currency, "total_tax")
    if text(order.get("status")) == "refunded" and sold.payments:
        sold.refunded = sold.refunded or sold.total


def _refunded(item: Json, currency: str, included: bool) -> RefundedUnits:
    of = next((meta for meta in objects(item, "meta_data") if meta.get("key") == "_refunded_item_id"), {})
    goods, tax = _positive(item, currency, "total"), _positive(item, currency, "total_tax")
    return RefundedUnits(
        key=text(of.get("value")) or "",
        quantity=abs(count(item.get("quantity"), "refunds.quantity")),
        goods=goods + (tax if included else 0),
        tax=tax,
    )


def _positive(part: Json, currency: str, *names: str) -> int:
    """What was given back; WooCommerce writes it below zero."""
    told = next((text(part[name]) for name in names if part.get(name) not in (None, "")), None)
    return amount((told or "0").removeprefix("-"), currency, f"refunds.{names[0]}")


def _shipments(order: Json) -> Iterator[SoldShipment]:
    tracked = next((m for m in objects(order, "meta_data") if m.get("key") == "_wc_shipment_tracking_items"), {})
    for n, each in enumerate(objects(tracked, "value") if tracked else [], 1):
        sent = text(each.get("date_shipped"))
        yield SoldShipment(
            shipment_no=text(each.get("tracking_id")) or str(n),
            carrier=text(each.get("tracking_provider")) or text(each.get("custom_tracking_provider")),
            waybill=text(each.get("tracking_number")),
            shipped_at=datetime.fromtimestamp(int(sent), UTC) if sent and sent.isascii() and sent.isdigit() else None,
        )


# ── CSV ───────────────────────────────────────────────────────────────────────────────────────────

_REQUIRED: Final = (
    "order_number", "date", "status", "order_total", "order_currency", "shipping_total", "shipping_tax_total",
    "item_id", "item_name", "item_sku", "item_quantity", "item_subtotal", "item_total", "item_total_tax",
)  # fmt: skip
_OTHERS: Final = (
    "order_id", "order_number_formatted", "timezone", "paid_date", "completed_date", "fee_total", "fee_tax_total",
    "tax_total", "discount_total", "refunded_total", "payment_method", "transaction_id", "shipping_method",
    "customer_id", "billing_first_name", "billing_last_name", "billing_email", "billing_phone", "billing_country",
    "shipping_first_name", "shipping_last_name", "shipping_company", "shipping_address_1", "shipping_address_2",
    "shipping_postcode", "shipping_city", "shipping_state", "shipping_country", "item_product_id",
    "item_subtotal_tax", "item_refunded", "item_refunded_qty", "coupon_items",
)  # fmt: skip


def read_order(order_no: str, rows: Sequence[Row | RefusedRow]) -> Iterator[Order | RefusedRow]:
    """The order of these rows; one that cannot be read refuses them all."""
    broken = [row for row in rows if isinstance(row, RefusedRow)]
    good = [row for row in rows if isinstance(row, Row)]
    try:
        if broken:
            raise OrderInvalid(f"left out with its order, of which line {broken[0].line} was refused; mend that one")
        yield order_of(_as_json(good))
    except (OrderInvalid, CellRefused) as refused:
        reason = refused.detail if isinstance(refused, OrderInvalid) else str(refused)
        yield from broken
        yield from (RefusedRow(row.line, order_no, reason) for row in good)


def _as_json(rows: Sequence[Row]) -> dict[str, Any]:
    """The rows of an order in the words of the REST API."""
    head = _same_on_every_row(rows)
    zone = zone_named(head["timezone"]) if "timezone" in head else None
    refunded = (head.get("refunded_total") or "0").removeprefix("-")

    def at(name: str) -> object:
        return read_cell("placed_at", head[name], zone) if name in head else None

    if any((head.get(name) or "0").strip("0.") for name in ("fee_total", "fee_tax_total")):
        refuse("fee_total", "the CSV does not say what the fees are; export the order as JSON")
    return {
        "number": head.get("order_number"),
        "status": head.get("status"),
        "currency": head.get("order_currency"),
        "total": head.get("order_total"),
        "shipping_total": head.get("shipping_total"),
        "shipping_tax": head.get("shipping_tax_total"),
        "date_created": at("date"),
        "date_paid": at("paid_date"),
        "date_completed": at("completed_date"),
        "payment_method": head.get("payment_method"),
        "transaction_id": head.get("transaction_id"),
        "customer_id": head.get("customer_id"),
        "billing": _part(head, "billing_"),
        "shipping": _part(head, "shipping_"),
        "line_items": [_item(row) for row in rows],
        "coupon_lines": _coupons(head.get("coupon_items", "")),
        "refunds": [{"total": refunded}] if refunded.strip("0.") else [],
    }


def _same_on_every_row(rows: Sequence[Row]) -> dict[str, str]:
    head: dict[str, str] = {}
    for row in rows:
        for name, told in row.cells.items():
            if not name.startswith("item_") and head.setdefault(name, told) != told:
                refuse(name, f"is {told[:40]!r} on line {row.line} and {head[name][:40]!r} above; make them the same")
    return head


def _part(head: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): told for name, told in head.items() if name.startswith(prefix)}


def _item(row: Row) -> dict[str, str | None]:
    cells = row.cells
    return {
        "id": cells.get("item_id") or str(row.line),
        "name": cells.get("item_name"),
        "sku": cells.get("item_sku"),
        "product_id": cells.get("item_product_id"),
        "quantity": cells.get("item_quantity"),
        "subtotal": cells.get("item_subtotal"),
        "subtotal_tax": cells.get("item_subtotal_tax"),
        "total": cells.get("item_total"),
        "total_tax": cells.get("item_total_tax"),
    }


def _coupons(told: str) -> list[dict[str, str]]:
    """``id:5|code:WELCOME|amount:4.00;…`` as coupons."""
    found = [dict(_COUPON.findall(each)) for each in told.split(";") if each.strip()]
    return [{"code": each["code"], "discount": each["amount"]} for each in found if {"code", "amount"} <= each.keys()]


def _folded(heading: str) -> str:
    return "_".join(heading.replace("-", " ").replace("_", " ").lower().split())


FORMAT: Final = Format(
    name=SOURCE,
    columns={name: name for name in (*_REQUIRED, *_OTHERS)} | {"order_date": "date"},
    required=_REQUIRED,
    order_column="order_number",
    fold=_folded,
    key=str.strip,
    read=read_order,
    refuses_unknown_columns=False,
    of_json=order_of,
)
