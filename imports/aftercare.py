"""The ``aftercare`` format: a flat form of an order, one row per order line, rows of an order anywhere in the file.

Required columns: order_no, currency, placed_at, sku, unit_price, quantity. Every other column may be absent.

===========  ==========================================================================================================
of the       columns
===========  ==========================================================================================================
order        order_no channel currency timezone placed_at paid_at shipped_at delivered_at customer_id customer_name
             phone email language country ship_name ship_phone address zone postage postage_discount postage_tax
             invoice_number invoice_kind
line         line_no sku name category unit_price quantity discount tax tax_included serials final_sale
discount     order_discount_code order_discount discount_funded_by discount_threshold
payment      payment_no payment_method payment_reference payment_amount payment_paid_at
shipment     shipment_no carrier waybill label_printed_at shipment_shipped_at shipment_delivered_at shipped_quantity
===========  ==========================================================================================================

- What belongs to the order may stand on one of its rows or on several; where two of them differ, both are named.
- Several discounts, payments or shipments are told apart by order_discount_code, payment_no and shipment_no and stand
  on one row each, or on several that agree. A row with no sku adds one of them without adding a line.
- Without line_no lines are numbered as they come. A row with line_no and no sku speaks of a line given elsewhere:
  that is how one line is put into two shipments, with shipped_quantity on each.
- A single shipment without any shipped_quantity holds the whole order, and the order's shipped_at and delivered_at
  are its own. Of several, each holds the lines on whose rows it stands.
- Amounts are decimal text in the order's currency (112.00); discount and tax are for the whole line.
- Times carry their offset (2026-10-05T09:30:00+08:00), or stand as 2026-10-05 09:30 in the zone named by timezone.
- tax_included and final_sale are yes or no; serials are separated by ``|``.
- Columns whose names begin with ``x_`` are the shop's own and are skipped; any other unknown column is refused.

A refused row refuses its whole order, and every row of it is named: an order with a line missing would be refunded
wrongly.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from imports.cells import CellRefused, optional_whole, read_cell, whole
from imports.shapes import Format, RefusedRow, Row
from models.errors import OrderInvalid
from models.orders import Order, parse_order

_ORDER: Final = {
    "order_no": "order_no",
    "channel": "channel",
    "currency": "currency",
    "timezone": "timezone",
    "placed_at": "placed_at",
    "paid_at": "paid_at",
    "shipped_at": "shipped_at",
    "delivered_at": "delivered_at",
    "customer_id": "customer.id",
    "customer_name": "customer.name",
    "phone": "customer.phone",
    "email": "customer.email",
    "language": "customer.language",
    "country": "customer.country",
    "ship_name": "ship_to.name",
    "ship_phone": "ship_to.phone",
    "address": "ship_to.address",
    "zone": "ship_to.zone",
    "postage": "postage",
    "postage_discount": "postage_discount",
    "postage_tax": "postage_tax",
    "invoice_number": "invoice.number",
    "invoice_kind": "invoice.kind",
}
_LINE: Final = {
    "line_no": "line_no",
    "sku": "sku",
    "name": "name",
    "category": "category",
    "unit_price": "unit_price",
    "quantity": "quantity",
    "discount": "discount",
    "tax": "tax",
    "tax_included": "tax_included",
    "serials": "serials",
    "final_sale": "final_sale",
}
_DISCOUNT: Final = {
    "order_discount_code": "code",
    "order_discount": "amount",
    "discount_funded_by": "funded_by",
    "discount_threshold": "threshold",
}
_PAYMENT: Final = {
    "payment_no": "payment_no",
    "payment_method": "method",
    "payment_reference": "reference",
    "payment_amount": "amount",
    "payment_paid_at": "paid_at",
}
_SHIPMENT: Final = {
    "shipment_no": "shipment_no",
    "carrier": "carrier",
    "waybill": "waybill",
    "label_printed_at": "label_printed_at",
    "shipment_shipped_at": "shipped_at",
    "shipment_delivered_at": "delivered_at",
}
_FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "order": _ORDER,
    "lines": _LINE,
    "discounts": _DISCOUNT,
    "payments": _PAYMENT,
    "shipments": _SHIPMENT,
}
_NUMBERED_BY: Final = {
    "discounts": "order_discount_code",
    "payments": "payment_no",
    "shipments": "shipment_no",
}
_KINDS: Final = {column: kind for kind, fields in _FIELDS.items() for column in fields} | {
    "shipped_quantity": "contents"
}
_TARGETS: Final = {
    column: ("", path) if "." not in path else (path.split(".")[0], path.split(".")[1])
    for fields in _FIELDS.values()
    for column, path in fields.items()
}
COLUMNS: Final = (*_ORDER, *_LINE, *_DISCOUNT, *_PAYMENT, *_SHIPMENT, "shipped_quantity")
"""Every column of the format."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """What a column says, and the line where it said so first."""

    text: str
    line: int


_Facts = dict[str, _Cell]


def read_order(order_no: str, rows: Sequence[Row | RefusedRow]) -> Iterator[Order | RefusedRow]:
    """The order that the rows describe, or every row refused: the guilty ones with their reasons."""
    draft = _Draft(order_no)
    for row in rows:
        if isinstance(row, RefusedRow):
            draft.refuse(row.line, row.reason)
        else:
            draft.gather(row)
    order = draft.finish()
    if order is not None:
        yield order
        return
    for row in rows:
        yield RefusedRow(row.line, order_no, draft.reason(row.line))


class _Draft:
    """An order while its rows are gathered: facts first, then the document, then the order."""

    def __init__(self, order_no: str) -> None:
        self._order_no = order_no
        self._facts: dict[str, dict[str, _Facts]] = {kind: {} for kind in _FIELDS}
        self._contents: list[tuple[Row, str, str]] = []
        self._reasons: dict[int, str] = {}

    # ── gathering ──

    def gather(self, row: Row) -> None:
        """Take in what a row says; a contradiction to an earlier row is noted."""
        told = _by_kind(row.cells)
        line_key = str(row.line) if _is_line(told) else ""
        for kind in _FIELDS:
            cells = told.get(kind)
            if cells and (kind != "lines" or line_key):
                number = _NUMBERED_BY.get(kind)
                self._note(kind, cells.get(number, "") if number else line_key if kind == "lines" else "", cells, row)
        if "shipments" in told or "contents" in told:
            self._contents.append((row, line_key, row.cells.get("shipment_no", "")))

    def _note(self, kind: str, key: str, cells: Mapping[str, str], row: Row) -> None:
        facts = self._facts[kind].setdefault(key, {})
        for column, text in cells.items():
            known = facts.get(column)
            if known is None:
                facts[column] = _Cell(text, row.line)
            elif known.text != text:
                self.refuse(row.line, _differs(column, text, known, _NUMBERED_BY.get(kind)))

    def refuse(self, line: int, reason: str) -> None:
        """Note why a line is refused; the first reason is the one that is told."""
        self._reasons.setdefault(line, reason)

    def reason(self, line: int) -> str:
        """Why a line of a refused order was not taken."""
        guilty = next(iter(self._reasons))
        return self._reasons.get(line) or f"left out with its order, of which line {guilty} was refused; mend that one"

    # ── finishing ──

    def finish(self) -> Order | None:
        """The order, or None when any of its rows was refused."""
        for kind, number in _NUMBERED_BY.items():
            self._join_unnumbered(kind, number)
        if self._reasons:
            return None
        document, rows = self._document()
        if self._reasons:
            return None
        try:
            return parse_order(document)
        except OrderInvalid as refused:
            for error in refused.errors:
                self._refuse_field(error, rows)
            return None

    def _join_unnumbered(self, kind: str, number: str) -> None:
        """What stands without a number belongs to the only one that has one; with several, it must say to which."""
        named = [key for key in self._facts[kind] if key]
        loose = self._facts[kind].pop("", {}) if named else {}
        for column, cell in loose.items():
            if len(named) > 1:
                self.refuse(
                    cell.line, f"{number}: is empty, and the order has several; say which one this row is about"
                )
                continue
            known = self._facts[kind][named[0]].setdefault(column, cell)
            if known.text != cell.text:
                self.refuse(cell.line, _differs(column, cell.text, known, number))

    def _document(self) -> tuple[dict[str, Any], dict[str, list[_Facts]]]:
        zone = self._zone()
        groups = {kind: list(self._facts[kind].values()) for kind in _FIELDS}
        head = self._filled("order", groups["order"][0], zone) | {"order_no": self._order_no}
        head.pop("timezone", None)
        parts = {
            kind: [self._filled(kind, facts, zone) for facts in groups[kind]] for kind in _FIELDS if kind != "order"
        }
        self._number(parts)
        self._fill_shipments(head, parts)
        return head | parts, groups

    def _zone(self) -> ZoneInfo | None:
        cell = self._facts["order"][""].get("timezone")
        if cell is None:
            return None
        try:
            return ZoneInfo(cell.text)
        except (KeyError, ValueError, OSError):
            self.refuse(cell.line, f"timezone: {cell.text[:40]!r} is not known; write one such as Asia/Shanghai")
            return None

    def _filled(self, kind: str, facts: _Facts, zone: ZoneInfo | None) -> dict[str, Any]:
        part: dict[str, Any] = {}
        for column, cell in facts.items():
            try:
                value = read_cell(column, cell.text, zone)
            except CellRefused as refused:
                self.refuse(cell.line, f"{column}: {refused}")
                continue
            group, name = _TARGETS[column]
            (part.setdefault(group, {}) if group else part)[name] = value
        return part

    def _number(self, parts: Mapping[str, list[dict[str, Any]]]) -> None:
        """Give numbers to lines, payments and shipments that came without."""
        for position, line in enumerate(parts["lines"], 1):
            line.setdefault("line_no", position)
        for position, payment in enumerate(parts["payments"], 1):
            payment.setdefault("payment_no", str(position))
        for position, shipment in enumerate(parts["shipments"], 1):
            shipment.setdefault("shipment_no", str(position))

    def _fill_shipments(self, head: dict[str, Any], parts: Mapping[str, list[dict[str, Any]]]) -> None:
        """Say which lines each shipment holds; a single one without quantities holds all, on the order's dates."""
        shipments = dict(zip(self._facts["shipments"], parts["shipments"], strict=True))
        only = next(iter(shipments.values()), None)
        if only is not None and len(shipments) == 1:
            for date in ("shipped_at", "delivered_at"):
                if date in head:
                    only.setdefault(date, head[date])
            if not any("shipped_quantity" in row.cells for row, _, _ in self._contents):
                return
        lines = dict(zip(self._facts["lines"], parts["lines"], strict=True))
        for row, line_key, shipment_no in self._contents:
            shipment = shipments.get(shipment_no) or (only if len(shipments) == 1 else None)
            self._put_in(shipment, row, lines.get(line_key))

    def _put_in(self, shipment: dict[str, Any] | None, row: Row, line: Mapping[str, Any] | None) -> None:
        try:
            if shipment is None:
                raise CellRefused("give the shipment_no, carrier or waybill that it is about")
            text = row.cells.get("shipped_quantity")
            line_no = line["line_no"] if line else optional_whole(row.cells.get("line_no"))
            quantity = whole(text) if text else line.get("quantity") if line else None
            if line_no is None and text is None:
                return
            if line_no is None or quantity is None:
                raise CellRefused("say which line by line_no, and how many units of it by shipped_quantity")
            shipment.setdefault("lines", []).append({"line_no": line_no, "quantity": quantity})
        except CellRefused as refused:
            self.refuse(row.line, f"shipped_quantity: {refused}")

    def _refuse_field(self, error: Mapping[str, str], groups: Mapping[str, list[_Facts]]) -> None:
        kind, index, field = _place(error["field"])
        facts = groups[kind][index] if index < len(groups.get(kind, ())) else {}
        column = next((column for column, path in _FIELDS.get(kind, {}).items() if path == field), field)
        cell = facts.get(column)
        first = min((known.line for known in (facts or groups["order"][0]).values()), default=0)
        message = "is empty; fill it in" if error["message"] == "Field required" else error["message"]
        self.refuse(cell.line if cell else first, f"{column}: {message}" if column else message)


