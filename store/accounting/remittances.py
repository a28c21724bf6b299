"""Transfers that did not come, and new ones to be looked at (L12)."""

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from models.lifecycle import Action, Role, State
from models.tables import cases, timeline

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
