"""Orders come in once; what is told of them later may change, their money may not once it is spoken for."""

from typing import Any

import pytest
from sqlalchemy import Engine

from models.errors import Conflict
from models.orders import Order
from models.pots import pots_of
from store import orders
from store.engine import reading, writing
from tests.builders import DAY, NOW, an_order
from tests.store.desk import commit, import_order, next_version, open_case, pots_now, refund, refund_draws

LINES = an_order().model_dump(mode="json")["lines"]


def put(engine: Engine, order: Order) -> str:
    with writing(engine) as session:
        return orders.put(session, order, NOW)


def put_many(engine: Engine, *batch: Order) -> list[str]:
    with writing(engine) as session:
        return orders.put_many(session, batch, NOW)


def stored(engine: Engine, order_no: str = "KETTLE-1") -> Order | None:
    with reading(engine) as session:
        return orders.load(session, order_no)


def test_an_order_comes_back_as_it_was_given(engine: Engine) -> None:
    order = an_order(
        customer={"name": "Zoë 🫖 مريم", "phone": "+86 138 0013 8000"},
        invoice={"number": "F-1"},
        lines=[{**LINES[0], "serials": ["K-001", "K-002"], "tax": 1484, "tax_included": True}, LINES[1]],
    )
    assert put(engine, order) == "imported"
    assert stored(engine) == order


def test_an_unknown_order_is_none(engine: Engine) -> None:
    assert stored(engine, "TEAPOT-9") is None
    with reading(engine) as session:
        assert orders.pots(session, "TEAPOT-9") is None


def test_the_same_order_again_is_unchanged_and_a_changed_one_updated(engine: Engine) -> None:
    assert put(engine, an_order()) == "imported"
    assert put(engine, an_order()) == "unchanged"
    assert put(engine, an_order(postage=500)) == "updated"
    changed = stored(engine)
    assert changed is not None
    assert changed.postage == 500
    assert pots_now(engine, changed) == pots_of(changed)


def refunded_from(engine: Engine) -> Order:
    """An order of which one kettle is being refunded."""
    order = import_order(engine)
    case = open_case(engine, order)
    payout, draw = refund("k:1", refund_draws(order))
    commit(engine, next_version(case, payouts=(payout,)), money=(draw,))
    return order


def held(engine: Engine) -> Order:
    """An order of which one kettle is in an open case."""
    order = import_order(engine)
    open_case(engine, order)
    return order


SPOKEN_FOR = [refunded_from, held]


CONTRADICTIONS: list[tuple[str, dict[str, Any]]] = [
    ("Line 1 .* be removed", {"lines": [LINES[1]]}),
    ("Line 1 .* change its quantity", {"lines": [{**LINES[0], "quantity": 3}, LINES[1]]}),
    ("Line 1 .* change its unit_price", {"lines": [{**LINES[0], "unit_price": 12901}, LINES[1]]}),
    ("Line 1 .* change its tax_included and tax", {"lines": [{**LINES[0], "tax": 5, "tax_included": True}, LINES[1]]}),
    ("USD", {"currency": "USD"}),
    # The cups cost 79.60 and would have to bear all of it.
    ("80.00 CNY would fall on the others, which cost 79.60", {"discounts": [{"amount": 8000}]}),
    ("no longer change", {"lines": [LINES[0]], "discounts": [{"amount": 1}]}),
]


@pytest.mark.parametrize("spoken_for", SPOKEN_FOR)
@pytest.mark.parametrize(("told", "change"), CONTRADICTIONS)
def test_what_was_refunded_or_is_in_a_case_keeps_its_amounts(
    engine: Engine, spoken_for: Any, told: str, change: dict[str, Any]
) -> None:
    order = spoken_for(engine)
    before = pots_now(engine, order)
    with pytest.raises(Conflict, match=told):
        put(engine, an_order(**change))
    assert stored(engine) == order
    assert pots_now(engine, order) == before


