"""What a customer bought: the order inside (amounts in minor units) and the order on the wire (amounts as text).

``OrderDocument`` is what other programs send and get; ``Order`` is what the rules work with. The functions at the
foot are the only way from one to the other, and they lose nothing.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from models.errors import MoneyRefused, OrderInvalid
from models.money import LARGEST, exponent, to_minor, to_text

Parcel = Literal["unprinted", "printed", "gone", "delivered"]

# ── what a field may hold ─────────────────────────────────────────────────────────────────────────

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)
_MONEY_NAMES = {"unit_price", "discount", "tax", "amount", "threshold", "postage", "postage_discount", "postage_tax"}


def _plain(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("control characters and broken Unicode are not taken; send plain text")
    return text


def _one_line(text: str) -> str:
    if "\n" in text or "\r" in text or "\t" in text:
        raise ValueError("must be one line without tabs")
    return text.strip()


def _known_currency(code: str) -> str:
    try:
        exponent(code)
    except MoneyRefused as refused:
        raise ValueError(refused.detail) from None
    return code


def _only_text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError('an amount is written as text such as "112.00", never as a number')
    return value


def _only_instant(value: object) -> object:
    # Pydantic would take a number, or text that is one, for seconds since 1970.
    if isinstance(value, datetime) or (isinstance(value, str) and _INSTANT.fullmatch(value)):
        return value
    raise ValueError('a time is written with its offset, such as "2026-03-02T10:15:00+08:00"')


def _to_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time needs its offset from UTC")
    if not 1970 <= at.year <= 2200:
        raise ValueError("a time must lie between the years 1970 and 2200")
    return at.astimezone(UTC)


Name = Annotated[str, Field(max_length=200), AfterValidator(_plain)]
LongText = Annotated[str, Field(max_length=500), AfterValidator(_plain)]
Code = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_plain), AfterValidator(_one_line)]
CurrencyCode = Annotated[str, Field(min_length=3, max_length=3), AfterValidator(_known_currency)]
Instant = Annotated[datetime, BeforeValidator(_only_instant), AfterValidator(_to_utc)]
Minor = Annotated[int, Field(strict=True, ge=0, le=LARGEST)]
LineNo = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
MoneyText = Annotated[
    str,
    BeforeValidator(_only_text),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]+)?$", "examples": ["112.00"]}),
]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


# ── parts that hold no money: the same inside and on the wire ─────────────────────────────────────


class Customer(_Value):
    """Who bought. Nothing of it is required, since many channels tell little."""

    id: Name | None = None
    name: Name | None = None
    phone: Name | None = None
    email: LongText | None = None
    language: Name | None = None
    country: Name | None = None


class ShipTo(_Value):
    """Where it went; ``zone`` names a row of the freight rates."""

    name: Name | None = None
    phone: Name | None = None
    address: LongText | None = None
    zone: Name | None = None


class Invoice(_Value):
    """The invoice that went with the order; without one a case has no invoice step (G9)."""

    number: Code
    kind: Name | None = None


class ShippedLine(_Value):
    """How many units of a line are in a shipment."""

    line_no: LineNo
    quantity: Quantity


class Shipment(_Value):
    """One parcel; without ``lines`` it holds the whole order."""

    shipment_no: Code
    carrier: Name | None = None
    waybill: Name | None = None
    label_printed_at: Instant | None = None
    shipped_at: Instant | None = None
    delivered_at: Instant | None = None
    lines: tuple[ShippedLine, ...] = ()

    @property
    def parcel(self) -> Parcel | None:
        """How far it is on its way, or None while nothing was reported of it."""
        if self.delivered_at:
            return "delivered"
        if self.shipped_at:
            return "gone"
        return "printed" if self.label_printed_at else None

    def carries(self, line_no: int) -> bool:
        """Whether any unit of the line is in it."""
        return not self.lines or any(line.line_no == line_no for line in self.lines)


class _LineFacts(_Value):
    line_no: LineNo
    sku: Code
    name: Name = ""
    category: Name | None = None
    quantity: Quantity
    tax_included: bool = False
    serials: tuple[Name, ...] = ()
    final_sale: bool = False


class _PaymentFacts(_Value):
    payment_no: Code
    method: Name = "other"
    reference: Name | None = None
    paid_at: Instant | None = None


class _DiscountFacts(_Value):
    code: Name = ""
    funded_by: Literal["shop", "platform"] = "shop"


class _OrderFacts(_Value):
    order_no: Code
    channel: Name = "shop"
    currency: CurrencyCode
    placed_at: Instant
    paid_at: Instant | None = None
    shipped_at: Instant | None = None
    delivered_at: Instant | None = None
    customer: Customer = Customer()
    ship_to: ShipTo = ShipTo()
    invoice: Invoice | None = None
    shipments: tuple[Shipment, ...] = ()


# ── inside: amounts in minor units ────────────────────────────────────────────────────────────────


class OrderLine(_LineFacts):
    """``discount`` and ``tax`` are for the whole line; ``unit_price`` is before both."""

    unit_price: Minor
    discount: Minor = 0
    tax: Minor = 0

    @property
    def net(self) -> int:
        """The line's price less its own discount: the weight by which an order's discount is split (F13)."""
        return self.unit_price * self.quantity - self.discount


class Discount(_DiscountFacts):
    """A discount on the whole order, and the order value it depends on (F21)."""

    amount: Minor
    threshold: Minor | None = None


class Payment(_PaymentFacts):
    """Money that was taken for the order."""

    amount: Minor


class Order(_OrderFacts):
    """An order as it was bought and paid; refuses with ``OrderInvalid`` what contradicts itself."""

    lines: tuple[OrderLine, ...] = Field(min_length=1, max_length=5_000)
    discounts: tuple[Discount, ...] = Field(default=(), max_length=100)
    postage: Minor = 0
    postage_discount: Minor = 0
    postage_tax: Minor = 0
    payments: tuple[Payment, ...] = Field(default=(), max_length=100)

    def model_post_init(self, _context: object) -> None:
        errors = list(_contradictions(self))
        if errors:
            raise _invalid(errors)

    def line(self, line_no: int) -> OrderLine | None:
        """The line of that number, if there is one."""
        return next((line for line in self.lines if line.line_no == line_no), None)

    @property
    def total(self) -> int:
        """What the order came to by its lines, discounts, postage and tax."""
        goods = sum(line.net + (0 if line.tax_included else line.tax) for line in self.lines)
        postage = self.postage - self.postage_discount + self.postage_tax
        return goods - sum(discount.amount for discount in self.discounts) + postage

    @property
    def total_paid(self) -> int:
        """What the payments took."""
        return sum(payment.amount for payment in self.payments)

    @property
    def free_shipping(self) -> bool:
        """Whether the customer paid no postage (the second column of the table in section 4)."""
        return self.postage - self.postage_discount + self.postage_tax == 0

    @property
    def arrived_at(self) -> datetime | None:
        """When all of it was with the customer: as the order says, else when the last shipment was delivered.

        Units that are in no shipment yet have not arrived.
        """
        if self.delivered_at or not self.shipments:
            return self.delivered_at
        times = [shipment.delivered_at for shipment in self.shipments]
        arrived = all(times) and all(self._is_shipped(line) for line in self.lines)
        return max(at for at in times if at) if arrived else None

    def _is_shipped(self, line: OrderLine) -> bool:
        """Whether the shipments hold all units of a line; one without lines holds whatever the order has."""
        if any(not shipment.lines for shipment in self.shipments):
            return True
        parts = (part for shipment in self.shipments for part in shipment.lines if part.line_no == line.line_no)
        return sum(part.quantity for part in parts) >= line.quantity


def parcel(order: Order, line_nos: Iterable[int]) -> Parcel:
    """How far the least advanced parcel of these lines is; all lines when none are named (L7, L13).

    The order's own dates count where there are no shipments, or where nothing was reported of any of them.
    """
    known = any(shipment.parcel for shipment in order.shipments)
    if not known:
        return "delivered" if order.delivered_at else "gone" if order.shipped_at else "unprinted"
    stages: list[Parcel] = []
    for line_no in set(line_nos) or {line.line_no for line in order.lines}:
        carrying = [shipment for shipment in order.shipments if shipment.carries(line_no)]
        stages += [shipment.parcel or "unprinted" for shipment in carrying] or ["unprinted"]
    return min(stages, key=("unprinted", "printed", "gone", "delivered").index)


# ── on the wire: amounts as text ──────────────────────────────────────────────────────────────────


class LineDocument(_LineFacts):
    """A line as it is sent; ``discount`` and ``tax`` are for the whole line, ``unit_price`` is before both."""

    unit_price: MoneyText
    discount: MoneyText = "0"
    tax: MoneyText = "0"


class DiscountDocument(_DiscountFacts):
    """A discount on the whole order as it is sent."""

    amount: MoneyText
    threshold: MoneyText | None = None


class PaymentDocument(_PaymentFacts):
    """A payment as it is sent."""

    amount: MoneyText


_EXAMPLE: dict[str, Any] = {
    "order_no": "20260302-0017",
    "channel": "shop",
    "currency": "CNY",
    "placed_at": "2026-03-02T10:15:00+08:00",
    "paid_at": "2026-03-02T10:16:30+08:00",
    "customer": {"id": "c-88", "name": "王小明", "phone": "13800138000", "language": "zh-CN", "country": "CN"},
    "ship_to": {"name": "王小明", "phone": "13800138000", "address": "杭州市西湖区文三路 1 号", "zone": "province"},
    "lines": [
        {"line_no": 1, "sku": "KETTLE-17", "name": "电热水壶 1.7 L", "unit_price": "129.00", "quantity": 2},
        {"line_no": 2, "sku": "CUP-04", "name": "陶瓷杯", "unit_price": "19.90", "quantity": 4, "discount": "9.60"},
    ],
    "discounts": [{"code": "SPRING", "amount": "20.00", "funded_by": "shop", "threshold": "300.00"}],
    "postage": "10.00",
    "payments": [
        {
            "payment_no": "P1",
            "method": "alipay",
            "reference": "2026030222001",
            "amount": "318.00",
            "paid_at": "2026-03-02T10:16:30+08:00",
        }
    ],
    "shipments": [
        {
            "shipment_no": "S1",
            "carrier": "sf",
            "waybill": "SF1029384756",
            "shipped_at": "2026-03-02T17:40:00+08:00",
            "delivered_at": "2026-03-04T11:05:00+08:00",
            "lines": [{"line_no": 1, "quantity": 2}, {"line_no": 2, "quantity": 4}],
        }
    ],
}


class OrderDocument(_OrderFacts):
    """An order as other programs send and get it: money as text in the order's currency, times with their offset."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    lines: tuple[LineDocument, ...] = Field(min_length=1, max_length=5_000)
    discounts: tuple[DiscountDocument, ...] = Field(default=(), max_length=100)
    postage: MoneyText = "0"
    postage_discount: MoneyText = "0"
    postage_tax: MoneyText = "0"
    payments: tuple[PaymentDocument, ...] = Field(default=(), max_length=100)


