"""Where a payout goes: the payment that gives back, as its provider knows it, and accounts in full (R1)."""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounting.payments import ORIGINAL, STORE_CREDIT
from models.lifecycle import Action
from models.masking import masked
from models.tables import orders, payment_pots
from store import personal
from store.accounting.payouts import PayoutRow


class Paid(BaseModel):
    """A payment that an order was paid by, and what of it went back or is about to."""

    model_config = ConfigDict(frozen=True)

    payment_no: str
    method: str
    reference: str | None
    amount: int
    given_back: int
    under_way: int


class Account(BaseModel):
    """An account in full, and whose it is; for whoever pays, and nobody else."""

    model_config = ConfigDict(frozen=True)

    kind: str
    account: str
    real_name: str | None


def payments(session: Session, rows: Iterable[PayoutRow]) -> dict[str, Paid]:
    """By payout the payment that gives it back; of one that belongs to no payment (freight) the order's newest."""
    every = [row for row in rows if row.order_no]
    paid = _payments(session, sorted({row.order_no for row in every if row.order_no}))
    found = {row.id: _of(row, paid.get(row.order_no or "", {})) for row in every}
    return {payout: one for payout, one in found.items() if one is not None}


def _of(row: PayoutRow, paid: Mapping[str, Paid]) -> Paid | None:
    return paid.get(row.payment_no) if row.payment_no else next(reversed(list(paid.values())), None)


def _payments(session: Session, order_nos: list[str]) -> dict[str, dict[str, Paid]]:
    """By order and number of the payment, the oldest first."""
    p = payment_pots.c
    names = _references(session, order_nos)
    found: dict[str, dict[str, Paid]] = {}
    asked = select(payment_pots).where(p.order_no.in_(order_nos)).order_by(p.order_no, p.paid_at, p.position)
    for row in session.execute(asked):
        found.setdefault(row.order_no, {})[row.payment_no] = Paid(
            payment_no=row.payment_no,
            method=row.method,
            reference=names.get((row.order_no, row.payment_no)),
            amount=row.amount,
            given_back=row.refunded,
            under_way=row.in_flight,
        )
    return found


def _references(session: Session, order_nos: list[str]) -> dict[tuple[str, str], str | None]:
    """What providers call the payments of orders."""
    told = select(orders.c.order_no, orders.c.document["payments"].label("payments"))
    return {
        (row.order_no, one["payment_no"]): one.get("reference")
        for row in session.execute(told.where(orders.c.order_no.in_(order_nos)))
        for one in row.payments or ()
    }


def in_full(session: Session, row: PayoutRow) -> Account | None:
    """The account that a payout goes to, as it was named last; None where it goes back to what was paid from."""
    kind, _, shown = (row.account or "").partition(" ")
    named = personal.of_case(session, row.case_no, Action.PROVIDE_ACCOUNT.value).values()
    fitting = [one for one in named if masked(str(one.get("account") or "")) == shown]
    if not shown or kind in (ORIGINAL, STORE_CREDIT):
        return None
    kept = fitting[-1] if fitting else {"account": shown}
    return Account(kind=kind, account=str(kept["account"]), real_name=kept.get("real_name"))
