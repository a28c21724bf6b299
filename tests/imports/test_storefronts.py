"""Orders of storefronts: their exports as they are, read to the cent, or refused with the reason."""

import copy
import io
import json
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imports.formats import order_of
from imports.run import read_orders
from imports.shapes import RefusedRow
from models.errors import Invalid, OrderInvalid
from models.money import to_text
from models.orders import Order
from models.pots import pots_of

SAMPLES = Path(__file__).parents[2] / "imports" / "samples"
FILES = [
    ("shopify.csv", "shopify", ["2001", "2002", "2003", "2004"]),
    ("shopify.json", "shopify", ["3001", "3002"]),
    ("shopify_graphql.json", "shopify", ["3003"]),
    ("woocommerce.json", "woocommerce", ["727", "728"]),
    ("woocommerce.csv", "woocommerce", ["741"]),
    ("medusa.json", "medusa", ["5001"]),
]


def read(content: bytes, format: str, name: str = "orders") -> list[Order | RefusedRow]:
    return list(read_orders(io.BytesIO(content), format, name))


def sample(name: str, format: str) -> dict[str, Order]:
    found = read((SAMPLES / name).read_bytes(), format, name)
    return {item.order_no: item for item in found if isinstance(item, Order)}


@cache
def parsed(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"), parse_float=Decimal)


def told(name: str, place: int = 0) -> dict[str, Any]:
    """One order of a sample in JSON, to be changed."""
    body = parsed(name)
    listed = body["orders"] if isinstance(body, dict) else body
    return copy.deepcopy(listed[place])


@pytest.mark.parametrize(("name", "format", "numbers"), FILES)
def test_every_order_of_a_sample_sums_to_what_was_paid(name: str, format: str, numbers: list[str]) -> None:
    orders = sample(name, format)
    assert list(orders) == numbers
    for order in orders.values():
        assert order.channel == format
        assert pots_of(order).paid == order.total
        assert order.total_paid in (order.total, 0)
        assert pots_of(order).refundable == order.total_paid


# ── Shopify ───────────────────────────────────────────────────────────────────────────────────────


def test_shopifys_csv_brings_the_rows_of_an_order_together() -> None:
    order = sample("shopify.csv", "shopify")["2001"]
    assert [(line.sku, line.unit_price, line.quantity, line.tax, line.tax_included) for line in order.lines] == [
        ("KETTLE-17", 4990, 2, 1434, True),  # 17.98 of tax by 89.82 : 17.91 : 4.90
        ("SIEVE-1", 1990, 1, 286, True),
    ]
    assert [(one.code, one.amount, one.funded_by) for one in order.discounts] == [("HERBST10", 1197, "shop")]
    assert (order.postage, order.postage_tax) == (412, 78)
    assert order.placed_at.isoformat() == "2026-10-05T07:31:08+00:00"
    assert order.shipped_at is not None
    assert order.ship_to.address == "Lindenweg 4, 50667 Köln, NW, DE"
    assert [(one.method, one.reference, one.amount) for one in order.payments] == [
        ("shopify_payments", "rAbCdEf1", 11263)
    ]


def test_a_code_for_free_shipping_is_a_discount_on_postage() -> None:
    order = sample("shopify.csv", "shopify")["2003"]
    assert (order.postage, order.postage_discount) == (2200, 2200)
    assert order.lines[0].discount == 2000


def test_a_refund_without_lines_is_taken_off_the_whole_order() -> None:
    order = sample("shopify.csv", "shopify")["2003"]
    assert [(one.code, one.amount) for one in order.discounts] == [("refunded in shopify", 500)]
    assert order.total_paid == 16490 - 500


BAD_CSV: list[tuple[str, str, str]] = [
    (",11.97,DHL", ",11.96,DHL", "Subtotal"),
    (",112.63,HERBST10", ",112.64,HERBST10", "Taxes"),
    ("Shopify Payments,rAbCdEf1", "Shopify Payments + Gift Card,rAbCdEf1", "JSON"),
    ("DE MwSt 19%,17.98", "MwSt,17.98", "Taxes"),
    ("annika@example.com,paid", "annika@example.com,partially_refunded", "Refunded Amount"),
    ("2026-10-05 09:31:08 +0200", "2026-10-05 09:31:08", "offset"),
]


@pytest.mark.parametrize(("was", "now", "reason"), BAD_CSV)
def test_a_csv_that_contradicts_itself_or_says_too_little_is_refused_by_line(was: str, now: str, reason: str) -> None:
    text = (SAMPLES / "shopify.csv").read_text(encoding="utf-8")
    assert was in text
    found = read(text.replace(was, now, 1).encode(), "shopify", "orders.csv")
    refused = [item for item in found if isinstance(item, RefusedRow)]
    assert [(row.line, row.order_no) for row in refused] == [(2, "2001"), (3, "2001")]
    assert all(reason in row.reason for row in refused)
    assert [item.order_no for item in found if isinstance(item, Order)] == ["2002", "2003", "2004"]


def test_units_refunded_in_shopify_are_gone_from_their_line() -> None:
    order = sample("shopify.json", "shopify")["3001"]
    kettle, sieve = order.lines
    # 2 x 49.90 - 9.98 = 89.82 were paid for two; 44.91 went back for one.
    assert (kettle.quantity, kettle.net, kettle.tax) == (1, 4491, 717)
    assert sieve.net == 1791
    assert order.total_paid == order.total == 11263 - 4491
    assert [(one.line_no, one.quantity) for one in order.shipments[0].lines] == [(1, 1), (2, 1)]


def test_an_order_in_two_currencies_is_kept_in_that_of_the_customer() -> None:
    order = sample("shopify.json", "shopify")["3002"]
    assert (order.currency, order.total, order.lines[0].tax) == ("USD", 6120, 320)


def test_a_discount_across_the_order_keeps_its_code() -> None:
    body = told("shopify.json")
    body |= {"refunds": [], "financial_status": "paid"}
    order = order_of("shopify", body)
    assert [(one.code, one.amount) for one in order.discounts] == [("HERBST10", 1197)]
    assert [line.discount for line in order.lines] == [0, 0]
    assert order.total == 11263


def test_graphql_says_the_same_as_rest() -> None:
    order = sample("shopify_graphql.json", "shopify")["3003"]
    assert (order.lines[0].discount, order.discounts) == (499, ())
    assert (order.postage, order.postage_discount) == (490, 490)
    assert order.shipments[0].parcel == "delivered"
    assert order.customer.id == "7003"


def test_an_order_refunded_in_full_has_nothing_left() -> None:
    body = told("shopify.json")
    body["financial_status"] = "refunded"
    body["refunds"][0]["transactions"][0]["amount"] = "112.63"
    order = order_of("shopify", body)
    assert (order.total, order.total_paid, pots_of(order).refundable) == (0, 0, 0)
    assert [line.quantity for line in order.lines] == [2, 1]


def test_a_webhook_without_transactions_is_paid_by_its_only_gateway() -> None:
    body = told("shopify.json", 1)
    assert [(one.method, one.amount) for one in order_of("shopify", body).payments] == [("paypal", 6120)]
    body["payment_gateway_names"] = ["paypal", "gift_card"]
    with pytest.raises(OrderInvalid, match="transactions"):
        order_of("shopify", body)


# ── WooCommerce and Medusa ────────────────────────────────────────────────────────────────────────


def test_woocommerce_puts_price_and_tax_together_where_prices_hold_it() -> None:
    order = sample("woocommerce.json", "woocommerce")["727"]
    (line,) = order.lines
    assert (line.unit_price, line.tax, line.tax_included) == (5004, 1438, True)
    assert [(one.code, one.amount) for one in order.discounts] == [("herbst10", 1000)]
    assert (order.payments[0].method, order.payments[0].reference) == ("stripe", "pi_test_727")
    assert order.shipments[0].waybill == "00340434161094000727"
    assert order.placed_at.isoformat() == "2026-10-05T08:00:00+00:00"


def test_a_price_that_does_not_divide_and_a_fee_still_sum() -> None:
    order = sample("woocommerce.json", "woocommerce")["728"]
    cups, _, fee = order.lines
    assert (cups.sku, cups.unit_price, cups.quantity, cups.discount) == ("product-94", 334, 3, 2)  # 3 x 3.34 - 0.02
    assert (fee.category, fee.unit_price, fee.final_sale) == ("fee", 200, True)
    assert order.customer.id is None  # customer 0 is a guest


def test_woocommerces_refund_with_its_lines_takes_the_units_out() -> None:
    body = told("woocommerce.json", 1)
    line = {"quantity": -1, "total": "-20.00", "total_tax": "-1.60"}
    line["meta_data"] = [{"key": "_refunded_item_id", "value": "321"}]
    body["refunds"] = [{"total": "-21.60", "line_items": [line]}]
    order = order_of("woocommerce", body)
    assert [line.sku for line in order.lines] == ["product-94", "fee"]
    assert (order.discounts, order.total_paid) == ((), 3940 - 2160)


def test_woocommerces_csv_needs_a_zone() -> None:
    order = sample("woocommerce.csv", "woocommerce")["741"]
    assert order.placed_at.isoformat() == "2026-10-07T09:20:00+00:00"
    text = (SAMPLES / "woocommerce.csv").read_text(encoding="utf-8").replace("Europe/Berlin", "")
    found = read(text.encode(), "woocommerce", "orders.csv")
    assert [item.line for item in found if isinstance(item, RefusedRow)] == [2, 3]


def test_medusas_endless_digits_are_shared_out_to_the_cent() -> None:
    order = sample("medusa.json", "medusa")["5001"]
    # 89.775 + 4.4375 + 6.25 = 100.4625, which is 100.46: 89.77 + 4.44 + 6.25, the larger remainder being rounded up.
    assert [(line.net, line.tax) for line in order.lines] == [(7980, 8977 - 7182), (557, 444 - 355)]
    assert [(one.code, one.amount) for one in order.discounts] == [("EFTERAAR", 1000)]
    assert (order.total, order.total_paid) == (10046, 10046)
    assert (order.payments[0].method, order.payments[0].reference) == ("stripe", "pi_test_5001")
    assert order.shipments[0].parcel == "delivered"


def test_a_refund_in_medusa_makes_its_payment_smaller() -> None:
    body = told("medusa.json")
    body["payment_collections"][0]["payments"][0]["refunds"] = [{"id": "ref_1", "amount": 10}]
    order = order_of("medusa", body)
    assert (order.total, order.total_paid) == (9046, 9046)


# ── what is the same for all ──────────────────────────────────────────────────────────────────────


def _total(name: str, field: str) -> dict[str, Any]:
    body = told(name)
    body[field] = "1.00"
    body.pop(f"{field}_set", None)
    body.pop(f"raw_{field}", None)
    return body


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("shopify", lambda: _total("shopify.json", "total_price")),
        ("woocommerce", lambda: _total("woocommerce.json", "total")),
        ("medusa", lambda: _total("medusa.json", "total")),
    ],
)
def test_an_order_whose_figures_do_not_agree_is_refused(source: str, body: Callable[[], dict[str, Any]]) -> None:
    with pytest.raises(OrderInvalid, match=r"come to .* and the file says 1\.00 EUR"):
        order_of(source, body())