def parse_order(data: object) -> Order:
    """Read an order from decoded JSON; ``OrderInvalid.errors`` names every field that is wrong, as lines.0.sku."""
    try:
        document = OrderDocument.model_validate(data)
    except ValidationError as refused:
        raise _invalid(_field_errors(refused)) from None
    return document_to_order(document)


def document_to_order(document: OrderDocument) -> Order:
    """The order that a document means, with its amounts in minor units of its currency."""
    errors: list[dict[str, str]] = []
    minor = _amounts(document.model_dump(), lambda text: to_minor(text, document.currency), errors)
    if errors:
        raise _invalid(errors)
    try:
        return Order.model_validate(minor)
    except ValidationError as refused:
        raise _invalid(_field_errors(refused)) from None


def order_to_document(order: Order) -> dict[str, Any]:
    """The order as JSON in the contract's form; what was never given is left out, nothing else is."""
    dumped = order.model_dump(exclude_none=True)
    documented: dict[str, Any] = _amounts(dumped, lambda minor: to_text(minor, order.currency), [])
    return OrderDocument.model_validate(documented).model_dump(mode="json", exclude_none=True)


# ── how ───────────────────────────────────────────────────────────────────────────────────────────


def _amounts(node: Any, convert: Callable[[Any], Any], errors: list[dict[str, str]], path: str = "") -> Any:
    """Copy a document with every amount in it converted; what cannot be is added to the errors by its path."""
    if isinstance(node, Mapping):
        return {key: _amount(node[key], key, convert, errors, f"{path}{key}") for key in node}
    if isinstance(node, list | tuple):
        return [_amounts(item, convert, errors, f"{path}{index}.") for index, item in enumerate(node)]
    return node