def _by_kind(cells: Mapping[str, str]) -> dict[str, dict[str, str]]:
    told: dict[str, dict[str, str]] = {}
    for column, text in cells.items():
        told.setdefault(_KINDS[column], {})[column] = text
    return told


def _is_line(told: Mapping[str, Mapping[str, str]]) -> bool:
    only_number = list(told.get("lines", ())) == ["line_no"]
    return "lines" in told and not (only_number and ("shipments" in told or "contents" in told))


def _place(path: str) -> tuple[str, int, str]:
    """``lines.2.sku`` as its kind, index and field; anything else belongs to the order."""
    kind, _, rest = path.partition(".")
    index, _, field = rest.partition(".")
    if kind in _FIELDS and index.isdigit():
        return kind, int(index), field
    return "order", 0, path


def _differs(column: str, text: str, known: _Cell, number: str | None) -> str:
    apart = f", or tell the two apart by {number}" if number else ""
    return f"{column}: is {text[:60]!r} here and {known.text[:60]!r} on line {known.line}; make them the same{apart}"


def _folded(heading: str) -> str:
    return "_".join(heading.replace("-", " ").replace("_", " ").lower().split())


FORMAT: Final = Format(
    name="aftercare",
    columns={name: name for name in COLUMNS},
    required=("order_no", "currency", "placed_at", "sku", "unit_price", "quantity"),
    order_column="order_no",
    fold=_folded,
    key=str.strip,
    read=read_order,
    refuses_unknown_columns=True,
)
