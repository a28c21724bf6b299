"""Builders that fill in the boring parts; a test names only what it is about.

The shop of these tests sells kettles in Hangzhou. Its clocks run on working hours, Monday to Friday 9 to 18.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from models.business_time import Calendar
from models.case import Case, Line, OrderFacts
from models.clocks import started
from models.lifecycle import OPEN, WAITS_FOR, State
from models.orders import Order
from models.playbook import ALL_HOURS, ClockRule, Level, Procedure
from models.pots import Pots, pots_of

#: Wednesday 2026-03-04, 10:00 in Shanghai.
NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

WORKING = Calendar.model_validate(
    {
        "timezone": "Asia/Shanghai",
        "weekly": {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    }
)
CALENDARS = {"shop": WORKING, ALL_HOURS: Calendar.always()}


def an_order(order_no: str = "KETTLE-1", **over: Any) -> Order:
    """Two kettles at 129.00 and four cups at 19.90 with 10.00 postage, delivered two days ago."""
    order: dict[str, Any] = {
        "order_no": order_no,
        "currency": "CNY",
        "placed_at": NOW - 4 * DAY,
        "paid_at": NOW - 4 * DAY,
        "shipped_at": NOW - 3 * DAY,
        "delivered_at": NOW - 2 * DAY,
        "customer": {"id": "c-88", "name": "王小明", "phone": "13800138000"},
        "lines": [
            {"line_no": 1, "sku": "KETTLE-17", "name": "电热水壶", "unit_price": 12900, "quantity": 2},
            {"line_no": 2, "sku": "CUP-04", "name": "陶瓷杯", "unit_price": 1990, "quantity": 4},
        ],
        "postage": 1000,
        "payments": [{"payment_no": "P1", "method": "alipay", "amount": 34760}],
        **over,
    }
    return Order.model_validate(order)


def a_procedure(**over: Any) -> Procedure:
    """A playbook's procedure: one working day for us, seven days for the customer, four escalation levels."""
    procedure: dict[str, Any] = {
        "kind": "quality_fault",
        "version": "1",
        "goods_come_back": True,
        "asks_fault": True,
        "party_liable": "seller",
        "remedies": ("repair", "exchange", "refund"),
        "clocks": {state: _clock_of(state) for state in OPEN},
        "first_answer": ClockRule(clock="first_answer", target=900, calendar="shop"),
        "escalation": (
            Level(percent=75, level=0, targets=("owner",)),
            Level(percent=100, level=1, targets=("on_duty", "owner")),
            Level(percent=150, level=2, targets=("supervisor",)),
            Level(percent=200, level=3, targets=("manager",)),
        ),
        "refund_limits": {"agent": {"CNY": "200.00"}, "manager": {"CNY": "5000.00"}},
        **over,
    }
    return Procedure.model_validate(procedure)


def _clock_of(state: State) -> ClockRule:
    if WAITS_FOR[state] == "customer":
        return ClockRule(clock=state.value, target=7 * 86400, outcome="close", remind=2 * 86400)
    return ClockRule(clock=state.value, target=9 * 3600, calendar="shop")


def order_facts(order: Order, pots: Pots | None = None, **over: Any) -> OrderFacts:
    """What a case knows of an order."""
    return OrderFacts(
        order_no=order.order_no,
        currency=order.currency,
        free_shipping=order.free_shipping,
        delivered_at=order.arrived_at,
        pots=pots or pots_of(order),
        **over,
    )


def a_case(
    case_no: str = "AC-26-000001",
    order: Order | None = None,
    lines: dict[int, int] | None = None,
    **over: Any,
) -> Case:
    """A fresh case about one kettle, with the clock of its state running since it was opened."""
    order = order or an_order()
    procedure = over.pop("procedure", a_procedure())
    opened_at = over.pop("opened_at", NOW)
    state = State(over.pop("state", State.REQUESTED))
    clocks = (started(procedure.clocks[state], 1, opened_at),) if state in OPEN else ()
    case: dict[str, Any] = {
        "case_no": case_no,
        "kind": procedure.kind,
        "procedure": procedure,
        "order": order_facts(order),
        "lines": tuple(_line(order, line_no, quantity) for line_no, quantity in (lines or {1: 1}).items()),
        "wanted": "refund",
        "version": 1,
        "opened_at": opened_at,
        "opened_by": "li",
        "last_moved_at": opened_at,
        "last_acted_at": opened_at,
        "state": state,
        "clocks": clocks,
        **over,
    }
    return Case(**case)


def _line(order: Order, line_no: int, quantity: int) -> Line:
    bought = order.line(line_no)
    assert bought is not None
    return Line(line_no=line_no, quantity=quantity, sku=bought.sku, name=bought.name)
