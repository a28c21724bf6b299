"""What a remedy costs whom."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.accounting.settlement import Settlement, SettlementAsk, settlement, settlement_to_document
from models.errors import MoneyRefused, PotExceeded
from models.orders import Order, OrderLine, Payment
from models.pots import Pots, draw, pots_of, release, settle

NOON = "2026-03-02T12:00:00Z"
ONE = ((1, 1),)


def line(line_no: int, price: int, quantity: int = 1, **more: Any) -> OrderLine:
    return OrderLine(line_no=line_no, sku=f"SKU-{line_no}", unit_price=price, quantity=quantity, **more)


def pots_for(*lines: OrderLine, postage: int = 0, paid: int | None = None) -> Pots:
    bare = Order(order_no="A-1", currency="CNY", placed_at=NOON, lines=lines, postage=postage)
    payment = Payment(payment_no="P1", method="alipay", amount=bare.total if paid is None else paid, paid_at=NOON)
    return pots_of(bare.model_copy(update={"payments": (payment,)}))


def settled(pots: Pots, free_shipping: bool = False, **ask: Any) -> Settlement:
    return settlement(pots, free_shipping, SettlementAsk(**{"remedy": "refund", "lines": ONE, **ask}))


# ── the handbook's worked examples: goods 100, postage 10 unless free, return freight 12, replacement freight 10 ──


@pytest.mark.parametrize(
    ("rule", "party", "free", "remedy", "refund", "reimbursed", "owes"),
    [
        ("F1", "seller", True, "refund", 10000, 1200, 0),  # 112 = 100 + 12
        ("F2", "seller", True, "exchange", 0, 1200, 0),  # 12
        ("F3", "seller", False, "refund", 11000, 1200, 0),  # 122 = 100 + 10 + 12
        ("F4", "seller", False, "exchange", 0, 1200, 0),  # 12
        ("F5", "customer", True, "refund", 10000, 0, 0),  # 100
        ("F6", "customer", True, "exchange", 0, 0, 0),  # 0, bears his 12
        ("F7", "customer", False, "refund", 10000, 0, 0),  # 100
        ("F8", "customer", False, "exchange", 0, 0, 1000),  # owes 10, bears his 12 too
        ("F9", "seller", True, "repair", 0, 1200, 0),  # 12
        ("F9", "seller", False, "repair", 0, 1200, 0),  # 12
        ("F10", "customer", True, "repair", 0, 0, 1000),  # owes 0 quote + 10
        ("F10", "customer", False, "repair", 0, 0, 1000),  # owes 0 quote + 10
    ],
)
def test_the_worked_examples(
    rule: str, party: str, free: bool, remedy: str, refund: int, reimbursed: int, owes: int
) -> None:
    pots = pots_for(line(1, 10000), postage=0 if free else 1000)
    got = settled(
        pots,
        free,
        remedy=remedy,
        party_liable=party,
        return_freight=1200,
        return_freight_cap=3600,
        replacement_freight=1000,
    )
    assert (got.rule, got.refund, got.freight_reimbursement, got.customer_owes) == (rule, refund, reimbursed, owes)
    assert got.refund == got.goods + got.tax + got.postage
    assert got.per_line == ((1, 1, got.goods + got.tax),)


@pytest.mark.parametrize("party", ["courier", "supplier", "platform"])
def test_courier_supplier_and_platform_count_as_seller_F19(party: str) -> None:
    pots = pots_for(line(1, 10000), postage=1000)
    got = settled(pots, party_liable=party, return_freight=1200)
    assert (got.rule, got.refund, got.freight_reimbursement) == ("F3", 11000, 1200)


@pytest.mark.parametrize(
    ("remedy", "rule", "refund", "owes"),
    [
        ("refund", "F7", 10000, 0),
        ("exchange", "F8", 0, 1000),
        ("repair", "F10", 0, 1000),
        ("goods_back", "G4", 0, 1000),
    ],
)
def test_where_no_fault_was_found_the_way_in_is_ours_and_the_way_back_the_customers_G4(
    remedy: str, rule: str, refund: int, owes: int
) -> None:
    pots = pots_for(line(1, 10000), postage=1000)
    got = settled(pots, remedy=remedy, party_liable="none_found", return_freight=1200, replacement_freight=1000)
    assert (got.rule, got.refund, got.freight_reimbursement, got.customer_owes) == (rule, refund, 1200, owes)


def test_a_repair_out_of_warranty_is_paid_with_its_quote_before_it_goes_back_F10() -> None:
    got = settled(
        pots_for(line(1, 10000)), remedy="repair", party_liable="customer", quote=4500, replacement_freight=1000
    )
    assert got.customer_owes == 5500  # 45 parts and labour + 10 back


@pytest.mark.parametrize(
    ("receipt", "cap", "reimbursed", "over"),
    [
        (1200, 3600, 1200, 0),
        (3600, 3600, 3600, 0),
        (4000, 3600, 3600, 400),  # a manager decides on the 4.00
        (4000, None, 4000, 0),  # no rate known for the zone
        (0, 3600, 0, 0),  # a label of ours: nothing advanced
    ],
)
def test_freight_is_reimbursed_against_the_receipt_up_to_the_limit_F11(
    receipt: int, cap: int | None, reimbursed: int, over: int
) -> None:
    got = settled(pots_for(line(1, 10000)), return_freight=receipt, return_freight_cap=cap)
    assert (got.freight_reimbursement, got.freight_over_cap) == (reimbursed, over)


def test_shared_liability_shares_the_freight_F19() -> None:
    got = settled(pots_for(line(1, 10000)), share=60, return_freight=1200)
    assert got.freight_reimbursement == 720  # 60 % of 12.00


@pytest.mark.parametrize(
    ("free", "remedy", "percent", "refund", "reimbursed", "owes"),
    [
        (False, "refund", 60, 10600, 720, 0),  # 60 % of the postage 10.00 and of the way back 12.00
        (False, "refund", 33, 10330, 396, 0),
        (True, "refund", 60, 10000, 720, 0),
        (False, "exchange", 60, 0, 720, 400),  # 40 % of the replacement's 10.00
        (True, "exchange", 60, 0, 720, 0),  # F6: the replacement's way is the seller's anyway
        (False, "repair", 60, 0, 720, 2200),  # 40 % of the quote 45.00 and of the way back 10.00
        (False, "goods_back", 60, 0, 720, 2200),
        (False, "refund", 0, 10000, 0, 0),
        (False, "refund", 100, 11000, 1200, 0),
        (False, "exchange", 0, 0, 0, 1000),
        (False, "exchange", 100, 0, 1200, 0),
    ],
)
def test_a_shared_liability_is_the_same_whichever_side_names_its_share_F19(
    free: bool, remedy: str, percent: int, refund: int, reimbursed: int, owes: int
) -> None:
    pots = pots_for(line(1, 10000), postage=0 if free else 1000)
    for party, share in (("courier", percent), ("customer", 100 - percent)):
        quote = 4500 if remedy in ("repair", "goods_back") else 0
        freight = {"return_freight": 1200, "replacement_freight": 1000, "quote": quote}
        got = settled(pots, free, remedy=remedy, party_liable=party, share=share, **freight)
        assert (got.refund, got.freight_reimbursement, got.customer_owes) == (refund, reimbursed, owes)


# ── goods, tax and postage ────────────────────────────────────────────────────────────────────────


def test_tax_goes_back_as_it_was_charged() -> None:
    pots = pots_for(line(1, 10000, 3, tax=3901), line(2, 5000))
    got = settled(pots, lines=((1, 2), (2, 1)))
    # 3901 over 3 units: 1301, 1300, 1300
    assert (got.goods, got.tax, got.refund) == (25000, 2601, 27601)
    assert got.per_line == ((1, 2, 22601), (2, 1, 5000))


def test_tax_inside_the_price_is_told_apart_and_not_paid_twice() -> None:
    got = settled(pots_for(line(1, 11300, tax=1300, tax_included=True)))
    assert (got.goods, got.tax, got.refund) == (10000, 1300, 11300)


def test_postage_waits_for_the_last_line_it_carried_F14() -> None:
    pots = pots_for(line(1, 10000), line(2, 5000), postage=1000)
    first = settled(pots)
    assert first.postage == 0
    assert any("postage: stays" in source for source in first.sources)
    rest = settled(draw(pots, first.draws), lines=((2, 1),))
    assert (rest.goods, rest.postage) == (5000, 1000)


@pytest.mark.parametrize(
    ("party", "refund_postage", "postage"),
    [("seller", "never", 0), ("customer", "always", 1000), ("customer", "rule", 0), ("seller", "rule", 1000)],
)
def test_a_playbook_may_say_otherwise_about_postage_F14(party: str, refund_postage: str, postage: int) -> None:
    pots = pots_for(line(1, 10000), postage=1000)
    assert settled(pots, party_liable=party, refund_postage=refund_postage).postage == postage


def test_what_never_arrived_is_refunded_in_full_whoever_is_liable_F27() -> None:
    pots = pots_for(line(1, 10000), postage=1000)
    got = settled(pots, party_liable="customer", never_delivered=True)
    assert (got.rule, got.refund) == ("F27", 11000)


def test_a_reduction_for_use_is_withheld_and_stays_withheld_F16() -> None:
    pots = pots_for(line(1, 9999, 2))
    used = settled(pots, party_liable="customer", reduction_percent=20)
    assert used.refund == 7999  # 99.99 − 20 % = 79.992, the spare cent to the larger remainder
    assert any("20.00 CNY withheld: 20 %" in source for source in used.sources)
    assert settled(draw(pots, used.draws), party_liable="customer").refund == 9999


def test_no_more_goes_back_than_the_payments_took_F17() -> None:
    pots = pots_for(line(1, 10000), postage=1000, paid=10500)
    got = settled(pots)
    assert (got.goods, got.postage, got.refund) == (10000, 500, 10500)
    assert any("F17" in source for source in got.sources)
    assert settled(pots_for(line(1, 10000), paid=0)).refund == 0


def test_two_cases_never_refund_the_same_unit_C2() -> None:
    pots = pots_for(line(1, 10000, 2))
    with pytest.raises(PotExceeded):
        settled(draw(pots, settled(pots).draws), lines=((1, 2),))


# ── money without goods, and other goods ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(("remedy", "rule"), [("keep_it", "K4"), ("adjust_price", "K2")])
def test_an_agreed_amount_is_paid_and_no_unit_goes_out(remedy: str, rule: str) -> None:
    pots = pots_for(line(1, 10000, 2, tax=2600), postage=1000)
    got = settled(pots, remedy=remedy, amount=1130, return_freight=1200)
    assert (got.rule, got.refund, got.tax, got.freight_reimbursement) == (rule, 1130, 130, 0)
    assert sum(pot.units_out for pot in draw(pots, got.draws).units) == 0


def test_an_adjustment_of_the_whole_order_is_taken_from_its_lines_then_its_postage() -> None:
    pots = pots_for(line(1, 300), line(2, 100), postage=1000)
    got = settled(pots, remedy="adjust_price", lines=(), amount=500)
    assert got.per_line == ((1, 0, 300), (2, 0, 100))
    assert got.postage == 100


@pytest.mark.parametrize(("lines", "amount"), [(ONE, 10001), ((), 11001)])
def test_an_amount_above_what_was_paid_is_refused(lines: Any, amount: int) -> None:
    with pytest.raises(PotExceeded):
        settled(pots_for(line(1, 10000), postage=1000), remedy="keep_it", lines=lines, amount=amount)


@pytest.mark.parametrize("remedy", ["exchange", "substitute"])
@pytest.mark.parametrize(
    ("price", "refund", "owes"),
    [(12000, 0, 2000), (10000, 0, 0), (None, 0, 0), (7000, 3000, 0), (0, 10000, 0)],
)
def test_the_price_difference_is_owed_or_refunded_G6(remedy: str, price: int | None, refund: int, owes: int) -> None:
    got = settled(pots_for(line(1, 10000)), remedy=remedy, replacement_price=price)
    assert (got.refund, got.customer_owes) == (refund, owes)


def test_a_cheaper_exchange_that_comes_back_later_gives_only_what_it_cost_G6() -> None:
    pots = pots_for(line(1, 10000))
    cheaper = settled(pots, remedy="exchange", replacement_price=7000)
    assert settled(draw(pots, cheaper.draws)).refund == 7000


@pytest.mark.parametrize(
    ("remedy", "party", "owes"),
    [
        ("reship", "courier", 0),
        ("reship", "customer", 1000),
        ("goods_back", "seller", 0),
        ("goods_back", "customer", 1000),
        ("visit", "seller", 0),
        ("none", "customer", 0),
    ],
)
def test_what_goes_to_the_customer_is_paid_by_whoever_is_liable(remedy: str, party: str, owes: int) -> None:
    got = settled(pots_for(line(1, 10000)), remedy=remedy, party_liable=party, replacement_freight=1000)
    assert (got.refund, got.customer_owes, got.draws) == (0, owes, ())


# ── refusing ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "ask",
    [
        {"lines": ()},
        {"lines": ((9, 1),)},
        {"lines": ((1, 0),)},
        {"lines": ((1, -1),)},
        {"lines": ((1, 1), (1, -1))},
        {"party_liable": "the cat"},
        {"remedy": "magic"},
        {"remedy": "keep_it"},
        {"remedy": "keep_it", "amount": -1},
        {"return_freight": -1},
        {"replacement_freight": -1},
        {"quote": -1},
        {"replacement_price": -1},
        {"reduction_percent": 101},
        {"share": 101},
    ],
)
def test_what_makes_no_sense_is_refused(ask: dict[str, Any]) -> None:
    with pytest.raises(MoneyRefused):
        settled(pots_for(line(1, 10000)), **ask)


@pytest.mark.parametrize("remedy", ["refund", "exchange", "repair", "keep_it"])
@pytest.mark.parametrize("lines", [((1, 3),), ((1, 1), (1, 2))])
def test_more_units_than_were_bought_are_refused(remedy: str, lines: Any) -> None:
    with pytest.raises(PotExceeded):
        settled(pots_for(line(1, 10000, 2)), remedy=remedy, lines=lines, amount=1)


# ── the preview ───────────────────────────────────────────────────────────────────────────────────


def test_the_preview_is_the_contracts_answer() -> None:
    pots = pots_for(line(1, 10000, 2, tax=2600), postage=1000)
    document = settlement_to_document(settled(pots, lines=((1, 2),), return_freight=4000, return_freight_cap=3600))
    preview_id = document.pop("preview_id")
    assert len(preview_id) == 16
    assert document == {
        "rule": "F3",
        "currency": "CNY",
        "refund": "236.00",
        "goods": "200.00",
        "tax": "26.00",
        "postage": "10.00",
        "freight_reimbursement": "36.00",
        "freight_over_cap": "4.00",
        "customer_owes": "0.00",
        "netted": "0.00",
        "per_line": [{"line_no": 1, "quantity": 2, "amount": "226.00"}],
        "sources": [
            "line 1: 226.00 CNY is what 2 of it cost, by its own share (F13).",
            "postage 10.00 CNY: goes back, all it carried is back (F3, F14).",
            "this is all that the payments have left to give back (F17).",
            "return freight 36.00 CNY: reimbursed against the receipt (F3, F11).",
            "return freight 4.00 CNY is above the limit; a manager decides (F11).",
        ],
    }


def test_the_same_question_has_the_same_preview_however_its_lines_are_ordered_F20() -> None:
    pots = pots_for(line(1, 10000, 2), line(2, 5000))
    one = settled(pots, lines=((1, 2), (2, 1)))
    assert settled(pots, lines=((2, 1), (1, 1), (1, 1))) == one


@pytest.mark.parametrize(
    "changed",
    [{"lines": ((1, 2),)}, {"party_liable": "customer"}, {"return_freight": 1}, {"share": 99}, {"remedy": "exchange"}],
)
def test_another_question_has_another_preview_F20(changed: dict[str, Any]) -> None:
    pots = pots_for(line(1, 10000, 2))
    assert settled(pots, **changed).preview_id != settled(pots).preview_id


def test_a_preview_is_stale_once_anything_behind_it_changed_F20() -> None:
    pots = pots_for(line(1, 10000, 3), line(2, 5000), postage=1000)
    shown = settled(pots)
    other_unit = settled(pots)
    kept = settled(pots, remedy="keep_it", lines=((2, 1),), amount=100)
    assert settled(draw(pots, other_unit.draws)).preview_id != shown.preview_id
    assert settled(draw(pots, kept.draws)).preview_id != shown.preview_id
    assert settled(release(draw(pots, kept.draws), kept.draws)).preview_id == shown.preview_id


def test_paying_out_what_was_in_flight_leaves_a_preview_good_F20() -> None:
    pots = pots_for(line(1, 10000, 3))
    other = settled(pots)
    reserved = draw(pots, other.draws)
    assert settled(settle(reserved, other.draws)).preview_id == settled(reserved).preview_id


# ── whatever happens, in whatever order ───────────────────────────────────────────────────────────


@st.composite
def shelves(draw_: st.DrawFn) -> Pots:
    lines = []
    for number in range(draw_(st.integers(1, 3))):
        quantity, price = draw_(st.integers(1, 6)), draw_(st.integers(0, 2000))
        discount = draw_(st.integers(0, price * quantity))
        included = draw_(st.booleans())
        tax = draw_(st.integers(0, price * quantity - discount if included else 900))
        lines.append(line(number + 1, price, quantity, discount=discount, tax=tax, tax_included=included))
    return pots_for(*lines, postage=draw_(st.integers(0, 1500)))


def refund_some(pots: Pots, data: st.DataObject, party: str) -> Settlement:
    open_lines = sorted({pot.line_no for pot in pots.units if pot.units_left})
    assume(open_lines)
    chosen = data.draw(st.lists(st.sampled_from(open_lines), min_size=1, unique=True))
    lefts = {no: sum(pot.units_left for pot in pots.of_line(no)) for no in chosen}
    lines = tuple((no, data.draw(st.integers(1, left))) for no, left in lefts.items())
    return settled(pots, lines=lines, party_liable=party)


@given(shelves(), st.data())
def test_refunds_of_all_units_in_any_order_give_back_exactly_goods_tax_and_postage(
    pots: Pots, data: st.DataObject
) -> None:
    goods, tax, postage = 0, 0, 0
    charged = sum(pot.units * pot.tax for pot in pots.units)
    full = pots.paid
    while any(pot.units_left for pot in pots.units):
        got = refund_some(pots, data, "seller")
        goods, tax, postage = goods + got.goods, tax + got.tax, postage + got.postage
        pots = settle(draw(pots, got.draws), got.draws)
    assert goods + tax + postage == full
    assert tax == charged
    assert pots.refundable == 0


@given(shelves(), st.data())
def test_no_mix_of_remedies_pays_back_more_than_was_paid_C2(pots: Pots, data: st.DataObject) -> None:
    refunded, charged, taxes = 0, sum(pot.units * pot.tax for pot in pots.units), 0
    full = pots.paid
    for _ in range(data.draw(st.integers(1, 8))):
        got = some_remedy(pots, data)
        pots = settle(draw(pots, got.draws), got.draws)
        refunded, taxes = refunded + got.refund, taxes + got.tax
        assert got.refund == got.goods + got.tax + got.postage
        assert sum(amount for _, _, amount in got.per_line) == got.goods + got.tax
        assert min(got.refund, got.goods, got.tax, got.postage, got.customer_owes) >= 0
        assert refunded <= full
        assert taxes <= charged
        assert sum(pot.refunded for pot in pots.payments) == refunded


def some_remedy(pots: Pots, data: st.DataObject) -> Settlement:
    remedy = data.draw(st.sampled_from(["refund", "used", "exchange", "keep_it", "substitute"]))
    party = data.draw(st.sampled_from(["seller", "customer", "courier"]))
    if remedy in ("refund", "used"):
        got = refund_some(pots, data, party)
        percent = data.draw(st.integers(0, 100)) if remedy == "used" else 0
        lines = tuple((no, quantity) for no, quantity, _ in got.per_line)
        return settled(pots, lines=lines, party_liable=party, reduction_percent=percent)
    open_lines = sorted({pot.line_no for pot in pots.units if pot.units_left})
    assume(open_lines)
    line_no = data.draw(st.sampled_from(open_lines))
    if remedy == "keep_it":
        amount = data.draw(st.integers(0, sum(pot.left for pot in pots.of_line(line_no))))
        return settled(pots, remedy=remedy, lines=((line_no, 1),), amount=amount)
    return settled(pots, remedy=remedy, lines=((line_no, 1),), replacement_price=data.draw(st.integers(0, 2500)))


def test_a_settlement_is_a_value_and_moves_nothing() -> None:
    pots = pots_for(line(1, 10000))
    before = replace(pots)
    settled(pots)
    assert pots == before
