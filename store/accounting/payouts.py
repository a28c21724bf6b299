"""The refund register: money on its way to customers, as the queue that finance works off (R1)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, SelectBase, bindparam, func, literal, literal_column, select, tuple_, update
from sqlalchemy import case as case_when
from sqlalchemy.orm import Session

from models.case import UNDONE, Case, Payout
from models.tables import payouts
from store.accounting import money
from store.cursors import decode, encode
from store.documents import execute, put


class PayoutRow(BaseModel):
    """One payout as finance sees it; `id` is its idempotency key."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: str
    case_no: str
    order_no: str | None
    purpose: str
    amount: int
    currency: str | None
    payment_no: str | None
    account: str | None
    state: str
    reference: str | None
    failure: str | None
    created_at: datetime
    changed_at: datetime
    paid_at: datetime | None
    asked_by: str | None = None
    named_by: str | None = None
    confirmed_by: str | None = None
    gateway: str | None = None


#: The state of a payout that the case has taken back; finance no longer sees it in its queue.
CANCELLED = "cancelled"


_OF_CASE = select(payouts).where(payouts.c.case_no == bindparam("wanted_case"))


def question(case_no: str) -> tuple[SelectBase, dict[str, str]]:
    """What asks for the payouts of a case as they are written."""
    return _OF_CASE, {"wanted_case": case_no}


def write(
    session: Session, case: Case, at: datetime, written: Sequence[Any], never_drawn: Collection[str] | None = None
) -> None:
    """Write the payouts of a case over its rows; one that the case has no more, and did not pay, is
    cancelled.

    A payout whose draw was refused is none and is left out; `never_drawn` are those, where somebody knows already.
    `written` is what `question` is answered.
    """
    before = {row.id: row for row in written}
    if not case.payouts and not before:
        return
    refused = money.refused_keys(session, case.case_no) if never_drawn is None else never_drawn
    rows = [_row(case, payout, at) for payout in case.payouts if payout.key not in refused]
    changed = [row for row in rows if _differs(row, before.get(row["id"]))]
    put(session, payouts, changed, keep=("created_at",))
    kept = {row["id"] for row in rows}
    gone = [row.id for row in before.values() if row.id not in kept and row.state not in ("done", *UNDONE)]
    if gone:
        cancelled = update(payouts).where(payouts.c.id.in_(gone))
        execute(session, cancelled.values(state=CANCELLED, changed_at=at))


def _row(case: Case, payout: Payout, at: datetime) -> dict[str, Any]:
    return {
        "id": payout.key,
        "case_no": case.case_no,
        "order_no": case.order.order_no if case.order else None,
        "currency": case.currency,
        **{name: getattr(payout, name) for name in _TOLD},
        "created_at": at,
        "changed_at": at,
        "paid_at": at if payout.state == "done" else None,
    }


_REGISTERED = ("asked_by", "authority", "compensates", "named_by", "confirmed_by", "paid_by", "gateway")
_TOLD = ("state", "reference", "account", "failure", "amount", "purpose", "payment_no", *_REGISTERED)


def _differs(row: dict[str, Any], before: Any) -> bool:
    return before is None or any(row[name] != getattr(before, name) for name in _TOLD)


def get(session: Session, payout_id: str) -> PayoutRow | None:
    """One payout by its id."""
    row = session.execute(select(payouts).where(payouts.c.id == payout_id)).first()
    return PayoutRow.model_validate(row) if row else None


def named(session: Session, ids: Collection[str]) -> tuple[PayoutRow, ...]:
    """The payouts of these ids, the longest waiting first."""
    found = select(payouts).where(payouts.c.id.in_(sorted(ids))).order_by(payouts.c.created_at, payouts.c.id)
    return tuple(PayoutRow.model_validate(row) for row in session.execute(found))


def of_case(session: Session, case_no: str) -> tuple[PayoutRow, ...]:
    """All payouts of a case, oldest first."""
    found = select(payouts).where(payouts.c.case_no == case_no).order_by(payouts.c.created_at, payouts.c.id)
    return tuple(PayoutRow.model_validate(row) for row in session.execute(found))


_GRANTED = (
    select(
        case_when((payouts.c.compensates.is_not(None), "compensation"), else_=payouts.c.purpose),
        func.coalesce(payouts.c.authority, ""),
        func.sum(payouts.c.amount),
    )
    .where(payouts.c.order_no == bindparam("wanted_order"), payouts.c.case_no != bindparam("but_case"))
    .where(payouts.c.state.not_in(UNDONE))
    .group_by(literal_column("1"), literal_column("2"))
)


def granted(session: Session, order_no: str, but: str) -> tuple[tuple[str, str, int], ...]:
    """What the cases of an order, but one, were granted within which role's limit; of none, where nobody wrote it."""
    rows = session.execute(_GRANTED, {"wanted_order": order_no, "but_case": but})
    return tuple(sorted((what, whose, int(amount)) for what, whose, amount in rows))


_GIVEN_BACK = select(func.coalesce(func.sum(payouts.c.amount), 0)).where(
    payouts.c.order_no == bindparam("wanted_order"),
    payouts.c.state.not_in(UNDONE),
    payouts.c.purpose.in_(("refund", "freight", "goodwill")),
)


def given_back(session: Session, order_no: str) -> int:
    """What the cases of an order gave its customer or are about to, of the order's money and beside it."""
    return int(session.execute(_GIVEN_BACK, {"wanted_order": order_no}).scalar_one())


def list(
    session: Session,
    states: tuple[str, ...] = (),
    case_no: str | None = None,
    purpose: str | None = None,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[tuple[PayoutRow, ...], str | None]:
    """A page of the register, the longest waiting first, and the cursor of the next page."""
    found = _filtered(states, case_no, purpose)
    columns = (payouts.c.created_at, payouts.c.id)
    if cursor is not None:
        found = found.where(tuple_(*columns) > decode(cursor, "payouts", columns))
    rows = session.execute(found.order_by(*columns).limit(limit + 1)).all()
    page = tuple(PayoutRow.model_validate(row) for row in rows[:limit])
    more = len(rows) > limit
    return page, encode("payouts", (page[-1].created_at, page[-1].id)) if more else None


def counts(session: Session, states: Sequence[str], most: int) -> dict[str, int]:
    """How many are in each of these states, at most so many of each: the counting walks an index and stops there."""
    few = [select(literal(1)).where(payouts.c.state == state).limit(most).subquery() for state in states]
    row = session.execute(select(*(select(func.count()).select_from(one).scalar_subquery() for one in few))).one()
    return dict(zip(states, map(int, row), strict=True))


def _filtered(states: tuple[str, ...], case_no: str | None, purpose: str | None) -> Select[tuple[object, ...]]:
    found = select(payouts)
    if states:
        found = found.where(payouts.c.state.in_([str(state) for state in states]))
    if case_no is not None:
        found = found.where(payouts.c.case_no == case_no)
    if purpose is not None:
        found = found.where(payouts.c.purpose == purpose)
    return found
