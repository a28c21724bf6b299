"""Any split and order of refunds ends at exactly what was paid: whatever the currency and the payments (F13, F17)."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.accounting.promotions import promotions_of
from models.accounting.settlement import Settlement, SettlementAsk, settlement
from models.money import exponent, to_minor, to_text
from models.orders import Order
from models.pots import Pot, Pots, draw, pots_of, release, settle
from tests.builders import NOW, an_order


@st.composite
def orders(choose: st.DrawFn) -> Order:
    """One to three lines with discounts and taxes, postage, a promotion, and one to three payments of all of it."""
    lines: list[dict[str, Any]] = []
    for number in range(1, choose(st.integers(1, 3)) + 1):
        quantity, price = choose(st.integers(1, 5)), choose(st.integers(1, 3000))
        off, included = choose(st.integers(0, price * quantity - 1)), choose(st.booleans())
        tax = choose(st.integers(0, price * quantity - off if included else 900))
        line = {"line_no": number, "sku": f"S{number}", "unit_price": price, "quantity": quantity}
        lines.append({**line, "discount": off, "tax": tax, "tax_included": included})
    net = sum(line["unit_price"] * line["quantity"] - line["discount"] for line in lines)
    promotion = {"code": "P", "amount": choose(st.integers(0, net)), "funded_by": "shop"}
    order: dict[str, Any] = {
        "currency": choose(st.sampled_from(["CNY", "JPY", "KWD"])),
        "lines": lines,
        "discounts": [{**promotion, "threshold": choose(st.integers(1, net))}],
        "postage": choose(st.sampled_from([0, 7, 1000])),
    }
    total = an_order(**order, payments=[]).total
    cuts = sorted(choose(st.lists(st.integers(0, total), max_size=2)))
    amounts = [b - a for a, b in zip([0, *cuts], [*cuts, total], strict=True)]
    payments = [
        {"payment_no": f"P{i}", "method": "alipay", "amount": amount, "paid_at": NOW.replace(day=1 + i)}
        for i, amount in enumerate(amounts)
        if amount
    ]
    return an_order(**order, payments=payments)


def left_in(pots: Pots) -> dict[int, int]:
    """The units of each line that were not refunded yet."""
    numbers = sorted({pot.line_no for pot in pots.units})
    lefts = {number: sum(pot.units_left for pot in pots.of_line(number)) for number in numbers}
    return {number: units for number, units in lefts.items() if units}


def all_of(pots: Pots) -> list[Pot]:
    return [*pots.units, *pots.postage, *pots.payments]


def part_of(pots: Pots, data: st.DataObject) -> tuple[tuple[int, int], ...]:
    """Some units of some lines that have any left."""
    left = left_in(pots)
    chosen = data.draw(st.lists(st.sampled_from(sorted(left)), min_size=1, unique=True))
    return tuple((number, data.draw(st.integers(1, left[number]))) for number in chosen)


def some_remedy(order: Order, pots: Pots, data: st.DataObject) -> Settlement:
    """A refund, whole or reduced or less what was owed; a keep-it; a promised
    discount; or an exchange for something cheaper."""
    lines = part_of(pots, data)
    worth = sum(pot.left for pot in pots.units if pot.line_no in dict(lines))
    asks: list[dict[str, Any]] = [
        {"remedy": "refund"},
        {"remedy": "refund", "promotions": promotions_of(order)},
        {"remedy": "refund", "reduction_percent": data.draw(st.integers(1, 100))},
        {"remedy": "refund", "netted": data.draw(st.integers(1, 3000))},
        {"remedy": "keep_it", "amount": data.draw(st.integers(0, worth))},
        {"remedy": "adjust_price", "amount": data.draw(st.integers(0, worth))},
        {"remedy": "exchange", "replacement_price": data.draw(st.integers(0, 3000))},
    ]
    more = data.draw(st.sampled_from(asks))
    return settlement(pots, order.free_shipping, SettlementAsk(lines=lines, party_liable="seller", **more))


@given(orders(), st.data())
def test_refunding_all_of_it_in_any_split_gives_back_exactly_what_was_paid(order: Order, data: st.DataObject) -> None:
    pots, refunded = pots_of(order), 0
    while left_in(pots):
        ask = SettlementAsk(remedy="refund", lines=part_of(pots, data), promotions=promotions_of(order))
        got = settlement(pots, order.free_shipping, ask)
        pots, refunded = settle(draw(pots, got.draws), got.draws), refunded + got.refund
    assert refunded == order.total == sum(payment.amount for payment in order.payments)
    assert not [pot for pot in all_of(pots) if pot.left]


@given(orders(), st.data())
def test_whatever_is_mixed_what_is_refunded_withheld_and_left_is_what_was_paid(
    order: Order, data: st.DataObject
) -> None:
    pots, refunded = pots_of(order), 0
    for _ in range(data.draw(st.integers(1, 6))):
        if not left_in(pots):
            break
        got = some_remedy(order, pots, data)
        reserved = draw(pots, got.draws)
        assert release(reserved, got.draws) == pots, "what is taken back leaves no trace"
        pots, refunded = settle(reserved, got.draws), refunded + got.refund
        withheld, left = (sum(getattr(pot, name) for pot in pots.units) for name in ("withheld", "left"))
        assert refunded + withheld + left + sum(pot.left for pot in pots.postage) == order.total
        assert refunded == sum(pot.refunded for pot in pots.payments) <= order.total
        assert min(pot.left for pot in all_of(pots)) >= 0
        assert got.refund == got.goods + got.tax + got.postage
        assert min(got.goods, got.tax, got.postage, got.customer_owes, got.netted) >= 0


@given(st.sampled_from(["JPY", "CNY", "KWD"]), st.integers(-(10**9), 10**9))
def test_amounts_are_written_with_the_digits_of_their_currency_and_read_back(currency: str, minor: int) -> None:
    text = to_text(minor, currency)
    assert to_minor(text, currency) == minor
    assert len(text.partition(".")[2]) == exponent(currency)
