"""The ``shopify`` format: the CSV of its admin (``shopify_csv``), or orders as its REST and GraphQL APIs tell them.

An order is told by its name without ``#``. Amounts are in the currency that the customer paid in
(``presentment_money`` where both are there). Discounts allocated across all lines are the order's, with their code;
those on some lines, or made line by line, stay with these. Shopify does not say that anybody but the shop pays for one.
Payments are the transactions that succeeded; without them (a webhook) the only gateway named is taken to have
been paid what is not outstanding. Lines without a SKU go by their variant, else by the line's number.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from imports import shopify_csv
from imports.shapes import Format
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
    refuse,
    ship_to,
    text,
)
from models.orders import Order

SOURCE: Final = "shopify"
_PAID = frozenset({"paid", "partially_refunded", "refunded"})
_NO_MONEY = frozenset({"pending", "authorized", "voided", "expired"})
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def order_of(body: Json) -> Order:
    """One order of Shopify's REST or GraphQL API; ``OrderInvalid`` says what of it cannot be taken."""
    told = _plain(body) if "lineItems" in body else body
    return order_from(_Reading(told).sold())


class _Reading:
    """One order in the words of the REST API."""

    def __init__(self, order: Json) -> None:
        self._order = order
        shown = order.get("presentment_currency") or order.get("presentment_currency_code")
        self._shop = order.get("currency") or order.get("currency_code")
        self.currency = currency_of(shown or self._shop)

    def money(self, parent: Json, *names: str) -> int:
        """The first of these amounts that is there, in the currency the customer paid in."""
        for name in names:
            both = child(parent, f"{name}_set")
            told = child(both, "presentment_money") or child(both, "shop_money")
            if told:
                if told.get("currency_code") not in (None, self.currency):
                    refuse(name, f"is in {told['currency_code']} and the order in {self.currency}; export both")
                return amount(told.get("amount"), self.currency, name)
            if parent.get(name) not in (None, ""):
                if self._shop and str(self._shop).upper() != self.currency:
                    refuse(name, f"is in {self._shop} and the order in {self.currency}; export the {name}_set with it")
                return amount(parent[name], self.currency, name)
        return 0

    def sold(self) -> Sold:
        """All of it."""
        order = self._order
        lines, codes = self._lines()
        shipping = self._shipping()
        sold = Sold(
            source=SOURCE,
            order_no=(text(order.get("name")) or text(order.get("order_number")) or "").removeprefix("#"),
            currency=self.currency,
            total=self.money(order, "total_price"),
            facts=self._facts(),
            lines=lines,
            codes=codes,
            postage=shipping[0],
            postage_discount=shipping[1],
            postage_tax=shipping[2],
            shipments=list(self._shipments()),
        )
        sold.payments = self._payments(sold.total)
        sold.paid_in_full = self._status() in _PAID
        self._add_refunds(sold)
        return sold

    def _status(self) -> str:
        order = self._order
        return str(order.get("financial_status") or order.get("display_financial_status") or "").lower()

    def _facts(self) -> dict[str, Any]:
        order, who = self._order, child(self._order, "customer")
        to = child(order, "shipping_address")
        name = joined(who.get("first_name"), who.get("last_name"), by=" ") or who.get("display_name") or to.get("name")
        placed = order.get("processed_at") or order.get("created_at")
        return {
            "placed_at": placed,
            "paid_at": placed if self._status() in _PAID else None,
            "customer": customer(
                id=_number(who.get("id")),
                name=name,
                phone=order.get("phone") or who.get("phone") or to.get("phone"),
                email=order.get("email") or who.get("email"),
                language=order.get("customer_locale"),
                country=_country(to),
            ),
            "ship_to": ship_to(
                name=to.get("name") or joined(to.get("first_name"), to.get("last_name"), by=" "),
                phone=to.get("phone"),
                address=address_of(to),
            ),
        }

    # ── lines and discounts ──

    def _lines(self) -> tuple[list[SoldLine], list[tuple[str, int]]]:
        applications = objects(self._order, "discount_applications")
        codes: dict[str, int] = {}
        lines = [self._line(item, applications, codes) for item in objects(self._order, "line_items")]
        return lines, list(codes.items())

    def _line(self, item: Json, applications: Sequence[Json], codes: dict[str, int]) -> SoldLine:
        key = _number(item.get("id"))
        line = SoldLine(
            key=key,
            sku=text(item.get("sku")) or _unnamed(item, key),
            name=text(item.get("name")) or text(item.get("title")) or "",
            category=text(item.get("product_type")),
            unit_price=self.money(item, "price", "original_unit_price"),
            quantity=count(item.get("quantity"), "line_items.quantity"),
            tax=sum(self.money(tax, "price") for tax in objects(item, "tax_lines")),
            tax_included=self._order.get("taxes_included") is True,
        )
        for part in objects(item, "discount_allocations"):
            off, of_order = self.money(part, "amount", "allocated_amount"), _across(part, applications)
            if of_order is None:
                line.discount += off
            else:
                line.across += off
                codes[of_order] = codes.get(of_order, 0) + off
        return line

    def _shipping(self) -> tuple[int, int, int]:
        """Postage, what was given away of it, and its tax, which is beside the two even where prices hold it."""
        price = off = tax = 0
        for line in objects(self._order, "shipping_lines"):
            if line.get("is_removed") is True:
                continue
            price += self.money(line, "price", "original_price")
            given = sum(
                self.money(part, "amount", "allocated_amount") for part in objects(line, "discount_allocations")
            )
            off += given or self._given(line)
            tax += sum(self.money(part, "price") for part in objects(line, "tax_lines"))
        return price - (tax if self._order.get("taxes_included") is True else 0), off, tax

    def _given(self, line: Json) -> int:
        if line.get("discounted_price") in (None, "") and not child(line, "discounted_price_set"):
            return 0
        return self.money(line, "price", "original_price") - self.money(line, "discounted_price")

    # ── money in and out ──

    def _payments(self, total: int) -> list[SoldPayment]:
        done = [each for each in objects(self._order, "transactions") if str(each.get("status")).lower() == "success"]
        taken = [each for each in done if str(each.get("kind")).lower() in ("sale", "capture")]
        if taken:
            return [self._payment(each, done) for each in taken]
        if self._status() in _NO_MONEY or not total:
            return []
        names = self._order.get("payment_gateway_names") or [self._order.get("gateway")]
        if not isinstance(names, list) or len(names) != 1 or not names[0]:
            refuse("payment_gateway_names", "names none or several; export the order's transactions with it")
        paid = total - self._outstanding()
        return [SoldPayment(payment_no="1", method=method(SOURCE, names[0]), amount=max(paid, 0))]

    def _outstanding(self) -> int:
        if self._status() in _PAID:
            return 0
        if self._order.get("total_outstanding") in (None, "") and not child(self._order, "total_outstanding_set"):
            refuse("total_outstanding", "is missing, so what was paid is not known; export it or the transactions")
        return self.money(self._order, "total_outstanding")

    def _payment(self, taken: Json, done: Sequence[Json]) -> SoldPayment:
        number = _number(taken.get("id"))
        parents = {number, _number(taken.get("parent_id") or child(taken, "parent_transaction").get("id"))} - {""}
        back = [each for each in [*done, *self._refund_transactions()] if str(each.get("kind")).lower() == "refund"]
        by_number = {_number(each.get("id")): each for each in back}
        mine = [
            each
            for each in by_number.values()
            if _number(each.get("parent_id") or child(each, "parent_transaction").get("id")) in parents
        ]
        return SoldPayment(
            payment_no=number,
            method=method(SOURCE, taken.get("gateway")),
            reference=text(taken.get("payment_id")) or text(taken.get("authorization")),
            amount=self.money(taken, "amount"),
            refunded=sum(self.money(each, "amount") for each in mine),
            paid_at=taken.get("processed_at") or taken.get("created_at"),
        )

    def _refund_transactions(self) -> list[Json]:
        found = [each for refund in objects(self._order, "refunds") for each in objects(refund, "transactions")]
        return [each for each in found if str(each.get("status")).lower() == "success"]

    def _add_refunds(self, sold: Sold) -> None:
        refunds = objects(self._order, "refunds")
        back = [*objects(self._order, "transactions"), *self._refund_transactions()]
        made = {
            _number(each.get("id")): self.money(each, "amount")
            for each in back
            if str(each.get("kind")).lower() == "refund" and str(each.get("status")).lower() == "success"
        }
        sold.refunded = sum(made.values())
        if self._status() == "refunded":
            sold.refunded = sold.refunded or sold.total
        if self._status() == "partially_refunded" and not sold.refunded:
            refuse("refunds", "are not in the file, though some was refunded; export the refunds with the order")
        for refund in refunds:
            sold.refunded_units += [self._refunded(part) for part in objects(refund, "refund_line_items")]
            for part in objects(refund, "order_adjustments"):
                if part.get("kind") == "shipping_refund":
                    sold.refunded_postage += abs(self._signed(part, "amount"))
                    sold.refunded_postage_tax += abs(self._signed(part, "tax_amount"))

    def _signed(self, part: Json, name: str) -> int:
        return amount(str(part.get(name) or "0").removeprefix("-"), self.currency, name)

    def _refunded(self, part: Json) -> RefundedUnits:
        key = part.get("line_item_id") or child(part, "line_item").get("id")
        goods, tax = self.money(part, "subtotal"), self.money(part, "total_tax")
        units = count(part.get("quantity"), "refund_line_items.quantity")
        return RefundedUnits(key=_number(key), quantity=units, goods=goods, tax=tax)

    # ── parcels ──

    def _shipments(self) -> Iterator[SoldShipment]:
        for parcel in objects(self._order, "fulfillments"):
            if str(parcel.get("status")).lower() in ("cancelled", "error", "failure"):
                continue
            track = next(iter(objects(parcel, "tracking_info")), {})
            delivered = str(parcel.get("shipment_status") or parcel.get("display_status")).lower() == "delivered"
            lines = objects(parcel, "line_items") or objects(parcel, "fulfillment_line_items")
            yield SoldShipment(
                shipment_no=text(parcel.get("name")) or _number(parcel.get("id")),
                carrier=text(parcel.get("tracking_company")) or text(track.get("company")),
                waybill=text(parcel.get("tracking_number")) or text(track.get("number")),
                shipped_at=parcel.get("created_at"),
                delivered_at=parcel.get("delivered_at") or (parcel.get("updated_at") if delivered else None),
                lines=tuple(
                    (
                        _number(child(each, "line_item").get("id") or each.get("id")),
                        count(each.get("quantity"), "quantity"),
                    )
                    for each in lines
                ),
            )


