"""An order that changes: what is spoken for keeps its share to the cent, and all of it still sums to the order."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.accounting.resplit import resplit
from models.errors import Conflict
from models.orders import Discount, Order, OrderLine
from models.pots import Draw, Pots, draw, pots_of, unit_draws
from tests.builders import an_order

LINES = st.builds(
    lambda price, quantity, discount, tax, included: {
        "unit_price": price,
        "quantity": quantity,
        "discount": min(discount, price * quantity),
        "tax": min(tax, price * quantity - min(discount, price * quantity)),
        "tax_included": included,
    },
    st.integers(0, 5_000),
    st.integers(1, 7),
    st.integers(0, 900),
    st.integers(0, 900),
    st.booleans(),
)


def order_of(lines: Sequence[dict[str, object]], discount: int, postage: int) -> Order:
    sold = tuple(OrderLine.model_validate({"line_no": n, "sku": f"S-{n}", **line}) for n, line in enumerate(lines, 1))
    room = sum(line.net for line in sold)
    discounts = (Discount(amount=min(discount, room)),)
    return an_order(lines=sold, discounts=discounts, postage=postage, payments=())


def reject_unless(reasonable: bool) -> None:
    assert reasonable, "refused without a reason"


def drawn_from(order: Order, line_nos: set[int]) -> Pots:
    pots = pots_of(order)
    for line_no in line_nos:
        pots = draw(pots, unit_draws(pots, line_no, 1))
    return pots


@given(st.data())
def test_however_an_order_changes_its_pots_sum_to_it_and_the_touched_ones_stay(data: st.DataObject) -> None:
    lines = data.draw(st.lists(LINES, min_size=2, max_size=5))
    before = order_of(lines, data.draw(st.integers(0, 3_000)), 1_000)
    touched = data.draw(st.sets(st.integers(1, len(lines)), min_size=1, max_size=len(lines)))
    drawn = drawn_from(before, touched)
    changed = [
        line if n in touched else data.draw(st.just(line) | LINES, label=f"line {n}") for n, line in enumerate(lines, 1)
    ]
    changed += data.draw(st.lists(LINES, max_size=2))
    after = order_of(changed, data.draw(st.integers(0, 3_000)), data.draw(st.sampled_from([1_000, 0, 700])))
    try:
        pots = resplit(before, after, drawn, ())
    except Conflict:
        # Only the order's discounts can contradict here: too little for what was given, or too much for what is free.
        reject_unless(any(discount.amount for discount in (*before.discounts, *after.discounts)))
        return
    assert pots.paid == after.total
    assert all(pots.of_line(n) == drawn.of_line(n) for n in touched)
    assert all(pot.goods >= 0 for pot in pots.units)


def test_a_smaller_discount_is_given_back_to_the_free_lines_only() -> None:
    # 20.00 off 337.60: the kettles (258.00) bore 15.28, the cups (79.60) 4.72. With 16.00 the cups bear 0.72.
    before = an_order(discounts=[{"amount": 2000}])
    drawn = drawn_from(before, {1})
    after = resplit(before, an_order(discounts=[{"amount": 1600}]), drawn, ())
    assert sum(pot.paid for pot in after.of_line(1)) == 25800 - 1528
    assert sum(pot.paid for pot in after.of_line(2)) == 7960 - 72


def test_a_discount_smaller_than_what_was_given_already_is_refused() -> None:
    before = an_order(discounts=[{"amount": 2000}])
    with pytest.raises(Conflict, match="keep their share"):
        resplit(before, an_order(discounts=[{"amount": 1500}]), drawn_from(before, {1}), ())


def test_refunded_postage_stays() -> None:
    before = an_order()
    drawn = draw(pots_of(before), [Draw(account="postage", shipment_no="0", amount=300)])
    with pytest.raises(Conflict, match="Postage of order KETTLE-1 was refunded"):
        resplit(before, an_order(postage=900), drawn, ())
    assert resplit(before, an_order(lines=before.lines[:1]), drawn, ()).postage == drawn.postage
