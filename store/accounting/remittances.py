"""Transfers that did not come, and new ones to be looked at (L12)."""

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select, text, tuple_
from sqlalchemy.orm import Session

from models.case import Advance, Money
from models.lifecycle import Action, Role, State
from models.tables import BOOKED, cases, timeline
from store.cursors import decode, encode

#: A noted payment that is not found after so long is asked about, and again every so long (L12).
ASKED_EVERY = timedelta(days=3)
#: Who takes orders and notices; what a customer or a machine entered is asked about by the owner.
_STAFF = tuple(role.value for role in (Role.AGENT, Role.SUPERVISOR, Role.MANAGER, Role.DIRECTOR, Role.FINANCE))

_c, _t = cases.c, timeline.c
_notified = _c.document["payment_notified"].as_boolean()
_collects = _c.document["procedure"]["collects"].as_boolean()


class Missing(BaseModel):
    """A transfer that did not come: whom to ask, since when it is missing, and for which time."""

    model_config = ConfigDict(frozen=True)

    case_no: str
    what: str  # unpaid, or not_found although the customer noted it
    ask: str
    since: datetime
    time: int


def missing(session: Session, now: datetime, after: str, limit: int) -> tuple[tuple[Missing, ...], str | None]:
    """A page of transfers that are unpaid after their time, or noted and not found after [3 days] (L12)."""
    rows = session.execute(_waiting(after).limit(limit + 1)).all()
    page = rows[:limit]
    notices = _notices(session, [row.case_no for row in page if row.notified])
    found = [_missing(row, notices.get(row.case_no), now) for row in page]
    return tuple(one for one in found if one), page[-1].case_no if len(rows) > limit else None


def _waiting(after: str) -> Select[Any]:
    first = and_(_t.case_no == _c.case_no, _t.seq == 1)
    joined = cases.outerjoin(timeline, first)
    columns = (_c.case_no, _c.owner, _c.due_at, _c.opened_by, _t.actor_role, _notified.label("notified"))
    here = (_c.is_open, _c.state == State.AWAITING_PAYMENT.value, or_(_notified, _collects), _c.case_no > after)
    return select(*columns).select_from(joined).where(*here).order_by(_c.case_no)


def _notices(session: Session, case_nos: list[str]) -> dict[str, Any]:
    """The last notice of a payment of each case: when, and who took it down."""
    last = select(_t.case_no, func.max(_t.seq).label("seq"))
    of = (_t.case_no.in_(case_nos), _t.action == Action.NOTIFY_PAYMENT.value)
    newest = last.where(*of).group_by(_t.case_no).subquery()
    found = select(_t.case_no, _t.at, _t.actor_id, _t.actor_role)
    joined = found.join(newest, and_(newest.c.case_no == _t.case_no, newest.c.seq == _t.seq))
    return {row.case_no: row for row in session.execute(joined)}


