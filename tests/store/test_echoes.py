"""Orders come back less what was refunded: what we refunded ourselves changes nothing, anything else is said (T21)."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from imports.formats import order_of
from models.errors import Conflict
from models.orders import Order
from models.pots import amount_draws, payment_draws, unit_draws
from store import orders
from store.accounting.audit import audit_money
from store.engine import reading, writing
from tests.builders import DAY, NOW, an_order
from tests.store.desk import commit, import_order, next_version, open_case, pots_now, refund

SAMPLES = Path(__file__).parents[2] / "imports" / "samples"
Body = dict[str, Any]


def sample(name: str, place: int) -> Body:
    body = json.loads((SAMPLES / name).read_text(encoding="utf-8"), parse_float=Decimal)
    listed: list[Body] = body["orders"] if isinstance(body, dict) else body
    return listed[place]


# ── how each storefront tells of a refund ─────────────────────────────────────────────────────────


def shopify() -> Body:
    """Two kettles at 49.90 less 4.99, and a sieve at 17.91."""
    body = sample("shopify.json", 0)
    return {**body, "refunds": [], "financial_status": "paid"}


def shopify_units(body: Body, key: int = 101, amount: str = "44.91", tax: str = "7.17") -> Body:
    part = {"id": 601, "line_item_id": key, "quantity": 1, "subtotal": Decimal(amount), "total_tax": Decimal(tax)}
    return {
        **body,
        "financial_status": "partially_refunded",
        "refunds": [*body["refunds"], {"id": key, "refund_line_items": [part], "transactions": [_back(key, amount)]}],
    }


def shopify_amount(body: Body, amount: str) -> Body:
    told = {"id": 77, "refund_line_items": [], "transactions": [_back(77, amount)]}
    return {**body, "financial_status": "partially_refunded", "refunds": [*body["refunds"], told]}


def _back(number: int, amount: str) -> Body:
    return {"id": number, "parent_id": 402, "kind": "refund", "status": "success", "amount": amount, "currency": "EUR"}


def woocommerce() -> Body:
    """Three cups at 3.33 or 3.34, a teapot, a fee and postage; tax beside the prices."""
    return {**sample("woocommerce.json", 1), "refunds": []}


def woo_units(body: Body) -> Body:
    of = [{"key": "_refunded_item_id", "value": "321"}]
    line = {"quantity": -1, "total": "-20.00", "total_tax": "-1.60", "meta_data": of}
    return {**body, "refunds": [{"id": 9, "total": "-21.60", "line_items": [line]}]}


def woo_amount(body: Body, amount: str) -> Body:
    return {**body, "refunds": [*body["refunds"], {"id": 10, "total": f"-{amount}"}]}


def medusa() -> Body:
    return sample("medusa.json", 0)


def medusa_amount(body: Body, amount: str) -> Body:
    (collection,) = body["payment_collections"]
    (payment,) = collection["payments"]
    payment = {**payment, "refunds": [*payment["refunds"], {"id": "ref_1", "amount": Decimal(amount)}]}
    return {**body, "payment_collections": [{**collection, "payments": [payment]}], "payment_status": "refunded"}


def gave(engine: Engine, order: Order, amount: int | None = None, line_no: int = 1) -> int:
    """A case that refunds a unit of a line, or so much without goods; what that came to."""
    case = open_case(engine, order, {line_no: 1})
    pots = pots_now(engine, order)
    units = unit_draws(pots, line_no, 1) if amount is None else amount_draws(pots, line_no, amount)
    draws = (*units, *payment_draws(pots, sum(one.amount for one in units)))
    payout, draw = refund(f"{case.case_no}:1", draws)
    given = case.money.model_copy(update={"refund": payout.amount})
    commit(engine, next_version(case, payouts=(payout,), money=given), money=(draw,))
    return payout.amount


def put(engine: Engine, order: Order) -> str:
    with writing(engine) as session:
        return orders.put(session, order, NOW)


def stored(engine: Engine, order: Order) -> Order | None:
    with reading(engine) as session:
        return orders.load(session, order.order_no)


ECHOES: list[tuple[str, Callable[[], Body], int, int | None, Callable[[Body], Body]]] = [
    # What we refund, of which line (None: a unit of it), and how it is told: by units or as an amount.
    ("shopify", shopify, 1, None, shopify_units),
    ("shopify", shopify, 1, None, lambda body: shopify_amount(body, "44.91")),
    ("shopify", shopify, 1, 500, lambda body: shopify_amount(body, "5.00")),
    ("shopify", shopify, 1, 1500, lambda body: shopify_amount(shopify_amount(body, "5.00"), "10.00")),
    ("woocommerce", woocommerce, 2, None, woo_units),
    ("woocommerce", woocommerce, 2, None, lambda body: woo_amount(body, "21.60")),
    ("woocommerce", woocommerce, 1, 300, lambda body: woo_amount(body, "3.00")),
    ("medusa", medusa, 1, None, lambda body: medusa_amount(body, "44.20")),
    ("medusa", medusa, 1, 1000, lambda body: medusa_amount(body, "10")),
]


@pytest.mark.parametrize(("source", "sold", "line_no", "amount", "told"), ECHOES)
def test_an_order_that_comes_back_with_our_refund_changes_nothing(
    engine: Engine,
    source: str,
    sold: Callable[[], Body],
    line_no: int,
    amount: int | None,
    told: Callable[[Body], Body],
) -> None:
    order = import_order(engine, order_of(source, sold()))
    gave(engine, order, amount, line_no)
    before = pots_now(engine, order)
    for _ in range(2):
        assert put(engine, order_of(source, told(sold()))) == "unchanged"
    assert (stored(engine, order), pots_now(engine, order)) == (order, before)
    assert audit_money(engine).findings == ()


STRANGE: list[tuple[str, Callable[[], Body], Callable[[Body], Body], str]] = [
    # We refunded 5.00 of line 1.
    ("shopify", shopify, lambda body: shopify_amount(body, "5.01"), "5.01 EUR of order 3001 .* and 5.00 EUR of it"),
    ("shopify", shopify, shopify_units, "44.91 EUR of line 1 of order 3001 .* and 5.00 EUR of it"),
    ("shopify", shopify, lambda body: shopify_units(body, 102, "17.91", "2.86"), "17.91 EUR of line 2 .* and 0.00 EUR"),
    ("woocommerce", woocommerce, lambda body: woo_amount(body, "8.00"), "8.00 USD of order 728 .* and 5.00 USD of it"),
    ("medusa", medusa, lambda body: medusa_amount(body, "43.11"), "43.11 EUR of order 5001 .* and 5.00 EUR of it"),
]


@pytest.mark.parametrize(("source", "sold", "told", "words"), STRANGE)
def test_what_was_paid_back_over_there_and_not_by_us_is_said_with_what_to_do(
    engine: Engine, source: str, sold: Callable[[], Body], told: Callable[[Body], Body], words: str
) -> None:
    order = import_order(engine, order_of(source, sold()))
    gave(engine, order, 500)
    before = pots_now(engine, order)
    with pytest.raises(Conflict, match=words) as refused:
        put(engine, order_of(source, told(sold())))
    assert "platform_ruling" in refused.value.detail
    assert (stored(engine, order), pots_now(engine, order)) == (order, before)


@pytest.mark.parametrize("told", [shopify_units, lambda body: shopify_amount(body, "10.00")])
def test_a_refund_over_there_of_what_is_in_an_open_case_is_said_too(
    engine: Engine, told: Callable[[Body], Body]
) -> None:
    order = import_order(engine, order_of("shopify", shopify()))
    open_case(engine, order)
    with pytest.raises(Conflict, match=r"0.00 EUR of it by a case here.*platform_ruling"):
        put(engine, order_of("shopify", told(shopify())))
    assert stored(engine, order) == order


def test_once_it_is_booked_in_a_case_the_same_order_is_no_contradiction(engine: Engine) -> None:
    order = import_order(engine, order_of("shopify", shopify()))
    gave(engine, order, 500)
    later = order_of("shopify", shopify_amount(shopify(), "12.00"))
    with pytest.raises(Conflict):
        put(engine, later)
    gave(engine, order, 700)
    assert put(engine, later) == "unchanged"


def test_what_was_refunded_before_we_knew_the_order_is_not_taken_for_ours(engine: Engine) -> None:
    """10.00 went back before; 5.00 of ours come back as 15.00, and 15.01 are one cent of somebody else."""
    order = import_order(engine, order_of("shopify", shopify_amount(shopify(), "10.00")))
    gave(engine, order, 500)
    assert put(engine, order_of("shopify", shopify_amount(shopify(), "10.00"))) == "unchanged"
    assert put(engine, order_of("shopify", shopify_amount(shopify(), "15.00"))) == "unchanged"
    with pytest.raises(Conflict, match=r"5.01 EUR of order 3001 .* 5.00 EUR of it"):
        put(engine, order_of("shopify", shopify_amount(shopify(), "15.01")))
    assert stored(engine, order) == order


def test_units_that_are_free_and_in_no_case_go_as_they_did(engine: Engine) -> None:
    order = import_order(engine, order_of("shopify", shopify()))
    told = order_of("shopify", shopify_units(shopify()))
    assert put(engine, told) == "updated"
    assert stored(engine, order) == told


def test_what_else_is_new_of_such_an_order_is_taken_and_its_goods_stay_in_their_parcel(engine: Engine) -> None:
    sold = {"payment_no": "P1", "method": "alipay", "amount": 34760}
    parcel = {"shipment_no": "S1", "waybill": "SF1", "lines": [{"line_no": 1, "quantity": 2}]}
    order = import_order(engine, an_order(payments=[sold], shipments=[parcel]))
    assert gave(engine, order) == 12900
    kettles, cups = order.model_dump(mode="json")["lines"]
    told = an_order(
        lines=[{**kettles, "quantity": 1}, cups],
        payments=[{**sold, "amount": 34760 - 12900}],
        customer={"name": "王小明", "phone": "13911112222"},
        shipments=[
            {**parcel, "delivered_at": NOW, "lines": [{"line_no": 1, "quantity": 1}]},
            {"shipment_no": "S2", "shipped_at": NOW - DAY, "lines": [{"line_no": 2, "quantity": 4}]},
        ],
    )
    assert put(engine, told) == "updated"
    now = stored(engine, order)
    assert now is not None
    assert (now.lines, now.payments, now.customer) == (order.lines, order.payments, told.customer)
    assert [(one.parcel, one.lines) for one in now.shipments] == [
        ("delivered", order.shipments[0].lines),
        ("gone", told.shipments[1].lines),
    ]
    assert put(engine, told) == "unchanged"
    assert audit_money(engine).findings == ()


def test_an_order_of_which_we_refunded_everything_comes_back_empty_and_stays(engine: Engine) -> None:
    kettle = {"line_no": 1, "sku": "KETTLE-17", "unit_price": 12900, "quantity": 1}
    paid = {"payment_no": "P1", "amount": 12900}
    order = import_order(engine, an_order(lines=[kettle], postage=0, payments=[paid], paid_at=NOW))
    gave(engine, order)
    emptied = an_order(lines=[{**kettle, "discount": 12900}], postage=0, payments=[], paid_at=NOW)
    assert put(engine, emptied) == "unchanged"
    assert stored(engine, order) == order


def test_a_batch_says_of_each_order_what_came_of_it(engine: Engine) -> None:
    order = import_order(engine, order_of("shopify", shopify()))
    gave(engine, order, 500)
    batch = [order_of("shopify", shopify_amount(shopify(), each)) for each in ("5.00", "6.00")]
    with writing(engine) as session:
        ours, strange = orders.put_many(session, batch, NOW)
    assert ours == "unchanged"
    assert "platform_ruling" in strange
