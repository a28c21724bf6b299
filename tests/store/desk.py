"""Short ways to do what every test of the store begins with."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine

from models.case import Case, Payout
from models.effects import CommitInput, CommitResult, Decision, Effects, MoneyMove
from models.events import SYSTEM, Entry
from models.orders import Order
from models.pots import Draw, Pots, payment_draws, pots_of, unit_draws
from store import cases, orders
from store.cases import NewCase
from store.engine import reading, writing
from tests.builders import CALENDARS, NOW, a_case, an_order


def import_order(engine: Engine, order: Order | None = None) -> Order:
    order = order or an_order()
    with writing(engine) as session:
        orders.put(session, order, NOW)
    return order


def open_case(
    engine: Engine, order: Order, lines: Mapping[int, int] | None = None, over: Any = None, **new: Any
) -> Case:
    """Open a case on an order, by default about one kettle; `over` changes the case, the rest its opening."""
    wanted = dict(lines or {1: 1})

    def build(case_no: str) -> Decision:
        case = a_case(case_no, order, wanted, **{"seq": 1, **(over or {})})
        opened = Entry(seq=1, at=case.opened_at, actor=SYSTEM, action="opened", target=case.state)
        return Decision(case=case, effects=Effects(entries=(opened,)))

    asked: dict[str, Any] = {
        "order_no": order.order_no,
        "lines": wanted,
        "allowed_per_line": {line.line_no: line.quantity for line in order.lines},
        "now": NOW,
        "calendars": CALENDARS,
        **new,
    }
    with writing(engine) as session:
        return cases.open_case(session, NewCase(build=build, **asked))


def commit(engine: Engine, case: Case, at: Any = NOW, **effects: Any) -> CommitResult:
    drain = CommitInput(case=case, base=case.version - 1, effects=Effects(**effects), at=at)
    with writing(engine) as session:
        return cases.write_commit(session, drain, CALENDARS)


def next_version(case: Case, **changes: Any) -> Case:
    return case.model_copy(update={"version": case.version + 1, **changes})


def pots_now(engine: Engine, order: Order) -> Pots:
    with reading(engine) as session:
        pots = orders.pots(session, order.order_no)
    assert pots is not None
    return pots


def loaded(engine: Engine, case_no: str) -> Case:
    with reading(engine) as session:
        case = cases.load(session, case_no)
    assert case is not None
    return case


def refund_draws(order: Order, line_no: int = 1, quantity: int = 1) -> tuple[Draw, ...]:
    """What the refund of some units takes from fresh pots: the units, and the payment they were paid with."""
    pots = pots_of(order)
    units = unit_draws(pots, line_no, quantity)
    return (*units, *payment_draws(pots, sum(draw.amount for draw in units)))


def refund(key: str, draws: tuple[Draw, ...]) -> tuple[Payout, MoneyMove]:
    """A payout and the move that draws it, under one key."""
    amount = sum(draw.amount for draw in draws if draw.account == "payment")
    payout = Payout(key=key, purpose="refund", amount=amount, payment_no="P1", draws=draws)
    return payout, MoneyMove(key=key, kind="draw", account="refund", amount=amount, draws=draws)


def ending(kind: Any, move: MoneyMove, reference: str | None = None) -> MoneyMove:
    """The move that settles or releases what another one drew."""
    return move.model_copy(update={"kind": kind, "reference": reference})
