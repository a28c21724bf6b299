"""The *Online Retail* format of the UCI Machine Learning Repository: one row per line of a British shop's invoices.

Columns: InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country. Prices are GBP per
unit. The invoice date, London time, counts as placed, paid, shipped and delivered, and the payment is what the
invoice comes to. Postage rows (POST, DOT) become the order's postage, discount rows (D) its discount; other rows that
are no goods are refused by name, and so are rows without a price. The rest of an invoice is kept. An invoice whose
number begins with C is a return, not an order: ``returned_line`` reads it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from imports.shapes import Format, RefusedRow, Row
from models.errors import MoneyRefused, OrderInvalid
from models.money import to_minor, to_text
from models.orders import Customer, Discount, Order, OrderLine, Payment, ShipTo

CURRENCY: Final = "GBP"
LONDON: Final = ZoneInfo("Europe/London")

POSTAGE_CODES: Final = frozenset({"POST", "DOT"})
DISCOUNT_CODE: Final = "D"
NO_GOODS: Final = {
    "ADJUST": "an adjustment by hand",
    "ADJUST2": "an adjustment by hand",
    "AMAZONFEE": "a fee of the marketplace",
    "B": "a bad debt written off",
    "BANK CHARGES": "a charge of the bank",
    "C2": "carriage",
    "CRUK": "a commission paid to a charity",
    "M": "an entry by hand",
    "PADS": "padding that matches no goods",
    "S": "samples",
    "TEST001": "a test",
    "TEST002": "a test",
}

_WHOLE = re.compile(r"(-?[0-9]{1,9})(?:\.0+)?")
_MONTH_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d\d|\d{4}) (\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ T](\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)


class _Refused(ValueError):
    """A row is refused; the message is the reason"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedLine:
    """A line of a return invoice: what a customer brought back, and when."""

    line: int
    invoice: str
    sku: str
    quantity: int
    customer: str
    returned_at: datetime


@dataclass(slots=True)
class _Invoice:
    """What was gathered of one invoice so far."""

    order_no: str
    dates: list[datetime] = field(default_factory=list)
    goods: list[OrderLine] = field(default_factory=list)
    goods_rows: list[Row] = field(default_factory=list)
    extra_rows: list[Row] = field(default_factory=list)
    postage: int = 0
    discount: int = 0
    customer: str | None = None
    country: str | None = None


def read_invoice(order_no: str, rows: Sequence[Row | RefusedRow]) -> Iterator[Order | RefusedRow]:
    """The order of an invoice and the rows of it that cannot be kept, each with its reason."""
    invoice = _Invoice(order_no)
    for row in rows:
        if isinstance(row, RefusedRow):
            yield row
            continue
        try:
            _add(invoice, row)
        except (_Refused, MoneyRefused) as refused:
            yield RefusedRow(row.line, order_no, str(refused))
    yield from _finished(invoice)


def returned_line(row: Row) -> ReturnedLine | None:
    """The return that a row of goods on a C-invoice tells of, or None for any other row."""
    cells = row.cells
    invoice, sku = _number(cells.get("InvoiceNo", "")), cells.get("StockCode", "")
    if not invoice.upper().startswith("C") or not _is_goods(sku):
        return None
    try:
        quantity, at = _quantity(cells), _instant(cells.get("InvoiceDate", ""))
    except _Refused:
        return None
    customer = _number(cells.get("CustomerID", ""))
    if quantity >= 0 or not customer:
        return None
    return ReturnedLine(line=row.line, invoice=invoice, sku=sku, quantity=-quantity, customer=customer, returned_at=at)


# ── one row ───────────────────────────────────────────────────────────────────────────────────────


def _add(invoice: _Invoice, row: Row) -> None:
    if invoice.order_no.upper().startswith("C"):
        raise _Refused("a return (the invoice number begins with C) is no order; open a case for it instead")
    code = row.cells.get("StockCode", "")
    kind = code.upper()
    if kind in NO_GOODS:
        raise _Refused(f"{code} is {NO_GOODS[kind]}, not goods; enter it by hand if the order needs it")
    at = _instant(row.cells.get("InvoiceDate", ""))
    customer = _same_customer(invoice, row)
    if kind in POSTAGE_CODES:
        invoice.postage += _positive_amount(row, "postage")
        invoice.extra_rows.append(row)
    elif kind == DISCOUNT_CODE:
        invoice.discount += abs(_quantity(row.cells)) * _price(row.cells, "discount")
        invoice.extra_rows.append(row)
    else:
        invoice.goods.append(_goods_line(row, len(invoice.goods) + 1))
        invoice.goods_rows.append(row)
    invoice.dates.append(at)
    invoice.customer = customer or invoice.customer
    invoice.country = invoice.country or row.cells.get("Country")


def _same_customer(invoice: _Invoice, row: Row) -> str:
    customer = _number(row.cells.get("CustomerID", ""))
    if customer and invoice.customer and customer != invoice.customer:
        raise _Refused(f"CustomerID: is {customer} here and {invoice.customer} above; an invoice has one customer")
    return customer


def _goods_line(row: Row, line_no: int) -> OrderLine:
    cells = row.cells
    quantity = _sold(cells)
    try:
        return OrderLine(
            line_no=line_no,
            sku=cells.get("StockCode", ""),
            name=cells.get("Description", ""),
            unit_price=_price(cells, "price"),
            quantity=quantity,
        )
    except ValidationError as refused:
        first = refused.errors(include_url=False)[0]
        column = {
            "sku": "StockCode",
            "name": "Description",
            "unit_price": "UnitPrice",
            "quantity": "Quantity",
        }
        where = column.get(str(first["loc"][0]), "the row")
        raise _Refused(f"{where}: {first['msg'].removeprefix('Value error, ')}") from None


