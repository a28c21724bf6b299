"""The audit finds nothing whatever people do, and names every sort of error that is planted."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, Table, delete, insert, select, update

from models.tables import cases, ledger, money_moves, payment_pots, payouts, unit_pots
from store.accounting.audit import Audited, audit_money
from tests.builders import NOW, an_order
from tests.databases import emptied
from tests.models.story import found
from tests.store.till import Till

CAME_BACK: list[tuple[Any, ...]] = [
    ("agent", "authorise_return"),
    ("customer", "ship_return", {"carrier": "SF", "waybill": "SF100", "freight": "12.00"}),
    ("warehouse", "book_in"),
    ("warehouse", "confirm_fault", {"lines": [found(disposition="restock")]}),
]


def sold_and_refunded(engine: Engine) -> Till:
    """A kettle that came back and was paid for, a claim that is open, and another kettle's refund on its way."""
    till = Till(engine)
    first = till.opened()
    till.drive(first, *CAME_BACK, ("agent", "open_claim", {"against": "courier", "amount": "30.00"}))
    till.drive(first, ("manager", "choose_remedy", {"remedy": "refund"}))
    till.pay_all(first)
    second = till.opened(lines={2: 1})
    till.drive(second, ("manager", "choose_remedy", {"remedy": "keep_it", "amount": "5.00"}))
    return till


def test_the_books_of_a_shop_that_works_agree(engine: Engine) -> None:
    sold_and_refunded(engine)
    audited = audit_money(engine)
    assert audited.findings == ()
    assert (audited.orders, audited.cases, audited.payouts) == (1, 2, 3)
    assert audited.postings == 5  # the kettle back, two claims, its refund, its freight


def test_the_books_agree_after_a_chargeback_of_what_was_refunded_T21(engine: Engine) -> None:
    till = sold_and_refunded(engine)
    taken = {"ruling": "refunded", "amount": "347.60", "reference": "CB-7"}
    till.drive("AC-26-000001", ("platform", "platform_ruling", taken))
    money = till.case("AC-26-000001").money
    assert money.charged_back > 0
    assert till.pots().payable == 0
    till.drive(
        "AC-26-000001", ("finance", "record_payment", {"amount": "5.00", "reference": "W1", "for": "receivable"})
    )
    assert audit_money(engine).findings == ()


def test_an_order_that_nobody_complained_about_agrees(engine: Engine) -> None:
    Till(engine)
    assert audit_money(engine) == Audited(orders=1, cases=0, payouts=0, postings=0, findings=())


# ── whatever people do ────────────────────────────────────────────────────────────────────────────

_KETTLE = {"sku": "KETTLE-20", "quantity": 1}
STEPS: list[tuple[Any, ...]] = [
    *CAME_BACK,
    ("warehouse", "confirm_fault", {"lines": [found(disposition="scrap")]}),
    ("warehouse", "refute_fault", {"lines": [found("customer", "customer")]}),
    ("manager", "choose_remedy", {"remedy": "refund"}),
    ("agent", "choose_remedy", {"remedy": "refund"}),
    ("manager", "approve", {}),
    ("manager", "choose_remedy", {"remedy": "repair"}),
    ("manager", "choose_remedy", {"remedy": "goods_back"}),
    ("manager", "choose_remedy", {"remedy": "exchange", "replacement": {**_KETTLE, "unit_price": "149.00"}}),
    ("manager", "choose_remedy", {"remedy": "exchange", "replacement": {**_KETTLE, "unit_price": "99.00"}}),
    ("manager", "choose_remedy", {"remedy": "keep_it", "amount": "8.00"}),
    ("manager", "waive_freight", {"amount": "4.00", "reason": "an old customer"}),
    ("finance", "waive_receivable", {"reason": "he is not to be asked for it"}),
    ("manager", "waive_receivable", {"reason": "granted"}),
    ("manager", "compensate", {"amount": "15.00", "kind": "late", "reason": "a week late"}),
    ("finance", "record_payment", {"amount": "20.00", "reference": "ICBC-7"}),
    ("warehouse", "ship_replacement", {"carrier": "SF", "waybill": "SF300"}),
    ("warehouse", "ship_back", {"carrier": "SF", "waybill": "SF200"}),
    ("workshop", "finish_repair", {"report": "new seal"}),
    ("manager", "choose_remedy", {"remedy": "exchange", "in_advance": True}),
    ("finance", "record_payment", {"amount": "150.00", "reference": "ICBC-8"}),
    ("finance", "record_payment", {"amount": "50.00", "reference": "auth 9", "held": True}),
    ("finance", "record_payment", {"amount": "12.00", "reference": "ICBC-9", "for": "receivable"}),
    ("finance", "record_payment", {"amount": "40.00", "reference": "ICBC-9", "for": "deposit"}),
    ("manager", "settle_deposit", {}),
    ("manager", "settle_deposit", {"keep": "30.00", "reason": "the lid is missing"}),
    ("agent", "give_back", {}),
    ("courier", "record_delivery", {"outcome": "delivered"}),
    ("courier", "record_delivery", {"outcome": "lost"}),
    ("agent", "withdraw", {"reason": "solved itself"}),
    ("agent", "reopen", {"reason": "it is back"}),
    ("platform", "platform_ruling", {"ruling": "refunded", "reference": "TM-9", "amount": "40.00"}),
    ("agent", "open_claim", {"against": "supplier", "amount": "60.00"}),
    ("agent", "settle_claim", {"result": "accepted", "amount": "50.00"}),
    ("agent", "settle_claim", {"result": "paid", "amount": "45.00"}),
    ("agent", "settle_claim", {"result": "refused"}),
    ("agent", "settle_claim", {"result": "filed", "evidence": ["value"], "reference": "SF-9"}),
    ("agent", "settle_claim", {"result": "appealed", "reason": "the box was whole"}),
    ("finance", "settle_claim", {"result": "paid", "amount": "20.00", "more_to_come": True}),
    ("manager", "settle_claim", {"result": "written_off", "reason": "they never answer"}),
    ("finance", "pay_all", {}),
]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(STEPS)), min_size=5, max_size=25))
def test_the_books_agree_after_whatever_people_do(engine: Engine, steps: list[tuple[int, tuple[Any, ...]]]) -> None:
    emptied(engine)
    till = Till(
        engine, an_order(payments=[{"payment_no": "P1", "amount": 20000}, {"payment_no": "P2", "amount": 14760}])
    )
    numbers = [till.opened(), till.opened(lines={1: 1}), till.opened("change_of_mind", {2: 3})]
    for case_no in numbers[:1]:
        till.drive(case_no, *CAME_BACK)
    for which, (role, action, *data) in steps:
        if action == "pay_all":
            till.pay_all(numbers[which])
        else:
            till.act(numbers[which], role, action, **(data[0] if data else {}))
    assert audit_money(engine).findings == ()


