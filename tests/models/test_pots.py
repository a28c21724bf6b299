"""What is still refundable, and drawing from it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import MoneyRefused, PotExceeded
from models.money import split
from models.orders import Discount, Order, OrderLine, Payment, Shipment, ShippedLine, parse_order
from models.pots import (
    SPLIT_RULE,
    Draw,
    Pots,
    UnitPot,
    amount_draws,
    draw,
    payment_draws,
    postage_draws,
    pots_of,
    release,
    settle,
    unit_draws,
)
from tests.builders import an_order

NOON = "2026-03-02T12:00:00Z"


def line(line_no: int, price: int, quantity: int = 1, **more: Any) -> OrderLine:
    return OrderLine(line_no=line_no, sku=f"SKU-{line_no}", unit_price=price, quantity=quantity, **more)


def order(*lines: OrderLine, off: int = 0, **more: Any) -> Order:
    discounts = (Discount(code="SPRING", amount=off),) if off else ()
    bare = Order(order_no="A-1", currency="CNY", placed_at=NOON, lines=lines, discounts=discounts, **more)
    return bare if bare.payments else bare.model_copy(update={"payments": (paid("P1", bare.total),)})


def paid(payment_no: str, amount: int, at: str = NOON) -> Payment:
    return Payment(payment_no=payment_no, method="alipay", amount=amount, paid_at=at)


def shipment(shipment_no: str, *line_nos: int) -> Shipment:
    carried = tuple(ShippedLine(line_no=line_no, quantity=1) for line_no in line_nos)
    return Shipment(shipment_no=shipment_no, lines=carried)


def rows(pots: Pots) -> list[tuple[int, int, int, int]]:
    return [(pot.line_no, pot.units, pot.goods, pot.tax) for pot in pots.units]


# ── filling ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("bought", "expected"),
    [
        # 299 off 4300/1400/2300 → 161/52/86
        (
            order(line(1, 4300), line(2, 1400), line(3, 2300), off=299),
            [(1, 1, 4139, 0), (2, 1, 1348, 0), (3, 1, 2214, 0)],
        ),
        # 12 units alike are one row
        (order(line(1, 255, 12)), [(1, 12, 255, 0)]),
        # 100 off 3 units → 34/33/33
        (order(line(1, 1000, 3, discount=100)), [(1, 1, 966, 0), (1, 2, 967, 0)]),
        # tax by itself: 50 over 3 → 17/17/16
        (order(line(1, 1000, 3, tax=50)), [(1, 2, 1000, 17), (1, 1, 1000, 16)]),
        # both: 34/33/33 off, tax 17/17/16
        (order(line(1, 1000, 3, discount=100, tax=50)), [(1, 1, 966, 17), (1, 1, 967, 17), (1, 1, 967, 16)]),
        # tax inside the price: 1130 of which 130 is tax
        (order(line(1, 1130, 2, tax=260, tax_included=True)), [(1, 2, 1000, 130)]),
        # an order's discount weighs by price less own discount: 2000−1000 and 1000 are equal, 101 → 51/50
        (order(line(1, 2000, discount=1000), line(2, 1000), off=101), [(1, 1, 949, 0), (2, 1, 950, 0)]),
        # cents of two discounts would exceed the first unit's cent: 3 − 1 − 1 is split as one sum
        (order(line(1, 1, 3, discount=1), off=1), [(1, 1, 1, 0), (1, 2, 0, 0)]),
        # everything given away
        (order(line(1, 500, 2, discount=1000)), [(1, 2, 0, 0)]),
    ],
)
def test_discounts_and_taxes_are_split_once_onto_the_units_F13(bought: Order, expected: list[Any]) -> None:
    assert rows(pots_of(bought)) == expected
    assert pots_of(bought).paid == bought.total


def test_the_way_of_splitting_is_named_F13() -> None:
    assert pots_of(order(line(1, 100))).split_rule == SPLIT_RULE == "largest-remainder/1"


def test_several_discounts_whose_cents_fall_on_one_line_never_cost_more_than_it() -> None:
    coupons = (Discount(amount=1), Discount(amount=1))
    bought = Order(order_no="A", currency="CNY", placed_at=NOON, lines=(line(1, 1), line(2, 1)), discounts=coupons)
    assert rows(pots_of(bought)) == [(1, 1, 0, 0), (2, 1, 0, 0)]


def test_postage_is_split_onto_the_shipments() -> None:
    parcels = (shipment("S1", 1), shipment("S2", 2))
    bought = order(line(1, 100), line(2, 100), shipments=parcels, postage=1001, postage_discount=100, postage_tax=55)
    # 501/500 less 50/50, tax 28/27
    assert [(p.shipment_no, p.line_nos, p.postage, p.tax) for p in pots_of(bought).postage] == [
        ("S1", (1,), 451, 28),
        ("S2", (2,), 450, 27),
    ]


def test_postage_of_an_order_without_shipments_carried_every_line() -> None:
    (pot,) = pots_of(order(line(1, 100), line(2, 100), postage=1000)).postage
    assert (pot.shipment_no, pot.line_nos, pot.left) == ("0", (1, 2), 1000)


def test_no_more_is_refundable_than_the_payments_took_C2() -> None:
    pots = pots_of(order(line(1, 10000), payments=(paid("P1", 9000),)))
    assert (pots.paid, pots.refundable) == (10000, 9000)


# ── drawing ───────────────────────────────────────────────────────────────────────────────────────


def test_what_is_drawn_is_in_flight_then_refunded() -> None:
    pots = pots_of(order(line(1, 5000, 2)))
    draws = unit_draws(pots, 1, 1)
    reserved = draw(pots, draws)
    assert [(p.in_flight, p.refunded, p.units_out, p.left) for p in reserved.units] == [(5000, 0, 1, 5000)]
    done = settle(reserved, draws)
    assert [(p.in_flight, p.refunded, p.units_out, p.left) for p in done.units] == [(0, 5000, 1, 5000)]


def test_what_is_released_can_be_drawn_again() -> None:
    pots = pots_of(order(line(1, 5000, 2, discount=1), postage=1000))
    draws = (*unit_draws(pots, 1, 2), *postage_draws(pots, [1], {1: 2}), *payment_draws(pots, 10999))
    assert draw(pots, draws).refundable == 0
    assert release(draw(pots, draws), draws) == pots


def test_a_unit_that_another_case_has_taken_meanwhile_is_told_apart_from_a_line_without_any() -> None:
    """Of three units at 33.33 less 1.00 one costs 32.99: two cases at once plan it, and one has to choose again."""
    pots = pots_of(order(line(1, 3333, 3, discount=100)))
    with pytest.raises(PotExceeded, match=r"a unit of line 1 that another case has by now\. Choose the remedy again"):
        draw(draw(pots, unit_draws(pots, 1, 1)), unit_draws(pots, 1, 1))


def test_a_pot_gives_no_more_than_it_holds_and_says_so() -> None:
    pots = pots_of(order(line(1, 5000)))
    with pytest.raises(PotExceeded) as refused:
        draw(pots, [Draw(account="unit", line_no=1, rank=0, amount=5001)])
    assert refused.value.detail == "50.01 CNY was asked of line 1, which has 50.00 left."
    assert (refused.value.extra["asked"], refused.value.extra["left"]) == (5001, 5000)


def test_the_same_unit_goes_out_once() -> None:
    pots = pots_of(order(line(1, 5000, 3)))
    out = draw(pots, unit_draws(pots, 1, 2))
    with pytest.raises(PotExceeded, match="2 units of line 1 were asked for, of which 1 are left"):
        unit_draws(out, 1, 2)
    with pytest.raises(PotExceeded):
        draw(out, [Draw(account="unit", line_no=1, rank=0, units=2, amount=0)])


@pytest.mark.parametrize("change", [settle, release])
def test_what_was_never_reserved_can_be_neither_paid_nor_given_back(change: Any) -> None:
    pots = pots_of(order(line(1, 5000)))
    with pytest.raises(PotExceeded):
        change(pots, unit_draws(pots, 1, 1))


@pytest.mark.parametrize(
    "wrong",
    [
        Draw(account="unit", line_no=9, rank=0, amount=1),
        Draw(account="postage", shipment_no="S9", amount=1),
        Draw(account="payment", payment_no="P9", amount=1),
        Draw(account="unit", line_no=1, rank=0, amount=-1),
        Draw(account="unit", line_no=1, rank=0, amount=1, units=-1),
    ],
)
def test_a_draw_that_makes_no_sense_is_refused(wrong: Draw) -> None:
    with pytest.raises(MoneyRefused):
        draw(pots_of(order(line(1, 5000))), [wrong])


@pytest.mark.parametrize("quantity", [0, -1])
def test_no_units_are_no_refund(quantity: int) -> None:
    with pytest.raises(MoneyRefused):
        unit_draws(pots_of(order(line(1, 5000))), 1, quantity)


def test_each_unit_gives_its_own_share_F13() -> None:
    pots = pots_of(order(line(1, 1000, 3, discount=100)))  # 966, 967, 967
    amounts = []
    for _ in range(3):
        draws = unit_draws(pots, 1, 1)
        amounts.append(sum(one.amount for one in draws))
        pots = draw(pots, draws)
    assert amounts == [966, 967, 967]


def test_the_last_unit_gives_what_a_keep_it_offer_left_of_it_K4() -> None:
    pots = pots_of(order(line(1, 1000, 2)))
    pots = draw(pots, amount_draws(pots, 1, 300))
    first = unit_draws(pots, 1, 1)
    last = unit_draws(draw(pots, first), 1, 1)
    assert [sum(one.amount for one in draws) for draws in (first, last)] == [1000, 700]


def test_what_a_reduction_withheld_is_not_paid_with_the_last_unit_F16() -> None:
    pots = pots_of(order(line(1, 1000, 2)))
    pots = draw(pots, [Draw(account="unit", line_no=1, rank=0, units=1, amount=800, withheld=200)])
    assert [one.amount for one in unit_draws(pots, 1, 1)] == [1000]


def test_a_keep_it_offer_is_taken_from_the_units_refunded_last() -> None:
    pots = pots_of(order(line(1, 1000, 3, discount=1)))  # 999, then two of 1000
    assert [(one.rank, one.units, one.amount) for one in amount_draws(pots, 1, 2500)] == [(1, 0, 2000), (0, 0, 500)]
    with pytest.raises(PotExceeded, match=r"30\.00 CNY was asked of line 1, which has 29\.99 left"):
        amount_draws(pots, 1, 3000)


def test_postage_goes_back_once_and_with_the_last_line_it_carried_F14() -> None:
    pots = pots_of(order(line(1, 1000, 2), line(2, 500), postage=1000))
    assert postage_draws(pots, [1], {1: 2}) == ()
    pots = draw(pots, unit_draws(pots, 1, 2))
    last = postage_draws(pots, [2], {2: 1})
    assert [one.amount for one in last] == [1000]
    assert postage_draws(draw(pots, last), [2], {2: 1}) == ()


def test_a_playbook_can_give_postage_back_with_a_part_F14() -> None:
    pots = pots_of(order(line(1, 1000, 2), postage=1000))
    assert postage_draws(pots, [1], {1: 1}) == ()
    assert [one.amount for one in postage_draws(pots, [1], {1: 1}, override=True)] == [1000]


def test_only_the_postage_of_the_parcel_that_comes_back_goes_back_F14() -> None:
    parcels = (shipment("S1", 1), shipment("S2", 2))
    pots = pots_of(order(line(1, 1000), line(2, 500), shipments=parcels, postage=1001))
    assert [(one.shipment_no, one.amount) for one in postage_draws(pots, [2], {2: 1})] == [("S2", 500)]


def test_the_newest_payment_gives_first_and_none_more_than_it_took_F17() -> None:
    deposit, rest = paid("deposit", 3000), paid("rest", 7000, at="2026-03-05T12:00:00Z")
    pots = pots_of(order(line(1, 10000), payments=(deposit, rest)))
    assert [(one.payment_no, one.amount) for one in payment_draws(pots, 8000)] == [("rest", 7000), ("deposit", 1000)]
    with pytest.raises(PotExceeded):
        payment_draws(pots, 10001)


# ── whatever happens, in whatever order ───────────────────────────────────────────────────────────


@st.composite
def bought_lines(draw_: st.DrawFn, line_no: int) -> OrderLine:
    quantity = draw_(st.integers(1, 15))
    price = draw_(st.integers(0, 3000))
    discount = draw_(st.integers(0, price * quantity))
    included = draw_(st.booleans())
    tax = draw_(st.integers(0, price * quantity - discount if included else 2000))
    return line(line_no, price, quantity, discount=discount, tax=tax, tax_included=included)


@st.composite
def orders(draw_: st.DrawFn) -> Order:
    lines = [draw_(bought_lines(number + 1)) for number in range(draw_(st.integers(1, 4)))]
    left, discounts = sum(one.net for one in lines), []
    for _ in range(draw_(st.integers(0, 3))):
        discounts.append(draw_(st.integers(0, left)))
        left -= discounts[-1]
    postage = draw_(st.integers(0, 2000))
    parcels = [
        shipment(f"S{n}", *draw_(st.sets(st.integers(1, len(lines)), min_size=1)))
        for n in range(draw_(st.integers(0, 3)))
    ]
    bare = Order(
        order_no="A-1",
        currency="CNY",
        placed_at=NOON,
        lines=tuple(lines),
        discounts=tuple(Discount(amount=amount) for amount in discounts),
        postage=postage,
        postage_discount=draw_(st.integers(0, postage)),
        postage_tax=draw_(st.integers(0, 300)),
        shipments=tuple(parcels),
    )
    weights = draw_(st.lists(st.integers(0, 5), min_size=1, max_size=3))
    payments = [paid(f"P{n}", part) for n, part in enumerate(split(max(bare.total, 0), weights))]
    return bare.model_copy(update={"payments": tuple(payments)})


@given(orders())
def test_the_pots_of_an_order_hold_exactly_what_it_came_to(bought: Order) -> None:
    pots = pots_of(bought)
    assert sum(pot.units for pot in pots.units) == sum(one.quantity for one in bought.lines)
    assert all(min(pot.paid, pot.goods, pot.tax) >= 0 for pot in pots.units)
    assert all(min(pot.postage, pot.tax) >= 0 for pot in pots.postage)
    if sum(discount.amount for discount in bought.discounts) == 0 or not any(one.tax_included for one in bought.lines):
        assert sum(p.tax * p.units for p in pots.units) == sum(one.tax for one in bought.lines)
    assert pots.paid == pots.refundable == bought.total == bought.total_paid


def some_draws(pots: Pots, data: st.DataObject) -> tuple[Draw, ...]:
    """Some units of some line, or money of it without units."""
    line_no = data.draw(st.sampled_from(sorted({pot.line_no for pot in pots.units})))
    rows_left = pots.of_line(line_no)
    units, money = sum(pot.units_left for pot in rows_left), sum(pot.left for pot in rows_left)
    if units and data.draw(st.booleans()):
        return unit_draws(pots, line_no, data.draw(st.integers(1, units)))
    # Money without goods is only paid for goods that stay with the customer.
    return amount_draws(pots, line_no, data.draw(st.integers(0, money if units else 0)))


def with_payments(pots: Pots, draws: tuple[Draw, ...]) -> tuple[Draw, ...]:
    return (*draws, *payment_draws(pots, sum(one.amount for one in draws)))


def everything_left(pots: Pots) -> tuple[Draw, ...]:
    units = {no: sum(pot.units_left for pot in pots.of_line(no)) for no in {pot.line_no for pot in pots.units}}
    goods = [one for no, quantity in units.items() if quantity for one in unit_draws(pots, no, quantity)]
    return (*goods, *postage_draws(pots, units, units))


@given(orders(), st.data())
def test_any_split_and_order_of_refunds_ends_at_exactly_what_was_paid(bought: Order, data: st.DataObject) -> None:
    pots = pots_of(bought)
    for _ in range(data.draw(st.integers(0, 12))):
        draws = with_payments(pots, some_draws(pots, data))
        reserved = draw(pots, draws)
        assert reserved.refundable >= 0
        pots = data.draw(st.sampled_from([settle, release]))(reserved, draws)
    rest = with_payments(pots, everything_left(pots))
    pots = settle(draw(pots, rest), rest)
    assert sum(pot.refunded for pot in pots.payments) == bought.total_paid == bought.total
    assert pots.refundable == 0
    lefts = [pot.left for pot in pots.units] + [pot.left for pot in pots.postage] + [pot.left for pot in pots.payments]
    assert lefts == [0] * len(lefts)


@pytest.mark.parametrize(
    ("said", "paid"),
    [
        ({"paid_at": "2026-03-01T10:00:00+08:00"}, 26700),  # 2 × 129.00 + 9.00 postage
        ({"delivered_at": "2026-03-04T10:00:00+08:00"}, 26700),  # shops deliver what was paid for
        ({}, 0),  # awaited
    ],
)
def test_an_order_that_says_only_that_it_was_paid_can_be_refunded_in_full(said: dict[str, str], paid: int) -> None:
    lines = [{"line_no": 1, "sku": "KETTLE-17", "unit_price": "129.00", "quantity": 2}]
    told = {"order_no": "K-1", "currency": "CNY", "placed_at": "2026-03-01T09:00:00+08:00", "lines": lines}
    assert pots_of(parse_order({**told, "postage": "9.00", **said})).refundable == paid


def test_a_pot_that_is_filled_quickly_is_the_one_that_its_constructor_makes() -> None:
    order = an_order(lines=[{"line_no": 7, "sku": "CUP", "unit_price": 1990, "quantity": 3, "tax": 100}], postage=0)
    spelt_out = (
        UnitPot(line_no=7, rank=0, units=1, goods=1990, tax=34),
        UnitPot(line_no=7, rank=1, units=2, goods=1990, tax=33),
    )
    assert pots_of(order).units == spelt_out
    assert [repr(pot) for pot in pots_of(order).units] == [repr(pot) for pot in spelt_out]