def _amount(value: Any, name: str, convert: Callable[[Any], Any], errors: list[dict[str, str]], path: str) -> Any:
    if name not in _MONEY_NAMES or value is None:
        return _amounts(value, convert, errors, f"{path}.")
    try:
        return convert(value)
    except MoneyRefused as refused:
        errors.append({"field": path, "message": refused.detail})
        return None


def _contradictions(order: Order) -> Iterator[dict[str, str]]:
    yield from _repeated("lines", "line_no", [line.line_no for line in order.lines])
    yield from _repeated("payments", "payment_no", [payment.payment_no for payment in order.payments])
    yield from _repeated("shipments", "shipment_no", [shipment.shipment_no for shipment in order.shipments])
    yield from _line_contradictions(order)
    yield from _total_contradictions(order)
    known = {line.line_no for line in order.lines}
    for s, shipment in enumerate(order.shipments):
        for n, shipped in enumerate(shipment.lines):
            if shipped.line_no not in known:
                yield _error(f"shipments.{s}.lines.{n}.line_no", f"the order has no line {shipped.line_no}")


def _line_contradictions(order: Order) -> Iterator[dict[str, str]]:
    for i, line in enumerate(order.lines):
        if line.net < 0:
            yield _error(f"lines.{i}.discount", "takes more off than the line costs")
        elif line.tax_included and line.tax > line.net:
            yield _error(f"lines.{i}.tax", "is included in the price and yet larger than it")
        if line.unit_price * line.quantity > LARGEST:
            yield _error(f"lines.{i}.unit_price", "comes to more than any amount handled here")
        if len(line.serials) > line.quantity:
            yield _error(f"lines.{i}.serials", "names more units than the line has")