def _missing(row: Any, notice: Any, now: datetime) -> Missing | None:
    if row.notified and notice is not None:
        since, taker, role, what = notice.at + ASKED_EVERY, notice.actor_id, notice.actor_role, "not_found"
    else:
        since, taker, role, what = row.due_at, row.opened_by, row.actor_role, "unpaid"
    if since is None or since > now:
        return None
    ask = taker if role in _STAFF else row.owner or "on_duty"
    return Missing(case_no=row.case_no, what=what, ask=ask, since=since, time=1 + (now - since) // ASKED_EVERY)


def new(session: Session, since: datetime) -> tuple[str, ...]:
    """Cases about announced transfers that were opened since then and wait to be looked at by the supervisor (L12)."""
    here = (_c.is_open, _collects, _c.opened_at >= since)
    return tuple(session.execute(select(_c.case_no).where(*here).order_by(_c.case_no)).scalars())


# ── what is expected, and what came (L12) ─────────────────────────────────────────────────────────


class Notice(BaseModel):
    """What the customer said of a payment, and who took it down."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    by: str
    date: str | None = None
    method: str | None = None
    bank: str | None = None
    amount: str | None = None


class Expected(BaseModel):
    """Money that a customer is to pay before we go on: how much, who said that it was paid, until when."""

    model_config = ConfigDict(frozen=True)

    case_no: str
    order_no: str | None
    customer: str | None
    payer: str | None
    owner: str | None
    noted: bool
    owed: int
    announced: int | None
    currency: str | None
    due_at: datetime | None
    notice: Notice | None


class Received(BaseModel):
    """A payment that was recorded: in which case, by whom, when, how much and under which reference."""

    model_config = ConfigDict(frozen=True)

    case_no: str
    seq: int
    order_no: str | None
    at: datetime
    by: str
    amount: str | None
    currency: str | None
    reference: str | None
    purpose: str | None


_EXPECTED = select(
    *(_c.case_no, _c.order_no, _c.customer_name, _c.owner, _c.due_at, _c.due_order, _c.currency),
    *(_c.document[part].label(part) for part in ("money", "advance", "announced")),
    _notified.label("noted"),
).where(_c.state == State.AWAITING_PAYMENT.value)


def expected(
    session: Session,
    noted: bool | None = None,
    case_no: str | None = None,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[tuple[Expected, ...], str | None]:
    """A page of what is expected, the nearest deadline first; `noted`: the customer says that it was paid, or not."""
    columns, found = (_c.due_order, _c.case_no), _EXPECTED
    if noted is not None:
        found = found.where(_c.waiting_for == "finance" if noted else _c.waiting_for != "finance")
    if case_no is not None:
        found = found.where(_c.case_no == case_no)
    if cursor is not None:
        found = found.where(tuple_(*columns) > decode(cursor, "remittances", columns))
    rows = session.execute(found.order_by(*columns).limit(limit + 1)).all()
    page = _as_expected(session, rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    return page, encode("remittances", (last.due_order, last.case_no)) if last else None


def _as_expected(session: Session, rows: Any) -> tuple[Expected, ...]:
    notices = _notes(session, [row.case_no for row in rows if row.noted])
    return tuple(_one_expected(row, notices.get(row.case_no)) for row in rows)


def _one_expected(row: Any, notice: Notice | None) -> Expected:
    announced = row.announced or {}
    advance = Advance.model_validate(row.advance) if row.advance else None
    deposit = advance.outstanding if advance else 0
    return Expected(
        case_no=row.case_no,
        order_no=row.order_no,
        customer=row.customer_name,
        payer=announced.get("payer"),
        owner=row.owner,
        noted=bool(row.noted),
        owed=Money.model_validate(row.money).owed + deposit,
        announced=announced.get("amount"),
        currency=row.currency or announced.get("currency"),
        due_at=row.due_at,
        notice=notice,
    )


def _notes(session: Session, case_nos: list[str]) -> dict[str, Notice]:
    """The last notice of each case, in the customer's own words."""
    last = select(_t.case_no, func.max(_t.seq).label("seq"))
    of = (_t.case_no.in_(case_nos), _t.action == Action.NOTIFY_PAYMENT.value)
    newest = last.where(*of).group_by(_t.case_no).subquery()
    found = select(_t.case_no, _t.at, _t.actor_id, _t.data)
    joined = found.join(newest, and_(newest.c.case_no == _t.case_no, newest.c.seq == _t.seq))
    told = ("date", "method", "bank", "amount")
    return {
        row.case_no: Notice(at=row.at, by=row.actor_id, **{name: row.data.get(name) for name in told})
        for row in session.execute(joined)
    }


def received(
    session: Session, case_no: str | None = None, *, cursor: str | None = None, limit: int = 50
) -> tuple[tuple[Received, ...], str | None]:
    """A page of the payments that were recorded, the newest first, and the cursor of the next page."""
    columns = (_t.at, _t.case_no, _t.seq)
    found = select(_t.case_no, _t.seq, _t.at, _t.actor_id, _t.data, _c.order_no, _c.currency, _ANNOUNCED_IN)
    found = found.join_from(timeline, cases, _c.case_no == _t.case_no).where(text(BOOKED), _t.action == _RECORDED)
    if case_no is not None:
        found = found.where(_t.case_no == case_no)
    if cursor is not None:
        found = found.where(tuple_(*columns) < decode(cursor, "received", columns))
    rows = session.execute(found.order_by(*(column.desc() for column in columns)).limit(limit + 1)).all()
    page = tuple(_one_received(row) for row in rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    return page, encode("received", (last.at, last.case_no, last.seq)) if last else None


#: As the index over it says, so that both databases see that it fits.
_RECORDED: ColumnElement[str] = literal_column(f"'{Action.RECORD_PAYMENT.value}'")
_ANNOUNCED_IN = _c.document["announced"]["currency"].as_string().label("announced_in")


def _one_received(row: Any) -> Received:
    return Received(
        case_no=row.case_no,
        seq=row.seq,
        order_no=row.order_no,
        at=row.at,
        by=row.actor_id,
        amount=row.data.get("amount"),
        currency=row.currency or row.announced_in,
        reference=row.data.get("reference"),
        purpose=row.data.get("for") or row.data.get("purpose"),
    )