def test_another_programs_store_credit_is_not_ours() -> None:
    body = told("woocommerce.json")
    body["payment_method"] = "store_credit"
    assert order_of("woocommerce", body).payments[0].method == "woocommerce_store_credit"


@settings(deadline=None)
@given(st.data())
def test_whatever_was_refunded_elsewhere_the_amounts_sum_to_what_is_left(data: st.DataObject) -> None:
    body = told("woocommerce.json", data.draw(st.integers(0, 1)))
    paid = round(Decimal(body["total"]) * 100)
    back = data.draw(st.integers(0, paid))
    body["refunds"] = [{"total": f"-{to_text(back, body['currency'])}"}] if back else []
    try:
        order = order_of("woocommerce", body)
    except OrderInvalid as refused:
        assert "tax" in refused.detail  # noqa: PT017 - part of the tax alone belongs to no line
        return
    assert order.total == order.total_paid == pots_of(order).refundable == paid - back


MANGLED: st.SearchStrategy[Any] = st.sampled_from([None, "", "x", -1, 10**30, [], {}, [1], "NaN", "1e999", True])


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(["shopify.json", "woocommerce.json", "medusa.json"]), MANGLED, st.data())
def test_no_mangled_field_does_more_than_refuse_the_order(name: str, junk: Any, data: st.DataObject) -> None:
    body = told(name)
    node: Any = body
    for _ in range(data.draw(st.integers(0, 3))):
        inner = [
            value for value in (node.values() if isinstance(node, dict) else node) if isinstance(value, dict | list)
        ]
        inner = [value for value in inner if value]
        if not inner:
            break
        node = data.draw(st.sampled_from(inner))
    key: Any = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else list(range(len(node)))))
    node[key] = junk
    try:
        order = order_of(name.removesuffix(".json"), body)
    except (OrderInvalid, Invalid):
        return
    assert pots_of(order).paid == order.total