def _positive_amount(row: Row, what: str) -> int:
    return _sold(row.cells) * _price(row.cells, what)


# ── one invoice ───────────────────────────────────────────────────────────────────────────────────


def _finished(invoice: _Invoice) -> Iterator[Order | RefusedRow]:
    if not invoice.goods:
        for row in invoice.extra_rows:
            yield RefusedRow(row.line, invoice.order_no, "the invoice has no goods that this could belong to")
        return
    yield from _without_excess_discount(invoice)
    try:
        yield _order(invoice)
    except (OrderInvalid, ValidationError) as refused:
        reason = f"the invoice cannot be taken: {_told(refused)}"
        for row in sorted(invoice.goods_rows + invoice.extra_rows, key=lambda row: row.line):
            yield RefusedRow(row.line, invoice.order_no, reason)


def _without_excess_discount(invoice: _Invoice) -> Iterator[RefusedRow]:
    goods = sum(line.net for line in invoice.goods)
    if invoice.discount <= goods:
        return
    reason = f"a discount larger than the goods, which cost {to_text(goods, CURRENCY)}; correct it"
    discounts = [row for row in invoice.extra_rows if row.cells.get("StockCode", "").upper() == DISCOUNT_CODE]
    for row in discounts:
        yield RefusedRow(row.line, invoice.order_no, reason)
    invoice.discount = 0
    invoice.extra_rows = [row for row in invoice.extra_rows if row not in discounts]


def _order(invoice: _Invoice) -> Order:
    at = min(invoice.dates)
    goods = sum(line.net for line in invoice.goods)
    total = goods - invoice.discount + invoice.postage
    paid = Payment(payment_no="1", method="invoice", amount=total, paid_at=at)
    return Order(
        order_no=invoice.order_no,
        channel="online-retail",
        currency=CURRENCY,
        placed_at=at,
        paid_at=at,
        shipped_at=at,
        delivered_at=at,
        customer=Customer(id=invoice.customer, country=invoice.country),
        ship_to=ShipTo(zone="national" if invoice.country == "United Kingdom" else "overseas"),
        lines=tuple(invoice.goods),
        discounts=(Discount(code=DISCOUNT_CODE, amount=invoice.discount),) if invoice.discount else (),
        postage=invoice.postage,
        payments=(paid,) if total else (),
    )


def _told(refused: OrderInvalid | ValidationError) -> str:
    if isinstance(refused, OrderInvalid):
        return refused.detail
    first = refused.errors(include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg'].removeprefix('Value error, ')}"


# ── one cell ──────────────────────────────────────────────────────────────────────────────────────


def _is_goods(code: str) -> bool:
    kind = code.upper()
    return bool(kind) and kind not in NO_GOODS and kind not in POSTAGE_CODES and kind != DISCOUNT_CODE


def _number(text: str) -> str:
    """``12923.0`` is what a spreadsheet makes of customer 12923."""
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def _quantity(cells: Mapping[str, str]) -> int:
    text = cells.get("Quantity", "")
    whole = _WHOLE.fullmatch(text)
    if whole is None:
        raise _Refused(f"Quantity: {text[:40]!r} is not a whole number")
    return int(whole[1])


def _sold(cells: Mapping[str, str]) -> int:
    quantity = _quantity(cells)
    if quantity <= 0:
        raise _Refused(f"Quantity: {quantity} units cannot be sold; a return has an invoice number beginning with C")
    return quantity


def _price(cells: Mapping[str, str], what: str) -> int:
    text = cells.get("UnitPrice", "")
    try:
        price = to_minor(text, CURRENCY)
    except MoneyRefused as refused:
        raise _Refused(f"UnitPrice: {refused.detail}") from None
    if price <= 0:
        raise _Refused(f"UnitPrice: a {what} of {text} cannot have been paid; enter what was paid")
    return price


@lru_cache(maxsize=4096)
def _instant(text: str) -> datetime:
    """Either style of date, as an instant: ``12/1/10 8:26`` (month first) or ``2010-12-01 08:26:00``."""
    try:
        if found := _MONTH_FIRST.fullmatch(text):
            month, day, year, hour, minute, second = (int(part or 0) for part in found.groups())
        elif found := _YEAR_FIRST.fullmatch(text):
            year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
        else:
            raise ValueError
        century = 2000 if year < 100 else 0
        at = datetime(century + year, month, day, hour, minute, second, tzinfo=LONDON)
    except ValueError:
        raise _Refused(f"InvoiceDate: {text[:40]!r} is no date; write 2010-12-01 08:26:00") from None
    return at.astimezone(UTC)


def _folded(heading: str) -> str:
    return "".join(heading.split()).lower()


_COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)

FORMAT: Final = Format(
    name="online-retail",
    # The archive's second edition calls two columns otherwise.
    columns={_folded(name): name for name in _COLUMNS} | {"invoice": "InvoiceNo", "price": "UnitPrice"},
    required=("InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice"),
    order_column="InvoiceNo",
    fold=_folded,
    key=_number,
    read=read_invoice,
    refuses_unknown_columns=False,
)
