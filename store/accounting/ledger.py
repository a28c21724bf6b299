"""The ledger of orders and cases in SQL: written with the decision that posts, and never changed afterwards."""

from collections.abc import Collection, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from models.accounting.ledger import Posting
from models.case import Case
from models.lifecycle import Action
from models.remedies import REMEDIES
from models.tables import case_facts, case_units, cases, ledger, timeline
from store.documents import put_new


def write(session: Session, case: Case, postings: Sequence[Posting], at: datetime, settled: Collection[str]) -> None:
    """Write each posting once; one for a payout that is not among the settled ones is left out, as its money was."""
    whole = {
        "case_no": case.case_no,
        "order_no": case.order.order_no if case.order else None,
        "currency": case.currency,
        "at": at,
    }
    written = (one for one in postings if one.payout_id is None or one.payout_id in settled)
    put_new(session, ledger, [{**one.model_dump(), **whole} for one in written])


def of_case(session: Session, case_no: str) -> tuple[Posting, ...]:
    """Everything that was posted for a case, oldest first."""
    found = select(ledger).where(ledger.c.case_no == case_no).order_by(ledger.c.at, ledger.c.key)
    return tuple(Posting.model_validate(row) for row in session.execute(found).mappings())


class Booked(Posting):
    """A posting, and when it was written."""

    at: datetime


def booked(session: Session, case_no: str) -> tuple[Booked, ...]:
    """The books of a case with their times, oldest first."""
    found = select(ledger).where(ledger.c.case_no == case_no).order_by(ledger.c.at, ledger.c.key)
    return tuple(Booked.model_validate(row) for row in session.execute(found).mappings())


# ── money and goods that do not meet (T13) ────────────────────────────────────────────────────────


class Uneven(BaseModel):
    """A case whose money and goods do not meet: since when, and what it is about in money."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    case_no: str
    order_no: str | None
    state: str
    amount: int
    currency: str | None
    since: datetime


def refunded_not_returned(session: Session) -> tuple[Uneven, ...]:
    """Units were refunded that the playbook wants back, and the customer still has them; the longest first."""
    amount = func.sum(ledger.c.amount)
    found = _cases(amount, func.min(ledger.c.at)).join(ledger, ledger.c.case_no == _f.case_no)
    found = found.where(ledger.c.debit == "customer", ledger.c.purpose == "refund", _units_are_out(), _f.awaits_goods)
    return _uneven(session, found.group_by(*_NAMED))


def returned_not_refunded(session: Session) -> tuple[Uneven, ...]:
    """Goods are with us that a remedy is to make ours, and the customer has got nothing for them yet."""
    keeping = [remedy.name for remedy in REMEDIES.values() if remedy.keeps_goods]
    came = (timeline.c.case_no == _f.case_no) & (timeline.c.action == Action.BOOK_IN.value)
    given = exists().where(ledger.c.case_no == _f.case_no, ledger.c.debit == "customer", ledger.c.credit != "customer")
    found = _cases(cases.c.at_stake, func.max(timeline.c.at)).join(timeline, came)
    found = found.where(_f.goods == "here", ~given, or_(_f.remedy.is_(None), _f.remedy.in_(keeping)))
    return _uneven(session, found.group_by(*_NAMED, cases.c.at_stake))


_f = case_facts.c
_NAMED = (_f.case_no, cases.c.order_no, _f.state, _f.currency)


def _cases(amount: ColumnElement[int], since: ColumnElement[datetime]) -> Select[tuple[object, ...]]:
    found = select(*_NAMED, amount.label("amount"), since.label("since"))
    return found.select_from(case_facts).join(cases, cases.c.case_no == _f.case_no)


def _units_are_out() -> ColumnElement[bool]:
    return exists().where(case_units.c.case_no == _f.case_no, case_units.c.units_out > 0)


def _uneven(session: Session, found: Select[tuple[object, ...]]) -> tuple[Uneven, ...]:
    rows = [Uneven.model_validate(row) for row in session.execute(found)]
    return tuple(sorted(rows, key=lambda row: (row.since, row.case_no)))
