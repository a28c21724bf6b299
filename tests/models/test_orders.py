"""Orders as they come in and go out."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import OrderInvalid
from models.orders import OrderDocument, document_to_order, order_to_document, parcel, parse_order

TEA: dict[str, Any] = OrderDocument.model_json_schema()["examples"][0]


def tea(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(TEA), **changes}


def line(**changes: Any) -> dict[str, Any]:
    return {"line_no": 1, "sku": "TEAPOT", "unit_price": "40.00", "quantity": 2, **changes}


def refused(data: object) -> dict[str, str]:
    with pytest.raises(OrderInvalid) as caught:
        parse_order(data)
    return {error["field"]: error["message"] for error in caught.value.errors}


def test_the_example_in_the_api_docs_is_an_order() -> None:
    order = parse_order(TEA)
    assert order.total == order.total_paid == 31800  # 2 × 129.00 + 4 × 19.90 − 9.60 − 20.00 + 10.00
    assert order.placed_at == datetime(2026, 3, 2, 2, 15, tzinfo=UTC)
    assert order.customer.name == "王小明"


def test_an_order_goes_out_as_it_came_in() -> None:
    document = order_to_document(parse_order(TEA))
    assert document["lines"][1]["discount"] == "9.60"
    assert document["placed_at"] == "2026-03-02T02:15:00Z"
    assert "invoice" not in document
    assert parse_order(document) == parse_order(TEA)
    assert order_to_document(parse_order(document)) == document


def test_a_document_that_was_checked_elsewhere_becomes_the_same_order() -> None:
    assert document_to_order(OrderDocument.model_validate(TEA)) == parse_order(TEA)


AMOUNTS = st.integers(0, 10**8).map(lambda minor: f"{minor // 100}.{minor % 100:02d}")
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)


@given(AMOUNTS, AMOUNTS, TEXTS, st.lists(TEXTS, max_size=2), st.booleans())
def test_nothing_that_was_given_is_lost(price: str, tax: str, name: str, serials: list[str], final: bool) -> None:
    lines = [line(unit_price=price, tax=tax, name=name, serials=serials, final_sale=final, category="茶具")]
    invoice = {"number": "发票-7", "kind": "electronic"}
    data = tea(lines=lines, discounts=[], shipments=[], invoice=invoice)
    out = order_to_document(parse_order(data))
    assert out["invoice"] == invoice
    assert out["customer"] == TEA["customer"]
    given_line = {**lines[0], "unit_price": price, "discount": "0.00", "tax_included": False}
    assert out["lines"] == [given_line]


@pytest.mark.parametrize(
    ("name", "price"), [("café ☕", "1"), ("شاي", "1.0"), ("茶壶 🫖", "0"), ("two\nlines\tand a tab", "1")]
)
def test_every_script_is_welcome(name: str, price: str) -> None:
    order = parse_order(tea(lines=[line(name=name, unit_price=price)], discounts=[], shipments=[]))
    assert order.lines[0].name == name


@pytest.mark.parametrize("bad", ["\x00", "a\x07b", "\x1b[31mred", "\x7f", "\ud800"])
def test_control_characters_and_broken_unicode_are_refused(bad: str) -> None:
    assert set(refused(tea(customer={"name": bad}))) == {"customer.name"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lines": [line(unit_price=40.0)]}, "lines.0.unit_price"),
        ({"lines": [line(unit_price=40)]}, "lines.0.unit_price"),
        ({"lines": [line(unit_price="40.001")]}, "lines.0.unit_price"),
        ({"lines": [line(unit_price="-40")]}, "lines.0.unit_price"),
        ({"lines": [line(unit_price="1" + "0" * 13)]}, "lines.0.unit_price"),
        ({"lines": [line(quantity=0)]}, "lines.0.quantity"),
        ({"lines": [line(quantity=1.5)]}, "lines.0.quantity"),
        ({"lines": [line(quantity=True)]}, "lines.0.quantity"),
        ({"lines": [line(quantity="2")]}, "lines.0.quantity"),
        ({"lines": [line(sku="")]}, "lines.0.sku"),
        ({"lines": [line(sku="TEA\nPOT")]}, "lines.0.sku"),
        ({"lines": [line(colour="red")]}, "lines.0.colour"),
        ({"lines": [line(), line()]}, "lines.1.line_no"),
        ({"lines": [line(discount="80.01")]}, "lines.0.discount"),
        ({"lines": [line(tax="80.01", tax_included=True)]}, "lines.0.tax"),
        ({"lines": [line(serials=["A", "B", "C"])]}, "lines.0.serials"),
        ({"lines": [line(unit_price="900000000000", quantity=1_000_000)]}, "lines.0.unit_price"),
        ({"lines": []}, "lines"),
        ({"discounts": [{"amount": "80.01"}]}, "discounts"),
        ({"postage": "5", "postage_discount": "5.01"}, "postage_discount"),
        ({"payments": [{"payment_no": "P", "amount": "1"}] * 2}, "payments.1.payment_no"),
        (
            {"shipments": [{"shipment_no": "S", "lines": [{"line_no": 9, "quantity": 1}]}]},
            "shipments.0.lines.0.line_no",
        ),
        ({"currency": "RMB"}, "currency"),
        ({"order_no": "  "}, "order_no"),
        ({"order_no": "x" * 101}, "order_no"),
        ({"customer": {"name": "x" * 201}}, "customer.name"),
        ({"placed_at": "2026-03-02T10:15:00"}, "placed_at"),  # no offset
        ({"placed_at": "2026-02-30T10:15:00Z"}, "placed_at"),
        ({"placed_at": "1772417700"}, "placed_at"),
        ({"placed_at": 1772417700}, "placed_at"),
        ({"placed_at": "0001-01-01T00:00:00+14:00"}, "placed_at"),
        ({"placed_at": "9999-12-31T23:59:59-14:00"}, "placed_at"),
        ({"paid_for": True}, "paid_for"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(changes: dict[str, Any], field: str) -> None:
    base = {"lines": [line()], "discounts": [], "shipments": []}
    errors = refused(tea(**{**base, **changes}))
    assert field in errors
    assert all(message for message in errors.values())


@pytest.mark.parametrize("data", [None, [], "order", 7, {}, {"\ud800": 1}])
def test_what_is_no_order_at_all_is_refused(data: object) -> None:
    told = "".join(f"{field}: {message}" for field, message in refused(data).items())
    assert told.encode()
    assert "Document" not in told


def test_all_errors_are_told_at_once_and_the_first_in_the_sentence() -> None:
    with pytest.raises(OrderInvalid) as caught:
        parse_order(tea(lines=[line(unit_price=1.5), line(line_no=2, sku="")], currency="RMB"))
    assert [error["field"] for error in caught.value.errors] == ["currency", "lines.0.unit_price", "lines.1.sku"]
    assert caught.value.detail.startswith("currency: ")
    assert caught.value.detail.endswith("(and 2 more)")
    assert caught.value.as_problem()["errors"] == caught.value.errors


@pytest.mark.parametrize(
    ("postage", "given_away", "tax", "free"),
    [("10", "0", "0", False), ("10", "10", "0", True), ("0", "0", "0", True), ("10", "9.99", "0", False)],
)
def test_shipping_is_free_when_the_customer_paid_no_postage(
    postage: str, given_away: str, tax: str, free: bool
) -> None:
    assert parse_order(tea(postage=postage, postage_discount=given_away, postage_tax=tax)).free_shipping is free


def two_parcels(first: dict[str, str], second: dict[str, str], **dates: str) -> dict[str, Any]:
    lines = [line(), line(line_no=2, sku="CUP")]
    shipments = [
        {"shipment_no": "S1", "lines": [{"line_no": 1, "quantity": 2}], **first},
        {"shipment_no": "S2", "lines": [{"line_no": 2, "quantity": 2}], **second},
    ]
    return tea(lines=lines, discounts=[], shipments=shipments, **dates)


AT = "2026-03-03T09:00:00Z"


@pytest.mark.parametrize(
    ("second", "stage"),
    [
        ({}, "unprinted"),
        ({"label_printed_at": AT}, "printed"),
        ({"label_printed_at": AT, "shipped_at": AT}, "gone"),
        ({"shipped_at": AT, "delivered_at": AT}, "delivered"),
    ],
)
def test_the_least_advanced_parcel_counts(second: dict[str, str], stage: str) -> None:
    order = parse_order(two_parcels({"delivered_at": AT}, second))
    assert parcel(order, [1]) == "delivered"
    assert parcel(order, [2]) == parcel(order, [1, 2]) == parcel(order, []) == stage


@pytest.mark.parametrize(
    ("dates", "stage"),
    [({}, "unprinted"), ({"shipped_at": AT}, "gone"), ({"shipped_at": AT, "delivered_at": AT}, "delivered")],
)
def test_the_orders_own_dates_count_where_no_parcel_says_more(dates: dict[str, str], stage: str) -> None:
    assert parcel(parse_order(tea(shipments=[], **dates)), [1]) == stage
    assert parcel(parse_order(two_parcels({}, {}, **dates)), [1, 2]) == stage


def test_an_order_has_arrived_with_its_last_parcel() -> None:
    later = "2026-03-05T09:00:00Z"
    assert parse_order(two_parcels({"delivered_at": AT}, {})).arrived_at is None
    assert parse_order(two_parcels({"delivered_at": later}, {"delivered_at": AT})).arrived_at == datetime(
        2026, 3, 5, 9, tzinfo=UTC
    )


def test_what_is_in_no_parcel_has_not_arrived() -> None:
    both = two_parcels({"delivered_at": AT}, {"delivered_at": AT})
    kettles, cups = both["shipments"]
    half = {**cups, "lines": [{"line_no": 2, "quantity": 1}]}
    assert parse_order({**both, "shipments": [kettles]}).arrived_at is None
    assert parse_order({**both, "shipments": [kettles, half]}).arrived_at is None
    assert parse_order({**both, "shipments": [kettles, {**cups, "lines": []}]}).arrived_at is not None