HARMLESS: list[tuple[dict[str, Any], list[tuple[int, int, int]]]] = [
    # What of the cups is changed, and the pots of line 2 after it: (line, units, paid for each).
    ({"lines": [LINES[0]]}, []),
    ({"lines": [LINES[0], {**LINES[1], "quantity": 3}]}, [(2, 3, 1990)]),
    ({"lines": [LINES[0], {**LINES[1], "unit_price": 1500}]}, [(2, 4, 1500)]),
    ({"discounts": [{"amount": 102}]}, [(2, 2, 1964), (2, 2, 1965)]),  # 7960 - 102 = 7858 = 2 x 1964 + 2 x 1965
    ({"postage": 999}, [(2, 4, 1990)]),
    (
        {"lines": [*LINES, {"line_no": 3, "sku": "TRAY-1", "unit_price": 500, "quantity": 2}]},
        [(2, 4, 1990), (3, 2, 500)],
    ),
]


@pytest.mark.parametrize("spoken_for", SPOKEN_FOR)
@pytest.mark.parametrize(("change", "rest"), HARMLESS)
def test_only_what_is_untouched_is_split_anew(
    engine: Engine, spoken_for: Any, change: dict[str, Any], rest: list[tuple[int, int, int]]
) -> None:
    before = pots_now(engine, spoken_for(engine))
    changed = an_order(**change)
    assert put(engine, changed) == "updated"
    assert stored(engine) == changed
    after = pots_now(engine, changed)
    assert after.of_line(1) == before.of_line(1)
    assert [(p.line_no, p.units, p.goods + p.tax) for p in after.units if p.line_no > 1] == rest
    assert after.paid == changed.total
    assert after.payments == before.payments


@pytest.mark.parametrize("spoken_for", SPOKEN_FOR)
def test_deliveries_and_contacts_may_change_at_any_time(engine: Engine, spoken_for: Any) -> None:
    pots = pots_now(engine, spoken_for(engine))
    shipped = an_order(
        delivered_at=NOW,
        customer={"name": "王小明", "phone": "13911112222"},
        shipments=[
            {"shipment_no": "S1", "delivered_at": NOW},
            {"shipment_no": "S2", "delivered_at": NOW - DAY},
        ],
    )
    assert put(engine, shipped) == "updated"
    assert stored(engine) == shipped
    assert pots_now(engine, shipped) == pots  # split once, when the order came in (F13)


def test_a_second_payment_may_come_in_later(engine: Engine) -> None:
    refunded_from(engine)
    first = {"payment_no": "P1", "method": "alipay", "amount": 34760}
    more = an_order(payments=[first, {"payment_no": "P2", "amount": 500}])
    assert put(engine, more) == "updated"
    pots = pots_now(engine, more)
    assert [(pot.payment_no, pot.in_flight, pot.left) for pot in pots.payments] == [
        ("P1", 12900, 34760 - 12900),
        ("P2", 0, 500),
    ]


def test_a_payment_that_was_refunded_from_stays(engine: Engine) -> None:
    order = refunded_from(engine)
    with pytest.raises(Conflict, match="P1"):
        put(engine, an_order(payments=[{"payment_no": "P1", "method": "alipay", "amount": 100}]))
    assert stored(engine) == order


# ── batches ───────────────────────────────────────────────────────────────────────────────────────


def test_a_batch_answers_for_every_order(engine: Engine) -> None:
    refunded_from(engine)
    import_order(engine, an_order("SAME-1"))
    answers = put_many(
        engine,
        an_order("NEW-1"),
        an_order("SAME-1"),
        an_order("KETTLE-1", lines=[LINES[1]]),
        an_order("NEW-1"),
        an_order("NEW-1", channel="phone"),
        an_order("KETTLE-1", channel="phone"),
    )
    assert answers[:2] == ["imported", "unchanged"]
    assert "can no longer" in answers[2]
    assert answers[3:] == ["unchanged", "updated", "updated"]


def test_a_batch_of_nothing_is_nothing(engine: Engine) -> None:
    assert put_many(engine) == []


def test_a_batch_keeps_every_pot(engine: Engine) -> None:
    batch = [an_order(f"N-{n}", postage=n) for n in range(30)]
    assert put_many(engine, *batch) == ["imported"] * 30
    for order in batch[::7]:
        assert stored(engine, order.order_no) == order
        assert pots_now(engine, order) == pots_of(order)