def _across(part: Json, applications: Sequence[Json]) -> str | None:
    """The code of a discount that lies on the whole order, None for one on lines."""
    index = part.get("discount_application_index")
    named = child(part, "discount_application")
    if not named and isinstance(index, int) and 0 <= index < len(applications):
        named = applications[index]
    where = (str(named.get("allocation_method")).lower(), str(named.get("target_selection")).lower())
    if where != ("across", "all"):
        return None
    return text(named.get("code")) or text(named.get("title")) or text(named.get("description")) or ""


def address_of(to: Json) -> str | None:
    """A postal address in one line."""
    return joined(
        to.get("company"),
        to.get("address1"),
        to.get("address2"),
        joined(to.get("zip"), to.get("city"), by=" "),
        to.get("province"),
        to.get("country"),
    )


def _country(to: Json) -> object:
    return to.get("country_code") or to.get("country_code_v2") or to.get("country")


def _unnamed(item: Json, key: str) -> str:
    variant = item.get("variant_id") or child(item, "variant").get("id")
    return f"variant-{_number(variant)}" if variant else f"line-{key}"


def _number(told: object) -> str:
    """``gid://shopify/LineItem/17`` is number 17 of the REST API."""
    return (text(told) or "").rpartition("/")[2].partition("?")[0]


def _plain(node: Any) -> Any:
    """GraphQL's names and lists in the words of the REST API."""
    if isinstance(node, Mapping):
        for held in ("edges", "nodes"):
            inside = node.get(held)
            if isinstance(inside, list):
                return [_plain(each.get("node", each) if isinstance(each, Mapping) else each) for each in inside]
        return {_HUMP.sub("_", name).lower(): _plain(value) for name, value in node.items()}
    return [_plain(each) for each in node] if isinstance(node, list) else node


FORMAT: Final = Format(
    name=SOURCE,
    columns={shopify_csv.folded(name): name for name in shopify_csv.COLUMNS},
    required=shopify_csv.REQUIRED,
    order_column="Name",
    fold=shopify_csv.folded,
    key=shopify_csv.key,
    read=shopify_csv.read_order,
    refuses_unknown_columns=False,
    of_json=order_of,
)