@pytest.mark.parametrize("form", ["list", "one", "lines", "answer", "wrapped"])
def test_json_comes_as_a_list_an_answer_or_an_order_a_line(form: str) -> None:
    orders = json.loads((SAMPLES / "woocommerce.json").read_text(encoding="utf-8"))
    content = {
        "list": json.dumps(orders),
        "one": json.dumps(orders[0]) + json.dumps(orders[1]),
        "lines": "\n".join(map(json.dumps, orders)),
        "answer": json.dumps({"count": 2, "orders": orders}),
        "wrapped": "\n".join(json.dumps({"order": order}) for order in orders),
    }[form]
    found = read(b"\xef\xbb\xbf" + content.encode(), "woocommerce", "orders.json")
    assert [item.order_no for item in found] == ["727", "728"]


def test_a_refused_order_in_json_is_named_by_the_line_it_begins_on() -> None:
    orders = json.loads((SAMPLES / "woocommerce.json").read_text(encoding="utf-8"))
    orders[1]["total"] = "1.00"
    good, bad = read("\n\n".join(map(json.dumps, orders)).encode(), "woocommerce")
    assert isinstance(good, Order)
    assert isinstance(bad, RefusedRow)
    assert (bad.line, bad.order_no) == (3, "728")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'[{"id": 1}, {"id"', "no JSON on line"),
        (b"[1, 2]", "no JSON object"),
        (b"[]", "no order"),
        (b"[", "in the middle"),
        (b"{\xff}", "UTF-8"),
        (b"[" * 200_000, "no JSON"),
        (b'[{"id": NaN}]', "NaN"),
    ],
)
def test_a_file_that_is_no_json_is_refused_as_a_whole(content: bytes, reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        read(content, "shopify", "orders.json")


def test_only_storefronts_send_orders_one_by_one() -> None:
    with pytest.raises(Invalid, match="files"):
        order_of("aftercare", {})
