"""What the shop knows of a customer and of goods from before: what some rules of eligibility count."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from models.case import Case
from models.lifecycle import State
from models.orders import Order
from models.procedure.eligibility import Earlier
from models.tables import case_units, cases, orders
from store.goods import warranties

#: A case that ended so has granted nothing.
_TURNED_DOWN = (State.REJECTED.value, State.WITHDRAWN.value)


def earlier(
    session: Session, order: Order, line_nos: Iterable[int], since: datetime, but: str | None = None
) -> Earlier:
    """Keep-its of the order's customer since then (K6), and cases and repairs of these lines, without case `but`."""
    by_line: dict[int, list[str]] = {}
    failed = seconds = 0
    wanted = list(line_nos)
    for line_no, case in _of_lines(session, order.order_no, wanted, but):
        first_seen = not any(case.case_no in numbers for numbers in by_line.values())
        by_line.setdefault(line_no, []).append(case.case_no)
        failed += case.failed_repairs if first_seen else 0
        seconds += case.repair_seconds if first_seen else 0
    return Earlier(
        keep_its=_keep_its(session, order, since, but),
        cases_of_line={line_no: tuple(numbers) for line_no, numbers in by_line.items()},
        failed_repairs=failed,
        repair_seconds=seconds,
        cards=warranties.of_lines(session, order.order_no, wanted),
    )


def _of_lines(session: Session, order_no: str, line_nos: Iterable[int], but: str | None) -> list[tuple[int, Case]]:
    found = (
        select(case_units.c.line_no, cases.c.document)
        .join(cases, cases.c.case_no == case_units.c.case_no)
        .where(case_units.c.order_no == order_no, case_units.c.line_no.in_(list(line_nos)))
        .where(cases.c.state.not_in(_TURNED_DOWN), cases.c.case_no != (but or ""))
        .order_by(cases.c.case_no)
    )
    return [(row.line_no, Case.model_validate(row.document)) for row in session.execute(found)]


def _keep_its(session: Session, order: Order, since: datetime, but: str | None) -> int:
    """Cases of the same customer, known by id or phone, whose remedy was to keep the goods for a part of the price."""
    same = _same_customer(order)
    if same is None:
        return 0
    counted = (
        select(func.count())
        .select_from(cases.join(orders, orders.c.order_no == cases.c.order_no))
        .where(same, cases.c.remedy == "keep_it", cases.c.opened_at >= since)
        .where(cases.c.state.not_in(_TURNED_DOWN), cases.c.case_no != (but or ""))
    )
    return session.execute(counted).scalar_one()


def _same_customer(order: Order) -> ColumnElement[bool] | None:
    customer = order.customer
    known = [
        column == value
        for column, value in (
            (orders.c.customer_id, customer.id if customer else None),
            (orders.c.customer_phone, customer.phone if customer else None),
        )
        if value
    ]
    return or_(*known) if known else None
