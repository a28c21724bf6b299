"""The customer of a case: how he is reached by now (C7), and what there was with him before."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from models.tables import cases, orders
from models.value import Value
from store.lists import CaseRow

#: Who has more orders than this is a trader, of whom the first ones found tell enough.
MOST_ORDERS = 200
_c, _o = cases.c, orders.c


class Customer(Value):
    """One customer; name, phone and email are personal."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None
    orders: int = 0
    cases: tuple[CaseRow, ...] = ()


def of_case(session: Session, case_no: str, most: int = 20) -> Customer:
    """Whom a case is about, as the case knows him or else its order, with his other cases, the newest first."""
    shown = (_c.contact, _o.customer_id, _o.customer_name, _o.customer_phone)
    joined = cases.outerjoin(orders, _o.order_no == _c.order_no)
    row = session.execute(select(*shown).select_from(joined).where(_c.case_no == case_no)).first()
    if row is None:
        return Customer()
    told: dict[str, Any] = row.contact or {}
    bought = _orders(session, row.customer_id, [row.customer_phone, told.get("phone")])
    return Customer(
        name=told.get("name") or row.customer_name,
        phone=told.get("phone") or row.customer_phone,
        email=told.get("email"),
        orders=len(bought),
        cases=_others(session, bought, case_no, most),
    )


def _orders(session: Session, id: str | None, phones: Iterable[str | None]) -> list[str]:
    """The orders of whoever has this id or one of these telephones."""
    named = [one for one in phones if one]
    same: list[ColumnElement[bool]] = [_o.customer_id == id] if id else []
    same += [_o.customer_phone.in_(named)] if named else []
    found = select(_o.order_no).where(or_(*same)).limit(MOST_ORDERS) if same else None
    return [] if found is None else list(session.execute(found).scalars())


def _others(session: Session, order_nos: list[str], but: str, most: int) -> tuple[CaseRow, ...]:
    if not order_nos:
        return ()
    shown = [_c[name] for name in CaseRow.model_fields]
    found = select(*shown).where(_c.order_no.in_(order_nos), _c.case_no != but)
    rows = session.execute(found.order_by(_c.opened_at.desc(), _c.case_no.desc()).limit(most))
    return tuple(CaseRow.model_validate(row) for row in rows)
