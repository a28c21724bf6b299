"""Whatever is done to cases, in whatever order, twice, or cut off in the middle: no unit is nowhere or twice."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from models.effects import CommitInput
from models.errors import CommandRefused
from store import cases
from store.engine import reading, writing
from store.stock import listing
from tests.builders import an_order
from tests.databases import emptied
from tests.models.story import found
from tests.store.stock.shop import counted, inspected, nowhere_twice, places
from tests.store.till import CALENDARS, Till

OTHER = {"sku": "KETTLE-18", "quantity": 1, "unit_price": "129.00"}
SF = {"carrier": "sf", "waybill": "SF 1"}
DONE: list[tuple[str, str, dict[str, Any]]] = [
    ("agent", "authorise_return", {}),
    ("customer", "ship_return", SF),
    ("warehouse", "book_in", {}),
    ("warehouse", "confirm_fault", {"lines": [found(disposition="restock")]}),
    ("warehouse", "confirm_fault", {"lines": [found(disposition="scrap", quantity=2)]}),
    ("warehouse", "refute_fault", {"lines": [found("customer", "customer")]}),
    ("manager", "choose_remedy", {"remedy": "exchange", "customer_agrees": True}),
    ("manager", "choose_remedy", {"remedy": "substitute", "replacement": OTHER, "customer_agrees": True}),
    ("manager", "choose_remedy", {"remedy": "reship", "customer_agrees": True}),
    ("manager", "choose_remedy", {"remedy": "refund", "customer_agrees": True}),
    ("manager", "choose_remedy", {"remedy": "repair", "customer_agrees": True}),
    ("manager", "choose_remedy", {"remedy": "goods_back", "customer_agrees": True}),
    ("warehouse", "report_shortage", {}),
    ("system", "stock_arrived", {}),
    ("warehouse", "ship_replacement", SF),
    ("warehouse", "ship_back", SF),
    ("workshop", "finish_repair", {"report": "tested"}),
    ("workshop", "fail_repair", {"reason": "no part"}),
    ("courier", "record_delivery", {"outcome": "delivered"}),
    ("courier", "record_delivery", {"outcome": "refused"}),
    ("courier", "record_delivery", {"outcome": "lost"}),
    ("courier", "record_delivery", {"outcome": "signed_by_other"}),
    ("agent", "split", {"lines": [{"line_no": 1, "quantity": 1}]}),
    ("customer", "withdraw", {"reason": "changed his mind"}),
    ("agent", "complete_callback", {"satisfied": True}),
    ("agent", "complete_callback", {"satisfied": False}),
    ("manager", "reopen", {"reason": "once more"}),
    ("finance", "pay_all", {}),
    ("somebody", "count", {}),
]
#: Mostly forward, so that walks get somewhere.
WAY = [0, 1, 2, 3, 6, 14, 18, 24, 6, 14, 18, 16, 15, 9, 27]
Walk = list[tuple[int, int, bool]]
walks = st.lists(
    st.tuples(st.one_of(st.sampled_from(WAY), st.integers(0, len(DONE) - 1)), st.integers(0, 1), st.booleans()),
    min_size=10,
    max_size=30,
)
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=12, deadline=None, suppress_health_check=QUIET)
@given(walks, st.integers(0, 2))
def test_no_unit_is_nowhere_or_twice(engine: Engine, walk: Walk, on_shelf: int) -> None:
    walked(engine, walk, on_shelf)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(walks, st.integers(0, 2))
def test_no_unit_is_nowhere_or_twice_on_many_walks(engine: Engine, walk: Walk, on_shelf: int) -> None:
    walked(engine, walk, on_shelf)


def walked(engine: Engine, walk: Walk, on_shelf: int) -> None:
    till = Till(emptied(engine))
    counted(engine, KETTLE_17=on_shelf, KETTLE_18=1)
    numbers = [till.opened(lines={1: 2}), till.opened(lines={2: 1})]
    for way in (0, 1, 2):  # both begin with goods on their way in, as most cases do
        role, action, data = DONE[way]
        till.act(numbers[0], role, action, **data)
    for step, (what, which, cut_off) in enumerate(walk):
        role, action, data = DONE[what]
        if action == "count":
            counted(engine, f"count {step}", KETTLE_17=5, CUP_04=step)
        elif action == "pay_all":
            till.pay_all(numbers[which])
        else:
            acted(till, numbers[which], role, action, cut_off, **data)
        nowhere_twice(engine)
        as_the_cases_say(till, numbers)


def acted(till: Till, case_no: str, role: str, action: str, cut_off: bool, **data: Any) -> None:
    """One command; half of them are committed once in vain, then for good, and then once more."""
    try:
        decision = till.decided(case_no, role, action, **data)
    except CommandRefused:
        return
    drain = CommitInput(case=decision.case, base=till.case(case_no).version, effects=decision.effects, at=till.later())
    if cut_off:
        with pytest.raises(ConnectionError, match="the worker died"):
            written_and_died(till.engine, drain)
    for _ in range(2 if cut_off else 1):
        with writing(till.engine) as session:
            cases.write_commit(session, drain, CALENDARS)


def written_and_died(engine: Engine, drain: CommitInput) -> None:
    with writing(engine) as session:
        cases.write_commit(session, drain, CALENDARS)
        raise ConnectionError("the worker died")


def as_the_cases_say(till: Till, numbers: list[str]) -> None:
    """What is set aside in the ledger is what its cases hold, for articles that are counted."""
    for sku in ("KETTLE-17", "KETTLE-18"):
        with reading(till.engine) as session:
            aside = {one.case_no: one.quantity for one in listing.set_aside_for(session, sku)}
        held = {case_no: till.held(case_no, sku, "reserved") for case_no in numbers}
        assert aside == {case_no: units for case_no, units in held.items() if units}


def test_of_ten_at_once_for_the_last_three_three_get_one_and_seven_wait(engine: Engine) -> None:
    tills = [Till(engine, an_order(f"KETTLE-{number}")) for number in range(10)]
    counted(engine, KETTLE_17=3)
    ready = [(till, inspected(till, "scrap")) for till in tills]

    def choose(one: tuple[Till, str]) -> str:
        till, case_no = one
        till.drive(case_no, ("manager", "choose_remedy", {"remedy": "exchange", "customer_agrees": True}))
        return till.case(case_no).state

    with ThreadPoolExecutor(5) as crowd:
        states = sorted(crowd.map(choose, ready))
    assert states == ["awaiting_stock"] * 7 + ["exchanging"] * 3
    assert places(engine) == {"reserved": 3, "scrap": 10}
    nowhere_twice(engine)


def test_two_cases_for_the_same_two_articles_in_another_order_do_not_wait_for_each_other(engine: Engine) -> None:
    both = [{"sku": "B-1", "quantity": 1}, {"sku": "A-1", "quantity": 1}]
    orders = [
        an_order(
            f"SET-{number}",
            lines=[{**one, "line_no": at, "unit_price": 5000} for at, one in enumerate(lines, 1)],
            payments=[{"payment_no": "P1", "method": "alipay", "amount": 11000}],
        )
        for number, lines in enumerate((both, both[::-1]) * 4)
    ]
    tills = [Till(engine, order) for order in orders]
    counted(engine, A_1=5, B_1=5)
    ready = [(till, till.opened("missing_item", lines={1: 1, 2: 1})) for till in tills]

    def choose(one: tuple[Till, str]) -> str:
        till, case_no = one
        till.drive(case_no, ("manager", "choose_remedy", {"remedy": "reship", "customer_agrees": True}))
        return till.case(case_no).state

    with ThreadPoolExecutor(4) as crowd:
        states = sorted(crowd.map(choose, ready))
    assert states == ["awaiting_stock"] * 3 + ["exchanging"] * 5
    assert places(engine, "A-1") == places(engine, "B-1") == {"reserved": 5}
    nowhere_twice(engine)
