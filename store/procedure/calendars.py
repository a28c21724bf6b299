"""By whom, when and why one version of a calendar took the place of another."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.business_time import Calendar
from models.errors import Conflict
from models.tables import calendar_acts
from models.value import Value

_here = calendar_acts.c


class CalendarAct(Value):
    """One version of a calendar took the place of another."""

    name: str
    number: int
    before: str | None
    after: str
    by: str
    reason: str
    at: datetime


def acts(session: Session, name: str) -> tuple[CalendarAct, ...]:
    """What was published of a calendar, the oldest first."""
    found = select(calendar_acts).where(_here.name == name).order_by(_here.number)
    return tuple(CalendarAct.model_validate(dict(row)) for row in session.execute(found).mappings())


def publish(
    session: Session, name: str, before: Calendar | None, after: Calendar, by: str, reason: str, now: datetime
) -> CalendarAct:
    """Record that a version goes into force. Raises Conflict when it is already, or somebody else was quicker."""
    if before is not None and before.fingerprint == after.fingerprint:
        raise Conflict(f"The calendar {name} says this already; nothing was published.")
    number = max((one.number for one in acts(session, name)), default=0) + 1
    act = CalendarAct(
        name=name,
        number=number,
        before=before.fingerprint if before else None,
        after=after.fingerprint,
        by=by,
        reason=reason,
        at=now,
    )
    try:
        session.execute(insert(calendar_acts).values(**act.model_dump()))
    except IntegrityError:
        raise Conflict(f"{name} was changed at the same moment; look at it, and repeat.") from None
    return act
