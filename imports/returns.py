"""The returns in an *Online Retail* file whose purchase is in the same file: what the demo opens cases for."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from imports.formats import FORMATS
from imports.header import filled_cells, match_header
from imports.online_retail import ReturnedLine, returned_line
from imports.reading import open_table
from imports.run import read_orders
from imports.shapes import Row
from models.orders import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedReturn:
    """Units that came back, and the order line they were bought on."""

    order_no: str
    line_no: int
    quantity: int
    invoice: str
    sku: str
    customer: str
    returned_at: datetime


@dataclass(slots=True)
class _Purchase:
    order_no: str
    line_no: int
    at: datetime
    left: int


_Wanted = dict[tuple[str, str], list[_Purchase]]


def returned_lines(stream: BinaryIO, filename: str) -> list[ReturnedLine]:
    """Every line of goods on an invoice whose number begins with C, earliest first."""
    fmt = FORMATS["online-retail"]
    with open_table(stream, filename) as table:
        columns = match_header(fmt, table.header)
        found = [
            returned
            for raw in table.rows
            if not raw.problem and (returned := returned_line(Row(raw.line, filled_cells(columns, raw.cells))))
        ]
    return sorted(found, key=lambda returned: (returned.returned_at, returned.line))


def returns_with_purchase(stream: BinaryIO, filename: str) -> list[PairedReturn]:
    """Pair each return with the latest purchase before it that has enough left: same customer, same stock code.

    The stream is read twice and must be seekable.
    """
    returned = returned_lines(stream, filename)
    wanted: _Wanted = defaultdict(list)
    for each in returned:
        wanted[each.customer, each.sku] = []
    stream.seek(0)
    for order in read_orders(stream, "online-retail", filename):
        if isinstance(order, Order):
            _keep_wanted(order, wanted)
    return [pair for each in returned if (pair := _paired(each, wanted))]


def _keep_wanted(order: Order, wanted: _Wanted) -> None:
    for line in order.lines:
        purchases = wanted.get((order.customer.id or "", line.sku))
        if purchases is not None:
            purchases.append(_Purchase(order.order_no, line.line_no, order.placed_at, line.quantity))


def _paired(returned: ReturnedLine, wanted: _Wanted) -> PairedReturn | None:
    purchases = wanted[returned.customer, returned.sku]
    possible = [each for each in purchases if each.at <= returned.returned_at and each.left >= returned.quantity]
    if not possible:
        return None
    latest = max(possible, key=lambda purchase: purchase.at)
    latest.left -= returned.quantity
    return PairedReturn(
        order_no=latest.order_no,
        line_no=latest.line_no,
        quantity=returned.quantity,
        invoice=returned.invoice,
        sku=returned.sku,
        customer=returned.customer,
        returned_at=returned.returned_at,
    )
