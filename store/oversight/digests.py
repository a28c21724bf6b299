"""What a manager is told in the morning, counted at one moment."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.lifecycle import Role, State
from models.people.digest import Digest, Worst
from models.people.duty import Seen
from models.tables import cases
from store.oversight import callbacks, stuck, sweeps
from store.people import duty

#: So many of the worst cases are named; the others are counted.
NAMED = 3

_c = cases.c


def digest(session: Session, now: datetime, since: datetime | None, day: str) -> Digest:
    """The morning's numbers: what is stuck with its worst cases, and what is new since the last letter."""
    since = since or now - timedelta(days=1)
    found = stuck.rows(session, now, limit=1)
    waiting = (_c.is_open, _c.state == State.AWAITING_APPROVAL.value)
    oldest = select(_c.case_no).where(*waiting).order_by(_c.due_order, _c.case_no).limit(NAMED)
    return Digest(
        day=day,
        stuck=found.total,
        reasons=tuple(_worst(session, now, reason, found.by_reason[reason]) for reason in _by_count(found.by_reason)),
        opened=_count(session, _c.opened_at >= since, _c.opened_at < now),
        closed=_count(session, _c.closed_at >= since, _c.closed_at < now),
        approvals=_count(session, *waiting),
        approval_cases=tuple(session.execute(oldest).scalars()),
        callbacks_overdue=callbacks.due(session, now, until=now, limit=1).total,
        late_sweeps=sweeps.late(session, now),
    )


def managers(session: Session, at: datetime) -> tuple[str, ...]:
    """Every manager who is with us at an instant; the role itself, and so its box, where nobody is registered."""
    return Seen(duty.roster(session, at), at).of_role(Role.MANAGER) or (Role.MANAGER.value,)


def _by_count(by_reason: dict[str, int]) -> list[str]:
    return sorted(by_reason, key=lambda reason: (-by_reason[reason], reason))


def _worst(session: Session, now: datetime, reason: str, count: int) -> Worst:
    page = stuck.rows(session, now, only=(reason,), limit=NAMED)
    return Worst(reason=reason, count=count, cases=tuple(row.case_no for row in page.items))


def _count(session: Session, *which: object) -> int:
    return session.execute(select(func.count()).select_from(cases).where(*which)).scalar_one()  # type: ignore[arg-type]
