"""The refund register of section 11: each payout, why, to which account, and by whose hands (R1)."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounting.payments import ORIGINAL
from models.lifecycle import Action
from models.masking import masked
from models.tables import cases, orders, payouts, personal
from store.accounting.register_columns import Personal, Row, Sum, Window

_document = cases.c.document
_FOUND = (
    select(
        payouts,
        cases.c.kind,
        orders.c.customer_id,
        _document["remedy"].as_string().label("remedy"),
        _document["lines"].label("lines"),
    )
    .join(cases, cases.c.case_no == payouts.c.case_no)
    .outerjoin(orders, orders.c.order_no == payouts.c.order_no)
    .order_by(payouts.c.created_at, payouts.c.id)
)


def refunds(session: Session) -> list[Row]:
    """R1: what was paid or is to be: why, how much, to which account of whom, who asked, who paid, when, under what.

    Whoever registers a payment acknowledges it; another account than was paid from is acknowledged by a second pair of
    eyes before.
    """
    names = _real_names(session)
    return [_row(row, names.get(row.case_no, {})) for row in session.execute(_FOUND)]


def page(session: Session, window: Window) -> list[Row]:
    """Some of them, without reading the others; only the names of their own cases are looked up."""
    found = _FOUND if window.state is None else _FOUND.where(payouts.c.state == window.state)
    rows = session.execute(found.offset(window.after).limit(window.most)).all()
    names = _real_names(session, {row.case_no for row in rows})
    return [_row(row, names.get(row.case_no, {})) for row in rows]


def _row(row: Any, names: Mapping[str, str | None]) -> Row:
    kind, _, account = (row.account or ORIGINAL).partition(" ")
    return {
        **{name: getattr(row, name) for name in ("id", "case_no", "order_no", "customer_id", "state", "purpose")},
        "reason": _reason(row),
        "amount": Sum(row.amount, row.currency),
        "payment_no": row.payment_no,
        "account_kind": kind,
        "account": account or None,
        "real_name": Personal(names.get(account)),
        "asked_by": row.asked_by,
        "granted_as": row.authority,
        "named_by": row.named_by,
        "acknowledged_by": row.confirmed_by or row.paid_by,
        **{name: getattr(row, name) for name in ("paid_by", "reference", "failure")},
        **{name: getattr(row, name) for name in ("created_at", "changed_at", "paid_at")},
    }


def _reason(row: Any) -> str:
    """What went wrong, what was found, and what became of it, in the program's words."""
    causes = dict.fromkeys(line.get("cause") for line in row.lines or () if line.get("cause"))
    ends = row.compensates or (row.remedy if row.purpose in ("refund", "freight") else None)
    return " / ".join(part for part in (row.kind, *causes, ends) if part)


def _real_names(session: Session, of: Collection[str] | None = None) -> dict[str, dict[str, str | None]]:
    """By case, the name that belongs to an account, which is known by its mask; the last one named counts."""
    found = select(personal.c.case_no, personal.c.value).where(personal.c.kind == Action.PROVIDE_ACCOUNT.value)
    if of is not None:
        found = found.where(personal.c.case_no.in_(sorted(of)))
    names: dict[str, dict[str, str | None]] = {}
    for case_no, value in session.execute(found.order_by(personal.c.at, personal.c.ref)):
        names.setdefault(case_no, {})[masked(str(value.get("account") or ""))] = value.get("real_name")
    return names