# ── whatever is planted ───────────────────────────────────────────────────────────────────────────

Plant = Callable[[Connection], object]


def changed(table: Table, where: Any = True, **values: Any) -> Plant:
    def plant(connection: Connection) -> None:
        done = connection.execute(update(table).where(where).values(**values))
        assert done.rowcount == 1, "the error was planted nowhere"

    return plant


def gone(table: Table, where: Any) -> Plant:
    def plant(connection: Connection) -> None:
        assert connection.execute(delete(table).where(where)).rowcount == 1

    return plant


def document(case_no: str, change: Callable[[dict[str, Any]], object]) -> Plant:
    def plant(connection: Connection) -> None:
        here = cases.c.case_no == case_no
        kept = dict(connection.execute(select(cases.c.document).where(here)).scalar_one())
        change(kept)
        connection.execute(update(cases).where(here).values(document=kept))

    return plant


FIRST, SECOND = "AC-26-000001", "AC-26-000002"
REFUND = f"{FIRST}:refund:%"
_refunded = ledger.c.purpose == "refund"
_paid_move = money_moves.c.key.like(REFUND) & (money_moves.c.kind == "settle")
_first_draw = money_moves.c.key.like(REFUND) & (money_moves.c.kind == "draw")
_drawn_move = money_moves.c.key.like(f"{SECOND}:%")
_row = {"case_no": FIRST, "currency": "CNY", "debit": "customer", "credit": "shop", "purpose": "goodwill", "at": NOW}
PLANTED: dict[str, tuple[str, Plant]] = {
    "a payment that gave less than was paid out of it": ("pot", changed(payment_pots, refunded=1)),
    "a unit that is not out any more": ("pot", changed(unit_pots, unit_pots.c.units_out == 1, units_out=0)),
    "money held back from nobody": ("pot", changed(unit_pots, unit_pots.c.units_out == 1, withheld=5)),
    "a settled move that was never drawn": ("move", gone(money_moves, _first_draw)),
    "a move that was settled with more": ("move", changed(money_moves, _paid_move, amount=99999)),
    "a draw whose parts are not its sum": ("move", changed(money_moves, _drawn_move, amount=501)),
    "a payout of another amount": ("payout", changed(payouts, payouts.c.id.like(REFUND), amount=1)),
    "a payout for another purpose": ("payout", changed(payouts, payouts.c.id.like(REFUND), purpose="goodwill")),
    "a payout said to be open again": ("payout", changed(payouts, payouts.c.id.like(REFUND), state="approved")),
    "a payout said to be paid": ("payout", changed(payouts, payouts.c.case_no == SECOND, state="done")),
    "a draw without a payout": ("payout", gone(payouts, payouts.c.case_no == SECOND)),
    "a refund that is not posted": ("ledger", gone(ledger, _refunded)),
    "a refund posted with less": ("ledger", changed(ledger, _refunded, amount=1)),
    "a refund posted as freight": ("ledger", changed(ledger, _refunded, purpose="freight")),
    "a posting in another currency": ("ledger", changed(ledger, _refunded, currency="EUR")),
    "a posting for a payout that is none": (
        "ledger",
        lambda c: c.execute(insert(ledger).values(key="x", amount=5, payout_id="none", **_row)),
    ),
    "a claim that is not posted": ("case", gone(ledger, (ledger.c.purpose == "claim") & (ledger.c.debit == "courier"))),
    "a case that says that more was refunded": ("case", document(FIRST, lambda d: d["money"].update(refund=1))),
    "a case that says that more was paid": ("case", document(FIRST, lambda d: d["money"].update(paid=1))),
    "a case that says that money came in": ("case", document(FIRST, lambda d: d["money"].update(received=1))),
    "a case that forgot a payout": ("case", document(FIRST, lambda d: d.update(payouts=[]))),
    "a case that forgot its claim": ("case", document(FIRST, lambda d: d.update(claims=[]))),
    "goodwill that nobody granted": (
        "limit",
        document(SECOND, lambda d: d["money"].update(compensation=1)),
    ),
    "freight that nobody advanced": ("limit", document(FIRST, lambda d: d.update(advanced_freight=1199))),
}


@pytest.mark.parametrize("error", PLANTED)
def test_a_planted_error_is_named(engine: Engine, error: str) -> None:
    sort, plant = PLANTED[error]
    sold_and_refunded(engine)
    with engine.begin() as connection:
        plant(connection)
    findings = audit_money(engine).findings
    assert sort in [one.sort for one in findings]
    assert all(one.order_no == "KETTLE-1" and one.detail for one in findings)
