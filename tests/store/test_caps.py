"""Caps hold in the database too: a crowd of cases on one order gets back what was paid, and each its own freight."""

import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import IntegrityError

from models.case import Case, Payout
from models.effects import MoneyMove
from models.tables import money_moves, payment_pots, side_accounts, unit_pots
from store.accounting.audit import audit_money
from store.engine import reading, writing
from tests.builders import an_order
from tests.store.desk import commit, import_order, loaded, next_version, open_case
from tests.store.till import Till

CROWD = 200
KETTLE: dict[str, Any] = {"line_no": 1, "sku": "KETTLE-17", "name": "电热水壶", "unit_price": 12900, "quantity": CROWD}


@pytest.mark.slow
def test_two_hundred_cases_of_one_order_at_once_get_no_more_than_was_paid(engine: Engine) -> None:
    """C2, F26: refunds, keep-its, exchanges with differences, goodwill; paid for a quarter of what they ask."""
    paid = KETTLE["unit_price"] * CROWD // 4
    till = Till(engine, an_order(lines=[KETTLE], payments=[{"payment_no": "P1", "amount": paid}]))
    numbers = [till.opened(**HERE) for _ in range(CROWD)]
    roads = dict(zip(numbers, itertools.cycle(_ROADS), strict=False))

    def served(case_no: str) -> None:
        action, data = roads[case_no]
        till.act(case_no, "manager", action, **data)
        till.pay_all(case_no)

    with ThreadPoolExecutor(16) as crowd:
        list(crowd.map(served, numbers))
    cases = [till.case(n) for n in numbers]
    assert 0 < sum(case.money.refund for case in cases) <= paid
    assert till.pots().payable >= 0
    for case in cases:
        assert case.money.freight + case.money.goodwill <= case.advanced_freight
    audited = audit_money(engine)
    assert audited.findings == ()
    assert audited.cases == CROWD
    given = Counter(payout.purpose for case in cases for payout in case.payouts if payout.state == "done")
    assert set(given) == {"refund", "freight", "goodwill"}
    assert any(case.state == "fault_confirmed" for case in cases), "those who came too late were told"


#: The kettle is here, its fault is confirmed, and the customer advanced the freight of its way back.
HERE: dict[str, Any] = {"state": "fault_confirmed", "goods": "here", "inspected": True, "advanced_freight": 1200}
_CHEAPER = {"sku": "KETTLE-9", "quantity": 1, "unit_price": "79.00"}
_ROADS: list[tuple[str, dict[str, Any]]] = [
    ("choose_remedy", {"remedy": "refund"}),
    ("choose_remedy", {"remedy": "keep_it", "amount": "9.00"}),
    ("choose_remedy", {"remedy": "exchange", "replacement": _CHEAPER}),
    ("waive_freight", {"amount": "12.00", "reason": "an old customer"}),
]


def freight_of(amount: int, key: str) -> tuple[Payout, MoneyMove]:
    draw = MoneyMove(key=key, kind="draw", account="freight", amount=amount)
    return Payout(key=key, purpose="freight", amount=amount), draw


def asked(engine: Engine, case: Case, amount: int, key: str) -> tuple[Case, int]:
    payout, draw = freight_of(amount, key)
    after = next_version(case, payouts=(*case.payouts, payout))
    refused = commit(engine, after, money=(draw,)).refused
    return loaded(engine, case.case_no), len(refused)


def test_freight_above_what_was_advanced_is_refused_whatever_was_decided(engine: Engine) -> None:
    case = open_case(engine, import_order(engine), over={"advanced_freight": 1200})
    case, refused = asked(engine, case, 700, "f:1")
    assert refused == 0
    case, refused = asked(engine, case, 501, "f:2")
    assert refused == 1
    told = "the remedy is taken back, with what it had drawn"
    assert [(payout.key, payout.state) for payout in case.payouts] == [("f:1", "cancelled")], told
    with reading(engine) as session:
        row = session.execute(select(side_accounts.c.most, side_accounts.c.drawn)).one()
        drawn = session.execute(select(func.count()).where(money_moves.c.key == "f:2")).scalar_one()
    assert (tuple(row), drawn) == ((1200, 0), 0)


@pytest.mark.parametrize(
    "beyond",
    [
        update(payment_pots).values(refunded=34761),
        update(unit_pots).where(unit_pots.c.line_no == 1).values(in_flight=25801),
        update(unit_pots).where(unit_pots.c.line_no == 1).values(units_out=3),
        update(side_accounts).values(drawn=1201),
        update(side_accounts).values(drawn=-1),
    ],
    ids=["payment", "units' money", "units", "freight", "negative freight"],
)
def test_the_database_itself_refuses_what_is_beyond_a_cap(engine: Engine, beyond: object) -> None:
    case = open_case(engine, import_order(engine), over={"advanced_freight": 1200})
    asked(engine, case, 1200, "f:1")
    with pytest.raises(IntegrityError), writing(engine) as session:
        session.execute(beyond)  # type: ignore[call-overload]
