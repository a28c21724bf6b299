"""The refunds of all cases of an order never exceed what was paid, whatever happens at once (C2)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from models import tables
from models.effects import MoneyMove
from models.pots import Draw, pots_of
from store import orders
from store.accounting import money
from store.engine import reading, writing
from tests.builders import NOW, an_order
from tests.databases import emptied
from tests.store.desk import import_order, open_case, pots_now

CROWD = 200
ASKED = 777  # in vain after 44 times: 34760 - 44 × 777 = 572


def test_two_hundred_draws_at_once_never_take_more_than_was_paid(engine: Engine) -> None:
    order = import_order(engine)
    case = open_case(engine, order)

    def draw(n: int) -> bool:
        from_payment = Draw(account="payment", payment_no="P1", amount=ASKED)
        move = MoneyMove(key=f"draw:{n}", kind="draw", account="refund", amount=ASKED, draws=(from_payment,))
        with writing(engine) as session:
            money.lock_order(session, order.order_no)
            return not money.book(session, case.case_no, order.order_no, (move,), NOW).refused

    with ThreadPoolExecutor(16) as crowd:
        got = sum(crowd.map(draw, range(CROWD)))
    assert got == 44
    assert pots_now(engine, order).payable == 572
    with reading(engine) as session:
        booked = session.execute(select(func.count(), func.sum(tables.money_moves.c.amount))).one()
        refused = session.execute(select(func.count()).select_from(tables.money_refusals)).scalar_one()
    assert tuple(booked) == (44, 44 * ASKED)
    assert refused == CROWD - 44


Step = tuple[Literal["draw", "settle", "release"], int, int]
steps = st.lists(
    st.tuples(st.sampled_from(["draw", "settle", "release"]), st.integers(0, 5), st.integers(1, 9000)),
    max_size=25,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_whatever_is_drawn_settled_and_released_the_pots_are_what_the_ledger_says(
    engine: Engine, steps: list[Step]
) -> None:
    emptied(engine)
    order = import_order(engine, an_order(payments=[{"payment_no": "P1", "amount": 20000}]))
    case = open_case(engine, order)
    for kind, number, amount in steps:
        taken = Draw(account="payment", payment_no="P1", amount=amount)
        move = MoneyMove(key=f"k:{number}", kind=kind, account="refund", amount=amount, draws=(taken,))
        with writing(engine) as session:
            money.lock_order(session, order.order_no)
            money.book(session, case.case_no, order.order_no, (move,), NOW)
    with reading(engine) as session:
        ledger = money.ledger(session, case.case_no)
        pots = orders.pots(session, order.order_no)
    assert pots is not None
    pot = pots.payments[0]
    drawn, settled, released = (_sum(ledger, kind) for kind in ("draw", "settle", "release"))
    assert (pot.in_flight, pot.refunded) == (drawn - settled - released, settled)
    assert pot.in_flight + pot.refunded <= 20000
    assert _ended_at_most_once(ledger)


def _sum(ledger: tuple[MoneyMove, ...], kind: str) -> int:
    return sum(draw.amount for move in ledger if move.kind == kind for draw in move.draws)


def _ended_at_most_once(ledger: tuple[MoneyMove, ...]) -> bool:
    ended = [move.key for move in ledger if move.kind != "draw"]
    return len(ended) == len(set(ended))


def test_pots_come_back_as_they_were_filled(engine: Engine) -> None:
    order = import_order(
        engine,
        an_order(
            discounts=[{"amount": 2999}],
            shipments=[
                {"shipment_no": "S1", "lines": [{"line_no": 1, "quantity": 2}]},
                {"shipment_no": "S2", "lines": [{"line_no": 2, "quantity": 4}]},
            ],
            payments=[
                {"payment_no": "balance", "amount": 1000, "paid_at": NOW},
                {"payment_no": "alipay", "amount": 30761, "paid_at": NOW},
            ],
        ),
    )
    assert pots_now(engine, order) == pots_of(order)