def _total_contradictions(order: Order) -> Iterator[dict[str, str]]:
    if sum(discount.amount for discount in order.discounts) > sum(max(line.net, 0) for line in order.lines):
        yield _error("discounts", "take more off than the goods cost; postage given away is postage_discount")
    if order.postage_discount > order.postage:
        yield _error("postage_discount", "takes more off than the postage is")
    if order.total > LARGEST:
        yield _error("lines", "come to more than any amount handled here")


def _repeated(where: str, name: str, values: list[Any]) -> Iterator[dict[str, str]]:
    seen: set[Any] = set()
    for i, value in enumerate(values):
        if value in seen:
            yield _error(f"{where}.{i}.{name}", f"{value} is there twice")
        seen.add(value)


def _error(field: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message}


def _field_errors(refused: ValidationError) -> list[dict[str, str]]:
    found = refused.errors(include_url=False, include_context=False, include_input=False)
    deeper = {error["loc"][0] for error in found if len(error["loc"]) > 1}
    # A list whose items were refused is also reported as too short, which would only mislead.
    told = [error for error in found if error["type"] != "too_short" or error["loc"][0] not in deeper]
    return [_error(_path(error["loc"]), _message(error["type"], error["msg"])) for error in told]


def _message(kind: str, text: str) -> str:
    return "must be a JSON object" if kind == "model_type" else text.removeprefix("Value error, ")


def _path(loc: tuple[int | str, ...]) -> str:
    # An unknown field may be called anything; its name must survive being written as UTF-8.
    return ".".join(str(part) for part in loc).encode("utf-8", "backslashreplace").decode()[:200]


def _invalid(errors: list[dict[str, str]]) -> OrderInvalid:
    first = f"{errors[0]['field']}: {errors[0]['message']}" if errors[0]["field"] else errors[0]["message"]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return OrderInvalid(f"{first}{more}", errors)
